#include "pdf/plan.h"

enum { PLAN_VERSION = 2 };

/* ---- ranges, the same for writing and reading ---- */

static err_t
field_check(const struct plan_field *f)
{
	if (f->kind != PLAN_SIGNATURE && f->kind != PLAN_STAMP)
		return err_make(ERR_PDF_PLAN, "a field is of the unknown kind %d", (int)f->kind);
	if (f->object.number == 0)
		return err_make(ERR_PDF_PLAN, "a field has no object");
	if (f->signer >= LIMIT_SIGNERS)
		return err_make(ERR_PDF_PLAN, "there is no signer %u", f->signer);
	if (f->name.n > PLAN_NAME_MAX || f->entries.n > PLAN_ENTRIES_MAX ||
	    f->widget_entries.n > PLAN_ENTRIES_MAX || f->appearance_entries.n > PLAN_ENTRIES_MAX ||
	    f->appearance_data.n > PLAN_APPEARANCE_MAX)
		return err_make(ERR_PDF_PLAN, "a part of a field is too long");
	if (f->appearance.number == 0 && (f->appearance_entries.n != 0 || f->appearance_data.n != 0))
		return err_make(ERR_PDF_PLAN, "an appearance has no object");
	if (f->widget.number == 0 && f->widget_entries.n != 0)
		return err_make(ERR_PDF_PLAN, "a widget has no object");
	return OK;
}

static err_t
plan_check(const struct plan *p)
{
	if (p->xref != PLAN_CLASSIC && p->xref != PLAN_STREAM && p->xref != PLAN_HYBRID)
		return err_make(ERR_PDF_PLAN, "unknown kind of cross-reference %d", (int)p->xref);
	if (p->root.number == 0 || p->dss.number == 0)
		return err_make(ERR_PDF_PLAN, "the catalog or /DSS has no object");
	if (p->length > PLAN_LENGTH_MAX || p->next > PLAN_NUMBER_MAX)
		return err_make(ERR_PDF_PLAN, "the document is too large");
	if (p->startxref >= p->length || p->shift >= p->length)
		return err_make(ERR_PDF_PLAN, "a place lies behind the end of the file");
	if (p->id[0].n > PLAN_ID_MAX || p->id[1].n > PLAN_ID_MAX || (p->id[0].n == 0) != (p->id[1].n == 0))
		return err_make(ERR_PDF_PLAN, "the file identifier has a wrong length");
	if (p->trailer.n > PLAN_TRAILER_MAX)
		return err_make(ERR_PDF_PLAN, "the trailer is too long");
	if (p->dss_entries.n > PLAN_REFERENCES_MAX || p->dss_certs.n > PLAN_REFERENCES_MAX ||
	    p->dss_ocsps.n > PLAN_REFERENCES_MAX || p->dss_crls.n > PLAN_REFERENCES_MAX)
		return err_make(ERR_PDF_PLAN, "a part of /DSS is too long");
	if (p->fields_n > PLAN_FIELDS_MAX)
		return err_make(ERR_PDF_PLAN, "more than %d fields", PLAN_FIELDS_MAX);
	for (size_t i = 0; i < p->fields_n; i++)
		TRY(field_check(&p->fields[i]));
	return OK;
}

/* ---- writing ---- */

static void
put_ref(struct buf *b, struct literal_ref ref)
{
	buf_put_u32(b, ref.number);
	buf_put_u16(b, ref.generation);
}

static void
put_run(struct buf *b, struct bytes run)
{
	buf_put_u32(b, (uint32_t)run.n);
	buf_put(b, run);
}

static void
put_field(struct buf *b, const struct plan_field *f)
{
	buf_put_byte(b, (uint8_t)f->kind);
	buf_put_u16(b, f->signer);
	put_ref(b, f->object);
	put_ref(b, f->page);
	buf_put_u32(b, f->page_number);
	for (size_t i = 0; i < 4; i++)
		buf_put_u32(b, (uint32_t)f->rect[i]);
	put_run(b, str_bytes(f->name));
	put_run(b, f->entries);
	put_ref(b, f->widget);
	put_run(b, f->widget_entries);
	put_ref(b, f->appearance);
	put_run(b, f->appearance_entries);
	put_run(b, f->appearance_data);
}

err_t
plan_write(const struct plan *p, struct buf *b)
{
	TRY(plan_check(p));
	buf_put_str(b, STR("plan"));
	buf_put_byte(b, PLAN_VERSION);
	buf_put_byte(b, (uint8_t)p->xref);
	buf_put_u32(b, p->shift);
	buf_put_u64(b, p->length);
	buf_put_u64(b, p->startxref);
	buf_put_u32(b, p->next);
	put_ref(b, p->root);
	put_ref(b, p->info);
	put_run(b, p->id[0]);
	put_run(b, p->id[1]);
	put_run(b, p->trailer);
	put_ref(b, p->dss);
	put_run(b, p->dss_entries);
	put_run(b, p->dss_certs);
	put_run(b, p->dss_ocsps);
	put_run(b, p->dss_crls);
	buf_put_u16(b, (uint16_t)p->fields_n);
	for (size_t i = 0; i < p->fields_n; i++)
		put_field(b, &p->fields[i]);
	return buf_check(b);
}

/* ---- reading: a cursor whose error sticks ---- */

struct cursor {
	struct bytes in;
	size_t at;
	bool bad;
};

static struct bytes
take(struct cursor *c, size_t n)
{
	if (c->bad || n > c->in.n - c->at) {
		c->bad = true;
		return (struct bytes){NULL, 0};
	}
	struct bytes run = {c->in.p + c->at, n};
	c->at += n;
	return run;
}

static uint64_t
take_number(struct cursor *c, size_t n)
{
	struct bytes run = take(c, n);
	uint64_t v = 0;
	for (size_t i = 0; i < run.n; i++)
		v = v << 8 | run.p[i];
	return v;
}

static struct literal_ref
take_ref(struct cursor *c)
{
	uint32_t number = (uint32_t)take_number(c, 4);
	return (struct literal_ref){number, (uint16_t)take_number(c, 2)};
}

static struct bytes
take_run(struct cursor *c)
{
	return take(c, (size_t)take_number(c, 4));
}

static void
take_field(struct cursor *c, struct plan_field *f)
{
	f->kind = (enum plan_kind)take_number(c, 1);
	f->signer = (uint16_t)take_number(c, 2);
	f->object = take_ref(c);
	f->page = take_ref(c);
	f->page_number = (uint32_t)take_number(c, 4);
	for (size_t i = 0; i < 4; i++)
		f->rect[i] = (int32_t)(uint32_t)take_number(c, 4);
	struct bytes name = take_run(c);
	c->bad = c->bad || err_is(str_check(name, &f->name));
	f->entries = take_run(c);
	f->widget = take_ref(c);
	f->widget_entries = take_run(c);
	f->appearance = take_ref(c);
	f->appearance_entries = take_run(c);
	f->appearance_data = take_run(c);
}

static void
take_plan(struct cursor *c, struct plan *p)
{
	p->xref = (enum plan_xref)take_number(c, 1);
	p->shift = (uint32_t)take_number(c, 4);
	p->length = take_number(c, 8);
	p->startxref = take_number(c, 8);
	p->next = (uint32_t)take_number(c, 4);
	p->root = take_ref(c);
	p->info = take_ref(c);
	p->id[0] = take_run(c);
	p->id[1] = take_run(c);
	p->trailer = take_run(c);
	p->dss = take_ref(c);
	p->dss_entries = take_run(c);
	p->dss_certs = take_run(c);
	p->dss_ocsps = take_run(c);
	p->dss_crls = take_run(c);
	p->fields_n = (size_t)take_number(c, 2);
	for (size_t i = 0; i < p->fields_n && i < PLAN_FIELDS_MAX; i++)
		take_field(c, &p->fields[i]);
}

err_t
plan_read(struct bytes octets, struct plan *ret_plan)
{
	struct cursor c = {.in = octets};
	if (!bytes_eq(take(&c, 4), str_bytes(STR("plan"))) || take_number(&c, 1) != PLAN_VERSION)
		return err_make(ERR_PDF_PLAN, "not a plan of version %d", PLAN_VERSION);
	struct plan p = {0};
	take_plan(&c, &p);
	if (c.bad || c.at != octets.n)
		return err_make(ERR_PDF_PLAN, "the plan is cut off, or something follows it");
	TRY(plan_check(&p));
	*ret_plan = p;
	return OK;
}

/* ---- questions ---- */

err_t
plan_find(const struct plan *p, enum plan_kind kind, uint16_t signer, size_t *ret_field)
{
	for (size_t i = 0; i < p->fields_n; i++)
		if (p->fields[i].kind == kind && p->fields[i].signer == signer) {
			*ret_field = i;
			return OK;
		}
	return err_make(ERR_PDF_PLAN, "signer %u has no %s field", signer, kind == PLAN_STAMP ? "time-stamp" : "signature");
}

void
plan_mac(struct bytes key, const uint8_t revision0_sha256[DIGEST_SHA256_LEN],
    const uint8_t plan_sha256[DIGEST_SHA256_LEN], uint8_t ret_mac[PLAN_MAC_LEN])
{
	static const char label[] = "paraph plan"; /* its zero octet too */
	uint8_t all[sizeof label + 2 * DIGEST_SHA256_LEN];
	memcpy(all, label, sizeof label);
	memcpy(all + sizeof label, revision0_sha256, DIGEST_SHA256_LEN);
	memcpy(all + sizeof label + DIGEST_SHA256_LEN, plan_sha256, DIGEST_SHA256_LEN);
	digest_hmac_sha256(key, BYTES_OF(all), ret_mac);
}

void
plan_appearance(const struct plan *p, size_t field, uint8_t ret_digest[DIGEST_SHA256_LEN])
{
	const struct plan_field *f = &p->fields[field];
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, f->appearance_entries);
	digest_add(d, bytes("", 1));
	digest_add(d, f->appearance_data);
	digest_peek(d, ret_digest);
}
