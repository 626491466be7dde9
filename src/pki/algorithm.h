/*
 * Signature algorithms: their AlgorithmIdentifier, their digest, and public keys as SubjectPublicKeyInfo. Ours are ECDSA
 * P-256 with SHA-256 and P-384 with SHA-384; the others exist to check what others signed. Pure; any thread.
 */
#ifndef PARAPH_PKI_ALGORITHM_H
#define PARAPH_PKI_ALGORITHM_H

#include "base/digest.h"
#include "der/der.h"

enum algorithm {
	ALGORITHM_NONE,
	ALGORITHM_ECDSA_P256, /* ecdsa-with-SHA256; as our own signature: with a P-256 key */
	ALGORITHM_ECDSA_P384, /* ecdsa-with-SHA384; as our own signature: with a P-384 key */
	ALGORITHM_ECDSA_SHA512,
	ALGORITHM_RSA_SHA256,
	ALGORITHM_RSA_SHA384,
	ALGORITHM_RSA_SHA512,
	ALGORITHM_PSS_SHA256,
	ALGORITHM_PSS_SHA384,
	ALGORITHM_PSS_SHA512,
	ALGORITHM_COUNT,
};

enum {
	ALGORITHM_SIGNATURE_MAX = 112, /* octets of an ECDSA-Sig-Value of P-384, with reserve */
	ALGORITHM_SPKI_MAX = 128,      /* octets of our largest SubjectPublicKeyInfo */
	ALGORITHM_KEY_ID_LEN = 20,
};

/* The AlgorithmIdentifier, whole; empty for ALGORITHM_NONE and the PSS ones, which we never write. */
struct bytes algorithm_der(enum algorithm algorithm);
/* ERR_ALGORITHM for one that is not in the table, with its OID. */
err_t algorithm_read(struct bytes der, enum algorithm *ret_algorithm);
enum digest_kind algorithm_digest(enum algorithm algorithm);
/* "ecdsa-with-SHA256" */
const char *algorithm_text(enum algorithm algorithm);
/* The algorithm that a key signs with here (P-256 or P-384); ERR_ALGORITHM for other keys. */
err_t algorithm_of_key(struct bytes spki, enum algorithm *ret_algorithm);

/* AlgorithmIdentifier of a digest: parameters left out for SHA-2 in CMS [RFC 5754 2], NULL for SHA-1 in OCSP. */
void algorithm_write_digest(struct encode *w, enum digest_kind kind, bool null_parameters);
/* Reads a digest AlgorithmIdentifier (whole) with absent or NULL parameters; ERR_ALGORITHM. */
err_t algorithm_read_digest(struct bytes der, enum digest_kind *ret_kind);

/* SubjectPublicKeyInfo from an uncompressed point (04 x y) of P-256 (65 octets) or P-384 (97). */
err_t algorithm_write_key(struct encode *w, struct bytes point);
/* The bits of the BIT STRING in a SubjectPublicKeyInfo; ERR_DER. */
err_t algorithm_key_bits(struct bytes spki, struct bytes *ret_bits);
/* SHA-1 of those bits: subjectKeyIdentifier [RFC 5280 4.2.1.2 (1)] and byKey of OCSP. */
err_t algorithm_key_id(struct bytes spki, uint8_t ret_id[ALGORITHM_KEY_ID_LEN]);

#endif
