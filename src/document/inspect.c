#include "document/inspect.h"

#include "document/guard.h"
#include "document/legible.h"

/* ---- what the sender should know ---- */

static void
find(struct inspect_facts *facts, const char *text)
{
	if (facts->findings_n < INSPECT_FINDINGS_MAX)
		snprintf(facts->findings[facts->findings_n++], INSPECT_FINDING_LEN, "%s", text);
}

static uint32_t
count_revisions(const struct reader *r)
{
	uint32_t n = 0;
	struct bytes end = str_bytes(STR("%%EOF"));
	for (size_t at = bytes_find(r->file, 0, end); at != SIZE_MAX; at = bytes_find(r->file, at + end.n, end))
		n++;
	/* The first part of a linearized file has an end of its own. */
	if (n > 1 && bytes_find(bytes_sub(r->file, 0, r->file.n < 1024 ? r->file.n : 1024), 0,
	                 str_bytes(STR("/Linearized"))) != SIZE_MAX)
		n--;
	return n == 0 ? 1 : n;
}

static void
read_facts(struct reader *r, const struct inspection *in, struct inspect_facts *facts)
{
	facts->pages = in->pages.count;
	facts->revisions = count_revisions(r);
	facts->signatures = in->form->signatures;
	pages_size(pages_get(&in->pages, 1), &facts->page_width, &facts->page_height);
	if (in->pages.count > LIMIT_PAGES)
		find(facts, "The document has more than 2,000 pages; showing it takes long.");
	if (in->form->certified != 0)
		find(facts, "The document is certified; new signatures can only be invisible or go into its own empty fields.");
	if (in->form->scripts)
		find(facts, "Form fields have scripts; they run in some programs when somebody fills in the form.");
	if (in->form->usage_rights)
		find(facts, "The document has extended rights for a reader program; they end when it is signed.");
	bool anew = false;
	if (qpdf_oh_get_value_as_bool(r->q, reader_key(r, in->form->dictionary, "/NeedAppearances"), &(QPDF_BOOL){0}))
		anew = qpdf_oh_get_bool_value(r->q, reader_key(r, in->form->dictionary, "/NeedAppearances"));
	if (anew)
		find(facts, "The form asks programs to draw its fields anew, so they may look different elsewhere.");
	if (in->pages.count_wrong)
		find(facts, "The page tree states a wrong number of pages.");
	if (in->illegible)
		find(facts, "The file is not written strictly: paraph verify may be unable to check its signatures, other programs are not.");
}

/* ---- what is wanted, and whether it may be ---- */

static err_t
permit_wish(struct reader *r, const struct inspection *in, const struct inspect_wish *wish)
{
	/* [ISO 32000-2 12.8.2.2]: at level 2 and 3 signing is allowed; a new visible field would change the page. */
	if (in->form->certified >= 2 && wish->visible && !wish->existing)
		return err_make(ERR_PDF_CERTIFIED, "only an invisible signature or one of its own empty fields is allowed");
	/* A new field needs more than its name: forms that lock all but their own fields want no other. The time-stamp's field is
	 * not asked for, it may follow whatever is locked. */
	if (!wish->existing && form_is_locked(r, in->form, STR("")))
		return err_make(ERR_PDF_LOCKED, "all new fields are locked");
	if (form_is_locked(r, in->form, wish->name))
		return err_make(ERR_PDF_LOCKED, "the field \"%.*s\" is locked", STR_ARG(wish->name));
	return OK;
}

static err_t
read_wish(struct reader *r, const struct inspect_wish *wish, struct inspection *in, size_t i, struct pages_wish *pages)
{
	TRY(permit_wish(r, in, wish));
	if (!wish->existing) {
		if (wish->visible)
			pages->numbers[pages->numbers_n++] = wish->page;
		return OK;
	}
	TRY(form_find_empty(in->form, wish->name, &in->empties[i]));
	for (size_t j = 0; j < i; j++)
		if (in->empties[j] == in->empties[i])
			return err_make(ERR_PDF_FIELD_UNKNOWN, "\"%.*s\" is asked for twice", STR_ARG(wish->name));
	pages->widgets[i] = in->empties[i]->widget_ref;
	pages->widgets_n++;
	return OK;
}

err_t
inspect_run(struct reader *r, const struct inspect_order *order, struct inspection *ret_inspection)
{
	struct inspection *in = ret_inspection;
	*in = (struct inspection){0};
	struct pages_wish wish = {0};
	/* Only the sender of the file is told; first of all, while there is still memory for a copy. */
	in->illegible = order->inspect_only && err_is(legible_check(r));
	TRY(guard_check(r));
	TRY(form_read(r, &in->form));
	if (in->form->certified == 1)
		return err_make(ERR_PDF_CERTIFIED, "no change at all is allowed");
	if (order->wishes_n == 0 && form_is_locked(r, in->form, STR("")) && !form_has_open(r, in->form))
		return err_make(ERR_PDF_LOCKED, "all new fields are locked, and no other waits for a signature");
	for (size_t i = 0; i < order->wishes_n; i++)
		TRY(read_wish(r, &order->wishes[i], in, i, &wish));
	TRY(pages_read(r, &wish, &in->pages));
	if (in->pages.scripts)
		return err_make(ERR_PDF_SCRIPTS, "an action of page %u", in->pages.script_page);
	read_facts(r, in, &in->facts);
	return reader_check(r);
}
