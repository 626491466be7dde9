/* Unix sockets. Nothing here reaches the internet. */
#ifndef PARAPH_OS_SOCKET_H
#define PARAPH_OS_SOCKET_H

#include "base/err.h"
#include <sys/types.h>

/* A connected pair that keeps message borders; close-on-exec, blocking. */
err_t socket_pair(int ret_fds[2]);
/* A listening stream socket at path with mode; an old socket there is replaced. Close-on-exec, not blocking. */
err_t socket_listen(const char *path, mode_t mode, int *ret_fd);
/* A connected stream socket; close-on-exec, blocking; an error when there is no room in the queue for 5 seconds. */
err_t socket_connect(const char *path, int *ret_fd);

#endif
