#include "api/field.h"
#include "base/time.h"

static err_t
text_read(const json_t *v, const char *at, const struct field *f, struct str *ret)
{
	struct str text;
	if (!json_is_string(v))
		return err_make(ERR_FIELD, "%s/%s: must be a text", at, f->name);
	err_t e = str_check(bytes(json_string_value(v), json_string_length(v)), &text);
	if (err_is(e))
		return err_make(ERR_FIELD, "%s/%s: %s", at, f->name, err_detail());
	if (f->type == FIELD_TEXT && (text.n < (size_t)f->least || text.n > (size_t)f->most))
		return err_make(ERR_FIELD, "%s/%s: must have %lld to %lld octets, has %zu", at, f->name, (long long)f->least,
		    (long long)f->most, text.n);
	*ret = text;
	return OK;
}

static bool
choice_holds(const char *choices, struct str value)
{
	for (const char *c = choices; *c != '\0';) {
		size_t n = strcspn(c, " ");
		if (str_eq((struct str){c, n}, value))
			return true;
		c += n;
		c += *c == ' ';
	}
	return false;
}

static err_t
choice_read(const json_t *v, const char *at, const struct field *f, struct str *ret)
{
	struct str text;
	TRY(text_read(v, at, f, &text));
	if (!choice_holds(f->choices, text))
		return err_make(ERR_FIELD, "%s/%s: must be one of: %s", at, f->name, f->choices);
	*ret = text;
	return OK;
}

static err_t
time_read(const json_t *v, const char *at, const struct field *f, int64_t *ret)
{
	struct str text;
	struct field any = *f;
	any.type = FIELD_TEXT;
	any.least = 1;
	any.most = 64;
	TRY(text_read(v, at, &any, &text));
	if (err_is(time_parse(text, ret)))
		return err_make(ERR_FIELD, "%s/%s: %s", at, f->name, err_detail());
	return OK;
}

static err_t
whole_read(const json_t *v, const char *at, const struct field *f, int64_t *ret)
{
	if (!json_is_integer(v) || json_integer_value(v) < f->least || json_integer_value(v) > f->most)
		return err_make(ERR_FIELD, "%s/%s: must be a whole number from %lld to %lld", at, f->name, (long long)f->least,
		    (long long)f->most);
	*ret = json_integer_value(v);
	return OK;
}

static err_t
number_read(const json_t *v, const char *at, const struct field *f, double *ret)
{
	double value = json_number_value(v);
	if (!json_is_number(v) || !(value >= (double)f->least && value <= (double)f->most))
		return err_make(ERR_FIELD, "%s/%s: must be a number from %lld to %lld", at, f->name, (long long)f->least,
		    (long long)f->most);
	*ret = value;
	return OK;
}

static err_t
list_read(json_t *v, const char *at, const struct field *f, json_t **ret)
{
	size_t n = json_array_size(v);
	if (!json_is_array(v) || n < (size_t)f->least || n > (size_t)f->most)
		return err_make(ERR_FIELD, "%s/%s: must be a list of %lld to %lld", at, f->name, (long long)f->least,
		    (long long)f->most);
	*ret = v;
	return OK;
}

static err_t
value_read(json_t *v, const char *at, const struct field *f, void *to)
{
	switch (f->type) {
	case FIELD_TEXT:
		return text_read(v, at, f, to);
	case FIELD_CHOICE:
		return choice_read(v, at, f, to);
	case FIELD_TIME:
		return time_read(v, at, f, to);
	case FIELD_WHOLE:
		return whole_read(v, at, f, to);
	case FIELD_NUMBER:
		return number_read(v, at, f, to);
	case FIELD_LIST:
		return list_read(v, at, f, to);
	case FIELD_BOOL:
		if (!json_is_boolean(v))
			return err_make(ERR_FIELD, "%s/%s: must be true or false", at, f->name);
		*(bool *)to = json_is_true(v);
		return OK;
	case FIELD_OBJECT:
		if (!json_is_object(v))
			return err_make(ERR_FIELD, "%s/%s: must be an object", at, f->name);
		*(json_t **)to = v;
		return OK;
	}
	return err_make(ERR_INTERNAL, "field type");
}

static const struct field *
field_find(const struct field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

err_t
field_read(const json_t *object, const char *at, const struct field *fields, size_t n, void *target)
{
	if (!json_is_object(object))
		return err_make(ERR_FIELD, "%s: must be an object", at[0] == '\0' ? "/" : at);
	void *it = json_object_iter((json_t *)(uintptr_t)object);
	for (; it != NULL; it = json_object_iter_next((json_t *)(uintptr_t)object, it)) {
		const char *name = json_object_iter_key(it);
		struct str shown;
		if (field_find(fields, n, name) != NULL)
			continue;
		if (err_is(str_check(bytes(name, strlen(name)), &shown)) || shown.n > 64)
			return err_make(ERR_FIELD, "%s: a field that does not exist here", at[0] == '\0' ? "/" : at);
		return err_make(ERR_FIELD, "%s/%s: there is no such field", at, name);
	}
	for (size_t i = 0; i < n; i++) {
		json_t *v = json_object_get(object, fields[i].name);
		if (v == NULL && fields[i].required)
			return err_make(ERR_FIELD, "%s/%s: is missing", at, fields[i].name);
		if (v != NULL)
			TRY(value_read(v, at, &fields[i], (char *)target + fields[i].offset));
	}
	return OK;
}
