/*
 * Reading one PDF through the qpdf C API, without the calls that are forbidden on files of strangers: nothing here counts
 * pages, makes objects, repairs or rewrites. Objects are read when asked for. Handles (qpdf_oh) live until reader_free.
 * A missing or wrong object reads as null; what that means is for the caller to say. One thread.
 */
#ifndef PARAPH_DOCUMENT_READER_H
#define PARAPH_DOCUMENT_READER_H

#include "base/arena.h"
#include "base/buf.h"
#include "pdf/plan.h"

#include <qpdf/qpdf-c.h>

struct reader {
	qpdf_data q;
	struct bytes file;
	struct arena *arena;
	uint32_t shift;      /* octets before "%PDF-" */
	uint64_t startxref;  /* as the file says it */
	enum plan_xref xref;
	uint32_t size;       /* one more than the highest object number */
	qpdf_oh trailer;
	qpdf_oh root;
	struct literal_ref root_ref;
	uint8_t *seen;       /* a bit for each object, for walks; reader_forget clears it */
};

/* file must stay. Refuses with an error of the closed list: not a PDF, empty, truncated, encrypted, damaged, too complex. */
err_t reader_new(struct bytes file, struct reader **ret_reader);
void reader_free(struct reader *r); /* accepts NULL */
static inline void
reader_auto_(struct reader **r)
{
	reader_free(*r);
}
#define AUTO_READER(name) __attribute__((cleanup(reader_auto_))) struct reader *name = NULL

/* The value of a key ("/Pages"); null when oh is no dictionary (a stream counts as its dictionary) or has none. */
qpdf_oh reader_key(struct reader *r, qpdf_oh oh, const char *key);
bool reader_has(struct reader *r, qpdf_oh oh, const char *key);
bool reader_is_dictionary(struct reader *r, qpdf_oh oh); /* streams too */
/* Whether the value of key is the name ("/Sig"). */
bool reader_is_name(struct reader *r, qpdf_oh oh, const char *key, const char *name);
/* Items of an array; 0 for anything else. */
size_t reader_count(struct reader *r, qpdf_oh array);
qpdf_oh reader_item(struct reader *r, qpdf_oh array, size_t i);
/* The number, if oh is an indirect reference or came from one; false otherwise. */
bool reader_ref(struct reader *r, qpdf_oh oh, struct literal_ref *ret_ref);
/* A finite number; false otherwise. */
bool reader_number(struct reader *r, qpdf_oh oh, double *ret_value);
bool reader_integer(struct reader *r, qpdf_oh oh, int64_t *ret_value);
/* A text string as UTF-8; what is not clean text becomes "?". */
struct str reader_text(struct reader *r, qpdf_oh oh);
/* An octet string; empty for anything else. */
struct bytes reader_octets(struct reader *r, qpdf_oh oh);

/* Notes that object ref was met; false when it was before, or when the number cannot be one of this file. */
bool reader_meet(struct reader *r, struct literal_ref ref);
void reader_forget(struct reader *r);

/* Writes a value as PDF tokens: "12 0 R" for a reference, the whole value for a direct one; strings in hex. */
void reader_put(struct reader *r, qpdf_oh oh, struct buf *b);
/* Writes " /Key value" for each entry of a dictionary but those in skip (NULL-terminated). */
void reader_put_entries(struct reader *r, qpdf_oh dictionary, const char *const *skip, struct buf *b);

/* OK as long as qpdf could go on: ERR_PDF_TOO_COMPLEX when memory ended. Ask after a walk. */
err_t reader_check(struct reader *r);
/* For what could not be read: ERR_PDF_DAMAGED with what, or ERR_PDF_TOO_COMPLEX when memory ended meanwhile. */
err_t reader_unreadable(struct reader *r, const char *what);

#endif
