#include "keys/answers.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/rand.h"
#include "keys/proven.h"
#include "keys/self_test.h"
#include "os/clock.h"
#include "pki/lint.h"
#include "pki/path.h"

enum { OCSP_TBS_MAX = 8192, ACCURACY_MS = 500, SINGLE_PRINT = 1 + RECORD_HASH };

/* ---- OCSP ---- */

static err_t
issuer_get(struct desk *d, struct certificate *ret_issuer)
{
	struct keystore_chain chain;
	TRY(keystore_chain_get(d->keystore, KEYSTORE_OCSP, &chain));
	if (chain.n < 2)
		return err_make(ERR_KEY_MISSING, "the issuing CA's certificate is not stored with the OCSP signer's");
	return certificate_read(chain.certificate[1], ret_issuer);
}

static err_t
responder_get(struct desk *d, const paraph_OcspSign *m, const struct certificate *issuer, int64_t now,
    struct certificate *ret_responder)
{
	struct keystore_public own;
	uint8_t sha256[RECORD_HASH];
	TRY(certificate_read(bytes(m->certificate.bytes, m->certificate.size), ret_responder));
	TRY(keystore_public(d->keystore, KEYSTORE_OCSP, &own));
	if (!bytes_eq(ret_responder->spki, bytes(own.spki, own.spki_n)))
		return err_make(ERR_INPUT, "the OCSP signer's certificate is for another key");
	if (now < ret_responder->not_before_at || now > ret_responder->not_after_at)
		return err_make(ERR_KEY_MISSING, "the OCSP signer's certificate is not valid now");
	digest_sha256(ret_responder->der, sha256);
	if (proven_has(d->proven, sha256))
		return OK;
	if (!certificate_has_purpose(ret_responder, OID_KP_OCSP_SIGNING) || !ret_responder->ocsp_nocheck)
		return err_make(ERR_INPUT, "the certificate is not one of an OCSP signer");
	TRY(path_check_step(ret_responder, issuer, 0, now));
	proven_add(d->proven, sha256);
	return OK;
}

static err_t
single_make(const paraph_OcspSingle *m, struct ocsp_single *ret_single)
{
	static const enum ocsp_state states[] = {[paraph_OcspStatus_OCSP_GOOD] = OCSP_STATE_GOOD,
	    [paraph_OcspStatus_OCSP_REVOKED] = OCSP_STATE_REVOKED, [paraph_OcspStatus_OCSP_UNKNOWN] = OCSP_STATE_UNKNOWN};
	struct ocsp_id id;
	if (m->status > paraph_OcspStatus_OCSP_UNKNOWN)
		return err_make(ERR_INPUT, "no such state");
	TRY(ocsp_id_read(bytes(m->cert_id.bytes, m->cert_id.size), &id));
	*ret_single = (struct ocsp_single){.id = bytes(m->cert_id.bytes, m->cert_id.size),
	    .state = states[m->status],
	    .revoked_at = time_floor(m->revoked_at),
	    .reason = m->reason,
	    .this_update_at = time_floor(m->this_update),
	    .next_update_at = time_floor(m->next_update),
	    .archive_cutoff_at = time_floor(m->archive_cutoff),
	    .certificate_hash = bytes(m->certificate_sha256.bytes, m->certificate_sha256.size)};
	return OK;
}

static err_t
ocsp_record(struct desk *d, const struct ocsp_facts *f, struct bytes tbs)
{
	AUTO_BUF(singles, OCSP_SINGLES_MAX * SINGLE_PRINT);
	struct record_ocsp_sign r = {0};
	for (size_t i = 0; i < f->n; i++) {
		uint8_t id[RECORD_HASH];
		digest_sha256(f->singles[i].id, id);
		buf_put_byte(&singles, (uint8_t)f->singles[i].state);
		buf_put(&singles, BYTES_OF(id));
	}
	r.singles = buf_bytes(&singles);
	digest_sha256(tbs, r.tbs_sha256);
	TRY(desk_record(d, RECORD_OCSP_SIGN, f->produced_at, &r));
	FAULT_POINT("keys.ocsp.record");
	return OK;
}

static err_t
ocsp_sign(struct desk *d, const struct ocsp_facts *f, const struct certificate *responder,
    const struct certificate *issuer, paraph_OcspSigned *ret_signed)
{
	ENCODE_ROOM(room, OCSP_TBS_MAX);
	ENCODE_ROOM(out, OCSP_RESPONSE_MAX);
	uint8_t signature[ECDSA_SIGNATURE_MAX];
	struct bytes tbs, der;
	size_t n;
	struct encode w = encode_init(room, sizeof room);
	TRY(ocsp_tbs(&w, f));
	TRY(encode_done(&w, &tbs));
	TRY(lint_ocsp(tbs, responder, issuer, clock_now()));
	TRY(ocsp_record(d, f, tbs));
	TRY(desk_sign(d, KEYSTORE_OCSP, tbs, signature, &n));
	struct encode answer = encode_init(out, sizeof out);
	TRY(ocsp_join(&answer, tbs, ALGORITHM_ECDSA_P256, bytes(signature, n), responder->der));
	TRY(encode_done(&answer, &der));
	ret_signed->response.size = (pb_size_t)der.n;
	memcpy(ret_signed->response.bytes, der.p, der.n);
	FAULT_POINT("keys.ocsp.answer");
	return OK;
}

err_t
answers_ocsp(struct desk *d, const paraph_OcspSign *m, paraph_StatusKeys *ret_answer)
{
	struct ocsp_single singles[OCSP_SINGLES_MAX];
	struct certificate issuer, responder;
	int64_t now = clock_now();
	if (m->singles_count == 0 || m->singles_count > OCSP_SINGLES_MAX)
		return err_make(ERR_INPUT, "an answer about nothing");
	TRY(issuer_get(d, &issuer));
	TRY(responder_get(d, m, &issuer, now, &responder));
	for (size_t i = 0; i < m->singles_count; i++)
		TRY(single_make(&m->singles[i], &singles[i]));
	struct ocsp_facts facts = {.produced_at = time_floor(now), .singles = singles, .n = m->singles_count,
	    .nonce = bytes(m->nonce.bytes, m->nonce.size)};
	TRY(algorithm_key_id(responder.spki, facts.responder_key_id));
	ret_answer->which_body = paraph_StatusKeys_ocsp_signed_tag;
	return ocsp_sign(d, &facts, &responder, &issuer, &ret_answer->body.ocsp_signed);
}

/* ---- time-stamps ---- */

/* A clock that cannot be relied on stops time-stamping; a demo warns (doctor says so too) and goes on. The time of a token is off
 * by the clock's own error, and by what the clock stands behind the mark. [EN 319 421 TIS-7.7.1-07] */
static err_t
clock_check(const struct desk *d)
{
	static _Atomic bool warned;
	struct clock_state c = clock_state();
	int64_t most = d->instance.clock_stop_ms * 1000, off = c.max_error_us + c.behind_mark_us;
	if (c.synchronised && off <= most)
		return OK;
	if (d->instance.kind != INSTANCE_DEMO)
		return err_make(ERR_CLOCK, "the clock is %s, and may be %lld us off", c.synchronised ? "synchronised" : "not synchronised",
		    (long long)off);
	if (!warned) {
		warned = true;
		log_event(LOG_WARNING, "clock", "detail", "the clock is not reliable: nothing but a demo would time-stamp now", NULL);
	}
	return OK;
}

static err_t
stamp_facts(struct desk *d, const paraph_TspSign *m, struct oid *policy, struct tsp_facts *ret_facts)
{
	enum digest_kind kind = m->hash == 256 ? DIGEST_SHA256 : m->hash == 384 ? DIGEST_SHA384 : DIGEST_SHA512;
	if ((m->hash != 256 && m->hash != 384 && m->hash != 512) || m->imprint.size != digest_len(kind))
		return err_make(ERR_INPUT, "the imprint is not a digest that is stamped here");
	TRY(profile_policy_oid(&d->facts, PROFILE_POLICY_STAMP, policy));
	*ret_facts = (struct tsp_facts){.policy = oid_bytes(policy),
	    .kind = kind,
	    .imprint = bytes(m->imprint.bytes, m->imprint.size),
	    .gen_at = clock_now(),
	    .accuracy_ms = ACCURACY_MS,
	    .nonce = bytes(m->nonce.bytes, m->nonce.size),
	    .imprint_bare = m->imprint_bare};
	rand_serial(ret_facts->serial);
	return OK;
}

static err_t
unit_get(struct desk *d, int64_t now, struct certificate *ret_unit)
{
	TRY(desk_certificate(d, KEYSTORE_TSU, ret_unit));
	/* [EN 319 421 TIS-7.7.1-09] */
	if (now > ret_unit->not_after_at || (ret_unit->key_not_after_at != 0 && now > ret_unit->key_not_after_at))
		return err_make(ERR_KEY_MISSING, "the time-stamp unit's key is past its end");
	return OK;
}

static err_t
stamp_record(struct desk *d, const struct tsp_facts *f, struct bytes info)
{
	struct record_stamp_sign r = {.gen_at = (uint64_t)f->gen_at, .imprint = f->imprint};
	memcpy(r.serial, f->serial, sizeof r.serial);
	digest_sha256(info, r.info_sha256);
	TRY(desk_record(d, RECORD_STAMP_SIGN, f->gen_at, &r));
	FAULT_POINT("keys.stamp.record");
	return OK;
}

static err_t
stamp_sign(struct desk *d, const struct tsp_facts *f, const struct certificate *unit, bool with_certificate,
    paraph_TspSigned *ret_signed)
{
	ENCODE_ROOM(info_room, TSP_INFO_MAX);
	ENCODE_ROOM(attributes_room, TSP_ATTRIBUTES_MAX);
	ENCODE_ROOM(token_room, TSP_TOKEN_MAX);
	ENCODE_ROOM(response_room, TSP_TOKEN_MAX + 64);
	uint8_t signature[ECDSA_SIGNATURE_MAX];
	struct bytes info, attributes, token, response;
	size_t n;
	struct encode w = encode_init(info_room, sizeof info_room);
	TRY(tsp_info(&w, f));
	TRY(encode_done(&w, &info));
	TRY(lint_tst(info, unit, &d->facts, clock_now()));
	TRY(stamp_record(d, f, info));
	w = encode_init(attributes_room, sizeof attributes_room);
	TRY(tsp_attributes(&w, info, ALGORITHM_ECDSA_P256, unit->der));
	TRY(encode_done(&w, &attributes));
	TRY(desk_sign(d, KEYSTORE_TSU, attributes, signature, &n));
	w = encode_init(token_room, sizeof token_room);
	TRY(tsp_token(&w, info, attributes, ALGORITHM_ECDSA_P256, bytes(signature, n), unit, &unit->der,
	    with_certificate ? 1 : 0));
	TRY(encode_done(&w, &token));
	w = encode_init(response_room, sizeof response_room);
	TRY(tsp_response(&w, token));
	TRY(encode_done(&w, &response));
	ret_signed->token.size = (pb_size_t)token.n;
	memcpy(ret_signed->token.bytes, token.p, token.n);
	ret_signed->response.size = (pb_size_t)response.n;
	memcpy(ret_signed->response.bytes, response.p, response.n);
	FAULT_POINT("keys.stamp.answer");
	return OK;
}

err_t
answers_stamp(struct desk *d, const paraph_TspSign *m, paraph_StatusKeys *ret_answer)
{
	struct certificate unit;
	struct tsp_facts facts;
	struct oid policy;
	TRY(clock_check(d));
	TRY(stamp_facts(d, m, &policy, &facts));
	TRY(unit_get(d, facts.gen_at, &unit));
	ret_answer->which_body = paraph_StatusKeys_tsp_signed_tag;
	return stamp_sign(d, &facts, &unit, m->cert_req, &ret_answer->body.tsp_signed);
}

err_t
answers_health(struct desk *d)
{
	struct certificate unit, issuer;
	TRY(clock_check(d));
	TRY(unit_get(d, clock_now(), &unit));
	TRY(issuer_get(d, &issuer));
	return self_test_run(d);
}

err_t
answers_journal_root(struct desk *d, paraph_StatusKeys *ret_answer)
{
	paraph_StatusJournalRoot *a = &ret_answer->body.journal_root;
	a->root.size = RECORD_HASH;
	journal_root(d->journal, &a->size, a->root.bytes);
	ret_answer->which_body = paraph_StatusKeys_journal_root_tag;
	return OK;
}
