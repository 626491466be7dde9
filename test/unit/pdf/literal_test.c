#include "pdf/literal.h"
#include "unit.h"

#define assert_text(b, wanted)                                                                                         \
	do {                                                                                                           \
		assert_int_equal((b)->n, strlen(wanted));                                                              \
		assert_memory_equal((b)->p, wanted, strlen(wanted));                                                   \
		buf_reset(b);                                                                                          \
	} while (0)

static void
text_strings(void **state)
{
	(void)state;
	AUTO_BUF(b, 1000);
	literal_text(&b, STR(""));
	assert_text(&b, "()");
	literal_text(&b, STR("Jane (Doe) \\ Co"));
	assert_text(&b, "(Jane \\(Doe\\) \\\\ Co)");
	literal_text(&b, STR("é"));
	assert_text(&b, "<feff00e9>");
	literal_text(&b, STR("a😀")); /* outside the basic plane: two units */
	assert_text(&b, "<feff0061d83dde00>");
	literal_octets(&b, bytes("\x00\xff", 2));
	assert_text(&b, "<00ff>");
}

static void
dates_and_references(void **state)
{
	(void)state;
	AUTO_BUF(b, 1000);
	literal_date(&b, INT64_C(1795356202999999)); /* never rounded up */
	assert_text(&b, "(D:20261122140322Z)");
	literal_reference(&b, (struct literal_ref){12, 65535});
	assert_text(&b, "12 65535 R");
}

static void
numbers(void **state)
{
	(void)state;
	AUTO_BUF(b, 1000);
	static const struct { int64_t v; const char *text; } cases[] = {{0, "0"}, {1000, "1"}, {1500, "1.5"}, {-1, "-0.001"},
	    {-20, "-0.02"}, {123456, "123.456"}, {-7000, "-7"}, {100, "0.1"}, {INT64_MIN, "-9223372036854775.808"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		literal_number(&b, cases[i].v);
		assert_text(&b, cases[i].text);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(text_strings),
    cmocka_unit_test(dates_and_references),
    cmocka_unit_test(numbers),
};

UNIT_MAIN(tests)
