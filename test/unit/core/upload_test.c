/* Uploaded files that nobody used end; those that a document was made of stay. */
#include "base/time.h"
#include "core/document.h"
#include "core/upload.h"
#include "open.h"
#include "os/clock.h"

enum { FILES = 700 };
static struct id files[FILES], request;

static err_t
file_put(struct store_tx *tx, struct id id, int64_t made_at)
{
	uint8_t sha256[32] = {1};
	AUTO_QUERY(q, tx, SQL_FILE_PUT);
	query_bytes(&q, id_bytes(&id));
	query_text(&q, STR("key"));
	query_text(&q, STR("blob"));
	query_bytes(&q, BYTES_OF(sha256));
	query_int(&q, 5);
	query_int(&q, 1);
	query_text(&q, STR("{}"));
	query_int(&q, made_at);
	return query_run(&q);
}

static err_t
use(struct store_tx *tx, struct id file, int place)
{
	struct document d = {.id = id_make(clock_now()), .request = request, .file = file, .place = place, .title = "Lease", .pages = 1};
	return document_put(tx, &d);
}

static err_t
request_put(struct store_tx *tx)
{
	request = id_make(clock_now());
	AUTO_QUERY(q, tx, SQL_REQUEST_PUT);
	query_bytes(&q, id_bytes(&request));
	query_text(&q, STR("key"));
	query_text(&q, STR("Lease"));
	query_text(&q, STR("ACME"));
	query_text(&q, STR("draft"));
	query_int(&q, clock_now());
	query_int(&q, clock_now());
	return query_run(&q);
}

/* File i was made at second i; each hundredth one is used. */
static err_t
put_all(struct store_tx *tx, void *arg)
{
	(void)arg;
	TRY(request_put(tx));
	for (int i = 0; i < FILES; i++) {
		files[i] = id_make(i);
		TRY(file_put(tx, files[i], i * TIME_SECOND));
		if (i % 100 == 0)
			TRY(use(tx, files[i], i));
	}
	return OK;
}

static bool
is_there(int i)
{
	struct upload_file f;
	return !err_is(upload_get(open_worker.reader, files[i], STR("key"), &f));
}

static void
only_old_ones_that_nobody_used_go(void **state)
{
	int64_t place = 0, before = 601 * TIME_SECOND, last;
	(void)state;
	assert_ok(store_write(open_core.store, put_all, NULL));
	assert_ok(upload_purge(&open_worker, 0, &place));
	assert_int_equal(place, 0);
	assert_true(is_there(1));
	int turns = 0;
	do {
		last = place;
		assert_ok(upload_purge(&open_worker, before, &place));
		turns++;
	} while (place != last);
	assert_in_range(turns, 3, 5);
	for (int i = 0; i < FILES; i++)
		assert_int_equal(is_there(i), i % 100 == 0 || i > 600);
	assert_ok(upload_purge(&open_worker, before + 5 * TIME_SECOND, &place)); /* time goes on */
	assert_false(is_there(605));
	assert_true(is_there(606));
}

static err_t
use_second(struct store_tx *tx, void *arg)
{
	(void)arg;
	return use(tx, files[1], 1);
}

/* The reader that housekeeping looks with does not see yet that a request took it. */
static void
what_is_used_meanwhile_stays(void **state)
{
	int64_t place = 0;
	(void)state;
	assert_ok(store_write(open_core.store, put_all, NULL));
	store_snapshot_init(open_worker.reader);
	assert_true(is_there(1));
	assert_ok(store_write(open_core.store, use_second, NULL));
	assert_ok(upload_purge(&open_worker, 5 * TIME_SECOND, &place));
	store_snapshot_done(open_worker.reader);
	assert_true(is_there(1));
	assert_false(is_there(2));
}

static const struct CMUnitTest tests[] = {OPEN_TEST(only_old_ones_that_nobody_used_go), OPEN_TEST(what_is_used_meanwhile_stays)};
UNIT_MAIN(tests)
