#include "document/guard.h"

enum {
	CHAIN_MAX = 32,   /* actions that follow one another */
	PRINT_MAX = 200,  /* octets of a script that does no more than print */
	LAYERS_MAX = 10000,
};

/* ---- scripts that only print ---- */

static void
skip_blanks(struct str *s)
{
	while (s->n > 0 && (*s->p == ' ' || (*s->p >= '\t' && *s->p <= '\r')))
		s->p++, s->n--;
}

static bool
take(struct str *s, struct str word)
{
	skip_blanks(s);
	if (s->n < word.n || memcmp(s->p, word.p, word.n) != 0)
		return false;
	s->p += word.n;
	s->n -= word.n;
	return true;
}

/* What stands between the parentheses: without a dot, a bracket, a sign and a quote it calls, sets and reaches nothing. */
static void
skip_plain_arguments(struct str *s)
{
	while (s->n > 0 && ((*s->p >= 'a' && *s->p <= 'z') || (*s->p >= 'A' && *s->p <= 'Z') || (*s->p >= '0' && *s->p <= '9') ||
	                       (*s->p != '\0' && strchr(":,{} \t\r\n", *s->p) != NULL)))
		s->p++, s->n--;
}

/* "this.print(true);": invoices open the print dialog like this. It changes nothing that is seen. */
static bool
only_prints(struct reader *r, qpdf_oh script)
{
	struct bytes octets = reader_octets(r, script);
	struct str s = {(const char *)octets.p, octets.n};
	if (s.n > PRINT_MAX)
		return false;
	if (take(&s, STR("this")) && !take(&s, STR(".")))
		return false;
	if (!take(&s, STR("print")) || !take(&s, STR("(")))
		return false;
	skip_plain_arguments(&s);
	if (!take(&s, STR(")")))
		return false;
	take(&s, STR(";"));
	skip_blanks(&s);
	return s.n == 0;
}

/* ---- actions ---- */

static bool
is_one_of(struct reader *r, qpdf_oh action, const char *key, const char *const *names)
{
	qpdf_oh value = reader_key(r, action, key);
	bool is = false;
	for (; !is && *names != NULL; names++)
		is = qpdf_oh_is_name_and_equals(r->q, value, *names);
	qpdf_oh_release(r->q, value);
	return is;
}

/* Whether an action runs code. The others go somewhere, change the display, or ask first. */
static bool
runs(struct reader *r, qpdf_oh action)
{
	if (reader_is_name(r, action, "/S", "/JavaScript"))
		return !only_prints(r, reader_key(r, action, "/JS"));
	if (reader_is_name(r, action, "/S", "/Launch"))
		return true;
	return reader_is_name(r, action, "/S", "/Rendition") && reader_has(r, action, "/JS");
}

/* Whether an action does more than to go somewhere. Fields, layers, annotations and what is played in them are not what they were
 * after the others; a document that is embedded would be shown in place of this one; and nobody knows those to come.
 * [ISO 32000-2 12.6.4, table 201] */
static bool
meddles(struct reader *r, qpdf_oh action)
{
	static const char *const going[] = {"/GoTo", "/GoToR", "/GoToDp", "/Thread", "/URI", "/Sound", "/Trans", "/NOP", NULL};
	/* The four of the standard, and what programs have for the view of the whole: a menu has much else. */
	static const char *const named[] = {"/NextPage", "/PrevPage", "/FirstPage", "/LastPage", "/GoBack", "/GoForward", "/Print",
	    "/FitPage", "/FitWidth", "/FitHeight", "/FitVisible", "/ActualSize", "/FullScreen", "/SinglePage", "/OneColumn",
	    "/TwoColumns", NULL};
	if (!reader_has(r, action, "/S") || is_one_of(r, action, "/S", going))
		return false;
	if (reader_is_name(r, action, "/S", "/Named"))
		return reader_has(r, action, "/N") && !is_one_of(r, action, "/N", named);
	return !reader_is_name(r, action, "/S", "/JavaScript") || runs(r, action);
}

/* A walk along /Next: what was met is not judged again, so that a chain which leads back to itself ends. */
struct chain {
	bool (*is_bad)(struct reader *r, qpdf_oh action);
	size_t actions, met_n;
	struct literal_ref met[CHAIN_MAX];
};

static bool
meet_again(struct reader *r, qpdf_oh action, struct chain *chain)
{
	struct literal_ref ref;
	if (!reader_ref(r, action, &ref))
		return false;
	for (size_t i = 0; i < chain->met_n; i++)
		if (chain->met[i].number == ref.number && chain->met[i].generation == ref.generation)
			return true;
	if (chain->met_n < CHAIN_MAX) /* is_bad_chain ends the walk where there is no room */
		chain->met[chain->met_n++] = ref;
	return false;
}

/* A chain that is too long to be judged counts as a bad one. */
static bool
is_bad_chain(struct reader *r, qpdf_oh action, struct chain *chain)
{
	if (!reader_is_dictionary(r, action))
		return false;
	if (meet_again(r, action, chain))
		return false;
	if (chain->actions == CHAIN_MAX)
		return true;
	chain->actions++;
	if (chain->is_bad(r, action))
		return true;
	qpdf_oh next = reader_key(r, action, "/Next");
	if (reader_is_dictionary(r, next))
		return is_bad_chain(r, next, chain);
	for (size_t i = 0; i < reader_count(r, next); i++)
		if (is_bad_chain(r, reader_item(r, next, i), chain))
			return true;
	return false;
}

bool
guard_runs(struct reader *r, qpdf_oh action)
{
	struct chain chain = {.is_bad = runs};
	return is_bad_chain(r, action, &chain);
}

/* What happens without anybody's doing must leave the document as it is. */
static bool
acts(struct reader *r, qpdf_oh action)
{
	struct chain chain = {.is_bad = meddles};
	return is_bad_chain(r, action, &chain);
}

/* There may be very many pages and annotations: a handle is kept no longer than needed. */
static bool
acts_any(struct reader *r, qpdf_oh owner, const char *const *events)
{
	qpdf_oh additional = reader_key(r, owner, "/AA");
	bool bad = false;
	for (; reader_is_dictionary(r, additional) && !bad && *events != NULL; events++) {
		qpdf_oh action = reader_key(r, additional, *events);
		bad = acts(r, action);
		qpdf_oh_release(r->q, action);
	}
	qpdf_oh_release(r->q, additional);
	return bad;
}

bool
guard_page_acts(struct reader *r, qpdf_oh page)
{
	static const char *const events[] = {"/O", "/C", "/PO", "/PV", "/PC", "/PI", NULL};
	/* Its events of the page: opened, seen, closed, out of sight. Those of the pointer and of the keyboard are somebody's own act. */
	static const char *const of_annotation[] = {"/PO", "/PV", "/PC", "/PI", NULL};
	bool bad = acts_any(r, page, events);
	qpdf_oh annotations = reader_key(r, page, "/Annots");
	size_t n = reader_count(r, annotations);
	for (size_t i = 0; !bad && i < n; i++) {
		qpdf_oh annotation = reader_item(r, annotations, i);
		bad = acts_any(r, annotation, of_annotation);
		qpdf_oh_release(r->q, annotation);
	}
	qpdf_oh_release(r->q, annotations);
	return bad;
}

/* [ISO 32000-2 12.6.4.17]: the document's scripts all run when it is opened. Names stand before their actions. */
static bool
document_scripts_act(struct reader *r)
{
	qpdf_oh tree = reader_key(r, reader_key(r, r->root, "/Names"), "/JavaScript"), names = reader_key(r, tree, "/Names");
	if (reader_count(r, reader_key(r, tree, "/Kids")) > 0)
		return true;
	for (size_t i = 1; i <= reader_count(r, names); i += 2) /* behind the end too: a name without an action is no tree */
		if (!reader_is_name(r, reader_item(r, names, i), "/S", "/JavaScript") || acts(r, reader_item(r, names, i)))
			return true;
	return false;
}

static err_t
scripts_check(struct reader *r)
{
	/* Before the document is closed, saved or printed, and after that. [ISO 32000-2 12.6.3] */
	static const char *const events[] = {"/WC", "/WS", "/DS", "/WP", "/DP", NULL};
	if (acts(r, reader_key(r, r->root, "/OpenAction")))
		return err_make(ERR_PDF_SCRIPTS, "an action when the document is opened");
	if (acts_any(r, r->root, events))
		return err_make(ERR_PDF_SCRIPTS, "an action of the document catalog");
	if (document_scripts_act(r))
		return err_make(ERR_PDF_SCRIPTS, "scripts of the document");
	return OK;
}

/* ---- forms that are not PDF ---- */

static err_t
xfa_check(struct reader *r)
{
	if (reader_has(r, reader_key(r, r->root, "/AcroForm"), "/XFA"))
		return err_make(ERR_PDF_XFA, "the form has /XFA");
	return OK;
}

/* ---- layers ---- */

/* Whether a layer's own wishes let it look different on screen and on paper. They count only with /AS. */
static bool
usage_differs(struct reader *r, qpdf_oh layer)
{
	qpdf_oh usage = reader_key(r, layer, "/Usage");
	bool view_off = reader_is_name(r, reader_key(r, usage, "/View"), "/ViewState", "/OFF");
	bool print_off = reader_is_name(r, reader_key(r, usage, "/Print"), "/PrintState", "/OFF");
	return view_off || print_off;
}

/* Whether one of these layers is shown or hidden by what that category of its usage says: how much a page is enlarged, who
 * reads it and in which language. Two categories say nothing about that. */
static bool
usage_decides(struct reader *r, qpdf_oh category, qpdf_oh layers)
{
	static const char *const harmless[] = {"/View", "/Print", "/Export", "/CreatorInfo", "/PageElement", NULL};
	for (size_t i = 0; harmless[i] != NULL; i++)
		if (qpdf_oh_is_name_and_equals(r->q, category, harmless[i]))
			return false;
	if (!qpdf_oh_is_name(r->q, category))
		return false;
	const char *key;
	if (err_is(arena_str(r->arena, str_c(qpdf_oh_get_name(r->q, category)), &key)))
		return true;
	for (size_t i = 0; i < reader_count(r, layers); i++)
		if (reader_has(r, reader_key(r, reader_item(r, layers, i), "/Usage"), key))
			return true;
	return false;
}

/* [ISO 32000-2 8.11.4.4]: what a program switches by itself when it shows, prints or exports the document. */
static err_t
switches_check(struct reader *r, qpdf_oh layers, qpdf_oh switches)
{
	size_t n = reader_count(r, layers);
	for (size_t i = 0; i < n; i++)
		if (usage_differs(r, reader_item(r, layers, i)))
			return err_make(ERR_PDF_HIDDEN_LAYERS, "layer %zu is not the same on screen and on paper", i + 1);
	for (size_t i = 0; i < reader_count(r, switches); i++) {
		qpdf_oh one = reader_item(r, switches, i), categories = reader_key(r, one, "/Category");
		for (size_t j = 0; j < reader_count(r, categories); j++)
			if (usage_decides(r, reader_item(r, categories, j), reader_key(r, one, "/OCGs")))
				return err_make(ERR_PDF_HIDDEN_LAYERS, "whether a layer is shown depends on the reader");
	}
	return OK;
}

/* Layers that the base state hides, less those that are switched on. */
static size_t
count_not_on(struct reader *r, qpdf_oh layers, qpdf_oh on)
{
	size_t hidden = 0;
	struct literal_ref ref;
	reader_forget(r);
	for (size_t i = 0; i < reader_count(r, on); i++)
		if (reader_ref(r, reader_item(r, on, i), &ref))
			(void)reader_meet(r, ref);
	for (size_t i = 0; i < reader_count(r, layers); i++)
		if (!reader_ref(r, reader_item(r, layers, i), &ref) || reader_meet(r, ref))
			hidden++;
	return hidden;
}

/* [ISO 32000-2 8.11.4.3]: the default configuration says what is shown when the document is opened. */
static err_t
layers_check(struct reader *r)
{
	qpdf_oh properties = reader_key(r, r->root, "/OCProperties");
	qpdf_oh layers = reader_key(r, properties, "/OCGs"), shown = reader_key(r, properties, "/D");
	size_t n = reader_count(r, layers);
	if (n == 0)
		return OK;
	if (n > LAYERS_MAX)
		return err_make(ERR_PDF_TOO_COMPLEX, "%zu layers, at most %d are allowed", n, LAYERS_MAX);
	if (reader_is_name(r, shown, "/BaseState", "/OFF") && count_not_on(r, layers, reader_key(r, shown, "/ON")) > 0)
		return err_make(ERR_PDF_HIDDEN_LAYERS, "layers are hidden unless they are switched on");
	size_t off = reader_count(r, reader_key(r, shown, "/OFF"));
	if (off > 0)
		return err_make(ERR_PDF_HIDDEN_LAYERS, "%zu of %zu layers are hidden", off, n);
	qpdf_oh switches = reader_key(r, shown, "/AS");
	return reader_count(r, switches) == 0 ? OK : switches_check(r, layers, switches);
}

err_t
guard_check(struct reader *r)
{
	TRY(xfa_check(r));
	TRY(scripts_check(r));
	TRY(layers_check(r));
	return reader_check(r);
}
