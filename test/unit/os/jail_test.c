/* A child enters the jail and tries the forbidden acts itself; the same acts without the jail succeed, so the test can fail. */
#include "os/attempt.h"
#include "os/jail.h"
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char folder[] = "/tmp/paraph-jail-XXXXXX";
static char inside[64], other[64];

/* 0 denied, 1 it worked. jailed: false tries it free. */
static int
attempt(const char *act, const char *argument, bool jailed, unsigned extra)
{
	char text[128];
	snprintf(text, sizeof text, "%s:%s", act, argument);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct jail_path path = {inside, JAIL_READ | JAIL_WRITE};
		struct jail jail = {.program = "test", .paths = &path, .paths_n = 1, .extra = extra};
		dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		if (jailed && err_is(jail_enter(&jail)))
			_exit(9);
		_exit(attempt_main(text));
	}
	int status;
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
forbidden_acts_fail_in_the_jail_only(void **state)
{
	(void)state;
	char file[96], self[16], made[96];
	snprintf(file, sizeof file, "%s/file", other);
	snprintf(made, sizeof made, "%s/made", other);
	snprintf(self, sizeof self, "%d", (int)getpid());
	const struct { const char *act, *argument; } acts[] = {
	    {"read-other", file}, {"write-outside", made}, {"inet-socket", "9"}, {"signal", self}, {"fork", ""}, {"execve", ""},
	};
	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
		assert_int_equal(attempt(acts[i].act, acts[i].argument, false, 0), 1);
		assert_int_equal(attempt(acts[i].act, acts[i].argument, true, JAIL_FILES), 0);
	}
	/* Tracing one's parent: free, it may be refused by the system as well. */
	assert_int_equal(attempt("ptrace", self, true, JAIL_FILES), 0);
	assert_int_equal(attempt("no-such-act", "", true, JAIL_FILES), 2);
	/* What is allowed works: own folder, and a fork where it was asked for. */
	snprintf(made, sizeof made, "%s/own", inside);
	assert_int_equal(attempt("write-outside", made, true, JAIL_FILES), 1);
	assert_int_equal(attempt("read-other", made, true, JAIL_FILES), 1);
	assert_int_equal(attempt("read-other", made, true, 0), 0);
	assert_int_equal(attempt("fork", "", true, JAIL_FILES | JAIL_FORK), 1);
}

static void *
nothing(void *arg)
{
	return arg;
}

static void
a_jailed_program_can_work(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		struct jail jail = {.program = "test"};
		pthread_t t;
		uint8_t octets[32];
		if (err_is(jail_enter(&jail)))
			_exit(1);
		void *p = malloc(10 << 20);
		rand_fill(octets, sizeof octets);
		_exit(p != NULL && pthread_create(&t, NULL, nothing, NULL) == 0 && pthread_join(t, NULL) == 0 ? 0 : 2);
	}
	int status;
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int
folders_make(void **state)
{
	(void)state;
	char file[96];
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(inside, sizeof inside, "%s/inside", folder);
	snprintf(other, sizeof other, "%s/other", folder);
	snprintf(file, sizeof file, "%s/file", other);
	if (mkdir(inside, 0700) != 0 || mkdir(other, 0700) != 0)
		return -1;
	int fd = open(file, O_WRONLY | O_CREAT, 0600);
	return fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0 ? 0 : -1;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(forbidden_acts_fail_in_the_jail_only),
    cmocka_unit_test(a_jailed_program_can_work),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, folders_make, NULL);
}
