#include "supervisor/child.h"
#include "base/log.h"
#include "base/time.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/socket.h"
#include "supervisor/front.h"

#include <assert.h>
#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { ARGUMENTS_MAX = CHILD_DESCRIPTORS_MAX + 6, VARIABLES_MAX = 32, FIRST_FD = 3 };

#define CALM_US (30 * TIME_SECOND)
#define PAUSE_FIRST_US (100 * INT64_C(1000))
#define PAUSE_MOST_US (5 * TIME_SECOND)

/* Texts that live until exec, in one block. */
struct words {
	char *list[ARGUMENTS_MAX + 1];
	size_t n;
	char room[8192 + PATH_MAX];
	size_t used;
};

static void __attribute__((format(printf, 2, 3))) word_add(struct words *w, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	size_t left = sizeof w->room - w->used;
	int n = vsnprintf(w->room + w->used, left, format, args);
	va_end(args);
	assert(n >= 0 && (size_t)n < left && w->n < ARGUMENTS_MAX); /* names of ours and a path that was checked */
	w->list[w->n++] = w->room + w->used;
	w->used += (size_t)n + 1;
}

/* Variables that pass; builds for tests let their own through too. */
static bool
variable_passes(const char *variable)
{
	static const char *const names[] = {
	    "PARAPH_LIBEXEC=",
	    "PARAPH_SHARE=",
#ifdef PARAPH_FAULT_HOOKS
	    "PARAPH_NO_JAIL=",
	    "PARAPH_TEST_",
	    "ASAN_OPTIONS=",
	    "UBSAN_OPTIONS=",
	    "LSAN_OPTIONS=",
	    "TSAN_OPTIONS=",
	    "HOME=",
	    "PYTHONPATH=",
#endif
	};
	for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
		if (strncmp(variable, names[k], strlen(names[k])) == 0)
			return true;
	return false;
}

#ifdef PARAPH_FAULT_HOOKS
/* PARAPH_FAULT_KEYS_STATUS=point kills the first start of keys-status at the point; after a comma stands the point of the next
 * start, and so on. Starts that are not named go on. */
static void
fault_add(struct words *env, const struct child *c)
{
	char variable[64];
	int n = snprintf(variable, sizeof variable, "PARAPH_FAULT_%s", c->program->name);
	for (int k = 0; k < n; k++)
		variable[k] = (char)(variable[k] == '-' ? '_' : toupper((unsigned char)variable[k]));
	const char *points = getenv(variable);
	for (unsigned k = 0; points != NULL && k < c->starts; k++) {
		points = strchr(points, ',');
		points = points == NULL ? NULL : points + 1;
	}
	if (points != NULL && *points != '\0')
		word_add(env, "PARAPH_FAULT=%.*s", (int)strcspn(points, ","), points);
}
#endif

static void
environment_make(struct words *env, const struct child *c)
{
	word_add(env, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
	word_add(env, "LANG=C.UTF-8");
	word_add(env, "TZ=UTC");
	for (char **v = environ; *v != NULL && env->n < VARIABLES_MAX; v++)
		if (variable_passes(*v) && strlen(*v) < PATH_MAX / 2)
			word_add(env, "%s", *v);
#ifdef PARAPH_FAULT_HOOKS
	fault_add(env, c);
#else
	(void)c;
#endif
	env->list[env->n] = NULL;
}

/* In the new process: it ends when paraphd does, whatever happens to its channels. */
static err_t
bind_to_parent(void *arg)
{
	(void)arg;
	return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 ? OK : err_errno("PR_SET_PDEATHSIG");
}

static err_t
bind_and_confine(void *arg)
{
	TRY(bind_to_parent(arg));
	return front_confine(arg);
}

static void
arguments_make(struct words *argv, const struct child *c, const struct instance *i, const struct child_fd *fds,
    size_t n, struct process_descriptor *ret_descriptors)
{
	word_add(argv, "%s", c->program->binary);
	if (c->program->front) {
		front_arguments(i, argv->list, &argv->n);
		return;
	}
	word_add(argv, "instance=%s", i->directory);
	if (c->program->argument[0] != '\0')
		word_add(argv, "%s", c->program->argument);
	for (size_t k = 0; k < n; k++) {
		ret_descriptors[k] = (struct process_descriptor){fds[k].fd, FIRST_FD + (int)k};
		word_add(argv, "%s=%d", fds[k].name, FIRST_FD + (int)k);
	}
	argv->list[argv->n] = NULL;
}

static err_t
process_run(
    struct child *c, const struct instance *i, const char *path, const struct child_fd *fds, size_t fds_n, int log_fd)
{
	static struct words argv, env; /* paraphd has one thread */
	struct process_descriptor descriptors[CHILD_DESCRIPTORS_MAX + 3];
	argv.n = argv.used = env.n = env.used = 0;
	size_t n = c->program->front ? 0 : fds_n;
	arguments_make(&argv, c, i, fds, fds_n, descriptors);
	environment_make(&env, c);
	AUTO_FD(null_fd) = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		return err_errno("opening /dev/null");
	descriptors[n++] = (struct process_descriptor){null_fd, 0};
	descriptors[n++] = (struct process_descriptor){null_fd, 1};
	descriptors[n++] = (struct process_descriptor){log_fd, 2};
	uid_t uid = instance_uid(i, c->program->user);
	gid_t front = (gid_t)instance_uid(i, INSTANCE_USER_FRONT);
	struct process_start start = {
	    .path = path,
	    .argv = argv.list,
	    .envp = env.list,
	    .descriptors = descriptors,
	    .descriptors_n = n,
	    .uid = uid,
	    .gid = (gid_t)uid,
	    .groups = &front,
	    .groups_n = c->program->group_front ? 1 : 0,
	    .low_ports = c->program->front && front_low_ports(i),
	    .before_exec = c->program->front ? bind_and_confine : bind_to_parent,
	    .arg = (void *)(uintptr_t)i,
	};
	return process_start(&start, &c->pid);
}

err_t
child_start(
    struct child *c, const struct instance *instance, const char *path, const struct child_fd *fds, size_t fds_n)
{
	int log_fd;
	TRY(sink_pipe(&c->sink, c->program->name, &log_fd));
	err_t e = process_run(c, instance, path, fds, fds_n, log_fd);
	close(log_fd);
	if (err_is(e)) {
		sink_close(&c->sink);
		return e;
	}
	c->ready = c->program->front; /* nginx says nothing: its ports are asked */
	c->starts++;
	c->started_us = clock_monotonic();
	return OK;
}

static void
pause_set(struct child *c)
{
	int64_t now = clock_monotonic(), pause = PAUSE_FIRST_US;
	c->failures = now - c->started_us > CALM_US ? 0 : c->failures + 1;
	for (unsigned k = 1; k < c->failures && pause < PAUSE_MOST_US; k++)
		pause *= 2;
	c->start_due_us = now + (pause > PAUSE_MOST_US ? PAUSE_MOST_US : pause);
}

void
child_ended(struct child *c, int status)
{
	char how[48];
	if (WIFSIGNALED(status))
		snprintf(how, sizeof how, "signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof how, "status %d", WEXITSTATUS(status));
	c->pid = 0;
	c->ready = false;
	if (c->control_fd >= 0)
		close(c->control_fd);
	c->control_fd = -1;
	sink_close(&c->sink);
	if (c->stopping)
		return;
	pause_set(c);
	log_event(LOG_WARNING, "program-ended", "of", c->program->name, "how", how, NULL);
}
