#include "os/auditor.h"
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>

static const char group_name[] = "paraph-audit";

/* New segments get the group by the set-group-id bit of their folder. */
const struct auditor_folder auditor_folders[] = {
    {"keys/root", 0710, INSTANCE_USER_KEYS},
    {"keys/root/journal", 02750, INSTANCE_USER_KEYS},
    {"keys/issuing", 0710, INSTANCE_USER_KEYS},
    {"keys/issuing/journal", 02750, INSTANCE_USER_KEYS},
    {"keys/status", 0710, INSTANCE_USER_KEYS_STATUS},
    {"keys/status/journal", 02750, INSTANCE_USER_KEYS_STATUS},
    {"audit", 02750, INSTANCE_USER_CORE},
};
const size_t auditor_folders_n = sizeof auditor_folders / sizeof auditor_folders[0];

bool
auditor_group(gid_t *ret_gid)
{
	const struct group *g = geteuid() == 0 ? getgrnam(group_name) : NULL;
	if (g == NULL)
		return false;
	*ret_gid = g->gr_gid;
	return true;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

/* The folder is another user's, who may put anything there: only a plain file of his own, under one name, is opened. */
static err_t
segment_open(int folder, const char *name, uid_t uid, gid_t gid)
{
	struct stat st;
	AUTO_FD(fd) = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != uid || st.st_nlink != 1)
		return OK;
	if (st.st_gid != gid && fchown(fd, (uid_t)-1, gid) != 0)
		return err_errno("giving %s to the group %s", name, group_name);
	return OK;
}

static err_t
segments_open(int folder, uid_t uid, gid_t gid)
{
	int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	err_t e = OK;
	if (d == NULL)
		return err_errno("reading a journal");
	for (struct dirent *one; !err_is(e) && (one = readdir(d)) != NULL;)
		if (ends_with(one->d_name, ".seg"))
			e = segment_open(folder, one->d_name, uid, gid);
	closedir(d);
	return e;
}

static err_t
folder_make(const char *path, uid_t uid, int *ret_fd)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_errno("making %s", path);
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_fd < 0)
		return err_errno("opening %s", path);
	return fchown(*ret_fd, uid, (gid_t)-1) == 0 ? OK : err_errno("giving %s to its user", path);
}

static err_t
folder_open(const struct instance *i, const struct auditor_folder *f, gid_t gid)
{
	char path[PATH_MAX];
	struct stat st;
	uid_t uid = instance_uid(i, f->user);
	TRY(instance_path(i, f->name, path));
	AUTO_FD(fd) = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		TRY(folder_make(path, uid, &fd));
	if (fd < 0 || fstat(fd, &st) != 0 || st.st_uid != uid)
		return OK;
	/* In this order: a change of owner clears the set-group-id bit. */
	if ((st.st_gid != gid && fchown(fd, (uid_t)-1, gid) != 0) || fchmod(fd, f->mode) != 0)
		return err_errno("opening %s to the group %s", path, group_name);
	return ends_with(f->name, "/journal") ? segments_open(fd, uid, gid) : OK;
}

err_t
auditor_admit(const struct instance *i)
{
	gid_t gid;
	if (!auditor_group(&gid))
		return OK;
	for (size_t k = 0; k < auditor_folders_n; k++)
		TRY(folder_open(i, &auditor_folders[k], gid));
	return OK;
}
