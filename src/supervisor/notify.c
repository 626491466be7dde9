#include "supervisor/notify.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static int fd = -1;

void
notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, path, strlen(path));
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0'; /* an abstract address */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to,
			   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) != 0) {
		close(fd);
		fd = -1;
	}
	unsetenv("NOTIFY_SOCKET");
}

void
notify_send(const char *state)
{
	if (fd >= 0 && send(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return; /* the manager has its own timeout */
}
