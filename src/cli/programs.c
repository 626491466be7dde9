#include "cli/programs.h"
#include "cli/layout.h"

#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <sys/stat.h>

static void __attribute__((format(printf, 4, 5)))
want(struct programs *p, uid_t uid, const char *binary, const char *format, ...)
{
	struct program_wanted *w = &p->wanted[p->wanted_n++];
	va_list args;
	w->uid = uid;
	w->binary = binary;
	va_start(args, format);
	vsnprintf(w->role, sizeof w->role, format, args);
	va_end(args);
}

static void
wanted_make(const struct instance *i, struct programs *p)
{
	want(p, layout_uid(i, -1), "paraphd", "%s", "");
	want(p, layout_uid(i, INSTANCE_USER_FRONT), "nginx", "%s", "");
	want(p, layout_uid(i, INSTANCE_USER_CORE), "paraph-core", "%s", "");
	want(p, layout_uid(i, INSTANCE_USER_KEYS), "paraph-keys", "role=issuing");
	want(p, layout_uid(i, INSTANCE_USER_KEYS_STATUS), "paraph-keys", "role=status");
	want(p, layout_uid(i, INSTANCE_USER_DOCUMENT), "paraph-document", "%s", "");
	want(p, layout_uid(i, INSTANCE_USER_COURIER), "paraph-courier", "%s", "");
	for (size_t k = 0; k < instance_status_processes(i); k++)
		want(p, layout_uid(i, INSTANCE_USER_STATUS), "paraph-status", "index=%zu", k);
}

static size_t
proc_read(const char *pid, const char *name, char *text, size_t room)
{
	char path[300];
	snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return 0;
	size_t n = fread(text, 1, room - 1, f);
	fclose(f);
	text[n] = '\0';
	return n;
}

/* One of the arguments, which have a NUL between them. */
static bool
has_argument(const char *arguments, size_t n, const char *wanted)
{
	for (size_t at = 0; at < n; at += strlen(arguments + at) + 1)
		if (strcmp(arguments + at, wanted) == 0)
			return true;
	return false;
}

/* nginx writes its title over its arguments: "nginx: master process nginx -p DIR/front -c …". */
static bool
is_front(const char *title, const char *directory)
{
	static const char start[] = "nginx: master process ";
	char option[PATH_MAX + 16];
	snprintf(option, sizeof option, " -p %s/front ", directory);
	return strncmp(title, start, sizeof start - 1) == 0 && strstr(title, option) != NULL;
}

/* Whether one of the arguments is instance=DIR; for paraphd, DIR alone. */
static bool
is_ours(const char *arguments, size_t n, const char *directory)
{
	for (size_t at = 0; at < n; at += strlen(arguments + at) + 1) {
		const char *a = arguments + at;
		if (strncmp(a, "instance=", 9) == 0)
			a += 9;
		if (strcmp(a, directory) == 0)
			return true;
	}
	return false;
}

/* Whether it has the lock that paraphd holds all its life, under whatever name of the directory it was started: /proc/locks names
 * process and inode [proc(5)]. */
static bool
has_lock(const struct instance *i, const char *pid)
{
	char path[PATH_MAX], holder[300], file[32], line[256];
	struct stat st;
	if (err_is(instance_path(i, "run/lock", path)) || stat(path, &st) != 0)
		return false;
	FILE *locks = fopen("/proc/locks", "r");
	bool found = false;
	snprintf(holder, sizeof holder, " WRITE %s ", pid);
	snprintf(file, sizeof file, ":%llu ", (unsigned long long)st.st_ino);
	while (!found && locks != NULL && fgets(line, sizeof line, locks) != NULL)
		found = strstr(line, ": FLOCK ") != NULL && strstr(line, holder) != NULL && strstr(line, file) != NULL;
	if (locks != NULL)
		fclose(locks);
	return found;
}

/* What a process of the instance is called; NULL: it is none. Only programs of ours, not an editor or a shell that happens to name
 * the directory. */
static const char *
name_of(const struct instance *i, const char *pid, const char *arguments, size_t n)
{
	const char *slash = strrchr(arguments, '/');
	const char *name = slash == NULL ? arguments : slash + 1;
	if (is_front(arguments, i->directory))
		return "nginx";
	if (strncmp(name, "paraph", 6) != 0)
		return NULL;
	return is_ours(arguments, n, i->directory) || (strcmp(name, "paraphd") == 0 && has_lock(i, pid)) ? name : NULL;
}

static bool
status_says(const char *status, const char *line)
{
	return strstr(status, line) != NULL;
}

/* Who started it; nobody when that cannot be told. */
static uid_t
status_uid(const char *status)
{
	const char *line = strstr(status, "\nUid:\t");
	return line == NULL ? (uid_t)-1 : (uid_t)strtoul(line + 6, NULL, 10);
}

/* Returns whether it is one of the service's at all: anybody may call a process of his what he likes. */
static bool
there_mark(struct programs *p, const char *name, uid_t uid, const char *arguments, size_t n)
{
	bool ours = false;
	for (size_t k = 0; k < p->wanted_n; k++) {
		struct program_wanted *w = &p->wanted[k];
		if (strcmp(w->binary, name) != 0 || w->uid != uid)
			continue;
		ours = true;
		w->there |= w->role[0] == '\0' || has_argument(arguments, n, w->role);
	}
	return ours;
}

static void
program_add(struct programs *p, const char *pid, const char *name, const char *arguments, size_t n)
{
	char status[4096];
	if (proc_read(pid, "status", status, sizeof status) == 0 || status_says(status, "State:\tZ") ||
	    !there_mark(p, name, status_uid(status), arguments, n))
		return;
	if (p->n == PROGRAMS_MAX)
		return;
	struct program *one = &p->all[p->n++];
	snprintf(one->name, sizeof one->name, "%.31s", name);
	one->pid = (int)strtol(pid, NULL, 10);
	one->no_new_privs = status_says(status, "NoNewPrivs:\t1");
	/* The supervisor starts programs and has no filter; nor has nginx, which is not ours. Landlock, which holds both, cannot be seen
	 * from outside; no_new_privs comes with it. */
	one->filter = strcmp(name, "paraphd") == 0 || strcmp(name, "nginx") == 0 || status_says(status, "Seccomp:\t2");
}

void
programs_find(const struct instance *i, struct programs *ret_programs)
{
	char arguments[8192];
	memset(ret_programs, 0, sizeof *ret_programs);
	wanted_make(i, ret_programs);
	DIR *proc = opendir("/proc");
	for (struct dirent *e; proc != NULL && (e = readdir(proc)) != NULL;) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		size_t n = proc_read(e->d_name, "cmdline", arguments, sizeof arguments);
		const char *name = n == 0 ? NULL : name_of(i, e->d_name, arguments, n);
		if (name != NULL)
			program_add(ret_programs, e->d_name, name, arguments, n);
	}
	if (proc != NULL)
		closedir(proc);
}
