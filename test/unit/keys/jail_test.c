/*
 * Each role, in its jail, tries the forbidden acts itself and is denied. Without the jail line most of them work, which
 * shows that this test can turn red. Needs a build with fault hooks and without a sanitizer.
 */
#include "keys/program.h"

static struct house house;

static int
set_up(void **state)
{
	(void)state;
	house_make(&house);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	house_done(&house);
	return 0;
}

static int
attempt(const char *role, const char *act)
{
	char more[300];
	const struct process_descriptor fds[] = {{0, 0}, {2, 1}, {2, 2}};
	assert_true(strlen(act) <= 280);
	snprintf(more, sizeof more, "--attempt=%.280s", act);
	return program_wait(program_start(&house, role, more, fds, 3));
}

#ifdef PARAPH_FAULT_HOOKS

/* One sibling to signal and to trace. */
static pid_t
sibling(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

static void
acts_of(const char *role, const char *other, pid_t pid, char acts[7][200])
{
	snprintf(acts[0], 200, "read-other:%s/keys/%s/keystore", house.dir, other);
	snprintf(acts[1], 200, "write-outside:%s/keys/%s/planted", house.dir, other);
	snprintf(acts[2], 200, "inet-socket:9");
	snprintf(acts[3], 200, "execve");
	snprintf(acts[4], 200, "fork");
	snprintf(acts[5], 200, "signal:%d", (int)pid);
	snprintf(acts[6], 200, "ptrace:%d", (int)pid);
	(void)role;
}

static void
denied(void **state)
{
	(void)state;
	static const char *const roles[2][2] = {{"issuing", "status"}, {"status", "issuing"}};
	char acts[7][200];
	pid_t pid = sibling();
	for (size_t r = 0; r < 2; r++) {
		acts_of(roles[r][0], roles[r][1], pid, acts);
		for (size_t i = 0; i < 7; i++)
			if (attempt(roles[r][0], acts[i]) != 0)
				fail_msg("%s could %s", roles[r][0], acts[i]);
	}
	kill(pid, SIGKILL);
	program_wait(pid);
}

/* The same without the jail. Acts that depend on the user and the machine (ptrace) are left out. */
static void
works_without_jail(void **state)
{
	(void)state;
	char acts[7][200];
	pid_t pid = sibling();
	acts_of("issuing", "status", pid, acts);
	setenv("PARAPH_NO_JAIL", "1", 1);
	for (size_t i = 0; i < 6; i++)
		if (attempt("issuing", acts[i]) != 1)
			fail_msg("even without a jail: %s", acts[i]);
	unsetenv("PARAPH_NO_JAIL");
	kill(pid, SIGKILL);
	program_wait(pid);
}

#else

static void
denied(void **state)
{
	(void)state;
	(void)attempt;
	skip();
}
#define works_without_jail denied

#endif

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(denied),
    cmocka_unit_test(works_without_jail),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
