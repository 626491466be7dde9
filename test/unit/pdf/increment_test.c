#include "pdf/increment.h"
#include "samples.h"

#include <zlib.h>

static struct plan plan;
static struct increment inc;

static bool
has(const struct buf *b, const char *text)
{
	return bytes_find(buf_bytes(b), 0, bytes(text, strlen(text))) != SIZE_MAX;
}

static void
write_three(struct buf *out, enum plan_xref xref, uint64_t *ret_startxref)
{
	samples_plan(&plan, xref);
	increment_start(&inc, &plan, 10000, 4800, 30, out);
	struct literal_ref fresh = increment_number(&inc);
	assert_int_equal(fresh.number, 30);
	increment_object(&inc, (struct literal_ref){7, 3});
	buf_put_str(out, STR("<<>>"));
	increment_object_end(&inc);
	increment_stream(&inc, fresh, bytes("/A 1", 4), bytes("data", 4));
	increment_object(&inc, (struct literal_ref){6, 0});
	buf_put_str(out, STR("[]"));
	increment_object_end(&inc);
	assert_ok(increment_finish(&inc, ret_startxref));
}

/* Where an object of the file really starts. */
static uint64_t
place(const struct buf *b, const char *head)
{
	size_t at = bytes_find(buf_bytes(b), 0, bytes(head, strlen(head)));
	assert_true(at != SIZE_MAX);
	return 10000 + at;
}

static void
a_table_has_lines_of_twenty_octets(void **state)
{
	(void)state;
	AUTO_BUF(out, 100000);
	uint64_t startxref;
	char line[64], wanted[128];
	write_three(&out, PLAN_CLASSIC, &startxref);
	assert_int_equal(startxref, place(&out, "xref\n6 2\n"));
	snprintf(wanted, sizeof wanted, "xref\n6 2\n%010llu 00000 n\r\n%010llu 00003 n\r\n30 1\n%010llu 00000 n\r\ntrailer\n",
	    (unsigned long long)place(&out, "6 0 obj\n"), (unsigned long long)place(&out, "7 3 obj\n"),
	    (unsigned long long)place(&out, "30 0 obj\n"));
	assert_true(has(&out, wanted));
	assert_true(has(&out, "/Size 31 /Root 1 0 R /Info 2 0 R /ID [<"));
	assert_true(has(&out, " /Prev 4800>>\n"));
	snprintf(line, sizeof line, "startxref\n%llu\n%%%%EOF\n", (unsigned long long)startxref);
	assert_memory_equal(out.p + out.n - strlen(line), line, strlen(line));
	assert_false(has(&out, "XRefStm"));
	assert_true(has(&out, "<</A 1 /Length 4>>\nstream\ndata\nendstream\nendobj\n"));
}

static void
a_hybrid_file_gets_a_plain_table(void **state)
{
	(void)state;
	AUTO_BUF(one, 100000);
	AUTO_BUF(two, 100000);
	uint64_t startxref;
	write_three(&one, PLAN_CLASSIC, &startxref);
	write_three(&two, PLAN_HYBRID, &startxref);
	assert_true(bytes_eq(buf_bytes(&one), buf_bytes(&two)));
}

static void
a_stream_lists_itself(void **state)
{
	(void)state;
	AUTO_BUF(out, 100000);
	uint64_t startxref;
	write_three(&out, PLAN_STREAM, &startxref);
	assert_int_equal(startxref, place(&out, "31 0 obj\n<</Type /XRef /W [1 5 2] /Index [6 2 30 2] /Size 32 "));
	assert_false(has(&out, "trailer"));
	assert_false(has(&out, "xref\n6"));
	size_t at = bytes_find(buf_bytes(&out), startxref - 10000, str_bytes(STR("/Length 32>>\nstream\n")));
	assert_true(at != SIZE_MAX);
	const uint8_t *entry = out.p + at + strlen("/Length 32>>\nstream\n");
	static const struct { const char *head; int generation; } wanted[] = {{"6 0 obj", 0}, {"7 3 obj", 3}, {"30 0 obj", 0},
	    {"31 0 obj", 0}};
	for (size_t i = 0; i < 4; i++, entry += 8) {
		uint64_t offset = 0;
		for (size_t j = 1; j < 6; j++)
			offset = offset << 8 | entry[j];
		assert_int_equal(entry[0], 1);
		assert_int_equal(offset, place(&out, wanted[i].head));
		assert_int_equal(entry[6] << 8 | entry[7], wanted[i].generation);
	}
}

static void
places_do_not_count_what_is_before_the_header(void **state)
{
	(void)state;
	AUTO_BUF(out, 100000);
	uint64_t startxref;
	samples_plan(&plan, PLAN_CLASSIC);
	plan.shift = 100;
	increment_start(&inc, &plan, 10000, 4800, 30, &out);
	increment_object(&inc, (struct literal_ref){7, 0});
	increment_object_end(&inc);
	assert_ok(increment_finish(&inc, &startxref));
	assert_int_equal(startxref, place(&out, "xref\n7 1\n") - 100);
	assert_true(has(&out, "0000009901 00000 n\r\n"));
}

static void
packed_data_unpacks(void **state)
{
	(void)state;
	static uint8_t data[5000], back[5000];
	AUTO_BUF(b, 100000);
	unit_seed();
	for (int i = 0; i < 200; i++) {
		size_t n = unit_below(sizeof data + 1);
		for (size_t j = 0; j < n; j++)
			data[j] = (uint8_t)unit_below(1 + unit_below(256));
		buf_reset(&b);
		increment_pack(bytes(data, n), &b);
		uLong got = sizeof back;
		assert_int_equal(uncompress(back, &got, b.p, b.n), Z_OK);
		assert_int_equal(got, n);
		assert_memory_equal(back, data, n);
	}
}

static void
too_many_objects(void **state)
{
	(void)state;
	AUTO_BUF(out, 1000000);
	uint64_t startxref = 1;
	samples_plan(&plan, PLAN_CLASSIC);
	increment_start(&inc, &plan, 10000, 4800, 30, &out);
	for (uint32_t i = 0; i < INCREMENT_OBJECTS_MAX; i++)
		increment_stream(&inc, increment_number(&inc), bytes("", 0), bytes("", 0));
	struct increment full = inc;
	assert_ok(increment_finish(&full, &startxref)); /* at the limit */
	increment_stream(&inc, increment_number(&inc), bytes("", 0), bytes("", 0));
	assert_err(increment_finish(&inc, &startxref), ERR_LIMIT);
}

static void
too_little_room(void **state)
{
	(void)state;
	AUTO_BUF(out, 300);
	uint64_t startxref;
	samples_plan(&plan, PLAN_CLASSIC);
	increment_start(&inc, &plan, 10000, 4800, 30, &out);
	increment_stream(&inc, increment_number(&inc), bytes("", 0), bytes(plan.fields, 400));
	assert_err(increment_finish(&inc, &startxref), ERR_LIMIT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_table_has_lines_of_twenty_octets),
    cmocka_unit_test(a_hybrid_file_gets_a_plain_table),
    cmocka_unit_test(a_stream_lists_itself),
    cmocka_unit_test(places_do_not_count_what_is_before_the_header),
    cmocka_unit_test(packed_data_unpacks),
    cmocka_unit_test(too_many_objects),
    cmocka_unit_test(too_little_room),
};

UNIT_MAIN(tests)
