#include "base/conf.h"

#include <errno.h>

enum { LINE_ROOM = CONF_VALUE_MAX + 256, SECTION_MAX = 64 };

struct reading {
	const char *file;
	char section[SECTION_MAX];
	const struct conf_item *items;
	size_t n;
	char *target;
	bool *seen;
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
	if (item->type == CONF_GONE) {
		memcpy(at, &item->key, sizeof item->key);
		return OK;
	}
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

static err_t
pair_read(struct reading *r, const char *key, const char *value)
{
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->items[i].section, r->section) != 0 || strcmp(r->items[i].key, key) != 0)
			continue;
		if (r->seen[i])
			return err_make(ERR_CONF, "[%s] %s is given twice: remove one", r->section, key);
		r->seen[i] = true;
		TRY(conf_value_check(r->section, key, value));
		return value_put(&r->items[i], value, r->target);
	}
	return err_make(ERR_CONF, "[%s] %s is not a known key: remove it or correct its spelling", r->section, key);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Cuts the spaces at both ends. */
static char *
trim(char *text)
{
	while (is_space(*text))
		text++;
	size_t n = strlen(text);
	while (n > 0 && is_space(text[n - 1]))
		n--;
	text[n] = '\0';
	return text;
}

static err_t
line_read(struct reading *r, char *line)
{
	char *text = trim(line), *equals = strchr(text, '=');
	size_t n = strlen(text);
	if (n == 0 || text[0] == ';' || text[0] == '#')
		return OK;
	if (text[0] == '[' && text[n - 1] == ']' && n - 2 < SECTION_MAX) {
		text[n - 1] = '\0';
		snprintf(r->section, sizeof r->section, "%s", trim(text + 1));
		return OK;
	}
	if (text[0] == '[' || equals == NULL)
		return err_make(ERR_CONF, "not a [section] or key = value");
	*equals = '\0';
	return pair_read(r, trim(text), trim(equals + 1));
}

/* The line is in ret_line, without the end that it may have; false at the end of the file. */
static err_t
line_get(FILE *f, char line[LINE_ROOM], bool *ret_got)
{
	size_t n = 0;
	int c;
	while ((c = fgetc(f)) != EOF && c != '\n') {
		if (c == '\0' || n + 1 == LINE_ROOM)
			return err_make(ERR_CONF, c == '\0' ? "an octet that is no text" : "longer than any value may be");
		line[n++] = (char)c;
	}
	line[n] = '\0';
	*ret_got = n > 0 || c != EOF;
	return ferror(f) ? err_errno("reading") : OK;
}

static err_t
lines_read(struct reading *r, FILE *f)
{
	char line[LINE_ROOM];
	bool got = true;
	for (unsigned number = 1; got; number++) {
		err_t e = line_get(f, line, &got);
		if (!err_is(e))
			e = line_read(r, line);
		if (!err_is(e))
			continue;
		char detail[512];
		snprintf(detail, sizeof detail, "%s", err_detail());
		return err_make(ERR_CONF, "%s, line %u: %s", r->file, number, detail);
	}
	return OK;
}

err_t
conf_value_check(const char *section, const char *key, const char *value)
{
	size_t n = strlen(value);
	if (n > CONF_VALUE_MAX)
		return err_make(ERR_CONF, "[%s] %s: %zu octets, at most %d fit", section, key, n, CONF_VALUE_MAX);
	if (n > 0 && (is_space(value[0]) || is_space(value[n - 1])))
		return err_make(ERR_CONF, "[%s] %s: a space at its start or end", section, key);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return err_make(ERR_CONF, "[%s] %s: a control character in it", section, key);
	return OK;
}

static err_t
defaults_put(struct reading *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->seen[i] || r->items[i].type == CONF_GONE)
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
	struct reading r = {.file = file, .items = items, .n = n, .target = target, .seen = seen};
	FILE *f = fopen(file, "re");
	err_t e = f != NULL ? lines_read(&r, f)
	                    : err_make(ERR_NO_INPUT, "%s cannot be read: does it exist, and may this user read it?", file);
	if (f != NULL)
		fclose(f);
	if (!err_is(e))
		e = defaults_put(&r);
	free(seen);
	if (err_is(e)) {
		char detail[512];
		snprintf(detail, sizeof detail, "%s", err_detail());
		conf_done(items, n, target);
		return err_make(e.code, "%s", detail);
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
