/*
 * Starting programs with exactly the descriptors they need, and what a started program finds: its arguments are
 * name=value pairs (instance=DIR keys=4 control=3).
 */
#ifndef PARAPH_OS_PROCESS_H
#define PARAPH_OS_PROCESS_H

#include "base/err.h"
#include <stddef.h>
#include <sys/types.h>

/* The value of "name=…" among the arguments; NULL when it is not there. */
const char *process_argument(int argc, char **argv, const char *name);
/* The descriptor of "name=4": checked to be open, and made close-on-exec. ERR_CONF when missing or not a number. */
err_t process_fd(int argc, char **argv, const char *name, int *ret_fd);

/* First thing in main of every program: umask 077, no core dumps, not dumpable, descriptors 0 to 2 open, SIGPIPE ignored. */
void process_harden(void);

struct process_descriptor {
	int fd; /* here */
	int as; /* in the new program; 3 and above, or 0 to 2 */
};

struct process_start {
	const char *path;
	char *const *argv;
	char *const *envp;
	const struct process_descriptor *descriptors;
	size_t descriptors_n;
	uid_t uid; /* used when started as root and not 0 */
	gid_t gid;
	const gid_t *groups;
	size_t groups_n;
	bool low_ports; /* of all rights of root it keeps the one to open ports below 1024 (CAP_NET_BIND_SERVICE) */
	const char *directory; /* NULL: "/" */
	/* Runs in the new process after the identity changed, before exec (the front's Landlock). NULL: nothing. */
	err_t (*before_exec)(void *arg);
	void *arg;
};

/* fork and exec; all other descriptors are closed. A failure after fork ends the child with 127 and a log line. */
err_t process_start(const struct process_start *start, pid_t *ret_pid);

/* Folder of the running binary, without a slash at the end; ret has room for PATH_MAX. */
err_t process_folder(char *ret_folder);

/* Where a program of ours lies: $PARAPH_LIBEXEC, the folder of the running binary, ../libexec/paraph beside it, or
 * ../<room>/ in a build tree. ERR_NOT_FOUND names the places looked at. ret has room for PATH_MAX. */
err_t process_find(const char *program, char *ret_path);
/* The same for shared files ("policy/profiles"): $PARAPH_SHARE, ../share/paraph or ../../share/paraph beside the running binary. */
err_t process_share(const char *name, char *ret_path);
/* Whether users of their own, as which root starts the programs, can pass every folder above a path; ERR_CONF names the one. */
err_t process_check_way(const char *path);

#endif
