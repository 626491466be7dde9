/*
 * What an OCSP answer says: facts from the published store, by the rules of RFC 6960 and ETSI EN 319 411-1. Signing is
 * the key process's business. One thread.
 */
#ifndef PARAPH_STATUS_RESPONDER_H
#define PARAPH_STATUS_RESPONDER_H

#include "status/issuers.h"
#include "wire/message.h"

struct responder {
	struct published_reader *store;
	struct issuers issuers;
	int64_t next_update_us; /* an answer lives so long at most */
};

/* How long an answer holds. */
struct responder_terms {
	int64_t this_update;
	int64_t next_update;
	bool unknown; /* at least one was never issued */
};

/* Fills in what keys:status has to sign. now: content time. ERR_NOT_FOUND: not a CA of ours, or more than one in a
 * request (answer unauthorized); ERR_PUBLISHED, ERR_KEY_MISSING: try later. */
err_t responder_fill(struct responder *r, const struct ocsp_request *request, int64_t now, paraph_OcspSign *ret_sign,
    struct responder_terms *ret_terms);

/* The same for one certificate that core names by the key of its issuer. */
err_t responder_fill_one(
    struct responder *r, struct bytes issuer_spki_sha256, struct bytes serial, int64_t now, paraph_OcspSign *ret_sign);

/* Whether answers can be had: ERR_KEY_MISSING when no CA has an OCSP signer whose certificate is valid now. */
err_t responder_check(struct responder *r, int64_t now);

#endif
