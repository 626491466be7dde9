#include "unit.h"

#include "os/file.h"
#include "supervisor/sink.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char folder[] = "/tmp/sink-test-XXXXXX";
static struct instance instance;
static int console;

static int
log_make(void **state)
{
	char path[100];
	(void)state;
	console = dup(STDERR_FILENO);
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(instance.directory, sizeof instance.directory, "%s", folder);
	snprintf(path, sizeof path, "%s/log", folder);
	return mkdir(path, 0700);
}

static int
log_remove(void **state)
{
	char command[100];
	(void)state;
	dup2(console, STDERR_FILENO);
	for (int k = 0; k <= SINK_FILES_KEPT; k++) {
		snprintf(command, sizeof command, k == 0 ? "%s/log/paraph.log" : "%s/log/paraph.log.%d", folder, k);
		unlink(command);
	}
	snprintf(command, sizeof command, "%s/log", folder);
	rmdir(command);
	return rmdir(folder);
}

static size_t
log_read(char *text, size_t room)
{
	char path[100];
	snprintf(path, sizeof path, "%s/log/paraph.log", folder);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	ssize_t n = read(fd, text, room - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return (size_t)n;
}

static void
say(int to, const char *text)
{
	assert_int_equal(write(to, text, strlen(text)), strlen(text));
}

static void
lines_come_whole_and_clean(void **state)
{
	(void)state;
	static char text[65536];
	struct sink s;
	int to;
	assert_ok(sink_open(&instance));
	assert_ok(sink_pipe(&s, "core", &to));
	say(to, "{\"a\":1}\n{\"b\":");
	assert_true(sink_read(&s));
	say(to, "2}\nplain \x1b[31mtext\n");
	say(to, "no end");
	close(to);
	assert_false(sink_read(&s));
	sink_close(&s);
	log_read(text, sizeof text);
	assert_non_null(strstr(text, "{\"a\":1}\n{\"b\":2}\n"));
	assert_non_null(strstr(text, "\"text\":\"plain  [31mtext\""));
	assert_non_null(strstr(text, "no end"));
	assert_null(strchr(text, '\x1b'));
	assert_string_equal(s.last, "no end");
}

static void
endless_lines_are_cut(void **state)
{
	(void)state;
	static char text[65536], octets[30000];
	struct sink s;
	int to;
	memset(octets, 'x', sizeof octets);
	assert_ok(sink_pipe(&s, "core", &to));
	assert_int_equal(write(to, octets, sizeof octets), sizeof octets);
	assert_true(sink_read(&s));
	say(to, "\n{\"after\":1}\n");
	close(to);
	sink_close(&s);
	size_t n = log_read(text, sizeof text);
	assert_true(n < 20000);
	assert_non_null(strstr(text, "{\"after\":1}\n"));
}

static void
the_file_is_rotated_by_size(void **state)
{
	(void)state;
	static char line[4000];
	struct sink s;
	struct stat st;
	int to;
	char path[100];
	memset(line, '{', sizeof line);
	line[sizeof line - 1] = '\n';
	assert_ok(sink_pipe(&s, "core", &to));
	for (int k = 0; k < 3 * SINK_FILE_MAX / (int)sizeof line; k++) {
		assert_int_equal(write(to, line, sizeof line), sizeof line);
		assert_true(sink_read(&s));
	}
	close(to);
	sink_close(&s);
	snprintf(path, sizeof path, "%s/log/paraph.log.2", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > SINK_FILE_MAX && st.st_size < SINK_FILE_MAX + 8192);
	snprintf(path, sizeof path, "%s/log/paraph.log", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size <= SINK_FILE_MAX);
}

static size_t
file_size_of(int k)
{
	char path[100];
	struct stat st;
	snprintf(path, sizeof path, k == 0 ? "%s/log/paraph.log" : "%s/log/paraph.log.%d", folder, k);
	return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static void
lines_copy(struct sink *s, int to, size_t octets)
{
	static char line[4000];
	memset(line, '{', sizeof line);
	line[sizeof line - 1] = '\n';
	for (size_t n = 0; n < octets; n += sizeof line) {
		assert_int_equal(write(to, line, sizeof line), sizeof line);
		assert_true(sink_read(s));
	}
}

/* No descriptor is left for a new file: the old ones stay, and the log goes on. */
static void
without_a_new_file_no_old_one_is_lost(void **state)
{
	(void)state;
	struct sink s;
	struct rlimit limit, none;
	int to;
	char path[100];
	for (int k = 1; k <= SINK_FILES_KEPT; k++) {
		snprintf(path, sizeof path, "%s/log/paraph.log.%d", folder, k);
		AUTO_FD(fd) = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		assert_int_equal(write(fd, "12345", (size_t)k), k);
	}
	assert_ok(sink_pipe(&s, "core", &to));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	int lowest = dup(STDERR_FILENO);
	assert_true(lowest >= 0);
	close(lowest);
	none = (struct rlimit){(rlim_t)lowest, limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	lines_copy(&s, to, SINK_FILE_MAX + SINK_FILE_MAX / 8);
	for (int k = 1; k <= SINK_FILES_KEPT; k++)
		assert_int_equal(file_size_of(k), k);
	assert_true(file_size_of(0) > SINK_FILE_MAX);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	lines_copy(&s, to, SINK_FILE_MAX / 4);
	close(to);
	sink_close(&s);
	assert_true(file_size_of(0) < SINK_FILE_MAX / 4);
	assert_true(file_size_of(1) > SINK_FILE_MAX);
	for (int k = 2; k <= SINK_FILES_KEPT; k++)
		assert_int_equal(file_size_of(k), k - 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lines_come_whole_and_clean),
    cmocka_unit_test(endless_lines_are_cut),
    cmocka_unit_test(the_file_is_rotated_by_size),
    cmocka_unit_test(without_a_new_file_no_old_one_is_lost),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, log_make, log_remove);
}
