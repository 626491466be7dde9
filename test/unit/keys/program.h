/* The real paraph-keys process of a house: started as paraphd does, with the ends of its channels kept here. */
#ifndef PARAPH_TEST_PROGRAM_H
#define PARAPH_TEST_PROGRAM_H

#include "keys/house.h"

#include "os/process.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* argv beyond role and instance, NULL-terminated; descriptors as in process_start. */
static inline pid_t
program_start(const struct house *h, const char *role, const char *more, const struct process_descriptor *fds, size_t n)
{
	char role_text[32], instance[100], extra[512], share[PATH_MAX + 16];
	char *argv[12] = {(char *)"paraph-keys", role_text, instance, NULL}, *at = extra;
	/* a leak check at exit reads /proc, which the jail does not allow */
	char *envp[] = {share, (char *)"ASAN_OPTIONS=detect_leaks=0",
	    getenv("PARAPH_NO_JAIL") != NULL ? (char *)"PARAPH_NO_JAIL=1" : NULL, NULL};
	const char *path = getenv("PARAPH_KEYS");
	pid_t pid = 0;
	assert_non_null(path);
	snprintf(role_text, sizeof role_text, "role=%s", role);
	snprintf(instance, sizeof instance, "instance=%s", h->dir);
	snprintf(share, sizeof share, "PARAPH_SHARE=%s", getenv("PARAPH_SHARE"));
	snprintf(extra, sizeof extra, "%s", more);
	for (size_t i = 3; i < 11 && at != NULL && *at != '\0'; i++) {
		argv[i] = at;
		at = strchr(at, ' ');
		if (at != NULL)
			*at++ = '\0';
	}
	const struct process_start start = {.path = path, .argv = argv, .envp = envp, .descriptors = fds, .descriptors_n = n};
	assert_ok(process_start(&start, &pid));
	return pid;
}

static inline int
program_wait(pid_t pid)
{
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

/* Replaces the issuing role of a house by a real process; core's channel is h->core. */
static inline pid_t
program_issuing(struct house *h, int *ret_core_fd)
{
	int core[2], courier[2], plan_key = memfd_create("plan-key", MFD_CLOEXEC);
	uint8_t key[PLAN_KEY_LEN];
	house_plan_key(key);
	assert_ok(file_write(plan_key, BYTES_OF(key)));
	desk_free(h->issuing);
	h->issuing = NULL;
	pthread_join(h->courier, NULL);
	close(h->courier_fd);
	assert_ok(socket_pair(core));
	assert_ok(socket_pair(courier));
	const struct process_descriptor fds[] = {{0, 0}, {1, 1}, {2, 2}, {core[1], 3}, {courier[1], 4}, {plan_key, 5}};
	pid_t pid = program_start(h, "issuing", "core-keys=3 keys-courier=4 plan-key=5", fds, 6);
	close(plan_key);
	close(core[1]);
	close(courier[1]);
	h->courier_fd = courier[0];
	pthread_create(&h->courier, NULL, house_courier, h);
	if (ret_core_fd != NULL)
		*ret_core_fd = core[0];
	else
		h->core = client_new(&message_keys, core[0]);
	return pid;
}

#endif
