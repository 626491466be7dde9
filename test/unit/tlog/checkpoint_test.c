#include "tlog/checkpoint.h"
#include "unit.h"

static void
reads_what_it_wrote(void **state)
{
	(void)state;
	unit_seed();
	for (int i = 0; i < 500; i++) {
		struct checkpoint c = {.origin = STR("demo.example"), .size = unit_next(), .at = (int64_t)unit_below(2000000000000000)};
		struct checkpoint back;
		unit_fill(c.root, sizeof c.root);
		AUTO_BUF(text, 1000);
		checkpoint_write(&c, &text);
		assert_ok(checkpoint_read(buf_bytes(&text), &back));
		assert_true(str_eq(back.origin, c.origin) && back.size == c.size && back.at == c.at);
		assert_memory_equal(back.root, c.root, sizeof c.root);
	}
}

static void
refuses_every_other_form(void **state)
{
	(void)state;
	struct checkpoint c = {.origin = STR("demo.example"), .size = 12, .at = 1795356202000001}, back;
	AUTO_BUF(text, 1000);
	checkpoint_write(&c, &text);
	for (size_t cut = 0; cut < text.n; cut++)
		assert_true(err_is(checkpoint_read(bytes(text.p, cut), &back)));
	buf_put_byte(&text, '\n');
	assert_err(checkpoint_read(buf_bytes(&text), &back), ERR_INPUT);
	text.n--;
	text.p[34] = '0'; /* "12" becomes "02": a number has one form */
	assert_int_equal(text.p[35], '2');
	assert_err(checkpoint_read(buf_bytes(&text), &back), ERR_INPUT);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(reads_what_it_wrote), cmocka_unit_test(refuses_every_other_form)};
UNIT_MAIN(tests)
