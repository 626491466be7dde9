#include "unit.h"

#include "fcgi/fcgi_record.h"
#include "fcgi_frame.h"

static const char body_text[] = "{\"code\":\"493201\"} and some more octets";

/* A trace of the events of an input that is fed in pieces, with the body joined. */
static err_t
trace(struct bytes in, size_t piece, struct buf *events, struct buf *body)
{
	struct fcgi_record r = fcgi_record_init();
	err_t e = OK;
	for (size_t at = 0; at < in.n && !err_is(e); at += piece) {
		struct bytes part = bytes_sub(in, at, at + piece < in.n ? at + piece : in.n);
		while (part.n > 0) {
			enum fcgi_record_event event;
			struct bytes chunk;
			e = fcgi_record_read(&r, &part, &event, &chunk);
			if (err_is(e))
				break;
			if (event == FCGI_RECORD_BODY)
				buf_put(body, chunk);
			else if (event != FCGI_RECORD_MORE)
				buf_printf(events, "%d/%zu ", event, r.params.n);
		}
	}
	fcgi_record_done(&r);
	return e;
}

static void
split_at_every_octet(void **state)
{
	(void)state;
	AUTO_BUF(in, 1 << 20);
	AUTO_BUF(whole, 4096);
	AUTO_BUF(whole_body, 4096);
	frame_head(&in, 1, "POST", "/v1/x", "37");
	frame_body(&in, 1, bytes(body_text, sizeof body_text - 1), 10);
	assert_ok(trace(buf_bytes(&in), in.n, &whole, &whole_body));
	assert_int_equal(whole_body.n, sizeof body_text - 1);
	assert_memory_equal(whole_body.p, body_text, whole_body.n);
	for (size_t piece = 1; piece < in.n; piece++) {
		AUTO_BUF(events, 4096);
		AUTO_BUF(body, 4096);
		assert_ok(trace(buf_bytes(&in), piece, &events, &body));
		assert_true(bytes_eq(buf_bytes(&events), buf_bytes(&whole)));
		assert_true(bytes_eq(buf_bytes(&body), buf_bytes(&whole_body)));
	}
}

static err_t
feed(struct buf *in)
{
	AUTO_BUF(events, 1 << 20);
	AUTO_BUF(body, 1 << 22);
	return trace(buf_bytes(in), in->n, &events, &body);
}

static void
wrong_order_is_refused(void **state)
{
	(void)state;
	static const uint8_t authorizer[8] = {0, 2, 1}, begin[8] = {0, 1, 1};
	static const struct {
		uint8_t type;
		uint16_t id;
	} wrong[] = {{5, 1}, {4, 1}, {2, 1}, {8, 1}, {3, 1}, {6, 1}, {77, 1}};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		AUTO_BUF(in, 4096); /* as the first record */
		frame_record(&in, wrong[i].type, wrong[i].id, bytes("x", 1), 0);
		assert_err(feed(&in), ERR_FCGI);
	}
	AUTO_BUF(role, 4096);
	frame_record(&role, 1, 1, BYTES_OF(authorizer), 0);
	assert_err(feed(&role), ERR_FCGI);
	AUTO_BUF(twice, 4096);
	frame_begin(&twice, 1);
	frame_record(&twice, 1, 1, BYTES_OF(begin), 0);
	assert_err(feed(&twice), ERR_FCGI);
	AUTO_BUF(other, 4096); /* a second request on the same connection is multiplexing, which we do not offer */
	frame_begin(&other, 1);
	frame_record(&other, 4, 2, bytes("x", 1), 0);
	assert_err(feed(&other), ERR_FCGI);
	AUTO_BUF(after, 4096);
	frame_head(&after, 1, "GET", "/", "");
	frame_body(&after, 1, (struct bytes){0}, 1);
	frame_record(&after, 5, 1, bytes("more", 4), 0);
	assert_err(feed(&after), ERR_FCGI);
	AUTO_BUF(shorter, 4096);
	frame_record(&shorter, 1, 1, bytes("\0\1", 2), 0);
	assert_err(feed(&shorter), ERR_FCGI);
	AUTO_BUF(version, 4096);
	buf_put(&version, bytes("\2\1\0\1\0\10\0\0", 8));
	assert_err(feed(&version), ERR_FCGI);
}

static void
params_have_a_limit(void **state)
{
	(void)state;
	static const uint8_t zeros[32768];
	AUTO_BUF(in, 1 << 20);
	frame_begin(&in, 1);
	frame_record(&in, 4, 1, BYTES_OF(zeros), 0);
	frame_record(&in, 4, 1, BYTES_OF(zeros), 0); /* exactly 64 KiB */
	assert_ok(feed(&in));
	frame_record(&in, 4, 1, bytes(zeros, 1), 0);
	assert_err(feed(&in), ERR_FCGI);
}

static void
enquiries_are_answered(void **state)
{
	(void)state;
	AUTO_BUF(in, 4096);
	AUTO_BUF(out, 4096);
	struct fcgi_record r = fcgi_record_init();
	enum fcgi_record_event event;
	struct bytes piece;
	frame_record(&in, 9, 0, bytes("\16\0FCGI_MAX_CONNS", 16), 2);
	frame_record(&in, 42, 0, (struct bytes){0}, 0);
	frame_head(&in, 1, "GET", "/", "");
	struct bytes left = buf_bytes(&in);
	assert_ok(fcgi_record_read(&r, &left, &event, &piece));
	assert_int_equal(event, FCGI_RECORD_ENQUIRY);
	fcgi_record_answer_enquiry(&r, &out);
	assert_int_equal(out.n, 8);
	assert_int_equal(out.p[1], 10);
	assert_ok(fcgi_record_read(&r, &left, &event, &piece));
	assert_int_equal(event, FCGI_RECORD_ENQUIRY);
	fcgi_record_answer_enquiry(&r, &out);
	assert_int_equal(out.n, 24);
	assert_int_equal(out.p[9], 11);
	assert_int_equal(out.p[16], 42);
	assert_ok(fcgi_record_read(&r, &left, &event, &piece));
	assert_int_equal(event, FCGI_RECORD_HEAD);
	fcgi_record_done(&r);
}

static void
pairs_of_every_length(void **state)
{
	(void)state;
	static const size_t lengths[] = {0, 1, 127, 128, 129, 255, 256, 65535};
	static uint8_t value[65535];
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		AUTO_BUF(b, 1 << 20);
		frame_pair(&b, "NAME", bytes(value, lengths[i]));
		size_t at = 0;
		bool more;
		struct bytes name, read;
		assert_ok(fcgi_record_pair(buf_bytes(&b), &at, &more, &name, &read));
		assert_true(more);
		assert_int_equal(read.n, lengths[i]);
		assert_int_equal(at, b.n);
		for (size_t cut = 1; cut < (b.n < 300 ? b.n : 300); cut++) { /* every truncation is noticed */
			at = 0;
			assert_err(fcgi_record_pair(bytes(b.p, b.n - cut), &at, &more, &name, &read), ERR_FCGI);
			assert_int_equal(at, 0);
		}
	}
}

static void
large_content_is_split(void **state)
{
	(void)state;
	static uint8_t content[200000];
	AUTO_BUF(out, 1 << 20);
	fcgi_record_put_stdout(&out, 513, BYTES_OF(content));
	assert_int_equal(out.n, sizeof content + 4 * 8);
	assert_int_equal(out.p[2] << 8 | out.p[3], 513);
	assert_int_equal(out.p[4] << 8 | out.p[5], 65535);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(split_at_every_octet),
	    cmocka_unit_test(wrong_order_is_refused),
	    cmocka_unit_test(params_have_a_limit),
	    cmocka_unit_test(enquiries_are_answered),
	    cmocka_unit_test(pairs_of_every_length),
	    cmocka_unit_test(large_content_is_split),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
