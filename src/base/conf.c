#include "base/conf.h"

#include <errno.h>
#include <ini.h>

struct reading {
	const char *file;
	const struct conf_item *items;
	size_t n;
	char *target;
	bool *seen;
	err_t result;
};

static bool
choice_holds(const char *choices, const char *value)
{
	size_t n = strchr(value, ' ') == NULL ? strlen(value) : 0; /* two choices in a row are none */
	for (const char *at = choices; n > 0 && (at = strstr(at, value)) != NULL; at += n)
		if ((at == choices || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

static err_t
number_put(const struct conf_item *item, const char *value, int64_t *ret)
{
	char *end;
	errno = 0;
	long long v = strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || v < item->least || v > item->most)
		return err_make(ERR_CONF, "[%s] %s = %s: must be a whole number from %lld to %lld (%s)", item->section,
		    item->key, value, (long long)item->least, (long long)item->most, item->help);
	*ret = v;
	return OK;
}

static err_t
bool_put(const struct conf_item *item, const char *value, bool *ret)
{
	bool yes = strcmp(value, "yes") == 0, no = strcmp(value, "no") == 0;
	if (!yes && !no)
		return err_make(ERR_CONF, "[%s] %s = %s: must be yes or no (%s)", item->section, item->key, value,
		    item->help);
	*ret = yes;
	return OK;
}

static err_t
value_put(const struct conf_item *item, const char *value, char *target)
{
	void *at = target + item->offset;
	if (item->type == CONF_NUMBER)
		return number_put(item, value, at);
	if (item->type == CONF_BOOL)
		return bool_put(item, value, at);
	if (item->type == CONF_CHOICE && !choice_holds(item->choices, value))
		return err_make(ERR_CONF, "[%s] %s = %s: must be one of: %s (%s)", item->section, item->key, value,
		    item->choices, item->help);
	char *copy = strdup(value);
	if (copy == NULL)
		abort();
	memcpy(at, &copy, sizeof copy);
	return OK;
}

/* inih calls this for each pair; 0 stops with the line number. */
static int
pair_read(void *user, const char *section, const char *key, const char *value)
{
	struct reading *r = user;
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->items[i].section, section) != 0 || strcmp(r->items[i].key, key) != 0)
			continue;
		if (r->seen[i])
			r->result = err_make(ERR_CONF, "[%s] %s is given twice: remove one", section, key);
		else
			r->result = value_put(&r->items[i], value, r->target);
		r->seen[i] = true;
		return !err_is(r->result);
	}
	r->result = err_make(ERR_CONF, "[%s] %s is not a known key: remove it or correct its spelling", section, key);
	return 0;
}

static err_t
defaults_put(struct reading *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->seen[i])
			continue;
		if (r->items[i].fallback == NULL)
			return err_make(ERR_CONF, "%s: [%s] %s is missing (%s)", r->file, r->items[i].section,
			    r->items[i].key, r->items[i].help);
		TRY(value_put(&r->items[i], r->items[i].fallback, r->target));
	}
	return OK;
}

static bool
is_text(const struct conf_item *item)
{
	return item->type == CONF_STRING || item->type == CONF_CHOICE;
}

static void
text_put(const struct conf_item *item, void *target, char *text)
{
	memcpy((char *)target + item->offset, &text, sizeof text);
}

err_t
conf_read(const char *file, const struct conf_item *items, size_t n, void *target)
{
	bool *seen = calloc(n, sizeof *seen);
	if (seen == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		if (is_text(&items[i]))
			text_put(&items[i], target, NULL); /* whatever the caller's memory held */
	struct reading r = {file, items, n, target, seen, OK};
	int line = ini_parse(file, pair_read, &r);
	err_t e = OK;
	if (line < 0)
		e = err_make(ERR_CONF, "%s cannot be read: does it exist, and may this user read it?", file);
	else if (line > 0 && err_is(r.result))
		e = err_make(ERR_CONF, "%s, line %d: %s", file, line, err_detail());
	else if (line > 0)
		e = err_make(ERR_CONF, "%s, line %d: not a [section] or key = value", file, line);
	else
		e = defaults_put(&r);
	free(seen);
	if (err_is(e)) {
		char detail[512];
		snprintf(detail, sizeof detail, "%s", err_detail());
		conf_done(items, n, target);
		return err_make(ERR_CONF, "%s", detail);
	}
	return OK;
}

void
conf_done(const struct conf_item *items, size_t n, void *target)
{
	for (size_t i = 0; i < n; i++) {
		char *text;
		if (!is_text(&items[i]))
			continue;
		memcpy(&text, (char *)target + items[i].offset, sizeof text);
		free(text);
		text_put(&items[i], target, NULL);
	}
}
