#include "core/id.h"
#include "unit.h"

static void
write_then_read_is_the_same(void **state)
{
	(void)state;
	unit_seed();
	for (int i = 0; i < 20000; i++) {
		struct id id, back;
		unit_fill(id.o, sizeof id.o);
		struct id_text t = id_text("req", id);
		assert_int_equal(strlen(t.c), 30);
		assert_ok(id_read("req", str_c(t.c), &back));
		assert_true(id_eq(id, back));
	}
}

static void
order_is_that_of_time(void **state)
{
	(void)state;
	struct id a = id_make(INT64_C(1700000000000000)), b = id_make(INT64_C(1700000000001000));
	assert_true(strcmp(id_text("x", a).c, id_text("x", b).c) < 0);
	assert_false(id_eq(id_make(5), id_make(5)));
}

static void
refuses(void **state)
{
	static const char *const bad[] = {"", "req_", "req", "reg_01M82NCCNDPFDDEXZYDMPADY1Y", "req_01M82NCCNDPFDDEXZYDMPADY1", "req_01M82NCCNDPFDDEXZYDMPADY1YY",
	    "req_01m82nccndpfddexzydmpady1y", "req_81M82NCCNDPFDDEXZYDMPADY1Y", "req_01M82NCCNDPFDDEXZYDMPADY1U", "req-01M82NCCNDPFDDEXZYDMPADY1Y"};
	struct id id;
	(void)state;
	assert_ok(id_read("req", STR("req_01M82NCCNDPFDDEXZYDMPADY1Y"), &id));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_err(id_read("req", str_c(bad[i]), &id), ERR_NOT_FOUND);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(write_then_read_is_the_same), cmocka_unit_test(order_is_that_of_time), cmocka_unit_test(refuses),
};
UNIT_MAIN(tests)
