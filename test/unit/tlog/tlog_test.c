#include "tlog/tlog.h"
#include "unit.h"

enum { LEAVES = 300 };

static struct {
	uint8_t node[10][LEAVES + 1][TLOG_HASH];
	bool there[10][LEAVES + 1];
	uint8_t leaf[LEAVES][TLOG_HASH];
} kept;

static err_t
put(void *arg, unsigned level, uint64_t index, const uint8_t hash[TLOG_HASH])
{
	(void)arg;
	assert_true(level < 10 && index <= LEAVES && !kept.there[level][index]); /* each subtree is given once */
	memcpy(kept.node[level][index], hash, TLOG_HASH);
	kept.there[level][index] = true;
	return OK;
}

static err_t
get(void *arg, unsigned level, uint64_t index, uint8_t ret_hash[TLOG_HASH])
{
	(void)arg;
	if (level >= 10 || index > LEAVES || !kept.there[level][index])
		return err_make(ERR_NOT_FOUND, "node %u/%llu", level, (unsigned long long)index);
	memcpy(ret_hash, kept.node[level][index], TLOG_HASH);
	return OK;
}

/* MTH of RFC 6962 2.1, written as the definition reads. */
static void
definition(size_t from, size_t to, uint8_t ret[TLOG_HASH])
{
	if (to - from == 1) {
		memcpy(ret, kept.leaf[from], TLOG_HASH);
		return;
	}
	size_t k = 1;
	while (2 * k < to - from)
		k *= 2;
	uint8_t left[TLOG_HASH], right[TLOG_HASH];
	definition(from, from + k, left);
	definition(from + k, to, right);
	tlog_node(left, right, ret);
}

static struct tlog
grown(void)
{
	struct tlog t = {0};
	memset(&kept, 0, sizeof kept);
	for (size_t i = 0; i < LEAVES; i++) {
		uint8_t root[TLOG_HASH], wanted[TLOG_HASH];
		uint8_t content[2] = {(uint8_t)i, (uint8_t)(i >> 8)};
		tlog_leaf(BYTES_OF(content), kept.leaf[i]);
		assert_ok(tlog_append(&t, kept.leaf[i], put, NULL));
		tlog_root(&t, root);
		definition(0, i + 1, wanted);
		assert_memory_equal(root, wanted, TLOG_HASH);
	}
	return t;
}

static void
roots_follow_the_definition(void **state) /* [RFC 6962 2.1] */
{
	(void)state;
	struct tlog t = grown(), again;
	uint8_t a[TLOG_HASH], b[TLOG_HASH];
	assert_ok(tlog_load(LEAVES, get, NULL, &again));
	tlog_root(&t, a);
	tlog_root(&again, b);
	assert_memory_equal(a, b, TLOG_HASH);
}

static void
root_at(size_t size, uint8_t ret[TLOG_HASH])
{
	struct tlog t;
	assert_ok(tlog_load(size, get, NULL, &t));
	tlog_root(&t, ret);
}

static void
inclusion_of_every_leaf(void **state) /* [RFC 6962 2.1.1] */
{
	(void)state;
	grown();
	for (size_t size = 1; size <= 70; size++) {
		uint8_t root[TLOG_HASH];
		root_at(size, root);
		for (size_t i = 0; i < size; i++) {
			struct tlog_path path;
			assert_ok(tlog_inclusion(i, size, get, NULL, &path));
			assert_true(tlog_inclusion_check(kept.leaf[i], i, size, &path, root));
			assert_false(tlog_inclusion_check(kept.leaf[i], (i + 1) % size, size, &path, root) && size > 1);
			if (path.n > 0) {
				path.hash[path.n / 2][7] ^= 1;
				assert_false(tlog_inclusion_check(kept.leaf[i], i, size, &path, root));
				path.n--;
				assert_false(tlog_inclusion_check(kept.leaf[i], i, size, &path, root));
			}
		}
	}
	struct tlog_path path;
	assert_err(tlog_inclusion(5, 5, get, NULL, &path), ERR_INPUT);
}

static void
consistency_of_all_sizes(void **state) /* [RFC 6962 2.1.2] */
{
	(void)state;
	grown();
	for (size_t size = 1; size <= 70; size++) {
		for (size_t old = 1; old <= size; old++) {
			struct tlog_path path;
			uint8_t old_root[TLOG_HASH], root[TLOG_HASH];
			root_at(old, old_root);
			root_at(size, root);
			assert_ok(tlog_consistency(old, size, get, NULL, &path));
			assert_true(tlog_consistency_check(old, old_root, size, root, &path));
			old_root[3] ^= 1;
			assert_false(tlog_consistency_check(old, old_root, size, root, &path));
		}
	}
}

static void
known_vectors(void **state)
{
	(void)state;
	uint8_t root[TLOG_HASH];
	char hex[2 * TLOG_HASH + 1];
	struct tlog t = {0};
	tlog_root(&t, root);
	bytes_hex(BYTES_OF(root), hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	tlog_leaf(bytes(NULL, 0), root); /* the leaf of no octets, as in the tests of other logs */
	bytes_hex(BYTES_OF(root), hex);
	assert_string_equal(hex, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(roots_follow_the_definition),
    cmocka_unit_test(inclusion_of_every_leaf),
    cmocka_unit_test(consistency_of_all_sizes),
    cmocka_unit_test(known_vectors),
};
UNIT_MAIN(tests)
