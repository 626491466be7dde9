#include "status/stamper.h"

err_t
stamper_check(const struct tsp_request *request, const struct oid *policy, enum tsp_failure *ret_failure)
{
	if (request->policy.n > 0 && !bytes_eq(request->policy, oid_bytes(policy))) {
		*ret_failure = TSP_UNACCEPTED_POLICY;
		return err_make(ERR_TSP_REQUEST, "this policy is not offered here");
	}
	if (request->kind == DIGEST_SHA1) { /* [TS 119 312] */
		*ret_failure = TSP_BAD_ALG;
		return err_make(ERR_TSP_REQUEST, "SHA-1 is not accepted: use SHA-256 or longer");
	}
	if (request->imprint.n != digest_len(request->kind)) {
		*ret_failure = TSP_BAD_DATA_FORMAT;
		return err_make(ERR_TSP_REQUEST, "the imprint has not the length of its digest");
	}
	if (request->nonce.n > TSP_NONCE_MAX) {
		*ret_failure = TSP_BAD_REQUEST;
		return err_make(ERR_TSP_REQUEST, "the nonce is longer than %d octets", TSP_NONCE_MAX);
	}
	return OK;
}

void
stamper_fill(const struct tsp_request *request, paraph_TspSign *ret_sign)
{
	ret_sign->hash = (uint32_t)digest_len(request->kind) * 8;
	memcpy(ret_sign->imprint.bytes, request->imprint.p, request->imprint.n);
	ret_sign->imprint.size = (pb_size_t)request->imprint.n;
	if (request->nonce.n > 0)
		memcpy(ret_sign->nonce.bytes, request->nonce.p, request->nonce.n);
	ret_sign->nonce.size = (pb_size_t)request->nonce.n;
	ret_sign->cert_req = request->cert_req;
	ret_sign->imprint_bare = request->imprint_bare;
}

enum tsp_failure
stamper_failure(err_t e)
{
	return e.code == ERR_CLOCK ? TSP_TIME_NOT_AVAILABLE : TSP_SYSTEM_FAILURE;
}
