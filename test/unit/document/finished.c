#include "finished.h"

#include "ades/cms.h"
#include "base/time.h"
#include "pki/crl.h"
#include "pki/ocsp.h"
#include "pki/tsp.h"

/* ---- the document to start from ---- */

static void
put_section(struct buf *b, char flavour, const size_t *offsets, size_t n)
{
	size_t at = b->n;
	if (flavour == 'c') {
		buf_printf(b, "xref\n0 %zu\n0000000000 65535 f\r\n", n + 1);
		for (size_t i = 0; i < n; i++)
			buf_printf(b, "%010zu 00000 n\r\n", offsets[i]);
		buf_printf(b, "trailer\n<</Size %zu /Root 1 0 R /Info 5 0 R /ID [<0011> <2233>] /DocChecksum /0A>>\n", n + 1);
	} else {
		buf_printf(b, "%zu 0 obj\n<</Type /XRef /Size %zu /W [1 4 1] /Root 1 0 R /Info 5 0 R /ID [<0011> <2233>] /Length %zu>>\nstream\n",
		    n + 1, n + 2, (n + 2) * 6);
		buf_put(b, bytes("\0\0\0\0\0\xff", 6));
		for (size_t i = 0; i <= n; i++) {
			buf_put_byte(b, 1);
			buf_put_u32(b, (uint32_t)(i < n ? offsets[i] : at));
			buf_put_byte(b, 0);
		}
		buf_put_str(b, STR("\nendstream\nendobj\n"));
	}
	buf_printf(b, "startxref\n%zu\n%%%%EOF\n", at);
}

void
finished_base(char flavour, struct buf *b)
{
	static const char *const objects[] = {
	    "<</Type /Catalog /Pages 2 0 R>>",
	    "<</Type /Pages /Kids [3 0 R] /Count 1>>",
	    "<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <</Font <</F1 6 0 R>>>>>>",
	    "<</Length 46>>\nstream\nBT /F1 24 Tf 72 720 Td (A test contract) Tj ET\nendstream",
	    "<</Title (A test contract)>>",
	    "<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
	};
	enum { N = sizeof objects / sizeof objects[0] };
	size_t offsets[N];
	buf_put_str(b, STR("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"));
	for (size_t i = 0; i < N; i++) {
		offsets[i] = b->n;
		buf_printf(b, "%zu 0 obj\n%s\nendobj\n", i + 1, objects[i]);
	}
	put_section(b, flavour, offsets, N);
}

/* ---- ingredients ---- */

/* A stamp at a time of our choice, by a unit of our choice. */
static struct bytes
stamp(const struct world_party *unit, struct bytes imprint, int64_t at, uint8_t *room, size_t room_n)
{
	struct world *w = world_get();
	uint8_t info_room[TSP_INFO_MAX], attributes_room[TSP_ATTRIBUTES_MAX], signature[ALGORITHM_SIGNATURE_MAX];
	struct bytes info, attributes, token;
	struct oid policy;
	assert_ok(profile_policy_oid(&w->instance, PROFILE_POLICY_STAMP, &policy));
	struct tsp_facts f = {.policy = oid_bytes(&policy), .kind = DIGEST_SHA256, .imprint = imprint, .gen_at = at,
	    .accuracy_ms = 500};
	world_serial(f.serial);
	struct encode e = encode_init(info_room, sizeof info_room);
	assert_ok(tsp_info(&e, &f));
	assert_ok(encode_done(&e, &info));
	e = encode_init(attributes_room, sizeof attributes_room);
	assert_ok(tsp_attributes(&e, info, unit->algorithm, unit->der));
	assert_ok(encode_done(&e, &attributes));
	size_t n = world_sign(unit, attributes, signature);
	e = encode_init(room, room_n);
	assert_ok(tsp_token(&e, info, attributes, unit->algorithm, bytes(signature, n), &unit->c, &unit->der, 1));
	assert_ok(encode_done(&e, &token));
	return token;
}

/* A certificate of the world's making, for what must look right and be another one. */
static void
sibling(struct world_party *p, const struct world_party *like, const struct world_party *issuer)
{
	static uint8_t tbs_room[CERTIFICATE_OCTETS_MAX];
	*p = (struct world_party){.profile = like->profile};
	world_key(p, like->algorithm);
	struct certificate_facts facts = like->facts;
	facts.spki = p->spki;
	facts.issuer = issuer != NULL ? issuer->c.subject : bytes(NULL, 0);
	facts.issuer_key_id = issuer != NULL ? issuer->c.subject_key_id : bytes(NULL, 0);
	world_serial(facts.serial);
	struct encode e = encode_init(tbs_room, sizeof tbs_room);
	assert_ok(certificate_tbs(&e, &p->profile, &world_get()->instance, &facts));
	assert_ok(encode_done(&e, &p->tbs));
	p->der = world_join(issuer != NULL ? issuer : p, p->tbs, p->room, sizeof p->room);
	assert_ok(certificate_read(p->der, &p->c));
}

/* A unit whose name and profile are right but whose root is another one. */
static struct world_party *
foreign_unit(void)
{
	static struct world_party root, unit;
	if (unit.key == NULL) {
		sibling(&root, &world_get()->root, NULL);
		sibling(&unit, &world_get()->tsu, &root);
	}
	return &unit;
}

/* Each signer has a certificate of its own. */
static struct world_party *
signer_of(size_t i)
{
	static struct world_party others[LIMIT_SIGNERS];
	if (i == 0)
		return &world_get()->signer;
	if (others[i].key == NULL)
		sibling(&others[i], &world_get()->signer, &world_get()->issuing);
	return &others[i];
}

static struct bytes
answer(const struct world_party *signer, enum finished_spoil spoil, uint8_t *room, size_t room_n)
{
	struct world *w = world_get();
	uint8_t id_room[OCSP_ID_MAX], tbs_room[2048], hash[32];
	struct bytes id, tbs, der;
	const struct world_party *by = spoil == SPOIL_OCSP_RESPONDER ? &w->tsu : &w->ocsp;
	struct encode e = encode_init(id_room, sizeof id_room);
	assert_ok(ocsp_id_write(&e, DIGEST_SHA1, w->issuing.c.subject, w->issuing.c.public_key,
	    spoil == SPOIL_OCSP_OTHER ? w->ocsp.c.serial : signer->c.serial));
	assert_ok(encode_done(&e, &id));
	int64_t at = time_floor(w->now);
	digest_sha256(signer->der, hash);
	struct ocsp_single s = {.id = id, .state = spoil == SPOIL_OCSP_REVOKED ? OCSP_STATE_REVOKED : OCSP_STATE_GOOD,
	    .revoked_at = at, .reason = CRL_SUPERSEDED, .this_update_at = at,
	    .next_update_at = ocsp_next_update(at, signer->c.not_after_at),
	    .archive_cutoff_at = w->issuing.c.not_before_at, .certificate_hash = BYTES_OF(hash)};
	struct ocsp_facts f = {.produced_at = at, .singles = &s, .n = 1};
	assert_ok(algorithm_key_id(by->spki, f.responder_key_id));
	e = encode_init(tbs_room, sizeof tbs_room);
	assert_ok(ocsp_tbs(&e, &f));
	assert_ok(encode_done(&e, &tbs));
	uint8_t signature[ALGORITHM_SIGNATURE_MAX];
	size_t n = world_sign(by, tbs, signature);
	e = encode_init(room, room_n);
	assert_ok(ocsp_join(&e, tbs, by->algorithm, bytes(signature, n), by->der));
	assert_ok(encode_done(&e, &der));
	return der;
}

static struct bytes
list(enum finished_spoil spoil, uint8_t *room, size_t room_n)
{
	struct world *w = world_get();
	uint8_t tbs_room[2048];
	struct crl_entry entry = {.revoked_at = time_floor(w->now), .reason = CRL_SUPERSEDED};
	memcpy(entry.serial, w->issuing.c.serial.p, sizeof entry.serial);
	struct bytes tbs = world_crl_tbs(&w->root, &entry, spoil == SPOIL_CRL_REVOKED, tbs_room, sizeof tbs_room);
	return world_join(spoil == SPOIL_CRL_SIGNATURE ? foreign_unit() : &w->root, tbs, room, room_n);
}

/* ---- one signature ---- */

struct maker {
	struct finished *f;
	struct plan plan;
	struct tip tip;
	enum finished_spoil spoil;
};

static void
append(struct maker *m, const struct buf *increment)
{
	m->f->from[m->f->increments++] = m->f->file.n;
	buf_put(&m->f->file, buf_bytes(increment));
	assert_ok(buf_check(&m->f->file));
}

static void
covered(const struct maker *m, const struct buf *increment, struct hole hole, uint8_t *ret)
{
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, buf_bytes(&m->f->file));
	hole_digest(buf_bytes(increment), hole, d);
	digest_peek(d, ret);
}

static struct bytes
token_of(const struct maker *m, const uint8_t *signature, size_t n, const struct world_party *signer, uint8_t *room,
    size_t room_n)
{
	struct world *w = world_get();
	uint8_t imprint[32];
	digest_sha256(bytes(signature, n), imprint);
	if (m->spoil == SPOIL_STAMP_IMPRINT)
		imprint[0] ^= 1;
	int64_t at = m->spoil == SPOIL_STAMP_LATE ? signer->c.not_after_at + TIME_SECOND : w->now + 1000;
	struct bytes token = stamp(m->spoil == SPOIL_STAMP_UNIT ? foreign_unit() : &w->tsu, BYTES_OF(imprint), at, room, room_n);
	if (m->spoil == SPOIL_STAMP_SIGNATURE)
		((uint8_t *)(uintptr_t)token.p)[token.n - 3] ^= 1;
	return token;
}

static void
put_signature(struct maker *m, size_t signer)
{
	struct world *w = world_get();
	const struct world_party *by = m->spoil == SPOIL_UNIT_SIGNS
	                                   ? &w->tsu
	                                   : signer_of(m->spoil == SPOIL_OTHER_SIGNER ? signer + 1 : signer);
	AUTO_BUF(out, LIMIT_INCREMENT);
	struct hole hole;
	size_t field;
	uint8_t digest[32], attributes_room[CMS_ATTRIBUTES_MAX], signature[ALGORITHM_SIGNATURE_MAX];
	uint8_t cms_room[LIMIT_SIGNATURE_HOLE], stamp_room[TSP_TOKEN_MAX];
	struct bytes attributes, cms;
	struct revision_words words = {.name = STR("Jane Doe"), .reason = m->spoil == SPOIL_REASON ? STR("I agree") : STR("")};
	assert_ok(plan_find(&m->plan, PLAN_SIGNATURE, (uint16_t)signer, &field));
	int64_t claimed = m->spoil == SPOIL_CLAIMED_TIME ? by->c.not_before_at - TIME_MINUTE : w->now;
	assert_ok(revision_signature(&m->plan, &m->tip, field, claimed, &words, 3500, &out, &hole, &m->tip));
	covered(m, &out, hole, digest);
	if (m->spoil == SPOIL_DIGEST)
		digest[0] ^= 1;
	struct cms_attributes a = {.document_sha256 = BYTES_OF(digest), .certificate = by->der,
	    .signing_at = m->spoil == SPOIL_SIGNING_TIME ? w->now : 0};
	assert_ok(cms_signed_attributes(&a, attributes_room, sizeof attributes_room, &attributes));
	size_t n = world_sign(by, attributes, signature);
	struct bytes chain[] = {by->der, w->issuing.der};
	struct cms_parts parts = {.attributes = attributes, .signature = bytes(signature, n), .certificates = chain,
	    .certificates_n = m->spoil == SPOIL_CHAIN_IN_CMS ? 1 : 2};
	if (m->spoil != SPOIL_NO_STAMP)
		parts.time_stamp = token_of(m, signature, n, by, stamp_room, sizeof stamp_room);
	assert_ok(cms_signed_data(&parts, cms_room, sizeof cms_room, &cms));
	assert_ok(hole_fill(&out, hole, cms));
	append(m, &out);
	m->f->facts.field = field;
}

static void
put_evidence(struct maker *m, size_t signer)
{
	struct world *w = world_get();
	AUTO_BUF(out, LIMIT_INCREMENT);
	uint8_t ocsp_room[OCSP_RESPONSE_MAX], crl_room_[8192];
	struct revision_item items[8];
	size_t n = 0;
	if (m->spoil != SPOIL_NO_ISSUING)
		items[n++] = (struct revision_item){TIP_CERTIFICATE, w->issuing.der};
	if (m->spoil != SPOIL_NO_UNIT)
		items[n++] = (struct revision_item){TIP_CERTIFICATE, w->tsu.der};
	if (m->spoil != SPOIL_NO_ROOT)
		items[n++] = (struct revision_item){TIP_CERTIFICATE, w->root.der};
	if (m->spoil != SPOIL_NO_OCSP)
		items[n++] = (struct revision_item){TIP_OCSP, answer(signer_of(signer), m->spoil, ocsp_room, sizeof ocsp_room)};
	if (m->spoil != SPOIL_NO_CRL)
		items[n++] = (struct revision_item){TIP_CRL, list(m->spoil, crl_room_, sizeof crl_room_)};
	assert_ok(revision_dss(&m->plan, &m->tip, items, n, &out, &m->tip));
	append(m, &out);
}

static void
put_archive(struct maker *m, size_t signer)
{
	struct world *w = world_get();
	AUTO_BUF(out, LIMIT_INCREMENT);
	struct hole hole;
	size_t field;
	uint8_t digest[32], room[TSP_TOKEN_MAX];
	assert_ok(plan_find(&m->plan, PLAN_STAMP, (uint16_t)signer, &field));
	assert_ok(revision_stamp(&m->plan, &m->tip, field, 2000, &out, &hole, &m->tip));
	covered(m, &out, hole, digest);
	if (m->spoil == SPOIL_ARCHIVE_IMPRINT)
		digest[0] ^= 1;
	int64_t at = m->spoil == SPOIL_ARCHIVE_OLDER ? w->now - TIME_SECOND
	             : m->spoil == SPOIL_STAMP_LATE  ? w->signer.c.not_after_at + 2 * TIME_SECOND
	                                             : w->now + 2000;
	assert_ok(hole_fill(&out, hole, stamp(&w->tsu, BYTES_OF(digest), at, room, sizeof room)));
	append(m, &out);
	m->f->facts.stamp_field = field;
}

static void
put_triple(struct maker *m, size_t signer)
{
	m->f->facts.base_length = m->f->file.n;
	if (m->spoil == SPOIL_ORDER) {
		put_evidence(m, signer);
		put_signature(m, signer);
	} else {
		put_signature(m, signer);
		if (m->spoil != SPOIL_EVIDENCE_LATE)
			put_evidence(m, signer);
	}
	if (m->spoil != SPOIL_ARCHIVE_MISSING)
		put_archive(m, signer);
	if (m->spoil == SPOIL_EVIDENCE_LATE || m->spoil == SPOIL_EVIDENCE_AGAIN)
		put_evidence(m, signer);
	m->f->facts.certificate = signer_of(signer)->der;
}

static void
prepare(struct maker *m, struct bytes base, const struct inspect_order *order)
{
	static struct typefaces *faces;
	struct finished *f = m->f;
	struct prepared prepared;
	AUTO_BUF(increment, LIMIT_INCREMENT);
	if (order->wishes[0].visible && faces == NULL)
		assert_ok(typeface_open_all(&faces));
	buf_put(&f->file, base);
	assert_ok(prepare_run(base, order, faces, &increment, &f->plan, &prepared));
	buf_put(&f->file, buf_bytes(&increment));
	assert_ok(plan_read(buf_bytes(&f->plan), &m->plan));
	tip_start(&m->plan, &m->tip);
	digest_sha256(buf_bytes(&f->file), f->revision0_sha256);
	f->facts.revision0_sha256 = BYTES_OF(f->revision0_sha256);
	f->facts.revision0_length = f->file.n;
}

void
finished_seal(struct finished *f)
{
	digest_sha256(buf_bytes(&f->file), f->result_sha256);
	f->facts.result_sha256 = BYTES_OF(f->result_sha256);
	f->facts.result_length = f->file.n;
}

void
finished_make(struct finished *f, char flavour, size_t signers, bool visible, enum finished_spoil spoil)
{
	AUTO_BUF(base, 1 << 20);
	struct inspect_order order = {.wishes_n = signers, .demo = true};
	for (size_t i = 0; i < signers; i++)
		order.wishes[i] = (struct inspect_wish){.signer_name = STR("Jane Doe"), .visible = visible, .page = 1, .x = 72,
		    .y = 100 + 60 * (double)i, .w = 180, .h = 50};
	finished_base(flavour, &base);
	finished_make_from(f, buf_bytes(&base), &order, spoil);
}

void
finished_make_from(struct finished *f, struct bytes base, const struct inspect_order *order, enum finished_spoil spoil)
{
	struct world *w = world_get();
	size_t signers = order->wishes_n;
	*f = (struct finished){.file = buf_init(1 << 24), .plan = buf_init(LIMIT_PLAN), .root = w->root.der, .signatures = signers};
	f->facts = (struct check_facts){.trusted = &f->root, .trusted_n = 1, .published_at = w->now,
	    .now = w->now + TIME_SECOND};
	struct maker *m = calloc(1, sizeof *m);
	assert_non_null(m);
	m->f = f;
	prepare(m, base, order);
	for (size_t i = 0; i < signers; i++) {
		m->spoil = i + 1 == signers ? spoil : SPOIL_NOTHING;
		put_triple(m, i);
	}
	free(m);
	finished_seal(f);
}

void
finished_done(struct finished *f)
{
	buf_done(&f->file);
	buf_done(&f->plan);
}
