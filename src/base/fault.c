#include "base/fault.h"
#include "base/err.h"

#include <signal.h>

#ifdef PARAPH_FAULT_HOOKS

void
fault_reach(const char *point)
{
	static _Atomic unsigned long reached;
	const char *wanted = getenv("PARAPH_FAULT");
	if (wanted == NULL)
		return;
	size_t n = strcspn(wanted, "@");
	if (strlen(point) != n || strncmp(wanted, point, n) != 0)
		return;
	unsigned long turn = wanted[n] == '@' ? strtoul(wanted + n + 1, NULL, 10) : 1;
	if (++reached != turn)
		return;
	static const char text[] = "{\"event\":\"fault\"}\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
	(void)written;
	kill(getpid(), SIGKILL);
	__builtin_trap(); /* a child whose parent's jail forbids even that */
}

#endif
