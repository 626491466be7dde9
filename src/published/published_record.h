/*
 * Records of the status store and their keys. A certificate is found by the key of its issuer and its serial; files (CA
 * certificates, CRLs, certificates of OCSP signers) by kind and the name of the CA ("issuing", "root"). Pure; any
 * thread.
 */
#ifndef PARAPH_PUBLISHED_PUBLISHED_RECORD_H
#define PARAPH_PUBLISHED_PUBLISHED_RECORD_H

#include "base/buf.h"
#include "base/digest.h"

enum {
	PUBLISHED_SERIAL_MAX = 20,
	PUBLISHED_NAME_MAX = 32,
	PUBLISHED_KEY_LEN = 8 + PUBLISHED_SERIAL_MAX,
	PUBLISHED_RECORD_LEN = 68,
};

enum published_status { PUBLISHED_GOOD = 0, PUBLISHED_REVOKED = 1 };

struct published_certificate {
	enum published_status status;
	int reason;         /* CRLReason; -1: none */
	int64_t revoked_at; /* 0 when good */
	int64_t not_before;
	int64_t not_after;
	int64_t published_at;              /* set when written first, kept afterwards */
	uint8_t sha256[DIGEST_SHA256_LEN]; /* of the certificate */
};

enum published_kind {
	PUBLISHED_CA_CERTIFICATE = 'c',
	PUBLISHED_OCSP_CERTIFICATE = 'o',
	PUBLISHED_CRL = 'l',
};

void published_record_write(const struct published_certificate *c, uint8_t ret_record[PUBLISHED_RECORD_LEN]);
/* ERR_PUBLISHED for another length, version or an impossible value. */
err_t published_record_read(struct bytes record, struct published_certificate *ret_certificate);

/* First 8 octets of SHA-256 of the issuer's SubjectPublicKeyInfo, then the serial's magnitude without leading zeros.
 * ERR_INPUT when the serial is empty or longer than 20 octets. */
err_t published_record_key(const uint8_t issuer_spki_sha256[DIGEST_SHA256_LEN], struct bytes serial,
    uint8_t ret_key[PUBLISHED_KEY_LEN], size_t *ret_len);

/* "c/issuing"; ERR_INPUT when the name is not 1 to 32 of a-z 0-9 and -. */
err_t published_record_file_key(enum published_kind kind, struct str name, char ret_key[PUBLISHED_NAME_MAX + 3]);

#endif
