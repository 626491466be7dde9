#include "unit.h"

#include "fcgi/fcgi_text.h"

static err_t
path(const char *raw, struct buf *out)
{
	buf_reset(out);
	return fcgi_text_path(bytes(raw, strlen(raw)), out);
}

static void
good_paths(void **state)
{
	(void)state;
	static const struct {
		const char *raw, *path;
	} good[] = {{"/", "/"}, {"/v1/requests", "/v1/requests"}, {"/a/", "/a/"}, {"/a%20b", "/a b"},
	    {"/%C3%A9", "/\xc3\xa9"}, {"/a.b/..c", "/a.b/..c"}, {"/%41", "/A"}, {"/...", "/..."}};
	AUTO_BUF(out, 1024);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_ok(path(good[i].raw, &out));
		assert_int_equal(out.n, strlen(good[i].path));
		assert_memory_equal(out.p, good[i].path, out.n);
	}
}

static void
refused_paths(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "x", "//", "/a//b", "/.", "/..", "/./a", "/a/../b", "/a/..", "/%2e%2e/b", "/a%2Fb",
	    "/a%2fb", "/a%5cb", "/a\\b", "/a%00b", "/a%0ab", "/a%7f", "/a%", "/a%4", "/a%zz", "/%ff", "/%c0%af", "/a b",
	    "/a\nb", "/a%252e", "/\xc3\xa9", "/%ed%a0%80", "/a%25"};
	AUTO_BUF(out, 1024);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (path(bad[i], &out).code != ERR_REQUEST_HEAD)
			fail_msg("\"%s\" was accepted", bad[i]);
}

static void
queries(void **state)
{
	(void)state;
	static const char query[] = "a=1&b=x+y%2Bz&empty=&flag&twice=1&twice=2&bad=%zz&ctl=%0a&%61=9";
	struct bytes q = bytes(query, sizeof query - 1);
	AUTO_BUF(out, 1024);
	assert_ok(fcgi_text_query(q, "b", &out));
	assert_int_equal(out.n, 5);
	assert_memory_equal(out.p, "x y+z", 5);
	buf_reset(&out);
	assert_ok(fcgi_text_query(q, "empty", &out));
	assert_ok(fcgi_text_query(q, "flag", &out));
	assert_int_equal(out.n, 0);
	assert_ok(fcgi_text_query(q, "a", &out)); /* an escaped name is another name */
	assert_int_equal(out.n, 1);
	assert_err(fcgi_text_query(q, "twice", &out), ERR_REQUEST_HEAD);
	assert_err(fcgi_text_query(q, "bad", &out), ERR_REQUEST_HEAD);
	assert_err(fcgi_text_query(q, "ctl", &out), ERR_REQUEST_HEAD);
	assert_err(fcgi_text_query(q, "none", &out), ERR_NOT_FOUND);
	assert_err(fcgi_text_query((struct bytes){0}, "a", &out), ERR_NOT_FOUND);
}

/* Escaping every octet and reading it back gives the same octets. */
static void
unescape_is_the_inverse(void **state)
{
	(void)state;
	unit_seed();
	for (int round = 0; round < 200; round++) {
		uint8_t octets[64];
		size_t n = unit_below(sizeof octets);
		unit_fill(octets, n);
		AUTO_BUF(escaped, 1024);
		AUTO_BUF(out, 1024);
		for (size_t i = 0; i < n; i++)
			buf_printf(&escaped, unit_below(2) ? "%%%02X" : "%%%02x", octets[i]);
		assert_ok(fcgi_text_unescape(buf_bytes(&escaped), &out));
		assert_true(bytes_eq(buf_bytes(&out), bytes(octets, n)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_paths),
	    cmocka_unit_test(refused_paths),
	    cmocka_unit_test(queries),
	    cmocka_unit_test(unescape_is_the_inverse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
