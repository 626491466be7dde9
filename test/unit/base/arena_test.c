#include "base/arena.h"
#include "unit.h"

#include <stdalign.h>

static void
aligned_zeroed_apart(void **state)
{
	(void)state;
	unit_seed();
	AUTO_ARENA(a, 4 << 20);
	uint8_t *pieces[500];
	size_t lengths[500];
	for (size_t i = 0; i < 500; i++) {
		void *p;
		lengths[i] = unit_below(i % 50 == 0 ? 20000 : 200);
		assert_ok(arena_get(a, lengths[i], &p));
		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		pieces[i] = p;
		for (size_t k = 0; k < lengths[i]; k++)
			assert_int_equal(pieces[i][k], 0);
		memset(p, (int)(i & 255), lengths[i]);
	}
	for (size_t i = 0; i < 500; i++)
		for (size_t k = 0; k < lengths[i]; k++)
			assert_int_equal(pieces[i][k], i & 255);
}

static void
cap_holds(void **state)
{
	(void)state;
	AUTO_ARENA(a, 100000);
	void *p = NULL;
	size_t got = 0;
	while (!err_is(arena_get(a, 1000, &p)))
		got += 1000;
	assert_true(got > 95000 && got <= 100000);
	assert_err(arena_get(a, 100000, &p), ERR_MEMORY_LIMIT);
	assert_err(arena_get(a, SIZE_MAX, &p), ERR_MEMORY_LIMIT);
	assert_err(arena_get(a, SIZE_MAX - 8, &p), ERR_MEMORY_LIMIT);
}

static void
cap_holds_for_tiny_pieces(void **state)
{
	(void)state;
	AUTO_ARENA(a, 1000);
	void *p;
	int got = 0;
	while (got < 2000 && !err_is(arena_get(a, 1, &p)))
		got++;
	/* A piece of one octet costs its alignment: the cap is on memory, not on wishes. */
	assert_true(got <= 1000 / (int)alignof(max_align_t) + 1);
}

static void
cap_to_the_octet(void **state)
{
	(void)state;
	void *p = NULL;
	AUTO_ARENA(a, 1000);
	assert_ok(arena_get(a, 1000, &p));
	AUTO_ARENA(b, 1000);
	assert_err(arena_get(b, 1001, &p), ERR_MEMORY_LIMIT);
	assert_err(arena_get(b, 100 * 1000, &p), ERR_MEMORY_LIMIT);
}

static void
copies(void **state)
{
	(void)state;
	AUTO_ARENA(a, 10000);
	struct bytes copy;
	const char *c;
	char source[] = "text";
	assert_ok(arena_copy(a, bytes(source, 4), &copy));
	source[0] = 'n';
	assert_true(bytes_eq(copy, bytes("text", 4)));
	assert_int_equal(copy.p[4], 0);
	assert_ok(arena_copy(a, bytes(NULL, 0), &copy));
	assert_int_equal(copy.n, 0);
	assert_ok(arena_str(a, STR("abc"), &c));
	assert_string_equal(c, "abc");
	assert_ok(arena_printf(a, &c, "%d/%s", 7, "x"));
	assert_string_equal(c, "7/x");
	assert_err(arena_printf(a, &c, "%20000d", 7), ERR_MEMORY_LIMIT);
	assert_string_equal(c, "7/x");
	assert_err(arena_copy(a, bytes("x", SIZE_MAX), &copy), ERR_MEMORY_LIMIT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(aligned_zeroed_apart),
    cmocka_unit_test(cap_holds),
    cmocka_unit_test(cap_holds_for_tiny_pieces),
    cmocka_unit_test(cap_to_the_octet),
    cmocka_unit_test(copies),
};
UNIT_MAIN(tests)
