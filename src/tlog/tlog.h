/*
 * A Merkle tree over leaves, hashed as RFC 6962 2.1 says: SHA-256 of 0x00 and the leaf, or of 0x01 and two nodes. The
 * tree in memory is its right edge only; every complete subtree is handed out once to be stored, (level, index) naming
 * the leaves index * 2^level to (index + 1) * 2^level - 1, and asked for again for proofs. Pure; one thread at a time.
 */
#ifndef PARAPH_TLOG_TLOG_H
#define PARAPH_TLOG_TLOG_H

#include "base/digest.h"

enum { TLOG_HASH = DIGEST_SHA256_LEN, TLOG_LEVELS = 48 };

struct tlog {
	uint64_t size;                          /* leaves */
	uint8_t edge[TLOG_LEVELS][TLOG_HASH];   /* edge[k]: the complete subtree of 2^k leaves, when bit k of size is set */
};

/* Stores and fetches the hash of a complete subtree. */
typedef err_t (*tlog_put_f)(void *arg, unsigned level, uint64_t index, const uint8_t hash[TLOG_HASH]);
typedef err_t (*tlog_get_f)(void *arg, unsigned level, uint64_t index, uint8_t ret_hash[TLOG_HASH]);

void tlog_leaf(struct bytes leaf, uint8_t ret_hash[TLOG_HASH]);
void tlog_node(const uint8_t left[TLOG_HASH], const uint8_t right[TLOG_HASH], uint8_t ret_hash[TLOG_HASH]);

/* Adds one leaf by its hash. put is called for the leaf and each subtree that it completes; when put fails the tree is
 * unchanged. */
err_t tlog_append(struct tlog *t, const uint8_t leaf_hash[TLOG_HASH], tlog_put_f put, void *arg);

/* The root; of the empty tree the SHA-256 of nothing. */
void tlog_root(const struct tlog *t, uint8_t ret_root[TLOG_HASH]);

/* The tree of the first size leaves, from what was stored. */
err_t tlog_load(uint64_t size, tlog_get_f get, void *arg, struct tlog *ret_tree);

struct tlog_path {
	size_t n;
	uint8_t hash[2 * TLOG_LEVELS][TLOG_HASH];
};

/* RFC 6962 2.1.1: the audit path of leaf index in the tree of size leaves. ERR_INPUT when index is not in it. */
err_t tlog_inclusion(uint64_t index, uint64_t size, tlog_get_f get, void *arg, struct tlog_path *ret_path);
/* Whether the path leads from the leaf hash to the root. */
bool tlog_inclusion_check(const uint8_t leaf_hash[TLOG_HASH], uint64_t index, uint64_t size,
    const struct tlog_path *path, const uint8_t root[TLOG_HASH]);

/* RFC 6962 2.1.2: that the tree of old_size leaves is a prefix of the one of size leaves; 1 <= old_size <= size. */
err_t tlog_consistency(uint64_t old_size, uint64_t size, tlog_get_f get, void *arg, struct tlog_path *ret_path);
bool tlog_consistency_check(uint64_t old_size, const uint8_t old_root[TLOG_HASH], uint64_t size,
    const uint8_t root[TLOG_HASH], const struct tlog_path *path);

#endif
