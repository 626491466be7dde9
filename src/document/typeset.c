#include "document/typeset.h"

#include "document/embed.h"

#include <math.h>

enum { LINE_CHARACTERS_MAX = 512, LINE_RUNS_MAX = 64 };

void
typeset_init(struct typeset *ts, const struct typefaces *faces, struct arena *arena)
{
	*ts = (struct typeset){.faces = faces, .arena = arena};
}

void
typeset_done(struct typeset *ts)
{
	for (size_t i = 0; i < ts->fonts_n; i++) {
		hb_set_destroy(ts->fonts[i].glyphs);
		hb_map_destroy(ts->fonts[i].text);
		hb_subset_plan_destroy(ts->plans[i]);
	}
	*ts = (struct typeset){0};
}

/* ---- which font and direction each character has ---- */

/* A run of characters of one script and one font. */
struct span {
	size_t from, to; /* characters */
	hb_script_t script;
	const struct typeface *face;
};

struct text {
	struct str source;
	size_t n;
	uint32_t at[LINE_CHARACTERS_MAX];
	size_t octet[LINE_CHARACTERS_MAX + 1]; /* where the character starts in source */
	hb_script_t script[LINE_CHARACTERS_MAX];
	const struct typeface *face[LINE_CHARACTERS_MAX];
};

/* Marks, joiners and what every script uses take the script before them; at the start, the first real one. */
static void
find_scripts(struct text *t)
{
	hb_unicode_funcs_t *unicode = hb_unicode_funcs_get_default();
	hb_script_t last = HB_SCRIPT_COMMON;
	for (size_t i = 0; i < t->n; i++) {
		hb_script_t script = hb_unicode_script(unicode, t->at[i]);
		bool own = script != HB_SCRIPT_COMMON && script != HB_SCRIPT_INHERITED && script != HB_SCRIPT_UNKNOWN;
		if (own && last == HB_SCRIPT_COMMON)
			for (size_t j = 0; j < i; j++)
				t->script[j] = script;
		if (own)
			last = script;
		t->script[i] = last;
	}
}

/* Joiners and variation selectors have no glyph of their own; they stay with the character before them. */
static bool
is_ignorable(uint32_t c)
{
	return (c >= 0x200b && c <= 0x200f) || c == 0x2060 || c == 0x00ad || c == 0x034f || c == 0x061c ||
	       (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0x180b && c <= 0x180e) || (c >= 0xe0100 && c <= 0xe01ef);
}

static bool
covers(const struct typeface *face, uint32_t c)
{
	hb_codepoint_t glyph;
	return hb_font_get_nominal_glyph(face->font, c, &glyph) && glyph != 0;
}

static bool
is_mark(uint32_t c)
{
	hb_unicode_general_category_t category = hb_unicode_general_category(hb_unicode_funcs_get_default(), c);
	return category == HB_UNICODE_GENERAL_CATEGORY_NON_SPACING_MARK ||
	       category == HB_UNICODE_GENERAL_CATEGORY_SPACING_MARK || category == HB_UNICODE_GENERAL_CATEGORY_ENCLOSING_MARK;
}

static err_t
find_faces(const struct typeset *ts, struct str text, enum typeface_style style, struct text *t)
{
	enum typeface_han han = typeface_han_of(text);
	for (size_t i = 0; i < t->n; i++) {
		uint32_t c = t->at[i];
		if (i > 0 && (is_ignorable(c) || ((is_mark(c) || c == ' ') && covers(t->face[i - 1], c)))) {
			t->face[i] = t->face[i - 1];
			continue;
		}
		t->face[i] = typeface_find(ts->faces, style, han, t->script[i], c);
		if (t->face[i] == NULL)
			return err_make(ERR_NAME_GLYPH_MISSING, "U+%04X (character %zu)", c, i + 1);
	}
	return OK;
}

static err_t
decode(struct str text, struct text *t)
{
	t->n = 0;
	t->source = text;
	for (size_t at = 0; at < text.n;) {
		if (t->n == LINE_CHARACTERS_MAX)
			return err_make(ERR_LIMIT, "more than %d characters in one line", LINE_CHARACTERS_MAX);
		t->octet[t->n] = at;
		t->at[t->n++] = str_next(text, &at);
	}
	t->octet[t->n] = text.n;
	return OK;
}

/* The source of characters from..to. */
static struct str
part(const struct text *t, size_t from, size_t to)
{
	return (struct str){t->source.p + t->octet[from], t->octet[to] - t->octet[from]};
}

static err_t
find_spans(const struct text *t, struct span *spans, size_t *ret_n)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n; i++) {
		if (n > 0 && spans[n - 1].script == t->script[i] && spans[n - 1].face == t->face[i]) {
			spans[n - 1].to = i + 1;
			continue;
		}
		if (n == LINE_RUNS_MAX)
			return err_make(ERR_LIMIT, "more than %d changes of script in one line", LINE_RUNS_MAX);
		spans[n++] = (struct span){i, i + 1, t->script[i], t->face[i]};
	}
	*ret_n = n;
	return OK;
}

/* The whole line reads in the direction of its first script; inside a run HarfBuzz knows. */
static void
order_spans(struct span *spans, size_t n)
{
	if (n < 2 || hb_script_get_horizontal_direction(spans[0].script) != HB_DIRECTION_RTL)
		return;
	for (size_t i = 0; i < n / 2; i++) {
		struct span kept = spans[i];
		spans[i] = spans[n - 1 - i];
		spans[n - 1 - i] = kept;
	}
}

/* ---- glyphs ---- */

static err_t
font_get(struct typeset *ts, const struct typeface *face, size_t *ret_font)
{
	for (size_t i = 0; i < ts->fonts_n; i++)
		if (ts->fonts[i].face == face) {
			*ret_font = i;
			return OK;
		}
	if (ts->fonts_n == TYPESET_FONTS_MAX)
		return err_make(ERR_LIMIT, "more than %d fonts in one document", TYPESET_FONTS_MAX);
	ts->fonts[ts->fonts_n] =
	    (struct typeset_font){.face = face, .glyphs = hb_set_create(), .text = hb_map_create()};
	*ret_font = ts->fonts_n++;
	return OK;
}

static int32_t
to_thousandths(const struct typeface *face, int32_t units)
{
	return (int32_t)lround(1000.0 * units / face->units);
}

static void
note_ink(struct typeset_line *line, const struct typeface *face, uint32_t glyph, int32_t y)
{
	hb_glyph_extents_t e;
	if (!hb_font_get_glyph_extents(face->font, glyph, &e) || e.height == 0)
		return;
	int32_t top = y + to_thousandths(face, e.y_bearing), bottom = y + to_thousandths(face, e.y_bearing + e.height);
	if (top > line->top)
		line->top = top;
	if (bottom < line->bottom)
		line->bottom = bottom;
}

static hb_buffer_t *
shape(const struct text *t, const struct span *span)
{
	hb_buffer_t *buffer = hb_buffer_create();
	hb_buffer_add_utf32(buffer, t->at, (int)t->n, (unsigned)span->from, (int)(span->to - span->from));
	hb_buffer_set_script(buffer, span->script);
	hb_direction_t direction = hb_script_get_horizontal_direction(span->script);
	hb_buffer_set_direction(buffer, direction == HB_DIRECTION_INVALID ? HB_DIRECTION_LTR : direction);
	hb_buffer_guess_segment_properties(buffer);
	hb_buffer_set_cluster_level(buffer, HB_BUFFER_CLUSTER_LEVEL_MONOTONE_CHARACTERS);
	hb_shape(span->face->font, buffer, NULL, 0);
	return buffer;
}

/* The characters that the glyphs of one cluster stand for: up to where the next cluster starts. */
static struct str
cluster_text(const struct text *t, const struct span *span, const hb_glyph_info_t *info, unsigned n, unsigned i)
{
	size_t to = span->to;
	for (unsigned j = 0; j < n; j++)
		if (info[j].cluster > info[i].cluster && info[j].cluster < to)
			to = info[j].cluster;
	return part(t, info[i].cluster, to);
}

/* Remembers what a glyph stands for, unless that is known already. */
static err_t
note_text(struct typeset *ts, struct typeset_font *font, uint32_t glyph, struct str text)
{
	if (hb_map_has(font->text, glyph))
		return OK;
	const char *copy;
	if (ts->texts_n == TYPESET_TEXTS_MAX)
		return err_make(ERR_LIMIT, "more than %d different glyphs in one document", TYPESET_TEXTS_MAX);
	TRY(arena_str(ts->arena, text, &copy));
	hb_map_set(font->text, glyph, (hb_codepoint_t)ts->texts_n);
	ts->texts[ts->texts_n++] = (struct str){copy, text.n};
	return OK;
}

/* Takes the shaped glyphs over. */
static err_t
take_glyphs(struct typeset *ts, const struct text *t, const struct span *span, hb_buffer_t *buffer,
    struct typeset_line *line, struct typeset_run *run)
{
	unsigned n = 0;
	const hb_glyph_info_t *info = hb_buffer_get_glyph_infos(buffer, &n);
	const hb_glyph_position_t *place = hb_buffer_get_glyph_positions(buffer, &n);
	struct typeset_font *font = &ts->fonts[run->font];
	void *room = NULL;
	TRY(arena_get(ts->arena, (n + 1) * sizeof(struct typeset_glyph), &room));
	run->glyphs = room;
	run->n = n;
	for (unsigned i = 0; i < n; i++) {
		uint32_t c = t->at[info[i].cluster];
		if (info[i].codepoint == 0)
			return err_make(ERR_NAME_GLYPH_MISSING, "U+%04X (character %u)", c, info[i].cluster + 1);
		struct typeset_glyph *g = &run->glyphs[i];
		*g = (struct typeset_glyph){info[i].codepoint, to_thousandths(span->face, place[i].x_advance),
		    to_thousandths(span->face, place[i].x_offset), to_thousandths(span->face, place[i].y_offset)};
		line->width += g->advance;
		note_ink(line, span->face, g->glyph, g->y);
		hb_set_add(font->glyphs, g->glyph);
		TRY(note_text(ts, font, g->glyph, cluster_text(t, span, info, n, i)));
	}
	return OK;
}

static err_t
set_span(struct typeset *ts, const struct text *t, const struct span *span, struct typeset_line *line)
{
	struct typeset_run *run = &line->runs[line->runs_n];
	TRY(font_get(ts, span->face, &run->font));
	const char *copy;
	struct str source = part(t, span->from, span->to);
	TRY(arena_str(ts->arena, source, &copy));
	run->text = (struct str){copy, source.n};
	run->leftward = hb_script_get_horizontal_direction(span->script) == HB_DIRECTION_RTL;
	hb_buffer_t *buffer = shape(t, span);
	err_t e = take_glyphs(ts, t, span, buffer, line, run);
	hb_buffer_destroy(buffer);
	TRY(e);
	line->runs_n++;
	return OK;
}

err_t
typeset_line_set(struct typeset *ts, struct str text, enum typeface_style style, struct typeset_line *ret_line)
{
	struct text t;
	struct span spans[LINE_RUNS_MAX];
	size_t n = 0;
	TRY(decode(text, &t));
	find_scripts(&t);
	TRY(find_faces(ts, text, style, &t));
	TRY(find_spans(&t, spans, &n));
	order_spans(spans, n);
	struct typeset_line line = {0};
	void *room = NULL;
	TRY(arena_get(ts->arena, (n + 1) * sizeof(struct typeset_run), &room));
	line.runs = room;
	for (size_t i = 0; i < n; i++)
		TRY(set_span(ts, &t, &spans[i], &line));
	*ret_line = line;
	return OK;
}

/* ---- drawing ---- */

static uint32_t
code_of(const struct typeset_font *font, uint32_t glyph)
{
	return font->codes == NULL ? glyph : hb_map_get(font->codes, glyph);
}

struct pen {
	struct buf *b;
	double x, y;  /* where the next glyph comes without a move */
	bool open;    /* inside a string */
};

static void
pen_close(struct pen *pen)
{
	if (pen->open)
		buf_put_str(pen->b, STR("> Tj\n"));
	pen->open = false;
}

static void
put_coordinate(struct buf *b, double v)
{
	literal_number(b, lround(v * 1000));
	buf_put_byte(b, ' ');
}

static void
pen_move(struct pen *pen, double x, double y)
{
	if (pen->open && fabs(x - pen->x) < 0.002 && fabs(y - pen->y) < 0.002)
		return;
	pen_close(pen);
	buf_put_str(pen->b, STR("1 0 0 1 "));
	put_coordinate(pen->b, x);
	put_coordinate(pen->b, y);
	buf_put_str(pen->b, STR("Tm <"));
	pen->open = true;
	pen->x = x;
	pen->y = y;
}

static void
draw_run(const struct typeset *ts, const struct typeset_run *run, double size, double *x, double y, struct buf *b)
{
	const struct typeset_font *font = &ts->fonts[run->font];
	struct pen pen = {.b = b};
	buf_printf(b, "BT\n/F%zu ", run->font);
	put_coordinate(b, size);
	buf_put_str(b, STR("Tf\n"));
	for (size_t i = 0; i < run->n; i++) {
		const struct typeset_glyph *g = &run->glyphs[i];
		pen_move(&pen, *x + g->x * size / 1000, y + g->y * size / 1000);
		buf_printf(b, "%04x", code_of(font, g->glyph));
		pen.x += to_thousandths(font->face, hb_font_get_glyph_h_advance(font->face->font, g->glyph)) * size / 1000;
		*x += g->advance * size / 1000;
	}
	pen_close(&pen);
	buf_put_str(b, STR("ET\n"));
}

void
typeset_draw(const struct typeset *ts, const struct typeset_line *line, double size, double x, double y, struct buf *b)
{
	for (size_t i = 0; i < line->runs_n; i++) {
		const struct typeset_run *run = &line->runs[i];
		/* What the glyphs mean, whatever their order and shape: for copying, searching and reading aloud. Text that
		 * reads leftward goes without: extractors turn it round once more, and its glyphs have one meaning each. */
		if (!run->leftward) {
			buf_put_str(b, STR("/Span <</ActualText "));
			literal_text(b, run->text);
			buf_put_str(b, STR(">> BDC\n"));
		}
		draw_run(ts, run, size, &x, y, b);
		if (!run->leftward)
			buf_put_str(b, STR("EMC\n"));
	}
}

void
typeset_put_fonts(const struct typeset *ts, const struct typeset_line *const *lines, size_t n, struct buf *b)
{
	for (size_t font = 0; font < ts->fonts_n; font++) {
		bool used = false;
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < lines[i]->runs_n; j++)
				used = used || lines[i]->runs[j].font == font;
		if (!used)
			continue;
		buf_printf(b, "/F%zu ", font);
		literal_reference(b, ts->fonts[font].ref);
		buf_put_byte(b, ' ');
	}
}

/* ---- fonts ---- */

err_t
typeset_embed(struct typeset *ts, struct increment *inc)
{
	for (size_t i = 0; i < ts->fonts_n; i++)
		TRY(embed_font(inc, ts, &ts->fonts[i], &ts->plans[i]));
	return OK;
}
