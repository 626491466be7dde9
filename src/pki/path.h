/*
 * Certification paths [RFC 5280 6] for short chains to a given anchor: names, signatures, validity at one time, CA
 * rights, path length, critical extensions. Policies and name constraints are not processed: a chain with name
 * constraints is refused. Revocation is the caller's (crl.h, ocsp.h). Pure; any thread.
 */
#ifndef PARAPH_PKI_PATH_H
#define PARAPH_PKI_PATH_H

#include "pki/certificate.h"

enum { PATH_MAX_LEN = 6, PATH_POOL_MAX = 64, PATH_STEPS_MAX = 256 };

/* ANY: what the leaf is for does not matter, only where it comes from. */
enum path_purpose { PATH_SIGNER, PATH_TIME_STAMPING, PATH_OCSP, PATH_CA, PATH_ANY };

struct path {
	struct certificate chain[PATH_MAX_LEN]; /* leaf first, anchor last */
	size_t n;
};

/* Builds and checks a chain from leaf over certificates of pool (DER, any order, at most PATH_POOL_MAX) to one of the
 * anchors (DER): the first that is found, all being tried that can be with PATH_STEPS_MAX signatures verified. ERR_CHAIN
 * says what is missing or wrong. */
err_t path_build(struct bytes leaf, const struct bytes *pool, size_t pool_n, const struct bytes *anchors,
    size_t anchors_n, enum path_purpose purpose, int64_t at, struct path *ret_path);

/* Checks one step: that issuer may have issued subject and did. ERR_CHAIN, ERR_SIGNATURE. below: CA certificates between
 * subject and the leaf. */
err_t path_check_step(const struct certificate *subject, const struct certificate *issuer, size_t below, int64_t at);

#endif
