/*
 * The certificates of the CA itself, as init or a ceremony made them: read from bootstrap.json once, at the first start,
 * and from the table afterwards. bootstrap.json is one object:
 *	{"api_keys": [{"id","name","sha256","roles":[…]}],  sha256 in hex, of the token
 *	 "log_spki": base64, "ocsp_spki": base64,           SubjectPublicKeyInfo, DER
 *	 "certificates": {"root","issuing","tsu","seal"},   base64 of DER ("ocsp" is there too; responder makes its own)
 *	 "root_crl": base64 of DER}
 * The public key of the log stands in the first leaf of the log. Owns authority.
 * The root's list alone is renewed: `paraph ceremony root-crl` leaves the next one in public/root.crl, and authority_keep, which
 * housekeeping calls, takes it from there. Everything else stays as it was loaded.
 */
#ifndef PARAPH_CORE_AUTHORITY_H
#define PARAPH_CORE_AUTHORITY_H

#include "core/core.h"

enum authority_part {
	AUTHORITY_LOG_SPKI, AUTHORITY_OCSP_SPKI, AUTHORITY_ROOT, AUTHORITY_ISSUING, AUTHORITY_TSU, AUTHORITY_SEAL,
	AUTHORITY_ROOT_CRL, AUTHORITY_PARTS
};

struct authority_list;

struct authority {
	struct bytes part[AUTHORITY_PARTS]; /* but AUTHORITY_ROOT_CRL, which is as it was at the start: ask authority_root_crl */
	uint8_t issuing_key_sha256[DIGEST_SHA256_LEN]; /* SHA-256 of the issuing CA's SubjectPublicKeyInfo */
	uint8_t *room;
	_Atomic(struct authority_list *) list; /* the root's, in force; those before it behind it */
	bool unpublished;                      /* it was not handed to the status processes yet */
	uint8_t refused_sha256[DIGEST_SHA256_LEN]; /* of what public/root.crl held and was told once */
};

/* Reads the file when the database has no authority yet; then loads it into core->authority. */
err_t authority_open(struct core *core, const char *bootstrap_path);

/* The root's list in force; the octets stay until authority_free. Any thread. */
struct bytes authority_root_crl(const struct authority *a);
/* ERR_PAUSED when the root's list does not reach until then: what is signed could not be proven good. Any thread. */
err_t authority_check(const struct authority *a, int64_t until);

/* Takes up the list in public/root.crl when it is newer and the root's: into the table and the log, in force, published. What is
 * refused there is logged once and is no error. One thread at a time. */
err_t authority_keep(struct core *core);
void authority_free(struct authority *a); /* accepts NULL */

#endif
