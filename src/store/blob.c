#include "store/blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/rand.h"
#include "os/file.h"

struct blob_dir {
	int kept_fd, new_fd;
};

/* Removes every file of a directory. */
static err_t
clear(int dir_fd)
{
	int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (d == NULL)
		return err_errno("blobs/new");
	for (struct dirent *entry; (entry = readdir(d)) != NULL;)
		if (entry->d_name[0] != '.')
			unlinkat(dir_fd, entry->d_name, 0);
	closedir(d);
	return OK;
}

static err_t
open_dir(int at, const char *name, int *ret_fd)
{
	if (mkdirat(at, name, 0700) != 0 && errno != EEXIST)
		return err_errno("mkdir %s", name);
	*ret_fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? err_errno("%s", name) : OK;
}

err_t
blob_open(const char *path, struct blob_dir **ret_dir)
{
	struct blob_dir *dir = calloc(1, sizeof *dir);
	if (dir == NULL)
		abort();
	dir->kept_fd = dir->new_fd = -1;
	err_t e = open_dir(AT_FDCWD, path, &dir->kept_fd);
	if (!err_is(e))
		e = open_dir(dir->kept_fd, "new", &dir->new_fd);
	if (!err_is(e))
		e = clear(dir->new_fd);
	if (err_is(e)) {
		blob_close(dir);
		return e;
	}
	*ret_dir = dir;
	return OK;
}

void
blob_close(struct blob_dir *dir)
{
	if (dir == NULL)
		return;
	file_close(&dir->new_fd);
	file_close(&dir->kept_fd);
	free(dir);
}

err_t
blob_new(struct blob_dir *dir, struct blob_new *ret_new)
{
	uint8_t random[BLOB_NAME_LEN / 2];
	struct blob_new new = {.dir = dir};
	rand_fill(random, sizeof random);
	bytes_hex(BYTES_OF(random), new.name.text);
	new.fd = openat(dir->new_fd, new.name.text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (new.fd < 0)
		return err_errno("new blob");
	/* Whatever the umask: a blob that is linked into served/ is read by the front through its group. */
	if (fchmod(new.fd, 0640) != 0) {
		close(new.fd);
		return err_errno("new blob");
	}
	*ret_new = new;
	return OK;
}

err_t
blob_new_append(struct blob_dir *dir, struct blob_new *ret_new)
{
	TRY(blob_new(dir, ret_new));
	if (fcntl(ret_new->fd, F_SETFL, O_APPEND) != 0) {
		blob_drop(ret_new);
		return err_errno("new blob");
	}
	return OK;
}

err_t
blob_scratch(struct blob_new *ret_new)
{
	int fd = memfd_create("scratch", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_errno("scratch");
	if (fcntl(fd, F_SETFL, O_APPEND) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) != 0) {
		close(fd);
		return err_errno("scratch");
	}
	*ret_new = (struct blob_new){.fd = fd, .kept = true};
	return OK;
}

err_t
blob_new_read(const struct blob_new *new, int *ret_fd)
{
	int fd = openat(new->dir->new_fd, new->name.text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno("blob %s", new->name.text);
	*ret_fd = fd;
	return OK;
}

err_t
blob_keep(struct blob_new *new)
{
	file_sync(new->fd);
	if (renameat(new->dir->new_fd, new->name.text, new->dir->kept_fd, new->name.text) != 0)
		return err_errno("blob %s", new->name.text);
	new->kept = true;
	file_sync(new->dir->kept_fd);
	return OK;
}

void
blob_drop(struct blob_new *new)
{
	if (new->fd < 0)
		return;
	close(new->fd);
	new->fd = -1;
	if (!new->kept)
		unlinkat(new->dir->new_fd, new->name.text, 0);
}

/* Names come from our own records, but a path must never leave the directory. */
static err_t
name_of(struct str name, struct blob_name *ret_name)
{
	uint8_t octets[BLOB_NAME_LEN / 2];
	TRY(bytes_unhex(name, sizeof octets, octets));
	bytes_hex(BYTES_OF(octets), ret_name->text);
	return OK;
}

err_t
blob_get(struct blob_dir *dir, struct str name, int *ret_fd)
{
	struct blob_name n;
	TRY(name_of(name, &n));
	int fd = openat(dir->kept_fd, n.text, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_make(ERR_NOT_FOUND, "blob %s", n.text);
	if (fd < 0)
		return err_errno("blob %s", n.text);
	*ret_fd = fd;
	return OK;
}

err_t
blob_read(struct blob_dir *dir, struct str name, struct buf *b)
{
	AUTO_FD(fd) = -1;
	TRY(blob_get(dir, name, &fd));
	return file_read(fd, b);
}

err_t
blob_link(struct blob_dir *dir, struct str name, const char *path)
{
	struct blob_name n;
	TRY(name_of(name, &n));
	if (linkat(dir->kept_fd, n.text, AT_FDCWD, path, 0) != 0)
		return err_errno("link %s", path);
	return OK;
}

err_t
blob_remove(struct blob_dir *dir, struct str name)
{
	struct blob_name n;
	TRY(name_of(name, &n));
	if (unlinkat(dir->kept_fd, n.text, 0) != 0 && errno != ENOENT)
		return err_errno("remove blob %s", n.text);
	return OK;
}

err_t
blob_digest(int fd, uint8_t ret_sha256[DIGEST_SHA256_LEN], uint64_t *ret_len)
{
	AUTO_DIGEST(d, DIGEST_SHA256);
	uint64_t len;
	TRY(file_size(fd, &len));
	TRY(digest_file(fd, 0, len, d));
	digest_peek(d, ret_sha256);
	*ret_len = len;
	return OK;
}

static bool
older(int dir_fd, const char *name, int64_t age_s)
{
	struct stat st;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now); /* compared with the file system's own times only */
	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    now.tv_sec - st.st_mtim.tv_sec >= age_s;
}

err_t
blob_each(struct blob_dir *dir, int64_t age_s, err_t (*f)(void *arg, struct str name), void *arg)
{
	int copy = openat(dir->kept_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (d == NULL)
		return err_errno("blobs");
	err_t e = OK;
	for (struct dirent *entry; !err_is(e) && (entry = readdir(d)) != NULL;)
		if (strlen(entry->d_name) == BLOB_NAME_LEN && older(dir->kept_fd, entry->d_name, age_s))
			e = f(arg, str_c(entry->d_name));
	closedir(d);
	return e;
}
