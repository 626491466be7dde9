#include "os/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifdef PARAPH_FAULT_HOOKS

static bool
read_other(const char *path)
{
	char one;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &one, 1) >= 0;
}

static bool
write_outside(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd >= 0 && write(fd, "x", 1) == 1;
}

static bool
inet_socket(const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	to.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	/* A socket that may not be used is no way out; refused by the peer means the kernel let it through. */
	return connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == ECONNREFUSED;
}

/* A program that became another one cannot tell: the other one does, with the status that means so. */
static bool
execute(const char *unused)
{
	static char name[] = "sh", option[] = "-c", script[] = "echo DONE execve; exit 1";
	char *const argv[] = {name, option, script, NULL};
	(void)unused;
	execve("/bin/sh", argv, NULL);
	return errno == ENOENT; /* reached the file system: the call itself was allowed */
}

static bool
trace(const char *pid)
{
	return ptrace(PTRACE_ATTACH, (pid_t)strtol(pid, NULL, 10), NULL, NULL) == 0;
}

static bool
signal_send(const char *pid)
{
	return kill((pid_t)strtol(pid, NULL, 10), 0) == 0;
}

static bool
fork_try(const char *unused)
{
	(void)unused;
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static const struct act {
	const char *name;
	bool (*worked)(const char *argument);
} acts[] = {
    {"read-other", read_other}, {"write-outside", write_outside}, {"inet-socket", inet_socket}, {"execve", execute},
    {"ptrace", trace},          {"signal", signal_send},          {"fork", fork_try},
};

static const char *wanted;

const char *
attempt_wanted(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--attempt=", 10) == 0)
			wanted = argv[i] + 10;
	return wanted;
}

void
attempt_point(void)
{
	if (wanted != NULL)
		_exit(attempt_main(wanted));
}

int
attempt_main(const char *act)
{
	size_t n = strcspn(act, ":");
	const char *argument = act[n] == ':' ? act + n + 1 : "";
	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
		if (strlen(acts[i].name) != n || strncmp(act, acts[i].name, n) != 0)
			continue;
		bool worked = acts[i].worked(argument);
		dprintf(STDOUT_FILENO, "%s %s\n", worked ? "DONE" : "denied", act);
		return worked ? 1 : 0;
	}
	dprintf(STDOUT_FILENO, "no such act: %s\n", act);
	return 2;
}

#else

const char *
attempt_wanted(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return NULL;
}

void
attempt_point(void)
{
}

int
attempt_main(const char *act)
{
	(void)act;
	return 2;
}

#endif
