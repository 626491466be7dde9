#include "document/reader.h"
#include "sample.h"
#include "unit.h"

static void
knows_the_newest_section(void **state)
{
	(void)state;
	static const struct { char flavour; enum plan_xref xref; } cases[] = {{'c', PLAN_CLASSIC}, {'s', PLAN_STREAM}, {'h', PLAN_HYBRID}};
	for (size_t i = 0; i < 3; i++) {
		AUTO_SAMPLE(s);
		AUTO_READER(r);
		assert_ok(reader_new(sample_make(&s, cases[i].flavour, "", ""), &r));
		assert_int_equal(r->xref, cases[i].xref);
		assert_int_equal(r->root_ref.number, 1);
		assert_int_equal(r->shift, 0);
	}
}

static void
refuses_what_is_no_document(void **state)
{
	(void)state;
	struct reader *r = NULL;
	AUTO_SAMPLE(s);
	struct bytes file = sample_make(&s, 'c', "", "");
	assert_err(reader_new(bytes("", 0), &r), ERR_PDF_EMPTY);
	assert_err(reader_new(bytes("<html>", 6), &r), ERR_PDF_NOT_A_PDF);
	assert_err(reader_new(bytes(file.p, file.n - 20), &r), ERR_PDF_TRUNCATED);
	assert_err(reader_new(bytes(file.p, 9), &r), ERR_PDF_TRUNCATED);
	assert_null(r);
}

/* The text before and after startxref is changed in place. */
static void
change(struct sample *s, const char *from, const char *to)
{
	size_t at = bytes_find(buf_bytes(&s->b), 0, bytes(from, strlen(from)));
	assert_true(at != SIZE_MAX);
	memcpy(s->b.p + at, to, strlen(to));
}

static void
refuses_damage(void **state)
{
	(void)state;
	static const struct { const char *from, *to; unsigned code; } cases[] = {
	    {"startxref\n", "startxref\n9", ERR_PDF_TRUNCATED}, {"startxref\n", "startxref\nx", ERR_PDF_DAMAGED},
	    {"xref\n0", "yref\n0", ERR_PDF_DAMAGED}, {"/Root 1", "/Root 9", ERR_PDF_DAMAGED}, {"/Root 1", "/Root 2", ERR_PDF_DAMAGED},
	    {"/Size 5", "/Size 0", ERR_PDF_DAMAGED}, {"1 0 obj", "7 0 obj", ERR_PDF_DAMAGED}, {"trailer", "trailed", ERR_PDF_DAMAGED},
	    {"/Pages 2", "/Pages 9", ERR_PDF_DAMAGED}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_SAMPLE(s);
		AUTO_READER(r);
		sample_make(&s, 'c', "", "");
		change(&s, cases[i].from, cases[i].to);
		assert_err(reader_new(buf_bytes(&s.b), &r), cases[i].code);
	}
}

static void
refuses_encryption(void **state)
{
	(void)state;
	AUTO_SAMPLE(s);
	struct reader *r = NULL;
	sample_start(&s);
	sample_page(&s, "", "");
	s.trailer = "/ID [<00><00>] /Encrypt <</Filter /Unheard /V 9 /R 9>>";
	assert_err(reader_new(sample_end(&s, 'c'), &r), ERR_PDF_ENCRYPTED);
}

static void
objects_have_a_limit(void **state)
{
	(void)state;
	AUTO_SAMPLE(s);
	AUTO_READER(r);
	sample_start(&s);
	sample_page(&s, "", "");
	s.trailer = "          ";
	sample_end(&s, 's');
	change(&s, "/Size 6 /Root 1 0 R       ", "/Size 9000000 /Root 1 0 R ");
	assert_err(reader_new(buf_bytes(&s.b), &r), ERR_PDF_TOO_COMPLEX);
}

/* A table with an object far behind the others, and a trailer that does not count it. New numbers stand above all of them. The
 * file is long enough for so many objects: otherwise newer versions of qpdf believe in none of them. */
static void
objects_are_counted_whatever_the_trailer_says(void **state)
{
	(void)state;
	enum { LONG_ENOUGH = 3 * 1000001 };
	static const struct { unsigned number; unsigned code; } cases[] = {{5, ERR_OK}, {999999, ERR_OK}, {1000000, ERR_PDF_TOO_COMPLEX}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_SAMPLE(s);
		AUTO_READER(r);
		AUTO_BUF(b, 2 * LONG_ENOUGH);
		sample_start(&s);
		sample_page(&s, "", "");
		buf_put(&b, buf_bytes(&s.b));
		size_t far = b.n;
		buf_printf(&b, "%u 0 obj\n<<>>\nendobj\n", cases[i].number);
		while (b.n < LONG_ENOUGH)
			buf_put_byte(&b, '\n');
		size_t at = b.n;
		buf_printf(&b, "xref\n0 5\n0000000000 65535 f\r\n");
		for (size_t j = 1; j < 5; j++)
			buf_printf(&b, "%010zu 00000 n\r\n", s.offsets[j]);
		buf_printf(&b, "%u 1\n%010zu 00000 n\r\ntrailer\n<</Size 5 /Root 1 0 R>>\nstartxref\n%zu\n%%%%EOF\n",
		    cases[i].number, far, at);
		assert_err(reader_new(buf_bytes(&b), &r), cases[i].code);
		if (cases[i].code == ERR_OK)
			assert_int_equal(r->size, cases[i].number + 1);
	}
}

static void
offsets_count_from_the_header(void **state)
{
	(void)state;
	AUTO_SAMPLE(s);
	AUTO_READER(r);
	AUTO_BUF(b, SAMPLE_LEN_MAX);
	struct bytes file = sample_make(&s, 'c', "", "");
	buf_put_str(&b, STR("something before\n"));
	buf_put(&b, file);
	assert_ok(reader_new(buf_bytes(&b), &r));
	assert_int_equal(r->shift, 17);
}

static void
asks_without_surprise(void **state)
{
	(void)state;
	AUTO_SAMPLE(s);
	AUTO_READER(r);
	AUTO_BUF(b, 10000);
	double number;
	int64_t integer;
	static const char *const skip[] = {"/Pages", "/Type", NULL};
	assert_ok(reader_new(sample_make(&s, 'c', "/A (x\\351) /B [1 2.5 /N 9] /C#20D <</E 3 0 R>> /T <feff263a>", ""), &r));
	assert_int_equal(reader_count(r, reader_key(r, r->root, "/B")), 4);
	assert_true(reader_number(r, reader_item(r, reader_key(r, r->root, "/B"), 1), &number));
	assert_true(number == 2.5);
	assert_false(reader_integer(r, reader_item(r, reader_key(r, r->root, "/B"), 2), &integer));
	assert_int_equal(reader_count(r, r->root), 0);
	assert_false(reader_has(r, reader_key(r, r->root, "/B"), "/A"));
	assert_true(str_eq(reader_text(r, reader_key(r, r->root, "/T")), STR("☺")));
	assert_int_equal(reader_octets(r, reader_key(r, r->root, "/A")).n, 2);
	assert_int_equal(reader_octets(r, reader_key(r, r->root, "/B")).n, 0);
	reader_put_entries(r, r->root, skip, &b);
	assert_true(bytes_find(buf_bytes(&b), 0, str_bytes(STR("/A <78e9>"))) != SIZE_MAX);
	assert_true(bytes_find(buf_bytes(&b), 0, str_bytes(STR("/C#20D << /E 3 0 R >>"))) != SIZE_MAX);
	assert_true(bytes_find(buf_bytes(&b), 0, str_bytes(STR("/Pages"))) == SIZE_MAX);
}

static void
meets_an_object_once(void **state)
{
	(void)state;
	AUTO_SAMPLE(s);
	AUTO_READER(r);
	assert_ok(reader_new(sample_make(&s, 'c', "", ""), &r));
	assert_true(reader_meet(r, (struct literal_ref){3, 0}));
	assert_false(reader_meet(r, (struct literal_ref){3, 0}));
	assert_false(reader_meet(r, (struct literal_ref){r->size, 0}));
	reader_forget(r);
	assert_true(reader_meet(r, (struct literal_ref){3, 0}));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(knows_the_newest_section),
    cmocka_unit_test(refuses_what_is_no_document),
    cmocka_unit_test(refuses_damage),
    cmocka_unit_test(refuses_encryption),
    cmocka_unit_test(objects_have_a_limit),
    cmocka_unit_test(objects_are_counted_whatever_the_trailer_says),
    cmocka_unit_test(offsets_count_from_the_header),
    cmocka_unit_test(asks_without_surprise),
    cmocka_unit_test(meets_an_object_once),
};

UNIT_MAIN(tests)
