#include "store/query.h"
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
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
	assert_ok(store_open(dir, (struct store_options){.pages_max = 120}, &s));
	struct key first = key_make("first"), fat = key_make("fat"), after = key_make("after");
	fat.fat = 1 << 20; /* 128 pages */
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
static const struct CMUnitTest tests[] = {
	TEST(writes_and_reads), TEST(an_error_undoes_only_its_own_command), TEST(survives_a_kill), TEST(one_process_has_it),
	TEST(full_then_room), TEST(many_share_commits), TEST(readers_cannot_write), TEST(a_moment_stays_the_same),
	TEST(statements_fit_the_schema),
};
UNIT_MAIN(tests)
