#include "cli/ground.h"
#include "os/file.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>

static char top[PATH_MAX], directory[PATH_MAX + 8], mark[PATH_MAX + 32], theirs[PATH_MAX + 32];

static void
put(const char *path)
{
	assert_ok(file_replace(path, bytes("x", 1), 0644));
}

/* A folder of our own, with a file that is looked for and never started. */
static int
start(void **state)
{
	(void)state;
	char program[PATH_MAX + 32];
	snprintf(top, sizeof top, "/tmp/paraph-ground.XXXXXX");
	assert_non_null(mkdtemp(top));
	assert_int_equal(chmod(top, 0711), 0);
	snprintf(directory, sizeof directory, "%s/i", top);
	snprintf(mark, sizeof mark, "%s/unfinished", directory);
	snprintf(theirs, sizeof theirs, "%s/theirs", directory);
	snprintf(program, sizeof program, "%s/paraph-keys", top);
	put(program);
	return setenv("PARAPH_LIBEXEC", top, 1);
}

static int
end(void **state)
{
	(void)state;
	char program[PATH_MAX + 32];
	snprintf(program, sizeof program, "%s/paraph-keys", top);
	unlink(mark);
	unlink(theirs);
	rmdir(directory);
	unlink(program);
	return rmdir(top);
}

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void
taken_and_cleared(void **state)
{
	(void)state;
	struct ground g;
	for (int found = 0; found < 2; found++) {
		if (found)
			assert_int_equal(mkdir(directory, 0750), 0);
		assert_ok(ground_check(directory, &g));
		assert_ok(ground_take(&g));
		assert_true(is_there(mark));
		put(theirs);
		assert_true(ground_clear(&g));
		assert_int_equal(is_there(directory), found);
	}
	assert_int_equal(rmdir(directory), 0);
}

/* Two at once: each looked before the other took. */
static void
one_of_two_takes_it(void **state)
{
	(void)state;
	for (int found = 0; found < 2; found++) {
		struct ground a, b;
		if (found)
			assert_int_equal(mkdir(directory, 0750), 0);
		assert_ok(ground_check(directory, &a));
		assert_ok(ground_check(directory, &b));
		assert_ok(ground_take(&a));
		assert_err(ground_take(&b), ERR_CONF);
		assert_true(is_there(mark));
		put(theirs); /* a goes on, and finishes */
		assert_ok(ground_finish(directory));
		assert_err(ground_take(&b), ERR_CONF);
		assert_true(is_there(theirs));
		assert_false(is_there(mark));
		unlink(theirs);
		assert_int_equal(rmdir(directory), 0);
	}
}

static void
what_came_meanwhile_stays(void **state)
{
	(void)state;
	struct ground g;
	assert_ok(ground_check(directory, &g));
	assert_int_equal(mkdir(directory, 0755), 0);
	assert_err(ground_take(&g), ERR_CONF);
	assert_true(is_there(directory));
	assert_ok(ground_check(directory, &g)); /* found, and empty */
	put(theirs);
	assert_err(ground_take(&g), ERR_CONF);
	assert_true(is_there(theirs));
	assert_false(is_there(mark));
	unlink(theirs);
	/* Another folder in the place of the one that was taken. */
	char aside[PATH_MAX + 16];
	snprintf(aside, sizeof aside, "%s/aside", top);
	assert_ok(ground_take(&g));
	assert_int_equal(rename(directory, aside), 0);
	assert_int_equal(mkdir(directory, 0755), 0);
	put(theirs);
	assert_false(ground_clear(&g));
	assert_true(is_there(theirs));
	unlink(theirs);
	assert_int_equal(rmdir(directory), 0);
	assert_int_equal(rename(aside, directory), 0);
	assert_true(ground_clear(&g));
}

/* The folder that is missing is named, not the one above it. */
static void
missing_folder_is_named(void **state)
{
	(void)state;
	struct ground g;
	char path[PATH_MAX + 32], says[PATH_MAX + 64];
	snprintf(path, sizeof path, "%s/no/where", top);
	snprintf(says, sizeof says, "%s/no, in which", top);
	assert_err(ground_check(path, &g), ERR_IO);
	assert_ptr_equal(strstr(err_detail(), says), err_detail());
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(missing_folder_is_named, start, end),
    cmocka_unit_test_setup_teardown(taken_and_cleared, start, end),
    cmocka_unit_test_setup_teardown(one_of_two_takes_it, start, end),
    cmocka_unit_test_setup_teardown(what_came_meanwhile_stays, start, end),
};

UNIT_MAIN(tests)
