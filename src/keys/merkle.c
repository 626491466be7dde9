#include "keys/merkle.h"

static void
hash(uint8_t prefix, struct bytes a, struct bytes b, uint8_t ret[DIGEST_SHA256_LEN])
{
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, bytes(&prefix, 1));
	digest_add(d, a);
	digest_add(d, b);
	digest_peek(d, ret);
}

void
merkle_add(struct merkle *tree, struct bytes leaf)
{
	uint8_t node[DIGEST_SHA256_LEN];
	hash(0, leaf, bytes(NULL, 0), node);
	/* each set low bit of the count is a subtree of the same size, which now pairs */
	for (uint64_t rest = tree->count; rest & 1; rest >>= 1) {
		tree->peaks_n--;
		hash(1, BYTES_OF(tree->peaks[tree->peaks_n]), BYTES_OF(node), node);
	}
	memcpy(tree->peaks[tree->peaks_n++], node, sizeof node);
	tree->count++;
}

void
merkle_root(const struct merkle *tree, uint8_t ret_root[DIGEST_SHA256_LEN])
{
	uint8_t node[DIGEST_SHA256_LEN];
	if (tree->peaks_n == 0) {
		digest_sha256(bytes(NULL, 0), ret_root);
		return;
	}
	memcpy(node, tree->peaks[tree->peaks_n - 1], sizeof node);
	for (size_t i = tree->peaks_n - 1; i-- > 0;)
		hash(1, BYTES_OF(tree->peaks[i]), BYTES_OF(node), node);
	memcpy(ret_root, node, sizeof node);
}
