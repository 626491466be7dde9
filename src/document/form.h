/*
 * The interactive form of a document: the names in it, the signatures already made and what they forbid, the signature
 * fields that wait for one. Reads only.
 */
#ifndef PARAPH_DOCUMENT_FORM_H
#define PARAPH_DOCUMENT_FORM_H

#include "document/reader.h"

enum {
	FORM_EMPTY_MAX = 256, /* empty signature fields that are remembered */
	FORM_LOCKS_MAX = 64,  /* locks of earlier signatures */
};

/* An empty signature field. */
struct form_empty {
	struct str name; /* the full one */
	qpdf_oh field;
	struct literal_ref field_ref;
	qpdf_oh widget;  /* the same object, or its only kid */
	struct literal_ref widget_ref;
	bool usable;     /* one indirect widget, no lock and no seed value that must be obeyed */
};

/* Which fields a signature locks. [ISO 32000-2 12.8.2.4] */
struct form_lock {
	enum { FORM_LOCK_ALL, FORM_LOCK_INCLUDE, FORM_LOCK_EXCLUDE } action;
	qpdf_oh names; /* an array of text strings */
};

struct form {
	qpdf_oh dictionary;   /* /AcroForm; null when there is none */
	uint32_t fields;      /* nodes of the field tree */
	uint32_t signatures;  /* signed fields, document time-stamps included */
	int certified;        /* the least /P of all certifications, 1 to 3; 0: not certified */
	bool scripts;         /* fields have scripts, which run while somebody fills in the form */
	bool usage_rights;
	size_t empties_n, locks_n, names_n;
	struct form_empty empties[FORM_EMPTY_MAX];
	struct form_lock locks[FORM_LOCKS_MAX];
	struct str *names;    /* of the fields at the top */
};

/* ERR_PDF_FORM_DAMAGED, ERR_PDF_SIGNATURE_DAMAGED, ERR_PDF_TOO_COMPLEX. The struct belongs to the reader's arena. */
err_t form_read(struct reader *r, struct form **ret_form);

bool form_has_name(const struct form *form, struct str name);
/* Whether an earlier signature forbids to add or fill the field of that name. */
bool form_is_locked(struct reader *r, const struct form *form, struct str name);
/* Whether a signature can go into an empty field that no earlier signature locks. */
bool form_has_open(struct reader *r, const struct form *form);
/* The empty field of that name that a signature can go into; ERR_PDF_FIELD_UNKNOWN, ERR_PDF_LOCKED. */
err_t form_find_empty(const struct form *form, struct str name, const struct form_empty **ret_empty);

#endif
