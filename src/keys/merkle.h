/* A Merkle tree that only grows [RFC 6962 2.1]: keeps the roots of its complete subtrees, so its size does not depend on
 * the number of leaves. Pure; any thread. */
#ifndef PARAPH_KEYS_MERKLE_H
#define PARAPH_KEYS_MERKLE_H

#include "base/digest.h"

enum { MERKLE_PEAKS_MAX = 64 };

struct merkle {
	uint64_t count;  /* leaves */
	size_t peaks_n;  /* one for each bit set in count, the largest subtree first */
	uint8_t peaks[MERKLE_PEAKS_MAX][DIGEST_SHA256_LEN];
};

void merkle_add(struct merkle *tree, struct bytes leaf);
/* The root; SHA-256 of nothing for the empty tree. */
void merkle_root(const struct merkle *tree, uint8_t ret_root[DIGEST_SHA256_LEN]);

#endif
