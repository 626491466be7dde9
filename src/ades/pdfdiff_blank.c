#include "ades/pdfdiff_blank.h"

enum { NEWEST = 0 };

/* Whether a stream has nothing in it that a page could show. */
static err_t
is_blank(struct pdffile *f, const struct pdflex_value *reference, bool *ret)
{
	struct pdffile_object o;
	struct bytes data;
	*ret = false;
	if (reference->kind != PDFLEX_REFERENCE)
		return OK;
	err_t e = pdffile_get(f, NEWEST, (uint32_t)reference->integer, &o);
	if (e.code == ERR_NOT_FOUND)
		return OK;
	TRY(e);
	if (!o.stream)
		return OK;
	TRY(pdffile_decode(f, NEWEST, o.value, o.data, &data));
	*ret = pdflex_space(data, 0) == data.n;
	return OK;
}

/* Whether /Rect is written so that both corners share a coordinate. */
static bool
has_no_area(const struct pdflex_value *rect)
{
	const struct pdflex_value *corner[4], *m = rect != NULL && rect->kind == PDFLEX_ARRAY ? rect->first : NULL;
	for (size_t i = 0; i < 4; i++, m = m->next) {
		if (m == NULL || (m->kind != PDFLEX_INTEGER && m->kind != PDFLEX_REAL))
			return false;
		corner[i] = m;
	}
	return m == NULL && (pdflex_equal(corner[0], corner[2]) || pdflex_equal(corner[1], corner[3]));
}

/* Nothing is shown by no appearance, by one that has no room, and by blank ones. */
err_t
pdfdiff_blank_appearance(struct pdffile *f, const struct pdflex_value *field, const char **ret_shows)
{
	const struct pdflex_value *ap;
	*ret_shows = NULL;
	TRY(pdffile_member(f, NEWEST, field, "AP", &ap));
	if (ap == NULL || has_no_area(pdflex_get(field, "Rect")))
		return OK;
	for (const struct pdflex_value *m = ap->first; m != NULL; m = m->next) {
		bool blank;
		TRY(is_blank(f, m, &blank));
		if (!blank)
			*ret_shows = "that shows something";
	}
	return OK;
}

err_t
pdfdiff_blank_field(struct pdffile *f, const struct pdflex_value *field, const char **ret_shows)
{
	const struct pdflex_value *style, *subtype = pdflex_get(field, "Subtype");
	TRY(pdfdiff_blank_appearance(f, field, ret_shows));
	TRY(pdffile_member(f, NEWEST, field, "MK", &style));
	for (const struct pdflex_value *m = style != NULL ? style->first : NULL; m != NULL; m = m->next)
		if (!bytes_eq(m->key, bytes("R", 1)))
			*ret_shows = "with a border or a background";
	if (pdflex_get(field, "Border") != NULL || pdflex_get(field, "BS") != NULL || pdflex_get(field, "C") != NULL)
		*ret_shows = "with a border";
	if (subtype != NULL && !pdflex_is(subtype, "Widget"))
		*ret_shows = "that is another annotation";
	return OK;
}
