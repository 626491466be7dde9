#include "api/limiter.h"
#include "base/time.h"
#include "unit.h"

static void
at_the_limit_and_past_it(void **state)
{
	(void)state;
	struct limiter *l = limiter_new();
	for (int i = 0; i < 10; i++)
		assert_ok(limiter_count(l, STR("key:a"), 1, 10, 5));
	assert_err(limiter_count(l, STR("key:a"), 1, 10, 5), ERR_RATE);
	for (int i = 0; i < 1000; i++)
		assert_err(limiter_count(l, STR("key:a"), 1, 10, 5), ERR_RATE);
	assert_ok(limiter_count(l, STR("key:a"), 2, 10, 5));               /* another class */
	assert_ok(limiter_count(l, STR("key:a"), 1, 10, 5 + TIME_MINUTE)); /* another minute */
	limiter_free(l);
	limiter_free(NULL);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(at_the_limit_and_past_it)};
UNIT_MAIN(tests)
