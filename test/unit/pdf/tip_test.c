#include "pdf/tip.h"
#include "samples.h"

static void
starts_at_revision_0(void **state)
{
	(void)state;
	static struct plan p;
	static struct tip tip;
	samples_plan(&p, PLAN_CLASSIC);
	tip_start(&p, &tip);
	assert_int_equal(tip.length, 5000);
	assert_int_equal(tip.startxref, 4800);
	assert_int_equal(tip.next, 30);
	assert_int_equal(tip.filled, 0);
	assert_int_equal(tip.items_n, 0);
}

static void
property_read_gives_back_what_was_written(void **state)
{
	(void)state;
	static struct tip tip, back;
	unit_seed();
	for (int i = 0; i < 300; i++) {
		AUTO_BUF(b, TIP_LEN_MAX);
		AUTO_BUF(again, TIP_LEN_MAX);
		unit_fill(&tip, sizeof tip);
		tip.items_n = (uint32_t)unit_below(TIP_ITEMS_MAX + 1);
		for (uint32_t j = 0; j < tip.items_n; j++)
			tip.items[j].kind = (enum tip_kind)(1 + unit_below(3));
		tip_write(&tip, &b);
		assert_ok(buf_check(&b));
		assert_ok(tip_read(buf_bytes(&b), &back));
		tip_write(&back, &again);
		assert_true(bytes_eq(buf_bytes(&b), buf_bytes(&again)));
		assert_err(tip_read(bytes(b.p, b.n - 1), &back), ERR_PDF_PLAN);
	}
}

static void
refuses_other_octets(void **state)
{
	(void)state;
	static struct plan p;
	static struct tip tip;
	AUTO_BUF(b, TIP_LEN_MAX + 1);
	samples_plan(&p, PLAN_CLASSIC);
	tip_start(&p, &tip);
	tip.items_n = 1;
	tip.items[0].kind = TIP_CRL;
	tip_write(&tip, &b);
	b.p[0] = 2; /* version */
	assert_err(tip_read(buf_bytes(&b), &tip), ERR_PDF_PLAN);
	b.p[0] = 1;
	b.p[33] = 4; /* kind of the item */
	assert_err(tip_read(buf_bytes(&b), &tip), ERR_PDF_PLAN);
	b.p[33] = 3;
	b.p[29] = 0xff; /* number of items */
	assert_err(tip_read(buf_bytes(&b), &tip), ERR_PDF_PLAN);
	assert_err(tip_read(bytes("", 0), &tip), ERR_PDF_PLAN);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(starts_at_revision_0),
    cmocka_unit_test(property_read_gives_back_what_was_written),
    cmocka_unit_test(refuses_other_octets),
};

UNIT_MAIN(tests)
