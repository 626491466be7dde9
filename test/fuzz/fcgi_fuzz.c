/*
 * Octets from the front. The first chooses in which pieces the rest arrives; the events must not depend on it. Every head
 * that is complete is read as a request, its path and query too.
 */
#include "fcgi/fcgi_record.h"
#include "fcgi/fcgi_request.h"
#include "fcgi/fcgi_text.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
head_try(struct bytes params)
{
	struct fcgi_request request;
	if (err_is(fcgi_request_read(params, &request)))
		return;
	AUTO_BUF(value, 1 << 16);
	assert(request.raw_path.n > 0 && request.raw_path.p[0] == '/');
	assert(request.path.n == 0 || request.path.p[0] == '/');
	assert(request.path.n <= request.raw_path.n);
	err_ignore(fcgi_text_query(request.query, "a", &value)); /* any answer will do, no crash is the point */
	buf_reset(&value);
	err_ignore(fcgi_text_unescape(request.raw_path, &value));
	(void)fcgi_request_header(&request, "Idempotency-Key");
	(void)fcgi_request_content_is(&request, "application/json");
	fcgi_request_done(&request);
}

/* Events and body octets of the input in pieces of this size, joined into out. */
static void
trace(struct bytes in, size_t piece, struct buf *out)
{
	struct fcgi_record r = fcgi_record_init();
	err_t e = OK;
	for (size_t at = 0; at < in.n && !err_is(e); at += piece) {
		struct bytes part = bytes_sub(in, at, at + piece < in.n ? at + piece : in.n);
		while (part.n > 0 && !err_is(e)) {
			enum fcgi_record_event event;
			struct bytes body;
			e = fcgi_record_read(&r, &part, &event, &body);
			if (err_is(e) || event == FCGI_RECORD_MORE)
				continue;
			if (event == FCGI_RECORD_BODY) {
				buf_put(out, body);
				continue;
			}
			buf_printf(out, "<%d %zu>", event, r.params.n);
			if (event == FCGI_RECORD_HEAD)
				head_try(buf_bytes(&r.params));
			else if (event == FCGI_RECORD_ENQUIRY)
				fcgi_record_answer_enquiry(&r, out);
			else
				fcgi_record_reset(&r);
		}
	}
	buf_printf(out, "<error %u>", e.code);
	fcgi_record_done(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 2 || n > 1 << 18)
		return 0;
	AUTO_BUF(whole, 1 << 24);
	AUTO_BUF(pieces, 1 << 24);
	struct bytes in = bytes(data + 1, n - 1);
	trace(in, in.n, &whole);
	trace(in, 1 + data[0] % 61, &pieces);
	assert(bytes_eq(buf_bytes(&whole), buf_bytes(&pieces)));
	return 0;
}
