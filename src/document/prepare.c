#include "document/prepare.h"

#include <inttypes.h>
#include <math.h>

#include "document/check_increment.h"

enum {
	FIELD_FLAGS = 4 | 128, /* printed, locked in place [ISO 32000-2 12.5.3] */
	NAMES_TRIED = 1000,
	ARENA_MAX = 32 * 1024 * 1024,
};

struct draft {
	struct reader *r;
	const struct inspect_order *order;
	const struct inspection *in;
	struct arena *arena;
	struct typeset ts;
	struct plan plan;
	struct increment inc;
	struct appearance boxes[LIMIT_SIGNERS]; /* of the signature fields that have an appearance */
	struct bytes previews[LIMIT_SIGNERS][2]; /* entries, data */
};

/* A copy of what a builder holds, in the arena. */
static err_t
keep(struct draft *d, const struct buf *b, struct bytes *ret_kept)
{
	TRY(buf_check(b));
	return arena_copy(d->arena, buf_bytes(b), ret_kept);
}

/* The same for entries that the file had and later revisions repeat: what the final check could not read must not be found out
 * when the signer has consented. */
static err_t
keep_entries(struct draft *d, const struct buf *b, enum err_code code, const char *what, struct bytes *ret_kept)
{
	const struct pdflex_value *dictionary;
	AUTO_ARENA(scratch, ARENA_MAX);
	TRY(keep(d, b, ret_kept));
	if (err_is(check_increment_dict(*ret_kept, scratch, &dictionary)))
		return err_make(code, "%s holds something that cannot be read without guessing", what);
	return OK;
}

/* ---- what the plan says of the file ---- */

static void
plan_id(struct draft *d)
{
	qpdf_oh id = reader_key(d->r, d->r->trailer, "/ID");
	struct bytes first = reader_octets(d->r, reader_item(d->r, id, 0));
	struct bytes second = reader_octets(d->r, reader_item(d->r, id, 1));
	if (reader_count(d->r, id) != 2 || first.n == 0 || first.n > PLAN_ID_MAX || second.n == 0 || second.n > PLAN_ID_MAX)
		return;
	d->plan.id[0] = first;
	d->plan.id[1] = second;
}

/* "12 0 R 13 0 R": the streams that a list of /DSS holds. */
static err_t
plan_dss_list(struct draft *d, qpdf_oh dss, const char *key, struct bytes *ret_list)
{
	AUTO_BUF(b, PLAN_REFERENCES_MAX);
	qpdf_oh list = reader_key(d->r, dss, key);
	size_t n = reader_count(d->r, list);
	for (size_t i = 0; i < n; i++) {
		struct literal_ref ref;
		if (!reader_ref(d->r, reader_item(d->r, list, i), &ref))
			continue;
		if (b.n > 0)
			buf_put_byte(&b, ' ');
		literal_reference(&b, ref);
	}
	return keep(d, &b, ret_list);
}

/* An existing /DSS keeps its object and all its entries. */
static err_t
plan_dss(struct draft *d)
{
	static const char *const lists[] = {"/Certs", "/OCSPs", "/CRLs", NULL};
	qpdf_oh dss = reader_key(d->r, d->r->root, "/DSS");
	AUTO_BUF(entries, PLAN_REFERENCES_MAX);
	if (qpdf_oh_is_dictionary(d->r->q, dss)) {
		reader_put_entries(d->r, dss, lists, &entries);
		TRY(plan_dss_list(d, dss, "/Certs", &d->plan.dss_certs));
		TRY(plan_dss_list(d, dss, "/OCSPs", &d->plan.dss_ocsps));
		TRY(plan_dss_list(d, dss, "/CRLs", &d->plan.dss_crls));
	}
	if (entries.n == 0)
		buf_put_str(&entries, STR("/Type /DSS"));
	if (!reader_ref(d->r, dss, &d->plan.dss) || !qpdf_oh_is_dictionary(d->r->q, dss))
		d->plan.dss = increment_number(&d->inc);
	return keep_entries(d, &entries, ERR_PDF_DAMAGED, "/DSS", &d->plan.dss_entries);
}

/* What a producer put there for itself stays in each new trailer [ISO 32000-2 7.5.6]; more of it than makes sense, or what the
 * final check could not read, does not. */
static err_t
plan_trailer(struct draft *d)
{
	static const char *const ours[] = {"/Size", "/Root", "/Info", "/ID", "/Prev", "/Encrypt", "/XRefStm", "/Type", "/W", "/Index", "/Length",
	    "/Filter", "/DecodeParms", "/F", "/FFilter", "/FDecodeParms", "/DL", NULL};
	AUTO_BUF(entries, PLAN_TRAILER_MAX);
	reader_put_entries(d->r, d->r->trailer, ours, &entries);
	const struct pdflex_value *kept;
	if (err_is(buf_check(&entries)) || err_is(check_increment_dict(buf_bytes(&entries), d->arena, &kept)))
		return OK;
	return keep(d, &entries, &d->plan.trailer);
}

static err_t
plan_file(struct draft *d)
{
	d->plan.xref = d->r->xref;
	d->plan.shift = d->r->shift;
	d->plan.root = d->r->root_ref;
	if (!reader_ref(d->r, reader_key(d->r, d->r->trailer, "/Info"), &d->plan.info))
		d->plan.info = (struct literal_ref){0, 0};
	plan_id(d);
	return plan_trailer(d);
}

/* ---- fields ---- */

static bool
name_is_taken(const struct draft *d, struct str name)
{
	if (form_has_name(d->in->form, name))
		return true;
	for (size_t i = 0; i < d->plan.fields_n; i++)
		if (str_eq(d->plan.fields[i].name, name))
			return true;
	return false;
}

/* A name that no field has: the wanted one, or with a number behind it. A full stop would mean a parent. */
static err_t
name_choose(struct draft *d, struct str wanted, struct str *ret_name)
{
	const char *plain;
	TRY(arena_str(d->arena, wanted, &plain));
	for (char *p = (char *)(uintptr_t)plain; *p != '\0'; p++)
		if (*p == '.')
			*p = '_';
	struct str name = {plain, wanted.n};
	for (int i = 2; name_is_taken(d, name); i++) {
		const char *numbered;
		if (i > NAMES_TRIED)
			return err_make(ERR_PDF_FORM_DAMAGED, "no free field name like \"%s\"", plain);
		TRY(arena_printf(d->arena, &numbered, "%s-%d", plain, i));
		name = str_c(numbered);
	}
	*ret_name = name;
	return OK;
}

static void
put_rect(struct buf *b, const int32_t rect[4])
{
	buf_put_str(b, STR(" /Rect ["));
	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			buf_put_byte(b, ' ');
		literal_number(b, rect[i]);
	}
	buf_put_str(b, STR("]"));
}

static err_t
field_entries(struct draft *d, struct plan_field *f, const struct page *page)
{
	AUTO_BUF(b, PLAN_ENTRIES_MAX);
	buf_put_str(&b, STR("/Type /Annot /Subtype /Widget /FT /Sig /T "));
	literal_text(&b, f->name);
	buf_printf(&b, " /F %d /P ", FIELD_FLAGS);
	literal_reference(&b, f->page);
	put_rect(&b, f->rect);
	if (page->rotate != 0 && f->appearance.number != 0)
		buf_printf(&b, " /MK <</R %d>>", page->rotate);
	return keep(d, &b, &f->entries);
}

static err_t
field_new(struct draft *d, enum plan_kind kind, size_t signer, struct str name, const struct page *page, const int32_t rect[4],
    bool shown)
{
	struct plan_field *f = &d->plan.fields[d->plan.fields_n];
	*f = (struct plan_field){.kind = kind, .signer = (uint16_t)signer, .page = page->ref, .page_number = page->number};
	memcpy(f->rect, rect, sizeof f->rect);
	TRY(name_choose(d, name, &f->name));
	f->object = increment_number(&d->inc);
	if (shown)
		f->appearance = increment_number(&d->inc);
	TRY(field_entries(d, f, page));
	d->plan.fields_n++;
	return OK;
}

static err_t
box_new(struct draft *d, size_t i, double width, double height, int rotate)
{
	const struct inspect_wish *wish = &d->order->wishes[i];
	struct appearance_wish box = {.name = wish->signer_name, .note = wish->note, .width = width, .height = height,
	    .rotate = rotate, .demo = d->order->demo, .preview = d->order->wishes_n == 1};
	return appearance_init(&d->boxes[i], &box, &d->ts);
}

static err_t
wish_new_field(struct draft *d, size_t i)
{
	const struct inspect_wish *wish = &d->order->wishes[i];
	const struct page *page = pages_get(&d->in->pages, wish->visible ? wish->page : 1);
	int32_t rect[4] = {0};
	struct str name = wish->name.n == 0 ? STR("Signature") : wish->name;
	if (wish->visible) {
		TRY(pages_rect(page, wish->x, wish->y, wish->w, wish->h, rect));
		TRY(box_new(d, i, wish->w / page->unit, wish->h / page->unit, page->rotate));
	}
	return field_new(d, PLAN_SIGNATURE, i, name, page, rect, wish->visible);
}

/* The rectangle of an existing widget in thousandths; all 0 when it has none. */
static void
widget_rect(struct draft *d, qpdf_oh widget, int32_t ret_rect[4])
{
	double v[4];
	qpdf_oh array = reader_key(d->r, widget, "/Rect");
	memset(ret_rect, 0, 4 * sizeof ret_rect[0]);
	for (size_t i = 0; i < 4; i++)
		if (!reader_number(d->r, reader_item(d->r, array, i), &v[i]) || fabs(v[i]) > 2000000)
			return;
	int32_t rect[4] = {(int32_t)lround(fmin(v[0], v[2]) * 1000), (int32_t)lround(fmin(v[1], v[3]) * 1000),
	    (int32_t)lround(fmax(v[0], v[2]) * 1000), (int32_t)lround(fmax(v[1], v[3]) * 1000)};
	memcpy(ret_rect, rect, sizeof rect);
}

static err_t
existing_entries(struct draft *d, const struct form_empty *e, struct plan_field *f)
{
	static const char *const of_field[] = {"/V", "/AP", NULL}, *const of_widget[] = {"/AP", NULL};
	AUTO_BUF(field, PLAN_ENTRIES_MAX);
	AUTO_BUF(widget, PLAN_ENTRIES_MAX);
	reader_put_entries(d->r, e->field, of_field, &field);
	TRY(keep_entries(d, &field, ERR_PDF_FORM_DAMAGED, "the field", &f->entries));
	if (e->widget_ref.number == e->field_ref.number)
		return OK;
	f->widget = e->widget_ref;
	reader_put_entries(d->r, e->widget, of_widget, &widget);
	return keep_entries(d, &widget, ERR_PDF_FORM_DAMAGED, "the field's widget", &f->widget_entries);
}

static err_t
wish_existing_field(struct draft *d, size_t i)
{
	const struct form_empty *e = d->in->empties[i];
	struct plan_field *f = &d->plan.fields[d->plan.fields_n];
	*f = (struct plan_field){.kind = PLAN_SIGNATURE, .signer = (uint16_t)i, .object = e->field_ref, .name = e->name};
	const struct page *page = pages_of_widget(&d->in->pages, i);
	if (page != NULL) {
		f->page = page->ref;
		f->page_number = page->number;
	}
	TRY(existing_entries(d, e, f));
	widget_rect(d, e->widget, f->rect);
	double w = (f->rect[2] - f->rect[0]) / 1000.0, h = (f->rect[3] - f->rect[1]) / 1000.0;
	int rotate = page == NULL ? 0 : page->rotate;
	d->plan.fields_n++;
	if (w < 1 || h < 1)
		return OK;
	f->appearance = increment_number(&d->inc);
	return rotate % 180 == 0 ? box_new(d, i, w, h, rotate) : box_new(d, i, h, w, rotate);
}

static err_t
wish_stamp_field(struct draft *d, size_t i)
{
	static const int32_t nowhere[4];
	const char *name;
	TRY(arena_printf(d->arena, &name, "%.*s-time", STR_ARG(d->plan.fields[i].name)));
	return field_new(d, PLAN_STAMP, i, str_c(name), pages_get(&d->in->pages, 1), nowhere, false);
}

/* Signature fields first, so that field i of the plan is the one of signer i. */
static err_t
plan_fields(struct draft *d)
{
	for (size_t i = 0; i < d->order->wishes_n; i++)
		TRY(d->order->wishes[i].existing ? wish_existing_field(d, i) : wish_new_field(d, i));
	for (size_t i = 0; i < d->order->wishes_n; i++)
		TRY(wish_stamp_field(d, i));
	return OK;
}

/* ---- appearances ---- */

/* What stands in the field until it is signed. A validator compares what an earlier signature showed with the finished
 * document, the fields signed since then left out: a preview that is gone would be a difference. So a field shows nothing
 * while somebody else may sign before it. [doc/decisions/0004] */
static void
draw_waiting(struct draft *d, size_t i, struct buf *entries, struct buf *data)
{
	if (d->boxes[i].wish.preview)
		appearance_preview(&d->boxes[i], &d->ts, entries, data);
	else
		appearance_blank(&d->boxes[i], entries, data);
}

static err_t
draw_boxes(struct draft *d)
{
	for (size_t i = 0; i < d->order->wishes_n; i++) {
		struct plan_field *f = &d->plan.fields[i];
		if (f->appearance.number == 0)
			continue;
		AUTO_BUF(entries, PLAN_ENTRIES_MAX);
		AUTO_BUF(data, PLAN_APPEARANCE_MAX);
		draw_waiting(d, i, &entries, &data);
		TRY(keep(d, &entries, &d->previews[i][0]));
		TRY(keep(d, &data, &d->previews[i][1]));
		buf_reset(&entries);
		buf_reset(&data);
		appearance_final(&d->boxes[i], &d->ts, &entries, &data);
		TRY(keep(d, &entries, &f->appearance_entries));
		TRY(keep(d, &data, &f->appearance_data));
	}
	return OK;
}

/* ---- objects of revision 0 ---- */

static void
put_dictionary(struct draft *d, struct literal_ref ref, struct bytes entries, struct literal_ref appearance)
{
	struct buf *out = d->inc.out;
	increment_object(&d->inc, ref);
	buf_put_str(out, STR("<<"));
	buf_put(out, entries);
	if (appearance.number != 0) {
		buf_put_str(out, STR(" /AP <</N "));
		literal_reference(out, appearance);
		buf_put_str(out, STR(">>"));
	}
	buf_put_str(out, STR(">>"));
	increment_object_end(&d->inc);
}

static bool
is_new(const struct draft *d, size_t field)
{
	return field >= d->order->wishes_n || !d->order->wishes[field].existing;
}

/* An existing field shows the preview too, unless an earlier signature watches over it. */
static void
put_fields(struct draft *d)
{
	for (size_t i = 0; i < d->plan.fields_n; i++) {
		const struct plan_field *f = &d->plan.fields[i];
		if (!is_new(d, i) && (f->appearance.number == 0 || d->in->form->signatures > 0))
			continue;
		if (f->widget.number != 0)
			put_dictionary(d, f->widget, f->widget_entries, f->appearance);
		else
			put_dictionary(d, f->object, f->entries, f->appearance);
		if (f->appearance.number != 0)
			increment_stream(&d->inc, f->appearance, d->previews[i][0], d->previews[i][1]);
	}
}

static void
put_items(struct draft *d, qpdf_oh array)
{
	size_t n = reader_count(d->r, array);
	for (size_t i = 0; i < n; i++) {
		reader_put(d->r, reader_item(d->r, array, i), d->inc.out);
		buf_put_byte(d->inc.out, ' ');
	}
}

/* The new fields: all of them, or those of one page. */
static void
put_new_fields(struct draft *d, uint32_t page)
{
	for (size_t i = 0; i < d->plan.fields_n; i++)
		if (is_new(d, i) && (page == 0 || d->plan.fields[i].page.number == page)) {
			literal_reference(d->inc.out, d->plan.fields[i].object);
			buf_put_byte(d->inc.out, ' ');
		}
}

/* The page anew, with a list of annotations of its own: an array that is an object may be another page's as well, and what is
 * added to it would be shown there too. */
static void
put_page(struct draft *d, const struct page *page)
{
	static const char *const skip[] = {"/Annots", NULL};
	struct buf *out = d->inc.out;
	increment_object(&d->inc, page->ref);
	buf_put_str(out, STR("<<"));
	reader_put_entries(d->r, page->object, skip, out);
	buf_put_str(out, STR(" /Annots ["));
	put_items(d, reader_key(d->r, page->object, "/Annots"));
	put_new_fields(d, page->ref.number);
	buf_put_str(out, STR("]>>"));
	increment_object_end(&d->inc);
}

static void
put_pages(struct draft *d)
{
	for (size_t i = 0; i < d->in->pages.wanted_n; i++) {
		const struct page *page = &d->in->pages.wanted[i];
		bool used = false;
		for (size_t j = 0; j < d->plan.fields_n; j++)
			used = used || (is_new(d, j) && d->plan.fields[j].page.number == page->ref.number);
		if (used)
			put_page(d, page);
	}
}

/* /AcroForm with the new fields and SigFlags 3: signatures exist, append only. [ISO 32000-2 12.7.3] Its list of fields is its own,
 * as that of a page's annotations is. */
static void
put_form(struct draft *d)
{
	static const char *const skip[] = {"/Fields", "/SigFlags", NULL};
	struct buf *out = d->inc.out;
	buf_put_str(out, STR("<<"));
	reader_put_entries(d->r, d->in->form->dictionary, skip, out);
	buf_put_str(out, STR(" /Fields ["));
	put_items(d, reader_key(d->r, d->in->form->dictionary, "/Fields"));
	put_new_fields(d, 0);
	buf_put_str(out, STR("] /SigFlags 3>>"));
}

/* The form where it stands, or a new one as an object of its own; number 0: it stands in the catalog. */
static struct literal_ref
put_form_object(struct draft *d)
{
	struct literal_ref ref;
	bool there = qpdf_oh_is_dictionary(d->r->q, d->in->form->dictionary);
	if (there && !reader_ref(d->r, d->in->form->dictionary, &ref))
		return (struct literal_ref){0, 0};
	if (!there)
		ref = increment_number(&d->inc);
	increment_object(&d->inc, ref);
	put_form(d);
	increment_object_end(&d->inc);
	return ref;
}

/* The catalog, if it has to say anything new. */
static void
put_catalog(struct draft *d)
{
	static const char *const skip_both[] = {"/AcroForm", "/DSS", NULL};
	struct buf *out = d->inc.out;
	struct literal_ref form = put_form_object(d), dss, form_there;
	bool dss_stays = reader_ref(d->r, reader_key(d->r, d->r->root, "/DSS"), &dss) && dss.number == d->plan.dss.number;
	bool form_stays = reader_ref(d->r, d->in->form->dictionary, &form_there) && form_there.number == form.number;
	if (dss_stays && form_stays)
		return;
	increment_object(&d->inc, d->plan.root);
	buf_put_str(out, STR("<<"));
	reader_put_entries(d->r, d->r->root, skip_both, out);
	buf_put_str(out, STR(" /AcroForm "));
	if (form.number != 0)
		literal_reference(out, form);
	else
		put_form(d);
	buf_put_str(out, STR(" /DSS "));
	literal_reference(out, d->plan.dss);
	buf_put_str(out, STR(">>"));
	increment_object_end(&d->inc);
}

/* A new object for /DSS; one that the file has stays as it is until there is something to add. */
static void
put_dss(struct draft *d)
{
	if (d->plan.dss.number < d->r->size)
		return;
	struct buf *out = d->inc.out;
	increment_object(&d->inc, d->plan.dss);
	buf_put_str(out, STR("<<"));
	buf_put(out, d->plan.dss_entries);
	const struct { const char *key; struct bytes list; } lists[] = {
	    {"Certs", d->plan.dss_certs}, {"OCSPs", d->plan.dss_ocsps}, {"CRLs", d->plan.dss_crls}};
	for (size_t i = 0; i < 3; i++) {
		if (lists[i].list.n == 0)
			continue;
		buf_printf(out, " /%s [", lists[i].key);
		buf_put(out, lists[i].list);
		buf_put_byte(out, ']');
	}
	buf_put_str(out, STR(">>"));
	increment_object_end(&d->inc);
}

/* ---- all together ---- */

static err_t
write_revision(struct draft *d)
{
	TRY(plan_file(d));
	TRY(plan_fields(d));
	TRY(plan_dss(d));
	TRY(typeset_embed(&d->ts, &d->inc));
	TRY(draw_boxes(d));
	put_fields(d);
	put_dss(d);
	put_pages(d);
	put_catalog(d);
	TRY(reader_check(d->r));
	TRY(increment_finish(&d->inc, &d->plan.startxref));
	d->plan.length = d->inc.base + d->inc.out->n;
	d->plan.next = d->inc.next;
	return OK;
}

static err_t
write_all(struct draft *d, const struct typefaces *faces, struct buf *increment, struct buf *plan, struct prepared *prepared)
{
	typeset_init(&d->ts, faces, d->arena);
	increment_start(&d->inc, &d->plan, d->r->file.n, d->r->startxref, d->r->size, increment);
	/* The places in the section count from "%PDF-": the plan must say so before the first object is written. */
	d->plan.shift = d->r->shift;
	err_t e = write_revision(d);
	typeset_done(&d->ts);
	TRY(e);
	TRY(plan_write(&d->plan, plan));
	for (size_t i = 0; i < d->order->wishes_n; i++)
		plan_appearance(&d->plan, i, prepared->appearances[i]);
	prepared->appearances_n = d->order->wishes_n;
	return OK;
}

/* Some damage only shows when a second section refers to the first: such a file is refused now, and not after its signer has
 * consented. Larger files are left to the final check, because this needs a copy of them in memory. */
static err_t
read_again(struct bytes file, struct bytes increment)
{
	enum { AGAIN_MAX = 64 * 1024 * 1024 };
	if (file.n > AGAIN_MAX)
		return OK;
	AUTO_BUF(all, file.n + increment.n);
	AUTO_READER(r);
	buf_put(&all, file);
	buf_put(&all, increment);
	TRY(buf_check(&all));
	return reader_new(buf_bytes(&all), &r);
}

err_t
prepare_run(struct bytes file, const struct inspect_order *order, const struct typefaces *faces, struct buf *increment,
    struct buf *plan, struct prepared *ret_prepared)
{
	AUTO_READER(r);
	AUTO_ARENA(arena, ARENA_MAX);
	struct inspection in;
	TRY(reader_new(file, &r));
	TRY(inspect_run(r, order, &in));
	struct prepared prepared = {.facts = in.facts};
	if (!order->inspect_only && order->wishes_n > 0) {
		void *room = NULL;
		TRY(arena_get(arena, sizeof(struct draft), &room));
		struct draft *d = room;
		d->r = r;
		d->order = order;
		d->in = &in;
		d->arena = arena;
		TRY(write_all(d, faces, increment, plan, &prepared));
		TRY(read_again(file, buf_bytes(increment)));
	}
	*ret_prepared = prepared;
	return OK;
}
