/*
 * The folder that an instance is to be made in: looked at before anything is written, taken, and given back as it was when
 * making the instance fails half way. One at a time.
 */
#ifndef PARAPH_CLI_GROUND_H
#define PARAPH_CLI_GROUND_H

#include "base/err.h"

#include <limits.h>
#include <sys/stat.h>

struct ground {
	char directory[PATH_MAX]; /* absolute */
	bool found;               /* it was there, and empty */
	struct stat before;       /* if found: its mode and owner */
	struct stat taken;        /* the folder that ground_take() marked */
};

/* Whether an instance can be made there: nothing or an empty folder, in a place that we may write to and the programs may
 * pass, with room, under a name that sockets and the front's configuration can hold. Writes nothing. */
err_t ground_check(const char *directory, struct ground *ret_ground);

/* Makes the folder if it was not found, and puts the mark of instance_finished() into it. Fails, and leaves everything as it is,
 * when somebody else made the folder meanwhile, put something into it or takes it at the same time. */
err_t ground_take(struct ground *g);

/* Takes the mark away: the instance is complete. */
err_t ground_finish(const char *directory);

/* After ground_take() succeeded, and only then: removes all that is in it, and the folder too when we made it. Returns false when
 * something stays. */
bool ground_clear(const struct ground *g);

#endif
