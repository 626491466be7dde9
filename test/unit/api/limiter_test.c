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

/* As many signers as may meet a busy sender: with counts shared by place one in 8,192 was refused for another's calls. */
static void
nobody_is_refused_for_what_another_did(void **state)
{
	(void)state;
	struct limiter *l = limiter_new();
	char name[32];
	for (int busy = 0; busy < 50; busy++) {
		snprintf(name, sizeof name, "key:busy%d", busy);
		for (int i = 0; i < 1000; i++)
			(void)limiter_count(l, str_c(name), 1, 10, 5);
	}
	for (int i = 0; i < 8000; i++) {
		snprintf(name, sizeof name, "sgr_%d", i);
		assert_ok(limiter_count(l, str_c(name), 1, 10, 5));
	}
	for (int busy = 0; busy < 50; busy++) { /* and the busy ones were not forgotten meanwhile */
		snprintf(name, sizeof name, "key:busy%d", busy);
		assert_err(limiter_count(l, str_c(name), 1, 10, 5), ERR_RATE);
	}
	limiter_free(l);
}

/* More names than places: the table keeps its size, and who floods stays refused. */
static void
a_flood_of_names_frees_nobody(void **state)
{
	(void)state;
	struct limiter *l = limiter_new();
	char name[32];
	for (int i = 0; i < 1000; i++)
		(void)limiter_count(l, STR("key:a"), 1, 10, 5);
	for (int i = 0; i < 200000; i++) {
		snprintf(name, sizeof name, "198.51.%d.%d", i >> 8, i & 255);
		assert_ok(limiter_count(l, str_c(name), 1, 10, 5));
	}
	assert_err(limiter_count(l, STR("key:a"), 1, 10, 5), ERR_RATE);
	limiter_free(l);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(at_the_limit_and_past_it),
	cmocka_unit_test(nobody_is_refused_for_what_another_did),
	cmocka_unit_test(a_flood_of_names_frees_nobody),
};
UNIT_MAIN(tests)
