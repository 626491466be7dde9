/*
 * The certificates of the CA itself, as init or a ceremony made them: read from bootstrap.json once, at the first start,
 * and from the table afterwards. bootstrap.json is one object:
 *	{"api_keys": [{"id","name","sha256","roles":[…]}],  sha256 in hex, of the token
 *	 "log_spki": base64, "ocsp_spki": base64,           SubjectPublicKeyInfo, DER
 *	 "certificates": {"root","issuing","tsu","seal"},   base64 of DER ("ocsp" is there too; responder makes its own)
 *	 "root_crl": base64 of DER}
 * The public key of the log stands in the first leaf of the log. Owns authority.
 */
#ifndef PARAPH_CORE_AUTHORITY_H
#define PARAPH_CORE_AUTHORITY_H

#include "core/core.h"

enum authority_part {
	AUTHORITY_LOG_SPKI, AUTHORITY_OCSP_SPKI, AUTHORITY_ROOT, AUTHORITY_ISSUING, AUTHORITY_TSU, AUTHORITY_SEAL,
	AUTHORITY_ROOT_CRL, AUTHORITY_PARTS
};

struct authority {
	struct bytes part[AUTHORITY_PARTS];
	uint8_t issuing_key_sha256[DIGEST_SHA256_LEN]; /* SHA-256 of the issuing CA's SubjectPublicKeyInfo */
	uint8_t *room;
};

/* Reads the file when the database has no authority yet; then loads it into core->authority. */
err_t authority_open(struct core *core, const char *bootstrap_path);
void authority_free(struct authority *a); /* accepts NULL */

#endif
