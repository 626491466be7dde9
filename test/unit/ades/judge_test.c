/*
 * Judging whole files: what is good is called valid, and the known attacks on signed PDFs (universal signature forgery,
 * incremental saving, signature wrapping, shadow attacks, evil annotations) are never called valid nor unchanged.
 */
#include "ades/evidence.h"
#include "ades/judge.h"
#include "ades/pades.h"
#include "ades/pdfdiff.h"
#include "ades/words.h"
#include "finished.h"

#include "base/time.h"

static struct report *
judge(struct bytes file, struct arena *arena)
{
	struct world *w = world_get();
	struct report *r = NULL;
	assert_ok(judge_file(file, &w->root.der, 1, w->now + TIME_SECOND, arena, &r));
	return r;
}

static void
good_ones_are_valid(void **state)
{
	(void)state;
	for (size_t signers = 1; signers <= 3; signers++)
		for (const char *flavour = "cs"; *flavour != 0; flavour++) {
			struct finished f;
			AUTO_ARENA(arena, 1 << 27);
			finished_make(&f, *flavour, signers, signers == 2, SPOIL_NOTHING);
			struct report *r = judge(buf_bytes(&f.file), arena);
			assert_int_equal(r->verdict, REPORT_VALID);
			assert_int_equal(r->n, 2 * signers);
			assert_int_equal(r->people, signers);
			for (size_t i = 0; i < r->n; i++) {
				const struct report_signature *s = &r->signatures[i];
				assert_int_equal(s->verdict, REPORT_VALID);
				assert_int_equal(s->stamp, i % 2);
				assert_int_equal(s->change, i + 1 == r->n ? REPORT_UNCHANGED : REPORT_EXTENDED);
				if (!s->stamp) {
					assert_string_equal(s->level, "LTA");
					assert_true(str_eq(s->signer, STR("Jane Doe")));
					assert_int_equal(s->time, REPORT_TIME_PROVEN);
				}
			}
			finished_done(&f);
		}
}

/* What was spoilt on its way in is named. */
static void
reasons_are_told(void **state)
{
	(void)state;
	static const struct {
		enum finished_spoil spoil;
		enum report_verdict verdict;
		enum report_reason reason;
	} cases[] = {
	    {SPOIL_DIGEST, REPORT_INVALID, REPORT_DIGEST},
	    {SPOIL_STAMP_IMPRINT, REPORT_INVALID, REPORT_STAMP},
	    {SPOIL_STAMP_SIGNATURE, REPORT_INVALID, REPORT_STAMP},
	    {SPOIL_NO_OCSP, REPORT_UNDECIDED, REPORT_NO_STATUS},
	    {SPOIL_OCSP_REVOKED, REPORT_INVALID, REPORT_REVOKED},
	    {SPOIL_OCSP_OTHER, REPORT_UNDECIDED, REPORT_NO_STATUS},
	    {SPOIL_OCSP_RESPONDER, REPORT_UNDECIDED, REPORT_NO_STATUS},
	    {SPOIL_CRL_REVOKED, REPORT_INVALID, REPORT_REVOKED},
	    {SPOIL_CRL_SIGNATURE, REPORT_UNDECIDED, REPORT_NO_STATUS},
	    {SPOIL_UNIT_SIGNS, REPORT_UNDECIDED, REPORT_CHAIN},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct finished f;
		AUTO_ARENA(arena, 1 << 27);
		finished_make(&f, i % 2 ? 'c' : 's', 1, false, cases[i].spoil);
		struct report *r = judge(buf_bytes(&f.file), arena);
		if (r->signatures[0].verdict != cases[i].verdict || r->signatures[0].reason != cases[i].reason)
			fail_msg("spoil %d: %s, %s (%s)", cases[i].spoil, report_verdict_name(r->signatures[0].verdict),
			    report_reason_name(r->signatures[0].reason), r->signatures[0].detail);
		finished_done(&f);
	}
}

/* Without a trusted root it is not valid, but unchanged; with another time it is still proven, or not yet. */
static void
trust_and_time(void **state)
{
	(void)state;
	struct world *w = world_get();
	struct finished f;
	struct report *r;
	finished_make(&f, 'c', 1, false, SPOIL_NOTHING);
	{
		AUTO_ARENA(arena, 1 << 27);
		assert_ok(judge_file(buf_bytes(&f.file), NULL, 0, w->now + TIME_SECOND, arena, &r));
		assert_int_equal(r->verdict, REPORT_UNDECIDED);
		assert_int_equal(r->signatures[0].reason, REPORT_UNKNOWN_ISSUER);
		assert_int_equal(r->signatures[0].change, REPORT_EXTENDED);
	}
	{
		/* A year later the signer's certificate is long over; the archive time-stamp still proves it. */
		AUTO_ARENA(arena, 1 << 27);
		assert_ok(judge_file(buf_bytes(&f.file), &w->root.der, 1, w->now + 365 * TIME_DAY, arena, &r));
		assert_int_equal(r->verdict, REPORT_VALID);
		assert_true(r->signatures[1].notes_n > 0);
	}
	{
		/* After the time-stamp unit's end nothing proves anything. */
		AUTO_ARENA(arena, 1 << 27);
		assert_ok(judge_file(buf_bytes(&f.file), &w->root.der, 1, w->tsu.c.not_after_at + TIME_DAY, arena, &r));
		assert_int_equal(r->verdict, REPORT_UNDECIDED);
		assert_int_equal(r->signatures[0].reason, REPORT_EXPIRED);
	}
	{
		/* Before it was made. */
		AUTO_ARENA(arena, 1 << 27);
		assert_ok(judge_file(buf_bytes(&f.file), &w->root.der, 1, w->now - TIME_HOUR, arena, &r));
		assert_int_equal(r->verdict, REPORT_INVALID);
	}
	finished_done(&f);
}

/* For the archive is proven what an archive time-stamp covers: the signature and what proves it. */
static void
archived_with_its_proof(void **state)
{
	(void)state;
	static const struct {
		enum finished_spoil spoil;
		size_t signers;
		const char *first, *last; /* level of their signatures */
	} cases[] = {{SPOIL_NOTHING, 1, "LTA", "LTA"}, {SPOIL_EVIDENCE_LATE, 1, "LT", "LT"}, {SPOIL_EVIDENCE_AGAIN, 1, "LTA", "LTA"},
	    {SPOIL_ARCHIVE_MISSING, 1, "LT", "LT"}, {SPOIL_EVIDENCE_LATE, 2, "LTA", "LT"}, {SPOIL_ARCHIVE_MISSING, 2, "LTA", "LT"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct finished f;
		AUTO_ARENA(arena, 1 << 27);
		finished_make(&f, i % 2 ? 'c' : 's', cases[i].signers, false, cases[i].spoil);
		struct report *r = judge(buf_bytes(&f.file), arena);
		const struct report_signature *first = &r->signatures[0], *last = &r->signatures[2 * (cases[i].signers - 1)];
		assert_int_equal(r->verdict, REPORT_VALID);
		if (strcmp(first->level, cases[i].first) != 0 || strcmp(last->level, cases[i].last) != 0)
			fail_msg("case %zu: %s, %s", i, first->level, last->level);
		assert_int_equal(last->proven_until != 0, strcmp(last->level, "LTA") == 0);
		finished_done(&f);
	}
}

/* Appends a revision in which the list of certificates of /DSS has so many more. */
static void
put_certificates(struct buf *file, size_t more)
{
	enum { FIRST = 300 };
	AUTO_ARENA(arena, 1 << 27);
	AUTO_BUF(objects, 1 << 16);
	AUTO_BUF(table, 1 << 16);
	struct pades *p;
	struct pdffile_object dss;
	const struct pdflex_value *root;
	uint64_t previous;
	assert_ok(pades_find(buf_bytes(file), arena, &p));
	assert_ok(pdffile_end(buf_bytes(file), file->n, &previous));
	assert_ok(pdffile_root(p->file, 0, &root));
	uint32_t number = (uint32_t)pdflex_get(root, "DSS")->integer;
	assert_ok(pdffile_get(p->file, 0, number, &dss));
	buf_printf(&table, "%u 1\n%010zu 00000 n\r\n%d %zu\n", number, file->n, FIRST, more);
	buf_printf(&objects, "%u 0 obj\n<<", number);
	for (const struct pdflex_value *m = dss.value->first; m != NULL; m = m->next) {
		bool certs = bytes_eq(m->key, bytes("Certs", 5));
		buf_printf(&objects, "/%.*s %.*s ", (int)m->key.n, (const char *)m->key.p, (int)(m->to - m->from - certs),
		    (const char *)dss.source.p + m->from);
		for (size_t i = 0; certs && i < more; i++)
			buf_printf(&objects, "%zu 0 R ", FIRST + i);
		buf_put_str(&objects, certs ? STR("]") : STR(""));
	}
	buf_put_str(&objects, STR(">>\nendobj\n"));
	for (size_t i = 0; i < more; i++) {
		buf_printf(&table, "%010zu 00000 n\r\n", file->n + objects.n);
		buf_printf(&objects, "%zu 0 obj\n<</Length 3>>\nstream\n%03zu\nendstream\nendobj\n", FIRST + i, i);
	}
	buf_put(file, buf_bytes(&objects));
	size_t at = file->n;
	buf_printf(file, "xref\n%.*strailer\n<</Size %zu /Root 1 0 R /Info 5 0 R /Prev %llu>>\nstartxref\n%zu\n%%%%EOF\n", (int)table.n,
	    (const char *)table.p, FIRST + more, (unsigned long long)previous, at);
	assert_ok(buf_check(file));
}

/* What there is no room for is not looked at, and that is said. */
static void
too_much_evidence_is_said(void **state)
{
	(void)state;
	static const size_t more[] = {1, PATH_POOL_MAX};
	for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
		struct finished f;
		AUTO_ARENA(arena, 1 << 27);
		finished_make(&f, 'c', 1, false, SPOIL_NOTHING);
		put_certificates(&f.file, more[i]);
		struct report *r = judge(buf_bytes(&f.file), arena);
		for (size_t k = 0; k < r->n; k++) {
			const struct report_signature *s = &r->signatures[k];
			assert_int_equal(s->change, REPORT_EXTENDED);
			bool said = s->notes_n > 0 && strstr(s->notes[s->notes_n - 1], "more certificates or answers") != NULL;
			assert_int_equal(said, i == 1);
		}
		finished_done(&f);
	}
}

/* ---- attacks ---- */

static void
never_accepted(struct bytes file, const char *what)
{
	AUTO_ARENA(arena, 1 << 27);
	AUTO_BUF(words, 1 << 16);
	struct report *r = judge(file, arena);
	words_sentence(r, &words);
	buf_put_byte(&words, 0);
	if (r->verdict == REPORT_VALID)
		fail_msg("%s: called valid", what);
	if (strstr((const char *)words.p, "has not changed") != NULL)
		fail_msg("%s: %s", what, words.p);
	for (size_t i = 0; i < r->n; i++)
		if (!r->signatures[i].stamp && r->signatures[i].verdict == REPORT_VALID)
			fail_msg("%s: signature %zu called valid", what, i);
}

/* Appends objects as a revision of a file with tables; number 0 ends the list. root: for the trailer. */
struct object {
	uint32_t number;
	const char *text;
	bool freed;
};

static void
append_revision(struct buf *file, const struct object *objects, uint32_t root, bool table)
{
	uint64_t previous;
	size_t offsets[8], at;
	uint32_t most = 200;
	assert_ok(pdffile_end(buf_bytes(file), file->n, &previous));
	for (size_t i = 0; objects[i].number != 0; i++) {
		offsets[i] = file->n;
		if (!objects[i].freed)
			buf_printf(file, "%u 0 obj\n%s\nendobj\n", objects[i].number, objects[i].text);
	}
	if (!table)
		return;
	at = file->n;
	buf_put_str(file, STR("xref\n"));
	for (size_t i = 0; objects[i].number != 0; i++)
		buf_printf(file, "%u 1\n%010zu %05u %c\r\n", objects[i].number, objects[i].freed ? 0 : offsets[i],
		    objects[i].freed ? 1 : 0, objects[i].freed ? 'f' : 'n');
	buf_printf(file, "trailer\n<</Size %u /Root %u 0 R /Prev %llu>>\nstartxref\n%zu\n%%%%EOF\n", most, root,
	    (unsigned long long)previous, at);
}

static void
with_revision(const char *what, const struct object *objects, uint32_t root, bool table, const char *tail)
{
	struct finished f;
	finished_make(&f, 'c', 1, false, SPOIL_NOTHING);
	append_revision(&f.file, objects, root, table);
	buf_put(&f.file, bytes(tail, strlen(tail)));
	assert_ok(buf_check(&f.file));
	never_accepted(buf_bytes(&f.file), what);
	finished_done(&f);
}

#define STREAM(text) "<</Length 48>>\nstream\nBT /F1 24 Tf 72 720 Td (" text ") Tj ET\nendstream"

/* Incremental saving attacks: content comes after the signature. */
static void
incremental_saving(void **state)
{
	(void)state;
	static const char evil[] = STREAM("Another contract!");
	const struct object page[] = {{4, evil, false}, {0}};
	const struct object catalog[] = {{1, "<</Type /Catalog /Pages 101 0 R>>", false},
	    {101, "<</Type /Pages /Kids [] /Count 0>>", false}, {0}};
	const struct object other[] = {{100, "<</Type /Catalog /Pages 101 0 R>>", false},
	    {101, "<</Type /Pages /Kids [] /Count 0>>", false}, {0}};
	const struct object resources[] = {{6, "<</Type /Font /Subtype /Type1 /BaseFont /Symbol>>", false}, {0}};
	const struct object boxes[] = {{3, "<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R>>", false}, {0}};
	const struct object kids[] = {{2, "<</Type /Pages /Kids [3 0 R 3 0 R] /Count 2>>", false}, {0}};
	const struct object freed[] = {{4, NULL, true}, {0}};
	const struct object dangling[] = {{150, "<</Type /Page>>", false}, {0}};
	with_revision("page content redefined", page, 1, true, "");
	with_revision("another catalog", catalog, 1, true, "");
	with_revision("the trailer names another catalog", other, 100, true, "");
	with_revision("a font redefined", resources, 1, true, "");
	with_revision("a page redefined", boxes, 1, true, "");
	with_revision("pages added", kids, 1, true, "");
	with_revision("content freed", freed, 1, true, "");
	with_revision("objects without a section", page, 1, false, "");
	with_revision("objects without a section, but an end", page, 1, false, "%%EOF\n");
	with_revision("objects and a startxref of nothing", page, 1, false, "startxref\n0\n%%EOF\n");
	with_revision("octets behind the end", dangling, 1, true, "<!-- -->");
	with_revision("a linearization dictionary behind the end", dangling, 1, true, "9 0 obj<</Linearized 1>>endobj\n");
	with_revision("an end inside a trailer", page, 1, false, "trailer\n<</Root 1 0 R %%EOF\n>>\nstartxref\n1\n%%EOF\n");
}

/* Annotations and fields over the page, and scripts. */
static void
evil_annotations(void **state)
{
	(void)state;
	static const char *const annotations[] = {
	    "<</Type /Annot /Subtype /FreeText /Rect [72 700 400 740] /Contents (Another contract) /DA (/F1 24 Tf)>>",
	    "<</Type /Annot /Subtype /Stamp /Rect [72 700 400 740]>>",
	    "<</Type /Annot /Subtype /Redact /Rect [72 700 400 740]>>",
	    "<</Type /Annot /Subtype /Widget /FT /Tx /T (x) /V (Another) /Rect [72 700 400 740]>>",
	    "<</Type /Annot /Subtype /Widget /FT /Sig /T (not in the form) /Rect [72 700 400 740]>>",
	};
	for (size_t i = 0; i < sizeof annotations / sizeof annotations[0]; i++) {
		const struct object objects[] = {
		    {3, "<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <</Font <</F1 6 0 R>>>>"
		        " /Annots [7 0 R 100 0 R]>>", false},
		    {100, annotations[i], false}, {0}};
		with_revision(annotations[i], objects, 1, true, "");
	}
	const struct object action[] = {{1, "<</Type /Catalog /Pages 2 0 R /OpenAction <</S /JavaScript /JS (1)>>>>", false}, {0}};
	with_revision("an open action", action, 1, true, "");
}

/* Replaces the first `from` behind `at` by `to` of the same length. */
static void
replace(struct bytes file, size_t at, const char *from, const char *to)
{
	size_t n = strlen(from);
	assert_int_equal(n, strlen(to));
	size_t found = bytes_find(file, at, bytes(from, n));
	assert_true(found != SIZE_MAX);
	memcpy((uint8_t *)(uintptr_t)file.p + found, to, n);
}

/* Universal signature forgery: the signature object is spoilt so that a careless reader skips the check. */
static void
signature_forgery(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to;
	} in_place[] = {
	    {"/ByteRange [0 ", "/ByteRangX [0 "}, {"/ByteRange [0 ", "/ByteRange null"}, {"/ByteRange [0 ", "/ByteRange [9 "},
	    {"/Contents <", "/Contentx <"}, {"/Contents <30", "/Contents <00"}, {"/Contents <30", "/Contents <> "},
	    {"/SubFilter /ETSI.CAdES.detached", "/SubFilter /ETSI.RFC3161       "}, {"/Type /Sig ", "/Type /Sog "},
	    {"/Filter /Adobe.PPKLite", "/Filter /Adobe.PPKLita"},
	};
	for (size_t i = 0; i < sizeof in_place / sizeof in_place[0]; i++) {
		struct finished f;
		if (strlen(in_place[i].from) != strlen(in_place[i].to))
			continue;
		finished_make(&f, 'c', 1, false, SPOIL_NOTHING);
		replace(buf_bytes(&f.file), f.from[0], in_place[i].from, in_place[i].to);
		never_accepted(buf_bytes(&f.file), in_place[i].to);
		finished_done(&f);
	}
}

/* The same by a later revision that redefines the dictionary with good looks. */
static void
signature_redefined(void **state)
{
	(void)state;
	static const char *const dictionaries[] = {
	    "<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange null /Contents <00>>>",
	    "<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 0 0 0] /Contents null>>",
	    "<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 -1 2 3] /Contents <3000>>>",
	    "<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached>>",
	    "<</Type /Sig>>",
	    "null",
	};
	for (size_t i = 0; i < sizeof dictionaries / sizeof dictionaries[0]; i++) {
		struct finished f;
		AUTO_ARENA(arena, 1 << 27);
		finished_make(&f, 'c', 1, false, SPOIL_NOTHING);
		struct pades *p;
		assert_ok(pades_find(buf_bytes(&f.file), arena, &p));
		const struct object objects[] = {{p->signatures[0].object, dictionaries[i], false}, {0}};
		append_revision(&f.file, objects, 1, true);
		never_accepted(buf_bytes(&f.file), dictionaries[i]);
		finished_done(&f);
	}
}

/* Signature wrapping: octets are put into the hole or the range is bent around them. */
static void
signature_wrapping(void **state)
{
	(void)state;
	struct finished f;
	static const char *const into_padding[] = {"0000000000000000>/X <", "00%00000000", "0(evil)00", ">>endobj 9 0 obj<<"};
	for (size_t i = 0; i < 4; i++) {
		AUTO_ARENA(arena, 1 << 27);
		struct pades *p;
		finished_make(&f, 'c', 1, false, SPOIL_NOTHING);
		assert_ok(pades_find(buf_bytes(&f.file), arena, &p));
		size_t n = strlen(into_padding[i]);
		memcpy(f.file.p + p->signatures[0].hole_to - 1 - n, into_padding[i], n);
		never_accepted(buf_bytes(&f.file), into_padding[i]);
		finished_done(&f);
	}
	/* The second range moved to a copy at the end, something else in between. */
	AUTO_ARENA(arena, 1 << 27);
	AUTO_BUF(bent, 1 << 20);
	struct pades *p;
	char range[64], was[64];
	finished_make(&f, 'c', 1, false, SPOIL_NOTHING);
	assert_ok(pades_find(buf_bytes(&f.file), arena, &p));
	const struct pades_signature *s = &p->signatures[0];
	buf_put(&bent, bytes_sub(buf_bytes(&f.file), 0, s->hole_to));
	buf_put_str(&bent, STR(">>\nendobj\n4 0 obj\n<<>>\nendobj\n"));
	size_t moved = bent.n;
	buf_put(&bent, bytes_sub(buf_bytes(&f.file), s->hole_to, s->end));
	snprintf(was, sizeof was, "%zu %zu %zu", s->hole_from, s->hole_to, s->end - s->hole_to);
	snprintf(range, sizeof range, "%zu %zu %zu", s->hole_from, moved, s->end - s->hole_to);
	if (strlen(was) == strlen(range)) {
		replace(buf_bytes(&bent), f.from[0], was, range);
		never_accepted(buf_bytes(&bent), "a bent range");
	}
	finished_done(&f);
}

/* Two fields that hold one signature; and a signature that the newest revision drops. */
static void
fields_are_counted(void **state)
{
	(void)state;
	struct finished f;
	AUTO_ARENA(arena, 1 << 27);
	struct pades *p;
	char first[200], form[200];
	finished_make(&f, 'c', 2, false, SPOIL_NOTHING);
	assert_ok(pades_find(buf_bytes(&f.file), arena, &p));
	snprintf(first, sizeof first, "<</FT /Sig /T (copy) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /V %u 0 R>>",
	    p->signatures[0].object);
	const struct object copy[] = {{p->signatures[2].field, first, false}, {0}};
	append_revision(&f.file, copy, 1, true);
	never_accepted(buf_bytes(&f.file), "a signature in two fields");
	finished_done(&f);
	finished_make(&f, 'c', 2, false, SPOIL_NOTHING);
	snprintf(form, sizeof form, "<</Type /Catalog /Pages 2 0 R /AcroForm <</SigFlags 3 /Fields [%u 0 R]>>>>",
	    p->signatures[2].field);
	const struct object drop[] = {{1, form, false}, {0}};
	append_revision(&f.file, drop, 1, true);
	never_accepted(buf_bytes(&f.file), "a signature that is hidden");
	finished_done(&f);
}

/* The file is not called valid, nor the document unchanged, whatever holds for its older signatures. */
static void
is_noticed(const struct finished *f, const char *what, size_t at, uint8_t bits)
{
	AUTO_ARENA(arena, 1 << 27);
	AUTO_BUF(words, 1 << 16);
	struct report *r = judge(buf_bytes(&f->file), arena);
	words_sentence(r, &words);
	if (r->verdict == REPORT_VALID || bytes_find(buf_bytes(&words), 0, str_bytes(STR("has not changed"))) != SIZE_MAX)
		fail_msg("%s %zu ^ %u near \"%.*s\": %.*s", what, at, bits, 60, (const char *)f->file.p + (at < 30 ? 0 : at - 30),
		    (int)words.n, (const char *)words.p);
}

static void
octet_is_noticed(struct finished *f, size_t at, uint8_t bits)
{
	f->file.p[at] ^= bits;
	is_noticed(f, "octet", at, bits);
	f->file.p[at] ^= bits;
}

/* The newest time-stamp is still in the file, but nothing leads to it any more. */
static void
signature_hidden(void **state)
{
	(void)state;
	static const struct object unshown[] = {{150, "<</Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161"
	    " /ByteRange [0 10 20 30] /Contents <00>>>", false}, {0}};
	struct finished f;
	size_t at = 0, older = 0, newest = 0;
	finished_make(&f, 'c', 1, false, SPOIL_NOTHING);
	append_revision(&f.file, unshown, 1, true);
	is_noticed(&f, "a signature that no field shows", 0, 0);
	finished_done(&f);
	finished_make(&f, 'c', 1, false, SPOIL_NOTHING);
	for (; (at = bytes_find(buf_bytes(&f.file), at, bytes("\nxref\n", 6))) != SIZE_MAX; at++) {
		older = newest;
		newest = at + 1;
	}
	buf_printf(&f.file, "startxref\n%zu\n%%%%EOF\n", older);
	is_noticed(&f, "startxref that passes over the newest revision", 0, 0);
	finished_done(&f);
}

/* Any octet, anywhere. */
static void
no_octet_may_change(void **state)
{
	(void)state;
	unit_seed();
	struct finished f;
	finished_make(&f, 's', 2, true, SPOIL_NOTHING);
	/* Among them the ones that once made the last signature vanish: the number of its dictionary. */
	size_t value = 0, last = 0;
	for (size_t at = 0; (at = bytes_find(buf_bytes(&f.file), at, bytes("/V ", 3))) != SIZE_MAX; at++)
		value = at + 3;
	for (size_t at = value; f.file.p[at] != 'R'; at++)
		for (uint8_t bit = 1; bit < 8; bit = (uint8_t)(bit << 1))
			octet_is_noticed(&f, at, bit);
	/* No other signature covers the newest one: a digit of its token that no longer can be read, names another
	 * algorithm or breaks its own signature leaves everything before it intact, but proves nothing about it. */
	for (size_t at = 0; (at = bytes_find(buf_bytes(&f.file), at, bytes("/Contents <", 11))) != SIZE_MAX; at++)
		last = at + 11;
	for (size_t at = last; f.file.p[at] != '>'; at += 5)
		octet_is_noticed(&f, at, 1);
	for (int i = 0; i < 300; i++)
		octet_is_noticed(&f, unit_below(f.file.n), (uint8_t)(1 << unit_below(3)));
	finished_done(&f);
}

/* Nothing but the newest time-stamp covers its own revision, so what makes that stamp vanish (its field, its dictionary, its
 * entry in the cross-reference) leaves everything older intact. Every bit of it, in a table and in a stream. */
static void
no_bit_of_the_newest_revision(void **state)
{
	(void)state;
	for (const char *flavour = "sc"; *flavour != 0; flavour++) {
		struct finished f;
		finished_make(&f, *flavour, 1, true, SPOIL_NOTHING);
		size_t from = f.from[f.increments - 1], hole = 0;
		for (size_t at = from; (at = bytes_find(buf_bytes(&f.file), at, bytes("/Contents <", 11))) != SIZE_MAX; at++)
			hole = at + 11;
		size_t end = bytes_find(buf_bytes(&f.file), hole, bytes(">", 1)), padding = end;
		while (f.file.p[padding - 1] == '0')
			padding--;
		size_t inside = *flavour == 's' ? 3 : 13; /* of the token, all of whose octets are one signature's */
		for (size_t at = from; at < f.file.n; at += at < hole || at + 64 > end ? 1 : at > padding ? 61 : inside)
			for (unsigned bit = 1; bit < 256; bit <<= 1)
				octet_is_noticed(&f, at, (uint8_t)bit);
		finished_done(&f);
	}
}

/* ---- one change at a time, in a catalog and a form that keep everything else ---- */

struct kept {
	struct finished f;
	uint32_t form, dss;
	long long fields[2];
};

static void
kept_make(struct kept *k)
{
	AUTO_ARENA(arena, 1 << 27);
	struct pades *p;
	const struct pdflex_value *root, *form;
	finished_make(&k->f, 'c', 1, false, SPOIL_NOTHING);
	assert_ok(pades_find(buf_bytes(&k->f.file), arena, &p));
	assert_ok(pdffile_root(p->file, 0, &root));
	assert_int_equal(pdflex_get(root, "AcroForm")->kind, PDFLEX_REFERENCE);
	k->form = (uint32_t)pdflex_get(root, "AcroForm")->integer;
	k->dss = (uint32_t)pdflex_get(root, "DSS")->integer;
	assert_ok(pdffile_member(p->file, 0, root, "AcroForm", &form));
	const struct pdflex_value *first = pdflex_get(form, "Fields")->first;
	k->fields[0] = first->integer;
	k->fields[1] = first->next->integer;
}

static void
kept_change(const char *what, const struct object *objects, enum report_change wanted, unsigned added)
{
	struct kept k;
	AUTO_ARENA(arena, 1 << 27);
	struct object all[6] = {0};
	char text[4][400];
	kept_make(&k);
	size_t n = 0;
	for (; objects[n].number != 0; n++) {
		assert_true(n < sizeof text / sizeof text[0]);
		all[n] = objects[n];
		if (all[n].number == 1) {
			snprintf(text[n], sizeof text[n], "<</Type /Catalog /AcroForm %u 0 R /DSS %u 0 R %s>>", k.form, k.dss, objects[n].text);
			all[n].text = text[n];
		} else if (all[n].number == 999) { /* the form */
			all[n].number = k.form;
			snprintf(text[n], sizeof text[n], "<</SigFlags 3 /Fields [%lld 0 R %lld 0 R %s>>", k.fields[0], k.fields[1], objects[n].text);
			all[n].text = text[n];
		}
	}
	append_revision(&k.f.file, all, 1, true);
	struct report *r = judge(buf_bytes(&k.f.file), arena);
	if (r->unreadable || r->n < 2 || r->signatures[0].change != wanted || (r->verdict == REPORT_VALID) != (wanted == REPORT_EXTENDED))
		fail_msg("%s: %s, %s (%s)", what, report_verdict_name(r->verdict), report_change_name(r->signatures[0].change),
		    r->signatures[0].detail);
	if (wanted == REPORT_EXTENDED && (r->signatures[1].added & added) != added)
		fail_msg("%s: not said", what);
	finished_done(&k.f);
}

static void
permitted_and_not(void **state)
{
	(void)state;
	static const char field[] = "<</FT /Sig /T (later) /Type /Annot /Subtype /Widget /Rect [0 0 0 0]>>";
	const struct object empty_field[] = {{999, "100 0 R]", false}, {100, field, false}, {0}};
	const struct object acting_field[] = {{999, "100 0 R]", false},
	    {100, "<</FT /Sig /T (later) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /AA <</E <</S /JavaScript /JS (1)>>>>>>", false},
	    {0}};
	const struct object text_field[] = {{999, "100 0 R]", false}, {100, "<</FT /Tx /T (later) /V (evil)>>", false}, {0}};
	const struct object scripts[] = {{999, "] /XFA 4 0 R", false}, {0}};
	const struct object needs[] = {{999, "] /NeedAppearances true", false}, {0}};
	const struct object old_as_field[] = {{999, "4 0 R]", false}, {0}};
	const struct object nothing[] = {{1, "/Pages 2 0 R", false}, {0}};
	const struct object version[] = {{1, "/Pages 2 0 R /Version /2.0 /Extensions <</ADBE <</BaseVersion /1.7>>>>", false}, {0}};
	const struct object metadata[] = {{1, "/Pages 2 0 R /Metadata 100 0 R", false},
	    {100, "<</Type /Metadata /Length 3>>\nstream\n<x>\nendstream", false}, {0}};
	const struct object pages[] = {{1, "/Pages 3 0 R", false}, {0}};
	const struct object action[] = {{1, "/Pages 2 0 R /OpenAction <</S /JavaScript /JS (1)>>", false}, {0}};
	const struct object layers[] = {{1, "/Pages 2 0 R /OCProperties <</OCGs []>>", false}, {0}};
	const struct object orphan[] = {{100, "<</Type /Page>>", false}, {0}};
	kept_change("an empty signature field", empty_field, REPORT_EXTENDED, PDFDIFF_FIELD);
	kept_change("a signature field that acts", acting_field, REPORT_CHANGED, 0);
	kept_change("a text field", text_field, REPORT_CHANGED, 0);
	kept_change("XFA", scripts, REPORT_CHANGED, 0);
	kept_change("appearances drawn anew", needs, REPORT_CHANGED, 0);
	kept_change("an old object as field", old_as_field, REPORT_CHANGED, 0);
	kept_change("the same catalog", nothing, REPORT_EXTENDED, 0);
	kept_change("a version", version, REPORT_EXTENDED, 0);
	kept_change("metadata", metadata, REPORT_EXTENDED, PDFDIFF_INFORMATION);
	kept_change("other pages", pages, REPORT_CHANGED, 0);
	kept_change("an open action", action, REPORT_CHANGED, 0);
	kept_change("layers", layers, REPORT_CHANGED, 0);
	kept_change("an object that nobody uses", orphan, REPORT_EXTENDED, 0);
}

/* A newest revision whose /Prev names the one that the first signer's archive time-stamp covers: the second one's is not seen. */
static void
no_revision_is_skipped(void **state)
{
	(void)state;
	for (unsigned known = 0; known < 2; known++) {
		struct finished f;
		AUTO_ARENA(arena, 1 << 27);
		struct pades *p;
		uint64_t previous, first;
		finished_make(&f, 'c', 2, false, SPOIL_NOTHING);
		assert_ok(pades_find(buf_bytes(&f.file), arena, &p));
		size_t end = p->signatures[1].end;
		assert_ok(pdffile_end(buf_bytes(&f.file), end, &previous));
		size_t next = pdflex_space(buf_bytes(&f.file), end), at = next;
		assert_true(pdflex_digits(buf_bytes(&f.file), &at, &first));
		at = f.file.n;
		buf_put_str(&f.file, STR("xref\n0 1\n0000000000 65535 f\r\n"));
		if (known == 1) /* its first object, where it is: what nobody uses may be added */
			buf_printf(&f.file, "%llu 1\n%010zu 00000 n\r\n", (unsigned long long)first, next);
		buf_printf(&f.file, "trailer\n<</Size 200 /Root 1 0 R /Prev %llu>>\nstartxref\n%zu\n%%%%EOF\n", (unsigned long long)previous, at);
		assert_err(pades_find(buf_bytes(&f.file), arena, &p), ERR_PDF_STRICT);
		never_accepted(buf_bytes(&f.file), "a revision that is skipped");
		finished_done(&f);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(good_ones_are_valid),
    cmocka_unit_test(reasons_are_told),
    cmocka_unit_test(trust_and_time),
    cmocka_unit_test(archived_with_its_proof),
    cmocka_unit_test(too_much_evidence_is_said),
    cmocka_unit_test(incremental_saving),
    cmocka_unit_test(evil_annotations),
    cmocka_unit_test(signature_forgery),
    cmocka_unit_test(signature_redefined),
    cmocka_unit_test(signature_wrapping),
    cmocka_unit_test(fields_are_counted),
    cmocka_unit_test(signature_hidden),
    cmocka_unit_test(no_octet_may_change),
    cmocka_unit_test(no_bit_of_the_newest_revision),
    cmocka_unit_test(no_revision_is_skipped),
    cmocka_unit_test(permitted_and_not),
};
UNIT_MAIN(tests)
