#include "api/signing.h"
#include "unit.h"

static struct bytes
of(const char *text)
{
	return bytes(text, strlen(text));
}

static void
exactly_one_form(void **state)
{
	static const char *const good[] = {"{\"code\":\"123456\"}", " { \"code\" : \"123456\" } \n", "{\r\n\t\"code\": \"123456\"\r\n}"};
	static const char *const bad[] = {"", "{}", "123456", "\"123456\"", "{\"code\":123456}", "{\"code\":\"12345\"}", "{\"code\":\"1234567\"}",
	    "{\"code\":\"12345a\"}", "{\"code\":\"123456\"", "{\"code\":\"123456\"}x", "{\"code\":\"123456\",\"code\":\"123456\"}",
	    "{\"code\":\"123456\",\"x\":1}", "{\"Code\":\"123456\"}", "{\"code\":\" 123456\"}", "[{\"code\":\"123456\"}]", ("{\"code\":\"\\u0031" "23456\"}")};
	struct bytes code;
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_ok(signing_code_read(of(good[i]), &code));
		assert_true(bytes_eq(code, bytes("123456", 6)));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (signing_code_read(of(bad[i]), &code).code != ERR_FIELD)
			fail_msg("%s", bad[i]);
	/* Octets that text functions stop at. */
	assert_err(signing_code_read(bytes("{\"code\":\"123456\"}\0", 18), &code), ERR_FIELD);
	assert_err(signing_code_read(bytes("{\0\"code\":\"123456\"}", 18), &code), ERR_FIELD);
}

/* No error names what was typed. */
static void
errors_do_not_repeat_it(void **state)
{
	struct bytes code;
	(void)state;
	assert_err(signing_code_read(of("{\"code\":\"987654\"} "
	                                "x"), &code), ERR_FIELD);
	assert_null(strstr(err_detail(), "987654"));
}

static void
any_octets(void **state)
{
	(void)state;
	unit_seed();
	for (int i = 0; i < 20000; i++) {
		uint8_t b[32];
		struct bytes code;
		size_t n = unit_below(sizeof b);
		memcpy(b, "{\"code\":\"123456\"}              ", sizeof b);
		b[unit_below(sizeof b)] = (uint8_t)unit_next();
		err_t e = signing_code_read(bytes(b, n), &code);
		if (!err_is(e))
			assert_int_equal(code.n, 6);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(exactly_one_form), cmocka_unit_test(errors_do_not_repeat_it), cmocka_unit_test(any_octets),
};
UNIT_MAIN(tests)
