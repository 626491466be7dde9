#include "core/canon.h"
#include "unit.h"

static void
one_text(void **state)
{
	(void)state;
	AUTO_JSON(a) = NULL;
	AUTO_JSON(b) = NULL;
	AUTO_BUF(text, 1000);
	uint8_t one[32], two[32];
	const char *x = "{\"b\": [1, 2.5, null], \"a\": {\"d\": \"\xc3\xa9\", \"c\": true}}", *y = "{\"a\":{\"c\":true,\"d\":\"\\u00e9\"},\n\"b\":[1,2.50,null]}";
	assert_ok(canon_read(bytes(x, strlen(x)), &a));
	assert_ok(canon_read(bytes(y, strlen(y)), &b));
	assert_ok(canon_write(a, &text));
	assert_true(bytes_eq(buf_bytes(&text), str_bytes(STR("{\"a\":{\"c\":true,\"d\":\"\xc3\xa9\"},\"b\":[1,2.5,null]}"))));
	canon_digest(a, one);
	canon_digest(b, two);
	assert_memory_equal(one, two, 32);
	digest_sha256(buf_bytes(&text), two);
	assert_memory_equal(one, two, 32);
}

/* The twelve inputs that lenient readers take. */
static void
strict(void **state)
{
	static const char *const bad[] = {"{\"a\":1,\"a\":2}", "\"\xff\"", "[1,]", "[01]", "[1]x", "[\"\\u0000\"]", "[1e999]", "[123456789012345678901234567890]",
	    "[NaN]", "[\"\\ud800\"]", "['a']", "[1 /*x*/]"};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO_JSON(j) = NULL;
		if (canon_read(bytes(bad[i], strlen(bad[i])), &j).code != ERR_INPUT)
			fail_msg("%s", bad[i]);
	}
}

static void
cuts_at_a_character(void **state)
{
	(void)state;
	assert_int_equal(canon_cut("abc", 10), 3);
	assert_int_equal(canon_cut("abc", 3), 3);
	assert_int_equal(canon_cut("abc", 2), 2);
	assert_int_equal(canon_cut("a\xc3\xa9", 2), 1);
	assert_int_equal(canon_cut("\xe2\x82\xac", 2), 0);
	assert_int_equal(canon_cut("\xe2\x82\xac", 3), 3);
	assert_int_equal(canon_cut("", 0), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(one_text), cmocka_unit_test(strict), cmocka_unit_test(cuts_at_a_character),
};
UNIT_MAIN(tests)
