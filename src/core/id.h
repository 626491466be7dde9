/*
 * Ids of records: 16 octets, of which the first six are the time in milliseconds (so that records lie in the order they
 * came) and ten are random. On the API a prefix tells the kind: req_01JD… (26 characters of Crockford's base 32).
 */
#ifndef PARAPH_CORE_ID_H
#define PARAPH_CORE_ID_H

#include "base/bytes.h"

enum { ID_LEN = 16, ID_TEXT_MAX = 32 };

struct id {
	uint8_t o[ID_LEN];
};
struct id_text {
	char c[ID_TEXT_MAX];
};

struct id id_make(int64_t now);
struct id_text id_text(const char *prefix, struct id id);
/* ERR_NOT_FOUND for anything that id_text does not write: there is no such record. */
err_t id_read(const char *prefix, struct str text, struct id *ret_id);

static inline struct bytes
id_bytes(const struct id *id)
{
	return bytes(id->o, ID_LEN);
}

/* From a column or message; zero octets when it is not 16 long. */
static inline struct id
id_from(struct bytes b)
{
	struct id id = {{0}};
	if (b.n == ID_LEN)
		memcpy(id.o, b.p, ID_LEN);
	return id;
}

static inline bool
id_eq(struct id a, struct id b)
{
	return memcmp(a.o, b.o, ID_LEN) == 0;
}

#endif
