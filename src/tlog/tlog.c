#include "tlog/tlog.h"

void
tlog_leaf(struct bytes leaf, uint8_t ret_hash[TLOG_HASH])
{
	static const uint8_t mark = 0;
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, bytes(&mark, 1));
	digest_add(d, leaf);
	digest_end(d, ret_hash);
}

void
tlog_node(const uint8_t left[TLOG_HASH], const uint8_t right[TLOG_HASH], uint8_t ret_hash[TLOG_HASH])
{
	uint8_t both[1 + 2 * TLOG_HASH] = {1};
	memcpy(both + 1, left, TLOG_HASH);
	memcpy(both + 1 + TLOG_HASH, right, TLOG_HASH);
	digest_sha256(BYTES_OF(both), ret_hash);
}

err_t
tlog_append(struct tlog *t, const uint8_t leaf_hash[TLOG_HASH], tlog_put_f put, void *arg)
{
	uint8_t hash[TLOG_HASH];
	unsigned level = 0;
	if (t->size >> (TLOG_LEVELS - 1) != 0)
		return err_make(ERR_LIMIT, "the log is full");
	memcpy(hash, leaf_hash, TLOG_HASH);
	TRY(put(arg, 0, t->size, hash));
	for (; t->size >> level & 1; level++) {
		tlog_node(t->edge[level], hash, hash);
		TRY(put(arg, level + 1, t->size >> (level + 1), hash));
	}
	memcpy(t->edge[level], hash, TLOG_HASH);
	t->size++;
	return OK;
}

void
tlog_root(const struct tlog *t, uint8_t ret_root[TLOG_HASH])
{
	bool any = false;
	if (t->size == 0)
		digest_sha256(bytes(NULL, 0), ret_root);
	for (unsigned level = 0; level < TLOG_LEVELS; level++) {
		if ((t->size >> level & 1) == 0)
			continue;
		if (any)
			tlog_node(t->edge[level], ret_root, ret_root);
		else
			memcpy(ret_root, t->edge[level], TLOG_HASH);
		any = true;
	}
}

err_t
tlog_load(uint64_t size, tlog_get_f get, void *arg, struct tlog *ret_tree)
{
	struct tlog t = {.size = size};
	for (unsigned level = 0; level < TLOG_LEVELS; level++)
		if (size >> level & 1)
			TRY(get(arg, level, (size >> level) - 1, t.edge[level]));
	*ret_tree = t;
	return OK;
}

/* The hash of the leaves from..to, from a multiple of the largest power of two that is needed (always so below). */
static err_t
range_hash(uint64_t from, uint64_t to, tlog_get_f get, void *arg, uint8_t ret_hash[TLOG_HASH])
{
	bool any = false;
	uint8_t part[TLOG_HASH];
	/* From the right: the smallest subtree first, as in tlog_root. */
	for (unsigned level = 0; level < TLOG_LEVELS && from < to; level++) {
		if ((to - from) >> level == 0)
			break;
		if (((to - from) >> level & 1) == 0)
			continue;
		TRY(get(arg, level, (to >> level) - 1, part));
		if (any)
			tlog_node(part, ret_hash, ret_hash);
		else
			memcpy(ret_hash, part, TLOG_HASH);
		any = true;
		to -= UINT64_C(1) << level;
	}
	return OK;
}

/* The largest power of two below n; n > 1. [RFC 6962 2.1] */
static uint64_t
split(uint64_t n)
{
	uint64_t k = 1;
	while (k < n - k)
		k *= 2;
	return k;
}

static err_t
path_add(uint64_t from, uint64_t to, tlog_get_f get, void *arg, struct tlog_path *path)
{
	if (path->n == sizeof path->hash / sizeof path->hash[0])
		return err_make(ERR_LIMIT, "the path is too long");
	return range_hash(from, to, get, arg, path->hash[path->n++]);
}

static void
path_turn(struct tlog_path *path)
{
	for (size_t i = 0; i < path->n / 2; i++) {
		uint8_t keep[TLOG_HASH];
		memcpy(keep, path->hash[i], TLOG_HASH);
		memcpy(path->hash[i], path->hash[path->n - 1 - i], TLOG_HASH);
		memcpy(path->hash[path->n - 1 - i], keep, TLOG_HASH);
	}
}

err_t
tlog_inclusion(uint64_t index, uint64_t size, tlog_get_f get, void *arg, struct tlog_path *ret_path)
{
	struct tlog_path path = {0};
	uint64_t from = 0, to = size;
	if (index >= size)
		return err_make(ERR_INPUT, "leaf %llu is not in a tree of %llu leaves", (unsigned long long)index,
		    (unsigned long long)size);
	while (to - from > 1) { /* from the root down; turned at the end */
		uint64_t k = from + split(to - from);
		if (index < k) {
			TRY(path_add(k, to, get, arg, &path));
			to = k;
		} else {
			TRY(path_add(from, k, get, arg, &path));
			from = k;
		}
	}
	path_turn(&path);
	*ret_path = path;
	return OK;
}

/* [RFC 9162 2.1.3.2] */
bool
tlog_inclusion_check(const uint8_t leaf_hash[TLOG_HASH], uint64_t index, uint64_t size,
    const struct tlog_path *path, const uint8_t root[TLOG_HASH])
{
	uint8_t hash[TLOG_HASH];
	uint64_t at = index, last = size - 1;
	if (index >= size)
		return false;
	memcpy(hash, leaf_hash, TLOG_HASH);
	for (size_t i = 0; i < path->n; i++) {
		if (last == 0)
			return false;
		if ((at & 1) != 0 || at == last) {
			tlog_node(path->hash[i], hash, hash);
			while ((at & 1) == 0 && at != 0) {
				at >>= 1;
				last >>= 1;
			}
		} else {
			tlog_node(hash, path->hash[i], hash);
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0 && memcmp(hash, root, TLOG_HASH) == 0;
}

err_t
tlog_consistency(uint64_t old_size, uint64_t size, tlog_get_f get, void *arg, struct tlog_path *ret_path)
{
	struct tlog_path path = {0};
	uint64_t from = 0, to = size, old = old_size;
	bool whole = true; /* the old tree is still a complete prefix of what is looked at [RFC 6962 2.1.2, b] */
	if (old_size == 0 || old_size > size)
		return err_make(ERR_INPUT, "there is no consistency proof from %llu to %llu leaves",
		    (unsigned long long)old_size, (unsigned long long)size);
	while (old != to) {
		uint64_t k = from + split(to - from);
		if (old <= k) {
			TRY(path_add(k, to, get, arg, &path));
			to = k;
		} else {
			TRY(path_add(from, k, get, arg, &path));
			from = k;
			whole = false;
		}
	}
	if (!whole)
		TRY(path_add(from, to, get, arg, &path));
	path_turn(&path);
	*ret_path = path;
	return OK;
}

/* [RFC 9162 2.1.4.2] */
bool
tlog_consistency_check(uint64_t old_size, const uint8_t old_root[TLOG_HASH], uint64_t size,
    const uint8_t root[TLOG_HASH], const struct tlog_path *path)
{
	if (old_size == 0 || old_size > size)
		return false;
	if (old_size == size)
		return path->n == 0 && memcmp(old_root, root, TLOG_HASH) == 0;
	uint8_t old_hash[TLOG_HASH], hash[TLOG_HASH];
	uint64_t at = old_size - 1, last = size - 1;
	size_t i = 0;
	bool power = (old_size & (old_size - 1)) == 0;
	if (!power && path->n == 0)
		return false;
	memcpy(hash, power ? old_root : path->hash[i++], TLOG_HASH);
	memcpy(old_hash, hash, TLOG_HASH);
	for (; at & 1; at >>= 1)
		last >>= 1;
	for (; i < path->n; i++) {
		if (last == 0)
			return false;
		if ((at & 1) != 0 || at == last) {
			tlog_node(path->hash[i], old_hash, old_hash);
			tlog_node(path->hash[i], hash, hash);
			for (; (at & 1) == 0 && at != 0; at >>= 1)
				last >>= 1;
		} else {
			tlog_node(hash, path->hash[i], hash);
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0 && memcmp(hash, root, TLOG_HASH) == 0 && memcmp(old_hash, old_root, TLOG_HASH) == 0;
}
