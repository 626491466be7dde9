#include "document/appearance.h"
#include "unit.h"

#include <zlib.h>

static struct typefaces *faces;
static struct plan plan;
static struct increment inc;

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

/* What a box draws, unpacked. */
struct drawn {
	char entries[2000], preview[60000], final[60000];
	size_t objects; /* octets of the font objects */
};

static void
unpack(const struct buf *data, char *ret_text, size_t room)
{
	uLong n = room - 1;
	assert_int_equal(uncompress((Bytef *)ret_text, &n, data->p, data->n), Z_OK);
	ret_text[n] = '\0';
}

static err_t
draw(const struct appearance_wish *wish, struct drawn *ret)
{
	AUTO_ARENA(arena, 8 * 1024 * 1024);
	AUTO_BUF(out, LIMIT_INCREMENT);
	AUTO_BUF(entries, 4000);
	AUTO_BUF(data, 60000);
	static struct typeset ts;
	struct appearance a;
	typeset_init(&ts, faces, arena);
	plan = (struct plan){.xref = PLAN_CLASSIC};
	increment_start(&inc, &plan, 0, 0, 10, &out);
	err_t e = appearance_init(&a, wish, &ts);
	if (!err_is(e))
		e = typeset_embed(&ts, &inc);
	if (!err_is(e)) {
		ret->objects = out.n;
		appearance_preview(&a, &ts, &entries, &data);
		unpack(&data, ret->preview, sizeof ret->preview);
		buf_reset(&entries);
		buf_reset(&data);
		appearance_final(&a, &ts, &entries, &data);
		unpack(&data, ret->final, sizeof ret->final);
		snprintf(ret->entries, sizeof ret->entries, "%.*s", (int)entries.n, (const char *)entries.p);
	}
	typeset_done(&ts);
	return e;
}

static struct drawn d;

static void
says_who_and_what(void **state)
{
	(void)state;
	struct appearance_wish wish = {.name = STR("Jane Doe"), .note = STR("sign.example.org"), .width = 180, .height = 50, .preview = true};
	assert_ok(draw(&wish, &d));
	assert_non_null(strstr(d.preview, "/ActualText (Jane Doe)"));
	assert_non_null(strstr(d.preview, "(To be signed by)"));
	assert_non_null(strstr(d.preview, "(not signed yet)"));
	assert_non_null(strstr(d.preview, " d ")); /* dashed */
	assert_null(strstr(d.preview, "electronically"));
	assert_non_null(strstr(d.final, "/ActualText (Jane Doe)"));
	assert_non_null(strstr(d.final, "(Signed electronically)"));
	assert_non_null(strstr(d.final, "(sign.example.org)"));
	assert_null(strstr(d.final, "To be signed"));
	assert_null(strstr(d.final, "DEMO"));
	assert_non_null(strstr(d.entries, "/BBox [0 0 180 50]"));
	assert_non_null(strstr(d.entries, "/Filter /FlateDecode"));
	wish.demo = true;
	assert_ok(draw(&wish, &d));
	assert_non_null(strstr(d.final, "(DEMO)"));
	assert_non_null(strstr(d.preview, "(DEMO)"));
}

static void
text_that_reads_leftward_has_no_actual_text(void **state)
{
	(void)state;
	struct appearance_wish wish = {.name = STR("محمد"), .width = 180, .height = 50};
	assert_ok(draw(&wish, &d));
	assert_null(strstr(d.final, "<feff0645"));
	assert_non_null(strstr(d.final, "(Signed electronically)"));
}

/* Every place where text starts lies inside the box; long names get smaller, not longer. */
static void
property_text_stays_in_the_box(void **state)
{
	(void)state;
	static const char *const names[] = {"J", "Jane Doe", "王小明", "प्रिया श्रीवास्तव", "محمد عبد الرحمن",
	    "Anne-Sophie de la Très-Longue-Rivière von Hohenstaufen-Württemberg", "Wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"};
	unit_seed();
	for (int i = 0; i < 60; i++) {
		struct appearance_wish wish = {.name = str_c(names[unit_below(7)]), .note = unit_below(2) ? STR("sign.example.org/verify") : STR(""),
		    .width = 30 + (double)unit_below(500), .height = 12 + (double)unit_below(200), .demo = unit_below(2), .preview = true};
		assert_ok(draw(&wish, &d));
		const char *const both[] = {d.preview, d.final};
		for (size_t j = 0; j < 2; j++)
			for (const char *p = both[j]; (p = strstr(p, "1 0 0 1 ")) != NULL; p++) {
				double x, y;
				assert_int_equal(sscanf(p, "1 0 0 1 %lf %lf Tm", &x, &y), 2);
				assert_true(x > -1 && x < wish.width + 1);
				assert_true(y > -1 && y < wish.height + 1);
			}
	}
}

/* All lines of a box are upright, inside of it and of some size. */
static void
check_lines(const char *content, const struct appearance_wish *wish)
{
	for (const char *p = content; (p = strstr(p, " Tf")) != NULL; p++) {
		const char *from = p;
		double size, x, y;
		while (from[-1] != ' ')
			from--;
		assert_int_equal(sscanf(from, "%lf Tf 1 0 0 1 %lf %lf Tm", &size, &x, &y), 3);
		assert_true(size > 0);
		assert_true(x > 0 && x < wish->width);
		assert_true(y > 0 && y < wish->height);
	}
	assert_int_equal(strstr(content, "(DEMO)") != NULL, wish->demo);
}

/* A field of the document may have any shape. In the smallest there is still the name, and the mark of a demonstration. */
static void
property_boxes_of_every_shape(void **state)
{
	(void)state;
	static const double shapes[][2] = {{30, 60}, {10, 60}, {1, 1}, {1, 500}, {500, 1}, {30, 12}, {30, 22}, {60, 200}};
	enum { SHAPES = sizeof shapes / sizeof shapes[0] };
	unit_seed();
	for (size_t i = 0; i < 2 * SHAPES + 60; i++) {
		struct appearance_wish wish = {.name = STR("Jane"), .note = STR("sign.example.org/verify"), .width = 1 + (double)unit_below(60),
		    .height = 1 + (double)unit_below(200), .demo = i % 2, .preview = true};
		if (i / 2 < SHAPES)
			wish.width = shapes[i / 2][0], wish.height = shapes[i / 2][1];
		assert_ok(draw(&wish, &d));
		assert_non_null(strstr(d.final, "(Jane)"));
		check_lines(d.preview, &wish);
		check_lines(d.final, &wish);
	}
}

static size_t
lines_of_name(const char *content, const char *word)
{
	size_t n = 0;
	for (const char *p = content; (p = strstr(p, word)) != NULL; p++)
		n++;
	return n;
}

static void
long_names_take_two_lines(void **state)
{
	(void)state;
	struct appearance_wish wish = {.name = STR("Annemarie Hohenstaufen von Wuerttemberg"), .width = 150, .height = 80};
	assert_ok(draw(&wish, &d));
	assert_non_null(strstr(d.final, "(Annemarie Hohenstaufen)"));
	assert_non_null(strstr(d.final, "(von Wuerttemberg)"));
	assert_int_equal(lines_of_name(d.final, "Annemarie"), 1);
	wish.width = 600;
	assert_ok(draw(&wish, &d));
	assert_non_null(strstr(d.final, "(Annemarie Hohenstaufen von Wuerttemberg)"));
}

static void
only_used_glyphs_are_embedded(void **state)
{
	(void)state;
	struct appearance_wish wish = {.name = STR("Jane Doe"), .width = 180, .height = 50, .preview = true, .demo = true};
	assert_ok(draw(&wish, &d));
	size_t all = d.objects;
	wish.preview = wish.demo = false;
	assert_ok(draw(&wish, &d));
	assert_true(d.objects < all);
	assert_true(d.objects < 6000);
	wish.name = STR("王小明");
	assert_ok(draw(&wish, &d));
	assert_true(d.objects < 8000); /* of a font of 19 MB */
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(says_who_and_what),
    cmocka_unit_test(text_that_reads_leftward_has_no_actual_text),
    cmocka_unit_test(property_text_stays_in_the_box),
    cmocka_unit_test(property_boxes_of_every_shape),
    cmocka_unit_test(long_names_take_two_lines),
    cmocka_unit_test(only_used_glyphs_are_embedded),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, open_fonts, close_fonts);
}
