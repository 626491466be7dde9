/*
 * ECDSA over P-256 and P-384 with what OpenSSL wants prepared once: groups and contexts are fetched at first use, each
 * key keeps signing contexts that its threads share by turns. A private key lies in OpenSSL's secure heap (locked, left
 * out of core dumps), and is wiped when freed. Signs digests: who may have what signed is decided above. Any thread.
 */
#ifndef PARAPH_KEYS_ECDSA_H
#define PARAPH_KEYS_ECDSA_H

#include "base/bytes.h"
#include "base/secret.h"

enum ecdsa_curve { ECDSA_P256 = 1, ECDSA_P384 = 2 };
enum {
	ECDSA_SPKI_MAX = 120,      /* 91 octets for P-256, 120 for P-384 */
	ECDSA_SIGNATURE_MAX = 104, /* DER ECDSA-Sig-Value: at most 72 octets for P-256, 104 for P-384 */
};

struct ecdsa;

/* Makes the secure heap; call it once, before the first key. */
void ecdsa_init(void);

err_t ecdsa_make(enum ecdsa_curve curve, struct ecdsa **ret_key);
/* A stored key: big-endian scalar of the curve's size, uncompressed point. ERR_CRYPTO when they are no pair. */
err_t ecdsa_load(enum ecdsa_curve curve, struct bytes scalar, struct bytes point, struct ecdsa **ret_key);
void ecdsa_free(struct ecdsa *key); /* wipes; accepts NULL */

enum ecdsa_curve ecdsa_curve(const struct ecdsa *key);
/* Uncompressed point; SubjectPublicKeyInfo in DER. Both live as long as the key. */
struct bytes ecdsa_point(const struct ecdsa *key);
struct bytes ecdsa_spki(const struct ecdsa *key);
/* The private scalar, for sealing it into a file. */
err_t ecdsa_scalar(const struct ecdsa *key, struct secret *ret_scalar);

/* Signs a digest of the curve's length (SHA-256 for P-256, SHA-384 for P-384); ret_signature has room for ECDSA_SIGNATURE_MAX. */
err_t ecdsa_sign(struct ecdsa *key, struct bytes digest, uint8_t *ret_signature, size_t *ret_n);
/* ERR_CRYPTO when the signature is not this key's over this digest. */
err_t ecdsa_verify(struct ecdsa *key, struct bytes digest, struct bytes signature);

/* Checks a signature with somebody's public key, given as SubjectPublicKeyInfo of one of the two curves. */
err_t ecdsa_check(struct bytes spki, struct bytes digest, struct bytes signature);

#endif
