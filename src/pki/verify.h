/*
 * Checks signatures with OpenSSL. Parsed keys are kept in a small cache of the thread, because parsing one costs twice
 * as much as using it; so are digests of what was already proven. Any thread.
 */
#ifndef PARAPH_PKI_VERIFY_H
#define PARAPH_PKI_VERIFY_H

#include "pki/algorithm.h"

/* OK when signature is the key's over data; ERR_SIGNATURE when it is not, ERR_ALGORITHM when the key does not fit. */
err_t verify_signature(struct bytes spki, enum algorithm algorithm, struct bytes data, struct bytes signature);

/* The same over a digest that was made elsewhere (of the kind of the algorithm). */
err_t verify_digest(struct bytes spki, enum algorithm algorithm, struct bytes digest, struct bytes signature);

/* Proves that the public key is on its curve (or a sane RSA key of 2048 to 8192 bits). */
err_t verify_key_check(struct bytes spki);

/* Forgets the keys and proven signatures kept by this thread. */
void verify_forget(void);

#endif
