#include "open.h"

#include "base/base64.h"

struct put {
	int n;
	bool fail;
	int64_t leaf;
};

static err_t
put_leaves(struct store_tx *tx, void *arg)
{
	struct put *p = arg;
	for (int i = 0; i < p->n; i++)
		TRY(audit_put(&open_core, tx, "test.event", "system", canon_pack("{s:i}", "i", i), &p->leaf));
	return p->fail ? err_make(ERR_INPUT, "undone") : OK;
}

static uint64_t
size_now(void)
{
	uint64_t size;
	assert_ok(audit_size(open_worker.reader, &size));
	return size;
}

/* What a failed command added is gone, and the tree goes on from where it was. */
static void
undone_leaves_leave_nothing(void **state)
{
	struct put good = {.n = 5}, bad = {.n = 3, .fail = true}, one = {.n = 1};
	(void)state;
	assert_ok(store_write(open_core.store, put_leaves, &good));
	assert_err(store_write(open_core.store, put_leaves, &bad), ERR_INPUT);
	assert_int_equal(size_now(), 5);
	assert_ok(store_write(open_core.store, put_leaves, &one));
	assert_int_equal(one.leaf, 5);
	assert_err(store_write(open_core.store, put_leaves, &bad), ERR_INPUT);
	assert_ok(store_write(open_core.store, put_leaves, &one));
	assert_int_equal(size_now(), 7);
}

/* Takes a hash or a text out of the JSON of a proof. */
static void
hash_of(const json_t *hex, uint8_t ret[32])
{
	assert_ok(bytes_unhex(str_c(json_string_value(hex)), 32, ret));
}

/* Every leaf has a path to the root of every tree that holds it. */
static void
proofs_lead_to_the_root(void **state)
{
	(void)state;
	for (int n = 1; n <= 33; n++) {
		struct put one = {.n = 1};
		assert_ok(store_write(open_core.store, put_leaves, &one));
	}
	for (uint64_t leaf = 0; leaf < 33; leaf++) {
		struct audit_point point = {.head = {.origin = STR("test"), .size = 33, .at = 1000000}, .signature = bytes("s", 1),
		    .key_id = bytes("k", 1)};
		AUTO_JSON(proof) = NULL;
		assert_ok(audit_proof(&open_worker, leaf, &point, &proof));
		struct tlog_path path = {.n = json_array_size(json_object_get(proof, "path"))};
		for (size_t i = 0; i < path.n; i++)
			hash_of(json_array_get(json_object_get(proof, "path"), i), path.hash[i]);
		uint8_t hash[32], root[32];
		const char *text = json_string_value(json_object_get(proof, "leaf"));
		tlog_leaf(bytes(text, strlen(text)), hash);
		struct tlog tree = {0};
		for (uint64_t i = 0; i < 33; i++) { /* the root from all leaves, without the stored nodes */
			AUTO_QUERY(q, open_worker.reader, SQL_AUDIT_LEAF_GET);
			query_int(&q, (int64_t)i);
			assert_true(query_next(&q));
			uint8_t one[32];
			tlog_leaf(query_get_bytes(&q, 0), one);
			assert_ok(query_end(&q));
			uint8_t (*edge)[TLOG_HASH] = tree.edge;
			unsigned level = 0;
			for (; tree.size >> level & 1; level++)
				tlog_node(edge[level], one, one);
			memcpy(edge[level], one, 32);
			tree.size++;
		}
		tlog_root(&tree, root);
		assert_true(tlog_inclusion_check(hash, leaf, 33, &path, root));
		hash[0] ^= 1;
		assert_false(tlog_inclusion_check(hash, leaf, 33, &path, root));
	}
}

struct commit {
	struct id subject;
	const char *value;
	char hex[80];
};

static err_t
commit(struct store_tx *tx, void *arg)
{
	struct commit *c = arg;
	json_t *hex;
	TRY(audit_commitment(tx, c->subject, bytes(c->value, strlen(c->value)), &hex));
	snprintf(c->hex, sizeof c->hex, "%s", json_string_value(hex));
	json_decref(hex);
	return OK;
}

/* The same person and value give the same commitment, another person another; none is the plain digest. */
static void
commitments_have_a_salt(void **state)
{
	struct commit a = {.subject = id_make(1), .value = "Jane Doe"}, again = a, b = {.subject = id_make(2), .value = "Jane Doe"};
	uint8_t plain[32];
	char hex[65];
	(void)state;
	assert_ok(store_write(open_core.store, commit, &a));
	assert_ok(store_write(open_core.store, commit, &again));
	assert_ok(store_write(open_core.store, commit, &b));
	assert_string_equal(a.hex, again.hex);
	assert_string_not_equal(a.hex, b.hex);
	digest_sha256(bytes("Jane Doe", 8), plain);
	bytes_hex(BYTES_OF(plain), hex);
	assert_string_not_equal(a.hex, hex);
}

static const struct CMUnitTest tests[] = {
	OPEN_TEST(undone_leaves_leave_nothing), OPEN_TEST(proofs_lead_to_the_root), OPEN_TEST(commitments_have_a_salt),
};
UNIT_MAIN(tests)
