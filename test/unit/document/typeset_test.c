#include "document/typeset.h"
#include "unit.h"

static struct typefaces *faces;

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

/* Sets text and says how many runs and which font the first has; code of the error otherwise. */
static unsigned
set(const char *text, struct typeset_line *line, char *ret_font)
{
	AUTO_ARENA(arena, 4 * 1024 * 1024);
	static struct typeset ts;
	struct str s;
	assert_ok(str_check(bytes(text, strlen(text)), &s));
	typeset_init(&ts, faces, arena);
	err_t e = typeset_line_set(&ts, s, TYPEFACE_NAME, line);
	if (!err_is(e) && line->runs_n > 0)
		snprintf(ret_font, 64, "%s", ts.fonts[line->runs[0].font].face->name);
	typeset_done(&ts);
	return e.code;
}

static void
every_script_finds_its_font(void **state)
{
	(void)state;
	static const struct { const char *text, *font; size_t runs; } cases[] = {
	    {"Jane Doe", "NotoSerif-Italic", 1}, {"Łukasz Żółć-O’Brien", "NotoSerif-Italic", 1}, {"Nguyễn Thị Ánh", "NotoSerif-Italic", 1},
	    {"Ελένη Παπαδοπούλου", "NotoSerif-Italic", 1}, {"Екатерина Достоевская", "NotoSerif-Italic", 1},
	    {"محمد عبد الرحمن", "NotoNaskhArabic-Regular", 1}, {"प्रिया श्रीवास्तव", "NotoSansDevanagari-Regular", 1},
	    {"王小明", "NotoSansCJKsc-Regular", 1}, {"山田たろう", "NotoSansCJKjp-Regular", 2}, {"김민준", "NotoSansCJKkr-Regular", 1},
	    {"יוסי כהן", "NotoSansHebrew-Regular", 1}, {"தமிழ்", "NotoSansTamil-Regular", 1}, {"สมชาย", "NotoSansThai-Regular", 1},
	    {"ქართული", "NotoSansGeorgian-Regular", 1}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct typeset_line line;
		char font[64];
		assert_int_equal(set(cases[i].text, &line, font), ERR_OK);
		assert_string_equal(font, cases[i].font);
		assert_int_equal(line.runs_n, cases[i].runs);
		assert_true(line.width > 500 && line.top > 300);
	}
}

static void
a_character_without_glyph_is_named(void **state)
{
	(void)state;
	struct typeset_line line;
	char font[64];
	assert_int_equal(set("Jane \xf3\xb0\x80\x80", &line, font), ERR_NAME_GLYPH_MISSING); /* private use */
	assert_non_null(strstr(err_detail(), "U+F0000"));
	assert_int_equal(set("A\xef\xbf\xb9", &line, font), ERR_NAME_GLYPH_MISSING); /* interlinear annotation */
}

static void
lines_have_limits(void **state)
{
	(void)state;
	struct typeset_line line;
	char font[64], text[600];
	memset(text, 'a', sizeof text);
	text[512] = '\0';
	assert_int_equal(set(text, &line, font), ERR_OK);
	text[512] = 'a';
	text[513] = '\0';
	assert_int_equal(set(text, &line, font), ERR_LIMIT);
	assert_int_equal(set("", &line, font), ERR_OK);
	assert_int_equal(line.runs_n, 0);
	assert_int_equal(line.width, 0);
}

static void
the_first_script_says_the_direction(void **state)
{
	(void)state;
	struct typeset_line line;
	char font[64];
	assert_int_equal(set("Jane محمد", &line, font), ERR_OK);
	assert_string_equal(font, "NotoSerif-Italic"); /* at the left */
	assert_int_equal(set("محمد Jane", &line, font), ERR_OK);
	assert_string_equal(font, "NotoSerif-Italic"); /* again: the whole line reads leftward */
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_script_finds_its_font),
    cmocka_unit_test(a_character_without_glyph_is_named),
    cmocka_unit_test(lines_have_limits),
    cmocka_unit_test(the_first_script_says_the_direction),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, open_fonts, close_fonts);
}
