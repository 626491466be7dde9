/* Texts and dates of signature dictionaries, and where a signature may end. (judge_test.c attacks places on whole files.) */
#include "ades/pades.h"
#include "base/time.h"
#include "revisions.h"

static void
texts(void **state)
{
	(void)state;
	AUTO_ARENA(arena, 1 << 16);
	static const struct {
		const char *raw;
		size_t n;
		const char *wanted;
	} cases[] = {
	    {"Jane Doe", 8, "Jane Doe"},
	    {"caf\xe9", 4, "café"},
	    {"\xfe\xff\x4e\x2d\xd8\x3d\xde\x00", 8, "中😀"},
	    {"\xfe\xff\xd8\x00", 4, "\xef\xbf\xbd"},
	    {"\xef\xbb\xbf\xc3\xa9", 5, "é"},
	    {"a\nb\x1b[31m", 8, "a b [31m"},
	    {"\xfe\xff\x20\x2e", 4, "?"}, /* a bidirectional override is not shown */
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str got;
		assert_ok(pades_text(arena, bytes(cases[i].raw, cases[i].n), &got));
		if (!str_eq(got, str_c(cases[i].wanted)))
			fail_msg("%zu: %.*s", i, STR_ARG(got));
	}
}

static void
dates(void **state)
{
	(void)state;
	int64_t at, wanted;
	assert_ok(time_parse(STR("2026-11-22T14:03:22Z"), &wanted));
	static const char *const same[] = {"D:20261122140322Z", "D:20261122140322+00'00'", "D:20261122150322+01'00'", "D:20261122150322+01'00",
	    "D:20261122093322-04'30'", "D:20261122140322"};
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		assert_ok(pades_date(bytes(same[i], strlen(same[i])), &at));
		if (at != wanted)
			fail_msg("%s", same[i]);
	}
	assert_ok(pades_date(bytes("D:2026", 6), &at));
	static const char *const wrong[] = {"", "2026", "D:", "D:20", "D:20261322", "D:2026112x", "D:20260230000000Z"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (!err_is(pades_date(bytes(wrong[i], strlen(wrong[i])), &at)))
			fail_msg("%s", wrong[i]);
}

/* Writes the range of a signature, up to `end`, into its dictionary: the one whose /Contents is hole. */
static void
put_range(struct buf *file, const char *hole, size_t end)
{
	char range[64];
	size_t from = bytes_find(buf_bytes(file), 0, str_bytes(str_c(hole))), to = from + strlen(hole);
	size_t at = bytes_find(buf_bytes(file), from, bytes("/ByteRange", 10));
	assert_true(from != SIZE_MAX && at != SIZE_MAX);
	snprintf(range, sizeof range, "/ByteRange [0 %06zu %06zu %06zu]", from, to, end - to);
	memcpy(file->p + at, range, strlen(range));
}

#define SIGNATURE(hole) "<</Type /Sig /SubFilter /ETSI.CAdES.detached /Contents " hole " /ByteRange [0 000000 000000 000000]>>"

/* One revision with two fields, the second signed or not, and `tail` in the place of the line end behind its end marker. */
static void
put_signed(struct buf *file, bool both, const char *tail)
{
	const struct object objects[] = {
	    {1, "<</Type /Catalog /Pages 2 0 R /AcroForm <</SigFlags 3 /Fields [3 0 R 4 0 R]>>>>", false},
	    {2, "<</Type /Pages /Kids [] /Count 0>>", false},
	    {3, "<</FT /Sig /T (one) /V 5 0 R>>", false},
	    {4, both ? "<</FT /Sig /T (two) /V 6 0 R>>" : "<</FT /Sig /T (two)>>", false},
	    {5, SIGNATURE("<300101>"), false},
	    {6, SIGNATURE("<300102>"), false},
	    {0},
	};
	put_revision(file, objects, "", 7);
	file->n--;
	buf_put_str(file, str_c(tail));
	put_range(file, "<300101>", file->n);
}

/* White space behind the end marker may be signed too; an update follows or not. */
static void
ends_with_white_space(void **state)
{
	(void)state;
	static const struct {
		const char *tail;
		bool wanted;
	} cases[] = {{"", true}, {"\n", true}, {"\r\n", true}, {"\n\n", true}, {" \n", true}, {"\r\n\r\n", true}, {"\nx\n", false}, {"%\n", false}};
	const struct object info[] = {{9, "<</Title (x)>>", false}, {0}};
	for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
		AUTO_BUF(file, 1 << 16);
		AUTO_ARENA(arena, 1 << 20);
		struct pades *p;
		const char *tail = cases[i / 2].tail;
		put_signed(&file, false, tail);
		size_t end = file.n;
		if (!cases[i / 2].wanted) {
			assert_err(pades_find(buf_bytes(&file), arena, &p), ERR_PDF_STRICT);
			continue;
		}
		if (i % 2 == 1)
			put_revision(&file, info, "/Info 9 0 R", 10);
		assert_ok(pades_find(buf_bytes(&file), arena, &p));
		assert_int_equal(p->n, 1);
		const struct pades_signature *s = &p->signatures[0];
		if (!s->placed || !s->later_known || s->later.changed || s->end != end || s->whole != (i % 2 == 0))
			fail_msg("\"%s\": %s", tail, s->problem);
	}
}

/* No two signatures are over one revision, also when one of them ends with other white space. */
static void
one_signature_for_each_revision(void **state)
{
	(void)state;
	for (size_t less = 0; less < 3; less++) {
		AUTO_BUF(file, 1 << 16);
		AUTO_ARENA(arena, 1 << 20);
		struct pades *p;
		put_signed(&file, true, "\n\n");
		put_range(&file, "<300102>", file.n - less);
		assert_ok(pades_find(buf_bytes(&file), arena, &p));
		assert_int_equal(p->n, 2);
		assert_true(p->signatures[0].placed != p->signatures[1].placed);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(texts),
    cmocka_unit_test(dates),
    cmocka_unit_test(ends_with_white_space),
    cmocka_unit_test(one_signature_for_each_revision),
};
UNIT_MAIN(tests)
