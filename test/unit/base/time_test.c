#include "base/time.h"
#include "unit.h"

/* Seconds since 1970 made by GNU date, with their text. */
static const struct {
	int64_t second;
	const char *text;
} known[] = {
    {0, "1970-01-01T00:00:00Z"},
    {68169599, "1972-02-28T23:59:59Z"},
    {68169600, "1972-02-29T00:00:00Z"},
    {951782400, "2000-02-29T00:00:00Z"},
    {951868800, "2000-03-01T00:00:00Z"},
    {1795356202, "2026-11-22T14:03:22Z"},
    {2147483647, "2038-01-19T03:14:07Z"},
    {2147483648, "2038-01-19T03:14:08Z"},
    {2524607999, "2049-12-31T23:59:59Z"},
    {2524608000, "2050-01-01T00:00:00Z"},
    {4107542400, "2100-03-01T00:00:00Z"},
    {4107542399, "2100-02-28T23:59:59Z"},
    {253402300799, "9999-12-31T23:59:59Z"},
};

static void
known_times(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		char text[TIME_TEXT_MAX];
		int64_t at;
		time_text(known[i].second * TIME_SECOND, false, text);
		assert_string_equal(text, known[i].text);
		assert_ok(time_parse(str_c(known[i].text), &at));
		assert_true(at == known[i].second * TIME_SECOND);
	}
	assert_true(TIME_NEVER == INT64_C(253402300799) * TIME_SECOND);
}

/* A year of policy is a year, not twelve times 31 days. */
static void
months_later(void **state)
{
	static const struct {
		const char *at;
		int64_t months;
		const char *later;
	} all[] = {
	    {"2026-03-15T14:03:22Z", 12, "2027-03-15T14:03:22Z"}, {"2026-01-31T00:00:00Z", 1, "2026-02-28T00:00:00Z"},
	    {"2023-12-31T23:59:59Z", 2, "2024-02-29T23:59:59Z"}, {"2024-02-29T12:00:00Z", 12, "2025-02-28T12:00:00Z"},
	    {"2024-02-29T12:00:00Z", 48, "2028-02-29T12:00:00Z"}, {"2026-08-31T12:00:00Z", 1, "2026-09-30T12:00:00Z"},
	    {"2026-12-01T00:00:00Z", 1, "2027-01-01T00:00:00Z"}, {"2026-11-30T00:00:00Z", 0, "2026-11-30T00:00:00Z"},
	    {"9999-11-30T00:00:00Z", 1, "9999-12-30T00:00:00Z"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		int64_t at, later;
		assert_ok(time_parse(str_c(all[i].at), &at));
		assert_ok(time_parse(str_c(all[i].later), &later));
		assert_int_equal(time_months_later(at, all[i].months), later);
		assert_int_equal(time_months_later(at + 123456, all[i].months), later + 123456);
	}
	assert_int_equal(time_months_later(TIME_NEVER, 1), TIME_NEVER);
}

static void
split_and_join(void **state)
{
	(void)state;
	unit_seed();
	for (int i = 0; i < 200000; i++) {
		int64_t at = (int64_t)unit_below((uint64_t)TIME_NEVER + TIME_SECOND), back;
		struct time_parts t = time_split(at);
		assert_ok(time_join(t, &back));
		if (at != back)
			fail_msg("%lld comes back as %lld", (long long)at, (long long)back);
	}
}

/* Each day of 400 years follows the one before, by the rules of the calendar written a second time. */
static void
every_day(void **state)
{
	(void)state;
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int y = 1970, m = 1, d = 1;
	for (int64_t at = 0; y < 2400; at += TIME_DAY) {
		struct time_parts t = time_split(at);
		if (t.year != y || t.month != m || t.day != d)
			fail_msg("%d-%d-%d is read as %d-%d-%d", y, m, d, t.year, t.month, t.day);
		bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
		if (++d > days[m - 1] + (m == 2 && leap)) {
			d = 1;
			m = m == 12 ? 1 : m + 1;
			y += m == 1;
		}
	}
}

static void
text_with_us(void **state)
{
	(void)state;
	char text[TIME_TEXT_MAX];
	time_text(INT64_C(1795356202) * TIME_SECOND + 42, true, text);
	assert_string_equal(text, "2026-11-22T14:03:22.000042Z");
	time_text(TIME_NEVER + TIME_SECOND - 1, true, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
	assert_true(time_floor(INT64_C(1795356202) * TIME_SECOND + 42) == INT64_C(1795356202) * TIME_SECOND);
}

static void
dates_that_do_not_exist(void **state)
{
	(void)state;
	static const struct time_parts bad[] = {
	    {2026, 2, 29, 0, 0, 0, 0}, {2100, 2, 29, 0, 0, 0, 0}, {2026, 4, 31, 0, 0, 0, 0}, {2026, 13, 1, 0, 0, 0, 0},
	    {2026, 0, 1, 0, 0, 0, 0}, {2026, 1, 0, 0, 0, 0, 0}, {2026, 1, 32, 0, 0, 0, 0}, {2026, 1, 1, 24, 0, 0, 0},
	    {2026, 1, 1, 0, 60, 0, 0}, {2026, 1, 1, 0, 0, 60, 0}, {2026, 1, 1, 0, 0, 0, 1000000},
	    {2026, 1, 1, 0, 0, 0, -1}, {1969, 12, 31, 23, 59, 59, 0}, {10000, 1, 1, 0, 0, 0, 0}, {2026, -1, 1, 0, 0, 0, 0},
	};
	int64_t at = 7;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_err(time_join(bad[i], &at), ERR_INPUT);
	assert_int_equal(at, 7);
}

static void
text_of_another_shape(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "2026-11-22", "2026-11-22T14:03:22", "2026-11-22T14:03:22z",
	    "2026-11-22t14:03:22Z", "2026-11-22 14:03:22Z", "2026-11-22T14:03:22+00:00", "2026-11-22T14:03:2Z",
	    "2026-11-22T14:03:022Z", "2026-11-22T14:03:60Z", "2026-11-31T14:03:22Z", "-026-11-22T14:03:22Z",
	    "2026-11-22T14:03: 2Z", "2026-11-22T+4:03:22Z", "2026-11-22T14:03:22ZZ"};
	int64_t at = 7;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_err(time_parse(str_c(bad[i]), &at), ERR_INPUT);
	assert_int_equal(at, 7);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(known_times),
    cmocka_unit_test(split_and_join),
    cmocka_unit_test(months_later),
    cmocka_unit_test(every_day),
    cmocka_unit_test(text_with_us),
    cmocka_unit_test(dates_that_do_not_exist),
    cmocka_unit_test(text_of_another_shape),
};
UNIT_MAIN(tests)
