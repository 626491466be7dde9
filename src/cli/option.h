/*
 * Options of a command, declared as a table: --name VALUE, --name=VALUE, --flag, and the words that are no options.
 * --help prints the table.
 */
#ifndef PARAPH_CLI_OPTION_H
#define PARAPH_CLI_OPTION_H

#include "base/err.h"
#include <stddef.h>

struct option {
	const char *name;    /* without the two hyphens */
	const char *value;   /* how the value is called in --help; NULL: a flag */
	const char *help;
	const char **text;   /* where the value goes */
	bool *flag;          /* where a flag goes */
};

struct option_use {
	const char *usage; /* "paraph sign [OPTION]... FILE" */
	const char *about; /* a paragraph */
	const struct option *options;
	size_t options_n;
	size_t words_least, words_most;
};

/* Fills what the options point to; the words are left in argv[0..]. Returns true to go on; otherwise --help was printed
 * or the use was wrong, and *ret_status is what to exit with. */
bool option_read(const struct option_use *use, int argc, char **argv, const char **ret_words, size_t *ret_words_n,
    int *ret_status);

#endif
