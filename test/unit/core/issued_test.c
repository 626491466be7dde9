/* The published store is brought up to what the database has: what is new, and everything where it is not known what it has. */
#include "core/authority.h"
#include "core/issued.h"
#include "open.h"
#include "os/clock.h"
#include "os/file.h"
#include "published/published_read.h"
#include "published/published_write.h"

#include <sqlite3.h>
#include <sys/wait.h>

static struct authority authority = {.issuing_key_sha256 = {7}};
static char status[128];

static void
serial_of(unsigned i, uint8_t ret_serial[ISSUED_SERIAL_LEN])
{
	memset(ret_serial, 0, ISSUED_SERIAL_LEN);
	ret_serial[0] = 0x40;
	ret_serial[18] = (uint8_t)(i >> 8);
	ret_serial[19] = (uint8_t)i;
}

/* Rows that a certificate refers to do not matter here. */
static void
run(const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(store_path(open_core.store), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
issue(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		char sql[512];
		snprintf(sql, sizeof sql, "INSERT INTO certificate (serial, intent, der, not_before, not_after, signed, made_at) VALUES"
		    " (x'40%034x%04x', x'%032x', x'30%04x', 5, 9, x'00', 5)", 0U, i, i, i);
		run(sql);
	}
}

static void
revoked(unsigned i)
{
	char sql[512];
	snprintf(sql, sizeof sql, "INSERT INTO revocation (serial, at, reason, actor) VALUES (x'40%034x%04x', 7000000, 1, 'test')", 0U, i);
	run(sql);
}

/* What a status process would find: read in a process of its own, for LMDB takes one opening of a store in each. */
static enum published_status
told(unsigned i, bool *ret_known)
{
	enum { UNKNOWN = 100 };
	int how = 0;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct published_reader *reader;
		struct published_certificate c;
		uint8_t serial[ISSUED_SERIAL_LEN];
		serial_of(i, serial);
		if (err_is(published_read_open(status, &reader)) || err_is(published_read_begin(reader)))
			_exit(UNKNOWN + 1);
		err_t e = published_read_certificate(reader, authority.issuing_key_sha256, BYTES_OF(serial), &c);
		_exit(err_is(e) ? UNKNOWN : (int)c.status);
	}
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_true(WIFEXITED(how) && WEXITSTATUS(how) <= UNKNOWN);
	*ret_known = WEXITSTATUS(how) < UNKNOWN;
	return *ret_known ? (enum published_status)WEXITSTATUS(how) : PUBLISHED_GOOD;
}

static bool
is_known(unsigned i)
{
	bool known;
	(void)told(i, &known);
	return known;
}

static bool
is_revoked(unsigned i)
{
	bool known;
	return told(i, &known) == PUBLISHED_REVOKED && known;
}

static void
store_remove(void)
{
	char path[192];
	snprintf(path, sizeof path, "%s/data.mdb", status);
	unlink(path);
	snprintf(path, sizeof path, "%s/lock.mdb", status);
	unlink(path);
}

/* As at a start. */
static void
reopen(bool new_store)
{
	published_write_close(open_core.published);
	if (new_store)
		store_remove();
	assert_ok(published_write_open(status, &open_core.published));
}

static int
setup(void **state)
{
	if (open_setup(state) != 0)
		return -1;
	snprintf(status, sizeof status, "%s/status", open_dir);
	open_core.authority = &authority;
	return err_is(file_mkdir(status, 0750)) || err_is(published_write_open(status, &open_core.published));
}

static int
teardown(void **state)
{
	published_write_close(open_core.published);
	store_remove();
	rmdir(status);
	return open_teardown(state);
}

/* Of the published store while it is brought up to date. */
static uint64_t
commits(void)
{
	uint64_t before = published_write_commits(open_core.published);
	assert_ok(issued_publish_new(&open_worker));
	return published_write_commits(open_core.published) - before;
}

static void
only_what_is_new(void **state)
{
	(void)state;
	issue(0, 20);
	revoked(3);
	assert_true(commits() > 0);
	assert_true(is_known(0) && is_known(19) && is_revoked(3) && !is_revoked(4));
	assert_int_equal(commits(), 0);
	reopen(false);
	assert_int_equal(commits(), 0); /* nothing since, so nothing is read and put */
	issue(20, 22);
	revoked(4); /* of those that were published before */
	assert_true(commits() > 0);
	assert_true(is_known(21) && is_revoked(4) && is_revoked(3));
	reopen(false);
	assert_int_equal(commits(), 0);
}

static void
everything_into_a_store_that_lost_it(void **state)
{
	(void)state;
	issue(0, 20);
	revoked(3);
	assert_ok(issued_publish_new(&open_worker));
	reopen(true);
	assert_true(commits() > 0);
	assert_true(is_known(0) && is_known(19) && is_revoked(3));
}

/* A database that was set back to an older copy went on from there: the same numbers mean other certificates now. */
static void
everything_from_a_database_that_went_another_way(void **state)
{
	(void)state;
	issue(0, 20);
	assert_ok(issued_publish_new(&open_worker));
	run("DELETE FROM certificate WHERE n > 10");
	issue(30, 40);
	assert_true(commits() > 0);
	assert_true(is_known(30) && is_known(39));
	revoked(1);
	revoked(2);
	assert_true(commits() > 0);
	run("DELETE FROM revocation");
	revoked(5);
	revoked(6);
	assert_true(commits() > 0);
	assert_true(is_revoked(5) && is_revoked(6));
	assert_true(is_revoked(1)); /* for ever */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
static const struct CMUnitTest tests[] = {
	TEST(only_what_is_new), TEST(everything_into_a_store_that_lost_it), TEST(everything_from_a_database_that_went_another_way),
};
UNIT_MAIN(tests)
