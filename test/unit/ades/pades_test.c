/* Texts and dates of signature dictionaries. (Places of signatures: judge_test.c attacks them on whole files.) */
#include "ades/pades.h"
#include "base/time.h"
#include "unit.h"

static void
texts(void **state)
{
	(void)state;
	AUTO_ARENA(arena, 1 << 16);
	static const struct {
		const char *raw;
		size_t n;
		const char *wanted;
	} cases[] = {
	    {"Jane Doe", 8, "Jane Doe"},
	    {"caf\xe9", 4, "café"},
	    {"\xfe\xff\x4e\x2d\xd8\x3d\xde\x00", 8, "中😀"},
	    {"\xfe\xff\xd8\x00", 4, "\xef\xbf\xbd"},
	    {"\xef\xbb\xbf\xc3\xa9", 5, "é"},
	    {"a\nb\x1b[31m", 8, "a b [31m"},
	    {"\xfe\xff\x20\x2e", 4, "?"}, /* a bidirectional override is not shown */
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str got;
		assert_ok(pades_text(arena, bytes(cases[i].raw, cases[i].n), &got));
		if (!str_eq(got, str_c(cases[i].wanted)))
			fail_msg("%zu: %.*s", i, STR_ARG(got));
	}
}

static void
dates(void **state)
{
	(void)state;
	int64_t at, wanted;
	assert_ok(time_parse(STR("2026-11-22T14:03:22Z"), &wanted));
	static const char *const same[] = {"D:20261122140322Z", "D:20261122140322+00'00'", "D:20261122150322+01'00'", "D:20261122150322+01'00",
	    "D:20261122093322-04'30'", "D:20261122140322"};
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		assert_ok(pades_date(bytes(same[i], strlen(same[i])), &at));
		if (at != wanted)
			fail_msg("%s", same[i]);
	}
	assert_ok(pades_date(bytes("D:2026", 6), &at));
	static const char *const wrong[] = {"", "2026", "D:", "D:20", "D:20261322", "D:2026112x", "D:20260230000000Z"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (!err_is(pades_date(bytes(wrong[i], strlen(wrong[i])), &at)))
			fail_msg("%s", wrong[i]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(texts),
    cmocka_unit_test(dates),
};
UNIT_MAIN(tests)
