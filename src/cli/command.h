/* The commands of the program paraph. Each gets its own arguments (argv[0] is its name) and returns an exit status:
 * 0 done, 1 not done or not valid, 2 cannot be decided, 64 used wrongly, 66 an input cannot be read [sysexits.h EX_USAGE,
 * EX_NOINPUT]. */
#ifndef PARAPH_CLI_COMMAND_H
#define PARAPH_CLI_COMMAND_H

#include "base/err.h"

#include <jansson.h>

enum { COMMAND_DONE = 0, COMMAND_FAILED = 1, COMMAND_UNDECIDED = 2, COMMAND_USAGE = 64, COMMAND_NO_INPUT = 66 };

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

/* Prints the error as one sentence with its detail, and returns COMMAND_FAILED; COMMAND_NO_INPUT for ERR_NO_INPUT. */
int command_fail(err_t e);
int command_status(err_t e);

/* Prints one JSON object (taken); ERR_INTERNAL when it could not be made (NULL). Texts that come from outside go through
 * str_mend() before they go in. */
err_t command_json(json_t *object);

/* The last thing of each command: status, or COMMAND_FAILED with one sentence when not all that was printed could be written. */
int command_end(int status);

#endif
