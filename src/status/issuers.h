/*
 * The CAs that were published: their certificates and those of their OCSP signers, kept ready for comparison and read
 * anew when the store says that something changed. One thread.
 */
#ifndef PARAPH_STATUS_ISSUERS_H
#define PARAPH_STATUS_ISSUERS_H

#include "pki/ocsp.h"
#include "published/published_read.h"

enum { ISSUERS_MAX = 16 };

struct issuer {
	char name[PUBLISHED_NAME_MAX + 1];
	struct certificate certificate; /* borrows from der */
	uint8_t *der;
	uint8_t *ocsp_der; /* NULL: answers for it cannot be had */
	size_t ocsp_n;
	uint8_t spki_sha256[DIGEST_SHA256_LEN];
	uint8_t name_sha1[DIGEST_SHA1_LEN], key_sha1[DIGEST_SHA1_LEN];
	uint8_t name_sha256[DIGEST_SHA256_LEN], key_sha256[DIGEST_SHA256_LEN];
};

struct issuers {
	struct issuer list[ISSUERS_MAX];
	size_t n;
	uint64_t generation; /* of the store when it was read */
	bool read;
};

/* Within a reading: takes over what was published since. A certificate that does not read is logged and left out. */
void issuers_refresh(struct issuers *all, struct published_reader *store);
void issuers_done(struct issuers *all);

/* NULL when there is none. */
const struct issuer *issuers_by_id(const struct issuers *all, const struct ocsp_id *id);
const struct issuer *issuers_by_key(const struct issuers *all, struct bytes spki_sha256);

#endif
