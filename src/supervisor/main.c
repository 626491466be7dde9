/* paraphd DIR: runs the service of an instance in the foreground. */
#include "base/log.h"
#include "os/attempt.h"
#include "os/auditor.h"
#include "os/instance.h"
#include "os/landlock.h"
#include "os/process.h"
#include "supervisor/front.h"
#include "supervisor/front_cache.h"
#include "supervisor/notify.h"
#include "supervisor/sink.h"
#include "supervisor/supervisor.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { EXIT_WRONG_USE = 64, EXIT_NO_INPUT = 66 }; /* [sysexits.h] */

/* Two supervisors of one instance would fight over its sockets. */
static err_t
lock_take(const struct instance *i)
{
	char path[PATH_MAX];
	TRY(instance_path(i, "run/lock", path));
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno("opening %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return err_make(ERR_CONF, "the service of %s is running already", i->directory);
	}
	return OK; /* held until this process ends */
}

static err_t
ways_check(const struct instance *i)
{
	char path[PATH_MAX], inside[PATH_MAX];
	if (geteuid() != 0)
		return OK;
	TRY(process_find("paraph-core", path));
	TRY(process_check_way(path));
	TRY(instance_path(i, "run", inside));
	return process_check_way(inside);
}

/* What starting programs as other users needs, what nginx needs for low ports, and nothing else. */
static err_t
capabilities_drop(const struct instance *i)
{
	static const unsigned kept[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_NET_BIND_SERVICE};
	if (geteuid() != 0)
		return OK;
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {0};
	size_t n = sizeof kept / sizeof kept[0] - (front_low_ports(i) ? 0 : 1); /* the last is for the ports */
	for (size_t k = 0; k < n; k++)
		data[kept[k] / 32].permitted |= 1u << kept[k] % 32;
	for (unsigned c = 0; c <= CAP_LAST_CAP; c++)
		if ((data[c / 32].permitted & 1u << c % 32) == 0 && prctl(PR_CAPBSET_READ, c) == 1 &&
		    prctl(PR_CAPBSET_DROP, c) != 0)
			return err_errno("giving up a capability");
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	if (syscall(SYS_capset, &header, data) != 0)
		return err_errno("giving up capabilities");
	return OK;
}

/* All programs, nginx too, live inside this: whatever else fails, nothing is written outside the instance and nginx's
 * cache, which this process removes when it ends. */
static err_t
confine(const struct instance *i)
{
#ifdef PARAPH_FAULT_HOOKS
	if (getenv("PARAPH_NO_JAIL") != NULL)
		return OK;
#endif
	char cache[PATH_MAX];
	front_cache_make(i);
	TRY(front_cache(i, cache));
	const struct jail_path paths[] = {
	    {"/", JAIL_READ},
	    {"/dev/null", JAIL_READ | JAIL_WRITE},
	    {i->directory, JAIL_READ | JAIL_WRITE},
	    {cache, JAIL_READ | JAIL_WRITE},
	    {FRONT_CACHE_MEMORY, JAIL_READ | JAIL_RMDIR},
	};
	TRY(capabilities_drop(i));
	/* On the disk the cache lies in the instance, and may not be there yet; in memory it is removed at the end. */
	size_t n = front_cache_in_memory(cache) ? 5 : access(cache, F_OK) == 0 ? 4 : 3;
	return jail_landlock_exec(paths, n);
}

static err_t
serve(const char *path)
{
	struct instance instance;
	TRY(instance_read(path, &instance));
	log_init("paraphd", instance_log_level(&instance));
	TRY(instance_finished(&instance));
	TRY(ways_check(&instance));
	TRY(lock_take(&instance));
	TRY(front_ports_check(&instance));
	TRY(auditor_admit(&instance));
	notify_open();
	TRY(sink_open(&instance));
	if (instance.gone != NULL)
		log_event(LOG_WARNING, "configuration-key-unused", "key", instance.gone, "do", "remove it from paraph.conf", NULL);
	TRY(confine(&instance));
	attempt_point();
	err_t e = supervisor_run(&instance);
	front_cache_remove(&instance);
	if (err_is(e))
		log_error(e, "start-failed");
	instance_done(&instance);
	return e;
}

/* The last word goes to whoever started it, who does not read the log. */
static void
complain(int console)
{
	char text[2048];
	int n = snprintf(text, sizeof text, "paraphd: %s\n", err_detail());
	if (write(console, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1) < 0)
		_exit(1);
}

int
main(int argc, char **argv)
{
	static const char usage[] =
	    "usage: paraphd DIR\nRuns the service of the instance DIR in the foreground, until SIGTERM.\n";
	process_harden();
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(usage, stdout) < 0;
	if (argc != 2 && attempt_wanted(argc, argv) == NULL) {
		fputs(usage, stderr);
		return EXIT_WRONG_USE;
	}
	int console = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	err_t e = serve(argv[1]);
	if (err_is(e))
		complain(console);
	return !err_is(e) ? 0 : e.code == ERR_NO_INPUT ? EXIT_NO_INPUT : 1;
}
