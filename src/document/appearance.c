#include "document/appearance.h"

#include <math.h>

/* Colours of the design: ink of a signature, text, quiet text, lines, warning. */
static const char ink[] = "0.106 0.184 0.4", text_ink[] = "0.247 0.263 0.302", quiet_ink[] = "0.365 0.38 0.424",
                  line_ink[] = "0.725 0.714 0.682", accent[] = "0.122 0.247 0.561", tint[] = "0.953 0.961 0.984",
                  warning[] = "0.49 0.29 0", pending_ink[] = "0.35 0.43 0.62";

enum {
	CONTENT_MAX = 64 * 1024,
	LEAST_SIZE = 1, /* units; of a small line */
};

/* The space nearest to the middle; n when there is none. */
static size_t
middle_space(struct str name)
{
	size_t best = name.n;
	for (size_t i = 0; i < name.n; i++) {
		size_t off = i > name.n / 2 ? i - name.n / 2 : name.n / 2 - i;
		size_t best_off = best > name.n / 2 ? best - name.n / 2 : name.n / 2 - best;
		if (name.p[i] == ' ' && off < best_off)
			best = i;
	}
	return best;
}

static err_t
set_halves(struct appearance *a, struct typeset *ts)
{
	struct str name = a->wish.name;
	size_t at = middle_space(name);
	if (at == 0 || at + 1 >= name.n)
		return OK;
	TRY(typeset_line_set(ts, (struct str){name.p, at}, TYPEFACE_NAME, &a->halves[0]));
	return typeset_line_set(ts, (struct str){name.p + at + 1, name.n - at - 1}, TYPEFACE_NAME, &a->halves[1]);
}

err_t
appearance_init(struct appearance *a, const struct appearance_wish *wish, struct typeset *ts)
{
	*a = (struct appearance){.wish = *wish};
	TRY(typeset_line_set(ts, wish->name, TYPEFACE_NAME, &a->name));
	TRY(set_halves(a, ts));
	TRY(typeset_line_set(ts, STR("Signed electronically"), TYPEFACE_PLAIN, &a->signed_line));
	TRY(typeset_line_set(ts, wish->note, TYPEFACE_PLAIN, &a->note));
	/* Only what will be drawn: each line brings glyphs into the file. */
	TRY(typeset_line_set(ts, wish->preview ? STR("To be signed by") : STR(""), TYPEFACE_PLAIN, &a->pending));
	TRY(typeset_line_set(ts, wish->preview ? STR("not signed yet") : STR(""), TYPEFACE_PLAIN, &a->unsigned_line));
	return typeset_line_set(ts, wish->demo ? STR("DEMO") : STR(""), TYPEFACE_PLAIN, &a->demo);
}

/* ---- where things are ---- */

struct layout {
	double pad, left, right; /* inside the box */
	double small, leading;   /* of the small lines; 0: there is no room for any */
	size_t lines;            /* small lines below the name */
	bool head;               /* there is room for a small line above it */
	double mark;             /* width of the mark DEMO and its space */
};

static double
clamp(double v, double least, double most)
{
	return fmin(fmax(v, least), most);
}

/* The mark DEMO is in every box, however small: it shrinks with it. */
static double
demo_size(const struct appearance *a, const struct layout *l)
{
	double size = fmin(clamp(a->wish.height * 0.1, 4, 6.5), a->wish.height * 0.4);
	return fmin(size, (l->right - l->left) * 1000 / a->demo.width);
}

/* A field of the document may have any shape: whatever it is, there is room between left and right. */
static struct layout
layout_make(const struct appearance *a)
{
	double w = a->wish.width, h = a->wish.height;
	struct layout l = {.pad = fmin(clamp(h * 0.09, 1.5, 7), fmin(w / 8, h / 4))};
	l.left = l.pad + fmin(clamp(h * 0.1, 3, 6), w / 5);
	l.right = w - l.pad;
	l.small = clamp(h * 0.13, 4.5, 8);
	l.leading = l.small * 1.3;
	l.lines = h >= 40 ? 2 : h >= 22 ? 1 : 0;
	l.head = h >= 40;
	l.mark = a->wish.demo ? demo_size(a, &l) * 3.6 : 0;
	return l;
}

/* ---- drawing ---- */

static void
put_point(struct buf *b, double x, double y)
{
	literal_number(b, lround(x * 1000));
	buf_put_byte(b, ' ');
	literal_number(b, lround(y * 1000));
	buf_put_byte(b, ' ');
}

static void
put_curve(struct buf *b, double x1, double y1, double x2, double y2, double x3, double y3)
{
	put_point(b, x1, y1);
	put_point(b, x2, y2);
	put_point(b, x3, y3);
	buf_put_str(b, STR("c\n"));
}

static void
put_line(struct buf *b, double x, double y)
{
	put_point(b, x, y);
	buf_put_str(b, STR("l\n"));
}

/* The outline of a box with round corners. */
static void
put_round_box(struct buf *b, double x0, double y0, double x1, double y1, double r)
{
	double k = r * 0.448; /* from the corner to where the curve is held */
	put_point(b, x0 + r, y0);
	buf_put_str(b, STR("m\n"));
	put_line(b, x1 - r, y0);
	put_curve(b, x1 - k, y0, x1, y0 + k, x1, y0 + r);
	put_line(b, x1, y1 - r);
	put_curve(b, x1, y1 - k, x1 - k, y1, x1 - r, y1);
	put_line(b, x0 + r, y1);
	put_curve(b, x0 + k, y1, x0, y1 - k, x0, y1 - r);
	put_line(b, x0, y0 + r);
	put_curve(b, x0, y0 + k, x0 + k, y0, x0 + r, y0);
	buf_put_str(b, STR("h\n"));
}

static void
put_frame(const struct appearance_wish *wish, bool preview, struct buf *b)
{
	double r = fmin(clamp(wish->height * 0.06, 1, 3), fmin(wish->width, wish->height) / 4);
	buf_put_str(b, STR("q\n"));
	if (preview)
		buf_printf(b, "0.9 w [3 2] 0 d %s RG %s rg\n", accent, tint);
	else
		buf_printf(b, "0.6 w %s RG\n", line_ink);
	double edge = fmin(0.5, fmin(wish->width, wish->height) / 8);
	put_round_box(b, edge, edge, wish->width - edge, wish->height - edge, r);
	buf_put_str(b, preview ? STR("B\nQ\n") : STR("S\nQ\n"));
}

/* The stroke at the left that says: a signature. */
static void
put_bar(const struct appearance_wish *wish, const struct layout *l, struct buf *b)
{
	buf_printf(b, "q %s rg\n", accent);
	put_point(b, l->pad, l->pad);
	put_point(b, fmin(clamp(wish->height * 0.035, 1, 2.2), wish->width / 10), wish->height - 2 * l->pad);
	buf_put_str(b, STR("re f Q\n"));
}

static void
put_text(const struct typeset *ts, const struct typeset_line *line, const char *colour, double size, double x, double y,
    struct buf *b)
{
	if (line->runs_n == 0)
		return;
	buf_printf(b, "q %s rg\n", colour);
	typeset_draw(ts, line, size, x, y, b);
	buf_put_str(b, STR("Q\n"));
}

/* A small line at most as wide as there is room, the mark at the right end of the last one left free; none where nobody could
 * read it. */
static void
put_small(const struct typeset *ts, const struct typeset_line *line, const char *colour, const struct layout *l, double y,
    struct buf *b)
{
	double room = l->right - l->left - l->mark, size = l->small;
	if (line->width * size / 1000 > room)
		size = room * 1000 / line->width;
	if (size >= (double)LEAST_SIZE)
		put_text(ts, line, colour, size, l->left, y, b);
}

/* The size at which a line fits a place, at most as large as a signature should be. */
static double
fitting_size(const struct typeset_line *line, double width, double height)
{
	double ink_height = fmax(line->top - line->bottom, 700) / 1000.0;
	double size = fmin(26, height * 0.92 / ink_height);
	return line->width > 0 ? fmin(size, width * 1000 / line->width) : size;
}

/* A line with its ink in the middle between bottom and top. */
static void
put_centred(const struct typeset *ts, const struct typeset_line *line, const char *colour, double size,
    const struct layout *l, double bottom, double top, struct buf *b)
{
	double middle = (line->top + line->bottom) / 2000.0;
	put_text(ts, line, colour, size, l->left, (bottom + top) / 2 - middle * size, b);
}

/* The name, as large as fits between bottom and top; on two lines where that lets it be clearly larger. */
static void
put_name(const struct appearance *a, const struct typeset *ts, const char *colour, const struct layout *l, double bottom,
    double top, struct buf *b)
{
	double width = l->right - l->left, middle = (bottom + top) / 2;
	double one = fitting_size(&a->name, width, top - bottom), two = 0;
	if (a->halves[0].runs_n > 0 && a->halves[1].runs_n > 0)
		two = fmin(fitting_size(&a->halves[0], width, middle - bottom), fitting_size(&a->halves[1], width, middle - bottom));
	if (two > one * 1.25) {
		put_centred(ts, &a->halves[0], colour, two, l, middle, top, b);
		put_centred(ts, &a->halves[1], colour, two, l, bottom, middle, b);
	} else
		put_centred(ts, &a->name, colour, one, l, bottom, top, b);
}

static void
put_demo(const struct appearance *a, const struct typeset *ts, const struct layout *l, struct buf *b)
{
	if (!a->wish.demo)
		return;
	double size = demo_size(a, l), width = a->demo.width * size / 1000;
	put_text(ts, &a->demo, warning, size, l->right - width, l->pad + fmin(l->small * 0.25, a->wish.height * 0.1), b);
}

static void
draw_final(const struct appearance *a, const struct typeset *ts, struct buf *b)
{
	struct layout l = layout_make(a);
	size_t lines = a->note.runs_n == 0 && l.lines > 1 ? 1 : l.lines;
	double base = l.pad + l.small * 0.25, top = a->wish.height - l.pad;
	put_frame(&a->wish, false, b);
	put_bar(&a->wish, &l, b);
	if (lines == 2)
		put_small(ts, &a->note, quiet_ink, &l, base, b);
	if (lines >= 1)
		put_small(ts, &a->signed_line, text_ink, &l, base + (double)(lines - 1) * l.leading, b);
	put_name(a, ts, ink, &l, lines == 0 ? l.pad : base + ((double)lines + 0.1) * l.leading, top, b);
	put_demo(a, ts, &l, b);
}

static void
draw_preview(const struct appearance *a, const struct typeset *ts, struct buf *b)
{
	struct layout l = layout_make(a);
	double base = l.pad + l.small * 0.25, top = a->wish.height - l.pad, bottom = l.pad;
	put_frame(&a->wish, true, b);
	if (l.head) {
		put_small(ts, &a->pending, text_ink, &l, top - l.small, b);
		top -= l.leading + l.small * 0.1;
	}
	if (l.lines >= 1) {
		put_small(ts, &a->unsigned_line, quiet_ink, &l, base, b);
		bottom = base + l.leading;
	}
	put_name(a, ts, pending_ink, &l, bottom, top, b);
	put_demo(a, ts, &l, b);
}

/* ---- the form XObject ---- [ISO 32000-2 8.10] */

static void
put_matrix(const struct appearance_wish *wish, struct buf *entries)
{
	int64_t w = lround(wish->width * 1000), h = lround(wish->height * 1000);
	buf_put_str(entries, STR(" /BBox [0 0 "));
	literal_number(entries, w);
	buf_put_byte(entries, ' ');
	literal_number(entries, h);
	buf_put_str(entries, STR("]"));
	if (wish->rotate == 0)
		return;
	static const char *const turns[] = {"1 0 0 1", "0 1 -1 0", "-1 0 0 -1", "0 -1 1 0"};
	int quarter = wish->rotate / 90;
	buf_printf(entries, " /Matrix [%s ", turns[quarter]);
	literal_number(entries, quarter == 1 ? h : quarter == 2 ? w : 0);
	buf_put_byte(entries, ' ');
	literal_number(entries, quarter == 2 ? h : quarter == 3 ? w : 0);
	buf_put_str(entries, STR("]"));
}

static void
wrap(const struct appearance *a, const struct typeset *ts, const struct typeset_line *const *lines, size_t n,
    struct bytes content, struct buf *entries, struct buf *data)
{
	buf_put_str(entries, STR("/Type /XObject /Subtype /Form"));
	put_matrix(&a->wish, entries);
	buf_put_str(entries, STR(" /Resources <</Font <<"));
	typeset_put_fonts(ts, lines, n, entries);
	buf_put_str(entries, STR(">>>> /Filter /FlateDecode"));
	increment_pack(content, data);
}

void
appearance_preview(const struct appearance *a, const struct typeset *ts, struct buf *entries, struct buf *data)
{
	AUTO_BUF(content, CONTENT_MAX);
	draw_preview(a, ts, &content);
	const struct typeset_line *lines[] = {&a->name, &a->pending};
	wrap(a, ts, lines, 2, buf_bytes(&content), entries, data);
}

void
appearance_blank(const struct appearance *a, struct buf *entries, struct buf *data)
{
	buf_put_str(entries, STR("/Type /XObject /Subtype /Form"));
	put_matrix(&a->wish, entries);
	buf_put_str(entries, STR(" /Filter /FlateDecode"));
	increment_pack(bytes("", 0), data);
}

void
appearance_final(const struct appearance *a, const struct typeset *ts, struct buf *entries, struct buf *data)
{
	AUTO_BUF(content, CONTENT_MAX);
	draw_final(a, ts, &content);
	const struct typeset_line *lines[] = {&a->name, &a->signed_line, &a->note};
	wrap(a, ts, lines, 3, buf_bytes(&content), entries, data);
}
