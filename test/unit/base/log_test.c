#include "base/log.h"
#include "unit.h"

#include <sys/wait.h>

static char caught[16384];

/* What write_lines puts on descriptor 2; it runs in a child, so that cmocka's own output stays. */
static const char *
catch(void (*write_lines)(void))
{
	int pipe_fd[2];
	size_t n = 0;
	assert_int_equal(pipe(pipe_fd), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(pipe_fd[1], STDERR_FILENO);
		write_lines();
		_exit(0);
	}
	close(pipe_fd[1]);
	for (ssize_t got; (got = read(pipe_fd[0], caught + n, sizeof caught - 1 - n)) > 0;)
		n += (size_t)got;
	caught[n] = '\0';
	close(pipe_fd[0]);
	waitpid(pid, NULL, 0);
	return caught;
}

static void
write_plain(void)
{
	log_init("test", LOG_INFO);
	log_event(LOG_NOTICE, "ready", "sockets", "3", "path", "/run/x", NULL);
	log_event(LOG_DEBUG, "hidden", NULL);
}

static void
one_line_of_json(void **state)
{
	(void)state;
	const char *line = catch(write_plain);
	assert_true(strncmp(line, "{\"time\":\"20", 11) == 0);
	assert_non_null(strstr(line, "\"program\":\"test\""));
	assert_non_null(strstr(line, "\"level\":\"notice\",\"event\":\"ready\",\"sockets\":\"3\",\"path\":\"/run/x\"}\n"));
	assert_null(strstr(line, "hidden"));
	assert_int_equal(strlen(strchr(line, '\n')), 1);
}

static void
write_hostile(void)
{
	log_event(LOG_ERR, "e", "v", "a\"b\\c\nd\x1b[31m\xc2\x9b" "e\xff\xe2\x80\xae" "f\xc3\xab\xf4\x8f\xbf\xbf", NULL);
}

static void
nothing_gets_out(void **state)
{
	(void)state;
	const char *line = catch(write_hostile);
	assert_non_null(strstr(line,
	    "\"v\":\"a\\\"b\\\\c\\u000ad\\u001b[31m\\u009be\\ufffd\\u202ef\xc3\xab\\ufffd\"}\n"));
}

static char longest[8000];

static void
write_long(void)
{
	memset(longest, 'a', sizeof longest - 1);
	log_event(LOG_ERR, "e", "first", "1", "long", longest, "last", "2", NULL);
	log_event(LOG_ERR, longest, "last", "3", NULL);
	longest[4096 - 16] = '\0';
	log_event(LOG_ERR, "e", "long", longest, "last", "4", NULL);
}

static void
long_values_leave_the_line_whole(void **state)
{
	(void)state;
	const char *line = catch(write_long);
	assert_non_null(strstr(line, "\"first\":\"1\",\"last\":\"2\"}\n"));
	assert_non_null(strstr(line, "\"event-too-long\",\"last\":\"3\"}\n"));
	assert_non_null(strstr(line, "\"last\":\"4\"}\n"));
	assert_null(strstr(line, "aaaaaaaa"));
}

static void
write_error(void)
{
	log_error(err_make(ERR_DISK_FULL, "writing %s", "x"), "store-failed");
	log_security("mac", "wrong");
	log_event(LOG_ERR, "null", "v", NULL, NULL);
}

static void
errors_carry_their_registry_row(void **state)
{
	(void)state;
	const char *line = catch(write_error);
	assert_non_null(strstr(line, "\"level\":\"err\",\"event\":\"store-failed\",\"error\":\"DISK_FULL\",\"number\":\"101\","
	    "\"detail\":\"writing x\",\"place\":\""));
	assert_non_null(strstr(line, "log_test.c:"));
	assert_non_null(strstr(line, "\"event\":\"mac\",\"security\":\"1\",\"detail\":\"wrong\"}\n"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_line_of_json),
    cmocka_unit_test(nothing_gets_out),
    cmocka_unit_test(long_values_leave_the_line_whole),
    cmocka_unit_test(errors_carry_their_registry_row),
};
UNIT_MAIN(tests)
