/*
 * JSON bodies, declared as tables of fields: name, type, limits, where the value goes. Unknown fields, wrong types and
 * values out of limits are refused with a JSON pointer [RFC 6901] to the place. Texts are borrowed from the JSON value.
 */
#ifndef PARAPH_API_FIELD_H
#define PARAPH_API_FIELD_H

#include "base/bytes.h"
#include <jansson.h>

enum field_type {
	FIELD_TEXT,    /* struct str: clean UTF-8, least..most octets */
	FIELD_CHOICE,  /* struct str: one of choices ("a b c") */
	FIELD_TIME,    /* int64_t: RFC 3339 with Z */
	FIELD_WHOLE,   /* int64_t: least..most */
	FIELD_NUMBER,  /* double: least..most */
	FIELD_BOOL,    /* bool */
	FIELD_LIST,    /* json_t *: array of least..most members */
	FIELD_OBJECT,  /* json_t * */
};

struct field {
	const char *name;
	enum field_type type;
	bool required;
	int64_t least, most;
	const char *choices;
	size_t offset; /* of the member in the target struct; left as it was when an optional field is absent */
};

/* Reads object into target. at: the pointer of the object itself ("" for the body, "/signers/0"). ERR_FIELD with
 * "POINTER: what is wrong" as detail. */
err_t field_read(const json_t *object, const char *at, const struct field *fields, size_t n, void *target);

#endif
