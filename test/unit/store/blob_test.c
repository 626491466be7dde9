#include "store/blob.h"
#include "os/file.h"
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>

static char dir[64];

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/paraph-blob-XXXXXX");
	return mkdtemp(dir) == NULL;
}

static err_t
remove_one(void *arg, struct str name)
{
	return blob_remove(arg, name);
}

static void
clean(struct blob_dir *d)
{
	char path[128];
	assert_ok(blob_each(d, 0, remove_one, d));
	blob_close(d);
	snprintf(path, sizeof path, "%s/new", dir);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void
kept_is_found(void **state)
{
	struct blob_dir *d;
	(void)state;
	assert_ok(blob_open(dir, &d));
	struct blob_name name;
	{
		AUTO_BLOB(b);
		assert_ok(blob_new(d, &b));
		assert_ok(file_write(b.fd, bytes("hello", 5)));
		name = b.name;
		int fd;
		assert_err(blob_get(d, str_c(name.text), &fd), ERR_NOT_FOUND);
		assert_ok(blob_keep(&b));
	}
	AUTO_BUF(content, 100);
	assert_ok(blob_read(d, str_c(name.text), &content));
	assert_true(bytes_eq(buf_bytes(&content), bytes("hello", 5)));
	AUTO_FD(fd) = -1;
	assert_ok(blob_get(d, str_c(name.text), &fd));
	uint8_t sha256[32], wanted[32];
	uint64_t len;
	assert_ok(blob_digest(fd, sha256, &len));
	digest_sha256(bytes("hello", 5), wanted);
	assert_memory_equal(sha256, wanted, 32);
	assert_int_equal(len, 5);
	char path[128];
	snprintf(path, sizeof path, "%s/new/linked", dir);
	assert_ok(blob_link(d, str_c(name.text), path));
	assert_int_equal(unlink(path), 0);
	assert_ok(blob_remove(d, str_c(name.text)));
	assert_ok(blob_remove(d, str_c(name.text)));
	clean(d);
}

static void
what_is_not_kept_is_gone(void **state)
{
	struct blob_dir *d;
	(void)state;
	assert_ok(blob_open(dir, &d));
	struct blob_new left = {.fd = -1};
	{
		AUTO_BLOB(b);
		assert_ok(blob_new(d, &b));
		assert_ok(blob_new(d, &left));
	}
	char path[128];
	struct stat st;
	snprintf(path, sizeof path, "%s/new/%s", dir, left.name.text);
	assert_int_equal(stat(path, &st), 0);
	/* a crash: nobody drops it */
	close(left.fd);
	blob_close(d);
	assert_ok(blob_open(dir, &d));
	assert_int_equal(stat(path, &st), -1);
	clean(d);
}

static void
append_only(void **state)
{
	struct blob_dir *d;
	(void)state;
	assert_ok(blob_open(dir, &d));
	{
		AUTO_BLOB(b);
		assert_ok(blob_new_append(d, &b));
		assert_ok(file_write(b.fd, bytes("abc", 3)));
		assert_int_equal(pwrite(b.fd, "XYZ", 3, 0), 3); /* Linux appends all the same */
		uint8_t got[6];
		assert_ok(file_pread(b.fd, 0, 6, got));
		assert_memory_equal(got, "abcXYZ", 6);
	}
	clean(d);
}

static void
scratch_only_grows(void **state)
{
	(void)state;
	AUTO_BLOB(b);
	uint64_t n;
	uint8_t got[6];
	assert_ok(blob_scratch(&b));
	assert_ok(file_write(b.fd, bytes("abc", 3)));
	assert_int_equal(pwrite(b.fd, "XYZ", 3, 0), 3);
	assert_int_equal(ftruncate(b.fd, 1), -1);
	assert_ok(file_size(b.fd, &n));
	assert_int_equal(n, 6);
	assert_ok(file_pread(b.fd, 0, 6, got));
	assert_memory_equal(got, "abcXYZ", 6);
}

static void
names_do_not_leave_the_directory(void **state)
{
	struct blob_dir *d;
	int fd;
	(void)state;
	assert_ok(blob_open(dir, &d));
	assert_err(blob_get(d, STR("../../../../../../etc/passwd/1234"), &fd), ERR_INPUT);
	assert_err(blob_get(d, STR(""), &fd), ERR_INPUT);
	assert_err(blob_get(d, STR("00000000000000000000000000000000"), &fd), ERR_NOT_FOUND);
	clean(d);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(kept_is_found, make_dir), cmocka_unit_test_setup(what_is_not_kept_is_gone, make_dir),
	cmocka_unit_test_setup(append_only, make_dir), cmocka_unit_test(scratch_only_grows),
	cmocka_unit_test_setup(names_do_not_leave_the_directory, make_dir),
};
UNIT_MAIN(tests)
