/*
 * Points in time as int64 microseconds since 1970-01-01 UTC (names end in _at). Pure arithmetic: nothing here reads a
 * clock (os/clock.h does). Years 1970 to 9999.
 */
#ifndef PARAPH_BASE_TIME_H
#define PARAPH_BASE_TIME_H

#include "base/bytes.h"

#define TIME_SECOND INT64_C(1000000)
#define TIME_MINUTE (60 * TIME_SECOND)
#define TIME_HOUR (60 * TIME_MINUTE)
#define TIME_DAY (24 * TIME_HOUR)
/* 9999-12-31T23:59:59Z [RFC 5280 4.1.2.5] */
#define TIME_NEVER INT64_C(253402300799000000)

struct time_parts {
	int year, month, day, hour, minute, second, us;
};

struct time_parts time_split(int64_t at);
/* ERR_INPUT for a date that does not exist. */
err_t time_join(struct time_parts parts, int64_t *ret_at);

/* The same day and time so many months later, or the last day of a month that is too short; TIME_NEVER at the most. */
int64_t time_months_later(int64_t at, int64_t months);

/* "2026-11-22T14:03:22Z" and, with us, "…22.123456Z" [RFC 3339]; NUL-terminated. */
enum { TIME_TEXT_MAX = 28 };
void time_text(int64_t at, bool with_us, char ret_text[TIME_TEXT_MAX]);
/* RFC 3339 with Z only. */
err_t time_parse(struct str text, int64_t *ret_at);

/* The start of the second that at lies in. */
static inline int64_t
time_floor(int64_t at)
{
	return at - at % TIME_SECOND;
}

#endif
