#include "document/prepare.h"
#include "pdf/revision.h"
#include "sample.h"
#include "unit.h"

static struct typefaces *faces;
static struct plan plan;

static int
open_fonts(void **state)
{
	(void)state;
	return err_is(typeface_open_all(&faces));
}

static int
close_fonts(void **state)
{
	(void)state;
	typeface_close_all(faces);
	return 0;
}

/* A prepared document: the octets of revision 0 and its plan. */
struct done {
	struct buf file, plan;
	struct prepared prepared;
};

static err_t
prepare(struct bytes file, const struct inspect_order *order, struct done *d)
{
	AUTO_BUF(increment, LIMIT_INCREMENT);
	d->file = buf_init(2 * LIMIT_INCREMENT);
	d->plan = buf_init(LIMIT_PLAN);
	buf_put(&d->file, file);
	TRY(prepare_run(file, order, faces, &increment, &d->plan, &d->prepared));
	buf_put(&d->file, buf_bytes(&increment));
	return plan_read(buf_bytes(&d->plan), &plan);
}

static void
done_done(struct done *d)
{
	buf_done(&d->file);
	buf_done(&d->plan);
}
#define AUTO_DONE(name) __attribute__((cleanup(done_done))) struct done name = {0}

static const struct inspect_order two_signers = {.wishes_n = 2, .demo = true,
    .wishes = {{.name = STR("First"), .signer_name = STR("Jane Doe"), .note = STR("sign.example.org"), .visible = true, .page = 1,
                   .x = 10, .y = 20, .w = 150, .h = 50},
        {.name = STR("First"), .signer_name = STR("王小明")}}};

/* Opens what was written and follows the references that later revisions rely on. */
static void
check_structure(struct bytes file)
{
	AUTO_READER(r);
	struct literal_ref ref;
	assert_ok(reader_new(file, &r));
	assert_true(reader_ref(r, reader_key(r, r->root, "/DSS"), &ref));
	assert_int_equal(ref.number, plan.dss.number);
	qpdf_oh form = reader_key(r, r->root, "/AcroForm"), fields = reader_key(r, form, "/Fields");
	int64_t flags = 0;
	assert_true(reader_integer(r, reader_key(r, form, "/SigFlags"), &flags));
	assert_int_equal(flags, 3);
	size_t first = reader_count(r, fields) - plan.fields_n;
	for (size_t i = 0; i < plan.fields_n; i++) {
		qpdf_oh field = reader_item(r, fields, first + i);
		assert_true(reader_ref(r, field, &ref));
		assert_int_equal(ref.number, plan.fields[i].object.number);
		assert_true(reader_is_name(r, field, "/FT", "/Sig"));
		assert_false(reader_has(r, field, "/V"));
		assert_true(str_eq(reader_text(r, reader_key(r, field, "/T")), plan.fields[i].name));
		assert_int_equal(reader_has(r, field, "/AP"), plan.fields[i].appearance.number != 0);
	}
	struct pages pages;
	struct pages_wish wish = {0};
	assert_ok(pages_read(r, &wish, &pages));
	assert_true(reader_count(r, reader_key(r, pages_get(&pages, 1)->object, "/Annots")) >= plan.fields_n);
	assert_int_equal(r->startxref, plan.startxref);
	assert_int_equal(file.n, plan.length);
	assert_true(r->size <= plan.next);
}

static void
every_flavour(void **state)
{
	(void)state;
	for (const char *flavour = "csh"; *flavour != '\0'; flavour++) {
		AUTO_SAMPLE(s);
		AUTO_DONE(d);
		struct bytes file = sample_make(&s, *flavour, "", "");
		assert_ok(prepare(file, &two_signers, &d));
		assert_memory_equal(d.file.p, file.p, file.n); /* not an octet of the original changes */
		assert_int_equal(plan.fields_n, 4);
		assert_true(str_eq(plan.fields[0].name, STR("First")));
		assert_true(str_eq(plan.fields[1].name, STR("First-2")));
		assert_true(str_eq(plan.fields[2].name, STR("First-time")));
		assert_int_equal(plan.fields[0].rect[3], 780000);
		assert_int_equal(plan.fields[1].appearance.number, 0);
		assert_int_equal(plan.fields[3].kind, PLAN_STAMP);
		check_structure(buf_bytes(&d.file));
		uint8_t digest[DIGEST_SHA256_LEN];
		plan_appearance(&plan, 0, digest);
		assert_int_equal(d.prepared.appearances_n, 2);
		assert_memory_equal(d.prepared.appearances[0], digest, sizeof digest);
	}
}

static void
the_same_order_gives_the_same_octets(void **state)
{
	(void)state;
	AUTO_SAMPLE(s);
	AUTO_DONE(a);
	AUTO_DONE(b);
	struct bytes file = sample_make(&s, 's', "", "");
	assert_ok(prepare(file, &two_signers, &a));
	assert_ok(prepare(file, &two_signers, &b));
	assert_true(bytes_eq(buf_bytes(&a.file), buf_bytes(&b.file)));
	assert_true(bytes_eq(buf_bytes(&a.plan), buf_bytes(&b.plan)));
}

/* Everything the catalog, form, page and /DSS had is still there. */
static void
keeps_what_was_there(void **state)
{
	(void)state;
	static const char *const forms[] = {"<</Fields [5 0 R] /DA (/Helv 0 Tf) /NeedAppearances true>>", "6 0 R", "7 0 R"};
	static const char *const evidence[] = {"<</Certs [4 0 R] /VRI <</AB <</Cert [4 0 R]>>>>>>", "8 0 R", "9 0 R"};
	for (size_t i = 0; i < 3; i++) {
		AUTO_SAMPLE(s);
		AUTO_DONE(d);
		AUTO_READER(r);
		char catalog[300];
		sample_start(&s);
		snprintf(catalog, sizeof catalog, "/Lang (en) /AcroForm %s /DSS %s", forms[i], evidence[i]);
		sample_page(&s, catalog, i == 0 ? "/Annots [10 0 R] /Tabs /S" : i == 1 ? "/Annots 11 0 R /Tabs /S" : "/Annots null /Tabs /S");
		sample_object(&s, 5, "<</FT /Tx /T (text) /V (value)>>");
		sample_object(&s, 6, "<</Fields [5 0 R] /DA (/Helv 0 Tf)>>");
		sample_object(&s, 7, "<</Fields 12 0 R /DA (/Helv 0 Tf) /SigFlags 3>>");
		sample_object(&s, 8, "<</Certs 13 0 R /VRI <</AB <</Cert [4 0 R]>>>>>>");
		sample_object(&s, 9, "<</Certs [4 0 R null 77] /VRI 14 0 R>>");
		sample_object(&s, 10, "<</Type /Annot /Subtype /Link /Rect [0 0 1 1]>>");
		sample_object(&s, 11, "[10 0 R]");
		sample_object(&s, 12, "[5 0 R]");
		sample_object(&s, 13, "[4 0 R]");
		sample_object(&s, 14, "<<>>");
		assert_ok(prepare(sample_end(&s, "csh"[i]), &two_signers, &d));
		check_structure(buf_bytes(&d.file));
		assert_ok(reader_new(buf_bytes(&d.file), &r));
		assert_true(str_eq(reader_text(r, reader_key(r, r->root, "/Lang")), STR("en")));
		qpdf_oh form = reader_key(r, r->root, "/AcroForm");
		assert_true(reader_has(r, form, "/DA"));
		assert_int_equal(reader_count(r, reader_key(r, form, "/Fields")), 5);
		qpdf_oh dss = reader_key(r, r->root, "/DSS");
		assert_true(reader_has(r, dss, "/VRI"));
		assert_true(bytes_eq(plan.dss_certs, str_bytes(STR("4 0 R"))));
		assert_true(bytes_find(plan.dss_entries, 0, str_bytes(STR("/VRI"))) != SIZE_MAX);
		assert_int_equal(plan.dss.number, i == 0 ? plan.dss.number : 7 + i);
	}
}

/* An array that two pages share, or the form and a page: the new field is on its own page alone. */
static void
shared_arrays_stay_as_they_are(void **state)
{
	(void)state;
	static const char *const forms[] = {"", "/AcroForm <</Fields 6 0 R>>", "/AcroForm 7 0 R", "/AcroForm <</Fields 6 0 R /SigFlags 3>>"};
	for (size_t i = 0; i < 4; i++) {
		AUTO_SAMPLE(s);
		AUTO_DONE(d);
		AUTO_READER(r);
		struct pages pages;
		const struct pages_wish wish = {.numbers_n = 1, .numbers = {2}};
		char catalog[200];
		sample_start(&s);
		snprintf(catalog, sizeof catalog, "<</Type /Catalog /Pages 2 0 R %s>>", forms[i]);
		sample_object(&s, 1, catalog);
		sample_object(&s, 2, "<</Type /Pages /Kids [3 0 R 4 0 R] /Count 2 /MediaBox [0 0 600 800]>>");
		sample_object(&s, 3, "<</Type /Page /Parent 2 0 R /Annots 6 0 R>>");
		sample_object(&s, 4, "<</Type /Page /Parent 2 0 R /Annots 6 0 R>>");
		sample_object(&s, 5, "<</Type /Annot /Subtype /Widget /FT /Tx /T (text) /Rect [0 0 1 1]>>");
		sample_object(&s, 6, "[5 0 R]");
		sample_object(&s, 7, "<</Fields 6 0 R /SigFlags 3>>");
		assert_ok(prepare(sample_end(&s, "csh"[i % 3]), &two_signers, &d));
		check_structure(buf_bytes(&d.file));
		assert_ok(reader_new(buf_bytes(&d.file), &r));
		assert_ok(pages_read(r, &wish, &pages));
		assert_int_equal(reader_count(r, reader_key(r, pages_get(&pages, 1)->object, "/Annots")), 1 + plan.fields_n);
		assert_int_equal(reader_count(r, reader_key(r, pages_get(&pages, 2)->object, "/Annots")), 1);
	}
}

/* What a producer put into the trailer for itself is in the new one as well, whatever the flavour; but not without end,
 * and nothing that the final check could not read. */
static void
keeps_what_the_trailer_had(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		AUTO_SAMPLE(s);
		AUTO_DONE(d);
		AUTO_READER(r);
		sample_start(&s);
		sample_page(&s, "", "");
		s.trailer = "/DocChecksum /0A /Own#20Key [4 0 R (text)] /Nothing null";
		assert_ok(prepare(sample_end(&s, "csh"[i]), &two_signers, &d));
		assert_true(bytes_eq(plan.trailer, str_bytes(STR(" /DocChecksum /0A /Own#20Key [ 4 0 R (text) ]"))));
		check_structure(buf_bytes(&d.file));
		assert_ok(reader_new(buf_bytes(&d.file), &r));
		assert_true(reader_has(r, r->trailer, "/DocChecksum"));
		assert_true(reader_has(r, r->trailer, "/Own Key"));
	}
	static char long_trailer[PLAN_TRAILER_MAX + 20];
	memset(long_trailer, 'x', sizeof long_trailer - 1);
	memcpy(long_trailer, "/Own (", 6);
	long_trailer[sizeof long_trailer - 2] = ')';
	const char *const left_out[] = {long_trailer, "/Own /#"};
	for (size_t i = 0; i < 2; i++) {
		AUTO_SAMPLE(s);
		AUTO_DONE(d);
		sample_start(&s);
		sample_page(&s, "", "");
		s.trailer = left_out[i];
		assert_ok(prepare(sample_end(&s, 'c'), &two_signers, &d));
		assert_int_equal(plan.trailer.n, 0);
	}
}

static void
rotated_pages_turn_the_box(void **state)
{
	(void)state;
	static const struct { const char *entries, *matrix; } cases[] = {{"", NULL}, {"/Rotate 90", "/Matrix [0 1 -1 0 50 0]"},
	    {"/Rotate 180", "/Matrix [-1 0 0 -1 150 50]"}, {"/Rotate 270", "/Matrix [0 -1 1 0 0 150]"}};
	for (size_t i = 0; i < 4; i++) {
		AUTO_SAMPLE(s);
		AUTO_DONE(d);
		assert_ok(prepare(sample_make(&s, 'c', "", cases[i].entries), &two_signers, &d));
		struct bytes entries = plan.fields[0].appearance_entries;
		assert_true(bytes_find(entries, 0, str_bytes(STR("/BBox [0 0 150 50]"))) != SIZE_MAX);
		if (cases[i].matrix == NULL)
			assert_true(bytes_find(entries, 0, str_bytes(STR("/Matrix"))) == SIZE_MAX);
		else
			assert_true(bytes_find(entries, 0, bytes(cases[i].matrix, strlen(cases[i].matrix))) != SIZE_MAX);
	}
}

static void
existing_fields_are_filled_where_they_are(void **state)
{
	(void)state;
	AUTO_SAMPLE(s);
	AUTO_DONE(d);
	AUTO_READER(r);
	struct inspect_order order = {.wishes_n = 2, .wishes = {{.name = STR("One"), .signer_name = STR("Jane Doe"), .existing = true},
	    {.name = STR("Two"), .signer_name = STR("John Doe"), .existing = true}}};
	sample_start(&s);
	sample_page(&s, "/AcroForm <</Fields [5 0 R 6 0 R] /SigFlags 1>>", "/Annots [5 0 R 7 0 R]");
	sample_object(&s, 5, "<</FT /Sig /T (One) /Subtype /Widget /Rect [10 20 160 70] /P 3 0 R /MK <<>>>>");
	sample_object(&s, 6, "<</FT /Sig /T (Two) /TU (tip) /Kids [7 0 R]>>");
	sample_object(&s, 7, "<</Subtype /Widget /Parent 6 0 R /Rect [200 20 300 60] /P 3 0 R>>");
	assert_ok(prepare(sample_end(&s, 'c'), &order, &d));
	assert_int_equal(plan.fields[0].object.number, 5);
	assert_int_equal(plan.fields[0].widget.number, 0);
	assert_int_equal(plan.fields[1].object.number, 6);
	assert_int_equal(plan.fields[1].widget.number, 7);
	assert_int_equal(plan.fields[1].page_number, 1);
	assert_true(bytes_find(plan.fields[1].entries, 0, str_bytes(STR("/TU"))) != SIZE_MAX);
	assert_int_equal(plan.fields[1].rect[2], 300000);
	assert_ok(reader_new(buf_bytes(&d.file), &r));
	qpdf_oh fields = reader_key(r, reader_key(r, r->root, "/AcroForm"), "/Fields");
	assert_int_equal(reader_count(r, fields), 4); /* two time-stamp fields were added */
	qpdf_oh widget = reader_item(r, reader_key(r, reader_item(r, fields, 1), "/Kids"), 0);
	assert_true(reader_has(r, reader_key(r, widget, "/AP"), "/N"));
	assert_true(reader_has(r, reader_key(r, reader_item(r, fields, 0), "/AP"), "/N"));
}

/* What the final check could not read again is refused before anybody consents to it. */
static void
entries_that_cannot_be_read_again(void **state)
{
	(void)state;
	static const char plain[] = "/Own 1", odd[] = "/Own /#";
	static const struct { const char *dss, *field, *widget; unsigned code; } cases[] = {{plain, plain, plain, ERR_OK},
	    {odd, plain, plain, ERR_PDF_DAMAGED}, {plain, odd, plain, ERR_PDF_FORM_DAMAGED}, {plain, plain, odd, ERR_PDF_FORM_DAMAGED}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_SAMPLE(s);
		AUTO_DONE(d);
		char text[200];
		struct inspect_order order = {.wishes_n = 1, .wishes = {{.name = STR("Two"), .signer_name = STR("Jane Doe"), .existing = true}}};
		sample_start(&s);
		snprintf(text, sizeof text, "/AcroForm <</Fields [6 0 R] /SigFlags 1>> /DSS <<%s>>", cases[i].dss);
		sample_page(&s, text, "/Annots [7 0 R]");
		snprintf(text, sizeof text, "<</FT /Sig /T (Two) /Kids [7 0 R] %s>>", cases[i].field);
		sample_object(&s, 6, text);
		snprintf(text, sizeof text, "<</Subtype /Widget /Parent 6 0 R /Rect [200 20 300 60] %s>>", cases[i].widget);
		sample_object(&s, 7, text);
		assert_err(prepare(sample_end(&s, 'c'), &order, &d), cases[i].code);
	}
}

/* A widget need not name its page: that which shows it turns the box. */
static void
an_existing_field_turns_with_its_page(void **state)
{
	(void)state;
	static const char *const pages[] = {"/P 3 0 R", "", "/P 2 0 R", "/P null"};
	for (size_t i = 0; i < 4; i++) {
		AUTO_SAMPLE(s);
		AUTO_DONE(d);
		char text[200];
		struct inspect_order order = {.wishes_n = 1, .wishes = {{.name = STR("One"), .signer_name = STR("Jane Doe"), .existing = true}}};
		sample_start(&s);
		sample_page(&s, "/AcroForm <</Fields [5 0 R] /SigFlags 1>>", "/Rotate 90 /Annots [null 5 0 R]");
		snprintf(text, sizeof text, "<</FT /Sig /T (One) /Subtype /Widget /Rect [10 20 60 170] %s>>", pages[i]);
		sample_object(&s, 5, text);
		assert_ok(prepare(sample_end(&s, 'c'), &order, &d));
		assert_int_equal(plan.fields[0].page.number, 3);
		assert_int_equal(plan.fields[0].page_number, 1);
		struct bytes entries = plan.fields[0].appearance_entries;
		assert_true(bytes_find(entries, 0, str_bytes(STR("/BBox [0 0 150 50]"))) != SIZE_MAX);
		assert_true(bytes_find(entries, 0, str_bytes(STR("/Matrix [0 1 -1 0 50 0]"))) != SIZE_MAX);
	}
}

/* Files that qpdf and other readers take and paraph verify does not: they are signed, and the sender is told. */
static void
who_sends_what_is_not_strict_is_told(void **state)
{
	(void)state;
	static const struct { size_t object, back; const char *trailer, *before, *behind; bool told; } cases[] = {{1, 0, "", "", "", false},
	    {1, 0, "", "", "\n \n", false}, {1, 0, "", "", "<html>from a gateway</html>", false}, {1, 0, "", "GARBAGE LINE\r\n\r\n", "", false},
	    {4, 1, "", "", "", false}, {1, 0, "/Prev 0", "", "", true}, {1, 0, "/Own /#", "", "", true}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_SAMPLE(s);
		AUTO_DONE(d);
		AUTO_BUF(increment, LIMIT_INCREMENT);
		AUTO_BUF(octets, LIMIT_PLAN);
		struct prepared p;
		struct inspect_order order = {.inspect_only = true};
		sample_start(&s);
		sample_page(&s, "", "");
		s.offsets[cases[i].object] -= cases[i].back;
		s.trailer = cases[i].trailer;
		AUTO_BUF(file, SAMPLE_LEN_MAX);
		buf_put_str(&file, str_c(cases[i].before));
		buf_put(&file, sample_end(&s, 'c'));
		buf_put_str(&file, str_c(cases[i].behind));
		assert_ok(prepare_run(buf_bytes(&file), &order, faces, &increment, &octets, &p));
		assert_int_equal(p.facts.findings_n, cases[i].told);
		if (cases[i].told)
			assert_non_null(strstr(p.facts.findings[0], "paraph verify"));
		assert_ok(prepare(buf_bytes(&file), &two_signers, &d));
	}
}

static void
only_facts(void **state)
{
	(void)state;
	AUTO_SAMPLE(s);
	AUTO_BUF(increment, LIMIT_INCREMENT);
	AUTO_BUF(octets, LIMIT_PLAN);
	struct prepared p;
	struct inspect_order order = {.inspect_only = true};
	assert_ok(prepare_run(sample_make(&s, 'c', "", "/Rotate 90"), &order, faces, &increment, &octets, &p));
	assert_int_equal(increment.n + octets.n, 0);
	assert_int_equal(p.facts.pages, 1);
	assert_int_equal(p.facts.revisions, 1);
	assert_true(p.facts.page_width == 800 && p.facts.page_height == 600);
}

static void
refusals_come_through(void **state)
{
	(void)state;
	AUTO_SAMPLE(s);
	struct bytes file = sample_make(&s, 'c', "", "");
	struct inspect_order order = two_signers;
	struct { unsigned code; struct inspect_wish wish; } cases[] = {
	    {ERR_PDF_PAGE_RANGE, {.visible = true, .page = 2, .w = 100, .h = 50}},
	    {ERR_PDF_FIELD_OFF_PAGE, {.visible = true, .page = 1, .x = 550, .w = 100, .h = 50}},
	    {ERR_PDF_FIELD_SIZE, {.visible = true, .page = 1, .w = 5, .h = 5}},
	    {ERR_PDF_FIELD_UNKNOWN, {.name = STR("nowhere"), .existing = true}},
	    {ERR_NAME_GLYPH_MISSING, {.visible = true, .page = 1, .w = 100, .h = 50, .signer_name = STR("\xf3\xb0\x80\x80")}}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_DONE(d);
		order.wishes[1] = cases[i].wish;
		assert_err(prepare(file, &order, &d), cases[i].code);
	}
}

/* Twenty signers, the most there may be: everything fits, and every field can be filled. */
static void
as_many_signers_as_allowed(void **state)
{
	(void)state;
	AUTO_SAMPLE(s);
	AUTO_DONE(d);
	static struct inspect_order order = {.wishes_n = LIMIT_SIGNERS};
	static struct tip tip;
	for (size_t i = 0; i < LIMIT_SIGNERS; i++)
		order.wishes[i] = (struct inspect_wish){.signer_name = STR("Екатерина Достоевская-Παπαδοπούλου 王小明 محمد"), .note = STR("n"),
		    .visible = true, .page = 1, .x = 10, .y = 10 + 35.0 * (double)i, .w = 200, .h = 34};
	assert_ok(prepare(sample_make(&s, 's', "", ""), &order, &d));
	check_structure(buf_bytes(&d.file));
	assert_true(d.plan.n < LIMIT_PLAN / 2);
	tip_start(&plan, &tip);
	for (size_t i = 0; i < LIMIT_SIGNERS; i++) {
		AUTO_BUF(out, LIMIT_INCREMENT);
		struct hole hole;
		struct revision_words words = {0};
		assert_ok(revision_signature(&plan, &tip, i, 0, &words, 3000, &out, &hole, &tip));
		buf_put(&d.file, buf_bytes(&out));
	}
	AUTO_READER(r);
	assert_ok(reader_new(buf_bytes(&d.file), &r));
	assert_int_equal(r->startxref, tip.startxref);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_flavour),
    cmocka_unit_test(the_same_order_gives_the_same_octets),
    cmocka_unit_test(keeps_what_was_there),
    cmocka_unit_test(shared_arrays_stay_as_they_are),
    cmocka_unit_test(keeps_what_the_trailer_had),
    cmocka_unit_test(rotated_pages_turn_the_box),
    cmocka_unit_test(existing_fields_are_filled_where_they_are),
    cmocka_unit_test(entries_that_cannot_be_read_again),
    cmocka_unit_test(an_existing_field_turns_with_its_page),
    cmocka_unit_test(who_sends_what_is_not_strict_is_told),
    cmocka_unit_test(only_facts),
    cmocka_unit_test(refusals_come_through),
    cmocka_unit_test(as_many_signers_as_allowed),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, open_fonts, close_fonts);
}
