/*
 * The jail that a program enters before it reads a stranger's byte, and before it starts a thread: no_new_privs,
 * Landlock (files, TCP, signals, abstract sockets, as far as the kernel knows them), a seccomp allow-list, resource
 * limits. What is not on the list answers EPERM. There is no way out. Builds with a sanitizer leave out seccomp and the
 * address-space limit, which it cannot live under; the tests of the jails run in the plain build.
 */
#ifndef PARAPH_OS_JAIL_H
#define PARAPH_OS_JAIL_H

#include "base/err.h"
#include <stddef.h>

enum jail_rights {
	JAIL_READ = 1,  /* read files, list folders below the path */
	JAIL_WRITE = 2, /* also write, make, rename and remove below it */
	JAIL_RMDIR = 4, /* also remove empty folders below it */
};

struct jail_path {
	const char *path; /* a path that does not exist is an error */
	unsigned rights;
};

enum jail_extra {
	JAIL_FILES = 1,      /* open, rename, unlink… (Landlock says where) */
	JAIL_FORK = 2,       /* fork and wait (the parent of document children) */
	JAIL_INTERNET = 4,   /* sockets to the internet (courier) */
	JAIL_ACCEPT = 8,     /* accept on the descriptors it was given */
	JAIL_ADJTIMEX = 16,  /* ask the kernel about the clock */
	JAIL_MMAP_SHARED = 32, /* flock and shared maps (LMDB, SQLite) */
};

struct jail {
	const char *program;
	const struct jail_path *paths; /* NULL: no file at all */
	size_t paths_n;
	unsigned extra;
	size_t address_space_mb; /* 0: no limit */
	unsigned cpu_seconds;    /* 0: no limit */
	unsigned files;          /* open descriptors; 0: 1024 */
};

/* ERR_JAIL says which part failed; the program must then end. Call with one thread only. */
err_t jail_enter(const struct jail *jail);

/* Makes the filter of jail_tighten once for all children; before jail_enter. Without it each child makes its own. */
err_t jail_tighten_prepare(void);
/* A forked child takes away more from itself: no files, no fork; own limits. */
err_t jail_tighten(size_t address_space_mb, unsigned cpu_seconds);

/* Only Landlock and no_new_privs, before exec of a program that is not ours (the front). Paths also need exec rights. */
err_t jail_landlock_exec(const struct jail_path *paths, size_t n);

#endif
