#include "base/fault.h"
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>

/* Runs three points in a child with PARAPH_FAULT set; says how many it passed and whether it was killed. */
static int
child_run(const char *fault, bool *ret_killed)
{
	int pipe_fd[2], status;
	assert_int_equal(pipe(pipe_fd), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("PARAPH_FAULT", fault, 1);
		close(STDERR_FILENO);
		for (int i = 0; i < 3; i++) {
			FAULT_POINT("keys-before-sign");
			FAULT_POINT("other");
			if (write(pipe_fd[1], "x", 1) != 1)
				_exit(9);
		}
		_exit(0);
	}
	close(pipe_fd[1]);
	char passed[8];
	int n = 0;
	for (ssize_t got; (got = read(pipe_fd[0], passed, sizeof passed)) > 0;)
		n += (int)got;
	close(pipe_fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*ret_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	return n;
}

static void
kills_at_the_named_turn(void **state)
{
	(void)state;
#ifdef PARAPH_FAULT_HOOKS
	bool killed;
	assert_int_equal(child_run("keys-before-sign", &killed), 0);
	assert_true(killed);
	assert_int_equal(child_run("keys-before-sign@2", &killed), 1);
	assert_true(killed);
	assert_int_equal(child_run("other@3", &killed), 2);
	assert_true(killed);
#endif
}

static void
leaves_others_alone(void **state)
{
	(void)state;
	bool killed;
	static const char *const none[] = {"", "keys", "keys-before-sign-2", "keys-before-sign@4", "keys-before-sign@0", "@1"};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		assert_int_equal(child_run(none[i], &killed), 3);
		assert_false(killed);
	}
#ifndef PARAPH_FAULT_HOOKS
	assert_int_equal(child_run("keys-before-sign", &killed), 3);
	assert_false(killed);
#endif
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(kills_at_the_named_turn),
    cmocka_unit_test(leaves_others_alone),
};
UNIT_MAIN(tests)
