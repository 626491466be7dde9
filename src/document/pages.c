#include "document/pages.h"

#include "document/guard.h"

#include <math.h>

enum {
	TREE_DEPTH = 64,
	SIZE_MAX_UNITS = 20000000, /* far above any real page; keeps thousandths in 32 bits */
};

static const double field_least_w = 30, field_least_h = 12; /* points; below, no name can be read */

/* What a page has from the nodes above it. [ISO 32000-2 7.7.3.4] */
struct inherited {
	qpdf_oh media, crop, rotate;
};

struct walk {
	struct reader *r;
	struct pages *pages;
	const struct pages_wish *wish;
};

/* Notes the page that is visited as the one of this annotation, if it is a wanted widget. */
static bool
note_widget(struct walk *w, struct literal_ref ref)
{
	bool noted = false;
	for (size_t i = 0; i < LIMIT_SIGNERS; i++)
		if (w->wish->widgets[i].number == ref.number && w->wish->widgets[i].generation == ref.generation
		    && w->pages->of_widgets[i] == 0) {
			w->pages->of_widgets[i] = w->pages->count;
			noted = true;
		}
	return noted;
}

/* What a page shows is in its /Annots; that a widget names its page, too, is a habit of some programs. [ISO 32000-2 12.5.2] */
static bool
note_widgets(struct walk *w, qpdf_oh object)
{
	struct reader *r = w->r;
	qpdf_oh annotations = reader_key(r, object, "/Annots");
	size_t n = w->wish->widgets_n == 0 ? 0 : reader_count(r, annotations);
	bool noted = false;
	for (size_t i = 0; i < n; i++) {
		struct literal_ref ref;
		qpdf_oh annotation = reader_item(r, annotations, i);
		if (reader_ref(r, annotation, &ref) && note_widget(w, ref))
			noted = true;
		qpdf_oh_release(r->q, annotation);
	}
	qpdf_oh_release(r->q, annotations);
	return noted;
}

static bool
is_wanted(const struct walk *w, uint32_t number)
{
	if (number == 1)
		return true;
	for (size_t i = 0; i < w->wish->numbers_n; i++)
		if (w->wish->numbers[i] == number)
			return true;
	return false;
}

/* ---- one page ---- */

static bool
read_box(struct reader *r, qpdf_oh array, double ret_box[4])
{
	double v[4];
	if (reader_count(r, array) != 4)
		return false;
	for (size_t i = 0; i < 4; i++)
		if (!reader_number(r, reader_item(r, array, i), &v[i]) || fabs(v[i]) > (double)SIZE_MAX_UNITS / 10)
			return false;
	double box[4] = {fmin(v[0], v[2]), fmin(v[1], v[3]), fmax(v[0], v[2]), fmax(v[1], v[3])};
	if (box[2] - box[0] < 1 || box[3] - box[1] < 1)
		return false;
	memcpy(ret_box, box, sizeof box);
	return true;
}

/* The visible part: the crop box as far as it lies in the media box; a page without a media box is shown as Letter. */
static void
visible_box(struct reader *r, const struct inherited *in, double ret_box[4])
{
	double media[4] = {0, 0, 612, 792}, crop[4];
	read_box(r, in->media, media);
	memcpy(ret_box, media, sizeof media);
	if (!read_box(r, in->crop, crop))
		return;
	double both[4] = {fmax(media[0], crop[0]), fmax(media[1], crop[1]), fmin(media[2], crop[2]), fmin(media[3], crop[3])};
	if (both[2] - both[0] >= 1 && both[3] - both[1] >= 1)
		memcpy(ret_box, both, sizeof both);
}

static int
read_rotate(struct reader *r, qpdf_oh oh)
{
	int64_t degrees = 0;
	if (!reader_integer(r, oh, &degrees) || degrees % 90 != 0)
		return 0;
	return (int)((degrees % 360 + 360) % 360);
}

static void
keep_page(struct walk *w, qpdf_oh object, struct literal_ref ref, const struct inherited *in)
{
	struct pages *pages = w->pages;
	if (pages->wanted_n == PAGES_WANTED_MAX)
		return;
	struct page *page = &pages->wanted[pages->wanted_n++];
	*page = (struct page){.number = pages->count, .ref = ref, .object = object, .unit = 1};
	visible_box(w->r, in, page->box);
	page->rotate = read_rotate(w->r, in->rotate);
	double unit;
	if (reader_number(w->r, reader_key(w->r, object, "/UserUnit"), &unit) && unit >= 0.01 && unit <= 10000)
		page->unit = unit;
}

/* Above the pages of a tree, or of a page itself. */
static void
inherit(struct reader *r, qpdf_oh node, struct inherited *in)
{
	if (reader_has(r, node, "/MediaBox"))
		in->media = reader_key(r, node, "/MediaBox");
	if (reader_has(r, node, "/CropBox"))
		in->crop = reader_key(r, node, "/CropBox");
	if (reader_has(r, node, "/Rotate"))
		in->rotate = reader_key(r, node, "/Rotate");
}

static void
visit_page(struct walk *w, qpdf_oh object, struct literal_ref ref, struct inherited in)
{
	w->pages->count++;
	if (!w->pages->scripts && guard_page_acts(w->r, object)) {
		w->pages->scripts = true;
		w->pages->script_page = w->pages->count;
	}
	bool widget = note_widgets(w, object);
	if (!widget && !is_wanted(w, w->pages->count))
		return;
	inherit(w->r, object, &in);
	keep_page(w, object, ref, &in);
}

/* ---- the tree ---- */

static err_t visit(struct walk *w, qpdf_oh node, struct inherited in, int depth);

/* Every page is visited, since each may act when it is seen: only the handles of those that are kept stay. */
static err_t
visit_kids(struct walk *w, qpdf_oh kids, const struct inherited *in, int depth)
{
	size_t n = reader_count(w->r, kids);
	for (size_t i = 0; i < n; i++) {
		size_t kept = w->pages->wanted_n;
		qpdf_oh kid = reader_item(w->r, kids, i);
		TRY(visit(w, kid, *in, depth));
		if (w->pages->wanted_n == kept)
			qpdf_oh_release(w->r->q, kid);
	}
	return reader_check(w->r);
}

static err_t
page_unreadable(struct walk *w)
{
	char what[40];
	snprintf(what, sizeof what, "page %u cannot be read", w->pages->count + 1);
	return reader_unreadable(w->r, what);
}

static err_t
visit(struct walk *w, qpdf_oh node, struct inherited in, int depth)
{
	struct reader *r = w->r;
	struct literal_ref ref;
	if (depth > TREE_DEPTH)
		return err_make(ERR_PDF_TOO_COMPLEX, "the page tree is deeper than %d", TREE_DEPTH);
	if (!reader_is_dictionary(r, node) || !reader_ref(r, node, &ref))
		return page_unreadable(w);
	if (!reader_meet(r, ref))
		return err_make(ERR_PDF_DAMAGED, "object %u stands twice in the page tree", ref.number);
	if (!reader_has(r, node, "/Kids")) {
		visit_page(w, node, ref, in);
		return OK;
	}
	inherit(r, node, &in);
	return visit_kids(w, reader_key(r, node, "/Kids"), &in, depth + 1);
}

err_t
pages_read(struct reader *r, const struct pages_wish *wish, struct pages *ret_pages)
{
	struct pages pages = {0};
	struct walk w = {.r = r, .pages = &pages, .wish = wish};
	qpdf_oh root = reader_key(r, r->root, "/Pages"), null = qpdf_oh_new_null(r->q);
	int64_t count = 0;
	bool counted = reader_integer(r, reader_key(r, root, "/Count"), &count);
	reader_forget(r);
	TRY(visit(&w, root, (struct inherited){null, null, null}, 0));
	/* A tree of one leaf is how "no pages" looks when /Kids is missing. */
	if (pages.count == 0 || (pages.count == 1 && !reader_has(r, root, "/Kids")))
		return err_make(ERR_PDF_NO_PAGES, "the page tree is empty");
	pages.count_wrong = !counted || (uint64_t)count != pages.count;
	for (size_t i = 0; i < wish->numbers_n; i++)
		if (wish->numbers[i] < 1 || wish->numbers[i] > pages.count)
			return err_make(ERR_PDF_PAGE_RANGE, "page %u was asked for, and there are %u", wish->numbers[i], pages.count);
	*ret_pages = pages;
	return OK;
}

const struct page *
pages_get(const struct pages *pages, uint32_t number)
{
	for (size_t i = 0; i < pages->wanted_n; i++)
		if (pages->wanted[i].number == number)
			return &pages->wanted[i];
	abort();
}

const struct page *
pages_of_widget(const struct pages *pages, size_t wish)
{
	return pages->of_widgets[wish] == 0 ? NULL : pages_get(pages, pages->of_widgets[wish]);
}

/* ---- places ---- */

void
pages_size(const struct page *page, double *ret_width, double *ret_height)
{
	double w = (page->box[2] - page->box[0]) * page->unit, h = (page->box[3] - page->box[1]) * page->unit;
	bool turned = page->rotate % 180 != 0;
	*ret_width = turned ? h : w;
	*ret_height = turned ? w : h;
}

/* Displayed coordinates to user space: which corner of the visible box is top left depends on the rotation. */
static void
turn(const struct page *page, double x, double y, double w, double h, double ret[4])
{
	const double *b = page->box;
	switch (page->rotate) {
	case 90:
		ret[0] = b[0] + y, ret[1] = b[1] + x, ret[2] = b[0] + y + h, ret[3] = b[1] + x + w;
		return;
	case 180:
		ret[0] = b[2] - x - w, ret[1] = b[1] + y, ret[2] = b[2] - x, ret[3] = b[1] + y + h;
		return;
	case 270:
		ret[0] = b[2] - y - h, ret[1] = b[3] - x - w, ret[2] = b[2] - y, ret[3] = b[3] - x;
		return;
	default:
		ret[0] = b[0] + x, ret[1] = b[3] - y - h, ret[2] = b[0] + x + w, ret[3] = b[3] - y;
	}
}

err_t
pages_rect(const struct page *page, double x, double y, double w, double h, int32_t ret_rect[4])
{
	double width, height, rect[4];
	pages_size(page, &width, &height);
	if (!isfinite(x) || !isfinite(y) || !isfinite(w) || !isfinite(h) || w < field_least_w || h < field_least_h)
		return err_make(ERR_PDF_FIELD_SIZE, "%.1f by %.1f points, at least %.0f by %.0f are needed", w, h, field_least_w,
		    field_least_h);
	const double slack = 0.01;
	if (x < -slack || y < -slack || x + w > width + slack || y + h > height + slack)
		return err_make(ERR_PDF_FIELD_OFF_PAGE,
		    "it reaches from %.1f, %.1f to %.1f, %.1f and page %u is %.1f by %.1f points", x, y, x + w, y + h, page->number,
		    width, height);
	turn(page, x / page->unit, y / page->unit, w / page->unit, h / page->unit, rect);
	for (size_t i = 0; i < 4; i++)
		ret_rect[i] = (int32_t)lround(rect[i] * 1000);
	return OK;
}
