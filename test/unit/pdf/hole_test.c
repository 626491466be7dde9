#include "pdf/hole.h"
#include "unit.h"

static void
start(struct buf *b)
{
	buf_reset(b);
	buf_put_str(b, STR("before<00000000>after"));
}

static const struct hole hole = {6, 16};

static void
fills_in_hex_and_pads(void **state)
{
	(void)state;
	AUTO_BUF(b, 100);
	start(&b);
	assert_int_equal(hole_room(hole), 4);
	assert_ok(hole_fill(&b, hole, bytes("\xab\x01", 2)));
	assert_memory_equal(b.p, "before<ab010000>after", 21);
	assert_ok(hole_fill(&b, hole, bytes("\x01\x02\x03\xf4", 4))); /* exactly full, and again is allowed */
	assert_memory_equal(b.p, "before<010203f4>after", 21);
	assert_ok(hole_fill(&b, hole, bytes("\x09", 1)));
	assert_memory_equal(b.p, "before<09000000>after", 21);
}

static void
refuses_too_much_and_nothing(void **state)
{
	(void)state;
	AUTO_BUF(b, 100);
	start(&b);
	assert_err(hole_fill(&b, hole, bytes("12345", 5)), ERR_PDF_HOLE);
	assert_err(hole_fill(&b, hole, bytes("", 0)), ERR_PDF_HOLE);
	assert_memory_equal(b.p, "before<00000000>after", 21);
}

static void
the_digest_does_not_see_it(void **state)
{
	(void)state;
	uint8_t one[DIGEST_SHA256_LEN], two[DIGEST_SHA256_LEN], wanted[DIGEST_SHA256_LEN];
	AUTO_BUF(b, 100);
	start(&b);
	AUTO_DIGEST(d, DIGEST_SHA256);
	AUTO_DIGEST(e, DIGEST_SHA256);
	hole_digest(buf_bytes(&b), hole, d);
	assert_ok(hole_fill(&b, hole, bytes("abcd", 4)));
	hole_digest(buf_bytes(&b), hole, e);
	digest_peek(d, one);
	digest_peek(e, two);
	digest_sha256(bytes("beforeafter", 11), wanted);
	assert_memory_equal(one, wanted, sizeof one);
	assert_memory_equal(two, wanted, sizeof two);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(fills_in_hex_and_pads),
    cmocka_unit_test(refuses_too_much_and_nothing),
    cmocka_unit_test(the_digest_does_not_see_it),
};

UNIT_MAIN(tests)
