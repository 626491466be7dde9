#include "os/jail.h"
#include "base/bytes.h"
#include "base/log.h"
#include "os/landlock.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* What every program of ours does after it started. */
static const int calls_all[] = {
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
    SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
    SCMP_SYS(lseek), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise),
    SCMP_SYS(mlock), SCMP_SYS(munlock), SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrandom), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_create1), SCMP_SYS(eventfd2), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(shutdown), SCMP_SYS(getsockopt), SCMP_SYS(socketpair),
    SCMP_SYS(fcntl), SCMP_SYS(dup), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate), SCMP_SYS(copy_file_range),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(rseq), SCMP_SYS(set_robust_list),
    SCMP_SYS(restart_syscall), SCMP_SYS(membarrier), SCMP_SYS(memfd_create), SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(uname),
};

static const int calls_files[] = {
    SCMP_SYS(openat), SCMP_SYS(open), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
    SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(getdents64),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(fchmod), SCMP_SYS(chmod), SCMP_SYS(fallocate), SCMP_SYS(readlink),
    SCMP_SYS(getcwd), SCMP_SYS(fstatfs), SCMP_SYS(statfs), SCMP_SYS(utimensat), SCMP_SYS(rmdir), SCMP_SYS(truncate),
};

static const int calls_fork[] = {SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(fork), SCMP_SYS(vfork)};
static const int calls_internet[] = {
    SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(bind),
    SCMP_SYS(sendmmsg), SCMP_SYS(ioctl), SCMP_SYS(pipe2), SCMP_SYS(select), SCMP_SYS(pselect6),
};
static const int calls_accept[] = {SCMP_SYS(accept4), SCMP_SYS(accept)};
static const int calls_shared[] = {SCMP_SYS(flock), SCMP_SYS(msync), SCMP_SYS(fadvise64)};
static const int calls_clock[] = {SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime)};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int
allow(scmp_filter_ctx f, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
		if (r != 0 && r != -EDOM) /* EDOM: this architecture does not have the call */
			return r;
	}
	return 0;
}

/* Threads yes, processes only where said; memory never both new and executable; aborting oneself, killing nobody. */
static int
allow_careful(scmp_filter_ctx f, unsigned extra, pid_t self)
{
	int r = 0;
	const uint64_t exec = 4; /* PROT_EXEC */
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, exec, 0));
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, exec, 0));
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (uint64_t)self));
	/* Reading a limit (the C library asks for the stack's) is allowed, setting one is not. */
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, 0x53564d41)); /* PR_SET_VMA */
	/* clone3 hides its flags from the filter: ENOSYS makes the C library use clone. */
	r |= seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (extra & JAIL_FORK) {
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 0);
		/* A child limits itself further (jail_tighten). */
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(seccomp), 0);
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(landlock_create_ruleset), 0);
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(landlock_restrict_self), 0);
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 0);
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(setrlimit), 0);
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 0);
	} else {
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	}
#ifdef PARAPH_FAULT_HOOKS
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1, SCMP_A0(SCMP_CMP_EQ, (uint64_t)self));
#endif
	return r;
}

static int
filter_fill(scmp_filter_ctx f, unsigned extra, pid_t self)
{
	int r = allow(f, calls_all, COUNT(calls_all)) | allow_careful(f, extra, self);
	if (extra & JAIL_FILES)
		r |= allow(f, calls_files, COUNT(calls_files));
	if (extra & JAIL_FORK)
		r |= allow(f, calls_fork, COUNT(calls_fork));
	if (extra & JAIL_INTERNET)
		r |= allow(f, calls_internet, COUNT(calls_internet));
	if (extra & JAIL_ACCEPT)
		r |= allow(f, calls_accept, COUNT(calls_accept));
	if (extra & JAIL_ADJTIMEX)
		r |= allow(f, calls_clock, COUNT(calls_clock));
	if (extra & JAIL_MMAP_SHARED)
		r |= allow(f, calls_shared, COUNT(calls_shared));
	return r;
}

/* The filter for one process; the caller releases it. */
static err_t
filter_make(unsigned extra, pid_t self, scmp_filter_ctx *ret_filter)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (f == NULL)
		return err_make(ERR_JAIL, "seccomp: no memory");
	int r = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree instead of a list */
	if (r == 0)
		r = filter_fill(f, extra, self);
	if (r != 0) {
		seccomp_release(f);
		return err_make(ERR_JAIL, "seccomp: %s", strerror(-r));
	}
	*ret_filter = f;
	return OK;
}

static err_t
filter_load(unsigned extra)
{
	scmp_filter_ctx f;
	if (SANITIZED)
		return OK;
	TRY(filter_make(extra, getpid(), &f));
	int r = seccomp_load(f);
	seccomp_release(f);
	return r == 0 ? OK : err_make(ERR_JAIL, "seccomp: %s", strerror(-r));
}

/* ---- the filter of the children, made once ------------------------------------------------------------------------------ */

/* No process has this number [proc(5), pid_max]: it stands for the child that is not there yet. */
enum { PID_LATER = 0x7fffffff, TIGHT_MAX = 4096 };

static struct {
	struct sock_filter code[TIGHT_MAX];
	unsigned short n;
} tight;

err_t
jail_tighten_prepare(void)
{
	scmp_filter_ctx f;
	if (SANITIZED)
		return OK;
	TRY(filter_make(0, PID_LATER, &f));
	int fd = memfd_create("filter", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : seccomp_export_bpf(f, fd);
	seccomp_release(f);
	ssize_t n = r == 0 ? pread(fd, tight.code, sizeof tight.code, 0) : -1;
	if (fd >= 0)
		close(fd);
	if (r != 0 || n <= 0 || n == sizeof tight.code)
		return err_make(ERR_JAIL, "seccomp: the filter of the children: %s", strerror(-r));
	tight.n = (unsigned short)((size_t)n / sizeof tight.code[0]);
	return OK;
}

static err_t
tight_load(void)
{
	if (SANITIZED)
		return OK;
	const uint32_t self = (uint32_t)getpid();
	for (size_t i = 0; i < tight.n; i++)
		if (BPF_OP(tight.code[i].code) == BPF_JEQ && tight.code[i].k == PID_LATER)
			tight.code[i].k = self;
	const struct sock_fprog program = {.len = tight.n, .filter = tight.code};
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		return err_make(ERR_JAIL, "seccomp: %s", strerror(errno));
	return OK;
}

static err_t
limit(__rlimit_resource_t resource, const char *what, rlim_t value)
{
	struct rlimit l = {value, value};
	if (setrlimit(resource, &l) != 0)
		return err_make(ERR_JAIL, "limit of %s: %s", what, strerror(errno));
	return OK;
}

static err_t
limits_set(size_t address_space_mb, unsigned cpu_seconds, unsigned files)
{
	TRY(limit(RLIMIT_CORE, "core dumps", 0));
	TRY(limit(RLIMIT_NOFILE, "descriptors", files == 0 ? 1024 : files));
	if (address_space_mb > 0 && !SANITIZED)
		TRY(limit(RLIMIT_AS, "address space", (rlim_t)address_space_mb << 20));
	if (cpu_seconds > 0)
		TRY(limit(RLIMIT_CPU, "processor time", cpu_seconds));
	return OK;
}

err_t
jail_enter(const struct jail *j)
{
#ifdef PARAPH_FAULT_HOOKS
	if (getenv("PARAPH_NO_JAIL") != NULL)
		return OK;
#endif
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_make(ERR_JAIL, "no_new_privs: %s", strerror(errno));
	TRY(landlock_enter(j->paths, j->paths_n, (j->extra & JAIL_INTERNET) != 0, false));
	TRY(limits_set(j->address_space_mb, j->cpu_seconds, j->files));
	return filter_load(j->extra);
}

err_t
jail_tighten(size_t address_space_mb, unsigned cpu_seconds)
{
#ifdef PARAPH_FAULT_HOOKS
	if (getenv("PARAPH_NO_JAIL") != NULL)
		return OK;
#endif
	TRY(landlock_enter(NULL, 0, false, false));
	TRY(limits_set(address_space_mb, cpu_seconds, 64));
	return tight.n > 0 ? tight_load() : filter_load(0);
}

err_t
jail_landlock_exec(const struct jail_path *paths, size_t n)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_make(ERR_JAIL, "no_new_privs: %s", strerror(errno));
	return landlock_enter(paths, n, true, true);
}
