#include "core/core.h"

#include <fcntl.h>
#include <poll.h>

err_t
core_document_dup(struct core *core, int *ret_fd)
{
	pthread_mutex_lock(&core->document_mutex);
	int fd = core->document_fd < 0 ? -1 : fcntl(core->document_fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&core->document_mutex);
	if (fd < 0)
		return err_make(ERR_PEER_GONE, "the document program is not there");
	*ret_fd = fd;
	return OK;
}

bool
core_peer_gone(int fd)
{
	struct pollfd other = {.fd = fd};
	return poll(&other, 1, 0) > 0; /* nothing was asked for but that the other side is there */
}

void
core_document_set(struct core *core, int fd)
{
	pthread_mutex_lock(&core->document_mutex);
	if (core->document_fd >= 0)
		close(core->document_fd);
	core->document_fd = fd;
	pthread_mutex_unlock(&core->document_mutex);
}
