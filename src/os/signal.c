#include "os/signal.h"

#include <signal.h>
#include <sys/signalfd.h>

err_t
signal_open(bool children, int *ret_fd)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (children)
		sigaddset(&set, SIGCHLD);
	/* Who started us may have ignored it: then no child is ever reported. The others come while they are blocked, ignored or not. */
	if (children && signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return err_errno("signals of children");
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return err_errno("blocking signals");
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_errno("signalfd");
	*ret_fd = fd;
	return OK;
}

int
signal_next(int fd)
{
	struct signalfd_siginfo info;
	ssize_t n = read(fd, &info, sizeof info);
	return n == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}
