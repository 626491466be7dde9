/*
 * What changed in a PDF after one of its revisions, by a closed list; every later update that is not on it counts as
 * a change: another signature or time-stamp (in a new or an empty field), a new empty field, evidence (/DSS), document
 * information and metadata. Only a signature may show something on a page: a time-stamp and an empty field that do are
 * changes. Everything else, also what could be harmless (filled text fields, annotations), is a change and named.
 * A redefined object keeps its role: one that the earlier revision uses in more than one place or in another one, or refers
 * to without having it, may not be redefined at all, so that nothing on a page can hide behind a permitted update.
 */
#ifndef PARAPH_ADES_PDFDIFF_H
#define PARAPH_ADES_PDFDIFF_H

#include "ades/pdffile.h"

/* What was added; all of it is permitted. */
enum {
	PDFDIFF_SIGNATURE = 1,  /* a signature */
	PDFDIFF_STAMP = 2,      /* a document time-stamp that shows nothing */
	PDFDIFF_EVIDENCE = 4,   /* certificates and status */
	PDFDIFF_INFORMATION = 8, /* title, author, dates: not shown on any page */
	PDFDIFF_FIELD = 16,     /* an empty signature field that shows nothing */
};

struct pdfdiff {
	unsigned added;       /* PDFDIFF_… */
	bool changed;         /* something that is not on the list */
	char what[160];       /* the first such thing, for people */
};

/* Compares what revision `old` (an index of f->sections) shows with what the newest one shows. Errors mean that this cannot
 * be told; so does a /Size that hides objects from some readers, where nothing else is a change. */
err_t pdfdiff_check(struct pdffile *f, size_t old, struct pdfdiff *ret_diff);

#endif
