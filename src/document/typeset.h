/*
 * Text in any script, set into lines of glyphs, and the fonts that a PDF must carry for them. Three steps, for all lines
 * of a document together: set each line; embed the fonts, each as one subset with only the glyphs that are used; draw
 * the lines. One thread; all memory belongs to the arena.
 */
#ifndef PARAPH_DOCUMENT_TYPESET_H
#define PARAPH_DOCUMENT_TYPESET_H

#include "base/arena.h"
#include "document/typeface.h"
#include "pdf/increment.h"

#include <hb-subset.h>

enum { TYPESET_FONTS_MAX = 24, TYPESET_TEXTS_MAX = 8192 };

struct typeset_font {
	const struct typeface *face;
	hb_set_t *glyphs;
	hb_map_t *text;         /* glyph to the index in typeset.texts of what it stands for */
	const hb_map_t *codes;  /* glyph to its code in the PDF; NULL: the code is the glyph's own number */
	struct literal_ref ref; /* the Type0 font */
};

struct typeset {
	const struct typefaces *faces;
	struct arena *arena;
	size_t fonts_n;
	struct typeset_font fonts[TYPESET_FONTS_MAX];
	hb_subset_plan_t *plans[TYPESET_FONTS_MAX];
	size_t texts_n;
	struct str texts[TYPESET_TEXTS_MAX];
};

struct typeset_glyph {
	uint32_t glyph;
	int32_t advance, x, y; /* thousandths of an em */
};

struct typeset_run {
	size_t font; /* index */
	struct str text;
	bool leftward; /* it reads from right to left */
	size_t n;
	struct typeset_glyph *glyphs;
};

/* A line, in visual order. Sizes in thousandths of an em. */
struct typeset_line {
	int32_t width;
	int32_t top, bottom; /* of the ink, from the base line */
	size_t runs_n;
	struct typeset_run *runs;
};

void typeset_init(struct typeset *ts, const struct typefaces *faces, struct arena *arena);
void typeset_done(struct typeset *ts);

/* ERR_NAME_GLYPH_MISSING names a character that no font has. */
err_t typeset_line_set(struct typeset *ts, struct str text, enum typeface_style style, struct typeset_line *ret_line);

/* Writes the font objects. Call once, after all lines are set and before any is drawn. */
err_t typeset_embed(struct typeset *ts, struct increment *inc);

/* "/F0 12 0 R …": all fonts of the document, for a /Font dictionary. */
void typeset_put_fonts(const struct typeset *ts, const struct typeset_line *const *lines, size_t n, struct buf *b);

/* Content operators that show the line with its base line at x, y; size in points. */
void typeset_draw(const struct typeset *ts, const struct typeset_line *line, double size, double x, double y,
    struct buf *b);

#endif
