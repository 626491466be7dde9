#include "core/served.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/rand.h"

err_t
served_make(struct core *core, struct str blob, const char *ext, char ret_name[SERVED_NAME_MAX])
{
	uint8_t random[16];
	char hex[2 * sizeof random + 1], path[4096];
	rand_fill(random, sizeof random);
	bytes_hex(BYTES_OF(random), hex);
	snprintf(ret_name, SERVED_NAME_MAX, "%s%s", hex, ext);
	if ((size_t)snprintf(path, sizeof path, "%s/%s", core->set.served_dir, ret_name) >= sizeof path)
		return err_make(ERR_CONF, "the path of served/ is too long");
	TRY(blob_link(core->blobs, blob, path));
	/* The age of a link is told by its change time, which linking has just set. */
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
