#include "cli/programs.h"

#include <ctype.h>
#include <dirent.h>

const char *const programs_wanted[PROGRAMS_WANTED] = {
    "paraph-core", "paraph-keys", "paraph-status", "paraph-document", "paraph-courier", "paraphd"};

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

/* Whether one of the arguments (NUL between them) is instance=DIR; for paraphd, DIR alone. */
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
program_add(struct programs *p, const char *pid, const char *path)
{
	char status[4096];
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	if (p->n == PROGRAMS_MAX || proc_read(pid, "status", status, sizeof status) == 0)
		return;
	for (size_t k = 0; k < PROGRAMS_WANTED; k++)
		p->there[k] |= strcmp(programs_wanted[k], name) == 0;
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
	DIR *proc = opendir("/proc");
	for (struct dirent *e; proc != NULL && (e = readdir(proc)) != NULL;) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		size_t n = proc_read(e->d_name, "cmdline", arguments, sizeof arguments);
		/* Only programs of ours, not an editor or a shell that happens to name the directory. */
		if (n > 0 && strstr(arguments, "paraph") != NULL && is_ours(arguments, n, i->directory))
			program_add(ret_programs, e->d_name, arguments);
	}
	if (proc != NULL)
		closedir(proc);
}
