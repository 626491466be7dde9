/*
 * Bodies as tables: which fields an object may have, of which type and size. An unknown, missing or wrong field is
 * ERR_FIELD with a JSON Pointer [RFC 6901] at the start of the detail ("/signers/0/method: …"). Texts are borrowed from
 * the JSON, which must live as long as the target. Pure; any thread.
 */
#ifndef PARAPH_API_FIELD_H
#define PARAPH_API_FIELD_H

#include "core/canon.h"
#include "core/id.h"

enum field_type {
	FIELD_TEXT,    /* struct str; least and most count octets */
	FIELD_INTEGER, /* int64_t */
	FIELD_NUMBER,  /* double */
	FIELD_BOOL,    /* bool */
	FIELD_TRUE,    /* must be true; no member */
	FIELD_TIME,    /* int64_t, RFC 3339 with Z */
	FIELD_ID,      /* struct id; choices is the prefix */
	FIELD_CHOICE,  /* int: place in choices, "a b c" */
	FIELD_HEX,     /* 32 octets */
	FIELD_LIST,    /* item is called for each of least to most items */
};

struct field {
	const char *name;
	enum field_type type;
	bool required;
	double least, most;
	const char *choices;
	size_t offset; /* of the member in the target */
	err_t (*item)(const json_t *item, const char *pointer, void *target);
};

enum { FIELD_POINTER_MAX = 160 };

/* Reads object, which stands at pointer ("" for the body itself), into target. Members of absent fields stay as they are. */
err_t field_read(const json_t *object, const char *pointer, const struct field *fields, size_t n, void *target);

#define FIELDS(table) (table), sizeof(table) / sizeof *(table)

#endif
