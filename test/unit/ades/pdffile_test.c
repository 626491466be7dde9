/* Files: sections of every kind, objects as each revision saw them, and what is refused instead of repaired. */
#include "ades/pdffile_gaps.h"
#include "ades/pdffilter.h"
#include "base/buf.h"
#include "unit.h"

#include <zlib.h>

struct maker {
	struct buf b;
	size_t at[32];
	size_t start;
};

static void
start(struct maker *m)
{
	*m = (struct maker){.b = buf_init(1 << 20)};
	buf_put_str(&m->b, STR("%PDF-1.7\n"));
}

static void
put(struct maker *m, unsigned number, const char *body)
{
	m->at[number] = m->b.n;
	buf_printf(&m->b, "%u 0 obj\n%s\nendobj\n", number, body);
}

static void
end(struct maker *m, size_t at)
{
	buf_printf(&m->b, "startxref\n%zu\n%%%%EOF\n", at);
	m->start = at;
	memset(m->at, 0, sizeof m->at);
}

static void
table(struct maker *m, const char *trailer)
{
	size_t at = m->b.n;
	buf_put_str(&m->b, STR("xref\n"));
	for (unsigned i = 1; i < 32; i++)
		if (m->at[i] != 0)
			buf_printf(&m->b, "%u 1\n%010zu 00000 n\r\n", i, m->at[i]);
	buf_printf(&m->b, "trailer\n<</Size 32 /Root 1 0 R %s", trailer);
	if (m->start != 0)
		buf_printf(&m->b, " /Prev %zu", m->start);
	buf_put_str(&m->b, STR(">>\n"));
	end(m, at);
}

/* A cross-reference stream over rows of [1 4 1], with object 20 in object stream 21 when packed. */
static uint8_t odd_type; /* of the stream's own row; 0: as it should be */
static bool odd_row;     /* one that /Index does not speak of */

static size_t
stream(struct maker *m, unsigned self, bool packed, bool predict, const char *more)
{
	AUTO_BUF(rows, 4096);
	AUTO_BUF(index, 4096);
	size_t at = m->b.n;
	m->at[self] = at;
	for (unsigned i = 1; i < 32; i++) {
		bool inside = packed && i == 20;
		if (m->at[i] == 0 && !inside)
			continue;
		buf_printf(&index, "%u 1 ", i);
		if (predict)
			buf_put_byte(&rows, 0);
		buf_put_byte(&rows, i == self && odd_type != 0 ? odd_type : inside ? 2 : 1);
		buf_put_u32(&rows, inside ? 21 : (uint32_t)m->at[i]);
		buf_put_byte(&rows, 0);
	}
	if (odd_row)
		buf_put(&rows, bytes("\1\0\0\0\5\0", 6));
	uint8_t out[8192];
	uLongf n = sizeof out;
	assert_int_equal(compress(out, &n, rows.p, rows.n), Z_OK);
	buf_printf(&m->b, "%u 0 obj\n<</Type /XRef /Size 32 /W [1 4 1] /Index [%.*s] /Root 1 0 R /Filter /FlateDecode %s %s", self,
	    (int)index.n, (const char *)index.p, predict ? "/DecodeParms <</Predictor 12 /Columns 6>>" : "", more);
	if (m->start != 0)
		buf_printf(&m->b, " /Prev %zu", m->start);
	buf_printf(&m->b, " /Length %lu>>\nstream\n", (unsigned long)n);
	buf_put(&m->b, bytes(out, n));
	buf_put_str(&m->b, STR("\nendstream\nendobj\n"));
	return at;
}

static void
number_is(struct pdffile *f, size_t revision, uint32_t number, int64_t wanted)
{
	struct pdffile_object o;
	assert_ok(pdffile_get(f, revision, number, &o));
	assert_true(o.value->kind == PDFLEX_INTEGER && o.value->integer == wanted);
}

static void
revisions_see_their_own(void **state)
{
	(void)state;
	struct maker m;
	struct pdffile *f;
	const struct pdflex_value *root;
	AUTO_ARENA(arena, 1 << 24);
	start(&m);
	put(&m, 1, "<</Type /Catalog /A 2 0 R>>");
	put(&m, 2, "100");
	table(&m, "");
	put(&m, 2, "200");
	put(&m, 3, "300");
	table(&m, "");
	put(&m, 21, "<</Type /ObjStm /N 1 /First 5 /Length 8>>\nstream\n20 0 400\nendstream");
	size_t at = stream(&m, 22, true, true, "");
	end(&m, at);
	assert_ok(pdffile_read(buf_bytes(&m.b), arena, &f));
	assert_int_equal(f->sections_n, 3);
	number_is(f, 0, 2, 200);
	number_is(f, 1, 2, 200);
	number_is(f, 2, 2, 100);
	number_is(f, 0, 3, 300);
	number_is(f, 0, 20, 400);
	struct pdffile_object o;
	assert_err(pdffile_get(f, 2, 3, &o), ERR_NOT_FOUND);
	assert_err(pdffile_get(f, 1, 20, &o), ERR_NOT_FOUND);
	assert_ok(pdffile_root(f, 0, &root));
	const struct pdflex_value *a;
	assert_ok(pdffile_member(f, 2, root, "A", &a));
	assert_int_equal(a->integer, 100);
	/* What lies in an object stream has generation 0; another one leads nowhere. */
	struct pdflex_value reference = {.kind = PDFLEX_REFERENCE, .integer = 20};
	assert_ok(pdffile_resolve(f, 0, &reference, &a));
	assert_int_equal(a->integer, 400);
	reference.generation = 1;
	assert_ok(pdffile_resolve(f, 0, &reference, &a));
	assert_null(a);
	buf_done(&m.b);
}

/* Objects that the table of a hybrid file hides are where its stream says. */
static void
hybrid(void **state)
{
	(void)state;
	struct maker m;
	struct pdffile *f;
	char trailer[64];
	AUTO_ARENA(arena, 1 << 24);
	start(&m);
	put(&m, 4, "500");
	size_t at = stream(&m, 22, false, false, "");
	memset(m.at, 0, sizeof m.at);
	put(&m, 1, "<</Type /Catalog>>");
	snprintf(trailer, sizeof trailer, "/XRefStm %zu", at);
	table(&m, trailer);
	assert_ok(pdffile_read(buf_bytes(&m.b), arena, &f));
	number_is(f, 0, 4, 500);
	buf_done(&m.b);
}

static void
refused(struct maker *m, const char *what)
{
	struct pdffile *f;
	AUTO_ARENA(arena, 1 << 24);
	if (!err_is(pdffile_read(buf_bytes(&m->b), arena, &f)))
		fail_msg("%s: read", what);
	buf_done(&m->b);
}

/* Octets before the header: offsets count from "%PDF-", places from the first octet. */
static void
octets_before_the_header(void **state)
{
	(void)state;
	static const size_t lengths[] = {0, 1, 3, 700, 1019, 1020};
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct maker m, moved = {.b = buf_init(1 << 20)};
		struct pdffile *f;
		struct pdffile_object o;
		char trailer[64];
		AUTO_ARENA(arena, 1 << 24);
		start(&m);
		put(&m, 2, "100");
		table(&m, "");
		put(&m, 2, "200");
		put(&m, 21, "<</Type /ObjStm /N 1 /First 5 /Length 8>>\nstream\n20 0 400\nendstream");
		size_t at = stream(&m, 22, true, false, "");
		end(&m, at);
		put(&m, 3, "300");
		at = stream(&m, 23, false, false, "");
		memset(m.at, 0, sizeof m.at);
		put(&m, 1, "<</Type /Catalog>>");
		snprintf(trailer, sizeof trailer, "/XRefStm %zu", at);
		table(&m, trailer);
		for (size_t k = 0; k < lengths[i]; k++)
			buf_put_byte(&moved.b, '.');
		buf_put(&moved.b, buf_bytes(&m.b));
		buf_done(&m.b);
		if (lengths[i] > 1019) {
			refused(&moved, "a header behind the first 1024 octets");
			continue;
		}
		assert_ok(pdffile_read(buf_bytes(&moved.b), arena, &f));
		assert_int_equal(f->sections_n, 3);
		assert_int_equal(f->sections[0].at, m.start + lengths[i]);
		number_is(f, 0, 3, 300);
		number_is(f, 0, 20, 400);
		number_is(f, 0, 2, 200);
		number_is(f, 2, 2, 100);
		assert_ok(pdffile_get(f, 0, 2, &o));
		assert_memory_equal(moved.b.p + o.at, "2 0 obj", 7);
		buf_done(&moved.b);
	}
}

/* A reader that counts from the first octet would find another section. */
static void
two_ways_to_count(void **state)
{
	(void)state;
	static const char *const other[] = {"xref\n0 0\ntrailer\n<</Size 1>>",
	    "9 0 obj <</Type /XRef /Length 0>> stream\n\nendstream endobj"};
	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
		struct maker m, moved = {.b = buf_init(1 << 20)};
		start(&m);
		put(&m, 1, "<</Type /Catalog>>");
		table(&m, "");
		while (moved.b.n < m.start)
			buf_put_byte(&moved.b, ' ');
		buf_put_str(&moved.b, str_c(other[i]));
		buf_put_byte(&moved.b, '\n');
		buf_put(&moved.b, buf_bytes(&m.b));
		buf_done(&m.b);
		refused(&moved, other[i]);
	}
}

static void
nothing_is_repaired(void **state)
{
	(void)state;
	struct maker m;
	size_t at;
	start(&m);
	refused(&m, "no end");
	start(&m);
	put(&m, 1, "<</Type /Catalog>>");
	table(&m, "/Encrypt 2 0 R");
	refused(&m, "encrypted");
	start(&m);
	put(&m, 1, "<</Type /Catalog>>");
	table(&m, "/Prev 5");
	refused(&m, "a chain into nowhere");
	start(&m);
	m.start = m.b.n; /* where its own table will be */
	table(&m, "");
	refused(&m, "a chain that turns back");
	start(&m);
	put(&m, 1, "<</Type /Catalog>>");
	table(&m, "");
	buf_put_str(&m.b, STR("x"));
	refused(&m, "octets behind the end");
	start(&m);
	put(&m, 1, "<</Type /Catalog>>");
	end(&m, m.b.n + 3);
	refused(&m, "startxref off by some octets");
	start(&m);
	buf_put_str(&m.b, STR("xref\n1 2\n0000000009 00000 n\r\n0000000009 00000 n\r\n1 1\n0000000009 00000 n\r\ntrailer\n<</Size 3>>\n"));
	end(&m, 9);
	refused(&m, "an object twice in a section");
	start(&m);
	m.b.p[0] = 'x';
	table(&m, "");
	refused(&m, "another head");
	start(&m);
	buf_put_str(&m.b, STR("xref\n0 1\n000000000 65535 f\r\ntrailer\n<</Size 3>>\n"));
	end(&m, 9);
	refused(&m, "a line of 19 octets");
	/* Other readers take these for null: what they name would vanish. [7.5.8.3] */
	for (odd_type = 3; odd_type != 0; odd_type++) {
		start(&m);
		put(&m, 1, "<</Type /Catalog>>");
		end(&m, stream(&m, 22, false, odd_type % 2, ""));
		refused(&m, "an entry of unknown type");
	}
	odd_row = true;
	start(&m);
	put(&m, 1, "<</Type /Catalog>>");
	end(&m, stream(&m, 22, false, false, ""));
	odd_row = false;
	refused(&m, "a row that /Index does not speak of");
	start(&m);
	put(&m, 1, "<</Type /Catalog>>");
	table(&m, "");
	at = m.start;
	put(&m, 1, "<</Type /Catalog /New true>>");
	table(&m, "");
	end(&m, at);
	refused(&m, "startxref that passes over the newest revision");
}

/* Two revisions, then one whose /Prev names the first of them, with text before it. */
static void
put_skipping(struct maker *m, const char *between, unsigned skips, bool listed)
{
	start(m);
	put(m, 1, "<</Type /Catalog>>");
	table(m, "");
	size_t first = m->start;
	if (skips > 0) {
		put(m, 2, "100");
		size_t second = m->at[2];
		table(m, "");
		m->start = first;
		m->at[2] = skips == 2 ? second : 0; /* the newest knows the first object of what it skips */
	}
	buf_put_str(&m->b, str_c(between));
	if (listed)
		put(m, 3, "300");
	table(m, "");
}

/* Between a revision and the next one of the chain there is nothing that the chain does not know. */
static void
nothing_is_passed_over(void **state)
{
	(void)state;
	static const struct {
		const char *between;
		unsigned skips;
		bool listed, wanted;
	} cases[] = {{"", 0, true, true}, {"", 0, false, true}, {"\r\n \n", 0, true, true}, {"% note\n", 0, true, true},
	    {"", 1, true, false}, {"", 1, false, false}, {"", 2, true, false}, {"", 2, false, false}, {"x\n", 0, true, false},
	    {"9 0 obj null endobj\n", 0, true, false}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct maker m;
		struct pdffile *f;
		AUTO_ARENA(arena, 1 << 24);
		put_skipping(&m, cases[i].between, cases[i].skips, cases[i].listed);
		assert_ok(pdffile_read(buf_bytes(&m.b), arena, &f));
		assert_int_equal(f->sections_n, 2);
		assert_ok(pdffile_gaps_check(f, 0)); /* what was there before the first signature is its producer's */
		if (err_is(pdffile_gaps_check(f, 1)) == cases[i].wanted)
			fail_msg("case %zu: %s", i, cases[i].wanted ? err_detail() : "passed over");
		buf_done(&m.b);
	}
}

/* The revision that a linearized file is ends behind its main section, though the chain starts with the other one. */
static void
updates_of_linearized_files(void **state)
{
	(void)state;
	for (unsigned gap = 0; gap < 2; gap++) {
		struct maker m;
		struct pdffile *f;
		AUTO_ARENA(arena, 1 << 24);
		start(&m);
		buf_put_str(&m.b, STR("xref\n1 1\n0000000200 00000 n\r\ntrailer\n<</Size 3 /Root 1 0 R /Prev 300>>\nstartxref\n0\n%%EOF\n"));
		while (m.b.n < 200)
			buf_put_byte(&m.b, ' ');
		put(&m, 1, "<</Type /Catalog>>");
		while (m.b.n < 300)
			buf_put_byte(&m.b, ' ');
		buf_put_str(&m.b, STR("xref\n0 1\n0000000000 65535 f\r\ntrailer\n<</Size 3>>\n"));
		end(&m, 9);
		if (gap == 1)
			buf_put_str(&m.b, STR("x "));
		put(&m, 2, "200");
		table(&m, "");
		assert_ok(pdffile_read(buf_bytes(&m.b), arena, &f));
		assert_int_equal(f->sections_n, 3);
		if (err_is(pdffile_gaps_check(f, 1)) != (gap == 1))
			fail_msg("gap %u: %s", gap, gap == 1 ? "passed over" : err_detail());
		buf_done(&m.b);
	}
}

/* A file of each kind of section whose offsets name the white space before what stands there. */
static void
put_spaced(struct maker *m, const char *space, const char *behind_xref)
{
	size_t n = strlen(space);
	char trailer[64];
	start(m);
	buf_put_str(&m->b, str_c(space));
	put(m, 1, "<</Type /Catalog>>");
	m->at[1] -= n;
	buf_put_str(&m->b, str_c(space));
	end(m, stream(m, 22, false, false, "") - n);
	buf_put_str(&m->b, str_c(space));
	put(m, 3, "300");
	m->at[3] -= n;
	buf_put_str(&m->b, str_c(space));
	snprintf(trailer, sizeof trailer, "/XRefStm %zu", stream(m, 23, false, false, "") - n);
	memset(m->at, 0, sizeof m->at);
	buf_put_str(&m->b, str_c(space));
	size_t at = m->b.n;
	buf_printf(&m->b, "xref%s0 1\n0000000000 65535 f\r\ntrailer\n<</Size 32 /Root 1 0 R %s /Prev %zu>>\n", behind_xref, trailer, m->start);
	end(m, at - n);
}

/* All readers pass over a line end there, and find the same; what does not follow is refused, for some then look for objects
 * everywhere. */
static void
line_ends_before_things(void **state)
{
	(void)state;
	static const struct {
		const char *space, *behind_xref;
		bool wanted;
	} cases[] = {{"", "\n", true}, {"\n", "\n", true}, {" ", "\n", true}, {"\r\n", "\r\n", true}, {"\n\n", " \n", true}, {"\r\n", "\n", false},
	    {"\n\n\n", "\n\n\n", false}, {"%\n", "\r\n", false}, {"\f", "\n", true}, {"\v", "\n", false}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct maker m;
		struct pdffile *f;
		struct pdffile_object o;
		AUTO_ARENA(arena, 1 << 24);
		put_spaced(&m, cases[i].space, cases[i].behind_xref);
		if (!cases[i].wanted) {
			refused(&m, cases[i].space);
			continue;
		}
		assert_ok(pdffile_read(buf_bytes(&m.b), arena, &f));
		assert_int_equal(f->sections_n, 2);
		assert_memory_equal(m.b.p + f->sections[0].at, "xref", 4);
		assert_memory_equal(m.b.p + f->sections[0].hybrid_at, "23 0 obj", 8);
		assert_memory_equal(m.b.p + f->sections[1].at, "22 0 obj", 8);
		assert_int_equal(f->sections[0].at, pdffile_place(f, m.start));
		assert_ok(pdffile_gaps_check(f, 1));
		number_is(f, 0, 3, 300);
		assert_ok(pdffile_get(f, 0, 1, &o));
		assert_memory_equal(m.b.p + o.at, "1 0 obj", 7);
		assert_int_equal(o.at, o.entry.offset);
		buf_done(&m.b);
	}
	/* A NUL is white space to most of them only. */
	struct maker m;
	put_spaced(&m, " ", "\n");
	m.b.p[m.start] = 0;
	refused(&m, "a NUL before a section");
	/* Of an object alone. */
	for (size_t n = 1; n < 5; n++) {
		struct pdffile *f;
		struct pdffile_object o;
		AUTO_ARENA(arena, 1 << 24);
		start(&m);
		buf_put_str(&m.b, STR("\n\n\n\n"));
		put(&m, 1, "<</Type /Catalog>>");
		m.at[1] -= n;
		table(&m, "");
		assert_ok(pdffile_read(buf_bytes(&m.b), arena, &f));
		assert_int_equal(err_is(pdffile_get(f, 0, 1, &o)), n > 2);
		buf_done(&m.b);
	}
	/* Some take this for no older section, some look for one there, and then for objects everywhere. */
	start(&m);
	put(&m, 1, "<</Type /Catalog>>");
	table(&m, "/Prev 0");
	refused(&m, "/Prev 0");
}

/* An object that is not where it should be is an error when it is asked for. */
static void
objects_must_be_there(void **state)
{
	(void)state;
	struct maker m;
	struct pdffile *f;
	struct pdffile_object o;
	AUTO_ARENA(arena, 1 << 24);
	start(&m);
	put(&m, 1, "<</Type /Catalog>>");
	m.at[5] = m.at[1];
	m.at[6] = 4;
	table(&m, "");
	assert_ok(pdffile_read(buf_bytes(&m.b), arena, &f));
	assert_err(pdffile_get(f, 0, 5, &o), ERR_PDF_STRICT);
	assert_err(pdffile_get(f, 0, 6, &o), ERR_PDF_STRICT);
	buf_done(&m.b);
}

static void
ends(void **state)
{
	(void)state;
	uint64_t at;
	static const char *const good[] = {"startxref\n12\n%%EOF", "startxref 12 %%EOF\n", "x\nstartxref\r\n12\r\n%%EOF\r\n",
	    "startxref\n12\n%%EOF\n\n", "startxref\n12\n%%EOF \n", "startxref\r\n12\r\n%%EOF\r\n\r\n", "startxref\n12\n%%EOF \t\f"};
	static const char *const bad[] = {"", "%%EOF", "startxref\n%%EOF", "startxref\nx\n%%EOF", "startxref\n12\n%%EOF\n.\n", "startxref\n12\n%%EOF%\n",
	    "startxref\n12\n3\n%%EOF", "xstartxref12%%EOF"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_ok(pdffile_end(bytes(good[i], strlen(good[i])), strlen(good[i]), &at));
		assert_int_equal(at, 12);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!err_is(pdffile_end(bytes(bad[i], strlen(bad[i])), strlen(bad[i]), &at)))
			fail_msg("\"%s\" ends", bad[i]);
	/* So that who looks for startxref in the last 1,024 octets finds it. */
	static const char end_marker[] = "startxref\n12\n%%EOF";
	char padded[sizeof end_marker + 600];
	memset(padded, '\n', sizeof padded);
	memcpy(padded, end_marker, sizeof end_marker - 1);
	for (size_t spaces = 500; spaces < 520; spaces++)
		assert_int_equal(err_is(pdffile_end(BYTES_OF(padded), sizeof end_marker - 1 + spaces, &at)), spaces > 512);
	assert_true(err_is(pdffile_end(bytes("startxref\n12\n%%EOF\0\n", 21), 21, &at)));
}

/* A stream that inflates without end is stopped. */
static void
bombs(void **state)
{
	(void)state;
	AUTO_ARENA(arena, (size_t)PDFFILTER_OCTETS_MAX + (1 << 20));
	uLongf n = 2 * 1024 * 1024;
	uint8_t *zeros = calloc(1, PDFFILTER_OCTETS_MAX / 2 + 1), *out = malloc(n);
	struct pdflex_value *dict;
	struct bytes got;
	static const char text[] = "<</Filter /FlateDecode>>";
	size_t at = 0;
	assert_ok(pdflex_value(bytes(text, sizeof text - 1), &at, arena, &dict));
	z_stream z = {0};
	assert_int_equal(deflateInit(&z, 9), Z_OK);
	z.next_out = out;
	z.avail_out = (uInt)n;
	for (int i = 0; i < 3; i++) {
		z.next_in = zeros;
		z.avail_in = PDFFILTER_OCTETS_MAX / 2;
		assert_int_equal(deflate(&z, i == 2 ? Z_FINISH : Z_NO_FLUSH), i == 2 ? Z_STREAM_END : Z_OK);
	}
	assert_err(pdffile_plain(arena, dict, bytes(out, n - z.avail_out), &got), ERR_PDF_STRICT);
	deflateEnd(&z);
	free(zeros);
	free(out);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(revisions_see_their_own),
    cmocka_unit_test(hybrid),
    cmocka_unit_test(octets_before_the_header),
    cmocka_unit_test(two_ways_to_count),
    cmocka_unit_test(nothing_is_repaired),
    cmocka_unit_test(nothing_is_passed_over),
    cmocka_unit_test(updates_of_linearized_files),
    cmocka_unit_test(line_ends_before_things),
    cmocka_unit_test(objects_must_be_there),
    cmocka_unit_test(ends),
    cmocka_unit_test(bombs),
};
UNIT_MAIN(tests)
