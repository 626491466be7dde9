#include "core/lease.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

static struct lease *lease;
static struct id docs[4];
static atomic_int inside[4];
static atomic_bool broken;

static void *
taker(void *arg)
{
	unsigned seed = *(unsigned *)arg;
	for (int i = 0; i < 300; i++) {
		size_t a = (seed + (unsigned)i) % 4, b = (a + 1 + (unsigned)i % 3) % 4;
		struct id both[2] = {docs[a], docs[b]}; /* in any order */
		if (err_is(lease_take(lease, both, 2, 30000000)))
			broken = true;
		if (atomic_fetch_add(&inside[a], 1) != 0 || atomic_fetch_add(&inside[b], 1) != 0)
			broken = true;
		atomic_fetch_sub(&inside[a], 1);
		atomic_fetch_sub(&inside[b], 1);
		lease_give(lease, both, 2);
	}
	return NULL;
}

static void
one_at_a_time_and_no_deadlock(void **state)
{
	pthread_t threads[6];
	unsigned seeds[6];
	(void)state;
	lease = lease_new();
	for (int i = 0; i < 4; i++)
		docs[i] = id_make(i);
	for (unsigned i = 0; i < 6; i++) {
		seeds[i] = i;
		pthread_create(&threads[i], NULL, taker, &seeds[i]);
	}
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	assert_false(broken);
	lease_free(lease);
}

static void
patience_ends(void **state)
{
	struct id a = id_make(1), b = id_make(2);
	(void)state;
	struct lease *l = lease_new();
	assert_ok(lease_take(l, &a, 1, 0));
	assert_err(lease_take(l, &a, 1, 20000), ERR_DEADLINE);
	assert_ok(lease_take(l, &b, 1, 0));
	lease_give(l, &a, 1);
	assert_ok(lease_take(l, &a, 1, 0));
	lease_give(l, &a, 1);
	lease_give(l, &a, 1); /* twice does no harm */
	lease_free(l);
	lease_free(NULL);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(one_at_a_time_and_no_deadlock), cmocka_unit_test(patience_ends),
};
UNIT_MAIN(tests)
