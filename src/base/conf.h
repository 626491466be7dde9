/*
 * Configuration files (INI) read by a schema: one table of sections, keys, types, ranges, defaults and help. An unknown
 * section or key, a value out of range or a key given twice is an error that names file, line and fix.
 *
 * A line is a [section], a key = value, or a comment that begins with ; or #. A value is everything behind the =, but for
 * the spaces around it: it may hold what else begins a comment, and be as long as CONF_VALUE_MAX.
 */
#ifndef PARAPH_BASE_CONF_H
#define PARAPH_BASE_CONF_H

#include "base/bytes.h"

enum { CONF_VALUE_MAX = 4096 }; /* octets: a path is the longest there is */

enum conf_type {
	CONF_STRING,
	CONF_NUMBER,
	CONF_BOOL,
	CONF_CHOICE,
	CONF_GONE, /* of an earlier version: any value is passed over, and the member says that the key was there */
};

struct conf_item {
	const char *section;
	const char *key;
	enum conf_type type;
	int64_t least, most;     /* CONF_NUMBER */
	const char *choices;     /* CONF_CHOICE: "demo internal production" */
	const char *fallback;    /* NULL: must be given */
	const char *help;
	size_t offset;           /* of the member: char * for STRING and CHOICE, int64_t for NUMBER, bool for BOOL;
	                            const char * that borrows key for GONE */
};

/* Proves that a value, written into a file, is read back as the same; ERR_CONF. */
err_t conf_value_check(const char *section, const char *key, const char *value);

/* Reads file into the struct at target, for which items (n of them) say where each value goes. Strings are allocated
 * and belong to the caller (conf_done). ERR_CONF names file, line and what to do. */
err_t conf_read(const char *file, const struct conf_item *items, size_t n, void *target);
void conf_done(const struct conf_item *items, size_t n, void *target);

#endif
