#include "keys/revisions.h"
#include "ades/cms.h"
#include "base/fault.h"
#include "keys/unit.h"
#include "os/clock.h"
#include "os/file.h"

enum { DSS_ITEMS_MAX = 12, DSS_ITEM_OCTETS_MAX = 8192, RECORD_ROOM = TIP_LEN_MAX + 256 };
enum { INCREMENT_SIGNATURE = 1, INCREMENT_DSS = 2, INCREMENT_LAST = 3 };
static const char mac_label[] = "paraph revision";

_Static_assert(sizeof(((paraph_RevisionRecord *)0)->dss_entries.bytes) >= TIP_LEN_MAX, "a tip fits into its record");

/* ---- records ---- */

/* The one binary form: which increment it was, the intent, and all other members but the MAC in the order of the message. */
static void
record_canonical(const paraph_RevisionRecord *r, uint32_t which, struct buf *b)
{
	buf_put_u32(b, which);
	buf_put(b, bytes(r->intent.bytes, RECORD_ID));
	buf_put(b, bytes(r->revision0_sha256.bytes, RECORD_HASH));
	buf_put(b, bytes(r->sha256.bytes, RECORD_HASH));
	buf_put_u64(b, r->length);
	buf_put_u64(b, r->startxref);
	buf_put_u32(b, r->next_object);
	buf_put(b, bytes(r->dss_entries.bytes, r->dss_entries.size));
}

static err_t
record_make(struct desk *d, const struct pen *pen, uint32_t which, paraph_RevisionRecord *ret_record)
{
	AUTO_BUF(canonical, RECORD_ROOM);
	AUTO_BUF(tip, TIP_LEN_MAX);
	tip_write(&pen->tip, &tip);
	TRY(buf_check(&tip));
	paraph_RevisionRecord *r = ret_record;
	r->intent.size = RECORD_ID;
	memcpy(r->intent.bytes, pen->intent, RECORD_ID);
	r->revision0_sha256.size = r->sha256.size = RECORD_HASH;
	memcpy(r->revision0_sha256.bytes, pen->revision0_sha256, RECORD_HASH);
	digest_peek(pen->hash, r->sha256.bytes);
	r->length = pen->tip.length;
	r->startxref = pen->tip.startxref;
	r->next_object = pen->tip.next;
	r->dss_entries.size = (pb_size_t)tip.n;
	memcpy(r->dss_entries.bytes, tip.p, tip.n);
	record_canonical(r, which, &canonical);
	r->mac.size = KEYSTORE_MAC_LEN;
	keystore_mac(d->keystore, mac_label, buf_bytes(&canonical), r->mac.bytes);
	return OK;
}

err_t
revisions_record_check(struct desk *d, const paraph_RevisionRecord *r, struct tip *ret_tip)
{
	AUTO_BUF(canonical, RECORD_ROOM);
	if (r->revision0_sha256.size != RECORD_HASH || r->sha256.size != RECORD_HASH || r->intent.size != RECORD_ID)
		return err_make(ERR_INPUT, "the record of the base is not complete");
	record_canonical(r, INCREMENT_LAST, &canonical);
	if (!keystore_mac_check(d->keystore, mac_label, buf_bytes(&canonical), bytes(r->mac.bytes, r->mac.size)))
		return err_make(ERR_MAC, "the record of the base is not one of a finished document that was made here");
	return tip_read(bytes(r->dss_entries.bytes, r->dss_entries.size), ret_tip);
}

/* ---- one message, one increment ---- */

/* Writes the finished increment, and takes it into the state of the file. */
static err_t
append(struct pen *pen, enum pen_step next)
{
	if (pen->out_length + pen->increment.n > LIMIT_INCREMENT)
		return err_make(ERR_LIMIT, "the increments of a signature are too large");
	TRY(file_write(pen->out_fd, buf_bytes(&pen->increment)));
	pen->out_length += pen->increment.n;
	digest_add(pen->hash, buf_bytes(&pen->increment));
	pen->tip = pen->tip_after;
	pen->step = next;
	buf_reset(&pen->increment);
	return OK;
}

static err_t
answer(struct desk *d, const struct pen *pen, uint32_t which, paraph_Keys *ret_answer)
{
	paraph_IncrementAnswer *a = &ret_answer->body.increment_answer;
	*a = (paraph_IncrementAnswer){.which = which, .increment_length = pen->out_length, .has_record = true};
	ret_answer->which_body = paraph_Keys_increment_answer_tag;
	return record_make(d, pen, which, &a->record);
}

/* SHA-256 of file and next increment without its hole. */
static void
imprint_of(const struct pen *pen, uint8_t ret_imprint[RECORD_HASH])
{
	struct digest *d = digest_clone(pen->hash);
	hole_digest(buf_bytes(&pen->increment), pen->hole, d);
	digest_peek(d, ret_imprint);
	digest_free(d);
}

static err_t
take_claimed(struct desk *d, const uint8_t *intent, enum pen_step step, struct pen **ret_pen,
    struct book_intent *ret_intent)
{
	TRY(book_intent(d->book, intent, ret_intent));
	if (ret_intent->known == BOOK_VOIDED)
		return err_make(ERR_INTENT_VOID, "the intent is void");
	if (ret_intent->released)
		return err_make(ERR_INTENT, "the signature was released");
	TRY(pens_take(d->pens, intent, ret_pen));
	if ((*ret_pen)->step == step)
		return OK;
	pens_put(d->pens, *ret_pen);
	*ret_pen = NULL;
	return err_make(ERR_INTENT, "this increment is not the next one: resume the intent");
}

/* Takes the pen of an intent that waits for this step, with what the journal says of it, and claims the intent until it is given
 * back: nobody voids, seals or resumes it meanwhile (a second pen would go on in the wrong file). */
static err_t
take(struct desk *d, const uint8_t *intent, size_t n, enum pen_step step, struct pen **ret_pen,
    struct book_intent *ret_intent)
{
	if (n != RECORD_ID)
		return err_make(ERR_INPUT, "an intent has %d octets", RECORD_ID);
	if (!book_claim(d->book, intent))
		return err_make(ERR_BUSY, "this intent is being worked on");
	err_t e = take_claimed(d, intent, step, ret_pen, ret_intent);
	if (err_is(e))
		book_release(d->book, intent);
	return e;
}

/* Puts it back, or ends it when nothing comes after; after a failed write what stands in the file is not known, so it must be
 * resumed. */
static void
give_back(struct desk *d, struct pen *pen, uint64_t length_before, bool last, err_t e)
{
	uint8_t intent[RECORD_ID];
	bool broken = err_is(e) && (e.code == ERR_IO || e.code == ERR_DISK_FULL || pen->out_length != length_before);
	memcpy(intent, pen->intent, sizeof intent);
	if (broken || (last && !err_is(e)))
		pens_drop(pen);
	else
		pens_put(d->pens, pen);
	book_release(d->book, intent);
}

/* ---- signature with its time-stamp ---- */

static err_t
within_validity(const struct book_intent *i, const struct tsp_token *t)
{
	struct certificate c;
	TRY(certificate_read(bytes(i->certificate, i->certificate_n), &c));
	if (t->gen_at < c.not_before_at || t->gen_at > c.not_after_at)
		return err_make(ERR_STAMP, "the time-stamp lies outside the certificate's validity");
	return OK;
}

static err_t
cms_make(struct desk *d, const struct book_intent *i, struct bytes token, uint8_t room[LIMIT_SIGNATURE_HOLE],
    struct bytes *ret_cms)
{
	struct keystore_chain chain;
	TRY(keystore_chain_get(d->keystore, KEYSTORE_ISSUING, &chain));
	/* the root goes into /DSS: here it would be bytes for nothing */
	const struct bytes certificates[2] = {bytes(i->certificate, i->certificate_n), chain.certificate[0]};
	const struct cms_parts parts = {.attributes = bytes(i->attributes, i->attributes_n),
	    .signature = bytes(i->signature, i->signature_n),
	    .certificates = certificates,
	    .certificates_n = 2,
	    .time_stamp = token};
	err_t e = cms_signed_data(&parts, room, LIMIT_SIGNATURE_HOLE, ret_cms);
	if (e.code == ERR_LIMIT)
		return err_make(ERR_HOLE, "signature, chain and time-stamp are larger than %d octets", LIMIT_SIGNATURE_HOLE);
	return e;
}

static err_t
stamp(struct desk *d, struct pen *pen, const struct book_intent *i, struct bytes token, paraph_Keys *ret_answer)
{
	uint8_t imprint[RECORD_HASH], room[LIMIT_SIGNATURE_HOLE];
	struct tsp_token t;
	struct bytes cms;
	digest_sha256(bytes(i->signature, i->signature_n), imprint);
	TRY(unit_check(d, token, BYTES_OF(imprint), &t));
	TRY(within_validity(i, &t));
	TRY(cms_make(d, i, token, room, &cms));
	TRY(hole_fill(&pen->increment, pen->hole, cms));
	TRY(append(pen, PEN_DSS));
	FAULT_POINT("keys.increment.signature");
	return answer(d, pen, INCREMENT_SIGNATURE, ret_answer);
}

err_t
revisions_stamp(struct desk *d, const paraph_StampPut *m, paraph_Keys *ret_answer)
{
	struct pen *pen = NULL;
	struct book_intent i;
	TRY(take(d, m->intent.bytes, m->intent.size, PEN_STAMP, &pen, &i));
	uint64_t before = pen->out_length;
	err_t e = stamp(d, pen, &i, bytes(m->token.bytes, m->token.size), ret_answer);
	give_back(d, pen, before, false, e);
	return e;
}

/* ---- DSS, and the document time-stamp prepared behind it ---- */

static err_t
item_add(struct revision_item items[DSS_ITEMS_MAX], size_t *n, enum tip_kind kind, const uint8_t *p, size_t len)
{
	TRY(der_scan_check(bytes(p, len), DSS_ITEM_OCTETS_MAX));
	items[(*n)++] = (struct revision_item){kind, bytes(p, len)};
	return OK;
}

static err_t
items_get(const paraph_DssPut *m, struct revision_item items[DSS_ITEMS_MAX], size_t *ret_n)
{
	size_t n = 0;
	for (size_t i = 0; i < m->certificates_count; i++)
		TRY(item_add(items, &n, TIP_CERTIFICATE, m->certificates[i].bytes, m->certificates[i].size));
	for (size_t i = 0; i < m->ocsps_count; i++)
		TRY(item_add(items, &n, TIP_OCSP, m->ocsps[i].bytes, m->ocsps[i].size));
	for (size_t i = 0; i < m->crls_count; i++)
		TRY(item_add(items, &n, TIP_CRL, m->crls[i].bytes, m->crls[i].size));
	*ret_n = n;
	return OK;
}

static err_t
dss(struct desk *d, struct pen *pen, const paraph_DssPut *m, paraph_Keys *ret_answer)
{
	struct revision_item items[DSS_ITEMS_MAX];
	size_t n, room;
	TRY(items_get(m, items, &n));
	buf_reset(&pen->increment);
	TRY(revision_dss(&pen->plan, &pen->tip, items, n, &pen->increment, &pen->tip_after));
	TRY(append(pen, PEN_DOC_STAMP));
	FAULT_POINT("keys.increment.dss");
	TRY(unit_token_room(d, &room));
	TRY(revision_stamp(&pen->plan, &pen->tip, pen->stamp_field, room, &pen->increment, &pen->hole, &pen->tip_after));
	paraph_IncrementAnswer *a = &ret_answer->body.increment_answer;
	TRY(answer(d, pen, INCREMENT_DSS, ret_answer));
	a->stamp_imprint.size = RECORD_HASH;
	imprint_of(pen, a->stamp_imprint.bytes);
	return OK;
}

err_t
revisions_dss(struct desk *d, const paraph_DssPut *m, paraph_Keys *ret_answer)
{
	struct pen *pen = NULL;
	struct book_intent i;
	TRY(take(d, m->intent.bytes, m->intent.size, PEN_DSS, &pen, &i));
	uint64_t before = pen->out_length;
	err_t e = dss(d, pen, m, ret_answer);
	give_back(d, pen, before, false, e);
	return e;
}

/* ---- document time-stamp ---- */

static err_t
doc_stamp(struct desk *d, struct pen *pen, struct bytes token, paraph_Keys *ret_answer)
{
	uint8_t imprint[RECORD_HASH];
	struct tsp_token t;
	imprint_of(pen, imprint);
	TRY(unit_check(d, token, BYTES_OF(imprint), &t));
	TRY(hole_fill(&pen->increment, pen->hole, token));
	TRY(append(pen, PEN_STAMP));
	FAULT_POINT("keys.increment.stamp");
	struct record_document_result r = {.length = pen->tip.length};
	memcpy(r.intent, pen->intent, RECORD_ID);
	digest_peek(pen->hash, r.sha256);
	TRY(desk_record(d, RECORD_DOCUMENT_RESULT, clock_now(), &r));
	FAULT_POINT("keys.document.result");
	return answer(d, pen, INCREMENT_LAST, ret_answer);
}

err_t
revisions_doc_stamp(struct desk *d, const paraph_DocStampPut *m, paraph_Keys *ret_answer)
{
	struct pen *pen = NULL;
	struct book_intent i;
	TRY(take(d, m->intent.bytes, m->intent.size, PEN_DOC_STAMP, &pen, &i));
	uint64_t before = pen->out_length;
	err_t e = doc_stamp(d, pen, bytes(m->token.bytes, m->token.size), ret_answer);
	give_back(d, pen, before, true, e);
	return e;
}
