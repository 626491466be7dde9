#include "status/responder.h"
#include "base/time.h"

/* An answer about what was never issued is soon outdated when it is issued. */
#define UNKNOWN_LIFE_US TIME_MINUTE

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* One certificate that was issued [RFC 6960 4.2.2.1, EN 319 411-2 CSS-6.3.10]. */
static void
known_fill(const struct responder *r, const struct issuer *i, const struct published_certificate *c, int64_t now,
    paraph_OcspSingle *ret)
{
	bool revoked = c->status == PUBLISHED_REVOKED;
	ret->status = revoked ? paraph_OcspStatus_OCSP_REVOKED : paraph_OcspStatus_OCSP_GOOD;
	ret->revoked_at = revoked ? time_floor(c->revoked_at) : 0;
	ret->reason = revoked ? c->reason : -1;
	ret->next_update = least(ocsp_next_update(now, c->not_after), now + r->next_update_us);
	/* Expired certificates keep their answer: the archive goes back to the beginning of the CA. */
	ret->archive_cutoff = now > c->not_after ? i->certificate.not_before_at : 0;
	memcpy(ret->certificate_sha256.bytes, c->sha256, sizeof c->sha256);
	ret->certificate_sha256.size = sizeof c->sha256;
}

/* Never good for what was not issued [EN 319 411-1 CSS-6.3.9, OVR-6.6.3-02]. */
static void
unknown_fill(int64_t now, paraph_OcspSingle *ret)
{
	ret->status = paraph_OcspStatus_OCSP_UNKNOWN;
	ret->revoked_at = 0;
	ret->reason = -1;
	ret->next_update = now + UNKNOWN_LIFE_US;
	ret->archive_cutoff = 0;
	ret->certificate_sha256.size = 0;
}

static err_t
single_fill(struct responder *r, const struct issuer *i, const struct ocsp_id *id, int64_t now, paraph_OcspSingle *ret)
{
	struct published_certificate c;
	if (id->der.n > sizeof ret->cert_id.bytes)
		return err_make(ERR_NOT_FOUND, "CertID of %zu octets", id->der.n);
	memcpy(ret->cert_id.bytes, id->der.p, id->der.n);
	ret->cert_id.size = (pb_size_t)id->der.n;
	ret->this_update = now;
	err_t e = published_read_certificate(r->store, i->spki_sha256, id->serial, &c);
	if (e.code == ERR_NOT_FOUND) {
		unknown_fill(now, ret);
		return OK;
	}
	TRY(e);
	known_fill(r, i, &c, now, ret);
	return OK;
}

static void
terms_add(const paraph_OcspSingle *single, struct responder_terms *terms)
{
	terms->this_update = single->this_update;
	terms->next_update = least(terms->next_update, single->next_update);
	terms->unknown |= single->status == paraph_OcspStatus_OCSP_UNKNOWN;
}

static err_t
all_fill(struct responder *r, const struct ocsp_request *request, int64_t now, paraph_OcspSign *ret_sign,
    struct responder_terms *ret_terms)
{
	issuers_refresh(&r->issuers, r->store);
	const struct issuer *issuer = issuers_by_id(&r->issuers, &request->ids[0]);
	if (issuer == NULL)
		return err_make(ERR_NOT_FOUND, "the request is about another CA");
	if (issuer->ocsp_der == NULL || issuer->ocsp_n > sizeof ret_sign->certificate.bytes)
		return err_make(ERR_KEY_MISSING, "no OCSP signer was published for %s", issuer->name);
	for (size_t k = 0; k < request->n; k++) {
		if (issuers_by_id(&r->issuers, &request->ids[k]) != issuer)
			return err_make(ERR_NOT_FOUND, "the request is about more than one CA");
		TRY(single_fill(r, issuer, &request->ids[k], now, &ret_sign->singles[k]));
		terms_add(&ret_sign->singles[k], ret_terms);
	}
	ret_sign->singles_count = (pb_size_t)request->n;
	memcpy(ret_sign->certificate.bytes, issuer->ocsp_der, issuer->ocsp_n);
	ret_sign->certificate.size = (pb_size_t)issuer->ocsp_n;
	return OK;
}

err_t
responder_fill(struct responder *r, const struct ocsp_request *request, int64_t now, paraph_OcspSign *ret_sign,
    struct responder_terms *ret_terms)
{
	*ret_terms = (struct responder_terms){.next_update = INT64_MAX};
	if (request->n == 0 || request->nonce.n > sizeof ret_sign->nonce.bytes)
		return err_make(ERR_INPUT, "the request asks for nothing");
	TRY(published_read_begin(r->store));
	err_t e = all_fill(r, request, time_floor(now), ret_sign, ret_terms);
	published_read_end(r->store);
	TRY(e);
	if (request->nonce.n > 0)
		memcpy(ret_sign->nonce.bytes, request->nonce.p, request->nonce.n);
	ret_sign->nonce.size = (pb_size_t)request->nonce.n;
	return OK;
}

err_t
responder_fill_one(
    struct responder *r, struct bytes issuer_spki_sha256, struct bytes serial, int64_t now, paraph_OcspSign *ret_sign)
{
	struct ocsp_request request = {.n = 1};
	struct responder_terms terms;
	uint8_t room[OCSP_ID_MAX];
	struct encode w = encode_init(room, sizeof room);
	struct bytes id;
	TRY(published_read_begin(r->store));
	issuers_refresh(&r->issuers, r->store);
	published_read_end(r->store);
	const struct issuer *issuer = issuers_by_key(&r->issuers, issuer_spki_sha256);
	if (issuer == NULL)
		return err_make(ERR_NOT_FOUND, "that CA was not published");
	/* SHA-1 is what every reader of archived answers knows; nothing relies on its strength here [RFC 5019 2.1.1].
	 */
	TRY(ocsp_id_write(&w, DIGEST_SHA1, issuer->certificate.subject, issuer->certificate.public_key, serial));
	TRY(encode_done(&w, &id));
	TRY(ocsp_id_read(id, &request.ids[0]));
	return responder_fill(r, &request, now, ret_sign, &terms);
}

static bool
signer_valid(const struct issuer *i, int64_t now)
{
	struct certificate c;
	return i->ocsp_der != NULL && !err_is(certificate_read(bytes(i->ocsp_der, i->ocsp_n), &c)) && now >= c.not_before_at &&
	       now <= c.not_after_at;
}

err_t
responder_check(struct responder *r, int64_t now)
{
	TRY(published_read_begin(r->store));
	issuers_refresh(&r->issuers, r->store);
	published_read_end(r->store);
	for (size_t k = 0; k < r->issuers.n; k++)
		if (signer_valid(&r->issuers.list[k], now))
			return OK;
	return err_make(ERR_KEY_MISSING, "no OCSP signer was published whose certificate is valid now");
}
