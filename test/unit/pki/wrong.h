/*
 * Certificates that are wrong in exactly one way: a good one of the test world, taken apart, spoilt and put together
 * again. lint must refuse each; the column judge says which foreign tool refuses it too, or which clause it breaks that
 * the tools do not know.
 */
#ifndef PARAPH_TEST_WRONG_H
#define PARAPH_TEST_WRONG_H

#include "world.h"

enum wrong_kind {
	WRONG_DROP,     /* leaves the extension oid out */
	WRONG_VALUE,    /* gives the extension oid the value der */
	WRONG_CRITICAL, /* turns the critical flag of oid around */
	WRONG_FALSE,    /* writes critical FALSE out */
	WRONG_ADD,      /* adds an extension oid with the value der */
	WRONG_ADD_CRITICAL,
	WRONG_TWICE,    /* repeats the extension oid */
	WRONG_VERSION,  /* der instead of [0] { 2 } */
	WRONG_SERIAL,   /* der instead of the INTEGER */
	WRONG_ALGORITHM,
	WRONG_ISSUER,   /* der as Name; empty: the subject's */
	WRONG_VALIDITY, /* notBefore at now + from, notAfter at now + to (seconds) */
	WRONG_TIMES,    /* der as the content of Validity */
	WRONG_SUBJECT,  /* name made of rdns */
	WRONG_NAME,     /* der as subject */
	WRONG_KEY,      /* der as SubjectPublicKeyInfo; empty: the issuer's */
	WRONG_CURVE,    /* a P-384 key */
	WRONG_RSA,      /* an RSA key */
	WRONG_POINT,    /* the last octet of the point changed: off the curve */
	WRONG_UNIQUE,   /* a subjectUniqueID */
};

struct wrong_rdn {
	struct bytes oid;
	uint8_t tag;
	const char *text; /* NULL ends the list */
	bool joined;      /* in the same RDN as the one before */
};

struct wrong {
	const char *name;
	const char *party; /* profile of the good one */
	enum wrong_kind kind;
	struct bytes oid;
	struct bytes der;
	int64_t from, to;
	struct wrong_rdn rdns[9];
	const char *says;  /* part of lint's sentence */
	const char *judge; /* tools that refuse it, or the clause */
};

extern const struct wrong wrong_table[];
extern const size_t wrong_count;

/* The party that a profile belongs to, and who signs for it. */
struct world_party *wrong_party(const char *profile);
struct world_party *wrong_issuer(const char *profile);

/* The spoilt TBSCertificate of a row. */
struct bytes wrong_tbs(const struct wrong *row, uint8_t *room, size_t room_len);
/* The certificate around a spoilt TBS, signed; its outer algorithm is the inner one. */
struct bytes wrong_certificate(const struct wrong *row, struct bytes tbs, uint8_t *room, size_t room_len);

#endif
