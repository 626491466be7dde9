/* Digests of the few certificates whose chain was verified already (our OCSP signers), which costs more than an answer.
 * Only the newest PROVEN_MAX are kept. Any thread. */
#ifndef PARAPH_KEYS_PROVEN_H
#define PARAPH_KEYS_PROVEN_H

#include "base/digest.h"

enum { PROVEN_MAX = 8 };

struct proven;

struct proven *proven_new(void);
void proven_free(struct proven *p); /* accepts NULL */
bool proven_has(struct proven *p, const uint8_t sha256[DIGEST_SHA256_LEN]);
void proven_add(struct proven *p, const uint8_t sha256[DIGEST_SHA256_LEN]);

#endif
