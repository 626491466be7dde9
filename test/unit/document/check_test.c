/*
 * The final check. A good document passes; then one thing at a time is spoilt, and the check must name it: a check that
 * cannot fail proves nothing.
 */
#include "document/check_fill.h"
#include "finished.h"
#include "ades/pades.h"
#include "pdf/increment.h"
#include "sample.h"

#include "base/time.h"

#include <stdarg.h>

static err_t
check(const struct finished *f, struct check_result *ret)
{
	return check_file(buf_bytes(&f->file), buf_bytes(&f->plan), &f->facts, ret);
}

/* The check fails and its reason holds these words. */
static void
refused(const struct finished *f, const char *words, const char *what)
{
	struct check_result r;
	err_t e = check(f, &r);
	if (!err_is(e))
		fail_msg("%s: not noticed", what);
	if (strstr(err_detail(), words) == NULL)
		fail_msg("%s: the reason is \"%s\"", what, err_detail());
}

static void
good_ones_pass(void **state)
{
	(void)state;
	for (size_t signers = 1; signers <= 3; signers++)
		for (const char *flavour = "cs"; *flavour != 0; flavour++) {
			struct finished f;
			struct check_result r;
			finished_make(&f, *flavour, signers, signers == 2, SPOIL_NOTHING);
			assert_ok(check(&f, &r));
			assert_int_equal(r.signatures, signers);
			assert_int_equal(r.stamped_at, world_get()->now + 1000);
			assert_int_equal(r.archived_at, world_get()->now + 2000);
			finished_done(&f);
		}
}

static void
each_ingredient_matters(void **state)
{
	(void)state;
	static const struct {
		enum finished_spoil spoil;
		const char *words;
	} cases[] = {
	    {SPOIL_DIGEST, "digest of the content"},
	    {SPOIL_SIGNING_TIME, "signed attributes are not exactly"},
	    {SPOIL_OTHER_SIGNER, "not of the certificate that was issued"},
	    {SPOIL_CHAIN_IN_CMS, "no chain"},
	    {SPOIL_REASON, "has /Reason"},
	    {SPOIL_CLAIMED_TIME, "/M is not within"},
	    {SPOIL_NO_STAMP, "has no time-stamp"},
	    {SPOIL_STAMP_IMPRINT, "about other data"},
	    {SPOIL_STAMP_SIGNATURE, "signature"},
	    {SPOIL_STAMP_LATE, "future"},
	    {SPOIL_STAMP_UNIT, "another key of its issuer"},
	    {SPOIL_NO_ROOT, "lacks a certificate"},
	    {SPOIL_NO_UNIT, "lacks a certificate"},
	    {SPOIL_NO_ISSUING, "lacks a certificate"},
	    {SPOIL_NO_OCSP, "no OCSP answer"},
	    {SPOIL_OCSP_REVOKED, "revoked"},
	    {SPOIL_OCSP_OTHER, "no OCSP answer"},
	    {SPOIL_OCSP_RESPONDER, "no OCSP answer"},
	    {SPOIL_NO_CRL, "lacks the status"},
	    {SPOIL_CRL_REVOKED, "is revoked"},
	    {SPOIL_CRL_SIGNATURE, "lacks the status"},
	    {SPOIL_ARCHIVE_IMPRINT, "about other data"},
	    {SPOIL_ARCHIVE_OLDER, "older than the signature's"},
	    {SPOIL_ARCHIVE_MISSING, "no object starts here"},
	    {SPOIL_ORDER, "fills none"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct finished f;
		char what[32];
		finished_make(&f, i % 2 ? 'c' : 's', 1, false, cases[i].spoil);
		snprintf(what, sizeof what, "spoil %d", cases[i].spoil);
		refused(&f, cases[i].words, what);
		finished_done(&f);
	}
}

/* A time-stamp after the certificate's end, when that is no longer the future. */
static void
late_stamp(void **state)
{
	(void)state;
	struct finished f;
	finished_make(&f, 'c', 1, false, SPOIL_STAMP_LATE);
	f.facts.now = world_get()->signer.c.not_after_at + TIME_MINUTE;
	refused(&f, "not valid at that time", "late stamp");
	finished_done(&f);
}

/* Each fact of core must agree with the file. */
static void
each_fact_matters(void **state)
{
	(void)state;
	struct finished f;
	uint8_t other[32] = {1};
	finished_make(&f, 'c', 2, false, SPOIL_NOTHING);
	const struct check_facts good = f.facts;
	f.facts.revision0_sha256 = BYTES_OF(other);
	refused(&f, "not what the signer consented to", "revision0_sha256");
	f.facts = good;
	f.facts.revision0_length--;
	refused(&f, "not the one of this revision 0", "revision0_length");
	f.facts = good;
	f.facts.base_length = f.from[0];
	refused(&f, "something follows", "base_length");
	f.facts.base_length = f.from[1];
	refused(&f, "does not start where it should", "base_length");
	f.facts = good;
	f.facts.field = 0;
	refused(&f, "another field", "field");
	f.facts = good;
	f.facts.stamp_field = 0;
	refused(&f, "another field", "stamp_field");
	f.facts = good;
	f.facts.certificate = world_get()->ocsp.der;
	refused(&f, "not of the certificate", "certificate");
	f.facts = good;
	f.facts.trusted = &world_get()->tsu.der;
	refused(&f, "chain", "trusted");
	f.facts = good;
	f.facts.result_sha256 = BYTES_OF(other);
	refused(&f, "another digest", "result_sha256");
	f.facts = good;
	f.facts.result_length++;
	refused(&f, "another length", "result_length");
	f.facts = good;
	f.facts.published_at += TIME_SECOND;
	refused(&f, "from after the publication", "published_at");
	f.facts = good;
	f.facts.now -= TIME_MINUTE;
	refused(&f, "future", "now");
	finished_done(&f);
}

/* Whatever octet changes behind revision 0, core's digest made again: somebody notices. */
static void
each_octet_matters(void **state)
{
	(void)state;
	unit_seed();
	struct finished f;
	struct check_result r;
	finished_make(&f, 's', 2, true, SPOIL_NOTHING);
	for (int i = 0; i < 400; i++) {
		size_t at = (size_t)f.facts.revision0_length + unit_below(f.file.n - f.facts.revision0_length);
		uint8_t was = f.file.p[at];
		f.file.p[at] ^= 1 << unit_below(3);
		finished_seal(&f);
		if (!err_is(check(&f, &r)))
			fail_msg("octet %zu: %02x became %02x", at, was, f.file.p[at]);
		f.file.p[at] = was;
	}
	finished_seal(&f);
	assert_ok(check(&f, &r));
	finished_done(&f);
}

/* Something behind the end, or before it is reached. */
static void
nothing_follows(void **state)
{
	(void)state;
	static const char *const tails[] = {"\n", "%", "\n%%EOF\n", "1 0 obj\n<</Type /Catalog>>\nendobj\n"};
	for (size_t i = 0; i < 4; i++) {
		struct finished f;
		struct check_result r;
		finished_make(&f, 'c', 1, false, SPOIL_NOTHING);
		buf_put(&f.file, bytes(tails[i], strlen(tails[i])));
		finished_seal(&f);
		assert_true(err_is(check(&f, &r)));
		finished_done(&f);
	}
	struct finished f;
	struct check_result r;
	finished_make(&f, 'c', 1, false, SPOIL_NOTHING);
	for (size_t i = 0; i < 3; i++) {
		f.file.n = f.from[2 - i];
		finished_seal(&f);
		assert_true(err_is(check(&f, &r)));
	}
	finished_done(&f);
}

/* ---- increments that no honest writer makes ---- */

enum knob {
	KNOB_NONE,
	KNOB_PAGE,           /* the page is redefined too */
	KNOB_PAGE_HIDDEN,    /* and the section does not say so */
	KNOB_UNNAMED,        /* the section names an object elsewhere */
	KNOB_SECOND_VALUE,   /* two new dictionaries */
	KNOB_STREAM_VALUE,   /* a stream instead of a dictionary */
	KNOB_NO_WIDGET,      /* appearance missing */
	KNOB_OTHER_AP,       /* another appearance object */
	KNOB_AP_STATES,      /* /AP with more than /N */
	KNOB_OTHER_LOOK,     /* another appearance stream */
	KNOB_FIELD_ENTRY,    /* an entry of the field changed */
	KNOB_FIELD_MORE,     /* an entry more */
	KNOB_OTHER_VALUE,    /* /V leads elsewhere */
	KNOB_TYPE,
	KNOB_SUBFILTER,
	KNOB_KEY,            /* /Reference in the signature dictionary */
	KNOB_NO_M,
	KNOB_RANGE_START,
	KNOB_RANGE_HOLE,
	KNOB_RANGE_END,
	KNOB_RANGE_FIVE,
	KNOB_LITERAL,        /* /Contents (…) */
	KNOB_SPACES,         /* /Contents with white space */
	KNOB_PADDING,        /* something behind the DER */
	KNOB_PREV,
	KNOB_ROOT,
	KNOB_ENCRYPT,
	KNOB_PLAN_ENCRYPT,   /* and the plan says so too */
	KNOB_TRAILER_LOST,   /* an entry that the trailer had */
	KNOB_TRAILER_OTHER,  /* with another value */
	KNOB_PLAN_BROKEN,    /* what the plan says of the trailer is no dictionary */
	KNOB_FREED,          /* the section frees an object */
	KNOB_COMMENT,        /* octets between the objects */
	KNOB_STARTXREF,
	KNOB_NO_EOF,
};

struct craft {
	struct finished f;
	struct plan plan;
	struct buf out;
	size_t offsets[8];
	uint32_t numbers[8];
	size_t n;
};

static void
put_object(struct craft *c, uint32_t number, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void
put_object(struct craft *c, uint32_t number, const char *format, ...)
{
	char text[4096];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	c->offsets[c->n] = c->f.file.n + c->out.n;
	c->numbers[c->n++] = number;
	buf_printf(&c->out, "%u 0 obj\n%s\nendobj\n", number, text);
}

static void
put_fill(struct craft *c, enum knob knob)
{
	const struct plan_field *f = &c->plan.fields[c->f.facts.field];
	uint32_t value = c->plan.next;
	char entries[2048];
	snprintf(entries, sizeof entries, "%.*s", (int)f->entries.n, (const char *)f->entries.p);
	if (knob == KNOB_FIELD_ENTRY)
		*strchr(strstr(entries, "/Rect"), '[') = '(';
	put_object(c, f->object.number, "<<%s%s /AP <</N %u 0 R%s>> /V %u 0 R>>", entries, knob == KNOB_FIELD_MORE ? " /AA <<>>" : "",
	    knob == KNOB_OTHER_AP ? 4 : f->appearance.number, knob == KNOB_AP_STATES ? " /R 4 0 R" : "",
	    knob == KNOB_OTHER_VALUE ? 4 : value);
	if (knob != KNOB_NO_WIDGET) {
		c->offsets[c->n] = c->f.file.n + c->out.n;
		c->numbers[c->n++] = f->appearance.number;
		buf_printf(&c->out, "%u 0 obj\n<<%.*s /Length %zu>>\nstream\n", f->appearance.number, (int)f->appearance_entries.n,
		    (const char *)f->appearance_entries.p, f->appearance_data.n);
		buf_put(&c->out, f->appearance_data);
		if (knob == KNOB_OTHER_LOOK)
			c->out.p[c->out.n - 1] ^= 1;
		buf_put_str(&c->out, STR("\nendstream\nendobj\n"));
	}
	if (knob == KNOB_PAGE || knob == KNOB_PAGE_HIDDEN)
		put_object(c, 3, "<</Type /Page /Parent 2 0 R /MediaBox [0 0 1 1]>>");
	if (knob == KNOB_PAGE_HIDDEN)
		c->n--;
	if (knob == KNOB_SECOND_VALUE)
		put_object(c, value + 1, "<<>>");
	if (knob == KNOB_COMMENT)
		buf_put_str(&c->out, STR("% hidden\n"));
}

static void
put_value(struct craft *c, enum knob knob, size_t *ret_range, size_t *ret_from, size_t *ret_to)
{
	const char *contents = knob == KNOB_LITERAL ? "(0\003\001\001\001)" : knob == KNOB_SPACES ? "<30 03 0101ff0000>"
	                       : knob == KNOB_PADDING ? "<30030101ff0001>" : "<30030101ff0000>";
	c->offsets[c->n] = c->f.file.n + c->out.n;
	c->numbers[c->n++] = c->plan.next;
	buf_printf(&c->out, "%u 0 obj\n<</Type /%s /Filter /Adobe.PPKLite /SubFilter /%s %s %s /ByteRange [", c->plan.next,
	    knob == KNOB_TYPE ? "DocTimeStamp" : "Sig", knob == KNOB_SUBFILTER ? "adbe.pkcs7.detached" : "ETSI.CAdES.detached",
	    knob == KNOB_NO_M ? "" : "/M (D:20261122140322Z)", knob == KNOB_KEY ? "/Reference []" : "");
	*ret_range = c->out.n;
	buf_printf(&c->out, "%50s]/Contents ", "");
	*ret_from = c->out.n;
	buf_printf(&c->out, "%s", contents);
	*ret_to = c->out.n;
	buf_put_str(&c->out, knob == KNOB_STREAM_VALUE ? STR("/Length 0>>\nstream\n\nendstream\nendobj\n") : STR(">>\nendobj\n"));
}

static void
put_table(struct craft *c, enum knob knob)
{
	size_t at = c->f.file.n + c->out.n;
	uint32_t size = c->plan.next + 2;
	buf_put_str(&c->out, STR("xref\n"));
	if (knob == KNOB_FREED)
		buf_put_str(&c->out, STR("4 1\n0000000000 00001 f\r\n"));
	for (size_t i = 0; i < c->n; i++)
		buf_printf(&c->out, "%u 1\n%010zu 00000 n\r\n", c->numbers[i], c->offsets[i] + (knob == KNOB_UNNAMED && i == 0));
	buf_printf(&c->out, "trailer\n<</Size %u /Root %u 0 R /Info 5 0 R /ID [<%02x%02x> <%02x%02x>] /Prev %llu%s%s>>\n", size,
	    knob == KNOB_ROOT ? 3 : c->plan.root.number, c->plan.id[0].p[0], c->plan.id[0].p[1], c->plan.id[1].p[0],
	    c->plan.id[1].p[1], (unsigned long long)c->plan.startxref - (knob == KNOB_PREV),
	    knob == KNOB_ENCRYPT || knob == KNOB_PLAN_ENCRYPT ? " /Encrypt 4 0 R" : "",
	    knob == KNOB_TRAILER_LOST ? "" : knob == KNOB_TRAILER_OTHER ? " /DocChecksum /0B" : " /DocChecksum /0A");
	buf_printf(&c->out, "startxref\n%zu\n%s", at - (knob == KNOB_STARTXREF), knob == KNOB_NO_EOF ? "%%EO\n" : "%%EOF\n");
}

/* A whole increment behind revision 0, and what the check of its structure says. */
static err_t
craft(enum knob knob)
{
	struct craft *c = calloc(1, sizeof *c);
	struct check_increment *inc;
	struct check_fill fill;
	size_t range, from, to;
	assert_non_null(c);
	finished_make(&c->f, 'c', 1, true, SPOIL_NOTHING);
	assert_ok(plan_read(buf_bytes(&c->f.plan), &c->plan));
	assert_int_equal(c->plan.id[0].n, 2);
	assert_true(bytes_eq(c->plan.trailer, str_bytes(STR(" /DocChecksum /0A"))));
	if (knob == KNOB_PLAN_ENCRYPT)
		c->plan.trailer = str_bytes(STR(" /DocChecksum /0A /Encrypt 4 0 R"));
	if (knob == KNOB_PLAN_BROKEN)
		c->plan.trailer = str_bytes(STR(" /DocChecksum /0A>> <<"));
	c->f.file.n = (size_t)c->f.facts.revision0_length;
	c->out = buf_init(1 << 20);
	put_fill(c, knob);
	put_value(c, knob, &range, &from, &to);
	put_table(c, knob);
	char text[51];
	int n = snprintf(text, sizeof text, "%d %zu %zu %zu%s", knob == KNOB_RANGE_START, c->f.file.n + from,
	    c->f.file.n + to + (knob == KNOB_RANGE_HOLE), c->out.n - to - (knob == KNOB_RANGE_END),
	    knob == KNOB_RANGE_FIVE ? " 0" : "");
	memcpy(c->out.p + range, text, (size_t)n);
	buf_put(&c->f.file, buf_bytes(&c->out));
	AUTO_ARENA(arena, 1 << 24);
	err_t e = check_increment_read(buf_bytes(&c->f.file), (size_t)c->f.facts.revision0_length, &c->plan, c->plan.startxref,
	    c->plan.next, arena, &inc);
	if (!err_is(e))
		e = check_fill_field(inc, &c->plan, PLAN_SIGNATURE, c->plan.next, arena, &fill);
	if (!err_is(e) && (fill.field != c->f.facts.field || fill.der.n != 5))
		fail_msg("the reading is wrong");
	buf_done(&c->out);
	finished_done(&c->f);
	free(c);
	return e;
}

static void
each_rule_of_an_increment_matters(void **state)
{
	(void)state;
	assert_ok(craft(KNOB_NONE));
	static const struct {
		enum knob knob;
		const char *words;
	} cases[] = {
	    {KNOB_PAGE, "object 3 may not"},
	    {KNOB_PAGE_HIDDEN, "names other objects"},
	    {KNOB_UNNAMED, "does not name this object"},
	    {KNOB_SECOND_VALUE, "may not be defined"},
	    {KNOB_STREAM_VALUE, "may not be defined"},
	    {KNOB_NO_WIDGET, "appearance is missing"},
	    {KNOB_OTHER_AP, "another appearance"},
	    {KNOB_AP_STATES, "another appearance"},
	    {KNOB_OTHER_LOOK, "not the one of the plan"},
	    {KNOB_FIELD_MORE, "other entries"},
	    {KNOB_FIELD_ENTRY, "at octet"},
	    {KNOB_OTHER_VALUE, "/V is not"},
	    {KNOB_TYPE, "/Type, /Filter or /SubFilter"},
	    {KNOB_SUBFILTER, "/Type, /Filter or /SubFilter"},
	    {KNOB_KEY, "/Reference"},
	    {KNOB_NO_M, "no /M"},
	    {KNOB_RANGE_START, "leave out exactly"},
	    {KNOB_RANGE_HOLE, "leave out exactly"},
	    {KNOB_RANGE_END, "does not end with"},
	    {KNOB_RANGE_FIVE, "not four numbers"},
	    {KNOB_LITERAL, "no hexadecimal"},
	    {KNOB_SPACES, "white space"},
	    {KNOB_PADDING, "behind the signature"},
	    {KNOB_PREV, "/Prev"},
	    {KNOB_ROOT, "another /Root"},
	    {KNOB_ENCRYPT, "the trailer has /Encrypt"},
	    {KNOB_PLAN_ENCRYPT, "the plan has a /Encrypt"},
	    {KNOB_TRAILER_LOST, "lost the document's /DocChecksum"},
	    {KNOB_TRAILER_OTHER, "lost the document's /DocChecksum"},
	    {KNOB_PLAN_BROKEN, "are none"},
	    {KNOB_FREED, "names other objects"},
	    {KNOB_COMMENT, "no object starts here"},
	    {KNOB_STARTXREF, "startxref"},
	    {KNOB_NO_EOF, "end marker"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (!err_is(craft(cases[i].knob)))
			fail_msg("knob %d: not noticed", cases[i].knob);
		if (strstr(err_detail(), cases[i].words) == NULL)
			fail_msg("knob %d: the reason is \"%s\"", cases[i].knob, err_detail());
	}
}

/* ---- forms that wait for a second signer ---- */

/* A form whose first signature is made and locks every field but the second one. */
static struct bytes
half_signed(struct sample *s)
{
	sample_start(s);
	sample_page(s, "/AcroForm <</Fields [5 0 R 7 0 R] /SigFlags 3>>", "/Annots [5 0 R 7 0 R]");
	sample_object(s, 5, "<</Type /Annot /Subtype /Widget /FT /Sig /T (Sig1) /V 6 0 R /Rect [0 0 0 0] /P 3 0 R /F 132"
	    " /Lock <</Type /SigFieldLock /Action /Exclude /Fields [(Sig2)]>>>>");
	sample_object(s, 6, "<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached"
	    " /ByteRange [0 00000000 00000000 00000000] /Contents <3003020100>"
	    " /Reference [<</TransformMethod /FieldMDP /TransformParams <</Action /Exclude /Fields [(Sig2)] /V /1.2>>>>]>>");
	sample_object(s, 7, "<</Type /Annot /Subtype /Widget /FT /Sig /T (Sig2) /Rect [72 100 252 150] /P 3 0 R /F 132>>");
	struct bytes file = sample_end(s, 'c');
	size_t from = bytes_find(file, 0, str_bytes(STR("<3003020100>"))), at = bytes_find(file, 0, str_bytes(STR("[0 0000")));
	char range[64];
	snprintf(range, sizeof range, "[0 %08zu %08zu %08zu]", from, from + 12, file.n - from - 12);
	memcpy(s->b.p + at, range, strlen(range));
	return file;
}

/* The field that is not locked takes the signature, and the new one of the time-stamp is no breach of the lock: the final check
 * passes, and to paraph verify the first signature stays what it was. */
static void
a_form_that_locks_all_but_the_next_field(void **state)
{
	(void)state;
	AUTO_SAMPLE(s);
	AUTO_ARENA(arena, 64 * 1024 * 1024);
	struct finished f;
	struct check_result r;
	struct pades *p;
	struct inspect_order order = {.wishes_n = 1, .demo = true,
	    .wishes = {{.name = STR("Sig2"), .signer_name = STR("Jane Doe"), .existing = true, .visible = true}}};
	finished_make_from(&f, half_signed(&s), &order, SPOIL_NOTHING);
	assert_ok(check(&f, &r));
	assert_ok(pades_find(buf_bytes(&f.file), arena, &p));
	assert_int_equal(p->n, 3);
	for (size_t i = 0; i < p->n; i++) {
		assert_true(p->signatures[i].placed && p->signatures[i].later_known);
		assert_false(p->signatures[i].later.changed);
	}
	finished_done(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(good_ones_pass),
    cmocka_unit_test(a_form_that_locks_all_but_the_next_field),
    cmocka_unit_test(each_ingredient_matters),
    cmocka_unit_test(late_stamp),
    cmocka_unit_test(each_fact_matters),
    cmocka_unit_test(each_octet_matters),
    cmocka_unit_test(nothing_follows),
    cmocka_unit_test(each_rule_of_an_increment_matters),
};
UNIT_MAIN(tests)
