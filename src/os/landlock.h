/* Landlock by raw system calls: the headers of Debian 12 know fewer rights than its users' kernels, and a kernel that knows fewer than we ask for gets what it knows. */
#ifndef PARAPH_OS_LANDLOCK_H
#define PARAPH_OS_LANDLOCK_H

#include "os/jail.h"

/* Allows only the paths (with exec rights when asked), and no TCP unless internet; signals stay inside. A kernel without
 * Landlock: a log line, and OK, because the rest of the jail still holds. */
err_t landlock_enter(const struct jail_path *paths, size_t n, bool internet, bool exec);

/* The kernel's version of it; 0 without. */
int landlock_version(void);

#endif
