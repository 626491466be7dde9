#include "audit/finding.h"
#include "base/bytes.h"

#include <jansson.h>
#include <stdarg.h>

enum { COUNTS_MAX = 32, NOTES_MAX = 8 };

static struct {
	struct {
		const char *rule;
		char text[400];
	} wrong[FINDING_SHOWN_MAX];
	uint64_t wrong_n;
	struct {
		const char *name;
		uint64_t n;
	} count[COUNTS_MAX];
	size_t count_n;
	char note[NOTES_MAX][400];
	size_t note_n;
} found;

void
finding_wrong(const char *rule, const char *format, ...)
{
	va_list args;
	size_t i = found.wrong_n++;
	if (i >= FINDING_SHOWN_MAX)
		return;
	found.wrong[i].rule = rule;
	va_start(args, format);
	vsnprintf(found.wrong[i].text, sizeof found.wrong[i].text, format, args);
	va_end(args);
	str_mend(found.wrong[i].text); /* it may be cut anywhere */
}

void
finding_count(const char *name, uint64_t n)
{
	for (size_t i = 0; i < found.count_n; i++)
		if (strcmp(found.count[i].name, name) == 0) {
			found.count[i].n += n;
			return;
		}
	if (found.count_n == COUNTS_MAX)
		abort();
	found.count[found.count_n].name = name;
	found.count[found.count_n++].n = n;
}

void
finding_note(const char *format, ...)
{
	va_list args;
	if (found.note_n == NOTES_MAX)
		abort();
	va_start(args, format);
	vsnprintf(found.note[found.note_n], sizeof found.note[0], format, args);
	va_end(args);
	str_mend(found.note[found.note_n++]);
}

static size_t
shown(void)
{
	return found.wrong_n < FINDING_SHOWN_MAX ? (size_t)found.wrong_n : FINDING_SHOWN_MAX;
}

static json_t *
json_make(void)
{
	json_t *wrong = json_array(), *counts = json_object(), *notes = json_array();
	bool whole = true;
	for (size_t i = 0; i < found.note_n; i++)
		whole &= json_array_append_new(notes, json_string(found.note[i])) == 0;
	for (size_t i = 0; i < shown(); i++)
		whole &= json_array_append_new(wrong, json_pack("{s:s, s:s}", "rule", found.wrong[i].rule, "detail",
		    found.wrong[i].text)) == 0;
	for (size_t i = 0; i < found.count_n; i++)
		whole &= json_object_set_new(counts, found.count[i].name, json_integer((json_int_t)found.count[i].n)) == 0;
	json_t *all = json_pack("{s:b, s:I, s:o, s:o, s:o}", "agrees", found.wrong_n == 0, "disagreements",
	    (json_int_t)found.wrong_n, "findings", wrong, "compared", counts, "notes", notes);
	if (whole)
		return all;
	json_decref(all);
	return NULL;
}

static err_t
print_json(void)
{
	json_t *all = json_make();
	if (all == NULL)
		return err_make(ERR_INTERNAL, "what was found does not fit into JSON");
	json_dumpf(all, stdout, JSON_INDENT(2));
	json_decref(all);
	printf("\n");
	return OK;
}

static void
print_text(void)
{
	for (size_t i = 0; i < shown(); i++)
		printf(" WRONG  %-12s %s\n", found.wrong[i].rule, found.wrong[i].text);
	if (found.wrong_n > shown())
		printf(" …and %llu more\n", (unsigned long long)(found.wrong_n - shown()));
	for (size_t i = 0; i < found.count_n; i++)
		printf(" %8llu  %s\n", (unsigned long long)found.count[i].n, found.count[i].name);
	for (size_t i = 0; i < found.note_n; i++)
		printf(" Note   %s\n", found.note[i]);
	printf("%s\n", found.wrong_n == 0 ? "Everything agrees." : "Something does not agree.");
}

err_t
finding_print(bool json, bool *ret_agrees)
{
	if (json)
		TRY(print_json());
	else
		print_text();
	bool written = fflush(stdout) == 0; /* an earlier error stays in ferror, and its reason is gone */
	if (!written || ferror(stdout))
		return written ? err_make(ERR_IO, "standard output") : err_errno("standard output");
	*ret_agrees = found.wrong_n == 0;
	return OK;
}
