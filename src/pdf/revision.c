#include "pdf/revision.h"

#include "pdf/increment.h"

#include <assert.h>
#include <inttypes.h>

/* ---- /ByteRange and /Contents ---- */

/* "/ByteRange [0 …]" keeps its width whatever the numbers are, because they are known only when all is written. */
enum { RANGE_WIDTH = 3 * 10 + 2 };

struct frame {
	size_t range; /* where the numbers behind "[0 " start */
	struct hole hole;
};

static void
put_frame(struct buf *out, size_t room, struct frame *ret_frame)
{
	buf_put_str(out, STR("/ByteRange [0 "));
	ret_frame->range = out->n;
	buf_printf(out, "%*s]\n/Contents ", (int)RANGE_WIDTH, "");
	ret_frame->hole.from = out->n;
	buf_put_byte(out, '<');
	uint8_t *hex = buf_extend(out, 2 * room);
	if (hex != NULL)
		memset(hex, '0', 2 * room);
	buf_put_byte(out, '>');
	ret_frame->hole.to = out->n;
}

/* [ISO 32000-2 12.8.1]: everything but the hole, counted in the file from its first octet. */
static void
fill_range(struct buf *out, uint64_t base, const struct frame *frame)
{
	char text[RANGE_WIDTH + 1];
	int n = snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64 " %zu", base + frame->hole.from, base + frame->hole.to,
	    out->n - frame->hole.to);
	assert(n > 0 && n <= RANGE_WIDTH);
	memcpy(out->p + frame->range, text, (size_t)n);
}

/* ---- signature and time-stamp ---- */

static err_t
tip_check(const struct plan *plan, const struct tip *tip)
{
	if (tip->length < plan->length || tip->next < plan->next)
		return err_make(ERR_PDF_PLAN, "the tip is older than the plan");
	if (tip->length > PLAN_LENGTH_MAX || tip->startxref >= tip->length || tip->next > PLAN_NUMBER_MAX)
		return err_make(ERR_PDF_PLAN, "the tip is out of its range");
	return OK;
}

static err_t
room_check(size_t room, size_t most)
{
	if (room == 0 || room > most)
		return err_make(ERR_HOLE, "%zu octets to keep free, and 1 to %zu may be", room, most);
	return OK;
}

static err_t
field_check(const struct plan *plan, const struct tip *tip, size_t field, enum plan_kind kind)
{
	if (field >= plan->fields_n || plan->fields[field].kind != kind)
		return err_make(ERR_PDF_PLAN, "field %zu is no %s field", field, kind == PLAN_STAMP ? "time-stamp" : "signature");
	if (tip->filled >> field & 1)
		return err_make(ERR_PDF_PLAN, "field %zu is already filled", field);
	return tip_check(plan, tip);
}

static void
put_appearance(struct increment *inc, const struct plan_field *f)
{
	if (f->appearance.number == 0)
		return;
	buf_put_str(inc->out, STR(" /AP <</N "));
	literal_reference(inc->out, f->appearance);
	buf_put_str(inc->out, STR(">>"));
}

static void
put_field(struct increment *inc, const struct plan_field *f, struct literal_ref value)
{
	increment_object(inc, f->object);
	buf_put_str(inc->out, STR("<<"));
	buf_put(inc->out, f->entries);
	if (f->widget.number == 0)
		put_appearance(inc, f);
	buf_put_str(inc->out, STR(" /V "));
	literal_reference(inc->out, value);
	buf_put_str(inc->out, STR(">>"));
	increment_object_end(inc);
}

/* The widget, where it is an object of its own, and what it shows from now on. */
static void
put_widget(struct increment *inc, const struct plan_field *f)
{
	if (f->widget.number != 0) {
		increment_object(inc, f->widget);
		buf_put_str(inc->out, STR("<<"));
		buf_put(inc->out, f->widget_entries);
		put_appearance(inc, f);
		buf_put_str(inc->out, STR(">>"));
		increment_object_end(inc);
	}
	if (f->appearance.number != 0)
		increment_stream(inc, f->appearance, f->appearance_entries, f->appearance_data);
}

static void
put_word(struct buf *out, const char *key, struct str word)
{
	if (word.n == 0)
		return;
	buf_printf(out, "/%s ", key);
	literal_text(out, word);
	buf_put_byte(out, '\n');
}

static void
put_signature(struct increment *inc, struct literal_ref ref, int64_t at, const struct revision_words *words, size_t room,
    struct frame *ret_frame)
{
	increment_object(inc, ref);
	/* [EN 319 142-1 6.3] */
	buf_put_str(inc->out, STR("<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached\n/M "));
	literal_date(inc->out, at);
	buf_put_byte(inc->out, '\n');
	put_word(inc->out, "Name", words->name);
	put_word(inc->out, "Reason", words->reason);
	put_word(inc->out, "Location", words->location);
	put_word(inc->out, "ContactInfo", words->contact);
	put_frame(inc->out, room, ret_frame);
	buf_put_str(inc->out, STR(">>"));
	increment_object_end(inc);
}

static void
put_stamp(struct increment *inc, struct literal_ref ref, size_t room, struct frame *ret_frame)
{
	increment_object(inc, ref);
	/* [EN 319 142-1 5.4.3] */
	buf_put_str(inc->out, STR("<</Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161\n"));
	put_frame(inc->out, room, ret_frame);
	buf_put_str(inc->out, STR(">>"));
	increment_object_end(inc);
}

/* Ends the increment; the tip moves behind it. */
static err_t
finish(struct increment *inc, struct tip *tip)
{
	TRY(increment_finish(inc, &tip->startxref));
	tip->length += inc->out->n;
	tip->next = inc->next;
	return OK;
}

err_t
revision_signature(const struct plan *plan, const struct tip *tip, size_t field, int64_t at,
    const struct revision_words *words, size_t room, struct buf *out, struct hole *ret_hole, struct tip *ret_tip)
{
	TRY(field_check(plan, tip, field, PLAN_SIGNATURE));
	TRY(room_check(room, LIMIT_SIGNATURE_HOLE));
	struct tip next = *tip;
	struct increment inc;
	struct frame frame;
	increment_start(&inc, plan, tip->length, tip->startxref, tip->next, out);
	struct literal_ref value = increment_number(&inc);
	put_field(&inc, &plan->fields[field], value);
	put_widget(&inc, &plan->fields[field]);
	put_signature(&inc, value, at, words, room, &frame);
	TRY(finish(&inc, &next));
	fill_range(out, tip->length, &frame);
	next.filled |= UINT64_C(1) << field;
	*ret_hole = frame.hole;
	*ret_tip = next;
	return OK;
}

err_t
revision_stamp(const struct plan *plan, const struct tip *tip, size_t field, size_t room, struct buf *out,
    struct hole *ret_hole, struct tip *ret_tip)
{
	TRY(field_check(plan, tip, field, PLAN_STAMP));
	TRY(room_check(room, LIMIT_STAMP_HOLE));
	struct tip next = *tip;
	struct increment inc;
	struct frame frame;
	increment_start(&inc, plan, tip->length, tip->startxref, tip->next, out);
	struct literal_ref value = increment_number(&inc);
	put_field(&inc, &plan->fields[field], value);
	put_widget(&inc, &plan->fields[field]);
	put_stamp(&inc, value, room, &frame);
	TRY(finish(&inc, &next));
	fill_range(out, tip->length, &frame);
	next.filled |= UINT64_C(1) << field;
	*ret_hole = frame.hole;
	*ret_tip = next;
	return OK;
}

/* ---- /DSS ---- */

static err_t
add_item(struct increment *inc, struct tip *tip, const struct revision_item *item)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	digest_sha256(item->der, sha256);
	if (tip_find(tip, item->kind, sha256) != NULL)
		return OK;
	if (tip->items_n == TIP_ITEMS_MAX)
		return err_make(ERR_LIMIT, "more than %d certificates, answers and lists in /DSS", TIP_ITEMS_MAX);
	struct literal_ref ref = increment_number(inc);
	increment_deflated(inc, ref, bytes("", 0), item->der);
	struct tip_item *added = &tip->items[tip->items_n++];
	*added = (struct tip_item){.kind = item->kind, .number = ref.number};
	memcpy(added->sha256, sha256, sizeof sha256);
	return OK;
}

static void
put_list(struct buf *out, const char *key, struct bytes before, const struct tip *tip, enum tip_kind kind)
{
	size_t n = 0;
	for (uint32_t i = 0; i < tip->items_n; i++)
		n += tip->items[i].kind == kind;
	if (n == 0 && before.n == 0)
		return;
	buf_printf(out, " /%s [", key);
	buf_put(out, before);
	for (uint32_t i = 0; i < tip->items_n; i++)
		if (tip->items[i].kind == kind)
			buf_printf(out, " %" PRIu32 " 0 R", tip->items[i].number);
	buf_put_str(out, STR("]"));
}

/* [EN 319 142-1 5.4.2.2] */
static void
put_dss(struct increment *inc, const struct tip *tip)
{
	const struct plan *plan = inc->plan;
	increment_object(inc, plan->dss);
	buf_put_str(inc->out, STR("<<"));
	buf_put(inc->out, plan->dss_entries);
	put_list(inc->out, "Certs", plan->dss_certs, tip, TIP_CERTIFICATE);
	put_list(inc->out, "OCSPs", plan->dss_ocsps, tip, TIP_OCSP);
	put_list(inc->out, "CRLs", plan->dss_crls, tip, TIP_CRL);
	buf_put_str(inc->out, STR(">>"));
	increment_object_end(inc);
}

err_t
revision_dss(const struct plan *plan, const struct tip *tip, const struct revision_item *items, size_t n,
    struct buf *out, struct tip *ret_tip)
{
	TRY(tip_check(plan, tip));
	struct tip next = *tip;
	struct increment inc;
	increment_start(&inc, plan, tip->length, tip->startxref, tip->next, out);
	for (size_t i = 0; i < n; i++)
		TRY(add_item(&inc, &next, &items[i]));
	put_dss(&inc, &next);
	TRY(finish(&inc, &next));
	*ret_tip = next;
	return OK;
}
