/*
 * X.509 certificates [RFC 5280]: facts and a profile in, TBSCertificate out; TBS and signature in, certificate out; and
 * the reader for certificates, which gives borrowed pieces of the octets it was given. Pure; any thread.
 */
#ifndef PARAPH_PKI_CERTIFICATE_H
#define PARAPH_PKI_CERTIFICATE_H

#include "pki/profile.h"

enum { CERTIFICATE_SERIAL_LEN = 20, CERTIFICATE_OCTETS_MAX = 4096, CERTIFICATE_FOREIGN_MAX = 16384 };

/* What a certificate says beyond its profile. All octets and texts are borrowed. */
struct certificate_facts {
	uint8_t serial[CERTIFICATE_SERIAL_LEN];
	struct name_facts subject;
	struct bytes spki;            /* SubjectPublicKeyInfo of the subject */
	int64_t not_before_at;        /* whole seconds; profile_validity gives both */
	int64_t not_after_at;
	struct bytes issuer;          /* Name (DER) of the issuer; empty: self-signed */
	struct bytes issuer_key_id;   /* subjectKeyIdentifier of the issuer; empty: self-signed */
	enum algorithm algorithm;     /* that the issuer signs with */
	struct str email;             /* for profiles with email; empty: none */
};

/* Writes the TBSCertificate. ERR_NAME for a subject that does not fit, ERR_PROFILE for other facts that do not. Lint it
 * (lint.h) before it is signed. */
err_t certificate_tbs(struct encode *w, const struct profile *profile, const struct profile_instance *instance,
    const struct certificate_facts *facts);

/* SEQUENCE { body, algorithm, BIT STRING signature }: certificates, CRLs and (inside) OCSP answers look like this. */
err_t certificate_join(struct encode *w, struct bytes tbs, enum algorithm algorithm, struct bytes signature);
/* Octets of that at most, with a P-256 signature. */
size_t certificate_size_max(size_t tbs_n);

/* A certificate that was read; everything borrowed from its octets. Absent members are empty, 0 or false. */
struct certificate {
	struct bytes der;
	struct bytes tbs;
	struct bytes signature_algorithm; /* AlgorithmIdentifier, whole */
	enum algorithm algorithm;         /* ALGORITHM_NONE: not one we can check */
	struct bytes signature;
	struct bytes serial;              /* magnitude octets of a positive INTEGER */
	struct bytes issuer;              /* Name, whole */
	struct bytes subject;
	int64_t not_before_at;
	int64_t not_after_at;
	struct bytes spki;
	struct bytes public_key;          /* bits of the key */
	struct bytes extensions;          /* content of the SEQUENCE OF Extension */
	struct bytes subject_key_id;
	struct bytes authority_key_id;
	bool has_key_usage;
	uint32_t key_usage;               /* PROFILE_KU_… */
	bool ca;
	int path_len;                     /* PROFILE_PATH_ANY: none */
	struct bytes ext_key_usage;       /* content of the SEQUENCE OF OID */
	struct bytes policies;            /* content of certificatePolicies */
	struct str ca_issuers_url;        /* the first of each */
	struct str ocsp_url;
	struct str crl_url;
	bool ocsp_nocheck;
	bool valassured;
	bool no_rev_avail;
	int64_t key_not_after_at;         /* end of privateKeyUsagePeriod; 0: none */
	bool unknown_critical;            /* has a critical extension that this reader does not know */
};

/* Reads one v3 certificate strictly (no rest behind it, no extension twice); ERR_DER. */
err_t certificate_read(struct bytes der, struct certificate *ret_certificate);
/* The same for a TBSCertificate alone; der and signature stay empty. */
err_t certificate_read_tbs(struct bytes tbs, struct certificate *ret_certificate);

/* The value (content of the OCTET STRING) of an extension; ERR_NOT_FOUND. */
err_t certificate_extension(const struct certificate *c, struct bytes oid, struct bytes *ret_value, bool *ret_critical);

/* Whether a content of SEQUENCE OF OID or certificatePolicies names oid. */
bool certificate_has_purpose(const struct certificate *c, struct bytes oid);
bool certificate_has_policy(const struct certificate *c, struct bytes oid);

/* 20 octets, the first 40..7F [policy/profiles P1]; serials of time-stamps too. */
static inline bool
certificate_serial_check(struct bytes serial)
{
	return serial.n == CERTIFICATE_SERIAL_LEN && serial.p[0] >= 0x40 && serial.p[0] <= 0x7f;
}

static inline bool
certificate_self_issued(const struct certificate *c)
{
	return bytes_eq(c->issuer, c->subject);
}

#endif
