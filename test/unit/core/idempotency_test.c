#include "core/idempotency.h"
#include "open.h"

static const struct idempotency first = {.owner = STR("key:a"), .name = STR("k-1"), .request_sha256 = {1}};

static err_t
put(struct store_tx *tx, void *arg)
{
	AUTO_JSON(answer) = canon_pack("{s:i}", "n", 7);
	return idempotency_put(tx, arg, 201, answer);
}

static void
a_retry_gets_the_first_answer(void **state)
{
	int status = 0;
	AUTO_BUF(text, 100);
	struct idempotency i = first, other = first, stranger = first;
	(void)state;
	assert_err(idempotency_get(open_worker.reader, &i, &status, &text), ERR_NOT_FOUND);
	assert_ok(store_write(open_core.store, put, &i));
	assert_ok(idempotency_get(open_worker.reader, &i, &status, &text));
	assert_int_equal(status, 201);
	assert_true(bytes_eq(buf_bytes(&text), str_bytes(STR("{\"n\":7}"))));
	other.request_sha256[0] = 2;
	assert_err(idempotency_get(open_worker.reader, &other, &status, &text), ERR_IDEMPOTENCY_OTHER);
	stranger.owner = STR("key:b");
	assert_err(idempotency_get(open_worker.reader, &stranger, &status, &text), ERR_NOT_FOUND);
	assert_err(store_write(open_core.store, put, &i), ERR_EXISTS);
	assert_ok(store_write(open_core.store, put, NULL));
	assert_ok(idempotency_purge(&open_core, INT64_MAX));
	assert_err(idempotency_get(open_worker.reader, &i, &status, &text), ERR_NOT_FOUND);
}

static void
under_way_once(void **state)
{
	struct idempotency other = first, none = first;
	(void)state;
	other.name = STR("k-2");
	none.name = STR("");
	assert_ok(idempotency_enter(&first));
	assert_err(idempotency_enter(&first), ERR_IDEMPOTENCY_BUSY);
	assert_ok(idempotency_enter(&other));
	assert_ok(idempotency_enter(&none));
	assert_ok(idempotency_enter(&none));
	idempotency_leave(&first);
	assert_ok(idempotency_enter(&first));
	idempotency_leave(&first);
	idempotency_leave(&other);
	idempotency_leave(&none);
}

static const struct CMUnitTest tests[] = {OPEN_TEST(a_retry_gets_the_first_answer), OPEN_TEST(under_way_once)};
UNIT_MAIN(tests)
