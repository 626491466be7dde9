/*
 * The Noto fonts of the system, opened once before the jail and shared by all children. Which font draws a character is
 * decided by its script, then by whoever has a glyph. Read only after typeface_open_all; one thread.
 */
#ifndef PARAPH_DOCUMENT_TYPEFACE_H
#define PARAPH_DOCUMENT_TYPEFACE_H

#include "base/bytes.h"

#include <hb.h>

struct typeface {
	const char *name; /* PostScript name */
	hb_face_t *face;
	hb_font_t *font;  /* scaled to the units of the font */
	unsigned units;   /* per em */
	bool cff;         /* outlines are CFF with character ids */
	bool italic;
};

struct typefaces;

/* Opens what is there. ERR_NOT_FOUND when the basic one is missing (the package fonts-noto-core). */
err_t typeface_open_all(struct typefaces **ret_faces);
void typeface_close_all(struct typefaces *faces); /* accepts NULL */

enum typeface_style {
	TYPEFACE_PLAIN, /* small print */
	TYPEFACE_NAME,  /* the signer's name: a serif italic where the script has one */
};

/* How Han characters are drawn when the text around them does not say. */
enum typeface_han { TYPEFACE_CHINESE, TYPEFACE_JAPANESE, TYPEFACE_KOREAN };
enum typeface_han typeface_han_of(struct str text);

/* The font for a character of a script, or NULL when none of them has a glyph for it. */
const struct typeface *typeface_find(const struct typefaces *faces, enum typeface_style style, enum typeface_han han,
    hb_script_t script, uint32_t character);

#endif
