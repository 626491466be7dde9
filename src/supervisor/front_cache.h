/*
 * The folder of nginx's cache: in memory, so that OCSP goes on when the disk is full, and front/cache where there is no such
 * file system or the name is taken by somebody else. What lies in memory is made before anything is confined, and removed
 * when all has ended; a paraphd that is killed leaves it to its next start.
 */
#ifndef PARAPH_SUPERVISOR_FRONT_CACHE_H
#define PARAPH_SUPERVISOR_FRONT_CACHE_H

#include "os/instance.h"
#include <limits.h>

#define FRONT_CACHE_MEMORY "/dev/shm"

err_t front_cache(const struct instance *instance, char ret_path[PATH_MAX]);
/* Whether it lies in memory. */
bool front_cache_in_memory(const char *path);

/* What it cannot make there is no error. */
void front_cache_make(const struct instance *instance);
/* When nginx has ended; needs the right to remove folders in FRONT_CACHE_MEMORY. */
void front_cache_remove(const struct instance *instance);

#endif
