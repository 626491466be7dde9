#include "document/guard.h"
#include "document/inspect.h"
#include "sample.h"
#include "unit.h"

static const char *tenth = "null"; /* object 10 */

static err_t
judge(const char *catalog, const char *page)
{
	AUTO_SAMPLE(s);
	AUTO_READER(r);
	static struct inspect_order order;
	struct inspection in;
	sample_start(&s);
	sample_page(&s, catalog, page);
	sample_object(&s, 5, "<</Type /OCG /Name (plain)>>");
	sample_object(&s, 6, "<</Type /OCG /Name (paper) /Usage <</Print <</PrintState /OFF>>>>>>");
	sample_object(&s, 7, "<</S /URI /URI (x) /Next [<</S /GoTo>> <</S /Named /Next 8 0 R>>]>>");
	sample_object(&s, 8, "<</S /JavaScript /JS (app.alert\\(1\\))>>");
	sample_object(&s, 9, "<</S /GoTo /Next 9 0 R>>");
	sample_object(&s, 10, tenth);
	sample_object(&s, 11, "<</Type /OCG /Name (near) /Usage <</Zoom <</min 8>> /Language <</Lang (de)>> /User <</Name (x)>>"
	    " /PageElement <</Subtype /HF>> /CreatorInfo <<>> /View <</ViewState /ON>>>>>>");
	TRY(reader_new(sample_end(&s, 'c'), &r));
	return inspect_run(r, &order, &in);
}

static void
scripts_that_run_by_themselves(void **state)
{
	(void)state;
	static const char *const catalogs[] = {"/OpenAction 8 0 R", "/OpenAction <</S /Launch /F (x)>>", "/OpenAction 7 0 R",
	    "/AA <</WC 8 0 R>>", "/AA <</DP 7 0 R>>", "/OpenAction <</S /Rendition /JS (x)>>",
	    "/Names <</JavaScript <</Names [(a) 8 0 R]>>>>", "/Names <</JavaScript <</Kids [8 0 R]>>>>"};
	for (size_t i = 0; i < sizeof catalogs / sizeof catalogs[0]; i++)
		assert_err(judge(catalogs[i], ""), ERR_PDF_SCRIPTS);
	assert_err(judge("", "/AA <</O 8 0 R>>"), ERR_PDF_SCRIPTS);
	assert_err(judge("", "/AA <</C 7 0 R>>"), ERR_PDF_SCRIPTS);
}

/* [ISO 32000-2 table 201]: each kind of action, and whether it may happen without anybody's doing. */
static void
actions_that_change_what_is_shown(void **state)
{
	(void)state;
	static const struct { const char *action; unsigned code; } cases[] = {
	    {"<</S /Hide /T (rent) /H true>>", ERR_PDF_SCRIPTS}, {"<</S /SetOCGState /State [/OFF 5 0 R]>>", ERR_PDF_SCRIPTS},
	    {"<</S /ResetForm>>", ERR_PDF_SCRIPTS}, {"<</S /ImportData /F (x.fdf)>>", ERR_PDF_SCRIPTS},
	    {"<</S /SubmitForm /F (x)>>", ERR_PDF_SCRIPTS}, {"<</S /GoToE /T <</R /C /N (x)>>>>", ERR_PDF_SCRIPTS},
	    {"<</S /Rendition /OP 0>>", ERR_PDF_SCRIPTS}, {"<</S /Movie>>", ERR_PDF_SCRIPTS},
	    {"<</S /GoTo3DView>>", ERR_PDF_SCRIPTS}, {"<</S /RichMediaExecute>>", ERR_PDF_SCRIPTS},
	    {"<</S /Named /N /ShowHideAnnots>>", ERR_PDF_SCRIPTS}, {"<</S /Unheard>>", ERR_PDF_SCRIPTS}, {"<</S (GoTo)>>", ERR_PDF_SCRIPTS},
	    {"<</S /GoToR /F (x) /D [0 /Fit]>>", ERR_OK}, {"<</S /Thread /D 0>>", ERR_OK}, {"<</S /URI /URI (x)>>", ERR_OK},
	    {"<</S /Named /N /Print>>", ERR_OK}, {"<</S /Named /N /FirstPage>>", ERR_OK}, {"<</S /Named>>", ERR_OK},
	    {"<</S /Sound>>", ERR_OK}, {"<</S /GoTo /Next <</S /Trans>>>>", ERR_OK}, {"<</D [3 0 R /Fit]>>", ERR_OK}};
	static const struct { const char *before, *behind; bool page; } places[] = {{"/OpenAction ", "", false}, {"/AA <</WP ", ">>", false},
	    {"/OpenAction <</S /GoTo /Next [<</S /GoTo>> ", "]>>", false}, {"/AA <</O ", ">>", true},
	    {"/Annots [<</Subtype /Screen /AA <</PV ", ">>>>]", true}};
	char entries[300];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t j = 0; j < sizeof places / sizeof places[0]; j++) {
			snprintf(entries, sizeof entries, "%s%s%s", places[j].before, cases[i].action, places[j].behind);
			assert_err(places[j].page ? judge("", entries) : judge(entries, ""), cases[i].code);
		}
	/* What somebody does on purpose is his own act. */
	assert_ok(judge("", "/Annots [<</Subtype /Link /A <</S /ResetForm>>>> <</Subtype /Widget /AA <</U <</S /Hide /T (rent)>>>>>>]"));
}

/* A chain of n actions that go somewhere, with a script behind them: in one list, or each behind the other. */
static void
chain_make(size_t n, bool nested, char ret_catalog[1900])
{
	size_t at = (size_t)snprintf(ret_catalog, 1900, "/OpenAction <</S /GoTo /Next%s", nested ? "" : "[");
	for (size_t i = 1; i < n; i++)
		at += (size_t)snprintf(ret_catalog + at, 1900 - at, nested ? "<</S /GoTo /Next" : "<</S /GoTo>>");
	at += (size_t)snprintf(ret_catalog + at, 1900 - at, " 8 0 R%s", nested ? "" : "]");
	for (size_t i = 0; i < (nested ? n : 1); i++)
		at += (size_t)snprintf(ret_catalog + at, 1900 - at, ">>");
}

static void
however_long_the_chain_before_it(void **state)
{
	(void)state;
	char catalog[1900];
	for (size_t n = 1; n < 80; n++) {
		chain_make(n, false, catalog);
		assert_err(judge(catalog, ""), ERR_PDF_SCRIPTS);
		chain_make(n, true, catalog);
		assert_err(judge(catalog, ""), ERR_PDF_SCRIPTS);
	}
	assert_err(judge("/OpenAction <</S /GoTo /Next [9 0 R 9 0 R 8 0 R]>>", ""), ERR_PDF_SCRIPTS);
}

/* However many actions lead back to the first of them, up to the longest chain that is judged; one more is too many. */
static void
chains_that_lead_back(void **state)
{
	(void)state;
	char ring[1900];
	tenth = ring;
	for (size_t n = 1; n <= 33; n++) {
		size_t at = (size_t)snprintf(ring, sizeof ring, "<</S /GoTo /Next");
		for (size_t i = 1; i < n; i++)
			at += (size_t)snprintf(ring + at, sizeof ring - at, "<</S /GoTo /Next");
		at += (size_t)snprintf(ring + at, sizeof ring - at, " 10 0 R");
		for (size_t i = 0; i < n; i++)
			at += (size_t)snprintf(ring + at, sizeof ring - at, ">>");
		assert_err(judge("/OpenAction 10 0 R", ""), n <= 32 ? ERR_OK : ERR_PDF_SCRIPTS);
	}
	tenth = "null";
}

/* [ISO 32000-2 12.6.3] */
static void
annotations_that_act_when_their_page_is_seen(void **state)
{
	(void)state;
	static const struct { const char *entries; unsigned code; } cases[] = {
	    {"/AA <</PO 8 0 R>>", ERR_PDF_SCRIPTS}, {"/AA <</PV 7 0 R>>", ERR_PDF_SCRIPTS}, {"/AA <</PC <</S /Launch /F (x)>>>>", ERR_PDF_SCRIPTS},
	    {"/AA <</PI <</S /Rendition /JS (x)>>>>", ERR_PDF_SCRIPTS}, {"/AA <</PO <</S /JavaScript /JS (this.print\\(\\))>>>>", ERR_OK},
	    {"/AA <</PO <</S /GoTo>>>>", ERR_OK}, {"/AA <</E 8 0 R /X 8 0 R /D 8 0 R /U 8 0 R /Fo 8 0 R /Bl 8 0 R>>", ERR_OK},
	    {"/A 8 0 R", ERR_OK}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char page[300];
		snprintf(page, sizeof page, "/Annots [null <</Type /Annot /Subtype /Screen /Rect [0 0 1 1] %s>>]", cases[i].entries);
		assert_err(judge("", page), cases[i].code);
	}
}

#define PRINTS "this.print\\({bUI:true,bSilent:false,bShrinkToFit:true}\\);"

static void
scripts_that_only_print(void **state)
{
	(void)state;
	static const char *const printing[] = {PRINTS, "print\\(\\)", "this . print ( true ) ;", "\tthis.print\\(true\\)\r\n"};
	/* Each of these starts like one that only prints. */
	static const char *const more[] = {"print", "this.print", "thisprint\\(\\)", "this.print\\(app.alert\\(1\\)\\)",
	    "this.print\\(\\);this.getField\\(\"x\"\\)", "print\\(x=1\\)", "print\\(this.numPages\\)", "print\\([1]\\)", "print\\(\"a\"\\)",
	    "print\\(true", "print\\(\\);;", "printd\\(\\)", "Print\\(\\)", "", "print\\(\\0\\)"};
	char catalog[400];
	for (size_t i = 0; i < sizeof printing / sizeof printing[0]; i++) {
		snprintf(catalog, sizeof catalog, "/OpenAction <</S /JavaScript /JS (%s)>>", printing[i]);
		assert_ok(judge(catalog, ""));
		snprintf(catalog, sizeof catalog, "/Names <</JavaScript <</Names [(a) <</S /JavaScript /JS (%s)>>]>>>>", printing[i]);
		assert_ok(judge(catalog, ""));
	}
	for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
		snprintf(catalog, sizeof catalog, "/OpenAction <</S /JavaScript /JS (%s)>>", more[i]);
		assert_err(judge(catalog, ""), ERR_PDF_SCRIPTS);
	}
	/* Plain, but longer than any call that only prints. */
	snprintf(catalog, sizeof catalog, "/OpenAction <</S /JavaScript /JS (print\\(%0220d\\))>>", 1);
	assert_err(judge(catalog, ""), ERR_PDF_SCRIPTS);
	snprintf(catalog, sizeof catalog, "/OpenAction <</S /JavaScript /JS (print\\(%0120d\\))>>", 1);
	assert_ok(judge(catalog, ""));
	/* The first prints, the second does not; a script that cannot be read; one that follows. */
	assert_err(judge("/Names <</JavaScript <</Names [(a) <</S /JavaScript /JS (print\\(\\))>> (b) 8 0 R]>>>>", ""), ERR_PDF_SCRIPTS);
	assert_err(judge("/Names <</JavaScript <</Names [(a)]>>>>", ""), ERR_PDF_SCRIPTS);
	assert_err(judge("/Names <</JavaScript <</Names [(a) <</S /JavaScript>>]>>>>", ""), ERR_PDF_SCRIPTS);
	assert_err(judge("/OpenAction <</S /JavaScript /JS (print\\(\\)) /Next 8 0 R>>", ""), ERR_PDF_SCRIPTS);
	assert_err(judge("/OpenAction <</S /Launch /JS (print\\(\\)) /F (x)>>", ""), ERR_PDF_SCRIPTS);
}

static void
what_only_goes_somewhere(void **state)
{
	(void)state;
	static const char *const catalogs[] = {"/OpenAction [3 0 R /Fit]", "/OpenAction <</S /GoTo /D [3 0 R /Fit]>>", "/OpenAction 9 0 R",
	    "/AA <</WC <</S /Named /N /NextPage>>>>", "/Names <</JavaScript <</Names []>>>>", "/Names <</Dests <<>>>>"};
	for (size_t i = 0; i < sizeof catalogs / sizeof catalogs[0]; i++)
		assert_ok(judge(catalogs[i], ""));
}

static void
forms_that_are_not_pdf(void **state)
{
	(void)state;
	assert_err(judge("/AcroForm <</XFA [(a) 4 0 R] /Fields []>>", ""), ERR_PDF_XFA);
	assert_err(judge("/AcroForm <</XFA 4 0 R>>", ""), ERR_PDF_XFA);
	assert_ok(judge("/AcroForm <</Fields []>>", ""));
}

static void
layers(void **state)
{
	(void)state;
	static const struct { const char *properties; unsigned code; } cases[] = {
	    {"<</OCGs [5 0 R] /D <<>>>>", ERR_OK},
	    {"<</OCGs [5 0 R] /D <</OFF [5 0 R]>>>>", ERR_PDF_HIDDEN_LAYERS},
	    {"<</OCGs [5 0 R 6 0 R] /D <</BaseState /OFF /ON [5 0 R]>>>>", ERR_PDF_HIDDEN_LAYERS},
	    {"<</OCGs [5 0 R] /D <</BaseState /OFF /ON [5 0 R]>>>>", ERR_OK},
	    {"<</OCGs [5 0 R 6 0 R] /D <</BaseState /OFF /ON [5 0 R 5 0 R]>>>>", ERR_PDF_HIDDEN_LAYERS},
	    {"<</OCGs [5 0 R 6 0 R] /D <</BaseState /OFF /ON [5 0 R 4 0 R]>>>>", ERR_PDF_HIDDEN_LAYERS},
	    {"<</OCGs [5 0 R 6 0 R] /D <</BaseState /OFF /ON [6 0 R 5 0 R 5 0 R]>>>>", ERR_OK},
	    {"<</OCGs [5 0 R 6 0 R] /D <<>>>>", ERR_OK}, /* a usage without /AS changes nothing */
	    {"<</OCGs [5 0 R 6 0 R] /D <</AS [<</Event /Print /OCGs [6 0 R] /Category [/Print]>>]>>>>", ERR_PDF_HIDDEN_LAYERS},
	    {"<</OCGs [5 0 R] /D <</AS [<</Event /View /OCGs [5 0 R] /Category [/View]>>]>>>>", ERR_OK},
	    /* A layer that shows only where one comes close, and those for one language or one person. */
	    {"<</OCGs [5 0 R 11 0 R] /D <</AS [<</Event /View /OCGs [5 0 R 11 0 R] /Category [/View /Zoom]>>]>>>>", ERR_PDF_HIDDEN_LAYERS},
	    {"<</OCGs [11 0 R] /D <</AS [<</Event /View /OCGs [11 0 R] /Category [/Language]>>]>>>>", ERR_PDF_HIDDEN_LAYERS},
	    {"<</OCGs [11 0 R] /D <</AS [<</Event /Export /OCGs [11 0 R] /Category [/User]>>]>>>>", ERR_PDF_HIDDEN_LAYERS},
	    {"<</OCGs [11 0 R] /D <</AS [<</Event /View /OCGs [11 0 R] /Category [/View /PageElement /CreatorInfo]>>]>>>>", ERR_OK},
	    {"<</OCGs [5 0 R 11 0 R] /D <</AS [<</Event /View /OCGs [5 0 R] /Category [/Zoom]>>]>>>>", ERR_OK},
	    {"<</OCGs [11 0 R] /D <<>>>>", ERR_OK}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char catalog[300];
		snprintf(catalog, sizeof catalog, "/OCProperties %s", cases[i].properties);
		assert_err(judge(catalog, ""), cases[i].code);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scripts_that_run_by_themselves),
    cmocka_unit_test(actions_that_change_what_is_shown),
    cmocka_unit_test(however_long_the_chain_before_it),
    cmocka_unit_test(chains_that_lead_back),
    cmocka_unit_test(annotations_that_act_when_their_page_is_seen),
    cmocka_unit_test(scripts_that_only_print),
    cmocka_unit_test(what_only_goes_somewhere),
    cmocka_unit_test(forms_that_are_not_pdf),
    cmocka_unit_test(layers),
};

UNIT_MAIN(tests)
