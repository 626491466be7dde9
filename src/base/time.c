#include "base/time.h"

/* Days since 1970-01-01 of a date of the Gregorian calendar; March is the first month of the reckoning's year. */
static int64_t
days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void
date_of(int64_t days, struct time_parts *ret_parts)
{
	days += 719468;
	int64_t era = days / 146097, d = days - era * 146097;
	int64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
	int64_t of_year = d - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;
	ret_parts->day = (int)(of_year - (153 * m + 2) / 5 + 1);
	ret_parts->month = (int)(m < 10 ? m + 3 : m - 9);
	ret_parts->year = (int)(y + era * 400 + (ret_parts->month <= 2));
}

struct time_parts
time_split(int64_t at)
{
	struct time_parts t = {0};
	int64_t seconds = at / TIME_SECOND, days = seconds / 86400, rest = seconds % 86400;
	date_of(days, &t);
	t.hour = (int)(rest / 3600);
	t.minute = (int)(rest / 60 % 60);
	t.second = (int)(rest % 60);
	t.us = (int)(at % TIME_SECOND);
	return t;
}

err_t
time_join(struct time_parts p, int64_t *ret_at)
{
	bool ranges = p.year >= 1970 && p.year <= 9999 && p.month >= 1 && p.month <= 12 && p.day >= 1 && p.day <= 31 &&
	              p.hour >= 0 && p.hour <= 23 && p.minute >= 0 && p.minute <= 59 && p.second >= 0 &&
	              p.second <= 59 && p.us >= 0 && p.us < TIME_SECOND;
	if (!ranges)
		return err_make(ERR_INPUT, "no such date or time");
	int64_t days = days_of(p.year, p.month, p.day);
	struct time_parts back = {0};
	date_of(days, &back);
	if (back.day != p.day || back.month != p.month)
		return err_make(ERR_INPUT, "no such day in that month");
	*ret_at = (((days * 24 + p.hour) * 60 + p.minute) * 60 + p.second) * TIME_SECOND + p.us;
	return OK;
}

int64_t
time_months_later(int64_t at, int64_t months)
{
	struct time_parts p = time_split(at);
	int64_t month = p.year * INT64_C(12) + p.month - 1 + months, later = TIME_NEVER;
	if (month / 12 > 9999)
		return TIME_NEVER;
	p.year = (int)(month / 12);
	p.month = (int)(month % 12) + 1;
	while (err_is(time_join(p, &later)) && p.day > 28)
		p.day--;
	return later;
}

void
time_text(int64_t at, bool with_us, char ret_text[TIME_TEXT_MAX])
{
	struct time_parts t = time_split(at);
	int n = snprintf(ret_text, TIME_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned)t.year % 10000,
	    (unsigned)t.month % 100, (unsigned)t.day % 100, (unsigned)t.hour % 100, (unsigned)t.minute % 100,
	    (unsigned)t.second % 100);
	snprintf(ret_text + n, (size_t)(TIME_TEXT_MAX - n), with_us ? ".%06uZ" : "Z", (unsigned)t.us % 1000000);
}

static err_t
number(struct str text, size_t from, size_t n, int *ret_value)
{
	uint64_t value;
	if (from + n > text.n)
		return err_make(ERR_INPUT, "the time is too short");
	TRY(str_u64((struct str){text.p + from, n}, 9999, &value));
	*ret_value = (int)value;
	return OK;
}

err_t
time_parse(struct str text, int64_t *ret_at)
{
	struct time_parts t = {0};
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	if (text.n != sizeof shape - 1)
		return err_make(ERR_INPUT, "a time looks like 2026-11-22T14:03:22Z");
	for (size_t i = 0; i < text.n; i++)
		if (shape[i] != 'd' && shape[i] != text.p[i])
			return err_make(ERR_INPUT, "a time looks like 2026-11-22T14:03:22Z");
	TRY(number(text, 0, 4, &t.year));
	TRY(number(text, 5, 2, &t.month));
	TRY(number(text, 8, 2, &t.day));
	TRY(number(text, 11, 2, &t.hour));
	TRY(number(text, 14, 2, &t.minute));
	TRY(number(text, 17, 2, &t.second));
	return time_join(t, ret_at);
}
