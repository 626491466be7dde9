/*
 * The log: DIR/log/paraph.log, which is descriptor 2 of paraphd itself; what the programs write on their descriptor 2
 * comes through pipes and is copied line by line. A line of a program cannot pass for two, and holds no control
 * characters. The file is rotated by size; while no new one can be made, it grows.
 */
#ifndef PARAPH_SUPERVISOR_SINK_H
#define PARAPH_SUPERVISOR_SINK_H

#include "os/instance.h"

enum {
	SINK_LINE_MAX = 8192,
	SINK_FILE_MAX = 16 * 1024 * 1024,
	SINK_FILES_KEPT = 5,
};

/* One program's pipe. */
struct sink {
	int fd; /* our end, non-blocking; -1: none */
	const char *name;
	size_t n;
	bool skipping; /* the rest of a line that was too long */
	char line[SINK_LINE_MAX];
	char last[1024]; /* the newest line, to tell the operator why a program would not start */
};

/* Opens the log file as descriptor 2. */
err_t sink_open(const struct instance *instance);

/* Makes the pipe; ret_write_fd is for the program. */
err_t sink_pipe(struct sink *s, const char *name, int *ret_write_fd);
/* Copies what is there; false when the other end is closed. */
bool sink_read(struct sink *s);
/* Copies the rest and closes our end. */
void sink_close(struct sink *s);

#endif
