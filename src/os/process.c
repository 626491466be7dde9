#include "os/process.h"
#include "base/bytes.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

const char *
process_argument(int argc, char **argv, const char *name)
{
	size_t n = strlen(name);
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
			return argv[i] + n + 1;
	return NULL;
}

err_t
process_fd(int argc, char **argv, const char *name, int *ret_fd)
{
	uint64_t fd;
	const char *value = process_argument(argc, argv, name);
	if (value == NULL)
		return err_make(ERR_CONF, "the argument %s=DESCRIPTOR is missing: this program is started by paraphd", name);
	TRY(str_u64(str_c(value), INT_MAX, &fd));
	if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0)
		return err_errno("descriptor %s=%s", name, value);
	*ret_fd = (int)fd;
	return OK;
}

/* Memory that was freed stays with the process up to 1 MB: messages of 64 kB come and go all the time, and giving them back
 * costs more than all that is done with them. */
static void
heap_keep(void)
{
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
	mallopt(M_TOP_PAD, 1 << 18);
}

void
process_harden(void)
{
	umask(077);
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	heap_keep();
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) < 0)
			abort();
}

/* Moves each descriptor to its place; first all out of the way, so that no place is overwritten before it moved. */
static bool
descriptors_place(const struct process_start *s)
{
	int high[64];
	if (s->descriptors_n > 64)
		return false;
	for (size_t i = 0; i < s->descriptors_n; i++) {
		high[i] = fcntl(s->descriptors[i].fd, F_DUPFD_CLOEXEC, 256);
		if (high[i] < 0)
			return false;
	}
	for (size_t i = 0; i < s->descriptors_n; i++)
		if (dup2(high[i], s->descriptors[i].as) < 0)
			return false;
	return true;
}

static bool
descriptors_rest_close(const struct process_start *s)
{
	int top = 2;
	for (size_t i = 0; i < s->descriptors_n; i++)
		top = s->descriptors[i].as > top ? s->descriptors[i].as : top;
	for (int fd = 3; fd <= top; fd++) {
		bool kept = false;
		for (size_t i = 0; i < s->descriptors_n; i++)
			kept |= s->descriptors[i].as == fd;
		if (!kept)
			close(fd);
	}
	return close_range((unsigned)top + 1, ~0U, 0) == 0;
}

/* One capability, also over exec; the others that were kept over the change of the user go. */
static bool
low_ports_keep(void)
{
	const unsigned port = 1u << CAP_NET_BIND_SERVICE;
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	const struct __user_cap_data_struct data[2] = {{.effective = port, .permitted = port, .inheritable = port}};
	return syscall(SYS_capset, &header, data) == 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0) == 0;
}

static bool
identity_set(const struct process_start *s)
{
	if (geteuid() != 0 || s->uid == 0)
		return true;
	if (s->low_ports && prctl(PR_SET_KEEPCAPS, 1) != 0)
		return false;
	return setgroups(s->groups_n, s->groups) == 0 && setresgid(s->gid, s->gid, s->gid) == 0 &&
	       setresuid(s->uid, s->uid, s->uid) == 0 && (!s->low_ports || low_ports_keep());
}

static void
signals_restore(void)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static void __attribute__((noreturn))
child_run(const struct process_start *s)
{
	signals_restore();
	setsid();
	const char *failed = NULL;
	if (!descriptors_place(s) || !descriptors_rest_close(s))
		failed = "descriptors";
	else if (!identity_set(s))
		failed = "identity";
	else if (chdir(s->directory == NULL ? "/" : s->directory) != 0)
		failed = "directory";
	else if (s->before_exec != NULL && err_is(s->before_exec(s->arg)))
		failed = "before_exec";
	if (failed == NULL) {
		execve(s->path, s->argv, s->envp);
		failed = "exec";
	}
	log_event(LOG_ERR, "start-failed", "path", s->path, "step", failed, "reason", strerror(errno), NULL);
	_exit(127);
}

err_t
process_start(const struct process_start *start, pid_t *ret_pid)
{
	pid_t pid = fork();
	if (pid < 0)
		return err_errno("fork");
	if (pid == 0)
		child_run(start);
	*ret_pid = pid;
	return OK;
}

err_t
process_folder(char *ret_folder)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	if (n < 0)
		return err_errno("reading /proc/self/exe");
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	if (slash == NULL)
		return err_make(ERR_INTERNAL, "the path of this program is %s", path);
	*slash = '\0';
	memcpy(ret_folder, path, strlen(path) + 1);
	return OK;
}

/* Joins three parts; true when something is at that path. */
static bool
there(char *ret_path, const char *folder, const char *between, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof path, "%s%s%s", folder, between, name);
	if (n < 0 || n >= PATH_MAX || stat(path, &st) != 0)
		return false;
	memcpy(ret_path, path, (size_t)n + 1);
	return true;
}

/* The room of a program in a build tree: paraph-keys is built in src/keys, paraphd in src/supervisor, paraph in src/cli. */
static const char *
room_of(const char *program)
{
	if (strcmp(program, "paraphd") == 0)
		return "supervisor";
	return strncmp(program, "paraph-", 7) == 0 ? program + 7 : "cli";
}

err_t
process_find(const char *program, char *ret_path)
{
	char folder[PATH_MAX], room[NAME_MAX];
	const char *libexec = getenv("PARAPH_LIBEXEC");
	TRY(process_folder(folder));
	snprintf(room, sizeof room, "%s/%s", room_of(program), program);
	if ((libexec != NULL && there(ret_path, libexec, "/", program)) ||
	    there(ret_path, folder, "/", program) || there(ret_path, folder, "/../libexec/paraph/", program) ||
	    there(ret_path, folder, "/../../bin/", program) || there(ret_path, folder, "/../", room))
		return OK;
	return err_make(ERR_NOT_FOUND, "%s is neither in %s nor in %s/../libexec/paraph: install it, or set PARAPH_LIBEXEC",
	    program, folder, folder);
}

err_t
process_share(const char *name, char *ret_path)
{
	char folder[PATH_MAX];
	const char *share = getenv("PARAPH_SHARE");
	TRY(process_folder(folder));
	if ((share != NULL && there(ret_path, share, "/", name)) ||
	    there(ret_path, folder, "/../share/paraph/", name) ||
	    there(ret_path, folder, "/../../share/paraph/", name))
		return OK;
	return err_make(ERR_NOT_FOUND, "share/paraph/%s is not beside %s: install it, or set PARAPH_SHARE", name, folder);
}

err_t
process_check_way(const char *path)
{
	char folder[PATH_MAX];
	struct stat st;
	snprintf(folder, sizeof folder, "%s", path);
	for (char *slash = folder + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		if (stat(folder, &st) == 0 && (st.st_mode & S_IXOTH) == 0)
			return err_make(ERR_CONF, "started as root, the programs run as users of their own, which cannot pass %s: put the "
			    "instance and the programs where others may pass, or chmod o+x %s", folder, folder);
		*slash = '/';
	}
	return OK;
}
