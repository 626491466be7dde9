#include "core/served.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/rand.h"

static err_t
name_make(const struct core *core, const char *ext, char ret_name[SERVED_NAME_MAX], char ret_path[PATH_MAX])
{
	uint8_t random[16];
	char hex[2 * sizeof random + 1];
	rand_fill(random, sizeof random);
	bytes_hex(BYTES_OF(random), hex);
	snprintf(ret_name, SERVED_NAME_MAX, "%s%s", hex, ext);
	if (snprintf(ret_path, PATH_MAX, "%s/%s", core->set.served_dir, ret_name) >= PATH_MAX)
		return err_make(ERR_CONF, "the path of served/ is too long");
	return OK;
}

err_t
served_make(struct core *core, struct str blob, const char *ext, char ret_name[SERVED_NAME_MAX])
{
	char path[PATH_MAX];
	TRY(name_make(core, ext, ret_name, path));
	return blob_link(core->blobs, blob, path); /* its age is told by the change time, which linking sets */
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
		close(fd);
		return err_errno("%s", path);
	}
	*ret_fd = fd;
	return OK;
}

err_t
served_purge(struct core *core)
{
	int fd = open(core->set.served_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct timespec now;
	if (d == NULL)
		return err_errno("%s", core->set.served_dir);
	clock_gettime(CLOCK_REALTIME, &now); /* compared with the file system's own times only */
	for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
		struct stat st;
		if (entry->d_name[0] != '.' && fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    now.tv_sec - st.st_ctim.tv_sec > SERVED_SECONDS)
			unlinkat(fd, entry->d_name, 0);
	}
	closedir(d);
	return OK;
}
