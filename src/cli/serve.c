#include "cli/serve.h"
#include "cli/command.h"
#include "cli/option.h"
#include "os/process.h"

#include <limits.h>

static err_t
become(const char *directory)
{
	char path[PATH_MAX], instance[PATH_MAX];
	static char name[] = "paraphd";
	TRY(process_find("paraphd", path));
	if (snprintf(instance, sizeof instance, "%s", directory) >= PATH_MAX)
		return err_make(ERR_CONF, "the path %s is too long", directory);
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
	const struct option_use use = {"paraph serve DIR",
	    "Runs the service of the instance DIR in the foreground, until SIGTERM or Ctrl-C. Prints one line of JSON when it\n"
	    "answers. See paraphd(8).",
	    NULL, 0, 1, 1};
	if (!option_read(&use, argc, argv, words, &words_n, &status))
		return status;
	return command_fail(become(words[0]));
}
