#include "core/served.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/rand.h"
#include "os/clock.h"

static err_t
path_make(const struct core *core, const char *name, char ret_path[PATH_MAX])
{
	if (snprintf(ret_path, PATH_MAX, "%s/%s", core->set.served_dir, name) >= PATH_MAX)
		return err_make(ERR_CONF, "the path of served/ is too long");
	return OK;
}

/* The second of its making stands first: a link has no time of its own, all of a blob share one. */
static err_t
name_make(const struct core *core, const char *ext, char ret_name[SERVED_NAME_MAX], char ret_path[PATH_MAX])
{
	uint8_t random[16];
	char hex[2 * sizeof random + 1];
	rand_fill(random, sizeof random);
	bytes_hex(BYTES_OF(random), hex);
	snprintf(ret_name, SERVED_NAME_MAX, "%lld-%s%s", (long long)(clock_now() / TIME_SECOND), hex, ext);
	return path_make(core, ret_name, ret_path);
}

/* What has no time in its name is old. */
static bool
is_old(const char *name, int64_t now_s)
{
	uint64_t made = 0;
	struct str second = {name, strcspn(name, "-")};
	if (err_is(str_u64(second, INT64_MAX, &made)))
		return true;
	int64_t age = now_s - (int64_t)made;
	return age > SERVED_SECONDS || age < -SERVED_SECONDS;
}

err_t
served_make(struct core *core, struct str blob, const char *ext, char ret_name[SERVED_NAME_MAX])
{
	char path[PATH_MAX];
	TRY(name_make(core, ext, ret_name, path));
	return blob_link(core->blobs, blob, path);
}

err_t
served_new(struct core *core, const char *ext, char ret_name[SERVED_NAME_MAX], int *ret_fd)
{
	char path[PATH_MAX];
	TRY(name_make(core, ext, ret_name, path));
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_errno("%s", path);
	if (fchmod(fd, 0640) != 0) { /* whatever the umask: the front's group reads it */
		err_t e = err_errno("%s", path);
		close(fd);
		unlink(path);
		return e;
	}
	*ret_fd = fd;
	return OK;
}

void
served_drop(struct core *core, const char *name)
{
	char path[PATH_MAX];
	if (!err_is(path_make(core, name, path)))
		unlink(path);
}

err_t
served_purge(struct core *core)
{
	int fd = open(core->set.served_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int64_t now_s = clock_now() / TIME_SECOND;
	if (d == NULL)
		return err_errno("%s", core->set.served_dir);
	for (struct dirent *entry; (entry = readdir(d)) != NULL;)
		if (entry->d_name[0] != '.' && is_old(entry->d_name, now_s))
			unlinkat(fd, entry->d_name, 0);
	closedir(d);
	return OK;
}
