#include "cli/serve.h"
#include "cli/command.h"
#include "cli/option.h"
#include "os/process.h"

#include <limits.h>
#include <sys/stat.h>

/* DIR or DIR/paraph.conf by the name that all other programs are started with: lists of processes tell whose paraphd it is. What is
 * no instance stays as it was typed, for paraphd to refuse. */
static err_t
name_make(const char *typed, char ret_name[PATH_MAX])
{
	struct stat st;
	if (realpath(typed, ret_name) == NULL)
		return snprintf(ret_name, PATH_MAX, "%s", typed) < PATH_MAX ? OK : err_make(ERR_CONF, "the path %s is too long", typed);
	if (stat(ret_name, &st) == 0 && S_ISREG(st.st_mode))
		*strrchr(ret_name, '/') = '\0';
	return OK;
}

static err_t
become(const char *directory)
{
	char path[PATH_MAX], instance[PATH_MAX];
	static char name[] = "paraphd";
	TRY(process_find("paraphd", path));
	TRY(name_make(directory, instance));
	char *const argv[] = {name, instance, NULL};
	execv(path, argv);
	return err_errno("starting %s", path);
}

int
serve_main(int argc, char **argv)
{
	const char *words[1];
	size_t words_n;
	int status;
	bool json = true;
	const struct option options[] = {{"json", NULL, "the same: what it prints is always JSON", NULL, &json}};
	const struct option_use use = {"paraph serve [--json] DIR",
	    "Runs the service of the instance DIR in the foreground, until SIGTERM or Ctrl-C. Prints one line of JSON when it\n"
	    "answers. See paraphd(8).",
	    options, 1, 1, 1};
	if (!option_read(&use, argc, argv, words, &words_n, &status))
		return status;
	return command_fail(become(words[0]));
}
