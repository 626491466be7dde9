#include "pki/lint.h"
#include "base/time.h"

static const char *
check_single(const struct ocsp_response *r, size_t i, const struct certificate *issuer)
{
	const struct ocsp_single *s = &r->singles[i];
	if (!ocsp_id_matches(&r->ids[i], issuer->subject, issuer->public_key))
		return "a CertID of another issuer [RFC 6960 4.2.2.3]";
	if (s->this_update_at > r->produced_at)
		return "thisUpdate lies behind producedAt [RFC 6960 4.2.2.1]";
	if (s->next_update_at == 0 || s->next_update_at < s->this_update_at || s->next_update_at > r->produced_at + TIME_HOUR)
		return "nextUpdate is missing, over, or more than an hour ahead [profile P18]";
	if (s->state == OCSP_STATE_REVOKED && s->revoked_at > s->this_update_at)
		return "revoked in the future [RFC 6960 4.2.2.1]";
	if (s->reason == CRL_UNSPECIFIED || s->reason == 7 || s->reason == CRL_REMOVE || s->reason > CRL_AA_COMPROMISE)
		return "a reason of unspecified, removeFromCRL or unknown [RFC 5280 5.3.1]";
	if (s->state == OCSP_STATE_UNKNOWN && s->certificate_hash.n)
		return "a certHash for a certificate that is unknown [EN 319 411-1 OVR-6.6.3-02]";
	if (s->archive_cutoff_at > r->produced_at)
		return "archiveCutoff lies in the future [RFC 6960 4.4.4]";
	return NULL;
}

static const char *
check_ocsp(const struct ocsp_response *r, const struct certificate *responder, const struct certificate *issuer,
    int64_t now)
{
	uint8_t id[DIGEST_SHA1_LEN];
	digest_of(DIGEST_SHA1, responder->public_key, id);
	if (!bytes_eq(r->responder_key_hash, BYTES_OF(id)))
		return "the responder is not named by its key [RFC 6960 4.2.2.3]";
	if (!bytes_eq(responder->issuer, issuer->subject) || !bytes_eq(responder->authority_key_id, issuer->subject_key_id))
		return "the responder was not issued by the CA it answers for [RFC 6960 4.2.2.2]";
	if (!certificate_has_purpose(responder, OID_KP_OCSP_SIGNING) || !responder->ocsp_nocheck)
		return "the responder is not for OCSP answers [RFC 6960 4.2.2.2]";
	if (r->produced_at < responder->not_before_at || r->produced_at > responder->not_after_at)
		return "producedAt lies outside the responder's validity [profile P18]";
	if (r->produced_at > now || r->produced_at < now - TIME_MINUTE)
		return "producedAt is not now [RFC 6960 2.4]";
	if (r->n == 0 || r->unknown_critical)
		return "no answer, or a critical extension [RFC 6960 4.2.1]";
	for (size_t i = 0; i < r->n; i++) {
		const char *why = check_single(r, i, issuer);
		if (why)
			return why;
	}
	return NULL;
}

err_t
lint_ocsp(struct bytes tbs, const struct certificate *responder, const struct certificate *issuer, int64_t now)
{
	struct ocsp_response r;
	if (err_is(ocsp_read_tbs(tbs, &r)))
		return err_make(ERR_LINT, "OCSP: not DER of an answer: %s [RFC 6960 4.2.1]", err_detail());
	const char *why = check_ocsp(&r, responder, issuer, now);
	return why ? err_make(ERR_LINT, "OCSP: %s", why) : OK;
}
