#include "cli/ground.h"
#include "os/file.h"
#include "os/instance.h"
#include "os/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/un.h>

enum { ROOM_MB = 100, OPEN_FOLDERS = 16 };

/* The longest name of a socket in an instance. */
static const char socket_name[] = "/run/status-15.sock";

/* Of a path whose last component need not exist. */
static err_t
absolute(const char *path, char ret_path[PATH_MAX])
{
	char folder[PATH_MAX], name[PATH_MAX], *last;
	if (path[0] == '\0')
		return err_make(ERR_CONF, "the name of the directory is empty");
	if (realpath(path, ret_path) != NULL)
		return OK;
	if (errno != ENOENT || strlen(path) >= PATH_MAX)
		return err_errno("%s", path);
	snprintf(folder, sizeof folder, "%s", path);
	snprintf(name, sizeof name, "%s", path);
	last = basename(name);
	char above[PATH_MAX];
	const char *into = dirname(folder); /* once: it changes what it is given */
	if (realpath(into, above) == NULL)
		return err_errno("%s, in which the instance is to be made", into);
	if (snprintf(ret_path, PATH_MAX, "%s/%s", strcmp(above, "/") == 0 ? "" : above, last) >= PATH_MAX)
		return err_make(ERR_CONF, "the path %s is too long", path);
	return OK;
}

static err_t
name_check(const char *path)
{
	if (strpbrk(path, "\"'\\{};$#") != NULL)
		return err_make(ERR_CONF, "the path %s holds a quote, backslash, brace or other special character: choose another one", path);
	for (const char *c = path; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return err_make(ERR_CONF, "the path of the directory holds a control character: choose another one");
	size_t most = sizeof ((struct sockaddr_un *)NULL)->sun_path - 1 - strlen(socket_name);
	if (strlen(path) > most)
		return err_make(ERR_CONF, "the path %s has more than %zu octets: sockets in it could not be named, choose a shorter one", path,
		    most);
	return OK;
}

/* No more than so many things in it. */
static err_t
items_check(const char *path, size_t most)
{
	DIR *d = opendir(path);
	if (d == NULL)
		return err_errno("%s", path);
	size_t n = 0, dots = 2; /* "." and ".." are in every folder */
	while (n <= most + dots && readdir(d) != NULL)
		n++;
	closedir(d);
	return n <= most + dots ? OK : err_make(ERR_CONF, "%s is not empty: choose another directory", path);
}

static err_t
mark_path(const char *directory, char ret_path[PATH_MAX])
{
	if (snprintf(ret_path, PATH_MAX, "%s/" INSTANCE_UNFINISHED, directory) >= PATH_MAX)
		return err_make(ERR_CONF, "the path %s is too long", directory);
	return OK;
}

/* What an init left that had no time to clear up. */
static err_t
rest_check(const char *directory)
{
	char mark[PATH_MAX];
	TRY(mark_path(directory, mark));
	if (access(mark, F_OK) == 0)
		return err_make(ERR_CONF, "%s is not complete: an earlier paraph init was interrupted. Remove it first", directory);
	return items_check(directory, 0);
}

/* The folder itself, or the one that it will be made in. */
static err_t
place_check(const char *path)
{
	struct statvfs s;
	if (access(path, W_OK | X_OK) != 0)
		return err_errno("%s", path);
	if (statvfs(path, &s) != 0)
		return err_errno("%s", path);
	unsigned long long free_mb = (unsigned long long)s.f_bavail * s.f_frsize >> 20;
	if (free_mb < ROOM_MB)
		return err_make(ERR_DISK_FULL, "%s has %llu MiB left, an instance needs %d", path, free_mb, (int)ROOM_MB);
	return OK;
}

/* As root the programs are started as users of their own. */
static err_t
ways_check(const char *directory)
{
	char program[PATH_MAX], inside[PATH_MAX + 8];
	TRY(process_find("paraph-keys", program));
	if (geteuid() != 0)
		return OK;
	TRY(process_check_way(program));
	snprintf(inside, sizeof inside, "%s", directory);
	return process_check_way(inside);
}

err_t
ground_check(const char *directory, struct ground *ret_ground)
{
	struct ground g = {0};
	char above[PATH_MAX];
	TRY(absolute(directory, g.directory));
	TRY(name_check(g.directory));
	g.found = lstat(g.directory, &g.before) == 0;
	if (g.found && !S_ISDIR(g.before.st_mode))
		return err_make(ERR_CONF, "%s exists and is not a directory: choose another one", g.directory);
	if (g.found)
		TRY(rest_check(g.directory));
	snprintf(above, sizeof above, "%s", g.directory);
	TRY(place_check(g.found ? g.directory : dirname(above)));
	TRY(ways_check(g.directory));
	*ret_ground = g;
	return OK;
}

/* Made by us alone: where the mark is already, another init is at work. */
static err_t
mark_make(const char *directory)
{
	char mark[PATH_MAX];
	TRY(mark_path(directory, mark));
	AUTO_FD(fd) = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444);
	if (fd < 0 && errno == EEXIST)
		return err_make(ERR_CONF, "another paraph init is at work in %s", directory);
	if (fd < 0)
		return err_errno("making %s", mark);
	file_sync(fd);
	file_sync_dir_of(mark);
	return OK;
}

/* The mark, and nothing that came since the folder was looked at. */
static err_t
mark_alone_make(struct ground *g)
{
	char mark[PATH_MAX];
	TRY(mark_path(g->directory, mark));
	TRY(mark_make(g->directory));
	err_t e = items_check(g->directory, 1);
	if (!err_is(e) && lstat(g->directory, &g->taken) != 0)
		e = err_errno("%s", g->directory);
	if (err_is(e))
		(void)unlink(mark);
	return e;
}

err_t
ground_take(struct ground *g)
{
	bool made = !g->found;
	if (made && mkdir(g->directory, 0711) != 0)
		return errno != EEXIST ? err_errno("making %s", g->directory) :
		    err_make(ERR_CONF, "%s was made by somebody else just now: choose another directory", g->directory);
	err_t e = mark_alone_make(g);
	if (err_is(e) && made)
		(void)rmdir(g->directory); /* stays when somebody put anything into it */
	return e;
}

err_t
ground_finish(const char *directory)
{
	char mark[PATH_MAX];
	TRY(mark_path(directory, mark));
	if (unlink(mark) != 0)
		return err_errno("removing %s", mark);
	file_sync_dir_of(mark);
	return OK;
}

static const char *kept; /* nftw() passes nothing on */

static int
one_remove(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	if (kept == NULL || strcmp(path, kept) != 0)
		(void)remove(path); /* what stays shows in the folder above */
	return 0;
}

bool
ground_clear(const struct ground *g)
{
	struct stat now;
	if (lstat(g->directory, &now) != 0 || now.st_dev != g->taken.st_dev || now.st_ino != g->taken.st_ino)
		return false; /* another folder lies there now */
	kept = g->found ? g->directory : NULL;
	(void)nftw(g->directory, one_remove, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	if (!g->found)
		return access(g->directory, F_OK) != 0;
	bool same = chown(g->directory, g->before.st_uid, g->before.st_gid) == 0;
	/* After the change of owner, which clears the set-group-id bit. */
	same = chmod(g->directory, g->before.st_mode & 07777) == 0 && same;
	return !err_is(items_check(g->directory, 0)) && same;
}
