#include "cli/sign.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/rand.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/option.h"
#include "cli/service.h"
#include "cli/signer.h"
#include "os/clock.h"
#include "os/file.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <sys/stat.h>

struct wish {
	struct service_wish service;
	const char *registration_key, *given_name, *surname, *country, *email, *reference, *out, *title;
	const char *page, *x, *y, *w, *h;
	bool catcher, invisible, overwrite, json;
	const char *file;
};

/* What is written: BASE-signed.pdf and so on. */
static const char *const endings[] = {"signed.pdf", "proof.json", "root.pem"};
enum { SIGNED, PROOF, ROOT, RESULTS, RESULT_PATH_MAX = PATH_MAX + 16 };

struct run {
	const struct wish *wish;
	struct http *sender, *registration;
	struct signer signer;
	char registration_id[64], file_id[64], request_id[64], document_id[64];
	char base[PATH_MAX]; /* of the files that are written: "out/contract" */
	char title[LIMIT_TITLE + 1];
	json_t *facts, *result, *steps;
	int64_t last_at;
	double pages, page_w, page_h;
};

/* ---- telling ----------------------------------------------------------------------------------------------------------------- */

/* One line for each step, with the time it took. */
static void
step(struct run *r, const char *what)
{
	int64_t now = clock_monotonic();
	double ms = (double)(now - r->last_at) / 1000;
	r->last_at = now;
	if (r->wish->json)
		json_array_append_new(r->steps, json_pack("{s:s, s:f}", "step", what, "ms", ms));
	else
		printf(" %8.1f ms  %s\n", ms, what);
	fflush(stdout);
}

static err_t
keep(const json_t *answer, const char *member, char *ret, size_t n)
{
	const char *text;
	TRY(service_text(answer, member, &text));
	snprintf(ret, n, "%s", text);
	str_tame(ret); /* it is shown */
	return OK;
}

/* Posts to the API; the body is taken. */
static err_t
post(struct http *h, const char *path, json_t *body, const char *file, json_t **ret_json)
{
	char key[33];
	service_idempotency(key);
	const struct http_request r = {.method = "POST", .path = path, .json = body, .file = file, .type = "application/pdf",
	    .idempotency_key = key};
	err_t e = http_send(h, &r, ret_json);
	json_decref(body);
	return e;
}

/* ---- the sender's side ---------------------------------------------------------------------------------------------------------- */

static err_t
register_signer(struct run *r)
{
	const struct wish *w = r->wish;
	char at[TIME_TEXT_MAX];
	json_t *answer = NULL;
	time_text(clock_now(), false, at);
	/* What separates namesakes is the sender's own name for the person; here his address. */
	json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "country", w->country, "given_name", w->given_name,
	    "surname", w->surname, "reference", w->reference != NULL ? w->reference : w->email, "email", w->email, "identified_by",
	    "attested by the caller of paraph sign", "evidence", "none kept by this command", "verified_at", at);
	if (body == NULL)
		return err_make(ERR_UTF8, "a name is not valid UTF-8");
	TRY(post(r->registration, "/v1/registrations", body, NULL, &answer));
	err_t e = keep(answer, "id", r->registration_id, sizeof r->registration_id);
	json_decref(answer);
	return e;
}

static err_t
upload(struct run *r)
{
	json_t *answer = NULL;
	TRY(post(r->sender, "/v1/files", NULL, r->wish->file, &answer));
	r->pages = json_number_value(json_object_get(answer, "pages"));
	r->page_w = json_number_value(json_object_get(answer, "page_width"));
	r->page_h = json_number_value(json_object_get(answer, "page_height"));
	err_t e = keep(answer, "id", r->file_id, sizeof r->file_id);
	json_decref(answer);
	return e;
}

static double
number_or(const char *text, double otherwise)
{
	return text == NULL ? otherwise : strtod(text, NULL);
}

/* Where the signature stands: as wished, or at the foot of the first page. */
static json_t *
field_make(const struct run *r)
{
	const struct wish *w = r->wish;
	double width = number_or(w->w, 180), height = number_or(w->h, 54);
	double x = r->page_w - width - 54, y = r->page_h - height - 54;
	return json_pack("{s:s, s:i, s:f, s:f, s:f, s:f}", "file", r->file_id, "page", (int)number_or(w->page, 1), "x",
	    number_or(w->x, x < 0 ? 0 : x), "y", number_or(w->y, y < 0 ? 0 : y), "w", width, "h", height);
}

static err_t
request(struct run *r)
{
	json_t *answer = NULL;
	json_t *signer = json_pack("{s:s, s:s, s:s}", "key", "signer", "registration", r->registration_id, "method", "email_code");
	if (!r->wish->invisible)
		json_object_set_new(signer, "fields", json_pack("[o]", field_make(r)));
	json_t *body = json_pack("{s:s, s:b, s:[s], s:[o]}", "title", r->wish->title, "send", 1, "files", r->file_id, "signers", signer);
	if (body == NULL)
		return err_make(ERR_UTF8, "the title is not valid UTF-8");
	TRY(post(r->sender, "/v1/requests", body, NULL, &answer));
	err_t e = keep(answer, "id", r->request_id, sizeof r->request_id);
	if (!err_is(e))
		e = keep(json_array_get(json_object_get(answer, "documents"), 0), "id", r->document_id, sizeof r->document_id);
	json_decref(answer);
	return e;
}

/* ---- before anything is sent ------------------------------------------------------------------------------------------------------ */

static void
result_path(const struct run *r, int which, char ret_path[RESULT_PATH_MAX])
{
	snprintf(ret_path, RESULT_PATH_MAX, "%s-%s", r->base, endings[which]);
}

/* "dir/contract.pdf" -> "out/contract" */
static err_t
base_make(const struct wish *w, char ret_folder[PATH_MAX], char ret_base[PATH_MAX])
{
	char folder[PATH_MAX], name[PATH_MAX];
	if (strlen(w->file) >= PATH_MAX || (w->out != NULL && strlen(w->out) >= PATH_MAX))
		return err_make(ERR_CONF, "the path is too long");
	snprintf(folder, sizeof folder, "%s", w->file);
	snprintf(name, sizeof name, "%s", w->file);
	char *stem = basename(name);
	size_t n = strlen(stem);
	if (n > 4 && strcasecmp(stem + n - 4, ".pdf") == 0)
		stem[n - 4] = '\0';
	snprintf(ret_folder, PATH_MAX, "%s", w->out != NULL ? w->out : dirname(folder));
	if (snprintf(ret_base, PATH_MAX, "%s/%s", ret_folder, stem) >= PATH_MAX)
		return err_make(ERR_CONF, "the path is too long");
	return OK;
}

/* Each result can be written, and takes the place of nothing but an earlier result, when that was wished. */
static err_t
results_check(const struct run *r, const char *folder)
{
	struct stat st;
	char path[RESULT_PATH_MAX];
	if (stat(folder, &st) != 0)
		return err_errno("%s, where the results go", folder);
	if (!S_ISDIR(st.st_mode))
		return err_make(ERR_IO, "%s, where the results go, is not a folder", folder);
	if (access(folder, W_OK | X_OK) != 0)
		return err_errno("%s, where the results go: choose another folder with --out", folder);
	for (int i = 0; i < RESULTS; i++) {
		result_path(r, i, path);
		if (lstat(path, &st) != 0 && errno != ENOENT)
			return err_errno("%s", path);
		if (lstat(path, &st) == 0 && !(r->wish->overwrite && S_ISREG(st.st_mode)))
			return err_make(ERR_IO, "%s exists already: %s", path, S_ISREG(st.st_mode) ?
			    "choose another folder with --out, or say --overwrite" : "choose another folder with --out");
	}
	return OK;
}

static err_t
file_check(const char *path)
{
	struct stat st;
	TRY(file_check_input(path));
	if (stat(path, &st) == 0 && st.st_size == 0)
		return err_make(ERR_PDF_EMPTY, "%s", path);
	return OK;
}

/* The name of the file, as far as a title may hold it. */
static err_t
title_make(const char *stem, char ret_title[LIMIT_TITLE + 1])
{
	size_t n = strlen(stem);
	struct str whole;
	if (err_is(str_check(bytes(stem, n), &whole)))
		return err_make(ERR_UTF8, "the name of the file: give the request a name with --title");
	while (n > LIMIT_TITLE || (n < strlen(stem) && ((unsigned char)stem[n] & 0xc0) == 0x80))
		n--;
	snprintf(ret_title, LIMIT_TITLE + 1, "%.*s", (int)n, stem);
	return OK;
}

/* Everything that can be known to fail before the service is asked for anything. */
static err_t
prepare(struct run *r, struct wish *w)
{
	char folder[PATH_MAX];
	TRY(file_check(w->file));
	TRY(base_make(w, folder, r->base));
	TRY(results_check(r, folder));
	if (w->title != NULL)
		return OK;
	TRY(title_make(strrchr(r->base, '/') + 1, r->title));
	w->title = r->title;
	return OK;
}

/* ---- results --------------------------------------------------------------------------------------------------------------------- */

static err_t
save(const struct run *r, const char *path, const char *to)
{
	const struct http_request q = {.method = "GET", .path = path, .save = to, .replace = r->wish->overwrite};
	return http_send(r->sender, &q, NULL);
}

static err_t
results_save(struct run *r)
{
	char to[RESULT_PATH_MAX], path[256];
	result_path(r, SIGNED, to);
	TRY(signer_save(&r->signer, 1, to, r->wish->overwrite));
	result_path(r, PROOF, to);
	snprintf(path, sizeof path, "/v1/requests/%s/proof", r->request_id);
	TRY(save(r, path, to));
	result_path(r, ROOT, to);
	return save(r, "/v1/ca/root.pem", to);
}

/* ---- the way ---------------------------------------------------------------------------------------------------------------------- */

static err_t
sender_side(struct run *r)
{
	TRY(upload(r)); /* first: nobody is registered for a file that cannot be signed */
	step(r, "document uploaded and inspected");
	TRY(register_signer(r));
	step(r, "registration record made: who the signer is, and who says so");
	TRY(request(r));
	step(r, "signature request made, revision 0 prepared, invitation sent");
	return OK;
}

static err_t
signer_side(struct run *r)
{
	char token[128];
	TRY(signer_invitation(&r->signer, token));
	step(r, "invitation received");
	TRY(signer_session(&r->signer, token));
	TRY(signer_facts(&r->signer, &r->facts));
	TRY(signer_read(&r->signer, r->facts, 1));
	step(r, "document read, its fingerprint compared");
	TRY(signer_code(&r->signer));
	step(r, "one-time code sent, received and given back");
	/* The facts again: what is confirmed is what the screen shows at that moment. */
	json_decref(r->facts);
	r->facts = NULL;
	TRY(signer_facts(&r->signer, &r->facts));
	TRY(signer_consent(&r->signer, r->facts));
	step(r, "consent given");
	TRY(signer_sign(&r->signer, &r->result));
	step(r, "signed: key, certificate, signature, time-stamps, checked, proof sealed, key destroyed");
	return OK;
}

static err_t
clients_open(struct run *r)
{
	const struct wish *w = r->wish;
	struct service_wish registration = w->service;
	registration.key_file = w->registration_key; /* NULL: the instance's, never the sender's */
	TRY(service_open(&w->service, "sender", &r->sender));
	TRY(service_open(&registration, "registration", &r->registration));
	r->signer.catcher_to = w->catcher ? w->email : NULL;
	return service_open(&w->service, NULL, &r->signer.http);
}

static err_t
run_all(struct run *r)
{
	TRY(clients_open(r));
	TRY(signer_begin(&r->signer));
	r->last_at = clock_monotonic();
	TRY(sender_side(r));
	TRY(signer_side(r));
	err_t e = results_save(r);
	if (err_is(e))
		fprintf(stderr, "paraph: request %s is signed, but its results could not all be saved\n", r->request_id);
	TRY(e);
	step(r, "signed document, proof and trust anchor saved");
	return OK;
}

static void
run_done(struct run *r)
{
	http_free(r->sender);
	http_free(r->registration);
	http_free(r->signer.http);
	json_decref(r->facts);
	json_decref(r->result);
	json_decref(r->steps);
}

static err_t
report_json(const struct run *r)
{
	char file[RESULTS][RESULT_PATH_MAX];
	for (int i = 0; i < RESULTS; i++) {
		result_path(r, i, file[i]);
		str_mend(file[i]); /* a name of any octets */
	}
	return command_json(json_pack("{s:s, s:O, s:O, s:{s:s, s:s, s:s}}", "request", r->request_id, "result", r->result, "steps", r->steps,
	    "files", "signed", file[0], "proof", file[1], "root", file[2]));
}

static bool
page_is_whole(const char *page)
{
	uint64_t n;
	return page == NULL || (!err_is(str_u64(str_c(page), INT_MAX, &n)) && n > 0);
}

/* x, y, w, h: numbers, or the service would take what is none for zero. */
static bool
numbers_are(const struct wish *w)
{
	const char *const all[] = {w->x, w->y, w->w, w->h};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		char *end = NULL;
		if (all[i] != NULL && (!isfinite(strtod(all[i], &end)) || end == all[i] || *end != '\0'))
			return false;
	}
	return true;
}

static int
usage_wrong(const struct option_use *use, const char *what)
{
	fprintf(stderr, "paraph: %s\nUsage: %s\n", what, use->usage);
	return COMMAND_USAGE;
}

int
sign_main(int argc, char **argv)
{
	struct wish w = {.country = "FR"};
	const char *words[1];
	size_t words_n;
	int status;
	const struct option options[] = {
	    {"instance", "DIR", "service on this machine, with its API keys", &w.service.instance, NULL},
	    {"url", "URL", "address of a service", &w.service.url, NULL},
	    {"ca", "FILE", "PEM of the TLS certificate to trust", &w.service.ca, NULL},
	    {"sender-key", "FILE", "API key of the sender", &w.service.key_file, NULL},
	    {"registration-key", "FILE", "API key of who attests the signer's identity", &w.registration_key, NULL},
	    {"given-name", "NAME", "of the signer", &w.given_name, NULL},
	    {"surname", "NAME", "of the signer", &w.surname, NULL},
	    {"country", "CC", "of the signer (FR)", &w.country, NULL},
	    {"email", "ADDRESS", "of the signer", &w.email, NULL},
	    {"reference", "TEXT", "your lasting name for this person (the address)", &w.reference, NULL},
	    {"title", "TEXT", "of the request (the file's name)", &w.title, NULL},
	    {"page", "N", "page of the visible signature (1)", &w.page, NULL},
	    {"x", "PT", "from the left", &w.x, NULL},
	    {"y", "PT", "from the top", &w.y, NULL},
	    {"w", "PT", "width (180)", &w.w, NULL},
	    {"h", "PT", "height (54)", &w.h, NULL},
	    {"invisible", NULL, "no visible signature", NULL, &w.invisible},
	    {"catcher", NULL, "read link and code from the demo's mail catcher", NULL, &w.catcher},
	    {"out", "DIR", "folder where the results go (beside FILE)", &w.out, NULL},
	    {"overwrite", NULL, "put the results in the place of earlier ones", NULL, &w.overwrite},
	    {"json", NULL, "print one JSON object", NULL, &w.json},
	};
	const struct option_use use = {"paraph sign --instance DIR --given-name N --surname N --email A [OPTION]... FILE",
	    "Walks one signer through signing FILE over the API of a running service, as an integrator and the signer's browser\n"
	    "would: upload, registration, request, invitation, one-time code, consent, signature. Asks for the link and the code,\n"
	    "or reads them from a demo's mail catcher. Writes FILE-signed.pdf, FILE-proof.json and FILE-root.pem.\n"
	    "What is there already is kept and nothing is sent, unless --overwrite is given.\n"
	    "You attest with --registration-key that the signer is who you say.",
	    options, sizeof options / sizeof options[0], 1, 1};
	if (!option_read(&use, argc, argv, words, &words_n, &status))
		return status;
	w.file = words[0];
	if (w.given_name == NULL || w.surname == NULL || w.email == NULL)
		return usage_wrong(&use, "--given-name, --surname and --email are needed");
	if (!service_is_named(&w.service) || (w.service.instance == NULL && w.registration_key == NULL))
		return usage_wrong(&use, "say which service: --instance DIR, or --url URL, --sender-key FILE and --registration-key FILE");
	if (!page_is_whole(w.page))
		return usage_wrong(&use, "--page wants a whole number, the first page is 1");
	if (!numbers_are(&w))
		return usage_wrong(&use, "--x, --y, --w and --h want numbers");
	struct run r = {.wish = &w, .steps = json_array()};
	err_t e = prepare(&r, &w);
	if (!err_is(e))
		e = run_all(&r);
	if (!err_is(e) && w.json)
		e = report_json(&r);
	status = err_is(e) ? command_fail(e) : COMMAND_DONE;
	run_done(&r);
	return status;
}
