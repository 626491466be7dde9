#include "cli/finding.h"
#include "base/bytes.h"
#include "cli/command.h"

#include <jansson.h>
#include <stdarg.h>

enum { FINDINGS_MAX = 128 };

struct finding {
	enum finding_state state;
	const char *check;
	char detail[512];
};

struct finding_list {
	struct finding all[FINDINGS_MAX];
	size_t n;
};

static const char *const state_names[] = {"ok", "warning", "failed"};

struct finding_list *
finding_new(void)
{
	struct finding_list *l = calloc(1, sizeof *l);
	if (l == NULL)
		abort();
	return l;
}

void
finding_free(struct finding_list *l)
{
	free(l);
}

void
finding_add(struct finding_list *l, enum finding_state state, const char *check, const char *format, ...)
{
	va_list args;
	if (l->n == FINDINGS_MAX)
		return;
	struct finding *f = &l->all[l->n++];
	f->state = state;
	f->check = check;
	va_start(args, format);
	vsnprintf(f->detail, sizeof f->detail, format, args);
	va_end(args);
	str_tame(f->detail); /* it may hold any name and what a server said, and be cut anywhere */
}

void
finding_result(struct finding_list *l, const char *check, err_t e, const char *seen)
{
	if (err_is(e))
		finding_add(l, FINDING_FAIL, check, "%s", err_detail());
	else
		finding_add(l, FINDING_OK, check, "%s", seen);
}

static err_t
print_json(const struct finding_list *l, enum finding_state worst)
{
	json_t *checks = json_array();
	bool whole = true;
	for (size_t i = 0; i < l->n; i++)
		whole &= json_array_append_new(checks, json_pack("{s:s, s:s, s:s}", "check", l->all[i].check, "state",
		    state_names[l->all[i].state], "detail", l->all[i].detail)) == 0;
	json_t *all = json_pack("{s:s, s:o}", "state", state_names[worst], "checks", checks);
	if (whole)
		return command_json(all);
	json_decref(all);
	return command_json(NULL);
}

enum finding_state
finding_print(const struct finding_list *l, bool json)
{
	static const char *const marks[] = {"ok    ", "warn  ", "FAILED"};
	enum finding_state worst = FINDING_OK;
	for (size_t i = 0; i < l->n; i++)
		worst = l->all[i].state > worst ? l->all[i].state : worst;
	if (json) {
		err_t e = print_json(l, worst);
		if (err_is(e))
			(void)command_fail(e);
		return err_is(e) ? FINDING_FAIL : worst;
	}
	for (size_t i = 0; i < l->n; i++)
		printf(" %s  %-14s %s\n", marks[l->all[i].state], l->all[i].check, l->all[i].detail);
	return worst;
}
