#include "base/time.h"
#include "pdf/revision.h"
#include "samples.h"

static struct plan plan;
static struct tip tip, next;
static const struct revision_words words = {.name = STR("Jane (Doe)"), .reason = STR("agreed"), .location = STR(""),
    .contact = STR("")};
enum { AT_S = 1795356202, ROOM = 2345, STAMP_ROOM = 1234 };

static bool
has(const struct buf *b, const char *text)
{
	return bytes_find(buf_bytes(b), 0, bytes(text, strlen(text))) != SIZE_MAX;
}

static void
begin(enum plan_xref xref)
{
	samples_plan(&plan, xref);
	tip_start(&plan, &tip);
}

/* The four numbers of /ByteRange cover the file and the increment, all but the hole. [ISO 32000-2 12.8.1] */
static void
check_range(const struct buf *out, struct hole hole)
{
	unsigned long long v[3];
	size_t at = bytes_find(buf_bytes(out), 0, str_bytes(STR("/ByteRange [0 ")));
	assert_true(at != SIZE_MAX);
	char text[64] = {0};
	memcpy(text, out->p + at + strlen("/ByteRange [0 "), 40);
	assert_int_equal(sscanf(text, "%llu %llu %llu", &v[0], &v[1], &v[2]), 3);
	assert_int_equal(v[0], tip.length + hole.from);
	assert_int_equal(v[1], tip.length + hole.to);
	assert_int_equal(v[1] + v[2], tip.length + out->n);
	assert_int_equal(out->p[hole.from], '<');
	assert_int_equal(out->p[hole.to - 1], '>');
	for (size_t i = hole.from + 1; i + 1 < hole.to; i++)
		assert_int_equal(out->p[i], '0');
}

static void
a_signature(void **state)
{
	(void)state;
	for (int xref = PLAN_CLASSIC; xref <= PLAN_HYBRID; xref++) {
		AUTO_BUF(out, LIMIT_INCREMENT);
		struct hole hole;
		begin((enum plan_xref)xref);
		assert_ok(revision_signature(&plan, &tip, 0, AT_S * TIME_SECOND, &words, ROOM, &out, &hole, &next));
		check_range(&out, hole);
		assert_int_equal(hole_room(hole), ROOM);
		assert_true(has(&out, "21 0 obj\n<</FT /Sig /AP <</N 22 0 R>> /V 30 0 R>>\nendobj\n"));
		assert_true(has(&out, "22 0 obj\n<</Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 5>>\nstream\n0 0 m\n"));
		assert_true(has(&out, "30 0 obj\n<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached\n"));
		assert_true(has(&out, "/M (D:20261122140322Z)\n/Name (Jane \\(Doe\\))\n/Reason (agreed)\n/ByteRange"));
		assert_false(has(&out, "/Location"));
		assert_false(has(&out, "/Cert "));
		assert_int_equal(next.length, tip.length + out.n);
		assert_int_equal(next.filled, 1);
		assert_int_equal(next.next, xref == PLAN_STREAM ? 32 : 31);
	}
}

static void
a_widget_of_its_own_shows_the_appearance(void **state)
{
	(void)state;
	AUTO_BUF(out, LIMIT_INCREMENT);
	struct hole hole;
	begin(PLAN_CLASSIC);
	assert_ok(revision_signature(&plan, &tip, 1, 0, &words, ROOM, &out, &hole, &next));
	assert_true(has(&out, "23 7 obj\n<</FT /Sig /Kids [24 0 R] /V 30 0 R>>"));
	assert_true(has(&out, "24 0 obj\n<</Subtype /Widget /AP <</N 25 0 R>>>>"));
}

static void
a_time_stamp(void **state)
{
	(void)state;
	AUTO_BUF(out, LIMIT_INCREMENT);
	struct hole hole;
	begin(PLAN_STREAM);
	assert_ok(revision_stamp(&plan, &tip, 2, STAMP_ROOM, &out, &hole, &next));
	check_range(&out, hole);
	assert_int_equal(hole_room(hole), STAMP_ROOM);
	assert_true(has(&out, "<</Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161\n/ByteRange"));
	assert_false(has(&out, "/M "));
	assert_int_equal(next.filled, 4);
}

/* Nothing is kept free without a limit, and a hole without room is no place for a signature. */
static void
the_room_has_limits(void **state)
{
	(void)state;
	AUTO_BUF(out, LIMIT_INCREMENT);
	struct hole hole;
	begin(PLAN_CLASSIC);
	assert_err(revision_signature(&plan, &tip, 0, 0, &words, 0, &out, &hole, &next), ERR_HOLE);
	assert_err(revision_signature(&plan, &tip, 0, 0, &words, LIMIT_SIGNATURE_HOLE + 1, &out, &hole, &next), ERR_HOLE);
	assert_err(revision_stamp(&plan, &tip, 2, 0, &out, &hole, &next), ERR_HOLE);
	assert_err(revision_stamp(&plan, &tip, 2, LIMIT_STAMP_HOLE + 1, &out, &hole, &next), ERR_HOLE);
	assert_int_equal(out.n, 0);
	assert_ok(revision_stamp(&plan, &tip, 2, LIMIT_STAMP_HOLE, &out, &hole, &next));
	assert_int_equal(hole_room(hole), LIMIT_STAMP_HOLE);
	buf_reset(&out);
	assert_ok(revision_signature(&plan, &tip, 0, 0, &words, LIMIT_SIGNATURE_HOLE, &out, &hole, &next));
	assert_int_equal(hole_room(hole), LIMIT_SIGNATURE_HOLE);
	buf_reset(&out);
	assert_ok(revision_signature(&plan, &tip, 0, 0, &words, 1, &out, &hole, &next));
	assert_int_equal(hole_room(hole), 1);
}

static void
fields_are_filled_once_and_by_their_kind(void **state)
{
	(void)state;
	AUTO_BUF(out, LIMIT_INCREMENT);
	struct hole hole;
	begin(PLAN_CLASSIC);
	assert_err(revision_signature(&plan, &tip, 2, 0, &words, ROOM, &out, &hole, &next), ERR_PDF_PLAN);
	assert_err(revision_stamp(&plan, &tip, 0, STAMP_ROOM, &out, &hole, &next), ERR_PDF_PLAN);
	assert_err(revision_signature(&plan, &tip, 99, 0, &words, ROOM, &out, &hole, &next), ERR_PDF_PLAN);
	assert_ok(revision_signature(&plan, &tip, 0, 0, &words, ROOM, &out, &hole, &tip));
	buf_reset(&out);
	assert_err(revision_signature(&plan, &tip, 0, 0, &words, ROOM, &out, &hole, &tip), ERR_PDF_PLAN);
	tip.length = 10; /* of another document */
	assert_err(revision_signature(&plan, &tip, 1, 0, &words, ROOM, &out, &hole, &tip), ERR_PDF_PLAN);
}

static void
evidence_keeps_what_was_there_and_adds_once(void **state)
{
	(void)state;
	AUTO_BUF(out, LIMIT_INCREMENT);
	begin(PLAN_CLASSIC);
	struct revision_item first[] = {{TIP_CERTIFICATE, bytes("one", 3)}, {TIP_OCSP, bytes("two", 3)},
	    {TIP_CERTIFICATE, bytes("one", 3)}, {TIP_CRL, bytes("one", 3)}};
	assert_ok(revision_dss(&plan, &tip, first, 4, &out, &next));
	assert_true(has(&out, "20 0 obj\n<</Type /DSS /Certs [12 0 R 30 0 R] /OCSPs [ 31 0 R] /CRLs [ 32 0 R]>>"));
	assert_int_equal(next.items_n, 3);
	tip = next;
	buf_reset(&out);
	struct revision_item second[] = {{TIP_CERTIFICATE, bytes("one", 3)}, {TIP_CERTIFICATE, bytes("new", 3)}};
	assert_ok(revision_dss(&plan, &tip, second, 2, &out, &next));
	assert_true(has(&out, "/Certs [12 0 R 30 0 R 33 0 R] /OCSPs [ 31 0 R] /CRLs [ 32 0 R]>>"));
	assert_false(has(&out, "30 0 obj"));
	assert_true(has(&out, "/Filter /FlateDecode"));
}

static void
evidence_has_a_limit(void **state)
{
	(void)state;
	AUTO_BUF(out, LIMIT_INCREMENT);
	static uint8_t content[TIP_ITEMS_MAX + 1][2];
	static struct revision_item items[TIP_ITEMS_MAX + 1];
	begin(PLAN_CLASSIC);
	for (size_t i = 0; i <= TIP_ITEMS_MAX; i++) {
		content[i][0] = (uint8_t)i;
		content[i][1] = (uint8_t)(i >> 8);
		items[i] = (struct revision_item){TIP_CRL, bytes(content[i], 2)};
	}
	assert_ok(revision_dss(&plan, &tip, items, TIP_ITEMS_MAX, &out, &next));
	buf_reset(&out);
	assert_err(revision_dss(&plan, &tip, items, TIP_ITEMS_MAX + 1, &out, &next), ERR_LIMIT);
}

/* Whatever the order of signers: each revision says the startxref of the one before it, and object numbers never repeat. */
static void
property_revisions_chain(void **state)
{
	(void)state;
	unit_seed();
	for (int i = 0; i < 50; i++) {
		begin((enum plan_xref)(1 + unit_below(3)));
		size_t fields[] = {0, 2, 1, 3};
		for (size_t j = 0; j < 4; j++) {
			AUTO_BUF(out, LIMIT_INCREMENT);
			struct hole hole;
			char prev[64];
			snprintf(prev, sizeof prev, "/Prev %llu", (unsigned long long)tip.startxref);
			if (fields[j] < 2)
				assert_ok(revision_signature(&plan, &tip, fields[j], 0, &words, ROOM, &out, &hole, &next));
			else
				assert_ok(revision_stamp(&plan, &tip, fields[j], STAMP_ROOM, &out, &hole, &next));
			assert_true(has(&out, prev));
			check_range(&out, hole);
			assert_true(next.next > tip.next);
			assert_true(next.startxref >= tip.length);
			tip = next;
		}
		assert_int_equal(tip.filled, 15);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_signature),
    cmocka_unit_test(a_widget_of_its_own_shows_the_appearance),
    cmocka_unit_test(a_time_stamp),
    cmocka_unit_test(the_room_has_limits), cmocka_unit_test(fields_are_filled_once_and_by_their_kind),
    cmocka_unit_test(evidence_keeps_what_was_there_and_adds_once),
    cmocka_unit_test(evidence_has_a_limit),
    cmocka_unit_test(property_revisions_chain),
};

UNIT_MAIN(tests)
