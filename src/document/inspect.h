/*
 * What a document is, before anything is written: opened, walked and judged by the closed list of refusals, against what
 * the sender wants. Everything found belongs to the reader.
 */
#ifndef PARAPH_DOCUMENT_INSPECT_H
#define PARAPH_DOCUMENT_INSPECT_H

#include "document/form.h"
#include "document/pages.h"

enum { INSPECT_FINDINGS_MAX = 8, INSPECT_FINDING_LEN = 121 };

/* One signature that shall be made. */
struct inspect_wish {
	struct str name;        /* of the field; empty: one is chosen */
	struct str signer_name;
	struct str note;
	bool existing;          /* the empty field of that name, which must be there */
	bool visible;
	uint32_t page;          /* from 1 */
	double x, y, w, h;      /* points, origin top left of the page as displayed */
};

struct inspect_order {
	size_t wishes_n;
	struct inspect_wish wishes[LIMIT_SIGNERS];
	bool demo;
	bool inspect_only; /* facts, no revision 0 */
};

struct inspect_facts {
	uint32_t pages;
	uint32_t revisions;  /* before ours */
	uint32_t signatures; /* already there */
	double page_width, page_height; /* of page 1 */
	size_t findings_n;
	char findings[INSPECT_FINDINGS_MAX][INSPECT_FINDING_LEN];
};

struct inspection {
	struct form *form;
	struct pages pages;
	bool illegible; /* not to be read without guessing; looked at only when order says inspect_only */
	const struct form_empty *empties[LIMIT_SIGNERS]; /* for wishes with existing */
	struct inspect_facts facts;
};

/* Any error of the closed list. */
err_t inspect_run(struct reader *r, const struct inspect_order *order, struct inspection *ret_inspection);

#endif
