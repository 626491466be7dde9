/*
 * The pages of a document: how many, and for the wanted ones where they are, which part is visible and how it is turned.
 * Walks /Kids itself (qpdf's own count may rewrite the tree) and refuses a tree that is not one.
 */
#ifndef PARAPH_DOCUMENT_PAGES_H
#define PARAPH_DOCUMENT_PAGES_H

#include "document/reader.h"

enum { PAGES_WANTED_MAX = 2 * LIMIT_SIGNERS + 1 };

struct page {
	uint32_t number; /* from 1 */
	struct literal_ref ref;
	qpdf_oh object;
	double box[4];   /* the visible part: left, bottom, right, top in user space */
	int rotate;      /* 0, 90, 180 or 270 degrees clockwise */
	double unit;     /* points in one unit of user space */
};

struct pages {
	uint32_t count;
	bool scripts;     /* some page acts when it is opened or closed; page_script names the first */
	uint32_t script_page;
	bool count_wrong; /* the root's /Count is not the number of pages */
	uint32_t of_widgets[LIMIT_SIGNERS]; /* numbers of the pages that show the wanted widgets; 0: none does */
	size_t wanted_n;
	struct page wanted[PAGES_WANTED_MAX];
};

/* Which pages are wanted besides page 1: by number, and those that show a widget (of an existing field). */
struct pages_wish {
	size_t numbers_n, widgets_n;
	uint32_t numbers[LIMIT_SIGNERS];
	struct literal_ref widgets[LIMIT_SIGNERS]; /* in the places of the wishes; number 0: none */
};

/* ERR_PDF_NO_PAGES, ERR_PDF_PAGE_RANGE, ERR_PDF_DAMAGED. */
err_t pages_read(struct reader *r, const struct pages_wish *wish, struct pages *ret_pages);

/* The wanted page of that number; it must have been asked for. */
const struct page *pages_get(const struct pages *pages, uint32_t number);
/* The page that shows the widget of that wish, or NULL when none does. */
const struct page *pages_of_widget(const struct pages *pages, size_t wish);

/* Width and height as displayed, in points. */
void pages_size(const struct page *page, double *ret_width, double *ret_height);

/* From points as displayed, origin top left, to /Rect in thousandths of a unit. ERR_PDF_FIELD_OFF_PAGE when any part lies
 * outside, ERR_PDF_FIELD_SIZE when it cannot hold a signature. */
err_t pages_rect(const struct page *page, double x, double y, double w, double h, int32_t ret_rect[4]);

#endif
