#include "unit.h"

static void
find(void **state)
{
	(void)state;
	struct bytes hay = bytes("abcabd", 6);
	assert_int_equal(bytes_find(hay, 0, bytes("ab", 2)), 0);
	assert_int_equal(bytes_find(hay, 1, bytes("ab", 2)), 3);
	assert_int_equal(bytes_find(hay, 0, bytes("abd", 3)), 3);
	assert_true(bytes_find(hay, 4, bytes("ab", 2)) == SIZE_MAX);
	assert_true(bytes_find(hay, 0, bytes("", 0)) == SIZE_MAX);
	assert_true(bytes_find(hay, 7, bytes("a", 1)) == SIZE_MAX);
	assert_true(bytes_find(bytes(NULL, 0), 0, bytes("a", 1)) == SIZE_MAX);
}

static void
sub(void **state)
{
	(void)state;
	struct bytes b = bytes("hello", 5);
	assert_true(bytes_eq(bytes_sub(b, 1, 3), bytes("el", 2)));
	assert_true(bytes_eq(bytes_sub(b, 0, 5), b));
	assert_int_equal(bytes_sub(b, 0, 6).n, 0);
	assert_int_equal(bytes_sub(b, 3, 2).n, 0);
	assert_int_equal(bytes_sub(b, SIZE_MAX, SIZE_MAX).n, 0);
	assert_false(bytes_eq(bytes("a", 1), bytes("b", 1)));
	assert_false(bytes_eq(bytes("a", 1), bytes("ab", 2)));
	assert_true(bytes_eq(bytes(NULL, 0), bytes("", 0)));
}

static void
hex_known(void **state)
{
	(void)state;
	char text[9];
	uint8_t octets[4];
	bytes_hex(bytes("\x00\x7f\xa5\xff", 4), text);
	assert_string_equal(text, "007fa5ff");
	assert_ok(bytes_unhex(STR("007FA5ff"), 4, octets));
	assert_memory_equal(octets, "\x00\x7f\xa5\xff", 4);
	assert_err(bytes_unhex(STR("007FA5f"), 4, octets), ERR_INPUT);
	assert_err(bytes_unhex(STR("007FA5fg"), 4, octets), ERR_INPUT);
	assert_err(bytes_unhex(STR("007FA5ff00"), 4, octets), ERR_INPUT);
	assert_err(bytes_unhex(STR(" 07FA5ff"), 4, octets), ERR_INPUT);
}

static void
unhex_leaves_output_alone(void **state)
{
	(void)state;
	uint8_t octets[2] = {1, 2};
	assert_err(bytes_unhex(STR("ff0g"), 2, octets), ERR_INPUT);
	assert_int_equal(octets[0], 1);
	assert_int_equal(octets[1], 2);
}

static void
hex_round_trip(void **state)
{
	(void)state;
	unit_seed();
	for (int i = 0; i < 2000; i++) {
		uint8_t octets[64], back[64];
		char text[129];
		size_t n = unit_below(65);
		unit_fill(octets, n);
		bytes_hex(bytes(octets, n), text);
		assert_int_equal(strlen(text), 2 * n);
		assert_ok(bytes_unhex(str_c(text), n, back));
		assert_true(bytes_eq(bytes(octets, n), bytes(back, n)));
	}
}

/* A text, and whether it may stand in a struct str. */
struct utf8 {
	const char *text;
	size_t n;
	bool good;
};
#define ROW(literal, good) {literal, sizeof(literal) - 1, good}

static const struct utf8 texts[] = {
    ROW("", true),
    ROW("Jane Doe", true),
    ROW("Zo\xc3\xab \xce\xa3 \xd0\x96 \xd8\xb9 \xe0\xa4\xa8 \xe6\xbc\xa2", true),
    ROW("\xf0\x9f\x98\x80", true),          /* U+1F600 */
    ROW("\xf4\x8f\xbf\xbd", true),          /* U+10FFFD */
    ROW("\xf4\x8f\xbf\xbf", false),         /* U+10FFFF, a noncharacter */
    ROW("\xf4\x90\x80\x80", false),         /* past U+10FFFF */
    ROW("\xf5\x80\x80\x80", false),
    ROW("\xc0\x80", false),                 /* overlong NUL */
    ROW("\xc1\xbf", false),                 /* overlong U+007F */
    ROW("\xe0\x80\xaf", false),             /* overlong '/' */
    ROW("\xe0\x9f\xbf", false),
    ROW("\xe0\xa0\x80", true),              /* U+0800 */
    ROW("\xf0\x8f\xbf\xbf", false),
    ROW("\xf0\x90\x80\x80", true),          /* U+10000 */
    ROW("\xed\x9f\xbf", true),              /* U+D7FF */
    ROW("\xed\xa0\x80", false),             /* U+D800, a surrogate */
    ROW("\xed\xbf\xbf", false),             /* U+DFFF */
    ROW("\xee\x80\x80", true),              /* U+E000 */
    ROW("\xef\xbf\xbd", true),              /* U+FFFD */
    ROW("\xef\xbf\xbe", false),             /* U+FFFE, a noncharacter */
    ROW("\xef\xbb\xbf" "a", false),         /* U+FEFF, a byte order mark */
    ROW("\x80", false),                     /* a continuation alone */
    ROW("\xc3", false),                     /* cut */
    ROW("\xe6\xbc", false),
    ROW("\xf0\x9f\x98", false),
    ROW("\xc3(", false),
    ROW("\xfe", false),
    ROW("\xff", false),
    ROW("a\0b", false),                     /* an embedded NUL */
    ROW("a\nb", false),
    ROW("a\tb", false),
    ROW("a\x1b[31m", false),                /* a terminal escape */
    ROW("a\x7f", false),
    ROW("a\xc2\x80", false),                /* C1 */
    ROW("a\xc2\x9f", false),
    ROW("a\xc2\xa0", true),                 /* no-break space */
    ROW("a\xe2\x80\xae" "cod", false),      /* U+202E right-to-left override */
    ROW("a\xe2\x81\xa6", false),            /* U+2066 isolate */
    ROW("a\xe2\x80\xa8", false),            /* U+2028 line separator */
};

static void
utf8_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct str s = {"untouched", 9};
		err_t e = str_check(bytes(texts[i].text, texts[i].n), &s);
		if (err_is(e) == texts[i].good)
			fail_msg("row %zu: %s", i, err_is(e) ? err_detail() : "accepted");
		if (!texts[i].good) {
			assert_int_equal(e.code, ERR_UTF8);
			assert_string_equal(s.p, "untouched");
		}
	}
}

/* Written on its own from the definition of UTF-8 [RFC 3629 3]. */
static size_t
encode(uint32_t c, uint8_t ret[4])
{
	if (c < 0x80) {
		ret[0] = (uint8_t)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t mark[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = n; i-- > 1; c >>= 6)
		ret[i] = (uint8_t)(0x80 | (c & 0x3f));
	ret[0] = (uint8_t)(mark[n] | c);
	return n;
}

static bool
is_refused(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029 || c == 0xfeff || (c & 0xffff) >= 0xfffe;
}

/* A text of any octets can be told; what is UTF-8 stays as it is. */
static void
utf8_mended(void **state)
{
	(void)state;
	static const struct { const char *text, *mended, *tamed; } cases[] = {
	    {"", "", ""}, {"caf\xe9.pdf", "caf?.pdf", "caf?.pdf"}, {"Zo\xc3\xab\n", "Zo\xc3\xab\n", "Zo\xc3\xab?"},
	    {"cut \xe6\xbc", "cut ??", "cut ??"}, {"\xf0\x9f\x98", "???", "???"}, {"\xc3\xc3\xab", "?\xc3\xab", "?\xc3\xab"},
	    {"\xed\xa0\x80", "???", "???"}, {"\xc0\x80", "??", "??"}, {"a\xe2\x80\xae", "a\xe2\x80\xae", "a???"},
	    {"\x1b[31m\x7f\xc2\x9b", "\x1b[31m\x7f\xc2\x9b", "?[31m???"}, {"\xf0\xa0\xae\xb7", "\xf0\xa0\xae\xb7", "\xf0\xa0\xae\xb7"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[32];
		snprintf(text, sizeof text, "%s", cases[i].text);
		str_mend(text);
		assert_string_equal(text, cases[i].mended);
		snprintf(text, sizeof text, "%s", cases[i].text);
		str_tame(text);
		assert_string_equal(text, cases[i].tamed);
	}
}

static void
utf8_every_code_point(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		uint8_t octets[4];
		size_t n = encode(c, octets), at = 0;
		struct str s;
		if (err_is(str_check(bytes(octets, n), &s)) != is_refused(c))
			fail_msg("U+%04X", (unsigned)c);
		if (is_refused(c))
			continue;
		if (str_next(s, &at) != c || at != n)
			fail_msg("U+%04X is read back wrongly", (unsigned)c);
	}
}

static void
numbers(void **state)
{
	(void)state;
	uint64_t v = 7;
	assert_ok(str_u64(STR("0"), 10, &v));
	assert_int_equal(v, 0);
	assert_ok(str_u64(STR("18446744073709551615"), UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	assert_ok(str_u64(STR("10"), 10, &v));
	v = 7;
	static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "0x1", "1e3", "11", "18446744073709551616",
	    "99999999999999999999", "100000000000000000000"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_err(str_u64(str_c(bad[i]), i < 7 ? 10 : i == 7 ? 10 : UINT64_MAX, &v), ERR_INPUT);
	assert_int_equal(v, 7);
}

static void
numbers_round_trip(void **state)
{
	(void)state;
	unit_seed();
	for (int i = 0; i < 5000; i++) {
		uint64_t v = unit_next() >> unit_below(64), back;
		char text[24];
		snprintf(text, sizeof text, "%llu", (unsigned long long)v);
		assert_ok(str_u64(str_c(text), UINT64_MAX, &back));
		assert_true(v == back);
		if (v > 0)
			assert_err(str_u64(str_c(text), v - 1, &back), ERR_INPUT);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(find),
    cmocka_unit_test(sub),
    cmocka_unit_test(hex_known),
    cmocka_unit_test(unhex_leaves_output_alone),
    cmocka_unit_test(hex_round_trip),
    cmocka_unit_test(utf8_table),
    cmocka_unit_test(utf8_mended),
    cmocka_unit_test(utf8_every_code_point),
    cmocka_unit_test(numbers),
    cmocka_unit_test(numbers_round_trip),
};
UNIT_MAIN(tests)
