/*
 * How a signature looks on the page: a preview ("to be signed by …", dashed) that stands in revision 0, and the final box
 * that the signature revision shows. Both fit the field by scaling. Pure drawing: the text is set and the fonts are
 * embedded by typeset.
 */
#ifndef PARAPH_DOCUMENT_APPEARANCE_H
#define PARAPH_DOCUMENT_APPEARANCE_H

#include "document/typeset.h"

struct appearance_wish {
	struct str name; /* of the signer, in any script */
	struct str note; /* small line: reference, address to check; may be empty */
	double width, height; /* of the field as displayed, in units of the page's user space */
	int rotate;      /* of the page: the box turns with it, so that it is read upright */
	bool demo;
	bool preview;    /* a preview will be drawn */
};

/* The lines of one box. */
struct appearance {
	struct appearance_wish wish;
	struct typeset_line name, signed_line, note, pending, unsigned_line, demo;
	struct typeset_line halves[2]; /* of a name that may be broken at a space; empty otherwise */
};

/* Sets all lines. Strings of the wish must stay. ERR_NAME_GLYPH_MISSING. */
err_t appearance_init(struct appearance *a, const struct appearance_wish *wish, struct typeset *ts);

/* After typeset_embed: the form XObject's dictionary entries (but /Length) and its packed content. */
void appearance_preview(const struct appearance *a, const struct typeset *ts, struct buf *entries, struct buf *data);
/* The same box with nothing in it, for a document with several signers. */
void appearance_blank(const struct appearance *a, struct buf *entries, struct buf *data);
void appearance_final(const struct appearance *a, const struct typeset *ts, struct buf *entries, struct buf *data);

#endif
