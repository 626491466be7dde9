#include "cli/option.h"
#include "cli/command.h"

#include <string.h>

static void
help_print(const struct option_use *use)
{
	printf("Usage: %s\n\n%s\n", use->usage, use->about);
	if (use->options_n > 0)
		printf("\nOptions:\n");
	for (size_t i = 0; i < use->options_n; i++) {
		char left[64];
		const struct option *o = &use->options[i];
		snprintf(left, sizeof left, "--%s%s%s", o->name, o->value == NULL ? "" : " ", o->value == NULL ? "" : o->value);
		printf("  %-26s %s\n", left, o->help);
	}
	printf("  %-26s %s\n", "--help", "this text");
}

static int
wrong(const struct option_use *use, const char *what, const char *which)
{
	fprintf(stderr, "paraph: %s %s\nUsage: %s\n", what, which, use->usage);
	return COMMAND_USAGE;
}

static const struct option *
find(const struct option_use *use, const char *name, size_t n)
{
	for (size_t i = 0; i < use->options_n; i++)
		if (strlen(use->options[i].name) == n && strncmp(use->options[i].name, name, n) == 0)
			return &use->options[i];
	return NULL;
}

/* Takes one option at argv[*at], and its value behind it. COMMAND_DONE, or what to exit with. */
static int
take(const struct option_use *use, int argc, char **argv, int *at)
{
	const char *name = argv[*at] + 2;
	size_t n = strcspn(name, "=");
	const struct option *o = find(use, name, n);
	if (o == NULL)
		return wrong(use, "there is no option", argv[*at]);
	if (o->value == NULL) {
		if (name[n] == '=')
			return wrong(use, "this option takes no value:", argv[*at]);
		*o->flag = true;
		return COMMAND_DONE;
	}
	if (name[n] == '=')
		*o->text = name + n + 1;
	else if (*at + 1 < argc)
		*o->text = argv[++*at];
	else
		return wrong(use, "a value is missing behind", argv[*at]);
	return COMMAND_DONE;
}

bool
option_read(const struct option_use *use, int argc, char **argv, const char **ret_words, size_t *ret_words_n,
    int *ret_status)
{
	size_t words = 0;
	bool only_words = false;
	for (int i = 1; i < argc; i++) {
		if (!only_words && strcmp(argv[i], "--help") == 0) {
			help_print(use);
			*ret_status = COMMAND_DONE;
			return false;
		}
		if (!only_words && strcmp(argv[i], "--") == 0) {
			only_words = true;
			continue;
		}
		if (!only_words && strncmp(argv[i], "--", 2) == 0) {
			*ret_status = take(use, argc, argv, &i);
			if (*ret_status != COMMAND_DONE)
				return false;
			continue;
		}
		if (words == use->words_most) {
			*ret_status = wrong(use, "one word too many:", argv[i]);
			return false;
		}
		ret_words[words++] = argv[i];
	}
	if (words < use->words_least) {
		*ret_status = wrong(use, "something is missing:", "see the usage");
		return false;
	}
	*ret_words_n = words;
	return true;
}
