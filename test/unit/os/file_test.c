#include "os/file.h"
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>

static char folder[] = "/tmp/paraph-file-XXXXXX";

static void
replaced_whole_with_its_mode(void **state)
{
	(void)state;
	char path[64], temporary[80];
	struct stat st;
	snprintf(path, sizeof path, "%s/f", folder);
	snprintf(temporary, sizeof temporary, "%s.new", path);
	assert_ok(file_replace(path, str_bytes(STR("one")), 0640));
	assert_ok(file_replace(path, str_bytes(STR("second")), 0600));
	AUTO_BUF(b, 100);
	assert_ok(file_read_path(path, &b));
	assert_true(bytes_eq(buf_bytes(&b), str_bytes(STR("second"))));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_not_equal(stat(temporary, &st), 0);
}

static void
failures_say_what(void **state)
{
	(void)state;
	AUTO_BUF(b, 100);
	assert_err(file_replace("/nowhere/at/all", str_bytes(STR("x")), 0600), ERR_IO);
	assert_non_null(strstr(err_detail(), "/nowhere/at/all"));
	assert_err(file_read_path("/nowhere/at/all", &b), ERR_IO);
	AUTO_FD(full) = open("/dev/full", O_WRONLY);
	assert_err(file_write(full, str_bytes(STR("x"))), ERR_DISK_FULL);
}

static void
copies_and_reads_ranges(void **state)
{
	(void)state;
	char path[64];
	unit_seed();
	size_t n = 300000;
	uint8_t *octets = malloc(n), *back = malloc(n);
	unit_fill(octets, n);
	snprintf(path, sizeof path, "%s/from", folder);
	assert_ok(file_replace(path, bytes(octets, n), 0600));
	AUTO_FD(from) = open(path, O_RDONLY);
	snprintf(path, sizeof path, "%s/to", folder);
	AUTO_FD(to) = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
	assert_ok(file_copy(from, 100, n, to));
	assert_ok(file_copy(from, 0, 100, to));
	assert_ok(file_pread(to, 0, n - 100, back));
	assert_memory_equal(back, octets + 100, n - 100);
	assert_ok(file_pread(to, n - 100, 100, back));
	assert_memory_equal(back, octets, 100);
	assert_err(file_pread(to, n - 10, 11, back), ERR_IO);
	uint64_t size;
	assert_ok(file_size(to, &size));
	assert_int_equal(size, n);
	free(octets);
	free(back);
}

static void
append_only_files_take_copies(void **state)
{
	(void)state;
	char path[64];
	snprintf(path, sizeof path, "%s/small", folder);
	assert_ok(file_replace(path, str_bytes(STR("abc")), 0600));
	AUTO_BUF(tiny, 2);
	assert_err(file_read_path(path, &tiny), ERR_LIMIT);
	assert_ok(file_mkdir(folder, 0700));
	assert_err(file_mkdir(path, 0700), ERR_IO);
}

static int
folder_make(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(replaced_whole_with_its_mode),
    cmocka_unit_test(failures_say_what),
    cmocka_unit_test(copies_and_reads_ranges),
    cmocka_unit_test(append_only_files_take_copies),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, folder_make, NULL);
}
