/*
 * PDF objects from octets [ISO 32000-2 7.3], strictly: no repair, no guess. A value is a small tree in an arena; it says
 * where it stood, so that octets can be compared. What two readers could take differently is refused: a key twice in a
 * dictionary, an unbalanced string, a number with letters behind it, one that overflows. Knows nothing of files:
 * pdffile.h does. Pure.
 */
#ifndef PARAPH_ADES_PDFLEX_H
#define PARAPH_ADES_PDFLEX_H

#include "base/arena.h"

enum pdflex_kind {
	PDFLEX_NULL,
	PDFLEX_BOOL,
	PDFLEX_INTEGER,
	PDFLEX_REAL,
	PDFLEX_NAME,
	PDFLEX_STRING,
	PDFLEX_ARRAY,
	PDFLEX_DICT,
	PDFLEX_REFERENCE,
};

/* NUMBER_MAX: the highest number of an object [ISO 32000-1 annex C.2]; what readers make of higher ones differs. */
enum { PDFLEX_DEPTH_MAX = 64, PDFLEX_KEYS_MAX = 16384, PDFLEX_NUMBER_MAX = 8388607 };

struct pdflex_value {
	enum pdflex_kind kind;
	size_t from, to;             /* where it stood in the octets it was read from */
	int64_t integer;             /* INTEGER, BOOL; object number of a REFERENCE */
	uint32_t generation;         /* of a REFERENCE */
	bool hex;                    /* STRING written as <…> */
	struct bytes text;           /* NAME without the slash, STRING: decoded; REAL: as written */
	struct pdflex_value *first;  /* members of an ARRAY or DICT */
	struct pdflex_value *next;   /* the next member of the same one */
	struct bytes key;            /* of a member of a DICT */
};

/* An indirect object: "12 0 obj … endobj". */
struct pdflex_object {
	uint32_t number, generation;
	struct pdflex_value *value;
	bool stream;                 /* value is its dictionary */
	size_t data;                 /* where the data starts */
	size_t at;                   /* where the object starts */
	size_t end;                  /* one past "endobj"; for streams: 0 until pdflex_stream was called */
};

/* One value at *at, which moves behind it. ERR_PDF_STRICT says where and why it is none. */
err_t pdflex_value(struct bytes source, size_t *at, struct arena *arena, struct pdflex_value **ret_value);

/* The object that starts exactly at `at`. For a stream, data is set and pdflex_stream must follow. */
err_t pdflex_object(struct bytes source, size_t at, struct arena *arena, struct pdflex_object *ret_object);
/* Demands endstream and endobj behind `length` octets of data, and gives these. */
err_t pdflex_stream(struct bytes source, struct pdflex_object *o, uint64_t length, struct bytes *ret_data);

/* Skips white space and comments. */
size_t pdflex_space(struct bytes source, size_t at);
/* Whether a word stands at *at, followed by no regular character; moves behind it. */
bool pdflex_word(struct bytes source, size_t *at, const char *word);
/* An unsigned decimal integer of at most 10 digits at *at; false when there is none. */
bool pdflex_digits(struct bytes source, size_t *at, uint64_t *ret_value);

/* The member of a dictionary, or NULL (also when d is NULL or no dictionary). */
const struct pdflex_value *pdflex_get(const struct pdflex_value *d, const char *key);
const struct pdflex_value *pdflex_member(const struct pdflex_value *d, struct bytes key);
/* Whether v is the name. */
bool pdflex_is(const struct pdflex_value *v, const char *name);
/* Whether two values say the same, member by member (order of keys does not matter). */
bool pdflex_equal(const struct pdflex_value *a, const struct pdflex_value *b);

#endif
