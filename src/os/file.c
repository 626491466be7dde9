#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/types.h>

void
file_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

err_t
file_write(int fd, struct bytes data)
{
	while (data.n > 0) {
		ssize_t n = write(fd, data.p, data.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno("writing");
		data = bytes_sub(data, (size_t)n, data.n);
	}
	return OK;
}

err_t
file_pread(int fd, uint64_t at, size_t n, uint8_t *ret)
{
	while (n > 0) {
		ssize_t got = pread(fd, ret, n, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno("reading");
		if (got == 0)
			return err_make(ERR_IO, "the file ends %zu octets early", n);
		ret += got;
		n -= (size_t)got;
		at += (uint64_t)got;
	}
	return OK;
}

err_t
file_size(int fd, uint64_t *ret_size)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return err_errno("looking at a file");
	*ret_size = (uint64_t)st.st_size;
	return OK;
}

err_t
file_read(int fd, struct buf *b)
{
	for (uint64_t at = 0;;) {
		uint8_t step[16384];
		ssize_t n = pread(fd, step, sizeof step, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno("reading");
		if (n == 0)
			return buf_check(b);
		buf_put(b, bytes(step, (size_t)n));
		TRY(buf_check(b));
		at += (uint64_t)n;
	}
}

err_t
file_read_path(const char *path, struct buf *b)
{
	AUTO_FD(fd) = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno("opening %s", path);
	return file_read(fd, b);
}

err_t
file_check_input(const char *path)
{
	struct stat st;
	/* Without waiting: the other end of a pipe may never come. */
	AUTO_FD(fd) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_make(ERR_NO_INPUT, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_make(ERR_NO_INPUT, "%s is %s, not a file", path, S_ISDIR(st.st_mode) ? "a folder" : "something else");
	return OK;
}

void
file_sync(int fd)
{
	if (fsync(fd) != 0)
		abort();
}

void
file_sync_data(int fd)
{
	if (fdatasync(fd) != 0)
		abort();
}

void
file_sync_dir_of(const char *path)
{
	char copy[PATH_MAX];
	snprintf(copy, sizeof copy, "%s", path);
	AUTO_FD(fd) = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		abort();
	file_sync(fd);
}

static err_t
temporary_write(const char *name, struct bytes data, mode_t mode)
{
	AUTO_FD(fd) = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_errno("making %s", name);
	if (fchmod(fd, mode) != 0)
		return err_errno("setting the mode of %s", name);
	TRY(file_write(fd, data));
	file_sync(fd);
	return OK;
}

err_t
file_replace(const char *path, struct bytes data, mode_t mode)
{
	char name[PATH_MAX];
	int n = snprintf(name, sizeof name, "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof name)
		return err_make(ERR_IO, "the path %s is too long", path);
	err_t e = temporary_write(name, data, mode);
	if (!err_is(e) && rename(name, path) != 0)
		e = err_errno("replacing %s", path);
	if (err_is(e)) {
		unlink(name);
		return e;
	}
	file_sync_dir_of(path);
	return OK;
}

err_t
file_mkdir(const char *path, mode_t mode)
{
	struct stat st;
	if (mkdir(path, mode) == 0) {
		file_sync_dir_of(path);
		return OK;
	}
	if (errno != EEXIST)
		return err_errno("making the directory %s", path);
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return err_make(ERR_IO, "%s exists and is not a directory", path);
	return OK;
}

static err_t
copy_by_hand(int from_fd, uint64_t from, uint64_t to, int to_fd)
{
	uint8_t step[65536];
	while (from < to) {
		size_t n = to - from < sizeof step ? (size_t)(to - from) : sizeof step;
		TRY(file_pread(from_fd, from, n, step));
		TRY(file_write(to_fd, bytes(step, n)));
		from += n;
	}
	return OK;
}

err_t
file_copy(int from_fd, uint64_t from, uint64_t to, int to_fd)
{
	off_t at = (off_t)from;
	while ((uint64_t)at < to) {
		ssize_t n = copy_file_range(from_fd, &at, to_fd, NULL, (size_t)(to - (uint64_t)at), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == ENOSPC || errno == EIO || errno == EDQUOT))
			return err_errno("copying");
		if (n <= 0) /* not on this file system, or to an append-only file */
			return copy_by_hand(from_fd, (uint64_t)at, to, to_fd);
	}
	return OK;
}
