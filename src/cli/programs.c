#include "cli/programs.h"

#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>

static void __attribute__((format(printf, 3, 4)))
want(struct programs *p, const char *binary, const char *format, ...)
{
	struct program_wanted *w = &p->wanted[p->wanted_n++];
	va_list args;
	w->binary = binary;
	va_start(args, format);
	vsnprintf(w->role, sizeof w->role, format, args);
	va_end(args);
}

static void
wanted_make(const struct instance *i, struct programs *p)
{
	want(p, "paraphd", "%s", "");
	want(p, "nginx", "%s", "");
	want(p, "paraph-core", "%s", "");
	want(p, "paraph-keys", "role=issuing");
	want(p, "paraph-keys", "role=status");
	want(p, "paraph-document", "%s", "");
	want(p, "paraph-courier", "%s", "");
	for (size_t k = 0; k < instance_status_processes(i); k++)
		want(p, "paraph-status", "index=%zu", k);
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

static bool
status_says(const char *status, const char *line)
{
	return strstr(status, line) != NULL;
}

static void
there_mark(struct programs *p, const char *name, const char *arguments, size_t n)
{
	for (size_t k = 0; k < p->wanted_n; k++) {
		struct program_wanted *w = &p->wanted[k];
		w->there |= strcmp(w->binary, name) == 0 && (w->role[0] == '\0' || has_argument(arguments, n, w->role));
	}
}

static void
program_add(struct programs *p, const char *pid, const char *arguments, size_t n)
{
	char status[4096];
	const char *slash = strrchr(arguments, '/');
	const char *name = slash == NULL ? arguments : slash + 1;
	if (p->n == PROGRAMS_MAX || proc_read(pid, "status", status, sizeof status) == 0 || status_says(status, "State:\tZ"))
		return;
	there_mark(p, name, arguments, n);
	/* The supervisor starts programs and has no filter; the command line is not part of the service. */
	if (strcmp(name, "paraphd") == 0 || strcmp(name, "paraph") == 0)
		return;
	struct program *one = &p->all[p->n++];
	snprintf(one->name, sizeof one->name, "%.31s", name);
	one->pid = (int)strtol(pid, NULL, 10);
	one->no_new_privs = status_says(status, "NoNewPrivs:\t1");
	one->seccomp = status_says(status, "Seccomp:\t2");
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
		/* Only programs of ours, not an editor or a shell that happens to name the directory. */
		if (n > 0 && strstr(arguments, "paraph") != NULL && is_ours(arguments, n, i->directory))
			program_add(ret_programs, e->d_name, arguments, n);
		else if (n > 0 && is_front(arguments, i->directory))
			there_mark(ret_programs, "nginx", arguments, n);
	}
	if (proc != NULL)
		closedir(proc);
}
