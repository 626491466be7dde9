#include "unit.h"

#include "fcgi/fcgi_conn.h"
#include "fcgi_frame.h"

#include <sys/socket.h>

struct pair {
	struct fcgi_conn *conn;
	int front;
};

static struct pair
pair_make(void)
{
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	return (struct pair){fcgi_conn_new(fds[0]), fds[1]};
}

static void
pair_end(struct pair *p)
{
	fcgi_conn_free(p->conn);
	if (p->front >= 0)
		close(p->front);
}

static void
front_send(struct pair *p, struct buf *b)
{
	assert_int_equal(send(p->front, b->p, b->n, MSG_DONTWAIT), b->n);
	buf_reset(b);
}

static void
front_leave(struct pair *p)
{
	close(p->front);
	p->front = -1;
}

static enum fcgi_conn_event
next(struct pair *p)
{
	enum fcgi_conn_event event;
	assert_ok(fcgi_conn_next(p->conn, &event));
	return event;
}

static void
answer(struct pair *p, uint16_t status, const char *body)
{
	struct fcgi_answer a = fcgi_answer_init(status);
	fcgi_answer_body(&a, "text/plain", bytes(body, strlen(body)));
	fcgi_conn_answer(p->conn, &a);
}

/* Everything the front can read now, without record headers. */
static void
front_read(struct pair *p, struct buf *out)
{
	static uint8_t raw[1 << 20];
	ssize_t n = recv(p->front, raw, sizeof raw, MSG_DONTWAIT);
	for (ssize_t at = 0; at + 8 <= n;) {
		size_t len = (size_t)(raw[at + 4] << 8 | raw[at + 5]);
		if (raw[at + 1] == 6)
			buf_put(out, bytes(raw + at + 8, len));
		else if (raw[at + 1] == 3)
			buf_put_str(out, STR("<end>"));
		at += 8 + (ssize_t)len + raw[at + 6];
	}
}

static void
front_expects(struct pair *p, const char *text)
{
	AUTO_BUF(out, 1 << 20);
	front_read(p, &out);
	buf_put_byte(&out, 0);
	assert_string_equal((char *)out.p, text);
}

static void
kept_connection(void **state)
{
	(void)state;
	struct pair p = pair_make();
	AUTO_BUF(in, 1 << 20);
	for (int i = 0; i < 3; i++) {
		frame_head(&in, 1, "POST", "/v1/x?y=1", "5");
		frame_body(&in, 1, bytes("hello", 5), 2);
		front_send(&p, &in);
		assert_int_equal(next(&p), FCGI_CONN_HEAD);
		const struct fcgi_request *r = fcgi_conn_request(p.conn);
		assert_int_equal(r->method, FCGI_POST);
		assert_true(str_eq(r->path, STR("/v1/x")));
		assert_true(bytes_eq(r->query, bytes("y=1", 3)));
		assert_true(str_eq(r->remote_address, STR("192.0.2.7")));
		assert_true(str_eq(fcgi_request_header(r, "idempotency-Key"), STR("k-1")));
		assert_true(fcgi_request_content_is(r, "application/JSON"));
		assert_false(fcgi_request_content_is(r, "application/jso"));
		assert_true(r->https);
		assert_int_equal(r->content_length, 5);
		fcgi_conn_body_keep(p.conn, 5);
		assert_int_equal(next(&p), FCGI_CONN_READY);
		assert_true(bytes_eq(fcgi_conn_body(p.conn), bytes("hello", 5)));
		assert_int_equal(fcgi_conn_wants(p.conn), 0);
		answer(&p, 201, "made");
		assert_int_equal(next(&p), FCGI_CONN_SENT);
		front_expects(&p, "Status: 201 Created\r\nContent-Type: text/plain\r\n\r\nmade<end>");
		assert_int_equal(next(&p), FCGI_CONN_WAIT);
		assert_int_equal(fcgi_conn_wants(p.conn), FCGI_CONN_WANTS_READ);
	}
	front_leave(&p);
	assert_int_equal(next(&p), FCGI_CONN_CLOSED);
	pair_end(&p);
}

static void
streamed_body(void **state)
{
	(void)state;
	struct pair p = pair_make();
	AUTO_BUF(in, 1 << 20);
	AUTO_BUF(got, 1 << 20);
	frame_head(&in, 1, "PUT", "/v1/file", "");
	front_send(&p, &in);
	assert_int_equal(next(&p), FCGI_CONN_HEAD);
	assert_true(fcgi_conn_request(p.conn)->content_length == FCGI_REQUEST_LENGTH_UNKNOWN);
	fcgi_conn_body_stream(p.conn, 1 << 20);
	assert_int_equal(next(&p), FCGI_CONN_WAIT);
	frame_body(&in, 1, bytes("0123456789", 10), 3);
	for (size_t at = 0; at < in.n; at++) { /* octet by octet */
		assert_int_equal(send(p.front, in.p + at, 1, 0), 1);
		enum fcgi_conn_event event = next(&p);
		if (event == FCGI_CONN_BODY)
			buf_put(&got, fcgi_conn_piece(p.conn));
		else if (event == FCGI_CONN_READY)
			break;
	}
	assert_true(bytes_eq(buf_bytes(&got), bytes("0123456789", 10)));
	answer(&p, 200, "");
	assert_int_equal(next(&p), FCGI_CONN_SENT);
	pair_end(&p);
}

static void
broken_upload_is_an_abort(void **state)
{
	(void)state;
	struct pair p = pair_make();
	AUTO_BUF(in, 1 << 20);
	frame_head(&in, 1, "PUT", "/v1/file", "");
	frame_record(&in, 5, 1, bytes("half", 4), 0);
	front_send(&p, &in);
	assert_int_equal(next(&p), FCGI_CONN_HEAD);
	fcgi_conn_body_stream(p.conn, 100);
	assert_int_equal(next(&p), FCGI_CONN_BODY);
	front_leave(&p);
	assert_int_equal(next(&p), FCGI_CONN_ABORTED);
	pair_end(&p);
}

static void
limits_of_bodies(void **state)
{
	(void)state;
	static const size_t sizes[] = {9, 10, 11, 1000};
	static uint8_t body[1000];
	for (size_t i = 0; i < 4; i++) {
		struct pair p = pair_make();
		AUTO_BUF(in, 1 << 20);
		frame_head(&in, 1, "POST", "/v1/x", "");
		frame_body(&in, 1, bytes(body, sizes[i]), 4);
		front_send(&p, &in);
		assert_int_equal(next(&p), FCGI_CONN_HEAD);
		fcgi_conn_body_keep(p.conn, 10);
		if (sizes[i] <= 10) {
			assert_int_equal(next(&p), FCGI_CONN_READY);
			assert_int_equal(fcgi_conn_body(p.conn).n, sizes[i]);
		} else {
			assert_int_equal(next(&p), FCGI_CONN_REFUSED);
			assert_err(fcgi_conn_refusal(p.conn), ERR_LIMIT);
		}
		answer(&p, 200, "x");
		assert_int_equal(next(&p), FCGI_CONN_SENT);
		assert_int_equal(next(&p), FCGI_CONN_WAIT); /* the rest of the body was dropped; the connection lives */
		frame_head(&in, 1, "GET", "/", "");
		frame_body(&in, 1, (struct bytes){0}, 1);
		front_send(&p, &in);
		assert_int_equal(next(&p), FCGI_CONN_HEAD);
		assert_int_equal(next(&p), FCGI_CONN_READY);
		pair_end(&p);
	}
}

static void
early_answer(void **state)
{
	(void)state;
	struct pair p = pair_make();
	AUTO_BUF(in, 1 << 20);
	frame_head(&in, 1, "PUT", "/v1/file", "1000000");
	front_send(&p, &in);
	assert_int_equal(next(&p), FCGI_CONN_HEAD);
	answer(&p, 401, "no");
	assert_int_equal(next(&p), FCGI_CONN_WAIT);
	front_expects(&p, "Status: 401 Unauthorized\r\nContent-Type: text/plain\r\n\r\nno<end>");
	frame_record(&in, 5, 1, bytes("ignored", 7), 0);
	front_send(&p, &in);
	assert_int_equal(next(&p), FCGI_CONN_WAIT);
	front_leave(&p);
	assert_int_equal(next(&p), FCGI_CONN_SENT);
	assert_int_equal(next(&p), FCGI_CONN_CLOSED);
	pair_end(&p);
}

static void
wrong_length_is_refused(void **state)
{
	(void)state;
	static const char *const lengths[] = {"4", "6", "0", "x", "-1", "+5", "99999999999999999999", "5 "};
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct pair p = pair_make();
		AUTO_BUF(in, 1 << 20);
		frame_head(&in, 1, "POST", "/v1/x", lengths[i]);
		frame_body(&in, 1, bytes("hello", 5), 5);
		front_send(&p, &in);
		enum fcgi_conn_event event = next(&p);
		if (event == FCGI_CONN_HEAD) {
			fcgi_conn_body_keep(p.conn, 100);
			event = next(&p);
		}
		assert_int_equal(event, FCGI_CONN_REFUSED);
		assert_err(fcgi_conn_refusal(p.conn), ERR_REQUEST_HEAD);
		answer(&p, 400, "");
		assert_int_equal(next(&p), FCGI_CONN_SENT);
		pair_end(&p);
	}
}

static void
bad_targets_are_refused(void **state)
{
	(void)state;
	static const char *const targets[] = {"", "x", "http://a/", "/a\nb", "/a b", "/\x7f", "/a#b", "*"};
	for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
		struct pair p = pair_make();
		AUTO_BUF(in, 1 << 20);
		frame_head(&in, 1, "GET", targets[i], "");
		front_send(&p, &in);
		assert_int_equal(next(&p), FCGI_CONN_REFUSED);
		pair_end(&p);
	}
	struct pair p = pair_make();
	AUTO_BUF(in, 1 << 20);
	frame_head(&in, 1, "GET", "/ocsp/issuing/MEkw%2FRzBF%3D", "");
	front_send(&p, &in);
	assert_int_equal(next(&p), FCGI_CONN_HEAD);
	assert_int_equal(fcgi_conn_request(p.conn)->path.n, 0); /* no route fits, but who reads raw paths may */
	assert_int_equal(fcgi_conn_request(p.conn)->raw_path.n, 28);
	pair_end(&p);
}

static void
a_field_twice_is_refused(void **state)
{
	(void)state;
	struct pair p = pair_make();
	AUTO_BUF(in, 1 << 20);
	AUTO_BUF(params, 4096);
	frame_pair(&params, "REQUEST_METHOD", bytes("GET", 3));
	frame_pair(&params, "REQUEST_URI", bytes("/", 1));
	frame_pair(&params, "HTTP_AUTHORIZATION", bytes("a", 1));
	frame_pair(&params, "HTTP_AUTHORIZATION", bytes("b", 1));
	frame_begin(&in, 1);
	frame_record(&in, 4, 1, buf_bytes(&params), 0);
	frame_record(&in, 4, 1, (struct bytes){0}, 0);
	front_send(&p, &in);
	assert_int_equal(next(&p), FCGI_CONN_REFUSED);
	assert_err(fcgi_conn_refusal(p.conn), ERR_REQUEST_HEAD);
	pair_end(&p);
}

static void
nonsense_ends_the_connection(void **state)
{
	(void)state;
	struct pair p = pair_make();
	enum fcgi_conn_event event;
	assert_int_equal(send(p.front, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	assert_err(fcgi_conn_next(p.conn, &event), ERR_FCGI);
	pair_end(&p);
}

static void
event_stream(void **state)
{
	(void)state;
	struct pair p = pair_make();
	AUTO_BUF(in, 1 << 20);
	frame_head(&in, 1, "GET", "/v1/events", "");
	frame_body(&in, 1, (struct bytes){0}, 1);
	front_send(&p, &in);
	assert_int_equal(next(&p), FCGI_CONN_HEAD);
	assert_int_equal(next(&p), FCGI_CONN_READY);
	struct fcgi_answer a = fcgi_answer_init(200);
	fcgi_answer_header(&a, "X-Accel-Buffering", STR("no"));
	fcgi_conn_open(p.conn, &a);
	assert_int_equal(next(&p), FCGI_CONN_WAIT);
	front_expects(&p, "Status: 200 OK\r\nX-Accel-Buffering: no\r\n\r\n");
	assert_ok(fcgi_conn_put(p.conn, bytes("data: 1\n\n", 9)));
	assert_int_equal(next(&p), FCGI_CONN_WAIT);
	front_expects(&p, "data: 1\n\n");
	fcgi_conn_end(p.conn);
	assert_int_equal(next(&p), FCGI_CONN_SENT);
	front_expects(&p, "<end>");
	pair_end(&p);
}

static void
slow_reader_of_a_stream(void **state)
{
	(void)state;
	static uint8_t piece[8192];
	struct pair p = pair_make();
	AUTO_BUF(in, 1 << 20);
	frame_head(&in, 1, "GET", "/v1/events", "");
	frame_body(&in, 1, (struct bytes){0}, 1);
	front_send(&p, &in);
	assert_int_equal(next(&p), FCGI_CONN_HEAD);
	assert_int_equal(next(&p), FCGI_CONN_READY);
	struct fcgi_answer a = fcgi_answer_init(200);
	fcgi_conn_open(p.conn, &a);
	err_t e = OK;
	for (int i = 0; i < 1000 && !err_is(e); i++) {
		e = fcgi_conn_put(p.conn, BYTES_OF(piece));
		if (!err_is(e))
			assert_int_equal(next(&p), FCGI_CONN_WAIT);
	}
	assert_err(e, ERR_LIMIT);
	front_leave(&p);
	assert_int_equal(next(&p), FCGI_CONN_ABORTED);
	pair_end(&p);
}

/* Whether needle stands anywhere in the connection's own memory. */
static bool
holds(const void *memory, size_t n, const char *needle)
{
	return bytes_find(bytes(memory, n), 0, bytes(needle, strlen(needle))) != SIZE_MAX;
}

static void
bodies_are_wiped(void **state)
{
	(void)state;
	struct pair p = pair_make();
	AUTO_BUF(in, 1 << 20);
	frame_head(&in, 1, "POST", "/v1/x", "13");
	frame_body(&in, 1, bytes("code=49320177", 13), 13);
	front_send(&p, &in);
	assert_int_equal(next(&p), FCGI_CONN_HEAD);
	fcgi_conn_body_keep(p.conn, 100);
	assert_int_equal(next(&p), FCGI_CONN_READY);
	size_t size = 32 * 1024;
	assert_true(holds(p.conn, size, "code=4932") || holds(fcgi_conn_body(p.conn).p, 13, "code=4932"));
	answer(&p, 200, "x");
	assert_int_equal(next(&p), FCGI_CONN_SENT);
	assert_false(holds(p.conn, size, "code=4932"));
	pair_end(&p);
}

static void
answers_cannot_smuggle_fields(void **state)
{
	(void)state;
	struct fcgi_answer a = fcgi_answer_init(200);
	AUTO_BUF(out, 4096);
	fcgi_answer_header(&a, "Location", (struct str){"/x\r\nSet-Cookie: y", 17});
	fcgi_answer_write(&a, &out);
	assert_memory_equal(out.p, "Status: 500 Internal Server Error\r\n", 35);
	assert_int_equal(bytes_find(buf_bytes(&out), 0, bytes("Cookie", 6)), SIZE_MAX);
	fcgi_answer_done(&a);
}

/* Not the pauses between pieces count, but what came since the head: 60 s, and a second for each 1000 octets. */
static void
a_late_body(void **state)
{
	enum { SECOND = 1000000 };
	(void)state;
	struct pair p = pair_make();
	AUTO_BUF(b, 1 << 20);
	uint8_t body[5000] = {0};
	assert_false(fcgi_conn_late(p.conn, INT64_MAX, 60, 1000)); /* no request: a kept connection may rest */
	frame_head(&b, 1, "POST", "/v1/files", "");
	front_send(&p, &b);
	assert_int_equal(next(&p), FCGI_CONN_HEAD);
	fcgi_conn_body_stream(p.conn, 1 << 20);
	assert_false(fcgi_conn_late(p.conn, 60 * SECOND, 60, 1000));
	assert_true(fcgi_conn_late(p.conn, 60 * SECOND + 1, 60, 1000));
	frame_record(&b, 5, 1, BYTES_OF(body), 0);
	front_send(&p, &b);
	assert_int_equal(next(&p), FCGI_CONN_BODY);
	assert_int_equal(next(&p), FCGI_CONN_WAIT);
	assert_false(fcgi_conn_late(p.conn, 65 * SECOND, 60, 1000));
	assert_true(fcgi_conn_late(p.conn, 65 * SECOND + 1, 60, 1000));
	frame_record(&b, 5, 1, (struct bytes){0}, 0);
	front_send(&p, &b);
	assert_int_equal(next(&p), FCGI_CONN_READY);
	assert_false(fcgi_conn_late(p.conn, INT64_MAX, 60, 1000)); /* the answer's time is not the sender's fault */
	pair_end(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kept_connection),
	    cmocka_unit_test(streamed_body),
	    cmocka_unit_test(broken_upload_is_an_abort),
	    cmocka_unit_test(limits_of_bodies),
	    cmocka_unit_test(early_answer),
	    cmocka_unit_test(wrong_length_is_refused),
	    cmocka_unit_test(bad_targets_are_refused),
	    cmocka_unit_test(a_field_twice_is_refused),
	    cmocka_unit_test(nonsense_ends_the_connection),
	    cmocka_unit_test(a_late_body),
	    cmocka_unit_test(event_stream),
	    cmocka_unit_test(slow_reader_of_a_stream),
	    cmocka_unit_test(bodies_are_wiped),
	    cmocka_unit_test(answers_cannot_smuggle_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
