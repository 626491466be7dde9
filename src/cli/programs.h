/* The running programs of an instance, as /proc shows them. */
#ifndef PARAPH_CLI_PROGRAMS_H
#define PARAPH_CLI_PROGRAMS_H

#include "os/instance.h"

enum { PROGRAMS_WANTED_MAX = INSTANCE_STATUS_MAX + 7, PROGRAMS_MAX = 128 };

struct programs {
	/* What a working instance has: each program in each role. */
	struct program_wanted {
		const char *binary;
		uid_t uid;     /* whose process it is */
		char role[24]; /* the argument that tells it from others of that program; empty: there is one only */
		bool there;
	} wanted[PROGRAMS_WANTED_MAX];
	size_t wanted_n;
	/* Those that run, and what can be seen of their jails. */
	struct program {
		char name[32];
		int pid;
		bool no_new_privs;
		bool filter; /* a filter of system calls is loaded, or the program has none by design */
	} all[PROGRAMS_MAX];
	size_t n;
};

/* Finds every process that was started with instance=DIR of this instance, its supervisor and its front; no process of a user as
 * whom the service does not run, whatever it calls itself. */
void programs_find(const struct instance *i, struct programs *ret_programs);

#endif
