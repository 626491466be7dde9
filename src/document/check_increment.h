/*
 * One increment of a finished document, read by a closed grammar: whole objects, one behind the other with nothing but
 * white space between them, one cross-reference section that names exactly these objects, a trailer that says what the
 * plan says, startxref, %%EOF. For the final check; prepare asks check_increment_dict what that will be
 * able to read. Shares no code with the writer of increments but struct plan.
 */
#ifndef PARAPH_DOCUMENT_CHECK_INCREMENT_H
#define PARAPH_DOCUMENT_CHECK_INCREMENT_H

#include "ades/pdflex.h"
#include "pdf/plan.h"

enum { CHECK_INCREMENT_OBJECTS_MAX = 1024 };

struct check_increment_object {
	struct pdflex_object o;
	struct bytes data;   /* of a stream, as stored */
	bool section;        /* it is the cross-reference stream */
	bool seen;           /* scratch of the one who accounts for the objects */
};

struct check_increment {
	size_t from, to;     /* octets of the file */
	uint64_t startxref;  /* as the file says it */
	uint32_t next;       /* first free object number after it */
	size_t n;
	struct check_increment_object objects[CHECK_INCREMENT_OBJECTS_MAX];
};

/* Reads the increment that starts at `from`, behind a revision with this startxref and first free object number.
 * *ret_increment is in the arena. ERR_FINAL_CHECK or ERR_PDF_STRICT say what is wrong. */
err_t check_increment_read(struct bytes file, size_t from, const struct plan *plan, uint64_t startxref, uint32_t next,
    struct arena *arena, struct check_increment **ret_increment);

/* Reads entries of the plan as the dictionary that they are the inside of. */
err_t check_increment_dict(struct bytes entries, struct arena *arena, const struct pdflex_value **ret_dict);

/* The object with this number, or NULL. */
struct check_increment_object *check_increment_find(struct check_increment *inc, uint32_t number);

#endif
