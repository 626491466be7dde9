/* The running programs of an instance, as /proc shows them. */
#ifndef PARAPH_CLI_PROGRAMS_H
#define PARAPH_CLI_PROGRAMS_H

#include "os/instance.h"

enum { PROGRAMS_WANTED = 6, PROGRAMS_MAX = 128 };

/* The programs that a working instance has at least one process of. */
extern const char *const programs_wanted[PROGRAMS_WANTED];

struct programs {
	struct program {
		char name[32];
		int pid;
		bool no_new_privs;
		bool seccomp; /* a filter is loaded */
	} all[PROGRAMS_MAX];
	size_t n;
	bool there[PROGRAMS_WANTED];
};

/* Finds every process that was started with instance=DIR of this instance. */
void programs_find(const struct instance *i, struct programs *ret_programs);

#endif
