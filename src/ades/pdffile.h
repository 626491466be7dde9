/*
 * A PDF file as its revisions [ISO 32000-2 7.5]: one chain of cross-reference sections from the last startxref, read
 * strictly. Nothing is repaired: an offset that does not lead to what it names (over a line end at most), a chain that
 * turns back, octets behind the end are refused, because readers that repair do not agree on what they see. Objects are looked up as one revision saw them.
 * Reads only octets in memory (a mapped file); all it makes lives in the arena it was given. Files of strangers: the
 * process that calls this must be jailed.
 */
#ifndef PARAPH_ADES_PDFFILE_H
#define PARAPH_ADES_PDFFILE_H

#include "ades/pdflex.h"

enum {
	PDFFILE_SECTIONS_MAX = 1024,
	PDFFILE_OBJECTS_MAX = PDFLEX_NUMBER_MAX + 1,
};

/* What the table of a hybrid section says where its /XRefStm says something. [ISO 32000-2 7.5.8.4] */
enum pdffile_table {
	PDFFILE_TABLE_AGREES,   /* the same; or the section is not hybrid */
	PDFFILE_TABLE_FREE,     /* that the object is free: the entry is the stream's */
	PDFFILE_TABLE_SILENT,   /* nothing: the entry is the stream's */
	PDFFILE_TABLE_DISAGREES /* something else: the entry is the table's */
};

/* Where an object is, as one section says. */
struct pdffile_entry {
	uint32_t number;
	uint8_t type;       /* 0 free, 1 at an offset, 2 in an object stream */
	uint8_t table;      /* enum pdffile_table */
	uint32_t more;      /* type 1: generation; type 2: index */
	uint64_t offset;    /* type 1: in the file; type 2: number of the object stream */
};

struct pdffile_section {
	size_t at;                    /* of "xref" or of the stream object: what startxref names */
	size_t end;                   /* one past its last octet (trailer or endobj) */
	bool stream;
	size_t hybrid_at;             /* /XRefStm; 0: none */
	const struct pdflex_value *trailer;
	uint32_t size;                /* /Size: readers take objects from this number on for missing; 0: none that can be read */
	struct pdffile_entry *entries; /* by number */
	size_t entries_n, entries_room;
};

struct pdffile {
	struct bytes data;
	size_t shift;                 /* octets before "%PDF-", which offsets in the file do not count; all places here do */
	struct arena *arena;
	struct arena *values;         /* where parsed objects go: the same one, unless a caller swaps it for a while */
	struct pdffile_section *sections; /* newest first */
	size_t sections_n, sections_room;
	struct pdffile_stream *streams; /* inflated object streams */
};

/* An object as a revision sees it. */
struct pdffile_object {
	const struct pdflex_value *value; /* dictionary of a stream */
	struct bytes source;              /* what value's places count in: the file, or an inflated object stream */
	bool stream;
	struct bytes data;                /* as stored, filters not applied */
	bool compressed;                  /* it came out of an object stream */
	struct pdffile_entry entry;
	size_t at, end;                   /* in the file, when not compressed */
};

/* Reads the chain. *ret_file belongs to the arena. ERR_PDF_STRICT, ERR_PDF_ENCRYPTED, ERR_MEMORY_LIMIT. */
err_t pdffile_read(struct bytes data, struct arena *arena, struct pdffile **ret_file);

/* Where an offset of the file leads: the shift added, and a line end there passed over, as all readers do. One behind the
 * end stays what it is. */
uint64_t pdffile_place(const struct pdffile *f, uint64_t offset);
/* Whether a cross-reference section, or what looks like one, starts exactly there. */
bool pdffile_is_section(struct bytes data, size_t at);
/* Whether "startxref N" stands behind section i: *ret_at is one past that (the end marker is a comment). */
bool pdffile_ends_revision(const struct pdffile *f, size_t i, size_t *ret_at);

/* Where "startxref N %%EOF" and white space end a revision exactly at `end`; ERR_PDF_STRICT when none does. The number is
 * as it stands, the shift not added. */
err_t pdffile_end(struct bytes data, size_t end, uint64_t *ret_startxref);

/* One cross-reference section alone, as it stands at `at`; its /Prev is not followed. */
err_t pdffile_section_read(struct bytes data, size_t at, struct arena *arena, struct pdffile_section *ret_section);

/* The data of a stream whose dictionary refers to nothing, with its filter applied: none or FlateDecode. */
err_t pdffile_plain(struct arena *arena, const struct pdflex_value *dict, struct bytes data, struct bytes *ret_data);

/* The entry of an object as section `revision` (an index, 0 the newest) and all older ones say; NULL when none does. */
const struct pdffile_entry *pdffile_find(const struct pdffile *f, size_t revision, uint32_t number);

/* The same for a reader that knows of tables only what they say themselves: it does not look into /XRefStm. */
const struct pdffile_entry *pdffile_find_shown(const struct pdffile *f, size_t revision, uint32_t number);
/* Whether both say the same: of objects that are free or unknown that they are. */
bool pdffile_same_entry(const struct pdffile_entry *a, const struct pdffile_entry *b);

/* The object as that revision sees it; ERR_NOT_FOUND for a free or unknown one (which PDF says is null). */
err_t pdffile_get(struct pdffile *f, size_t revision, uint32_t number, struct pdffile_object *ret_object);

/* v itself or, when it is a reference, what that revision sees there (chains of references are refused). A missing object
 * gives NULL. */
err_t pdffile_resolve(struct pdffile *f, size_t revision, const struct pdflex_value *v,
    const struct pdflex_value **ret_value);
/* The member of a dictionary, resolved; NULL when there is none. */
err_t pdffile_member(struct pdffile *f, size_t revision, const struct pdflex_value *dict, const char *key,
    const struct pdflex_value **ret_value);

/* The data of a stream with its filters applied: none or FlateDecode (with PNG predictors). ERR_PDF_STRICT otherwise. */
err_t pdffile_decode(struct pdffile *f, size_t revision, const struct pdflex_value *dict, struct bytes data,
    struct bytes *ret_data);

/* The catalog of a revision. */
err_t pdffile_root(struct pdffile *f, size_t revision, const struct pdflex_value **ret_root);

#endif
