/*
 * The objects of a PDF file in a comparison of two revisions: which are new, redefined or gone, and how often the older
 * revision uses each. Part of pdfdiff.h, which decides what that means.
 */
#ifndef PARAPH_ADES_PDFDIFF_MARKS_H
#define PARAPH_ADES_PDFDIFF_MARKS_H

#include "ades/pdffile.h"

enum pdfdiff_marks_state {
	PDFDIFF_SAME,    /* the same, or not there in both */
	PDFDIFF_NEW,     /* not there before */
	PDFDIFF_CHANGED, /* redefined with other content */
	PDFDIFF_GONE,    /* free now */
};

struct pdfdiff_mark {
	uint8_t state;
	bool allowed;  /* a rule accounts for it */
	bool visited;  /* the walk over the fields was here */
	bool split;    /* some readers see another object since the older revision than others do */
	bool stream;   /* CHANGED: a stream, before or now */
	uint16_t uses; /* references to it in the older revision, saturating */
};

/* A page of the older revision whose list of annotations, an object of its own, was redefined. */
struct pdfdiff_marks_list {
	struct pdfdiff_marks_list *next;
	uint32_t number; /* of the list */
};

struct pdfdiff_marks {
	struct pdffile *f;
	size_t old;                /* the older revision; the other one is the newest, 0 */
	struct pdfdiff_mark *mark; /* one for each object number */
	uint32_t n;
	struct pdfdiff_mark none;  /* of what is no reference */
	struct pdfdiff_marks_list *lists;
	bool draws;                /* the older revision has texts or fields that readers draw themselves: no appearance */
};

/* Compares all objects; everything lives in the file's arena. */
err_t pdfdiff_marks_read(struct pdffile *f, size_t old, struct pdfdiff_marks *ret_marks);

/* The mark of what a reference leads to; for anything else one that says "the same". */
struct pdfdiff_mark *pdfdiff_marks_of(struct pdfdiff_marks *m, const struct pdflex_value *reference);

#endif
