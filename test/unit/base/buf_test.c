#include "base/buf.h"
#include "unit.h"

static void
grows(void **state)
{
	(void)state;
	AUTO_BUF(b, 100000);
	assert_ok(buf_check(&b));
	assert_int_equal(buf_bytes(&b).n, 0);
	for (uint32_t i = 0; i < 25000; i++)
		buf_put_u32(&b, i);
	assert_ok(buf_check(&b));
	assert_int_equal(b.n, 100000);
	assert_memory_equal(b.p + 4 * 24999, "\x00\x00\x61\xa7", 4);
}

static void
cap_is_exact_and_sticky(void **state)
{
	(void)state;
	AUTO_BUF(b, 10);
	buf_put(&b, bytes("0123456789", 10));
	assert_ok(buf_check(&b));
	buf_put_byte(&b, 'x');
	assert_err(buf_check(&b), ERR_LIMIT);
	assert_int_equal(b.n, 10);
	buf_reset(&b);
	assert_ok(buf_check(&b));
	buf_put(&b, bytes("0123456789x", 11)); /* all or nothing */
	assert_int_equal(b.n, 0);
	buf_put_byte(&b, 'y'); /* would fit, but the error stays */
	assert_int_equal(b.n, 0);
	assert_err(buf_check(&b), ERR_LIMIT);
}

static void
far_past_the_cap(void **state)
{
	(void)state;
	AUTO_BUF(b, 10);
	assert_null(buf_extend(&b, SIZE_MAX));
	assert_err(buf_check(&b), ERR_LIMIT);
	AUTO_BUF(c, SIZE_MAX);
	buf_put_byte(&c, 1);
	buf_put_hex(&c, bytes("x", SIZE_MAX)); /* its length overflows: never read */
	assert_err(buf_check(&c), ERR_LIMIT);
	AUTO_BUF(none, 0);
	buf_put(&none, bytes(NULL, 0));
	assert_ok(buf_check(&none));
	buf_put_byte(&none, 1);
	assert_err(buf_check(&none), ERR_LIMIT);
}

static void
writers(void **state)
{
	(void)state;
	AUTO_BUF(b, 1000);
	buf_put_u16(&b, 0x0102);
	buf_put_u32(&b, 0x03040506);
	buf_put_u64(&b, UINT64_C(0x0708090a0b0c0d0e));
	assert_memory_equal(b.p, "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe", 14);
	buf_reset(&b);
	buf_put_str(&b, STR("a"));
	buf_put_hex(&b, bytes("\xab\x01", 2));
	buf_printf(&b, "%s-%d", "x", 42);
	uint8_t *p = buf_extend(&b, 3);
	assert_memory_equal(p, "\0\0\0", 3);
	assert_true(bytes_eq(buf_bytes(&b), bytes("aab01x-42\0\0\0", 12)));
}

static void
text_up_to_the_cap(void **state)
{
	(void)state;
	/* vsnprintf's NUL is not content, so text may fill the cap to the last octet. */
	AUTO_BUF(b, 5);
	buf_printf(&b, "%s", "12345");
	assert_ok(buf_check(&b));
	assert_true(bytes_eq(buf_bytes(&b), bytes("12345", 5)));
	AUTO_BUF(h, 4);
	buf_put_hex(&h, bytes("\xab\xcd", 2));
	assert_ok(buf_check(&h));
	assert_true(bytes_eq(buf_bytes(&h), bytes("abcd", 4)));
	AUTO_BUF(c, 5);
	buf_printf(&c, "%s", "123456");
	assert_err(buf_check(&c), ERR_LIMIT);
}

static void
same_as_a_plain_array(void **state)
{
	(void)state;
	unit_seed();
	for (int round = 0; round < 200; round++) {
		uint8_t want[4096], piece[300];
		size_t n = 0, cap = unit_below(sizeof want);
		bool over = false;
		AUTO_BUF(b, cap);
		for (int i = 0; i < 40; i++) {
			size_t m = unit_below(sizeof piece);
			unit_fill(piece, m);
			buf_put(&b, bytes(piece, m));
			over = over || m > cap - n;
			if (!over) {
				memcpy(want + n, piece, m);
				n += m;
			}
		}
		assert_int_equal(err_is(buf_check(&b)), over);
		assert_true(bytes_eq(buf_bytes(&b), bytes(want, n)));
	}
}

static void
done_twice(void **state)
{
	(void)state;
	struct buf b = buf_init(10);
	buf_put_byte(&b, 1);
	buf_done(&b);
	buf_done(&b);
	buf_put_byte(&b, 2); /* may be used again */
	assert_int_equal(b.n, 1);
	buf_done(&b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(grows),
    cmocka_unit_test(cap_is_exact_and_sticky),
    cmocka_unit_test(far_past_the_cap),
    cmocka_unit_test(writers),
    cmocka_unit_test(text_up_to_the_cap),
    cmocka_unit_test(same_as_a_plain_array),
    cmocka_unit_test(done_twice),
};
UNIT_MAIN(tests)
