/*
 * An increment: objects appended to a file, then the section that says where they are, of the same flavour as the newest
 * section of the file: never a table after a stream, and after a hybrid file a table without /XRefStm. [ISO 32000-2 7.5.6]
 * The errors are sticky and told by increment_finish. Takes flavour, shift and what each trailer says from the plan.
 */
#ifndef PARAPH_PDF_INCREMENT_H
#define PARAPH_PDF_INCREMENT_H

#include "pdf/plan.h"

enum { INCREMENT_OBJECTS_MAX = 1024 };

struct increment_entry {
	struct literal_ref ref;
	uint64_t offset; /* as the section says it */
};

struct increment {
	const struct plan *plan;
	uint64_t base;      /* octets of the file before it */
	uint64_t startxref; /* of the newest section before it */
	uint32_t next;      /* first free object number */
	struct buf *out;
	bool over;          /* too many objects, or one too large */
	size_t entries_n;
	struct increment_entry entries[INCREMENT_OBJECTS_MAX];
};

/* Starts writing to out, which must be empty and outlive the increment. */
void increment_start(struct increment *inc, const struct plan *plan, uint64_t base, uint64_t startxref, uint32_t next,
    struct buf *out);

/* A new object number, generation 0. */
struct literal_ref increment_number(struct increment *inc);

/* "N G obj" and its end; the caller writes the object between them. An object is defined once. */
void increment_object(struct increment *inc, struct literal_ref ref);
void increment_object_end(struct increment *inc);

/* A whole stream object; entries are those of its dictionary without /Length. */
void increment_stream(struct increment *inc, struct literal_ref ref, struct bytes entries, struct bytes data);
/* zlib's form of data, for a stream with /Filter /FlateDecode. */
void increment_pack(struct bytes data, struct buf *b);
/* A stream object with data packed here; entries without /Filter. */
void increment_deflated(struct increment *inc, struct literal_ref ref, struct bytes entries, struct bytes data);

/* Writes section, trailer and end. ERR_LIMIT when out or the table of objects was too small. */
err_t increment_finish(struct increment *inc, uint64_t *ret_startxref);

#endif
