#include "os/clock.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>

static _Atomic int64_t high_water;

static int64_t
read_clock(clockid_t which)
{
	struct timespec t;
	if (clock_gettime(which, &t) != 0)
		abort();
	return (int64_t)t.tv_sec * TIME_SECOND + t.tv_nsec / 1000;
}

void
clock_mark(int64_t at)
{
	int64_t mark = atomic_load(&high_water);
	while (at > mark && !atomic_compare_exchange_weak(&high_water, &mark, at))
		;
}

int64_t
clock_now(void)
{
	clock_mark(read_clock(CLOCK_REALTIME));
	return atomic_load(&high_water);
}

int64_t
clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

struct clock_state
clock_state(void)
{
#ifdef PARAPH_FAULT_HOOKS
	if (getenv("PARAPH_TEST_CLOCK") != NULL) /* tests run where no time service does */
		return (struct clock_state){.synchronised = true};
#endif
	struct timex t = {0};
	int state = adjtimex(&t);
	int64_t behind = atomic_load(&high_water) - read_clock(CLOCK_REALTIME);
	return (struct clock_state){
	    .synchronised = state >= 0 && state != TIME_ERROR && (t.status & STA_UNSYNC) == 0,
	    .max_error_us = t.maxerror,
	    .behind_mark_us = behind > 0 ? behind : 0,
	};
}
