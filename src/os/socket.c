#include "os/socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

enum { PATIENCE_SECONDS = 5 };

err_t
socket_pair(int ret_fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) != 0)
		return err_errno("socketpair");
	return OK;
}

static err_t
address(const char *path, struct sockaddr_un *ret_address)
{
	if (strlen(path) >= sizeof ret_address->sun_path)
		return err_make(ERR_CONF, "the socket path %s is longer than %zu octets: use a shorter instance directory",
		    path, sizeof ret_address->sun_path - 1);
	memset(ret_address, 0, sizeof *ret_address);
	ret_address->sun_family = AF_UNIX;
	memcpy(ret_address->sun_path, path, strlen(path) + 1);
	return OK;
}

static err_t
listen_at(int fd, const char *path, mode_t mode)
{
	struct sockaddr_un at;
	TRY(address(path, &at));
	unlink(path);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0)
		return err_errno("binding %s", path);
	/* The front does not wait for a place in the queue: when it is full, it answers 503. */
	if (chmod(path, mode) != 0 || listen(fd, SOMAXCONN) != 0)
		return err_errno("listening at %s", path);
	return OK;
}

err_t
socket_listen(const char *path, mode_t mode, int *ret_fd)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno("socket");
	err_t e = listen_at(fd, path, mode);
	if (err_is(e))
		close(fd);
	else
		*ret_fd = fd;
	return e;
}

err_t
socket_connect(const char *path, int *ret_fd)
{
	struct sockaddr_un to;
	TRY(address(path, &to));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno("socket");
	/* A listener that accepts nothing any more lets connect wait for room in its queue. */
	const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
		err_t e = err_errno("connecting to %s", path);
		close(fd);
		return e;
	}
	*ret_fd = fd;
	return OK;
}
