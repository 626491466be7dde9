#include "os/landlock.h"
#include "base/log.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Kernel ABI, include/uapi/linux/landlock.h. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446, VERSION_FLAG = 1, RULE_PATH = 1 };

#define FS_EXECUTE (1ULL << 0)
#define FS_WRITE_FILE (1ULL << 1)
#define FS_READ_FILE (1ULL << 2)
#define FS_READ_DIR (1ULL << 3)
#define FS_REMOVE_DIR (1ULL << 4)
#define FS_REMOVE_FILE (1ULL << 5)
#define FS_MAKE_CHAR (1ULL << 6)
#define FS_MAKE_DIR (1ULL << 7)
#define FS_MAKE_REG (1ULL << 8)
#define FS_MAKE_SOCK (1ULL << 9)
#define FS_MAKE_FIFO (1ULL << 10)
#define FS_MAKE_BLOCK (1ULL << 11)
#define FS_MAKE_SYM (1ULL << 12)
#define FS_REFER (1ULL << 13)    /* since 2 */
#define FS_TRUNCATE (1ULL << 14) /* since 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* since 5 */
#define NET_ALL 3ULL             /* bind and connect TCP, since 4 */
#define SCOPE_ALL 3ULL           /* abstract sockets and signals, since 6 */

struct ruleset {
	uint64_t fs, net, scoped;
};

struct path_rule {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

int
landlock_version(void)
{
	long v = syscall(CREATE_RULESET, NULL, 0, VERSION_FLAG);
	return v < 0 ? 0 : (int)v;
}

static uint64_t
fs_known(int version)
{
	uint64_t all = (1ULL << 13) - 1;
	all |= version >= 2 ? FS_REFER : 0;
	all |= version >= 3 ? FS_TRUNCATE : 0;
	all |= version >= 5 ? FS_IOCTL_DEV : 0;
	return all;
}

static uint64_t
fs_rights(unsigned rights, bool exec, bool folder)
{
	uint64_t r = FS_READ_FILE | (exec ? FS_EXECUTE : 0);
	if (rights & JAIL_WRITE)
		r |= FS_WRITE_FILE | FS_TRUNCATE;
	if (!folder)
		return r;
	r |= FS_READ_DIR | (rights & JAIL_RMDIR ? FS_REMOVE_DIR : 0);
	if (rights & JAIL_WRITE)
		r |= FS_REMOVE_FILE | FS_REMOVE_DIR | FS_MAKE_DIR | FS_MAKE_REG | FS_MAKE_SOCK | FS_REFER;
	return r;
}

static err_t
path_allow(int ruleset, const struct jail_path *p, uint64_t known, bool exec)
{
	AUTO_FD(fd) = open(p->path, O_PATH | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_make(ERR_JAIL, "the path %s of the jail: %s", p->path, strerror(errno));
	struct path_rule rule = {fs_rights(p->rights, exec, S_ISDIR(st.st_mode)) & known, fd};
	if (syscall(ADD_RULE, ruleset, RULE_PATH, &rule, 0) != 0)
		return err_make(ERR_JAIL, "Landlock refuses the path %s: %s", p->path, strerror(errno));
	return OK;
}

static err_t
ruleset_enforce(int ruleset, const struct jail_path *paths, size_t n, uint64_t known, bool exec)
{
	for (size_t i = 0; i < n; i++)
		TRY(path_allow(ruleset, &paths[i], known, exec));
	if (syscall(RESTRICT_SELF, ruleset, 0) != 0)
		return err_make(ERR_JAIL, "landlock_restrict_self: %s", strerror(errno));
	return OK;
}

err_t
landlock_enter(const struct jail_path *paths, size_t n, bool internet, bool exec)
{
	int version = landlock_version();
	if (version == 0) {
		log_event(LOG_WARNING, "no-landlock", "detail", "this kernel has no Landlock: what else the jail has still holds", NULL);
		return OK;
	}
	struct ruleset all = {.fs = fs_known(version)};
	all.net = version >= 4 && !internet ? NET_ALL : 0;
	/* The front is many processes that signal each other inside its own domain: the scope is the domain. */
	all.scoped = version >= 6 ? SCOPE_ALL : 0;
	size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
	AUTO_FD(ruleset) = (int)syscall(CREATE_RULESET, &all, size, 0);
	if (ruleset < 0)
		return err_make(ERR_JAIL, "landlock_create_ruleset: %s", strerror(errno));
	return ruleset_enforce(ruleset, paths, n, all.fs, exec);
}
