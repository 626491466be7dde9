#include "pdf/plan.h"
#include "samples.h"

static void
read_gives_back_what_was_written(void **state)
{
	(void)state;
	static struct plan p, q;
	AUTO_BUF(b, LIMIT_PLAN);
	AUTO_BUF(again, LIMIT_PLAN);
	samples_plan(&p, PLAN_HYBRID);
	assert_ok(plan_write(&p, &b));
	assert_ok(plan_read(buf_bytes(&b), &q));
	assert_int_equal(q.xref, PLAN_HYBRID);
	assert_int_equal(q.fields_n, 4);
	assert_int_equal(q.fields[0].rect[1], -2000);
	assert_int_equal(q.fields[1].widget.number, 24);
	assert_true(str_eq(q.fields[1].name, STR("Υπογραφή")));
	assert_ok(plan_write(&q, &again));
	assert_true(bytes_eq(buf_bytes(&b), buf_bytes(&again)));
}

static void
property_one_form_for_each_plan(void **state)
{
	(void)state;
	static struct plan p, q;
	static uint8_t room[SAMPLES_ROOM];
	unit_seed();
	unit_fill(room, sizeof room);
	for (int i = 0; i < 500; i++) {
		AUTO_BUF(b, 2 * SAMPLES_ROOM);
		AUTO_BUF(again, 2 * SAMPLES_ROOM);
		samples_random(&p, room);
		assert_ok(plan_write(&p, &b));
		assert_ok(plan_read(buf_bytes(&b), &q));
		assert_ok(plan_write(&q, &again));
		assert_true(bytes_eq(buf_bytes(&b), buf_bytes(&again)));
	}
}

static void
property_a_cut_or_longer_plan_is_refused(void **state)
{
	(void)state;
	static struct plan p, q;
	AUTO_BUF(b, LIMIT_PLAN);
	samples_plan(&p, PLAN_CLASSIC);
	assert_ok(plan_write(&p, &b));
	for (size_t n = 0; n < b.n; n++)
		assert_err(plan_read(bytes(b.p, n), &q), ERR_PDF_PLAN);
	buf_put_byte(&b, 0);
	assert_err(plan_read(buf_bytes(&b), &q), ERR_PDF_PLAN);
}

/* Whatever octets are changed: either refused, or a plan that writes exactly these octets. */
static void
property_changed_octets(void **state)
{
	(void)state;
	static struct plan p, q;
	AUTO_BUF(b, LIMIT_PLAN);
	AUTO_BUF(again, LIMIT_PLAN);
	unit_seed();
	samples_plan(&p, PLAN_STREAM);
	assert_ok(plan_write(&p, &b));
	for (int i = 0; i < 20000; i++) {
		size_t at = unit_below(b.n);
		uint8_t kept = b.p[at];
		b.p[at] = (uint8_t)unit_next();
		if (!err_is(plan_read(buf_bytes(&b), &q))) {
			buf_reset(&again);
			assert_ok(plan_write(&q, &again));
			assert_true(bytes_eq(buf_bytes(&b), buf_bytes(&again)));
		}
		b.p[at] = kept;
	}
}

static void
refuses_what_is_out_of_range(void **state)
{
	(void)state;
	static struct plan p;
	static uint8_t long_run[PLAN_APPEARANCE_MAX + 1];
	AUTO_BUF(b, LIMIT_PLAN);
#define REFUSED(change)                                                                                                \
	do {                                                                                                           \
		samples_plan(&p, PLAN_CLASSIC);                                                                        \
		change;                                                                                                \
		buf_reset(&b);                                                                                         \
		assert_err(plan_write(&p, &b), ERR_PDF_PLAN);                                                          \
	} while (0)
	REFUSED(p.xref = (enum plan_xref)4);
	REFUSED(p.root.number = 0);
	REFUSED(p.dss.number = 0);
	REFUSED(p.startxref = p.length);
	REFUSED(p.shift = (uint32_t)p.length);
	REFUSED(p.length = PLAN_LENGTH_MAX + 1);
	REFUSED(p.next = PLAN_NUMBER_MAX + 1);
	REFUSED(p.id[0].n = 0);
	REFUSED(p.id[1] = bytes(long_run, PLAN_ID_MAX + 1));
	REFUSED(p.trailer = bytes(long_run, PLAN_TRAILER_MAX + 1));
	REFUSED(p.dss_certs = bytes(long_run, PLAN_REFERENCES_MAX + 1));
	REFUSED(p.fields_n = PLAN_FIELDS_MAX + 1);
	REFUSED(p.fields[0].kind = (enum plan_kind)0);
	REFUSED(p.fields[0].object.number = 0);
	REFUSED(p.fields[0].signer = LIMIT_SIGNERS);
	REFUSED(p.fields[0].entries = bytes(long_run, PLAN_ENTRIES_MAX + 1));
	REFUSED(p.fields[0].appearance_data = bytes(long_run, PLAN_APPEARANCE_MAX + 1));
	REFUSED(p.fields[0].appearance.number = 0);
	REFUSED(p.fields[1].widget.number = 0);
	REFUSED((p.fields[0].name = (struct str){(const char *)long_run, PLAN_NAME_MAX + 1}));
#undef REFUSED
	samples_plan(&p, PLAN_CLASSIC);
	p.fields[0].appearance_data = bytes(long_run, PLAN_APPEARANCE_MAX); /* at the limit */
	buf_reset(&b);
	assert_ok(plan_write(&p, &b));
}

static void
finds_fields_by_signer(void **state)
{
	(void)state;
	static struct plan p;
	size_t field = 99;
	samples_plan(&p, PLAN_CLASSIC);
	assert_ok(plan_find(&p, PLAN_STAMP, 1, &field));
	assert_int_equal(field, 3);
	assert_err(plan_find(&p, PLAN_SIGNATURE, 2, &field), ERR_PDF_PLAN);
	assert_int_equal(field, 3);
}

static void
the_digest_of_an_appearance_tells_entries_from_data(void **state)
{
	(void)state;
	static struct plan p;
	uint8_t a[DIGEST_SHA256_LEN], b[DIGEST_SHA256_LEN];
	samples_plan(&p, PLAN_CLASSIC);
	p.fields[0].appearance_entries = bytes("ab", 2);
	p.fields[0].appearance_data = bytes("c", 1);
	plan_appearance(&p, 0, a);
	p.fields[0].appearance_entries = bytes("a", 1);
	p.fields[0].appearance_data = bytes("bc", 2);
	plan_appearance(&p, 0, b);
	assert_memory_not_equal(a, b, sizeof a);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(read_gives_back_what_was_written),
    cmocka_unit_test(property_one_form_for_each_plan),
    cmocka_unit_test(property_a_cut_or_longer_plan_is_refused),
    cmocka_unit_test(property_changed_octets),
    cmocka_unit_test(refuses_what_is_out_of_range),
    cmocka_unit_test(finds_fields_by_signer),
    cmocka_unit_test(the_digest_of_an_appearance_tells_entries_from_data),
};

UNIT_MAIN(tests)
