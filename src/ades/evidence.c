#include "ades/evidence.h"

#include "base/time.h"
#include "pki/crl.h"
#include "pki/ocsp.h"
#include "pki/verify.h"

static void
add(struct evidence *e, struct bytes *list, size_t *ends, size_t *n, size_t room, struct bytes der)
{
	for (size_t i = 0; i < *n; i++)
		if (bytes_eq(list[i], der)) {
			ends[i] = e->end < ends[i] ? e->end : ends[i];
			return;
		}
	if (*n == room) {
		e->full = true;
		return;
	}
	ends[*n] = e->end;
	list[(*n)++] = der;
}

void
evidence_certificate(struct evidence *e, struct bytes der)
{
	add(e, e->certificates, e->certificate_ends, &e->certificates_n, PATH_POOL_MAX, der);
}

/* The responder's certificate comes along inside the answer. */
void
evidence_ocsp(struct evidence *e, struct bytes der)
{
	add(e, e->ocsps, e->ocsp_ends, &e->ocsps_n, EVIDENCE_ANSWERS_MAX, der);
}

void
evidence_crl(struct evidence *e, struct bytes der)
{
	add(e, e->crls, e->crl_ends, &e->crls_n, EVIDENCE_ANSWERS_MAX, der);
}

/* RevocationInfoArchival ::= SEQUENCE { [0] SEQUENCE OF CRL, [1] SEQUENCE OF OCSPResponse, … } [ISO 32000-2 12.8.3.3.2] */
static void
add_archival(struct evidence *e, struct bytes der)
{
	struct decode d = decode_init(der);
	struct decode all = decode_enter(&d, DER_SEQUENCE);
	for (unsigned tag = 0; tag < 2; tag++) {
		if (!decode_is(&all, (uint8_t)DER_EXPLICIT(tag)))
			continue;
		struct decode outer = decode_enter(&all, (uint8_t)DER_EXPLICIT(tag));
		struct decode list = decode_enter(&outer, DER_SEQUENCE);
		while (decode_more(&list)) {
			struct bytes one = decode_whole(&list, DER_SEQUENCE);
			if (tag == 0)
				evidence_crl(e, one);
			else
				evidence_ocsp(e, one);
		}
	}
}

void
evidence_cms(struct evidence *e, const struct cms *c)
{
	for (size_t i = 0; i < c->certificates_n; i++)
		evidence_certificate(e, c->certificates[i]);
	struct decode crls = decode_init(c->crls);
	while (decode_more(&crls)) {
		uint8_t tag;
		struct bytes one = decode_any(&crls, &tag);
		if (tag == DER_SEQUENCE)
			evidence_crl(e, one);
	}
	if (c->revocation.n > 0)
		add_archival(e, c->revocation);
}

/* ---- /DSS ---- */

static err_t
add_streams(struct evidence *e, struct pdffile *f, const struct pdflex_value *dss, const char *key,
    void (*put)(struct evidence *e, struct bytes der))
{
	const struct pdflex_value *list;
	TRY(pdffile_member(f, 0, dss, key, &list));
	for (const struct pdflex_value *m = list != NULL && list->kind == PDFLEX_ARRAY ? list->first : NULL; m != NULL;
	     m = m->next) {
		struct pdffile_object o;
		struct bytes der;
		if (m->kind != PDFLEX_REFERENCE || err_is(pdffile_get(f, 0, (uint32_t)m->integer, &o)) || !o.stream
		    || err_is(pdffile_decode(f, 0, o.value, o.data, &der)))
			continue; /* evidence that cannot be read proves nothing */
		e->end = o.end;
		put(e, der);
	}
	return OK;
}

err_t
evidence_dss(struct evidence *e, struct pdffile *f)
{
	const struct pdflex_value *root, *dss;
	TRY(pdffile_root(f, 0, &root));
	TRY(pdffile_member(f, 0, root, "DSS", &dss));
	if (dss == NULL)
		return OK;
	TRY(add_streams(e, f, dss, "Certs", evidence_certificate));
	TRY(add_streams(e, f, dss, "OCSPs", evidence_ocsp));
	return add_streams(e, f, dss, "CRLs", evidence_crl);
}

/* ---- status ---- */

/* Whether something that speaks for [as_of, until] says anything about `at`: made later, or still current then. */
static bool
speaks_for(int64_t as_of, int64_t until, int64_t at)
{
	/* Times in answers are whole seconds. */
	return as_of >= time_floor(at) || (until != 0 && until >= at);
}

static void
put_status(struct evidence_status *best, struct evidence_status found, int64_t at)
{
	if (found.state == EVIDENCE_REVOKED) {
		if (best->state != EVIDENCE_REVOKED || found.revoked_at < best->revoked_at)
			*best = found;
		return;
	}
	if (best->state == EVIDENCE_REVOKED || !speaks_for(found.as_of, found.until, at))
		return;
	if (best->state != EVIDENCE_GOOD || found.as_of > best->as_of)
		*best = found;
}

/* Whether an answer is about this very certificate and not another one of its number; true when it does not say. */
static bool
is_about(const struct ocsp_single *single, const struct certificate *subject)
{
	uint8_t hash[DIGEST_SHA256_LEN];
	if (single->certificate_hash.n == 0)
		return true;
	digest_sha256(subject->der, hash);
	return bytes_eq(single->certificate_hash, BYTES_OF(hash));
}

/* Whether "good", said at `as_of`, is said from knowledge: not before the certificate was there, nor after its end unless
 * the record was kept. A revocation is known whenever it is said. */
static bool
is_known(const struct certificate *subject, int64_t as_of, int64_t kept_since)
{
	return as_of >= subject->not_before_at
	       && (as_of <= subject->not_after_at || (kept_since != 0 && kept_since <= subject->not_after_at));
}

static void
ask_ocsp(struct bytes der, const struct certificate *subject, const struct certificate *issuer, int64_t at,
    struct evidence_status *best)
{
	struct ocsp_response r;
	const struct ocsp_single *single;
	if (err_is(ocsp_response_read(der, &r)) || err_is(ocsp_response_check(&r, issuer, subject->serial, &single)))
		return;
	if (single->state == OCSP_STATE_UNKNOWN || single->this_update_at < subject->not_before_at)
		return; /* "revoked" is also what may be said of what was never issued [RFC 6960 2.2] */
	struct evidence_status found = {.state = EVIDENCE_GOOD, .as_of = single->this_update_at,
	    .until = single->next_update_at, .by_ocsp = true};
	/* A responder that states the certificate's hash has its record. */
	int64_t kept_since = single->certificate_hash.n > 0 ? subject->not_after_at : single->archive_cutoff_at;
	if (single->state == OCSP_STATE_REVOKED) {
		found.state = EVIDENCE_REVOKED;
		found.revoked_at = single->revoked_at;
	} else if (!is_about(single, subject) || !is_known(subject, single->this_update_at, kept_since)) {
		return;
	}
	put_status(best, found, at);
}

static void
ask_crl(struct bytes der, const struct certificate *subject, const struct certificate *issuer, int64_t at,
    struct evidence_status *best)
{
	struct crl c;
	struct crl_entry entry;
	if (err_is(crl_read(der, &c)) || c.partial || c.unknown_critical || !bytes_eq(c.issuer, issuer->subject)
	    || (issuer->has_key_usage && !(issuer->key_usage & PROFILE_KU_CRL_SIGN))
	    || err_is(verify_signature(issuer->spki, c.algorithm, c.tbs, c.signature)))
		return;
	struct evidence_status found = {.state = EVIDENCE_GOOD, .as_of = c.this_update_at, .until = c.next_update_at};
	err_t r = crl_find(&c, subject->serial, &entry);
	if (!err_is(r)) {
		found.state = EVIDENCE_REVOKED;
		found.revoked_at = entry.revoked_at;
	} else if (r.code != ERR_NOT_FOUND || !is_known(subject, c.this_update_at, c.expired_since_at)) {
		return;
	}
	put_status(best, found, at);
}

/* A signer's certificate whose issuer says that nobody will ever tell its status: by noRevAvail, which no CA has and none
 * that names a list or a responder [RFC 9608 2, 3]; or as short-term, which is over before a revocation could show
 * [EN 319 411-1 REV-6.2.4-03A]. The key of a time-stamp unit is trusted for years: its status is asked for. */
static bool
is_exempt(const struct certificate *c)
{
	bool lasting = c->ca || certificate_has_purpose(c, OID_KP_TIME_STAMPING);
	bool named = c->ocsp_url.n > 0 || c->crl_url.n > 0;
	bool short_term = c->valassured && c->not_after_at - c->not_before_at <= TIME_DAY;
	return !lasting && (short_term || (c->no_rev_avail && !named));
}

void
evidence_status_within(const struct evidence *e, const struct certificate *subject, const struct certificate *issuer,
    int64_t at, size_t within, struct evidence_status *ret_status)
{
	struct evidence_status best = {.state = EVIDENCE_MISSING};
	for (size_t i = 0; i < e->ocsps_n; i++)
		if (e->ocsp_ends[i] <= within)
			ask_ocsp(e->ocsps[i], subject, issuer, at, &best);
	for (size_t i = 0; i < e->crls_n; i++)
		if (e->crl_ends[i] <= within)
			ask_crl(e->crls[i], subject, issuer, at, &best);
	if (best.state == EVIDENCE_MISSING && is_exempt(subject))
		best.state = EVIDENCE_EXEMPT;
	*ret_status = best;
}

void
evidence_status(const struct evidence *e, const struct certificate *subject, const struct certificate *issuer,
    int64_t at, struct evidence_status *ret_status)
{
	evidence_status_within(e, subject, issuer, at, SIZE_MAX, ret_status);
}

bool
evidence_certificate_within(const struct evidence *e, struct bytes der, size_t within)
{
	for (size_t i = 0; i < e->certificates_n; i++)
		if (bytes_eq(e->certificates[i], der))
			return e->certificate_ends[i] <= within;
	return false;
}
