#include "document/inspect.h"
#include "sample.h"
#include "unit.h"

/* A signed field at object 6 whose /ByteRange is right: the hole is found after the file is written. */
static void
signed_sample(struct sample *s, const char *reference, const char *range)
{
	char text[1000];
	sample_start(s);
	sample_page(s, "/AcroForm <</Fields [5 0 R 7 0 R 8 0 R 12 0 R] /SigFlags 3>>", "");
	sample_object(s, 5, "<</FT /Sig /T (Earlier) /V 6 0 R /Subtype /Widget>>");
	snprintf(text, sizeof text, "<</Type /Sig /ByteRange [0 00000000 00000000 00000000] %s /Contents <0011>>>", reference);
	sample_object(s, 6, text);
	sample_object(s, 7, "<</FT /Sig /T (Empty) /Subtype /Widget /Rect [10 20 110 70] /P 3 0 R>>");
	sample_object(s, 8, "<</T (group) /Kids [9 0 R 10 0 R]>>");
	sample_object(s, 9, "<</FT /Sig /T (inner) /Parent 8 0 R /Kids [11 0 R]>>");
	sample_object(s, 10, "<</FT /Tx /T (text) /Parent 8 0 R /AA <</K <</S /JavaScript /JS (x)>>>>>>");
	sample_object(s, 11, "<</Subtype /Widget /Parent 9 0 R /Rect [0 0 0 0]>>");
	sample_object(s, 12, "<</FT /Sig /T (Locked) /Lock <</Action /All>>>>");
	sample_end(s, 'c');
	size_t from = bytes_find(buf_bytes(&s->b), 0, str_bytes(STR("<0011>"))), at = bytes_find(buf_bytes(&s->b), 0, str_bytes(STR("[0 000")));
	char numbers[64];
	snprintf(numbers, sizeof numbers, "[0 %08zu %08zu %08zu]", from, from + 6, s->b.n - from - 6);
	memcpy(s->b.p + at, range == NULL ? numbers : range, strlen(range == NULL ? numbers : range));
}

static err_t
inspect(const struct sample *s, const struct inspect_order *order, struct inspect_facts *ret_facts)
{
	AUTO_READER(r);
	struct inspection in;
	TRY(reader_new(buf_bytes(&s->b), &r));
	TRY(inspect_run(r, order, &in));
	*ret_facts = in.facts;
	return OK;
}

static const struct inspect_wish invisible = {.name = STR("Mine"), .signer_name = STR("Jane Doe")};
static const struct inspect_wish visible = {.name = STR("Mine"), .signer_name = STR("Jane Doe"), .visible = true, .page = 1,
    .x = 10, .y = 10, .w = 100, .h = 40};

static err_t
try_wish(const char *reference, const char *range, struct inspect_wish wish)
{
	AUTO_SAMPLE(s);
	struct inspect_order order = {.wishes_n = 1, .wishes = {wish}};
	struct inspect_facts facts;
	signed_sample(&s, reference, range);
	TRY(inspect(&s, &order, &facts));
	assert_int_equal(facts.signatures, 1);
	assert_int_equal(facts.pages, 1);
	assert_true(facts.findings_n >= 1); /* the script of a field */
	return OK;
}

static void
counts_signatures_and_says_what_it_saw(void **state)
{
	(void)state;
	assert_ok(try_wish("", NULL, invisible));
	assert_ok(try_wish("", NULL, visible));
}

static void
earlier_signatures_must_be_whole(void **state)
{
	(void)state;
	assert_err(try_wish("", "[0 00000010 00000020 00000030]", visible), ERR_PDF_SIGNATURE_DAMAGED);
	assert_err(try_wish("", "[0 99999999 00000020 00000030]", visible), ERR_PDF_SIGNATURE_DAMAGED);
	assert_err(try_wish("", "[0 00000010 00000009 00000030]", visible), ERR_PDF_SIGNATURE_DAMAGED);
	assert_err(try_wish("", "[1 00000010 00000020 00000030]", visible), ERR_PDF_SIGNATURE_DAMAGED);
	assert_err(try_wish("", "[0 00000010 00000020         ]", visible), ERR_PDF_SIGNATURE_DAMAGED);
}

/* A signature whose /ByteRange leaves out `hole`; /Contents and another string are as given. */
static err_t
try_hole(const char *contents, const char *other, const char *hole)
{
	AUTO_SAMPLE(s);
	char text[300];
	struct inspect_order order = {.wishes_n = 1, .wishes = {invisible}};
	struct inspect_facts facts;
	sample_start(&s);
	sample_page(&s, "/AcroForm <</Fields [5 0 R] /SigFlags 3>>", "");
	sample_object(&s, 5, "<</FT /Sig /T (Earlier) /V 6 0 R /Subtype /Widget>>");
	snprintf(text, sizeof text, "<</Type /Sig /ByteRange [0 00000000 00000000 00000000] /Contents %s /Own %s>>", contents, other);
	sample_object(&s, 6, text);
	struct bytes file = sample_end(&s, 'c');
	size_t from = bytes_find(file, 0, bytes(hole, strlen(hole))), at = bytes_find(file, 0, str_bytes(STR("[0 000")));
	snprintf(text, sizeof text, "[0 %08zu %08zu %08zu]", from, from + strlen(hole), file.n - from - strlen(hole));
	memcpy(s.b.p + at, text, strlen(text));
	return inspect(&s, &order, &facts);
}

/* What is left out is /Contents, octet by octet, and nothing that only looks like it. */
static void
the_hole_is_the_signature(void **state)
{
	(void)state;
	static const char *const whole[] = {"<0011aF>", "<0011Af0>", "< 00 1\n1\taf>", "<0011ab0>", "<>", "<0>"};
	for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
		assert_ok(try_hole(whole[i], "(x)", whole[i]));
	static const struct { const char *contents, *other, *hole; } cases[] = {{"<0011>", "<0012>", "<0012>"}, {"<0011>", "<001100>", "<001100>"},
	    {"<0011>", "<00>", "<00>"}, {"<0011>", "<</A <01>>>", "<</A <01>>>"}, {"<0011>", "<0013>", "<0011> /Own <0013>"},
	    {"(\\000\\021)", "<0012>", "<0012>"}, {"7", "<0012>", "<0012>"}, {"<0010>", "<0011>", "<0011>"}, {"<001>", "<0011>", "<0011>"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_err(try_hole(cases[i].contents, cases[i].other, cases[i].hole), ERR_PDF_SIGNATURE_DAMAGED);
}

static void
certification(void **state)
{
	(void)state;
	static const char one[] = "/Reference [<</TransformMethod /DocMDP /TransformParams <</P 1>>>>]",
	                  two[] = "/Reference [<</TransformMethod /DocMDP /TransformParams <<>>>>]",
	                  three[] = "/Reference [<</TransformMethod /DocMDP /TransformParams <</P 3>>>>]";
	struct inspect_wish existing = {.name = STR("Empty"), .signer_name = STR("Jane Doe"), .existing = true, .visible = true};
	assert_err(try_wish(one, NULL, invisible), ERR_PDF_CERTIFIED);
	assert_err(try_wish(one, NULL, existing), ERR_PDF_CERTIFIED);
	assert_err(try_wish(two, NULL, visible), ERR_PDF_CERTIFIED);
	assert_ok(try_wish(two, NULL, invisible));
	assert_ok(try_wish(two, NULL, existing));
	assert_err(try_wish(three, NULL, visible), ERR_PDF_CERTIFIED);
	assert_ok(try_wish(three, NULL, invisible));
}

static void
locks(void **state)
{
	(void)state;
#define LOCK(action) "/Reference [<</TransformMethod /FieldMDP /TransformParams <</Action /" action ">>>>]"
	assert_err(try_wish(LOCK("All"), NULL, invisible), ERR_PDF_LOCKED);
	assert_err(try_wish(LOCK("Include /Fields [(Mine)]"), NULL, invisible), ERR_PDF_LOCKED);
	assert_ok(try_wish(LOCK("Include /Fields [(Min) (Mine2) (group)]"), NULL, invisible));
	assert_err(try_wish(LOCK("Exclude /Fields [(Other)]"), NULL, invisible), ERR_PDF_LOCKED);
	struct inspect_wish inner = {.name = STR("group.inner"), .signer_name = STR("Jane Doe"), .existing = true};
	assert_ok(try_wish("", NULL, inner));
	assert_err(try_wish(LOCK("Include /Fields [(group)]"), NULL, inner), ERR_PDF_LOCKED);
	/* A form for several signers: all but the next field is locked. No new one is asked for but the time-stamp's. */
	struct inspect_wish next = {.name = STR("Empty"), .signer_name = STR("Jane Doe"), .existing = true, .visible = true};
	assert_ok(try_wish(LOCK("Exclude /Fields [(Empty)]"), NULL, next));
	assert_err(try_wish(LOCK("Exclude /Fields [(Empty)]"), NULL, inner), ERR_PDF_LOCKED);
	assert_err(try_wish(LOCK("Exclude /Fields [(Empty)]"), NULL, invisible), ERR_PDF_LOCKED);
	assert_err(try_wish(LOCK("Exclude /Fields [(Mine)]"), NULL, invisible), ERR_PDF_LOCKED);
	assert_err(try_wish(LOCK("All"), NULL, next), ERR_PDF_LOCKED);
	/* At the upload nobody has said which field it will be. */
	static const struct { const char *reference; unsigned code; } uploads[] = {{"", ERR_OK}, {LOCK("Exclude /Fields [(Empty)]"), ERR_OK},
	    {LOCK("Include /Fields [(Empty)]"), ERR_OK}, {LOCK("All"), ERR_PDF_LOCKED}, {LOCK("Exclude /Fields [(Other)]"), ERR_PDF_LOCKED},
	    {LOCK("Exclude /Fields [(Locked)]"), ERR_PDF_LOCKED}};
	for (size_t i = 0; i < sizeof uploads / sizeof uploads[0]; i++) {
		AUTO_SAMPLE(s);
		struct inspect_order order = {.inspect_only = true};
		struct inspect_facts facts;
		signed_sample(&s, uploads[i].reference, NULL);
		assert_err(inspect(&s, &order, &facts), uploads[i].code);
	}
#undef LOCK
}

static void
existing_fields(void **state)
{
	(void)state;
	struct inspect_wish wish = {.signer_name = STR("Jane Doe"), .existing = true};
	static const struct { const char *name; unsigned code; } cases[] = {{"Empty", ERR_OK}, {"group.inner", ERR_OK},
	    {"Earlier", ERR_PDF_FIELD_UNKNOWN}, {"group", ERR_PDF_FIELD_UNKNOWN}, {"group.text", ERR_PDF_FIELD_UNKNOWN},
	    {"", ERR_PDF_FIELD_UNKNOWN}, {"Locked", ERR_PDF_LOCKED}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		wish.name = str_c(cases[i].name);
		assert_err(try_wish("", NULL, wish), cases[i].code);
	}
	AUTO_SAMPLE(s);
	struct inspect_facts facts;
	struct inspect_order twice = {.wishes_n = 2, .wishes = {{.name = STR("Empty"), .existing = true}, {.name = STR("Empty"), .existing = true}}};
	signed_sample(&s, "", NULL);
	assert_err(inspect(&s, &twice, &facts), ERR_PDF_FIELD_UNKNOWN);
}

static void
seed_values(void **state)
{
	(void)state;
	static const struct { const char *seed; unsigned code; } cases[] = {
	    {"<</SubFilter [/adbe.pkcs7.detached]>>", ERR_OK}, /* a wish, not a demand */
	    {"<</Ff 2 /SubFilter [/adbe.pkcs7.detached]>>", ERR_PDF_LOCKED},
	    {"<</Ff 3 /Filter /Adobe.PPKLite /SubFilter [/adbe.pkcs7.detached /ETSI.CAdES.detached]>>", ERR_OK},
	    {"<</Ff 1 /Filter /Other>>", ERR_PDF_LOCKED}, {"<</Ff 64 /DigestMethod [(SHA1)]>>", ERR_PDF_LOCKED},
	    {"<</Ff 64 /DigestMethod [(SHA512) (SHA256)]>>", ERR_OK}, {"<</Ff 8 /Reasons [(x)]>>", ERR_PDF_LOCKED}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_SAMPLE(s);
		char text[300];
		struct inspect_facts facts;
		struct inspect_order order = {.wishes_n = 1, .wishes = {{.name = STR("S"), .existing = true}}};
		sample_start(&s);
		sample_page(&s, "/AcroForm <</Fields [5 0 R]>>", "");
		snprintf(text, sizeof text, "<</FT /Sig /T (S) /SV %s>>", cases[i].seed);
		sample_object(&s, 5, text);
		sample_end(&s, 'c');
		assert_err(inspect(&s, &order, &facts), cases[i].code);
	}
}

static void
forms_that_are_none(void **state)
{
	(void)state;
	static const struct { const char *form, *field; unsigned code; } cases[] = {
	    {"5 0 R", "[]", ERR_PDF_FORM_DAMAGED}, {"<</Fields [5 0 R 5 0 R]>>", "<</T (a)>>", ERR_PDF_FORM_DAMAGED},
	    {"<</Fields [5 0 R]>>", "<</T (a) /Kids [5 0 R]>>", ERR_PDF_FORM_DAMAGED}, {"<</Fields 7>>", "null", ERR_OK},
	    {"<</Fields [null (x) 99 0 R]>>", "null", ERR_OK}, {"null", "null", ERR_OK}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_SAMPLE(s);
		char text[300];
		struct inspect_facts facts;
		struct inspect_order order = {.wishes_n = 1, .wishes = {invisible}};
		sample_start(&s);
		snprintf(text, sizeof text, "/AcroForm %s", cases[i].form);
		sample_page(&s, text, "");
		sample_object(&s, 5, cases[i].field);
		sample_end(&s, 'c');
		assert_err(inspect(&s, &order, &facts), cases[i].code);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(counts_signatures_and_says_what_it_saw),
    cmocka_unit_test(earlier_signatures_must_be_whole),
    cmocka_unit_test(the_hole_is_the_signature),
    cmocka_unit_test(certification),
    cmocka_unit_test(locks),
    cmocka_unit_test(existing_fields),
    cmocka_unit_test(seed_values),
    cmocka_unit_test(forms_that_are_none),
};

UNIT_MAIN(tests)
