#include "store/query.h"
#include "store/schema.h"
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char dir[64];

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/paraph-store-XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = {"paraph.db", "paraph.db-wal", "paraph.db-shm", "paraph.lock"};
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[128];
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

struct key {
	const char *id;
	uint8_t sha256[32];
	bool fail;
	size_t fat; /* octets of the name */
};

static err_t
put_key(struct store_tx *tx, void *arg)
{
	static char name[1 << 20];
	struct key *k = arg;
	memset(name, 'n', sizeof name);
	AUTO_QUERY(q, tx, SQL_API_KEY_PUT);
	query_text(&q, str_c(k->id));
	query_bytes(&q, BYTES_OF(k->sha256));
	query_text(&q, STR("sender"));
	query_text(&q, (struct str){name, k->fat});
	query_int(&q, 5);
	TRY(query_run(&q));
	return k->fail ? err_make(ERR_INPUT, "wanted by the test") : OK;
}

static int64_t
count_keys(struct store_tx *tx)
{
	AUTO_QUERY(q, tx, SQL_API_KEY_COUNT);
	assert_true(query_next(&q));
	int64_t n = query_get_int(&q, 0);
	assert_ok(query_end(&q));
	return n;
}

static struct key
key_make(const char *id)
{
	struct key k = {.id = id};
	rand_fill(k.sha256, sizeof k.sha256);
	return k;
}

static void
writes_and_reads(void **state)
{
	struct store *s;
	struct store_tx *r;
	(void)state;
	assert_ok(store_open(dir, (struct store_options){0}, &s));
	assert_ok(store_reader_new(s, &r));
	struct key a = key_make("a");
	assert_ok(store_write(s, put_key, &a));
	AUTO_QUERY(q, r, SQL_API_KEY_FIND);
	query_bytes(&q, BYTES_OF(a.sha256));
	assert_true(query_next(&q));
	assert_true(str_eq(query_get_text(&q, 0), STR("a")));
	assert_false(query_next(&q));
	assert_ok(query_end(&q));
	assert_err(store_write(s, put_key, &a), ERR_EXISTS);
	assert_int_equal(count_keys(r), 1);
	store_reader_free(r);
	store_free(s);
}

static void
an_error_undoes_only_its_own_command(void **state)
{
	struct store *s;
	struct store_tx *r;
	(void)state;
	assert_ok(store_open(dir, (struct store_options){0}, &s));
	assert_ok(store_reader_new(s, &r));
	struct key bad = key_make("bad"), good = key_make("good");
	bad.fail = true;
	assert_err(store_write(s, put_key, &bad), ERR_INPUT);
	assert_string_equal(err_detail(), "wanted by the test");
	assert_ok(store_write(s, put_key, &good));
	assert_int_equal(count_keys(r), 1);
	store_reader_free(r);
	store_free(s);
}

/* What was answered is there after the process is gone without a word. */
static void
survives_a_kill(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		struct store *s;
		struct key a = key_make("kept");
		if (!err_is(store_open(dir, (struct store_options){0}, &s)) && !err_is(store_write(s, put_key, &a)))
			_exit(0);
		_exit(1);
	}
	int status;
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	struct store *s;
	struct store_tx *r;
	assert_ok(store_open(dir, (struct store_options){0}, &s));
	assert_ok(store_reader_new(s, &r));
	assert_int_equal(count_keys(r), 1);
	store_reader_free(r);
	store_free(s);
}

static void
one_process_has_it(void **state)
{
	struct store *s, *again;
	(void)state;
	assert_ok(store_open(dir, (struct store_options){0}, &s));
	assert_err(store_open(dir, (struct store_options){0}, &again), ERR_STORE_LOCKED);
	store_free(s);
	assert_ok(store_open(dir, (struct store_options){0}, &s));
	store_free(s);
}

static void
full_then_room(void **state)
{
	struct store *s;
	(void)state;
	assert_ok(store_open(dir, (struct store_options){.pages_max = 240}, &s));
	struct key first = key_make("first"), fat = key_make("fat"), after = key_make("after");
	fat.fat = 1 << 20; /* 256 pages */
	assert_ok(store_write(s, put_key, &first));
	assert_err(store_write(s, put_key, &fat), ERR_DISK_FULL);
	assert_ok(store_write(s, put_key, &after));
	struct store_tx *r;
	assert_ok(store_reader_new(s, &r));
	assert_int_equal(count_keys(r), 2);
	store_reader_free(r);
	store_free(s);
	assert_ok(store_open(dir, (struct store_options){0}, &s));
	assert_ok(store_write(s, put_key, &fat));
	store_free(s);
}

enum { WRITERS = 16, EACH = 50 };

static void *
write_many(void *arg)
{
	struct store *s = ((void **)arg)[0];
	int who = *(int *)((void **)arg)[1];
	for (int i = 0; i < EACH; i++) {
		char id[32];
		snprintf(id, sizeof id, "%d-%d", who, i);
		struct key k = key_make(id);
		k.fail = i % 10 == 9;
		err_t e = store_write(s, put_key, &k);
		if (err_is(e) != k.fail)
			return s; /* anything but NULL */
	}
	return NULL;
}

static void
many_share_commits(void **state)
{
	struct store *s;
	struct store_tx *r;
	(void)state;
	assert_ok(store_open(dir, (struct store_options){0}, &s));
	pthread_t threads[WRITERS];
	int who[WRITERS];
	void *args[WRITERS][2];
	for (int i = 0; i < WRITERS; i++) {
		who[i] = i;
		args[i][0] = s;
		args[i][1] = &who[i];
		assert_int_equal(pthread_create(&threads[i], NULL, write_many, args[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		void *ret;
		pthread_join(threads[i], &ret);
		assert_null(ret);
	}
	assert_ok(store_reader_new(s, &r));
	assert_int_equal(count_keys(r), WRITERS * EACH * 9 / 10);
	struct store_counts c = store_counts(s);
	print_message("# %llu commands in %llu commits\n", (unsigned long long)c.commands, (unsigned long long)c.commits);
	assert_int_equal(c.commands, WRITERS * EACH);
	assert_true(c.commits < c.commands);
	store_reader_free(r);
	store_free(s);
}

/* What is committed while a reader holds a moment is seen after it, whoever else reads; moments may be nested. */
static void
a_moment_stays_the_same(void **state)
{
	(void)state;
	struct store *s;
	struct store_tx *held, *other;
	struct key one = {.id = "one", .sha256 = {1}}, two = {.id = "two", .sha256 = {2}}, three = {.id = "three", .sha256 = {3}};
	assert_ok(store_open(dir, (struct store_options){0}, &s));
	assert_ok(store_reader_new(s, &held));
	assert_ok(store_reader_new(s, &other));
	assert_ok(store_write(s, put_key, &one));
	{
		AUTO_SNAPSHOT(outer, held);
		assert_int_equal(count_keys(held), 1);
		assert_ok(store_write(s, put_key, &two));
		assert_int_equal(count_keys(other), 2);
		{
			AUTO_SNAPSHOT(inner, held);
			assert_int_equal(count_keys(held), 1);
		}
		assert_int_equal(count_keys(held), 1);
	}
	assert_int_equal(count_keys(held), 2);
	assert_ok(store_write(s, put_key, &three));
	assert_int_equal(count_keys(held), 3);
	store_reader_free(held);
	store_reader_free(other);
	store_free(s);
}

static void
readers_cannot_write(void **state)
{
	struct store *s;
	struct store_tx *r;
	(void)state;
	assert_ok(store_open(dir, (struct store_options){0}, &s));
	assert_ok(store_reader_new(s, &r));
	struct key a = key_make("a");
	assert_err(put_key(r, &a), ERR_STORE);
	store_reader_free(r);
	store_free(s);
}

/* Every statement compiles against the schema. */
static err_t
prepare_all(struct store_tx *tx, void *arg)
{
	(void)arg;
	for (int i = 0; i < SQL_COUNT; i++) {
		AUTO_QUERY(q, tx, (enum query_sql)i);
		TRY(query_end(&q));
	}
	return OK;
}

static void
statements_fit_the_schema(void **state)
{
	struct store *s;
	(void)state;
	assert_ok(store_open(dir, (struct store_options){0}, &s));
	assert_ok(store_write(s, prepare_all, NULL));
	store_free(s);
}

static sqlite3 *
database_open(void)
{
	sqlite3 *db = NULL;
	char path[128];
	snprintf(path, sizeof path, "%s/paraph.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

/* The first column of the first row. */
static int
number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int n = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

static bool
blob_used(struct store_tx *r, const char *name)
{
	AUTO_QUERY(q, r, SQL_BLOB_USED);
	query_text(&q, str_c(name));
	bool used = query_next(&q);
	assert_ok(query_end(&q));
	return used;
}

/* What the first version of the schema held is there after the update, and found. */
static void
an_older_database_is_updated(void **state)
{
	static const char rows[] =
	    "INSERT INTO file VALUES (1, x'01', 'o', 'b-file', x'00', 1, 1, '{}', 5);"
	    "INSERT INTO request (n, id, owner, title, sender, state, deadline_at, made_at) VALUES (1, x'02', 'o', 't', 's', 'sent', 9, 5);"
	    "INSERT INTO document VALUES (1, x'03', x'02', 1, 't', x'01', 'b-original', x'00', 1, 1, 'b-revision0', x'00', 1, 'b-plan', x'00', 5);"
	    "INSERT INTO revision (n, document, act, intent, blob, sha256, length, record, evidence, made_at)"
	    " VALUES (1, x'03', x'04', x'05', 'b-revision', x'00', 1, x'00', '{}', 5);"
	    "INSERT INTO api_key (n, id, sha256, roles, name, made_at) VALUES (1, 'a', x'00', 'sender', 'n', 5);";
	static const char *const used[] = {"b-file", "b-original", "b-revision0", "b-plan", "b-revision"};
	struct store *s;
	struct store_tx *r;
	(void)state;
	sqlite3 *db = database_open();
	assert_ok(schema_update(db, 1));
	assert_int_equal(number(db, "PRAGMA user_version"), 1);
	assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	for (int round = 0; round < 2; round++) { /* the second finds it updated */
		assert_ok(store_open(dir, (struct store_options){0}, &s));
		assert_ok(store_reader_new(s, &r));
		for (size_t i = 0; i < sizeof used / sizeof *used; i++)
			assert_true(blob_used(r, used[i]));
		assert_false(blob_used(r, "b-orphan"));
		assert_int_equal(count_keys(r), 1);
		struct key more = key_make(round == 0 ? "b" : "a");
		assert_int_equal(store_write(s, put_key, &more).code, round == 0 ? ERR_OK : ERR_EXISTS);
		store_reader_free(r);
		store_free(s);
		if (round == 0) {
			db = database_open();
			assert_int_equal(number(db, "PRAGMA user_version"), 3);
			assert_int_equal(sqlite3_exec(db, "DELETE FROM api_key WHERE id = 'b'", NULL, NULL, NULL), SQLITE_OK);
			sqlite3_close(db);
		}
	}
}

static const char *const texts[] = {
#define SQL(name, text) [SQL_##name] = text,
#include "store/sql.def"
#undef SQL
};

/* What housekeeping asks, for each blob or every few seconds, and each signature, grows with what is asked for and not with the tables. */
static void
housekeeping_searches_and_never_scans(void **state)
{
	static const struct {
		enum query_sql sql;
		int indexes; /* beside the primary key */
	} asked[] = {{SQL_BLOB_USED, 6}, {SQL_SESSION_PURGE, 1}, {SQL_IDEMPOTENCY_PURGE, 1}, {SQL_REQUEST_PAST, 1},
	    {SQL_OUTBOX_DUE, 1}, {SQL_ACT_OPEN, 1}, {SQL_INTENT_OPEN, 2}, {SQL_FILE_AFTER, 1}, {SQL_FILE_PURGE, 1}, {SQL_REVOCATION_AFTER, 0},
	    {SQL_CERTIFICATE_AFTER, 1}, {SQL_CERTIFICATE_REVOKED_AFTER, 1}, {SQL_CRL_REPLACED, 0}};
	struct store *s;
	(void)state;
	assert_ok(store_open(dir, (struct store_options){0}, &s));
	store_free(s);
	sqlite3 *db = database_open();
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		char sql[1024];
		sqlite3_stmt *stmt = NULL;
		int searches = 0;
		snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", texts[asked[i].sql]);
		assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(stmt, 3);
			if (strstr(step, "SCAN") != NULL)
				fail_msg("%s: %s", texts[asked[i].sql], step);
			searches += strstr(step, "USING INDEX") != NULL || strstr(step, "USING COVERING INDEX") != NULL;
		}
		sqlite3_finalize(stmt);
		assert_int_equal(searches, asked[i].indexes);
	}
	sqlite3_close(db);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
static const struct CMUnitTest tests[] = {
	TEST(writes_and_reads), TEST(an_error_undoes_only_its_own_command), TEST(survives_a_kill), TEST(one_process_has_it),
	TEST(full_then_room), TEST(many_share_commits), TEST(readers_cannot_write), TEST(a_moment_stays_the_same),
	TEST(statements_fit_the_schema), TEST(an_older_database_is_updated), TEST(housekeeping_searches_and_never_scans),
};
UNIT_MAIN(tests)
