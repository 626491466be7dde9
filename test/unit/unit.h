/*
 * What every unit test needs: cmocka with the headers it wants before it, checks of err_t, and a seeded generator for
 * property tests. The seed is printed as a TAP comment; PARAPH_SEED=number repeats a run.
 */
#ifndef PARAPH_TEST_UNIT_H
#define PARAPH_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/rand.h"

#define assert_ok(expression)                                                                                          \
	do {                                                                                                           \
		err_t unit_e_ = (expression);                                                                          \
		if (err_is(unit_e_))                                                                                   \
			fail_msg("%s: error %u: %s (%s)", #expression, (unsigned)unit_e_.code, err_detail(),           \
			    err_place());                                                                              \
	} while (0)

#define assert_err(expression, wanted) assert_int_equal((expression).code, (wanted))

static uint64_t unit_state;

/* Starts the generator; call it at the top of each property test. */
static inline void
unit_seed(void)
{
	const char *given = getenv("PARAPH_SEED");
	uint64_t seed;
	if (given != NULL)
		seed = strtoull(given, NULL, 10);
	else
		rand_fill(&seed, sizeof seed);
	printf("# PARAPH_SEED=%llu\n", (unsigned long long)seed);
	unit_state = seed;
}

/* splitmix64: any seed will do, zero too. */
static inline uint64_t
unit_next(void)
{
	uint64_t z = unit_state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 .. below - 1 */
static inline uint64_t
unit_below(uint64_t below)
{
	return unit_next() % below;
}

static inline void
unit_fill(void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = (uint8_t)unit_next();
}

#define UNIT_MAIN(tests)                                                                                               \
	int main(void)                                                                                                 \
	{                                                                                                              \
		return cmocka_run_group_tests(tests, NULL, NULL);                                                      \
	}

#endif
