/*
 * DER from strangers: the scan and every reader of certificates, lists, answers, requests and time-stamps. A reader that
 * accepts gives pieces that lie inside the input; what the scan refuses no certificate or token reader accepts.
 */
#include "pki/crl.h"
#include "pki/ocsp.h"
#include "pki/path.h"
#include "pki/tsp.h"
#include "pki/verify.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
inside(struct bytes all, struct bytes part)
{
	assert(part.n == 0 || (part.p >= all.p && part.p + part.n <= all.p + all.n));
}

static void
certificate_try(struct bytes in, bool scanned)
{
	struct certificate c;
	struct path path;
	struct name_facts facts;
	if (err_is(certificate_read(in, &c)))
		return;
	assert(scanned);
	inside(in, c.tbs);
	inside(in, c.spki);
	inside(in, c.signature);
	inside(in, c.ext_key_usage);
	AUTO_BUF(text, 65536);
	err_ignore(name_text(c.subject, &text));
	err_ignore(name_read(c.issuer, &facts));
	err_ignore(path_build(in, &in, 1, &in, 1, PATH_SIGNER, c.not_before_at, &path));
	err_ignore(path_check_step(&c, &c, 0, c.not_before_at));
}

static void
status_try(struct bytes in)
{
	struct crl list;
	struct crl_entry entry;
	struct ocsp_request request;
	struct ocsp_response response;
	if (!err_is(crl_read(in, &list))) {
		inside(in, list.entries);
		err_ignore(crl_find(&list, list.number, &entry));
	}
	if (!err_is(ocsp_request_read(in, &request))) {
		assert(request.n >= 1 && request.n <= OCSP_SINGLES_MAX);
		for (size_t i = 0; i < request.n; i++)
			inside(in, request.ids[i].der);
	}
	if (!err_is(ocsp_response_read(in, &response)))
		for (size_t i = 0; i < response.n; i++)
			inside(in, response.singles[i].id);
}

static void
stamp_try(struct bytes in, bool scanned)
{
	struct tsp_request request;
	struct tsp_token token;
	struct bytes inner;
	enum tsp_failure failure;
	if (!err_is(tsp_request_read(in, &request, &failure)))
		assert(request.imprint.n == digest_len(request.kind));
	if (!err_is(tsp_response_read(in, &inner)))
		inside(in, inner);
	if (!err_is(tsp_token_read(in, &token))) {
		assert(scanned);
		inside(in, token.attributes);
		err_ignore(tsp_token_check(&token, token.imprint, NULL));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = bytes(data, n);
	size_t len;
	bool scanned = !err_is(der_scan_check(in, n));
	if (scanned)
		assert(!err_is(der_first(in, &len)) && len == n);
	certificate_try(in, scanned);
	status_try(in);
	stamp_try(in, scanned);
	verify_forget();
	return 0;
}
