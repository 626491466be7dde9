/*
 * Clocks. The wall clock is read for content only (times in certificates, records, logs), the monotonic clock for
 * deadlines. Content time never goes back: a high-water mark, seeded from what the program stored, holds it. Any thread.
 */
#ifndef PARAPH_OS_CLOCK_H
#define PARAPH_OS_CLOCK_H

#include "base/time.h"

/* UTC microseconds; never smaller than an earlier answer or the mark. */
int64_t clock_now(void);
/* No content time before at: call at start with the newest time found in the program's own records. */
void clock_mark(int64_t at);

/* Microseconds of CLOCK_MONOTONIC, for deadlines. */
int64_t clock_monotonic(void);

/* What the kernel knows of the clock [EN 319 421 TIS-7.7.1-07]. */
struct clock_state {
	bool synchronised;      /* STA_UNSYNC is not set */
	int64_t max_error_us;
	int64_t behind_mark_us; /* how far the clock stands behind the mark; 0 when it does not */
};
struct clock_state clock_state(void);

#endif
