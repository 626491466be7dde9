/* A folder for one test, removed at its end. */
#ifndef PARAPH_TEST_SCRATCH_H
#define PARAPH_TEST_SCRATCH_H

#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void
scratch_make(char path[64])
{
	snprintf(path, 64, "/tmp/paraph-test-XXXXXX");
	assert_non_null(mkdtemp(path));
}

static inline void
scratch_remove(const char *path)
{
	DIR *dir = opendir(path);
	if (dir == NULL)
		return;
	for (struct dirent *d = readdir(dir); d != NULL; d = readdir(dir)) {
		char below[PATH_MAX];
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (snprintf(below, sizeof below, "%s/%s", path, d->d_name) < (int)sizeof below && unlink(below) != 0)
			scratch_remove(below);
	}
	closedir(dir);
	rmdir(path);
}

#endif
