/*
 * Message digests and HMAC, a thin layer over OpenSSL's EVP with the algorithms fetched once. Beside pki, ades and
 * keys only this and cli/tls.c call OpenSSL (doc/decisions/0001). Digests never fail except by an exhausted heap, which
 * aborts. A struct digest belongs to one thread at a time.
 */
#ifndef PARAPH_BASE_DIGEST_H
#define PARAPH_BASE_DIGEST_H

#include "base/bytes.h"

enum { DIGEST_SHA256_LEN = 32, DIGEST_SHA1_LEN = 20, DIGEST_LEN_MAX = 64 };

enum digest_kind {
	DIGEST_SHA1, /* only for the certID of OCSP and key identifiers: nothing relies on its strength */
	DIGEST_SHA256,
	DIGEST_SHA384,
	DIGEST_SHA512,
};

/* One call. ret has room for the digest's length. */
void digest_of(enum digest_kind kind, struct bytes data, uint8_t *ret);
static inline void
digest_sha256(struct bytes data, uint8_t ret[DIGEST_SHA256_LEN])
{
	digest_of(DIGEST_SHA256, data, ret);
}

/* A running digest. */
struct digest;
struct digest *digest_new(enum digest_kind kind);
void digest_free(struct digest *d); /* accepts NULL */
static inline void
digest_auto_(struct digest **d)
{
	digest_free(*d);
}
#define AUTO_DIGEST(name, kind) __attribute__((cleanup(digest_auto_))) struct digest *name = digest_new(kind)
void digest_add(struct digest *d, struct bytes data);
/* The digest of what was added so far; more may be added afterwards. */
void digest_peek(const struct digest *d, uint8_t *ret);
/* The same without going on, which saves a copy: the state is of no use afterwards. */
void digest_end(struct digest *d, uint8_t *ret);
struct digest *digest_clone(const struct digest *d);

size_t digest_len(enum digest_kind kind);

/* HMAC-SHA-256 [RFC 2104]. */
void digest_hmac_sha256(struct bytes key, struct bytes data, uint8_t ret[DIGEST_SHA256_LEN]);

/* SHA-256 of octets from..to of a descriptor (pread; the offset stays). ERR_IO when it ends before. */
err_t digest_file(int fd, uint64_t from, uint64_t to, struct digest *d);

#endif
