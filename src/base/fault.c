#include "base/fault.h"
#include "base/err.h"

#include <signal.h>

#ifdef PARAPH_FAULT_HOOKS

/* Whether this is the time at which the point is wanted. */
static bool
due(const char *point)
{
	static _Atomic unsigned long reached;
	const char *wanted = getenv("PARAPH_FAULT");
	if (wanted == NULL)
		return false;
	size_t n = strcspn(wanted, "@");
	if (strlen(point) != n || strncmp(wanted, point, n) != 0)
		return false;
	unsigned long turn = wanted[n] == '@' ? strtoul(wanted + n + 1, NULL, 10) : 1;
	return ++reached == turn;
}

static void
die(const char *point)
{
	char text[128];
	int n = snprintf(text, sizeof text, "{\"event\":\"fault\",\"point\":\"%s\"}\n", point);
	ssize_t written = write(STDERR_FILENO, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
	(void)written;
	kill(getpid(), SIGKILL);
	__builtin_trap(); /* a child whose parent's jail forbids even that */
}

void
fault_reach(const char *point)
{
	if (due(point))
		die(point);
}

void
fault_torn(const char *name, unsigned kind, int fd, struct bytes octets)
{
	char point[64];
	snprintf(point, sizeof point, "%s.%u", name, kind);
	if (!due(point))
		return;
	ssize_t written = write(fd, octets.p, octets.n / 2);
	(void)written;
	die(point);
}

#endif
