#include "supervisor/front_cache.h"
#include "base/digest.h"
#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

enum { LEVELS = 2 }; /* of folders below it: levels=1:2 in share/nginx/front.conf */

/* Where the answers of status are kept for seconds: in memory, because OCSP must go on when the disk is full. The name
 * depends on the instance only, so that the start after a kill finds its own folder again. */
static bool
memory_cache_name(const struct instance *i, char ret_path[PATH_MAX])
{
	struct statfs fs;
	uint8_t digest[DIGEST_SHA256_LEN];
	char hex[2 * 8 + 1];
	if (statfs(FRONT_CACHE_MEMORY, &fs) != 0 || fs.f_type != TMPFS_MAGIC)
		return false;
	digest_sha256(bytes(i->directory, strlen(i->directory)), digest);
	bytes_hex(bytes(digest, 8), hex);
	snprintf(ret_path, PATH_MAX, FRONT_CACHE_MEMORY "/paraph-front-%s", hex);
	return true;
}

/* /dev/shm belongs to everybody: only a folder that is the front's alone will do. */
static bool
cache_is_ours(const struct instance *i, const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700 &&
	       st.st_uid == (geteuid() == 0 ? instance_uid(i, INSTANCE_USER_FRONT) : geteuid());
}

err_t
front_cache(const struct instance *i, char ret_path[PATH_MAX])
{
	if (memory_cache_name(i, ret_path) && cache_is_ours(i, ret_path))
		return OK;
	return instance_path(i, "front/cache", ret_path);
}

bool
front_cache_in_memory(const char *path)
{
	return strncmp(path, FRONT_CACHE_MEMORY "/", sizeof FRONT_CACHE_MEMORY) == 0;
}

void
front_cache_make(const struct instance *i)
{
	char path[PATH_MAX];
	uid_t front = instance_uid(i, INSTANCE_USER_FRONT);
	if (memory_cache_name(i, path) && mkdir(path, 0700) == 0 && geteuid() == 0 && lchown(path, front, (gid_t)front) != 0)
		rmdir(path);
}

/* Another user filled it: no link is followed, and what lies deeper than nginx's own files stays. */
static void
folder_empty(int parent_fd, const char *name, unsigned depth)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (d == NULL) {
		file_close(&fd);
		return;
	}
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || unlinkat(fd, e->d_name, 0) == 0 || depth == 0)
			continue;
		folder_empty(fd, e->d_name, depth - 1);
		unlinkat(fd, e->d_name, AT_REMOVEDIR);
	}
	closedir(d);
}

void
front_cache_remove(const struct instance *i)
{
	char path[PATH_MAX];
	if (!memory_cache_name(i, path) || !cache_is_ours(i, path))
		return;
	folder_empty(AT_FDCWD, path, LEVELS);
	rmdir(path);
}
