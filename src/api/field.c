#include "api/field.h"

#include <math.h>

#include "base/time.h"

static const struct field *
find(const struct field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

#define WRONG(...) err_make(ERR_FIELD, __VA_ARGS__)

static err_t
read_text(const json_t *j, const char *at, const struct field *f, struct str *ret)
{
	struct str s;
	if (!json_is_string(j))
		return WRONG("%s: must be text", at);
	if (err_is(str_check(bytes(json_string_value(j), json_string_length(j)), &s)))
		return WRONG("%s: holds a control character or a mark that turns the direction of text", at);
	if ((double)s.n < f->least || (double)s.n > f->most)
		return WRONG("%s: must have %.0f to %.0f octets", at, f->least, f->most);
	*ret = s;
	return OK;
}

static err_t
read_integer(const json_t *j, const char *at, const struct field *f, int64_t *ret)
{
	if (!json_is_integer(j))
		return WRONG("%s: must be a whole number", at);
	int64_t v = json_integer_value(j);
	if ((double)v < f->least || (double)v > f->most)
		return WRONG("%s: must be %.0f to %.0f", at, f->least, f->most);
	*ret = v;
	return OK;
}

static err_t
read_number(const json_t *j, const char *at, const struct field *f, double *ret)
{
	if (!json_is_number(j))
		return WRONG("%s: must be a number", at);
	double v = json_number_value(j);
	if (!isfinite(v) || v < f->least || v > f->most)
		return WRONG("%s: must be %g to %g", at, f->least, f->most);
	*ret = v;
	return OK;
}

static err_t
read_time(const json_t *j, const char *at, int64_t *ret)
{
	if (!json_is_string(j) ||
	    err_is(time_parse((struct str){json_string_value(j), json_string_length(j)}, ret)))
		return WRONG("%s: must be a time like 2026-11-22T14:03:22Z", at);
	return OK;
}

static err_t
read_id(const json_t *j, const char *at, const struct field *f, struct id *ret)
{
	if (!json_is_string(j) ||
	    err_is(id_read(f->choices, (struct str){json_string_value(j), json_string_length(j)}, ret)))
		return WRONG("%s: must be an id like %s_01JD…", at, f->choices);
	return OK;
}

static err_t
read_choice(const json_t *j, const char *at, const struct field *f, int *ret)
{
	struct str given = {json_string_value(j), json_string_length(j)};
	int n = 0;
	for (const char *p = f->choices; json_is_string(j) && *p != '\0'; n++) {
		size_t len = strcspn(p, " ");
		if (str_eq(given, (struct str){p, len})) {
			*ret = n;
			return OK;
		}
		p += len + (p[len] == ' ');
	}
	return WRONG("%s: must be one of: %s", at, f->choices);
}

static err_t
read_hex(const json_t *j, const char *at, uint8_t *ret)
{
	if (!json_is_string(j) ||
	    err_is(bytes_unhex((struct str){json_string_value(j), json_string_length(j)}, DIGEST_SHA256_LEN, ret)))
		return WRONG("%s: must be a SHA-256 in hex", at);
	return OK;
}

static err_t
read_list(const json_t *j, const char *at, const struct field *f, void *target)
{
	size_t i;
	json_t *item;
	if (!json_is_array(j))
		return WRONG("%s: must be a list", at);
	if ((double)json_array_size(j) < f->least || (double)json_array_size(j) > f->most)
		return WRONG("%s: must have %.0f to %.0f items", at, f->least, f->most);
	json_array_foreach((json_t *)j, i, item) {
		char pointer[FIELD_POINTER_MAX];
		snprintf(pointer, sizeof pointer, "%.*s/%zu", FIELD_POINTER_MAX - 32, at, i);
		TRY(f->item(item, pointer, target));
	}
	return OK;
}

static err_t
read_one(const json_t *j, const char *at, const struct field *f, void *target)
{
	void *member = (char *)target + f->offset;
	switch (f->type) {
	case FIELD_TEXT:
		return read_text(j, at, f, member);
	case FIELD_INTEGER:
		return read_integer(j, at, f, member);
	case FIELD_NUMBER:
		return read_number(j, at, f, member);
	case FIELD_BOOL:
		if (!json_is_boolean(j))
			return WRONG("%s: must be true or false", at);
		*(bool *)member = json_is_true(j);
		return OK;
	case FIELD_TRUE:
		return json_is_true(j) ? OK : WRONG("%s: must be true", at);
	case FIELD_TIME:
		return read_time(j, at, member);
	case FIELD_ID:
		return read_id(j, at, f, member);
	case FIELD_CHOICE:
		return read_choice(j, at, f, member);
	case FIELD_HEX:
		return read_hex(j, at, member);
	case FIELD_LIST:
		return read_list(j, at, f, target);
	}
	return err_make(ERR_INTERNAL, "field type %d", (int)f->type);
}

err_t
field_read(const json_t *object, const char *pointer, const struct field *fields, size_t n, void *target)
{
	const char *name;
	json_t *value;
	char at[FIELD_POINTER_MAX];
	if (!json_is_object(object))
		return WRONG("%s: must be an object", pointer[0] ? pointer : "/");
	json_object_foreach((json_t *)object, name, value) {
		const struct field *f = find(fields, n, name);
		snprintf(at, sizeof at, "%s/%.*s", pointer, canon_cut(name, 40), name);
		if (f == NULL)
			return WRONG("%s: there is no such field", at);
		TRY(read_one(value, at, f, target));
	}
	for (size_t i = 0; i < n; i++)
		if (fields[i].required && json_object_get(object, fields[i].name) == NULL)
			return WRONG("%s/%s: is missing", pointer, fields[i].name);
	return OK;
}
