#include "document/check.h"

#include "ades/cms.h"
#include "ades/cms_verify.h"
#include "ades/pades.h"
#include "base/limits.h"
#include "base/time.h"
#include "document/check_fill.h"
#include "pki/tsp.h"

enum { CHECK_MEMORY = 64 * 1024 * 1024 };

/* One of our signatures: three increments. */
struct triple {
	struct check_fill signature, stamp;
	size_t signature_to, stamp_to; /* where their increments end */
	uint8_t signed_sha256[DIGEST_SHA256_LEN], stamped_sha256[DIGEST_SHA256_LEN];
};

struct check {
	struct bytes file;
	const struct check_facts *facts;
	struct arena *arena;
	struct plan *plan;
	size_t n;
	struct triple triples[LIMIT_SIGNERS];
	struct check_fill_evidence streams;
	struct evidence evidence;
	struct check_result result;
};

static err_t
wrong(const char *what)
{
	return err_make(ERR_FINAL_CHECK, "%s", what);
}

/* ---- revision 0 and the increments ---- */

static err_t
check_base(struct check *c)
{
	const struct check_facts *f = c->facts;
	uint64_t startxref;
	if (c->file.n != f->result_length)
		return wrong("the file has another length than it should");
	if (c->plan->length != f->revision0_length || f->revision0_length >= c->file.n)
		return wrong("the plan is not the one of this revision 0");
	TRY(pdffile_end(bytes_sub(c->file, 0, (size_t)f->revision0_length), (size_t)f->revision0_length, &startxref));
	if (startxref != c->plan->startxref)
		return wrong("revision 0 ends with another startxref than the plan says");
	return OK;
}

/* A field is filled once. */
static err_t
check_once(const struct check *c, size_t field)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->triples[i].signature.field == field || c->triples[i].stamp.field == field)
			return wrong("a field is filled twice");
	return OK;
}

/* The place in the chain of increments. */
struct place {
	size_t at;
	uint64_t startxref;
	uint32_t next;
};

static err_t
next_increment(struct check *c, struct place *place, uint32_t *ret_next, struct check_increment **ret)
{
	*ret_next = place->next;
	TRY(check_increment_read(c->file, place->at, c->plan, place->startxref, place->next, c->arena, ret));
	*place = (struct place){(*ret)->to, (*ret)->startxref, (*ret)->next};
	return OK;
}

static err_t
read_triple(struct check *c, struct place *place, struct triple *t)
{
	struct check_increment *inc;
	uint32_t next;
	TRY(next_increment(c, place, &next, &inc));
	TRY(check_fill_field(inc, c->plan, PLAN_SIGNATURE, next, c->arena, &t->signature));
	TRY(check_once(c, t->signature.field));
	t->signature_to = inc->to;
	TRY(next_increment(c, place, &next, &inc));
	/* Only what the newest /DSS lists counts. */
	c->evidence = (struct evidence){.anchors = c->facts->trusted, .anchors_n = c->facts->trusted_n};
	TRY(check_fill_dss(inc, c->plan, next, c->arena, &c->streams, &c->evidence));
	TRY(next_increment(c, place, &next, &inc));
	TRY(check_fill_field(inc, c->plan, PLAN_STAMP, next, c->arena, &t->stamp));
	TRY(check_once(c, t->stamp.field));
	t->stamp_to = inc->to;
	return OK;
}

static err_t
read_triples(struct check *c)
{
	struct place place = {(size_t)c->facts->revision0_length, c->plan->startxref, c->plan->next};
	bool base = false;
	while (place.at < c->file.n) {
		if (c->n == LIMIT_SIGNERS)
			return wrong("more signatures than a document may have");
		bool newest = place.at == c->facts->base_length;
		base = base || newest;
		TRY(read_triple(c, &place, &c->triples[c->n]));
		c->n++;
		if (newest && place.at != c->file.n)
			return wrong("something follows the newest signature");
	}
	if (!base)
		return wrong("the newest signature does not start where it should");
	const struct triple *t = &c->triples[c->n - 1];
	if (t->signature.field != c->facts->field || t->stamp.field != c->facts->stamp_field)
		return wrong("another field was filled than the signer's");
	return OK;
}

/* ---- digests: one pass over the file for all of them ---- */

/* What a signature covers: the digest so far, a copy of which skips the hole. */
static void
cover(const struct check *c, struct digest *d, size_t *at, const struct check_fill *fill, size_t to, uint8_t *ret)
{
	digest_add(d, bytes_sub(c->file, *at, fill->hole_from));
	struct digest *copy = digest_clone(d);
	digest_add(copy, bytes_sub(c->file, fill->hole_to, to));
	digest_peek(copy, ret);
	digest_free(copy);
	*at = fill->hole_from;
}

static err_t
check_digests(struct check *c)
{
	uint8_t digest[DIGEST_SHA256_LEN];
	size_t at = (size_t)c->facts->revision0_length;
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, bytes_sub(c->file, 0, at));
	digest_peek(d, digest);
	if (!bytes_eq(BYTES_OF(digest), c->facts->revision0_sha256))
		return wrong("revision 0 is not what the signer consented to");
	for (size_t i = 0; i < c->n; i++) {
		struct triple *t = &c->triples[i];
		cover(c, d, &at, &t->signature, t->signature_to, t->signed_sha256);
		cover(c, d, &at, &t->stamp, t->stamp_to, t->stamped_sha256);
	}
	digest_add(d, bytes_sub(c->file, at, c->file.n));
	digest_peek(d, digest);
	if (!bytes_eq(BYTES_OF(digest), c->facts->result_sha256))
		return wrong("the file has another digest than it should");
	return OK;
}

/* ---- signatures ---- */

/* The signed attributes are exactly those that a PAdES baseline signature has: made again, they are the same octets. */
static err_t
check_attributes(const struct cms *cms, struct bytes digest, struct bytes certificate)
{
	uint8_t room[CMS_ATTRIBUTES_MAX];
	struct bytes wanted;
	const struct cms_attributes a = {.document_sha256 = digest, .certificate = certificate};
	TRY(cms_signed_attributes(&a, room, sizeof room, &wanted));
	struct decode d = decode_init(wanted);
	if (!cms->has_attributes || !bytes_eq(decode_tlv(&d, DER_SET), cms->attributes))
		return wrong("the signed attributes are not exactly content-type, message-digest and signing-certificate-v2");
	return OK;
}

/* The token over a signature value or a revision, and its unit's chain. */
static err_t
check_token(const struct check *c, struct bytes token, const uint8_t digest[DIGEST_SHA256_LEN], struct tsp_token *ret_token,
    struct path *ret_unit)
{
	struct certificate unit;
	TRY(tsp_token_read(token, ret_token));
	TRY(tsp_token_unit(ret_token, &unit));
	TRY(tsp_token_check(ret_token, bytes(digest, DIGEST_SHA256_LEN), &unit));
	if (ret_token->gen_at > c->facts->now + TIME_SECOND)
		return wrong("a time-stamp is from the future");
	return path_build(unit.der, c->evidence.certificates, c->evidence.certificates_n, c->facts->trusted,
	    c->facts->trusted_n, PATH_TIME_STAMPING, ret_token->gen_at, ret_unit);
}

struct proof {
	struct cms cms;
	struct tsp_token token, archive;
	struct path chain, unit, archive_unit;
};

/* Cryptography, chain and both time-stamps of one of our signatures. */
static err_t
check_triple(const struct check *c, const struct triple *t, struct proof *p)
{
	struct cms_verdict verdict;
	uint8_t value[DIGEST_SHA256_LEN];
	struct bytes digest = bytes(t->signed_sha256, DIGEST_SHA256_LEN);
	TRY(cms_read(t->signature.der, &p->cms));
	if (p->cms.has_content || p->cms.digest != DIGEST_SHA256 || !bytes_eq(p->cms.content_type, OID_CMS_DATA))
		return wrong("the signature is not detached over data with SHA-256");
	TRY(cms_verify(&p->cms, digest, &verdict));
	TRY(check_attributes(&p->cms, digest, verdict.signer.der));
	if (p->cms.time_stamp.n == 0)
		return wrong("the signature has no time-stamp");
	digest_sha256(p->cms.signature, value);
	TRY(check_token(c, p->cms.time_stamp, value, &p->token, &p->unit));
	TRY(check_token(c, t->stamp.der, t->stamped_sha256, &p->archive, &p->archive_unit));
	if (p->archive.gen_at < p->token.gen_at)
		return wrong("the document time-stamp is older than the signature's");
	/* The chain is inside the signature itself; only the root may come from us. */
	return path_build(verdict.signer.der, p->cms.certificates, p->cms.certificates_n, c->facts->trusted,
	    c->facts->trusted_n, PATH_SIGNER, p->token.gen_at, &p->chain);
}

/* ---- the newest one ---- */

static err_t
check_certificate(const struct check *c, const struct triple *t, const struct proof *p)
{
	const struct certificate *signer = &p->chain.chain[0];
	const struct pdflex_value *m = pdflex_get(t->signature.value, "M");
	int64_t claimed;
	if (!bytes_eq(signer->der, c->facts->certificate))
		return wrong("the signature is not of the certificate that was issued for it");
	if (p->token.gen_at < signer->not_before_at || p->token.gen_at > signer->not_after_at)
		return wrong("the time-stamp is not within the validity of the certificate");
	if (m->kind != PDFLEX_STRING || err_is(pades_date(m->text, &claimed)) || claimed < signer->not_before_at
	    || claimed > signer->not_after_at)
		return wrong("/M is not within the validity of the certificate");
	return OK;
}

static err_t
check_listed(const struct check *c, const struct path *path, size_t from)
{
	for (size_t i = from; i < path->n; i++) {
		size_t j = 0;
		while (j < c->evidence.certificates_n && !bytes_eq(c->evidence.certificates[j], path->chain[i].der))
			j++;
		if (j == c->evidence.certificates_n)
			return wrong("/DSS lacks a certificate of a chain");
	}
	return OK;
}

/* good, said after publication, by OCSP. */
static err_t
check_signer_status(const struct check *c, const struct proof *p)
{
	struct evidence_status s;
	evidence_status(&c->evidence, &p->chain.chain[0], &p->chain.chain[1], p->token.gen_at, &s);
	if (s.state == EVIDENCE_REVOKED)
		return wrong("the certificate is revoked");
	if (s.state != EVIDENCE_GOOD || !s.by_ocsp)
		return wrong("/DSS has no OCSP answer for the certificate");
	if (s.as_of < time_floor(c->facts->published_at) || s.as_of > c->facts->now + TIME_SECOND)
		return wrong("the OCSP answer is not from after the publication");
	return OK;
}

/* Every other certificate below the root. */
static err_t
check_chain_status(const struct check *c, const struct path *path, size_t from)
{
	for (size_t i = from; i + 1 < path->n; i++) {
		struct evidence_status s;
		evidence_status(&c->evidence, &path->chain[i], &path->chain[i + 1], c->facts->now, &s);
		if (s.state == EVIDENCE_REVOKED)
			return wrong("a certificate of a chain is revoked");
		if (s.state != EVIDENCE_GOOD)
			return wrong("/DSS lacks the status of a certificate of a chain");
	}
	return OK;
}

static err_t
check_newest(struct check *c, const struct triple *t, const struct proof *p)
{
	TRY(check_certificate(c, t, p));
	TRY(check_listed(c, &p->chain, 1)); /* the signer's own is in the signature, or there would be no chain */
	TRY(check_listed(c, &p->unit, 0));
	TRY(check_listed(c, &p->archive_unit, 0));
	TRY(check_signer_status(c, p));
	TRY(check_chain_status(c, &p->chain, 1));
	TRY(check_chain_status(c, &p->unit, 0));
	if (!bytes_eq(p->unit.chain[0].der, p->archive_unit.chain[0].der))
		TRY(check_chain_status(c, &p->archive_unit, 0));
	digest_sha256(p->cms.time_stamp, c->result.stamp_sha256);
	c->result.stamped_at = p->token.gen_at;
	c->result.archived_at = p->archive.gen_at;
	c->result.signatures = c->n;
	return OK;
}

static err_t
check_all(struct check *c, struct bytes plan)
{
	struct proof *proof;
	void *p;
	TRY(arena_get(c->arena, sizeof *c->plan, &p));
	c->plan = p;
	TRY(arena_get(c->arena, sizeof *proof, &p));
	proof = p;
	TRY(plan_read(plan, c->plan));
	TRY(check_base(c));
	TRY(read_triples(c));
	TRY(check_digests(c));
	for (size_t i = 0; i < c->n; i++) {
		*proof = (struct proof){0};
		TRY(check_triple(c, &c->triples[i], proof));
	}
	return check_newest(c, &c->triples[c->n - 1], proof);
}

err_t
check_file(struct bytes file, struct bytes plan, const struct check_facts *facts, struct check_result *ret_result)
{
	AUTO_ARENA(arena, CHECK_MEMORY);
	void *p;
	TRY(arena_get(arena, sizeof(struct check), &p));
	struct check *c = p;
	c->file = file;
	c->facts = facts;
	c->arena = arena;
	TRY(check_all(c, plan));
	*ret_result = c->result;
	return OK;
}
