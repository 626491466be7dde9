/* What the fonts of an appearance hold in the file: only what a reader needs, and the text of every glyph. */
#include "document/embed.h"
#include "unit.h"

#include <zlib.h>

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

/* The objects of one line of text. */
static void
embed(const char *text, struct buf *out)
{
	static struct plan plan = {.xref = PLAN_CLASSIC};
	static struct increment inc;
	static struct typeset ts;
	AUTO_ARENA(arena, 8 * 1024 * 1024);
	struct typeset_line line;
	typeset_init(&ts, faces, arena);
	increment_start(&inc, &plan, 0, 0, 10, out);
	assert_ok(typeset_line_set(&ts, str_c(text), TYPEFACE_NAME, &line));
	assert_ok(typeset_embed(&ts, &inc));
	typeset_done(&ts);
}

/* The stream behind *at, unpacked; false when there is none. */
static bool
stream_next(const struct buf *out, size_t *at, uint8_t *room, size_t room_n, size_t *ret_n)
{
	static const char mark[] = " /Filter /FlateDecode /Length ";
	unsigned length;
	size_t key = bytes_find(buf_bytes(out), *at, bytes(mark, strlen(mark)));
	if (key == SIZE_MAX)
		return false;
	assert_int_equal(sscanf((const char *)out->p + key + strlen(mark), "%u", &length), 1);
	size_t data = bytes_find(buf_bytes(out), key, bytes("stream\n", 7)) + 7;
	uLong n = room_n - 1;
	assert_int_equal(uncompress(room, &n, out->p + data, length), Z_OK);
	room[n] = '\0';
	*ret_n = n;
	*at = data + length;
	return true;
}

static bool
is_truetype(const uint8_t *p, size_t n)
{
	return n > 12 && memcmp(p, "\0\1\0\0", 4) == 0;
}

/* [ISO 32000-2 9.9.1]: glyf, head, hhea, hmtx, loca, maxp, and nothing that glyph numbers have no use for. */
static void
a_program_has_only_the_tables_that_draw(void **state)
{
	(void)state;
	static const char *const texts[] = {"Jane Doe", "Ελένη Παπαδοπούλου", "Наталья", "فاطمة", "प्रिया", "สมหญิง"};
	static uint8_t room[200000];
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		AUTO_BUF(out, LIMIT_INCREMENT);
		size_t at = 0, n, programs = 0;
		embed(texts[i], &out);
		while (stream_next(&out, &at, room, sizeof room, &n)) {
			char tables[100] = "";
			if (!is_truetype(room, n))
				continue;
			for (size_t k = 0; k < room[5]; k++)
				snprintf(tables + strlen(tables), sizeof tables - strlen(tables), "%.4s ", (const char *)room + 12 + 16 * k);
			assert_string_equal(tables, "glyf head hhea hmtx loca maxp ");
			programs++;
		}
		assert_int_equal(programs, 1);
	}
}

/* Every glyph and its text in UTF-16, in one run where the codes are one. */
static void
texts_of_glyphs(void **state)
{
	(void)state;
	static const struct {
		const char *text, *map;
	} rows[] = {
	    {"Doe", "1 beginbfrange\n<0001> <0003> [<0044><0065><006f>]\nendbfrange\n"},
	    {"\xf0\x9e\xa4\x80", "1 beginbfrange\n<0001> <0001> [<d83add00>]\nendbfrange\n"},
	};
	static char room[200000];
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		AUTO_BUF(out, LIMIT_INCREMENT);
		size_t at = 0, n;
		bool found = false;
		embed(rows[i].text, &out);
		while (stream_next(&out, &at, (uint8_t *)room, sizeof room, &n))
			found = found || strstr(room, rows[i].map) != NULL;
		assert_true(found);
	}
}

/* Codes of a font by character identifiers lie apart; more than 256 codes make no one run. */
static void
texts_of_many_glyphs(void **state)
{
	(void)state;
	static char room[400000];
	AUTO_BUF(out, LIMIT_INCREMENT);
	size_t at = 0, n, blocks = 0;
	embed("王小明", &out);
	while (stream_next(&out, &at, (uint8_t *)room, sizeof room, &n))
		blocks += strstr(room, "3 beginbfchar\n<") != NULL && strstr(room, "> <738b>\n") != NULL;
	assert_int_equal(blocks, 1);
	AUTO_BUF(text, 4000);
	for (unsigned c = 0x21; c < 0x7f; c++) /* 302 glyphs of one font */
		buf_put_byte(&text, (uint8_t)c);
	for (unsigned c = 0x100; c < 0x450; c = c == 0x17f ? 0x400 : c + 1)
		buf_printf(&text, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
	buf_put_byte(&text, 0);
	buf_reset(&out);
	embed((const char *)text.p, &out);
	for (at = blocks = 0; stream_next(&out, &at, (uint8_t *)room, sizeof room, &n);) {
		assert_null(strstr(room, "beginbfrange"));
		blocks += strstr(room, "100 beginbfchar\n<0001> ") != NULL;
	}
	assert_int_equal(blocks, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_program_has_only_the_tables_that_draw),
    cmocka_unit_test(texts_of_glyphs),
    cmocka_unit_test(texts_of_many_glyphs),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, open_fonts, close_fonts);
}
