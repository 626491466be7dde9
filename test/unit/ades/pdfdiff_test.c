/*
 * What a later revision may change, on files made by hand: the comparison itself, without signatures. (judge_test.c attacks
 * whole signed files.)
 */
#include "ades/pdfdiff.h"
#include "revisions.h"

/* What each document here starts with; another object of the same number takes its place. */
static const struct object plain[] = {
    {1, "<</Type /Catalog /Pages 2 0 R /AcroForm 7 0 R /Metadata 10 0 R /Extensions 11 0 R /DSS 12 0 R>>", false},
    {2, "<</Type /Pages /Kids [3 0 R] /Count 1>>", false},
    {3, "<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 15 0 R /Resources <</Font 6 0 R>> /Annots 9 0 R>>", false},
    {4, "<</Length 2>>\nstream\nq \nendstream", false},
    {5, "<</Title (x)>>", false},
    {6, "<</F1 <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>>>", false},
    {7, "<</Fields 13 0 R /DR 14 0 R>>", false},
    {8, "<</FT /Sig /T (waits) /Type /Annot /Subtype /Widget /Rect [0 0 0 0]>>", false},
    {9, "[8 0 R]", false},
    {10, "<</Type /Metadata /Length 3>>\nstream\n<x>\nendstream", false},
    {11, "<</ADBE <</BaseVersion /1.7>>>>", false},
    {12, "<</Certs []>>", false},
    {13, "[8 0 R]", false},
    {14, "<</Font <<>>>>", false},
    {15, "[4 0 R]", false},
    {0},
};

static void
put_document(struct buf *file, const struct object *instead)
{
	struct object all[OBJECTS_MAX] = {0};
	memcpy(all, plain, sizeof plain);
	for (const struct object *o = instead; o != NULL && o->number != 0; o++) {
		size_t i = 0;
		while (all[i].number != 0 && all[i].number != o->number)
			i++;
		assert_true(i + 1 < OBJECTS_MAX);
		all[i] = *o;
	}
	put_revision(file, all, "/Info 5 0 R", 20);
}

static void
compare(struct buf *file, const char *what, bool wanted)
{
	AUTO_ARENA(arena, 1 << 24);
	struct pdffile *f;
	struct pdfdiff diff;
	assert_ok(pdffile_read(buf_bytes(file), arena, &f));
	assert_ok(pdfdiff_check(f, 1, &diff));
	if (diff.changed != wanted)
		fail_msg("%s: %s%s", what, wanted ? "no change found" : "a change: ", diff.what);
}

/* Update of the plain document, with a trailer of its own. */
static void
update_of(const struct object *document, const char *what, const struct object *objects, const char *trailer, bool wanted)
{
	AUTO_BUF(file, 1 << 16);
	put_document(&file, document);
	put_revision(&file, objects, trailer, 100);
	compare(&file, what, wanted);
}

static void
update(const char *what, const struct object *objects, bool wanted)
{
	update_of(NULL, what, objects, "/Info 5 0 R", wanted);
}

#define CATALOG(rest) "<</Type /Catalog /Pages 2 0 R " rest ">>"
#define EVIL "<</Length 2>>\nstream\nQ \nendstream"

/* An object is redefined in place for the role that it had. */
static void
roles_may_be_redefined(void **state)
{
	(void)state;
	const struct object info[] = {{5, "<</Title (y)>>", false}, {0}};
	const struct object info_new[] = {{20, "<</Title (y)>>", false}, {0}};
	const struct object metadata[] = {{10, "<</Type /Metadata /Length 3>>\nstream\n<y>\nendstream", false}, {0}};
	const struct object extensions[] = {{11, "<</ADBE <</BaseVersion /2.0>>>>", false}, {0}};
	const struct object evidence[] = {{12, "<</Certs [] /CRLs []>>", false}, {0}};
	const struct object resources[] = {{14, "<</Font <</F 20 0 R>>>>", false}, {20, "<</Type /Font>>", false}, {0}};
	const struct object lists[] = {{13, "[8 0 R 20 0 R]", false}, {9, "[8 0 R 20 0 R]", false},
	    {20, "<</FT /Sig /T (later) /Type /Annot /Subtype /Widget /Rect [0 0 0 0]>>", false}, {0}};
	const struct object moved[] = {{1, CATALOG("/AcroForm 20 0 R /Metadata 10 0 R /Extensions 11 0 R /DSS 12 0 R"), false},
	    {20, "<</Fields 13 0 R /DR 14 0 R>>", false}, {0}};
	update("information", info, false);
	update_of(NULL, "new information", info_new, "/Info 20 0 R", false);
	update("metadata", metadata, false);
	update("extensions", extensions, false);
	update("evidence", evidence, false);
	update("resources of the form", resources, false);
	update("a field in both lists", lists, false);
	update("a new form", moved, false);
}

/* What a page shows is redefined, and something harmless points at it. */
static void
roles_cannot_be_taken(void **state)
{
	(void)state;
	const struct object content[] = {{4, EVIL, false}, {0}};
	const struct object metadata[] = {{4, EVIL, false},
	    {1, CATALOG("/AcroForm 7 0 R /Metadata 4 0 R /Extensions 11 0 R /DSS 12 0 R"), false}, {0}};
	const struct object extensions[] = {{4, EVIL, false},
	    {1, CATALOG("/AcroForm 7 0 R /Metadata 10 0 R /Extensions 4 0 R /DSS 12 0 R"), false}, {0}};
	const struct object evidence[] = {{4, EVIL, false},
	    {1, CATALOG("/AcroForm 7 0 R /Metadata 10 0 R /Extensions 11 0 R /DSS 4 0 R"), false}, {0}};
	const struct object resources[] = {{4, EVIL, false}, {7, "<</Fields 13 0 R /DR 4 0 R>>", false}, {0}};
	const struct object form[] = {{6, "<</Fields 13 0 R /DR 14 0 R /F1 <</Type /Font>>>>", false},
	    {1, CATALOG("/AcroForm 6 0 R /Metadata 10 0 R /Extensions 11 0 R /DSS 12 0 R"), false}, {0}};
	const struct object fields[] = {{15, "[8 0 R]", false}, {7, "<</Fields 15 0 R /DR 14 0 R>>", false}, {0}};
	update_of(NULL, "content as information", content, "/Info 4 0 R", true);
	update("content as metadata", metadata, true);
	update("content as a list of extensions", extensions, true);
	update("content as evidence", evidence, true);
	update("content as resources of the form", resources, true);
	update("fonts of a page as the form", form, true);
	update("the list of contents as a list of fields", fields, true);
	const struct object annotations[] = {{15, "[8 0 R]", false},
	    {3, "<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 15 0 R /Resources <</Font 6 0 R>> /Annots 15 0 R>>", false},
	    {0}};
	update("the list of contents as a list of annotations", annotations, true);
}

/* A document that was prepared for it: what a page shows calls itself catalog, page or field, so that only its entries might
 * be compared and not its data. */
static void
data_is_compared(void **state)
{
	(void)state;
	const struct object page[] = {{4, "<</Type /Page /Length 2>>\nstream\nq \nendstream", false}, {0}};
	const struct object page_now[] = {{4, "<</Type /Page /Length 2>>\nstream\nQ \nendstream", false}, {0}};
	const struct object catalog[] = {{1, CATALOG("/Length 2") "\nstream\nq \nendstream", false},
	    {15, "[1 0 R]", false}, {0}};
	const struct object catalog_now[] = {{1, CATALOG("/Length 2") "\nstream\nQ \nendstream", false}, {0}};
	const struct object kids[] = {{13, "[8 0 R 20 0 R]", false}, {20, "<</FT /Sig /T (later) /Kids [4 0 R]>>", false},
	    {4, EVIL, false}, {0}};
	update_of(page, "content that is called a page", page_now, "/Info 5 0 R", true);
	update_of(catalog, "content that is called a catalog", catalog_now, "/Info 5 0 R", true);
	update("content as part of a new field", kids, true);
}

/* A field that is added to wait for a signature, on the page and in the form; rest: its other entries. */
static void
waiting(const char *rest, const char *appearance, bool wanted)
{
	char field[400];
	snprintf(field, sizeof field, "<</FT /Sig /T (later) /Type /Annot %s>>", rest);
	const struct object objects[] = {{13, "[8 0 R 20 0 R]", false}, {9, "[8 0 R 20 0 R]", false}, {20, field, false},
	    {21, appearance, false}, {22, "<</N 21 0 R>>", false}, {0}};
	update(rest, objects, wanted);
}

#define PAGE_WIDE "/Subtype /Widget /Rect [0 0 595 842] "
#define FORM(data, n) "<</Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length " n ">>\nstream\n" data "\nendstream"

/* Until a field is signed it shows nothing: nobody would say who put over the page what it shows. */
static void
waiting_fields_show_nothing(void **state)
{
	(void)state;
	static const char paint[] = FORM("0 0 9 9 re f", "12"), blank[] = FORM(" \n", "2");
	waiting(PAGE_WIDE, "null", false);
	waiting(PAGE_WIDE "/MK <</R 90>>", "null", false);
	waiting(PAGE_WIDE "/AP <</N 21 0 R>>", blank, false);
	waiting(PAGE_WIDE "/AP 22 0 R", blank, false);
	waiting("/Subtype /Widget /Rect [5 5 5 9] /AP <</N 21 0 R>>", paint, false);
	waiting(PAGE_WIDE "/AP <</N 21 0 R>>", paint, true);
	waiting(PAGE_WIDE "/AP 22 0 R", paint, true);
	waiting(PAGE_WIDE "/AP <</N <</On 21 0 R>>>>", paint, true);
	waiting(PAGE_WIDE "/AP <</D 21 0 R>>", paint, true);
	waiting(PAGE_WIDE "/AP <</N 4 0 R>>", blank, true);
	waiting("/Subtype /Widget /AP <</N 21 0 R>>", paint, true);
	waiting(PAGE_WIDE "/MK <</BG [1 1 1]>>", "null", true);
	waiting(PAGE_WIDE "/Border [0 0 400]", "null", true);
	waiting(PAGE_WIDE "/BS <</W 400>>", "null", true);
	waiting(PAGE_WIDE "/C [1 0 0]", "null", true);
	waiting("/Subtype /Square /Rect [0 0 595 842]", "null", true);
}

/* The parts of a new field that is signed show the signature; those of one that waits show nothing. */
static void
parts_of_new_fields(void **state)
{
	(void)state;
	static const char part[] = "<</Parent 20 0 R /Type /Annot " PAGE_WIDE "/AP <</N 21 0 R>>>>";
	static const char signature[] = "<</Type /Sig /ByteRange [0 1 2 3] /Contents <3000>>>";
	struct object objects[] = {{13, "[8 0 R 20 0 R]", false}, {9, "[8 0 R 22 0 R]", false},
	    {20, "<</FT /Sig /T (later) /Kids [22 0 R]>>", false}, {21, FORM("0 0 9 9 re f", "12"), false}, {22, part, false},
	    {23, signature, false}, {0}};
	update("part of a field that waits", objects, true);
	objects[2].text = "<</FT /Sig /T (later) /Kids [22 0 R] /V 23 0 R>>";
	update("part of a signed field", objects, false);
}

#define STAMP "<</Type /DocTimeStamp /ByteRange [0 1 2 3] /Contents <3000>>>"

/* A time-stamp is anybody's to add, also where nothing else may be: a page does not show it. rest: other entries of its
 * field. */
static void
stamped(const char *rest, const char *appearance, bool wanted)
{
	char field[400];
	snprintf(field, sizeof field, "<</FT /Sig /T (later) /V 23 0 R /Type /Annot %s>>", rest);
	const struct object objects[] = {{13, "[8 0 R 20 0 R]", false}, {9, "[8 0 R 20 0 R]", false}, {20, field, false},
	    {21, appearance, false}, {22, "<</N 21 0 R>>", false}, {23, STAMP, false}, {0}};
	update(rest, objects, wanted);
}

static void
new_stamps_show_nothing(void **state)
{
	(void)state;
	static const char paint[] = FORM("0 0 9 9 re f", "12"), blank[] = FORM(" \n", "2");
	stamped("", "null", false);
	stamped(PAGE_WIDE, "null", false);
	stamped("/Subtype /Widget /Rect [0 0 0 0] /AP <</N 21 0 R>>", paint, false);
	stamped(PAGE_WIDE "/AP <</N 21 0 R>>", blank, false);
	stamped(PAGE_WIDE "/AP <</N 21 0 R>>", paint, true);
	stamped(PAGE_WIDE "/AP 22 0 R", paint, true);
	stamped(PAGE_WIDE "/MK <</BG [1 1 1]>>", "null", true);
	stamped("/Subtype /Square /Rect [0 0 595 842]", "null", true);
	struct object objects[] = {{13, "[8 0 R 20 0 R]", false}, {9, "[8 0 R 22 0 R]", false},
	    {20, "<</FT /Sig /T (later) /Kids [22 0 R] /V 23 0 R>>", false}, {21, paint, false},
	    {22, "<</Parent 20 0 R /Type /Annot " PAGE_WIDE "/AP <</N 21 0 R>>>>", false}, {23, STAMP, false}, {0}};
	update("the widget of a time-stamp", objects, true);
	objects[3].text = blank;
	update("a blank widget of a time-stamp", objects, false);
}

/* Nor does an empty field, once it takes one, show what it did not. entries: those of the field that change; form: what
 * object 17 became. */
static void
stamped_old(const char *entries, const char *form, const char *value, bool wanted)
{
	static const char before[] = "/FT /Sig /T (waits) /Type /Annot " PAGE_WIDE;
	char was[400], is[400];
	snprintf(was, sizeof was, "<<%s /F 2 /AP <</N 17 0 R>>>>", before);
	snprintf(is, sizeof is, "<<%s %s /V 20 0 R>>", before, entries);
	const struct object document[] = {{8, was, false}, {17, FORM("0 0 1 1 re f", "12"), false}, {0}};
	const struct object objects[] = {{8, is, false}, {20, value, false}, {21, FORM("0 0 9 9 re f", "12"), false},
	    {22, FORM(" ", "1"), false}, {form != NULL ? 17 : 23, form != NULL ? form : "null", false}, {0}};
	update_of(document, entries, objects, "/Info 5 0 R", wanted);
}

static void
old_fields_of_stamps_show_nothing_new(void **state)
{
	(void)state;
	static const char signature[] = "<</Type /Sig /ByteRange [0 1 2 3] /Contents <3000>>>";
	stamped_old("/F 2 /AP <</N 17 0 R>>", NULL, STAMP, false);
	stamped_old("/F 132 /AP <</N 22 0 R>>", NULL, STAMP, false);
	stamped_old("/F 2 /AP <</N 17 0 R>>", FORM(" ", "1"), STAMP, false);
	stamped_old("/F 2 /AP <</N 21 0 R>>", NULL, STAMP, true);
	stamped_old("/F 2 /AP <</N 17 0 R>>", FORM("0 0 9 9 re f", "12"), STAMP, true);
	stamped_old("/F 4 /AP <</N 17 0 R>>", NULL, STAMP, true);
	stamped_old("/F 2 /AP <</N 22 0 R>> /MK <</BG [1 1 1]>>", NULL, STAMP, true);
	stamped_old("/F 4 /AP <</N 21 0 R>>", NULL, signature, false);
	/* Its widget may be an object of its own. */
	static const char widget[] = "<</Parent 8 0 R /Type /Annot " PAGE_WIDE "/AP <</N 17 0 R>>>>";
	const struct object document[] = {{8, "<</FT /Sig /T (waits) /Kids [16 0 R]>>", false}, {9, "[16 0 R]", false},
	    {16, widget, false}, {17, FORM(" ", "1"), false}, {0}};
	struct object objects[] = {{8, "<</FT /Sig /T (waits) /Kids [16 0 R] /V 20 0 R>>", false}, {20, STAMP, false},
	    {17, FORM("f", "1"), false}, {0}};
	update_of(document, "the widget of a field that took a time-stamp", objects, "/Info 5 0 R", true);
	objects[2].number = 0;
	update_of(document, "a field with a widget that took a time-stamp", objects, "/Info 5 0 R", false);
}

static void
replace(struct buf *file, const char *was, const char *is)
{
	size_t at = bytes_find(buf_bytes(file), 0, bytes(was, strlen(was)));
	assert_true(at != SIZE_MAX && strlen(was) == strlen(is));
	memcpy(file->p + at, is, strlen(is));
}

/* Object 16, which stays what it was, moves into an object stream, where no reference finds it that names a generation. */
static void
generations(void **state)
{
	(void)state;
	static const char note[] = "<</Type /Annot /Subtype /Stamp>>";
	const struct object document[] = {{9, "[8 0 R 16 0 R]", false}, {16, note, false}, {0}};
	for (unsigned had = 0; had < 2; had++) {
		AUTO_BUF(file, 1 << 16);
		uint64_t previous;
		put_document(&file, document);
		if (had == 1) {
			char line[32], line_now[32];
			size_t at = bytes_find(buf_bytes(&file), 0, bytes("16 0 obj", 8));
			snprintf(line, sizeof line, "%010zu 00000 n", at);
			snprintf(line_now, sizeof line_now, "%010zu 00001 n", at);
			replace(&file, line, line_now);
			replace(&file, "16 0 obj", "16 1 obj");
			replace(&file, "16 0 R", "16 1 R");
		}
		assert_ok(pdffile_end(buf_bytes(&file), file.n, &previous));
		size_t packed = file.n;
		buf_printf(&file, "30 0 obj\n<</Type /ObjStm /N 1 /First 5 /Length %zu>>\nstream\n16 0 %s\nendstream\nendobj\n",
		    5 + strlen(note), note);
		size_t section = file.n;
		buf_printf(&file, "31 0 obj\n<</Type /XRef /Size 99 /W [1 4 1] /Index [16 1 30 2] /Root 1 0 R /Info 5 0 R /Prev %llu "
		    "/Length 18>>\nstream\n", (unsigned long long)previous);
		const uint32_t places[] = {30, (uint32_t)packed, (uint32_t)section};
		for (size_t i = 0; i < 3; i++) {
			buf_put_byte(&file, i == 0 ? 2 : 1);
			buf_put_u32(&file, places[i]);
			buf_put_byte(&file, 0);
		}
		buf_printf(&file, "\nendstream\nendobj\nstartxref\n%zu\n%%%%EOF\n", section);
		assert_ok(buf_check(&file));
		compare(&file, had == 1 ? "an annotation of generation 1, packed" : "an annotation, packed", had == 1);
	}
}

/* Fonts and defaults that the form gets later, in a document with object 16. */
static void
with_defaults(const char *what, const char *annotation, const char *entries, bool wanted)
{
	char form[200], form_now[200];
	snprintf(form, sizeof form, "<</Fields 13 0 R %s /DR <</Font <<>>>>>>", entries);
	snprintf(form_now, sizeof form_now, "<</Fields 13 0 R %s /DR <</Font <</Evil 20 0 R>>>>>>", entries);
	const struct object document[] = {{7, form, false}, {13, "[8 0 R 16 0 R]", false}, {16, annotation, false},
	    {17, "<</FT /Sig /T (a)>>", false}, {18, "<</FT /Tx /T (b) /Kids [16 0 R]>>", false}, {0}};
	const struct object fonts[] = {{7, form_now, false}, {20, "<</Type /Font>>", false}, {0}};
	update_of(document, what, fonts, "/Info 5 0 R", wanted);
	snprintf(form_now, sizeof form_now, "<</Fields 13 0 R %s /DR <</Font <<>>>> /DA (/Helv 24 Tf)>>", entries);
	const struct object style[] = {{7, form_now, false}, {0}};
	update_of(document, what, style, "/Info 5 0 R", wanted);
}

/* What a reader draws itself, it draws with fonts and style of the form: they stay. */
static void
form_defaults(void **state)
{
	(void)state;
	with_defaults("a drawn field", "<</FT /Tx /T (x) /Subtype /Widget /AP <</N 4 0 R>>>>", "", false);
	with_defaults("a drawn field of a form that is drawn anew", "<</FT /Tx /T (x) /Subtype /Widget /AP <</N 4 0 R>>>>",
	    "/NeedAppearances true", true);
	with_defaults("a field without appearance", "<</FT /Tx /T (x) /Subtype /Widget>>", "", true);
	with_defaults("an appearance that is not there", "<</FT /Tx /T (x) /Subtype /Widget /AP <</N 99 0 R>>>>", "", true);
	with_defaults("only another appearance", "<</FT /Btn /T (x) /Subtype /Widget /AP <</D 4 0 R>>>>", "", true);
	with_defaults("a field without widget", "<</FT /Ch /T (x)>>", "", true);
	with_defaults("a widget of a text field", "<</Parent 18 0 R /Subtype /Widget>>", "", true);
	with_defaults("a widget of a signature field", "<</Parent 17 0 R /Subtype /Widget>>", "", false);
	with_defaults("a text on a page", "<</Subtype /FreeText /DA (/Evil 9 Tf)>>", "", true);
	with_defaults("a widget in its list", "[<</Subtype /Widget /FT /Tx>>]", "", true);
}

/* Some readers take objects from /Size on for missing, whatever the table says: what they show cannot be told. */
static void
sizes_leave_it_open(void **state)
{
	(void)state;
	static const struct {
		unsigned document, update;
		bool open;
	} cases[] = {{16, 16, false}, {16, 99, false}, {16, 15, true}, {16, 4, true}, {15, 16, true}};
	const struct object info[] = {{5, "<</Title (y)>>", false}, {0}}, content[] = {{4, EVIL, false}, {0}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_BUF(file, 1 << 16);
		AUTO_ARENA(arena, 1 << 24);
		struct pdffile *f;
		struct pdfdiff diff;
		put_revision(&file, plain, "/Info 5 0 R", cases[i].document);
		put_revision(&file, info, "/Info 5 0 R", cases[i].update);
		if (!cases[i].open) {
			compare(&file, "/Size", false);
			continue;
		}
		assert_ok(pdffile_read(buf_bytes(&file), arena, &f));
		assert_err(pdfdiff_check(f, 1, &diff), ERR_PDF_STRICT);
		assert_non_null(strstr(err_detail(), "/Size"));
		/* A change is one whatever /Size says. */
		put_revision(&file, content, "/Info 5 0 R", cases[i].update);
		assert_ok(pdffile_read(buf_bytes(&file), arena, &f));
		assert_ok(pdfdiff_check(f, 2, &diff));
		assert_true(diff.changed);
	}
	/* What a first revision says, before the one that is compared, is its producer's. */
	AUTO_BUF(file, 1 << 16);
	AUTO_ARENA(arena, 1 << 24);
	struct pdffile *f;
	struct pdfdiff diff;
	put_revision(&file, plain, "/Info 5 0 R", 15);
	put_revision(&file, info, "/Info 5 0 R", 16);
	put_revision(&file, info, "/Info 5 0 R", 16);
	assert_ok(pdffile_read(buf_bytes(&file), arena, &f));
	assert_ok(pdfdiff_check(f, 1, &diff));
	assert_false(diff.changed);
}

/* Any stream may call itself a cross-reference stream and be shown. What it uses counts, and it cannot go. */
static void
names_excuse_nothing(void **state)
{
	(void)state;
	const struct object document[] = {{4, "<</Type /XRef /Subtype /Form /Resources <</XObject <</B 5 0 R>>>> /Length 2>>\nstream\nq \nendstream", false},
	    {5, FORM("q", "1"), false}, {0}};
	const struct object used[] = {{5, FORM("Q", "1"), false}, {0}}, gone[] = {{4, NULL, true}, {0}};
	const struct object packed[] = {{4, "<</Type /ObjStm /N 0 /First 0 /Length 2>>\nstream\nq \nendstream", false}, {0}};
	update_of(document, "what a stream uses that calls itself /XRef", used, "/Info 5 0 R", true);
	update_of(document, "a shown stream that calls itself /XRef is gone", gone, "/Info 5 0 R", true);
	update_of(packed, "a shown stream that calls itself /ObjStm is gone", gone, "/Info 5 0 R", true);
}

/* A field whose widget is an object of its own: filled, it shows the signature there, and only there. */
static void
widgets_of_filled_fields(void **state)
{
	(void)state;
	static const char signature[] = "<</Type /Sig /ByteRange [0 1 2 3] /Contents <3000>>>";
	static const char widget[] = "<</Parent 8 0 R /Type /Annot " PAGE_WIDE "/AP <</N 17 0 R>>>>";
	const struct object document[] = {{8, "<</FT /Sig /T (waits) /Kids [16 0 R]>>", false}, {9, "[16 0 R]", false},
	    {16, widget, false}, {17, FORM(" ", "1"), false}, {0}};
	const struct object shown[] = {{8, "<</FT /Sig /T (waits) /Kids [16 0 R] /V 20 0 R>>", false}, {20, signature, false},
	    {16, widget, false}, {17, FORM("f", "1"), false}, {0}};
	const struct object shown_anew[] = {{8, "<</FT /Sig /T (waits) /Kids [16 0 R] /V 20 0 R>>", false}, {20, signature, false},
	    {16, "<</Parent 8 0 R /Type /Annot " PAGE_WIDE "/AP <</N 21 0 R>>>>", false}, {21, FORM("f", "1"), false}, {0}};
	const struct object only_shown[] = {{16, widget, false}, {17, FORM("f", "1"), false}, {0}};
	const struct object moved[] = {{8, "<</FT /Sig /T (waits) /Kids [16 0 R] /V 20 0 R>>", false}, {20, signature, false},
	    {16, "<</Parent 8 0 R /Type /Annot /Subtype /Widget /Rect [9 9 99 99] /AP <</N 17 0 R>>>>", false}, {0}};
	update_of(document, "the widget of a filled field", shown, "/Info 5 0 R", false);
	update_of(document, "the widget of a filled field, a new appearance", shown_anew, "/Info 5 0 R", false);
	update_of(document, "the widget of an empty field", only_shown, "/Info 5 0 R", true);
	update_of(document, "the widget of a filled field elsewhere", moved, "/Info 5 0 R", true);
}

/* Null, and a reference to nothing, is a key that is not there. [ISO 32000-2 7.3.7] */
static void
null_is_absent(void **state)
{
	(void)state;
#define PAGE(rest) "<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 15 0 R " rest " /Annots 9 0 R>>"
	static const char *const pages[][2] = {
	    {PAGE("/Thumb null"), PAGE("")}, {PAGE("/Thumb 98 0 R"), PAGE("")}, {PAGE(""), PAGE("/Thumb null")}, {PAGE("/Thumb 98 0 R"), PAGE("/Thumb null")},
	    {PAGE("/Resources <</Font 6 0 R /XObject null>>"), PAGE("/Resources <</Font 6 0 R>>")},
	    {PAGE("/Resources <</Font <</A 98 0 R /B 6 0 R>>>>"), PAGE("/Resources <</Font <</B 6 0 R>>>>")},
	};
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
		const struct object document[] = {{3, pages[i][0], false}, {0}}, now[] = {{3, pages[i][1], false}, {0}};
		update_of(document, pages[i][0], now, "/Info 5 0 R", false);
	}
	static const char *const others[][2] = {
	    {PAGE("/Thumb 4 0 R"), PAGE("")}, {PAGE("/Thumb null"), PAGE("/Thumb 4 0 R")}, {PAGE("/Thumb 4 0 R"), PAGE("/Thumb null")},
	    {PAGE("/Resources <</Font <</A 6 0 R>>>>"), PAGE("/Resources <</Font <</A null>>>>")},
	    {PAGE("/B [null]"), PAGE("/B []")}, {PAGE("/B [98 0 R]"), PAGE("/B [null]")},
	};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		const struct object document[] = {{3, others[i][0], false}, {0}}, now[] = {{3, others[i][1], false}, {0}};
		update_of(document, others[i][0], now, "/Info 5 0 R", true);
	}
	const struct object dangling[] = {{3, PAGE("/Thumb 98 0 R"), false}, {0}};
	const struct object filled[] = {{3, PAGE("/Thumb 98 0 R"), false}, {98, EVIL, false}, {0}};
	const struct object dropped[] = {{3, PAGE(""), false}, {98, EVIL, false}, {0}};
	update_of(dangling, "what was referred to is there now", filled, "/Info 5 0 R", true);
	update_of(dangling, "what was referred to is there now, elsewhere", dropped, "/Info 5 0 R", true);
	const struct object form[] = {{7, "<</Fields 13 0 R /DR 14 0 R /XFA null /CO 98 0 R>>", false}, {0}};
	const struct object form_now[] = {{7, "<</Fields 13 0 R /DR 14 0 R>>", false}, {0}};
	update_of(form, "a form", form_now, "/Info 5 0 R", false);
	const struct object waits[] = {{8, "<</FT /Sig /T (waits) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /V null>>", false}, {0}};
	const struct object signs[] = {{8, "<</FT /Sig /T (waits) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /V 20 0 R>>", false},
	    {20, "<</Type /Sig /ByteRange [0 1 2 3] /Contents <3000>>>", false}, {0}};
	update_of(waits, "a field whose value was null", signs, "/Info 5 0 R", false);
	const struct object shows[] = {{8, "<</FT /Sig /T (waits) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /V null /AP <</N 20 0 R>>>>", false},
	    {20, FORM("f", "1"), false}, {0}};
	update("a field that is filled with null", shows, true);
	update_of(waits, "a field that is filled with null, as before", shows, "/Info 5 0 R", true);
	const struct object freed[] = {{10, NULL, true}, {0}};
	update("metadata freed", freed, false);
}

/* 2^32 + 20: a reader that keeps 32 bits of it shows object 20, which an update adds. */
static void
numbers_are_not_cut(void **state)
{
	(void)state;
	static const char *const pages[] = {PAGE("/Thumb 4294967316 0 R"), PAGE("/B [<</C 4294967316 0 R>>]")};
	const struct object added[] = {{20, EVIL, false}, {0}};
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
		AUTO_BUF(file, 1 << 16);
		AUTO_ARENA(arena, 1 << 24);
		struct pdffile *f;
		struct pdfdiff diff;
		const struct object document[] = {{3, pages[i], false}, {0}};
		put_document(&file, document);
		put_revision(&file, added, "/Info 5 0 R", 21);
		assert_ok(pdffile_read(buf_bytes(&file), arena, &f));
		assert_err(pdfdiff_check(f, 1, &diff), ERR_PDF_STRICT);
	}
}

/* jsPDF and pdf-lib write numbers so. */
static void
long_numbers_are_read(void **state)
{
	(void)state;
	const struct object document[] = {{3, PAGE("/CropBox [0 0 595.2799999999999727 0.00000000000000006123233995736766]"), false}, {0}};
	const struct object same[] = {{3, PAGE("/CropBox [0 0 595.2799999999999727 0.00000000000000006123233995736766]"), false}, {0}};
	const struct object other[] = {{3, PAGE("/CropBox [0 0 595.2799999999999728 0.00000000000000006123233995736766]"), false}, {0}};
	update_of(document, "a page with long numbers", same, "/Info 5 0 R", false);
	update_of(document, "a page with another long number", other, "/Info 5 0 R", true);
}

/* A catalog, page, form, field, evidence or resources written anew that keep this key; and one that gets it. */
static void
with_key(const char *key)
{
	static const struct {
		uint32_t number;
		const char *start, *end;
	} cases[] = {
	    {1, "<</Type /Catalog /Pages 2 0 R /AcroForm 7 0 R /Metadata 10 0 R /Extensions 11 0 R /DSS 12 0 R", ">>"},
	    {3, "<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 15 0 R /Annots 9 0 R", ">>"},
	    {7, "<</Fields 13 0 R /DR 14 0 R", ">>"},
	    {8, "<</FT /Sig /T (waits) /Type /Annot /Subtype /Widget /Rect [0 0 0 0]", ">>"},
	    {12, "<</Certs [] /VRI <<", ">>>>"},
	    {14, "<</Font <<", ">>>>"},
	};
	char had[400], without[400], now[400];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(had, sizeof had, "%s %s 16 0 R%s", cases[i].start, key, cases[i].end);
		snprintf(without, sizeof without, "%s%s", cases[i].start, cases[i].end);
		snprintf(now, sizeof now, "%s %s 16 0 R /Q null%s", cases[i].start, key, cases[i].end);
		const struct object thing = {16, "<</Any (thing)>>", false};
		const struct object with[] = {{cases[i].number, had, false}, thing, {0}}, kept[] = {{cases[i].number, now, false}, {0}};
		const struct object bare[] = {{cases[i].number, without, false}, thing, {0}};
		update_of(with, had, kept, "/Info 5 0 R", false);
		if (i < 4) /* evidence and fonts may come */
			update_of(bare, had, kept, "/Info 5 0 R", true);
	}
	snprintf(now, sizeof now, "<</FT /Sig /T (later) %s (x)>>", key);
	const struct object field[] = {{13, "[8 0 R 20 0 R]", false}, {20, now, false}, {0}};
	update(now, field, true);
}

/* Keys are compared whole: neither up to some length nor up to a NUL. */
static void
keys_are_whole(void **state)
{
	(void)state;
	with_key("/Any");
	with_key("/A23456789012345678901234567890123456789012345678901234567890123456789");
	with_key("/Nul#00Name");
	with_key("/DSS#00");
	with_key("/DA#00");
	with_key("/MK#20DA");
	with_key("/F\xc3\xa4rbung");
	/* What no reader takes for the value of a field. */
	const struct object unsigned_[] = {{8, "<</FT /Sig /T (waits) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /V#00 20 0 R>>", false},
	    {20, "<</Type /Sig /ByteRange [0 1 2 3] /Contents <3000>>>", false}, {0}};
	update("a value with a NUL behind its key", unsigned_, true);
}

/* ---- hybrid updates ---- */

/* An entry of a table or of its /XRefStm. */
struct row {
	uint32_t number;
	char type;         /* 'f' free, 'n' at a place, 0: no more of them */
	unsigned revision; /* whose object of that number it is: 0 the document, 1 the update before, 2 put in here */
};

static size_t
place_of(struct buf *file, const struct row *r, const size_t ends[3])
{
	char head[32];
	snprintf(head, sizeof head, "\n%u 0 obj", r->number);
	size_t at = bytes_find(bytes_sub(buf_bytes(file), 0, ends[r->revision]), r->revision == 0 ? 0 : ends[r->revision - 1] - 1,
	    bytes(head, strlen(head)));
	assert_true(at != SIZE_MAX);
	return at + 1;
}

/* A revision whose table has some entries and whose /XRefStm has others; object 30 is the stream itself. */
static void
put_hybrid(struct buf *file, const size_t before[2], const struct object *objects, const struct row *table, const struct row *stream)
{
	uint64_t previous;
	AUTO_BUF(index, 1024);
	AUTO_BUF(rows, 1024);
	assert_ok(pdffile_end(buf_bytes(file), file->n, &previous));
	for (const struct object *o = objects; o != NULL && o->number != 0; o++)
		buf_printf(file, "%u 0 obj\n%s\nendobj\n", o->number, o->text);
	const size_t ends[3] = {before[0], before[1], file->n};
	for (const struct row *r = stream; r->type != 0; r++) {
		buf_printf(&index, "%u 1 ", r->number);
		buf_put_byte(&rows, r->type == 'n');
		buf_put_u32(&rows, r->type == 'n' ? (uint32_t)place_of(file, r, ends) : 0);
		buf_put_byte(&rows, r->type != 'n');
	}
	size_t hidden = file->n;
	buf_printf(file, "30 0 obj\n<</Type /XRef /Size 31 /W [1 4 1] /Index [%.*s] /Root 1 0 R /Length %zu>>\nstream\n", (int)index.n,
	    (const char *)index.p, rows.n);
	buf_put(file, buf_bytes(&rows));
	buf_put_str(file, STR("\nendstream\nendobj\n"));
	size_t at = file->n;
	buf_put_str(file, STR("xref\n0 1\n0000000000 65535 f\r\n"));
	for (const struct row *r = table; r->type != 0; r++)
		buf_printf(file, "%u 1\n%010zu %05d %c\r\n", r->number, r->type == 'n' ? place_of(file, r, ends) : 0, r->type != 'n', r->type);
	buf_printf(file, "trailer\n<</Size 31 /Root 1 0 R /Info 5 0 R /Prev %llu /XRefStm %zu>>\nstartxref\n%zu\n%%%%EOF\n",
	    (unsigned long long)previous, hidden, at);
	assert_ok(buf_check(file));
}

/* The document, an update of it, and a hybrid one. */
static void
hybrid(const char *what, const struct object *middle, const struct object *objects, const struct row *table, const struct row *stream,
    bool wanted)
{
	AUTO_BUF(file, 1 << 16);
	AUTO_ARENA(arena, 1 << 24);
	struct pdffile *f;
	struct pdfdiff diff;
	size_t before[2];
	put_document(&file, NULL);
	before[0] = file.n;
	put_revision(&file, middle, "/Info 5 0 R", 31);
	before[1] = file.n;
	put_hybrid(&file, before, objects, table, stream);
	assert_ok(pdffile_read(buf_bytes(&file), arena, &f));
	assert_ok(pdfdiff_check(f, 2, &diff));
	if (diff.changed != wanted)
		fail_msg("%s: %s%s", what, wanted ? "no change found" : "a change: ", diff.what);
}

/* Some readers do not look into /XRefStm, or not behind an entry that the table has as free: what was signed must be the same
 * to all of them. [ISO 32000-2 7.5.8.4] */
static void
hybrid_updates_hide_nothing(void **state)
{
	(void)state;
	static const struct row none[] = {{0}}, free_4[] = {{4, 'f', 0}, {0}}, old_4[] = {{4, 'n', 0}, {0}}, free_9[] = {{9, 'f', 0}, {0}},
	                        old_9[] = {{9, 'n', 0}, {0}}, new_5[] = {{5, 'n', 2}, {0}}, free_20[] = {{20, 'f', 0}, {0}},
	                        new_20[] = {{20, 'n', 2}, {0}}, old_5[] = {{5, 'n', 0}, {0}};
	const struct object nothing[] = {{0}}, content[] = {{4, EVIL, false}, {0}}, info[] = {{5, "<</Title (y)>>", false}, {0}};
	const struct object fresh[] = {{20, "<</Any (thing)>>", false}, {0}};
	hybrid("what a page shows is free in the table", nothing, NULL, free_4, old_4, true);
	hybrid("a list of annotations is free in the table", nothing, NULL, free_9, old_9, true);
	hybrid("what a page shows is free in the stream", nothing, NULL, old_4, free_4, true);
	hybrid("what a page shows is only in the stream what it was", content, NULL, none, old_4, true);
	hybrid("information is in the stream something else", nothing, info, old_5, new_5, true);
	hybrid("information is new in the stream only", nothing, info, none, new_5, true);
	hybrid("both say where it was", nothing, NULL, old_4, old_4, false);
	hybrid("the stream says where it was", nothing, NULL, none, old_4, false);
	hybrid("both say the new information", nothing, info, new_5, new_5, false);
	hybrid("a new object is hidden", nothing, fresh, free_20, new_20, false);
	hybrid("a new object is in the stream only", nothing, fresh, none, new_20, false);
	hybrid("a new object hides another one", fresh, fresh, none, new_20, true);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(roles_may_be_redefined),
    cmocka_unit_test(roles_cannot_be_taken),
    cmocka_unit_test(data_is_compared),
    cmocka_unit_test(waiting_fields_show_nothing),
    cmocka_unit_test(parts_of_new_fields),
    cmocka_unit_test(new_stamps_show_nothing),
    cmocka_unit_test(old_fields_of_stamps_show_nothing_new),
    cmocka_unit_test(generations),
    cmocka_unit_test(form_defaults),
    cmocka_unit_test(sizes_leave_it_open),
    cmocka_unit_test(names_excuse_nothing),
    cmocka_unit_test(null_is_absent),
    cmocka_unit_test(numbers_are_not_cut),
    cmocka_unit_test(long_numbers_are_read),
    cmocka_unit_test(keys_are_whole),
    cmocka_unit_test(hybrid_updates_hide_nothing),
    cmocka_unit_test(widgets_of_filled_fields),
};
UNIT_MAIN(tests)
