/*
 * One running program: started with its descriptors, watched by its control channel and its log pipe, started again
 * with a growing pause when it ends.
 */
#ifndef PARAPH_SUPERVISOR_CHILD_H
#define PARAPH_SUPERVISOR_CHILD_H

#include "os/process.h"
#include "supervisor/roster.h"
#include "supervisor/sink.h"

enum { CHILD_DESCRIPTORS_MAX = ROSTER_CHANNELS_MAX + 4 };

struct child {
	const struct roster_program *program;
	pid_t pid;      /* 0: not running */
	int control_fd; /* ours; -1 */
	int listen_fd;  /* stays open over restarts; -1 */
	bool ready;
	bool stopping;
	unsigned starts;
	unsigned failures;    /* ends in a row without a calm time between */
	int64_t started_us;   /* monotonic */
	int64_t start_due_us; /* when to start it (again) */
	struct sink sink;
};

/* A named descriptor for the new program. */
struct child_fd {
	const char *name;
	int fd;
};

/* Starts the program with fds (which stay ours to close). path is of the binary. */
err_t child_start(
    struct child *c, const struct instance *instance, const char *path, const struct child_fd *fds, size_t fds_n);

/* Notes the end of the process and when to start it again; closes its channel and pipe. status is waitpid's. */
void child_ended(struct child *c, int status);

#endif
