#include "unit.h"

#include "supervisor/roster.h"

static struct instance
instance_with(int64_t workers)
{
	return (struct instance){.directory = "/nowhere", .workers = workers, .uid_base = 64100};
}

static void
every_channel_has_two_different_ends(void **state)
{
	(void)state;
	static const int64_t workers[] = {1, 2, 16, 64};
	for (size_t w = 0; w < sizeof workers / sizeof workers[0]; w++) {
		struct instance i = instance_with(workers[w]);
		struct roster r;
		roster_make(&i, &r);
		assert_int_equal(r.status_n, workers[w] > ROSTER_STATUS_MAX ? ROSTER_STATUS_MAX : workers[w]);
		assert_int_equal(r.programs_n, 6 + r.status_n);
		assert_int_equal(r.channels_n, 4 + 2 * r.status_n);
		assert_true(r.programs[r.programs_n - 1].front);
		for (size_t k = 0; k < r.channels_n; k++) {
			assert_true(r.channels[k].ends[0] != r.channels[k].ends[1]);
			for (size_t s = 0; s < 2; s++) {
				assert_true(r.channels[k].ends[s] < r.programs_n);
				assert_false(r.programs[r.channels[k].ends[s]].front);
			}
			for (size_t other = 0; other < k; other++)
				assert_string_not_equal(r.channels[k].name, r.channels[other].name);
		}
	}
}

/* keys reach no socket of the front; document neither. */
static void
who_listens(void **state)
{
	(void)state;
	struct instance i = instance_with(2);
	struct roster r;
	roster_make(&i, &r);
	for (size_t k = 0; k < r.programs_n; k++) {
		const struct roster_program *p = &r.programs[k];
		bool listens = p->socket[0] != '\0';
		bool may = strcmp(p->binary, "paraph-core") == 0 || strcmp(p->binary, "paraph-status") == 0 ||
		           strcmp(p->binary, "paraph-courier") == 0;
		assert_int_equal(listens, may);
		assert_int_equal(p->group_front, strcmp(p->binary, "paraph-core") == 0);
		assert_true(p->stop_step < ROSTER_STOP_STEPS);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_channel_has_two_different_ends),
    cmocka_unit_test(who_listens),
};
UNIT_MAIN(tests)
