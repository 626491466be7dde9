/*
 * The private keys of this process, behind an interface that says nothing of where they lie. Today that is a sealed file
 * (sealed.h), for demo and the profile `internal`; a PKCS#11 module comes behind the same operations. Keys are named by
 * their use; one of each. Also here: the one-time keys of signers, which are never stored, and the symmetric key that
 * MACs this process's own records and seals its private notes. Making keys and storing certificates: one thread at a
 * time, before the others start. Everything else: any thread.
 */
#ifndef PARAPH_KEYS_KEYSTORE_H
#define PARAPH_KEYS_KEYSTORE_H

#include "base/buf.h"
#include "base/digest.h"
#include "keys/ecdsa.h"

/* The numbers are those of `Purpose` in src/wire/keys.proto, and stand in journals. */
enum keystore_use {
	KEYSTORE_ROOT = 1,
	KEYSTORE_ISSUING = 2,
	KEYSTORE_OCSP = 3,
	KEYSTORE_TSU = 4,
	KEYSTORE_SEAL = 5,
	KEYSTORE_LOG = 6,
	KEYSTORE_USES = 7,
};
enum { KEYSTORE_CHAIN_MAX = 4, KEYSTORE_MAC_LEN = 32 };

struct keystore_public {
	enum ecdsa_curve curve;
	uint8_t spki[ECDSA_SPKI_MAX];
	size_t spki_n;
	uint8_t spki_sha256[DIGEST_SHA256_LEN];
	int64_t made_at;
};

/* The certificate of a key first, then what stands above it. The octets belong to the store. */
struct keystore_chain {
	size_t n;
	struct bytes certificate[KEYSTORE_CHAIN_MAX];
};

struct keystore;
struct keystore_once; /* a one-time P-256 key pair of a signer */

/* What a kind of store does; each gets its own state. The meaning is that of the functions below. */
struct keystore_ops {
	void (*free)(void *store);
	err_t (*make)(void *store, enum keystore_use use, int64_t now);
	err_t (*public)(void *store, enum keystore_use use, struct keystore_public *ret_public);
	err_t (*sign)(void *store, enum keystore_use use, struct bytes digest, uint8_t *ret_signature, size_t *ret_n);
	err_t (*chain_put)(void *store, enum keystore_use use, const struct keystore_chain *chain);
	err_t (*chain_get)(void *store, enum keystore_use use, struct keystore_chain *ret_chain);
	void (*mac)(void *store, struct bytes data, uint8_t ret[KEYSTORE_MAC_LEN]);
	err_t (*wrap)(void *store, struct bytes plain, struct buf *b);
	err_t (*unwrap)(void *store, struct bytes wrapped, struct buf *b);
	err_t (*once_make)(void *store, void **ret_once);
	err_t (*once_sign)(void *once, struct bytes digest, uint8_t *ret_signature, size_t *ret_n);
	err_t (*once_verify)(void *once, struct bytes digest, struct bytes signature);
	struct bytes (*once_spki)(void *once);
	void (*once_destroy)(void *once);
};

/* For the kinds of store: makes the handle; keystore_free ends store. */
struct keystore *keystore_new(const struct keystore_ops *ops, void *store);
void keystore_free(struct keystore *ks); /* accepts NULL */
static inline void
keystore_auto_(struct keystore **ks)
{
	keystore_free(*ks);
}
#define AUTO_KEYSTORE(name) __attribute__((cleanup(keystore_auto_))) struct keystore *name = NULL

/* P-384 for the root, P-256 for the others. ERR_KEY_EXISTS: a key is made once. Durable when it returns. */
err_t keystore_make(struct keystore *ks, enum keystore_use use, int64_t now, struct keystore_public *ret_public);
/* ERR_KEY_MISSING */
err_t keystore_public(struct keystore *ks, enum keystore_use use, struct keystore_public *ret_public);
/* A signature over a digest of the key's length; ret_signature has room for ECDSA_SIGNATURE_MAX. */
err_t keystore_sign(struct keystore *ks, enum keystore_use use, struct bytes digest, uint8_t *ret_signature,
    size_t *ret_n);

/* Keeps the certificate for a use and its chain; replaces an older one. The key may be another process's (the time-stamp
 * unit, whose stamps issuing takes). The caller has checked that they fit. */
err_t keystore_chain_put(struct keystore *ks, enum keystore_use use, const struct keystore_chain *chain);
/* ERR_KEY_MISSING when none was stored. The octets live until the next chain_put. */
err_t keystore_chain_get(struct keystore *ks, enum keystore_use use, struct keystore_chain *ret_chain);

/* HMAC-SHA-256 over a label and data, so that a MAC for one kind of record is none for another. */
void keystore_mac(struct keystore *ks, const char *label, struct bytes data, uint8_t ret[KEYSTORE_MAC_LEN]);
bool keystore_mac_check(struct keystore *ks, const char *label, struct bytes data, struct bytes mac);
/* Seals a note that this process writes into its journal for itself; ERR_MAC when it was changed. */
err_t keystore_wrap(struct keystore *ks, struct bytes plain, struct buf *b);
err_t keystore_unwrap(struct keystore *ks, struct bytes wrapped, struct buf *b);

/* One-time keys: made, used for one document, destroyed; never outside the store. */
err_t keystore_once_make(struct keystore *ks, struct keystore_once **ret_once);
err_t keystore_once_sign(struct keystore_once *once, struct bytes digest, uint8_t *ret_signature, size_t *ret_n);
err_t keystore_once_verify(struct keystore_once *once, struct bytes digest, struct bytes signature);
struct bytes keystore_once_spki(const struct keystore_once *once);
void keystore_once_destroy(struct keystore_once *once); /* accepts NULL */
static inline void
keystore_once_auto_(struct keystore_once **once)
{
	keystore_once_destroy(*once);
}
#define AUTO_ONCE(name) __attribute__((cleanup(keystore_once_auto_))) struct keystore_once *name = NULL

#endif
