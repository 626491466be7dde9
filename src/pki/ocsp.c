#include "pki/ocsp.h"
#include "base/limits.h"
#include "base/time.h"
#include "pki/verify.h"

/* ---- CertID --------------------------------------------------------------------------------------------------------- */

static void
read_id(struct decode *d, struct ocsp_id *ret_id)
{
	struct bytes whole = decode_whole(d, DER_SEQUENCE);
	struct decode outer = decode_inside(d, whole), id = decode_enter(&outer, DER_SEQUENCE);
	struct bytes algorithm = decode_whole(&id, DER_SEQUENCE);
	*ret_id = (struct ocsp_id){.der = whole};
	ret_id->name_hash = decode_octets(&id);
	ret_id->key_hash = decode_octets(&id);
	ret_id->serial = decode_unsigned(&id);
	decode_end(&id);
	if (d->why)
		return;
	if (whole.n > OCSP_ID_MAX || err_is(algorithm_read_digest(algorithm, &ret_id->kind)))
		decode_fail(d, "a CertID with a digest that is not SHA-1 or SHA-2, or too long");
	else if (ret_id->name_hash.n != digest_len(ret_id->kind) || ret_id->key_hash.n != digest_len(ret_id->kind))
		decode_fail(d, "a CertID with digests of the wrong length");
}

static err_t
request_error(const struct decode *d)
{
	return d->why ? err_make(ERR_OCSP_REQUEST, "%s", d->why) : OK;
}

err_t
ocsp_id_read(struct bytes der, struct ocsp_id *ret_id)
{
	struct decode d = decode_init(der);
	struct ocsp_id id;
	read_id(&d, &id);
	decode_end(&d);
	TRY(request_error(&d));
	*ret_id = id;
	return OK;
}

err_t
ocsp_id_write(struct encode *w, enum digest_kind kind, struct bytes issuer_name, struct bytes issuer_key_bits,
    struct bytes serial)
{
	uint8_t name_hash[DIGEST_LEN_MAX], key_hash[DIGEST_LEN_MAX];
	size_t mark = encode_mark(w), n = digest_len(kind);
	struct bytes done;
	digest_of(kind, issuer_name, name_hash);
	digest_of(kind, issuer_key_bits, key_hash);
	encode_unsigned(w, serial);
	encode_octets(w, bytes(key_hash, n));
	encode_octets(w, bytes(name_hash, n));
	algorithm_write_digest(w, kind, true);
	encode_wrap(w, DER_SEQUENCE, mark);
	return encode_done(w, &done);
}

bool
ocsp_id_matches(const struct ocsp_id *id, struct bytes issuer_name, struct bytes issuer_key_bits)
{
	uint8_t hash[DIGEST_LEN_MAX];
	size_t n = digest_len(id->kind);
	digest_of(id->kind, issuer_name, hash);
	if (!bytes_eq(bytes(hash, n), id->name_hash))
		return false;
	digest_of(id->kind, issuer_key_bits, hash);
	return bytes_eq(bytes(hash, n), id->key_hash);
}

/* ---- requests ------------------------------------------------------------------------------------------------------- */

/* Nonce ::= OCTET STRING (SIZE(1..128)) [RFC 9654 2.1] */
static struct bytes
read_nonce(struct decode *value)
{
	struct bytes nonce = decode_octets(value);
	decode_end(value);
	if (!value->why && (nonce.n == 0 || nonce.n > OCSP_NONCE_MAX))
		decode_fail(value, "a nonce that is not 1 to 128 octets");
	return nonce;
}

/* Walks extensions; the nonce is kept, a critical unknown one is reported. */
static bool
read_extensions(struct decode *d, struct bytes *nonce)
{
	struct decode list = decode_enter(d, DER_SEQUENCE);
	bool unknown_critical = false, seen = false;
	while (decode_more(&list)) {
		struct decode one = decode_enter(&list, DER_SEQUENCE);
		struct bytes oid = decode_oid(&one);
		bool critical = decode_is(&one, DER_BOOLEAN) && decode_bool(&one);
		struct bytes octets = decode_octets(&one);
		decode_end(&one);
		if (nonce && bytes_eq(oid, OID_OCSP_NONCE)) {
			struct decode value = decode_inside(&one, octets);
			if (seen)
				decode_fail(&value, "two nonces");
			seen = true;
			*nonce = read_nonce(&value);
		} else {
			unknown_critical |= critical;
		}
	}
	return unknown_critical;
}

/* Request ::= SEQUENCE { reqCert CertID, singleRequestExtensions [0] OPTIONAL } */
static void
read_single_request(struct decode *list, struct ocsp_request *r)
{
	struct decode one = decode_enter(list, DER_SEQUENCE);
	if (r->n == OCSP_SINGLES_MAX) {
		decode_fail(&one, "more than 8 certificates in one request");
		return;
	}
	read_id(&one, &r->ids[r->n++]);
	if (decode_is(&one, DER_EXPLICIT(0))) {
		struct decode extensions = decode_enter(&one, DER_EXPLICIT(0));
		if (read_extensions(&extensions, NULL))
			decode_fail(&extensions, "an unknown critical extension");
		decode_end(&extensions);
	}
	decode_end(&one);
}

/* TBSRequest [RFC 6960 4.1.1] */
static void
read_request(struct decode *d, struct ocsp_request *r)
{
	if (decode_is(d, DER_EXPLICIT(0)))
		decode_fail(d, "a version other than 1, or one written out");
	if (decode_is(d, DER_EXPLICIT(1)))
		decode_any(d, NULL); /* requestorName: of no use to us */
	struct decode list = decode_enter(d, DER_SEQUENCE);
	if (!decode_more(&list))
		decode_fail(&list, "a request for no certificate");
	while (decode_more(&list))
		read_single_request(&list, r);
	if (decode_is(d, DER_EXPLICIT(2))) {
		struct decode extensions = decode_enter(d, DER_EXPLICIT(2));
		if (read_extensions(&extensions, &r->nonce))
			decode_fail(&extensions, "an unknown critical extension");
		decode_end(&extensions);
	}
	decode_end(d);
}

err_t
ocsp_request_read(struct bytes der, struct ocsp_request *ret_request)
{
	struct ocsp_request r = {0};
	if (der.n > LIMIT_OCSP_REQUEST)
		return err_make(ERR_OCSP_REQUEST, "longer than %d octets", LIMIT_OCSP_REQUEST);
	struct decode top = decode_init(der), all = decode_enter(&top, DER_SEQUENCE);
	struct decode body = decode_enter(&all, DER_SEQUENCE);
	read_request(&body, &r);
	if (decode_is(&all, DER_EXPLICIT(0)))
		decode_any(&all, NULL); /* a signature of the asker: everybody may ask */
	decode_end(&all);
	decode_end(&top);
	TRY(request_error(&top));
	r.cacheable = r.n == 1 && r.nonce.n == 0;
	*ret_request = r;
	return OK;
}

static void
put_extension(struct encode *w, size_t mark, struct bytes oid)
{
	encode_wrap(w, DER_OCTET_STRING, mark);
	encode_oid(w, oid);
	encode_wrap(w, DER_SEQUENCE, mark);
}

err_t
ocsp_request_write(struct encode *w, struct bytes id, struct bytes nonce)
{
	size_t all = encode_mark(w), mark = all;
	struct bytes done;
	if (nonce.n) {
		encode_octets(w, nonce);
		put_extension(w, mark, OID_OCSP_NONCE);
		encode_wrap(w, DER_SEQUENCE, mark);
		encode_wrap(w, DER_EXPLICIT(2), mark);
	}
	mark = encode_mark(w);
	encode_raw(w, id);
	encode_wrap(w, DER_SEQUENCE, mark);
	encode_wrap(w, DER_SEQUENCE, mark);
	encode_wrap(w, DER_SEQUENCE, all);
	encode_wrap(w, DER_SEQUENCE, all);
	return encode_done(w, &done);
}

/* ---- answers: writing ----------------------------------------------------------------------------------------------- */

static void
put_single_extensions(struct encode *w, const struct ocsp_single *s)
{
	size_t all = encode_mark(w), mark = all;
	if (s->certificate_hash.n) { /* CertHash of Common PKI: digest algorithm and digest */
		encode_octets(w, s->certificate_hash);
		algorithm_write_digest(w, DIGEST_SHA256, false);
		encode_wrap(w, DER_SEQUENCE, mark);
		put_extension(w, mark, OID_OCSP_CERT_HASH);
	}
	if (s->archive_cutoff_at) {
		mark = encode_mark(w);
		encode_generalized(w, DER_GENERALIZED_TIME, s->archive_cutoff_at); /* [RFC 6960 4.4.4] */
		put_extension(w, mark, OID_OCSP_ARCHIVE_CUTOFF);
	}
	if (encode_mark(w) == all)
		return;
	encode_wrap(w, DER_SEQUENCE, all);
	encode_wrap(w, DER_EXPLICIT(1), all);
}

/* CertStatus [RFC 6960 4.2.1] */
static void
put_state(struct encode *w, const struct ocsp_single *s)
{
	size_t mark = encode_mark(w);
	if (s->state != OCSP_STATE_REVOKED) {
		encode_tlv(w, s->state == OCSP_STATE_GOOD ? DER_CONTEXT(0) : DER_CONTEXT(2), bytes(NULL, 0));
		return;
	}
	if (s->reason > CRL_UNSPECIFIED) {
		encode_enum(w, (uint8_t)s->reason);
		encode_wrap(w, DER_EXPLICIT(0), mark);
	}
	encode_generalized(w, DER_GENERALIZED_TIME, time_floor(s->revoked_at));
	encode_wrap(w, DER_EXPLICIT(1), mark);
}

static void
put_single(struct encode *w, const struct ocsp_single *s)
{
	size_t mark = encode_mark(w), next;
	put_single_extensions(w, s);
	next = encode_mark(w);
	encode_generalized(w, DER_GENERALIZED_TIME, s->next_update_at);
	encode_wrap(w, DER_EXPLICIT(0), next);
	encode_generalized(w, DER_GENERALIZED_TIME, s->this_update_at);
	put_state(w, s);
	encode_raw(w, s->id);
	encode_wrap(w, DER_SEQUENCE, mark);
}

static void
put_response_extensions(struct encode *w, const struct ocsp_facts *f)
{
	size_t all = encode_mark(w);
	if (f->nonce.n == 0)
		return;
	encode_octets(w, f->nonce);
	put_extension(w, all, OID_OCSP_NONCE);
	encode_wrap(w, DER_SEQUENCE, all);
	encode_wrap(w, DER_EXPLICIT(1), all);
}

static err_t
check_single(const struct ocsp_single *s)
{
	if (s->id.n == 0 || s->id.n > OCSP_ID_MAX || s->state > OCSP_STATE_UNKNOWN)
		return err_make(ERR_PROFILE, "an OCSP answer without CertID or state");
	if (s->reason > CRL_AA_COMPROMISE || s->reason == 7 || s->reason == CRL_REMOVE)
		return err_make(ERR_PROFILE, "%d is not a reason for revocation", s->reason);
	if (s->next_update_at < s->this_update_at || s->this_update_at % TIME_SECOND || s->next_update_at % TIME_SECOND ||
	    s->archive_cutoff_at % TIME_SECOND)
		return err_make(ERR_PROFILE, "an OCSP answer with times that do not fit");
	if (s->certificate_hash.n && s->certificate_hash.n != DIGEST_SHA256_LEN)
		return err_make(ERR_PROFILE, "a certHash that is not SHA-256");
	return OK;
}

err_t
ocsp_tbs(struct encode *w, const struct ocsp_facts *facts)
{
	size_t all = encode_mark(w);
	struct bytes done;
	if (facts->n == 0 || facts->n > OCSP_SINGLES_MAX || facts->nonce.n > OCSP_NONCE_MAX)
		return err_make(ERR_PROFILE, "an OCSP answer for %zu certificates", facts->n);
	put_response_extensions(w, facts);
	size_t mark = encode_mark(w);
	for (size_t i = facts->n; i-- > 0;) {
		TRY(check_single(&facts->singles[i]));
		put_single(w, &facts->singles[i]);
	}
	encode_wrap(w, DER_SEQUENCE, mark);
	encode_generalized(w, DER_GENERALIZED_TIME, time_floor(facts->produced_at));
	mark = encode_mark(w);
	encode_octets(w, BYTES_OF(facts->responder_key_id));
	encode_wrap(w, DER_EXPLICIT(2), mark); /* byKey */
	encode_wrap(w, DER_SEQUENCE, all);
	return encode_done(w, &done);
}

err_t
ocsp_join(struct encode *w, struct bytes tbs, enum algorithm algorithm, struct bytes signature,
    struct bytes responder_certificate)
{
	size_t mark = encode_mark(w);
	struct bytes done;
	if (responder_certificate.n) {
		encode_raw(w, responder_certificate);
		encode_wrap(w, DER_SEQUENCE, mark);
		encode_wrap(w, DER_EXPLICIT(0), mark);
	}
	encode_bits(w, signature);
	encode_raw(w, algorithm_der(algorithm));
	encode_raw(w, tbs);
	encode_wrap(w, DER_SEQUENCE, mark); /* BasicOCSPResponse */
	encode_wrap(w, DER_OCTET_STRING, mark);
	encode_oid(w, OID_OCSP_BASIC);
	encode_wrap(w, DER_SEQUENCE, mark);
	encode_wrap(w, DER_EXPLICIT(0), mark);
	encode_enum(w, 0); /* successful */
	encode_wrap(w, DER_SEQUENCE, mark);
	return encode_done(w, &done);
}

err_t
ocsp_failure(struct encode *w, enum ocsp_failure status)
{
	size_t mark = encode_mark(w);
	struct bytes done;
	encode_enum(w, (uint8_t)status);
	encode_wrap(w, DER_SEQUENCE, mark);
	return encode_done(w, &done);
}

int64_t
ocsp_next_update(int64_t now, int64_t not_after)
{
	int64_t at = time_floor(now), hour = at + TIME_HOUR;
	return not_after && at <= not_after && not_after < hour ? not_after : hour;
}

/* ---- answers: reading ----------------------------------------------------------------------------------------------- */

static void
read_state(struct decode *d, struct ocsp_single *s)
{
	s->reason = CRL_NONE;
	if (decode_is(d, DER_EXPLICIT(1))) {
		struct decode revoked = decode_enter(d, DER_EXPLICIT(1));
		s->state = OCSP_STATE_REVOKED;
		s->revoked_at = decode_generalized(&revoked, DER_GENERALIZED_TIME, false);
		if (decode_is(&revoked, DER_EXPLICIT(0))) {
			struct decode reason = decode_enter(&revoked, DER_EXPLICIT(0));
			s->reason = decode_enum(&reason);
			decode_end(&reason);
		}
		decode_end(&revoked);
		return;
	}
	bool good = decode_is(d, DER_CONTEXT(0));
	s->state = good ? OCSP_STATE_GOOD : OCSP_STATE_UNKNOWN;
	if (decode_tlv(d, good ? DER_CONTEXT(0) : DER_CONTEXT(2)).n)
		decode_fail(d, "a state with content");
}

static void
read_single_extension(struct decode *value, struct bytes oid, struct ocsp_single *s)
{
	if (bytes_eq(oid, OID_OCSP_ARCHIVE_CUTOFF)) {
		s->archive_cutoff_at = decode_generalized(value, DER_GENERALIZED_TIME, false);
	} else if (bytes_eq(oid, OID_OCSP_CERT_HASH)) {
		enum digest_kind kind;
		struct decode hash = decode_enter(value, DER_SEQUENCE);
		struct bytes algorithm = decode_whole(&hash, DER_SEQUENCE), digest = decode_octets(&hash);
		decode_end(&hash);
		if (!value->why && !err_is(algorithm_read_digest(algorithm, &kind)) && kind == DIGEST_SHA256)
			s->certificate_hash = digest;
	}
}

static void
read_single_extensions(struct decode *d, struct ocsp_single *s, bool *unknown_critical)
{
	struct decode list = decode_enter(d, DER_SEQUENCE);
	while (decode_more(&list)) {
		struct decode one = decode_enter(&list, DER_SEQUENCE);
		struct bytes oid = decode_oid(&one);
		*unknown_critical |= decode_is(&one, DER_BOOLEAN) && decode_bool(&one);
		struct bytes octets = decode_octets(&one);
		decode_end(&one);
		struct decode value = decode_inside(&one, octets);
		read_single_extension(&value, oid, s);
	}
}

static void
read_single(struct decode *list, struct ocsp_response *r)
{
	struct decode one = decode_enter(list, DER_SEQUENCE);
	if (r->n == OCSP_SINGLES_MAX) {
		decode_fail(&one, "more than 8 answers in one response");
		return;
	}
	struct ocsp_single *s = &r->singles[r->n];
	read_id(&one, &r->ids[r->n++]);
	s->id = r->ids[r->n - 1].der;
	read_state(&one, s);
	s->this_update_at = decode_generalized(&one, DER_GENERALIZED_TIME, false);
	if (decode_is(&one, DER_EXPLICIT(0))) {
		struct decode next = decode_enter(&one, DER_EXPLICIT(0));
		s->next_update_at = decode_generalized(&next, DER_GENERALIZED_TIME, false);
		decode_end(&next);
	}
	if (decode_is(&one, DER_EXPLICIT(1))) {
		struct decode extensions = decode_enter(&one, DER_EXPLICIT(1));
		read_single_extensions(&extensions, s, &r->unknown_critical);
		decode_end(&extensions);
	}
	decode_end(&one);
}

static void
read_responder(struct decode *d, struct ocsp_response *r)
{
	bool by_name = decode_is(d, DER_EXPLICIT(1));
	struct decode responder = decode_enter(d, by_name ? DER_EXPLICIT(1) : DER_EXPLICIT(2));
	if (by_name)
		r->responder_name = decode_whole(&responder, DER_SEQUENCE);
	else
		r->responder_key_hash = decode_octets(&responder);
	decode_end(&responder);
}

err_t
ocsp_read_tbs(struct bytes tbs, struct ocsp_response *ret_response)
{
	struct ocsp_response r = {.tbs = tbs};
	struct decode top = decode_init(tbs), d = decode_enter(&top, DER_SEQUENCE);
	read_responder(&d, &r);
	r.produced_at = decode_generalized(&d, DER_GENERALIZED_TIME, false);
	struct decode list = decode_enter(&d, DER_SEQUENCE);
	while (decode_more(&list))
		read_single(&list, &r);
	if (decode_is(&d, DER_EXPLICIT(1))) {
		struct decode extensions = decode_enter(&d, DER_EXPLICIT(1));
		r.unknown_critical |= read_extensions(&extensions, &r.nonce);
		decode_end(&extensions);
	}
	decode_end(&d);
	decode_end(&top);
	TRY(decode_check(&top));
	*ret_response = r;
	return OK;
}

/* OCSPResponseStatus [RFC 6960 4.2.1] */
static const char *
failure_name(uint8_t status)
{
	static const char *const names[] = {"", "malformedRequest", "internalError", "tryLater", "", "sigRequired", "unauthorized"};
	return status < sizeof names / sizeof names[0] ? names[status] : "";
}

/* The BasicOCSPResponse inside a successful OCSPResponse. */
static err_t
unwrap(struct bytes der, struct bytes *ret_basic)
{
	struct decode top = decode_init(der), all = decode_enter(&top, DER_SEQUENCE);
	uint8_t status = decode_enum(&all);
	TRY(decode_check(&top));
	if (status != 0)
		return err_make(ERR_OCSP_RESPONSE, "the responder did not answer, but said %s (%d)", failure_name(status), status);
	struct decode content = decode_enter(&all, DER_EXPLICIT(0)), pair = decode_enter(&content, DER_SEQUENCE);
	bool basic = bytes_eq(decode_oid(&pair), OID_OCSP_BASIC);
	struct bytes octets = decode_octets(&pair);
	decode_end(&pair);
	decode_end(&content);
	decode_end(&all);
	decode_end(&top);
	TRY(decode_check(&top));
	if (!basic)
		return err_make(ERR_OCSP_RESPONSE, "a response of another type than basic");
	*ret_basic = octets;
	return OK;
}

static void
read_certs(struct decode *d, struct bytes certs[OCSP_CERTS_MAX], size_t *n)
{
	struct decode tagged = decode_enter(d, DER_EXPLICIT(0)), list = decode_enter(&tagged, DER_SEQUENCE);
	while (decode_more(&list)) {
		if (*n == OCSP_CERTS_MAX)
			decode_fail(&list, "more than 4 certificates in a response");
		else
			certs[(*n)++] = decode_whole(&list, DER_SEQUENCE);
	}
	decode_end(&tagged);
}

err_t
ocsp_response_read(struct bytes der, struct ocsp_response *ret_response)
{
	struct ocsp_response r;
	struct bytes basic = {0}, certs[OCSP_CERTS_MAX] = {0};
	size_t certs_n = 0;
	TRY(der_scan_check(der, OCSP_RESPONSE_MAX));
	TRY(unwrap(der, &basic));
	struct decode top = decode_init(basic), all = decode_enter(&top, DER_SEQUENCE);
	struct bytes tbs = decode_whole(&all, DER_SEQUENCE), algorithm = decode_whole(&all, DER_SEQUENCE);
	struct bytes signature = decode_bits(&all);
	if (decode_is(&all, DER_EXPLICIT(0)))
		read_certs(&all, certs, &certs_n);
	decode_end(&all);
	decode_end(&top);
	TRY(decode_check(&top));
	TRY(ocsp_read_tbs(tbs, &r));
	TRY(algorithm_read(algorithm, &r.algorithm));
	r.der = der;
	r.signature = signature;
	r.certs_n = certs_n;
	memcpy(r.certs, certs, certs_n * sizeof *certs);
	*ret_response = r;
	return OK;
}

/* Whether this certificate is the one the responder names. */
static bool
names_responder(const struct ocsp_response *r, const struct certificate *c)
{
	uint8_t hash[DIGEST_SHA1_LEN];
	if (r->responder_name.n)
		return bytes_eq(r->responder_name, c->subject);
	digest_of(DIGEST_SHA1, c->public_key, hash);
	return bytes_eq(BYTES_OF(hash), r->responder_key_hash);
}

/* [RFC 6960 4.2.2.2] */
static err_t
check_delegate(const struct ocsp_response *r, const struct certificate *c, const struct certificate *issuer)
{
	if (!bytes_eq(c->issuer, issuer->subject) || !certificate_has_purpose(c, OID_KP_OCSP_SIGNING))
		return err_make(ERR_OCSP_RESPONSE, "the responder may not answer for this issuer");
	if (!c->ocsp_nocheck || c->unknown_critical || r->produced_at < c->not_before_at || r->produced_at > c->not_after_at)
		return err_make(ERR_OCSP_RESPONSE, "the responder's certificate was not valid when it answered");
	return verify_signature(issuer->spki, c->algorithm, c->tbs, c->signature);
}

/* The responder's certificate: the issuer itself or a delegate inside the response. */
static err_t
find_responder(const struct ocsp_response *r, const struct certificate *issuer, struct certificate *ret_responder)
{
	if (names_responder(r, issuer)) {
		*ret_responder = *issuer;
		return OK;
	}
	for (size_t i = 0; i < r->certs_n; i++) {
		struct certificate c;
		TRY(certificate_read(r->certs[i], &c));
		if (!names_responder(r, &c))
			continue;
		TRY(check_delegate(r, &c, issuer));
		*ret_responder = c;
		return OK;
	}
	return err_make(ERR_OCSP_RESPONSE, "the responder's certificate is not in the response");
}

err_t
ocsp_response_check(const struct ocsp_response *r, const struct certificate *issuer, struct bytes serial,
    const struct ocsp_single **ret_single)
{
	struct certificate responder;
	size_t i = 0;
	if (r->unknown_critical)
		return err_make(ERR_OCSP_RESPONSE, "the response has an unknown critical extension");
	while (i < r->n && !(bytes_eq(r->ids[i].serial, serial) &&
	                       ocsp_id_matches(&r->ids[i], issuer->subject, issuer->public_key)))
		i++;
	if (i == r->n)
		return err_make(ERR_OCSP_RESPONSE, "the response is about another certificate");
	TRY(find_responder(r, issuer, &responder));
	TRY(verify_signature(responder.spki, r->algorithm, r->tbs, r->signature));
	*ret_single = &r->singles[i];
	return OK;
}
