#include "document/pages.h"
#include "sample.h"
#include "unit.h"

static err_t
read_pages(struct bytes file, const struct pages_wish *wish, struct pages *ret)
{
	AUTO_READER(r);
	TRY(reader_new(file, &r));
	return pages_read(r, wish, ret);
}

static void
one_page(const char *entries, struct page *ret_page)
{
	AUTO_SAMPLE(s);
	struct pages pages;
	struct pages_wish wish = {0};
	assert_ok(read_pages(sample_make(&s, 'c', "", entries), &wish, &pages));
	assert_int_equal(pages.count, 1);
	*ret_page = *pages_get(&pages, 1);
}

static void
the_visible_box(void **state)
{
	(void)state;
	static const struct { const char *entries; double w, h; int rotate; } cases[] = {
	    {"", 600, 800, 0}, {"/MediaBox [100 50 0 0]", 100, 50, 0}, {"/CropBox [10 20 110 220]", 100, 200, 0},
	    {"/CropBox [-100 -100 5000 400]", 600, 400, 0}, {"/CropBox [900 900 999 999]", 600, 800, 0}, {"/Rotate 90", 800, 600, 90},
	    {"/Rotate -90", 800, 600, 270}, {"/Rotate 450", 800, 600, 90}, {"/Rotate 45", 600, 800, 0}, {"/Rotate 180 /UserUnit 2", 1200, 1600, 180},
	    {"/MediaBox [0 0 (x) 1]", 612, 792, 0}, {"/MediaBox [0 0 0 0]", 612, 792, 0}, {"/MediaBox [0 0 1e30 5]", 612, 792, 0}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct page page;
		double w, h;
		one_page(cases[i].entries, &page);
		pages_size(&page, &w, &h);
		assert_true(w == cases[i].w && h == cases[i].h);
		assert_int_equal(page.rotate, cases[i].rotate);
	}
}

/* A field of 100 by 20 points, 30 from the left and 40 from the top as displayed. */
static void
places_follow_the_rotation(void **state)
{
	(void)state;
	static const struct { const char *entries; int32_t rect[4]; } cases[] = {
	    {"/MediaBox [0 0 300 400]", {30000, 340000, 130000, 360000}},
	    {"/MediaBox [0 0 300 400] /CropBox [10 20 290 380]", {40000, 320000, 140000, 340000}},
	    {"/MediaBox [0 0 300 400] /Rotate 90", {40000, 30000, 60000, 130000}},
	    {"/MediaBox [0 0 300 400] /Rotate 180", {170000, 40000, 270000, 60000}},
	    {"/MediaBox [0 0 300 400] /Rotate 270", {240000, 270000, 260000, 370000}},
	    {"/MediaBox [0 0 300 400] /UserUnit 2", {15000, 370000, 65000, 380000}},
	    {"/MediaBox [-50 -60 250 340]", {-20000, 280000, 80000, 300000}}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct page page;
		int32_t rect[4];
		one_page(cases[i].entries, &page);
		assert_ok(pages_rect(&page, 30, 40, 100, 20, rect));
		assert_memory_equal(rect, cases[i].rect, sizeof rect);
	}
}

/* Wherever a field lies on whatever page: inside the visible box, of the right size, and back again. */
static void
property_a_field_on_the_page_is_in_its_box(void **state)
{
	(void)state;
	unit_seed();
	for (int i = 0; i < 2000; i++) {
		struct page page = {.number = 1, .rotate = (int)unit_below(4) * 90, .unit = 1};
		page.box[0] = (double)unit_below(1000) - 500;
		page.box[1] = (double)unit_below(1000) - 500;
		page.box[2] = page.box[0] + 60 + (double)unit_below(1000);
		page.box[3] = page.box[1] + 60 + (double)unit_below(1000);
		double width, height;
		int32_t rect[4];
		pages_size(&page, &width, &height);
		double w = 30 + (double)unit_below((uint64_t)width - 30), h = 12 + (double)unit_below((uint64_t)height - 12);
		double x = (double)unit_below((uint64_t)(width - w) + 1), y = (double)unit_below((uint64_t)(height - h) + 1);
		assert_ok(pages_rect(&page, x, y, w, h, rect));
		assert_true(rect[0] >= page.box[0] * 1000 && rect[2] <= page.box[2] * 1000);
		assert_true(rect[1] >= page.box[1] * 1000 && rect[3] <= page.box[3] * 1000);
		bool turned = page.rotate % 180 != 0;
		assert_true(rect[2] - rect[0] == (turned ? h : w) * 1000);
		assert_err(pages_rect(&page, x + width, y, w, h, rect), ERR_PDF_FIELD_OFF_PAGE);
		assert_err(pages_rect(&page, x, y - height - 1, w, h, rect), ERR_PDF_FIELD_OFF_PAGE);
	}
}

static void
fields_have_a_least_size_and_real_numbers(void **state)
{
	(void)state;
	struct page page = {.number = 1, .box = {0, 0, 600, 800}, .unit = 1};
	int32_t rect[4];
	assert_ok(pages_rect(&page, 0, 0, 30, 12, rect));
	assert_ok(pages_rect(&page, 0, 0, 600, 800, rect));
	assert_err(pages_rect(&page, 0, 0, 29.9, 12, rect), ERR_PDF_FIELD_SIZE);
	assert_err(pages_rect(&page, 0, 0, 30, 11.9, rect), ERR_PDF_FIELD_SIZE);
	assert_err(pages_rect(&page, 0, 0, -100, 50, rect), ERR_PDF_FIELD_SIZE);
	assert_err(pages_rect(&page, 0.0 / 0.0, 0, 30, 12, rect), ERR_PDF_FIELD_SIZE);
	assert_err(pages_rect(&page, 0, 1e308, 30, 12, rect), ERR_PDF_FIELD_OFF_PAGE);
	assert_err(pages_rect(&page, -0.1, 0, 30, 12, rect), ERR_PDF_FIELD_OFF_PAGE);
}

/* Two levels, values that are inherited, a page wanted by number and one by a widget. */
static void
walks_and_inherits(void **state)
{
	(void)state;
	AUTO_SAMPLE(s);
	struct pages pages;
	struct pages_wish wish = {.numbers_n = 1, .numbers = {3}, .widgets_n = 2, .widgets = {{0, 0}, {8, 0}, {9, 0}}};
	sample_start(&s);
	sample_object(&s, 1, "<</Type /Catalog /Pages 2 0 R>>");
	sample_object(&s, 2, "<</Type /Pages /Kids [3 0 R 5 0 R] /Count 3 /MediaBox [0 0 100 100] /Rotate 90>>");
	sample_object(&s, 3, "<</Type /Page /Parent 2 0 R>>");
	sample_object(&s, 5, "<</Type /Pages /Parent 2 0 R /Kids [4 0 R 6 0 R] /Count 2 /MediaBox [0 0 200 300]>>");
	sample_object(&s, 4, "<</Type /Page /Parent 5 0 R /Annots 7 0 R>>");
	sample_object(&s, 7, "[null 6 0 R 8 0 R]");
	sample_object(&s, 8, "<</Type /Annot /Subtype /Widget>>");
	sample_object(&s, 6, "<</Type /Page /Parent 5 0 R /Rotate 0>>");
	assert_ok(read_pages(sample_end(&s, 'c'), &wish, &pages));
	assert_int_equal(pages.count, 3);
	assert_false(pages.count_wrong);
	assert_int_equal(pages_get(&pages, 1)->rotate, 90);
	assert_int_equal(pages_get(&pages, 3)->rotate, 0);
	assert_true(pages_get(&pages, 3)->box[3] == 300);
	assert_null(pages_of_widget(&pages, 0));
	assert_int_equal(pages_of_widget(&pages, 1)->number, 2);
	assert_int_equal(pages_of_widget(&pages, 1)->rotate, 90);
	assert_null(pages_of_widget(&pages, 2)); /* no page shows it */
}

/* A page that acts is found wherever it is, whatever the tree says of its size. */
static void
no_page_is_passed_over(void **state)
{
	(void)state;
	static const char *const counts[] = {"3", "6000", "1000000", "-1"};
	for (size_t i = 0; i < 4; i++) {
		AUTO_SAMPLE(s);
		struct pages pages;
		struct pages_wish wish = {0};
		char text[200];
		sample_start(&s);
		sample_object(&s, 1, "<</Type /Catalog /Pages 2 0 R>>");
		snprintf(text, sizeof text, "<</Type /Pages /Kids [3 0 R 4 0 R] /Count %s>>", counts[i]);
		sample_object(&s, 2, text);
		sample_object(&s, 3, "<</Type /Page /Parent 2 0 R>>");
		snprintf(text, sizeof text, "<</Type /Pages /Parent 2 0 R /Kids [5 0 R 6 0 R] /Count %s>>", counts[i]);
		sample_object(&s, 4, text);
		sample_object(&s, 5, "<</Type /Page /Parent 4 0 R /AA <</O <</S /JavaScript /JS (x)>>>>>>");
		sample_object(&s, 6, "<</Type /Page /Parent 4 0 R>>");
		assert_ok(read_pages(sample_end(&s, 'c'), &wish, &pages));
		assert_true(pages.scripts);
		assert_int_equal(pages.script_page, 2);
		assert_int_equal(pages.count, 3);
		assert_int_equal(pages.count_wrong, i > 0);
	}
}

static void
refuses_what_is_no_tree(void **state)
{
	(void)state;
	static const struct { const char *tree, *page; unsigned code; } cases[] = {
	    {"<</Type /Pages /Kids [] /Count 0>>", "null", ERR_PDF_NO_PAGES},
	    {"<</Type /Pages /Count 1>>", "null", ERR_PDF_NO_PAGES},
	    {"<</Type /Pages /Kids [3 0 R 3 0 R] /Count 2>>", "<</Type /Page>>", ERR_PDF_DAMAGED},
	    {"<</Type /Pages /Kids [2 0 R] /Count 1>>", "null", ERR_PDF_DAMAGED},
	    {"<</Type /Pages /Kids [<</Type /Page>>] /Count 1>>", "null", ERR_PDF_DAMAGED},
	    {"<</Type /Pages /Kids [3 0 R] /Count 1>>", "null", ERR_PDF_DAMAGED},
	    {"<</Type /Pages /Kids [3 0 R] /Count 1>>", "<</Type /Pages /Kids [2 0 R]>>", ERR_PDF_DAMAGED},
	    {"<</Type /Pages /Kids [3 0 R] /Count 7>>", "<</Type /Page>>", ERR_OK}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_SAMPLE(s);
		struct pages pages;
		struct pages_wish wish = {0};
		sample_start(&s);
		sample_object(&s, 1, "<</Type /Catalog /Pages 2 0 R>>");
		sample_object(&s, 2, cases[i].tree);
		sample_object(&s, 3, cases[i].page);
		assert_err(read_pages(sample_end(&s, 'c'), &wish, &pages), cases[i].code);
	}
}

static void
pages_that_are_not_there(void **state)
{
	(void)state;
	for (uint32_t number = 0; number < 4; number++) {
		AUTO_SAMPLE(s);
		struct pages pages;
		struct pages_wish wish = {.numbers_n = 1, .numbers = {number}};
		assert_err(read_pages(sample_make(&s, 's', "", ""), &wish, &pages), number == 1 ? ERR_OK : ERR_PDF_PAGE_RANGE);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_visible_box),
    cmocka_unit_test(places_follow_the_rotation),
    cmocka_unit_test(property_a_field_on_the_page_is_in_its_box),
    cmocka_unit_test(fields_have_a_least_size_and_real_numbers),
    cmocka_unit_test(walks_and_inherits),
    cmocka_unit_test(no_page_is_passed_over),
    cmocka_unit_test(refuses_what_is_no_tree),
    cmocka_unit_test(pages_that_are_not_there),
};

UNIT_MAIN(tests)
