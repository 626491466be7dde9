/* What nginx may send lies there for a while and no longer, however often the same document is asked for. */
#include "core/archive.h"
#include "core/served.h"
#include "open.h"
#include "os/clock.h"
#include "os/file.h"

#include <dirent.h>
#include <limits.h>
#include <sqlite3.h>

static char served[128], blobs[128];

static int
setup(void **state)
{
	if (open_setup(state) != 0)
		return -1;
	snprintf(served, sizeof served, "%s/served", open_dir);
	snprintf(blobs, sizeof blobs, "%s/blobs", open_dir);
	open_core.set.served_dir = served;
	return err_is(file_mkdir(served, 0750)) || err_is(blob_open(blobs, &open_core.blobs));
}

/* Names in served/; with clear they go. */
static int
count(bool clear)
{
	DIR *d = opendir(served);
	int n = 0;
	assert_non_null(d);
	for (struct dirent *entry; (entry = readdir(d)) != NULL;)
		if (entry->d_name[0] != '.') {
			n++;
			if (clear)
				unlinkat(dirfd(d), entry->d_name, 0);
		}
	closedir(d);
	return n;
}

static int
teardown(void **state)
{
	char path[192];
	count(true);
	rmdir(served);
	blob_close(open_core.blobs);
	snprintf(path, sizeof path, "%s/new", blobs);
	rmdir(path);
	rmdir(blobs);
	return open_teardown(state);
}

/* As if it had been made so many seconds ago. */
static void
age(const char *name, int seconds)
{
	char from[256], to[256];
	snprintf(from, sizeof from, "%s/%s", served, name);
	snprintf(to, sizeof to, "%s/%lld%s", served, (long long)(clock_now() / TIME_SECOND - seconds), strchr(name, '-'));
	assert_int_equal(rename(from, to), 0);
}

static void
an_old_link_goes_though_new_ones_are_made(void **state)
{
	char name[SERVED_NAME_MAX];
	struct blob_new blob;
	(void)state;
	assert_ok(blob_new(open_core.blobs, &blob));
	assert_ok(blob_keep(&blob));
	struct str stored = str_c(blob.name.text);
	for (int i = 0; i < 20; i++) {
		assert_ok(served_make(&open_core, stored, ".pdf", name));
		assert_int_equal(strlen(name), strlen("1795356202-") + 32 + strlen(".pdf"));
		age(name, i < 10 ? SERVED_SECONDS + 5 : SERVED_SECONDS - 60);
	}
	assert_ok(served_make(&open_core, stored, ".pdf", name)); /* which gives all links of the blob a new time */
	assert_ok(served_purge(&open_core));
	assert_int_equal(count(false), 11);
	age(name, -2 * SERVED_SECONDS); /* the clock was set back */
	assert_ok(served_purge(&open_core));
	assert_int_equal(count(false), 10);
	assert_ok(blob_remove(open_core.blobs, stored));
	blob_drop(&blob);
}

static void
other_names_go(void **state)
{
	static const char *const names[] = {"0123456789abcdef0123456789abcdef.pdf", "-0.pdf", "99999999999999999999-0.pdf", "x"};
	char name[SERVED_NAME_MAX];
	int fd;
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[256];
		snprintf(path, sizeof path, "%s/%s", served, names[i]);
		assert_ok(file_replace(path, bytes("x", 1), 0640));
	}
	assert_ok(served_new(&open_core, ".json", name, &fd));
	close(fd);
	assert_ok(served_purge(&open_core));
	assert_int_equal(count(false), 1);
	served_drop(&open_core, name);
	assert_int_equal(count(false), 0);
}

/* A proof whose blob is missing: what was begun in served/ for it does not stay. */
static void
a_file_that_fails_leaves_nothing(void **state)
{
	static const char rows[] =
	    "INSERT INTO act (id, signer, activation, state, begun_at) VALUES (x'01', x'02', x'03', 'signed', 5);"
	    "INSERT INTO proof (act, request, blob, sha256, seal, token, made_at) VALUES (x'01', zeroblob(16),"
	    " '0123456789abcdef0123456789abcdef', x'00', x'00', x'00', 5);";
	char name[SERVED_NAME_MAX];
	sqlite3 *db;
	(void)state;
	assert_int_equal(sqlite3_open(store_path(open_core.store), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_err(archive_proof(&open_worker, (struct id){{0}}, NULL, name), ERR_NOT_FOUND);
	assert_non_null(strstr(err_detail(), "blob"));
	assert_int_equal(count(false), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
static const struct CMUnitTest tests[] = {TEST(an_old_link_goes_though_new_ones_are_made), TEST(other_names_go),
	TEST(a_file_that_fails_leaves_nothing)};
UNIT_MAIN(tests)
