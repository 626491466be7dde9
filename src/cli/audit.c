#include "cli/audit.h"
#include "cli/command.h"
#include "cli/option.h"
#include "os/process.h"

#include <limits.h>

static err_t
become(const char *directory, bool json, const char *trust)
{
	char path[PATH_MAX], instance[PATH_MAX], anchor[PATH_MAX + 16];
	static char name[] = "paraph-audit", json_text[] = "--json";
	TRY(process_find("paraph-audit", path));
	/* A name that begins with a hyphen is no option of that program either. */
	if (snprintf(instance, sizeof instance, "%s%s", directory[0] == '-' ? "./" : "", directory) >= PATH_MAX)
		return err_make(ERR_CONF, "the path %s is too long", directory);
	char *argv[5] = {name, instance};
	size_t n = 2;
	if (json)
		argv[n++] = json_text;
	if (trust != NULL) {
		snprintf(anchor, sizeof anchor, "--trust=%s", trust);
		argv[n++] = anchor;
	}
	execv(path, argv);
	return err_errno("starting %s", path);
}

int
audit_main(int argc, char **argv)
{
	const char *words[2];
	size_t words_n;
	int status;
	bool json = false;
	const char *trust = NULL;
	const struct option options[] = {{"trust", "ROOT.pem", "root of the time-stamps, instead of DIR/public/root.pem", &trust, NULL},
	    {"json", NULL, "print one JSON object", NULL, &json}};
	const struct option_use use = {"paraph audit verify [--json] [--trust ROOT.pem] DIR",
	    "Recomputes the audit log of the instance DIR from its leaves, checks the signed checkpoints and their time-stamps, and compares intents,\n"
	    "certificates and the journals of the key processes with it. Reads only. Exit status 1: something does not agree.",
	    options, 2, 2, 2};
	if (!option_read(&use, argc, argv, words, &words_n, &status))
		return status;
	if (strcmp(words[0], "verify") != 0) {
		fprintf(stderr, "paraph: the audit command is: paraph audit verify DIR\n");
		return COMMAND_USAGE;
	}
	return command_fail(become(words[1], json, trust));
}
