#include "cli/verify.h"

#include "ades/judge.h"
#include "ades/pdfdiff.h"
#include "ades/words.h"
#include "base/base64.h"
#include "cli/command.h"
#include "cli/option.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum {
	VERIFY_TRUST_MAX = 1024 * 1024,          /* octets of the file of trusted certificates */
	VERIFY_MEMORY_MB = 2048,                 /* beside the file itself */
	VERIFY_ARENA = 1536 * 1024 * 1024,
	VERIFY_CPU_SECONDS = 120,
	VERIFY_TEXT_MAX = 1024 * 1024,
};

struct verify {
	const char *name;         /* of the file, as it was given */
	const char *trust;
	bool json;
	struct bytes data;
	struct buf anchors_der;
	struct bytes anchors[JUDGE_ANCHORS_MAX];
	size_t anchors_n;
};

/* ---- before the jail ---- */

static err_t
map_file(const char *path, struct bytes *ret_data)
{
	struct stat st;
	TRY(file_check_input(path));
	AUTO_FD(fd) = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_make(ERR_NO_INPUT, "%s: %s", path, strerror(errno));
	if (st.st_size == 0)
		return err_make(ERR_PDF_EMPTY, "%s", path);
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_errno("%s", path);
	*ret_data = bytes(p, (size_t)st.st_size);
	return OK;
}

/* All certificates of a PEM file; each is kept behind the other in one builder that no longer grows. */
static err_t
read_trust(struct verify *v)
{
	AUTO_BUF(text, VERIFY_TRUST_MAX);
	size_t at = 0, ends[JUDGE_ANCHORS_MAX];
	TRY(file_check_input(v->trust));
	TRY(file_read_path(v->trust, &text));
	for (;;) {
		AUTO_BUF(der, VERIFY_TRUST_MAX);
		err_t e = base64_read_pem(buf_bytes(&text), "CERTIFICATE", &at, &der);
		if (e.code == ERR_NOT_FOUND)
			break;
		TRY(e);
		if (v->anchors_n == JUDGE_ANCHORS_MAX)
			return err_make(ERR_LIMIT, "%s holds more than %d certificates", v->trust, JUDGE_ANCHORS_MAX);
		buf_put(&v->anchors_der, buf_bytes(&der));
		ends[v->anchors_n++] = v->anchors_der.n;
	}
	TRY(buf_check(&v->anchors_der));
	if (v->anchors_n == 0)
		return err_make(ERR_NO_INPUT, "%s holds no certificate (PEM)", v->trust);
	for (size_t i = 0; i < v->anchors_n; i++)
		v->anchors[i] = bytes_sub(buf_bytes(&v->anchors_der), i > 0 ? ends[i - 1] : 0, ends[i]);
	return OK;
}

/* From here on the process can do nothing but read what it holds and write its answer. */
static err_t
enter_jail(const struct verify *v)
{
	const struct jail jail = {
	    .program = "paraph-verify",
	    .address_space_mb = VERIFY_MEMORY_MB + v->data.n / (1024 * 1024),
	    .cpu_seconds = VERIFY_CPU_SECONDS,
	    .files = 16,
	};
	return jail_enter(&jail);
}

/* ---- text ---- */

static struct str
clean(const char *text)
{
	struct str s;
	return err_is(str_check(bytes(text, strlen(text)), &s)) ? STR("?") : s;
}

/* One labelled paragraph, wrapped at words. */
static void
put_paragraph(const char *label, const struct buf *words)
{
	enum { INDENT = 14, WIDTH = 100 };
	size_t at = 0;
	printf("   %-11s", label);
	while (at < words->n) {
		size_t n = words->n - at, room = WIDTH - INDENT;
		if (n > room) {
			n = room;
			while (n > 0 && words->p[at + n] != ' ')
				n--;
			if (n == 0) { /* a word longer than the line stays whole */
				n = room;
				while (at + n < words->n && words->p[at + n] != ' ')
					n++;
			}
		}
		printf("%s%.*s\n", at > 0 ? "              " : "", (int)n, (const char *)words->p + at);
		at += n;
		while (at < words->n && words->p[at] == ' ')
			at++;
	}
	if (words->n == 0)
		printf("\n");
}

static void
print_signature(const struct report *r, size_t i)
{
	const struct report_signature *s = &r->signatures[i];
	AUTO_BUF(b, VERIFY_TEXT_MAX);
	printf("\n%zu. %s%.*s%s: %s\n", i + 1, s->stamp ? "Archive time-stamp by \"" : "", STR_ARG(s->signer.n ? s->signer : STR("?")),
	    s->stamp ? "\"" : "", words_verdict(s->verdict));
	words_changed(r, s, &b);
	put_paragraph("Changed?", &b);
	buf_reset(&b);
	words_who(s, &b);
	put_paragraph("Who?", &b);
	buf_reset(&b);
	words_when(s, &b);
	put_paragraph("When?", &b);
	buf_reset(&b);
	words_sure(s, &b);
	put_paragraph("How sure?", &b);
	if (s->said_reason.n > 0) {
		buf_reset(&b);
		buf_put_str(&b, s->said_reason);
		put_paragraph("Reason", &b);
	}
}

static void
print_text(const struct verify *v, const struct report *r)
{
	char when[TIME_TEXT_MAX];
	AUTO_BUF(b, VERIFY_TEXT_MAX);
	words_sentence(r, &b);
	printf("%.*s: %s\n%.*s\n", STR_ARG(clean(v->name)), words_verdict(r->verdict), (int)b.n, (const char *)b.p);
	for (size_t i = 0; i < r->n; i++)
		print_signature(r, i);
	time_text(r->checked_at, false, when);
	printf("\nFile: %" PRIu64 " octets, %zu revision%s, SHA-256 %s.\nChecked %s by paraph %s. ", r->size, r->revisions,
	    r->revisions == 1 ? "" : "s", r->sha256, when, PARAPH_VERSION);
	if (v->trust != NULL)
		printf("Trusted: %zu certificate%s of %.*s. ", r->anchors, r->anchors == 1 ? "" : "s", STR_ARG(clean(v->trust)));
	else
		printf("No certificate is trusted: name some with --trust. ");
	printf("Nothing was fetched.\n");
}

/* ---- JSON ---- */

static void
json_text(struct buf *b, struct str s)
{
	buf_put_byte(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_put_byte(b, '\\');
		buf_put_byte(b, (uint8_t)s.p[i]);
	}
	buf_put_byte(b, '"');
}

static void
json_member(struct buf *b, const char *key, struct str value)
{
	buf_printf(b, ", \"%s\": ", key);
	json_text(b, value);
}

static void
json_time(struct buf *b, const char *key, int64_t at)
{
	char text[TIME_TEXT_MAX];
	if (at == 0) {
		buf_printf(b, ", \"%s\": null", key);
		return;
	}
	time_text(at, true, text);
	json_member(b, key, str_c(text));
}

static void
json_words(struct buf *b, const char *key, const struct buf *words)
{
	struct str s;
	json_member(b, key, err_is(str_check(buf_bytes(words), &s)) ? STR("?") : s);
}

static void
json_added(struct buf *b, unsigned added)
{
	static const char *const names[] = {"signature", "time-stamp", "evidence", "information", "empty-field"};
	bool first = true;
	buf_put_str(b, STR(", \"added\": ["));
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (added & 1u << i) {
			buf_printf(b, "%s\"%s\"", first ? "" : ", ", names[i]);
			first = false;
		}
	buf_put_byte(b, ']');
}

static void
json_answers(struct buf *b, const struct report *r, const struct report_signature *s)
{
	AUTO_BUF(w, VERIFY_TEXT_MAX);
	words_changed(r, s, &w);
	json_words(b, "changed_words", &w);
	buf_reset(&w);
	words_who(s, &w);
	json_words(b, "who_words", &w);
	buf_reset(&w);
	words_when(s, &w);
	json_words(b, "when_words", &w);
	buf_reset(&w);
	words_sure(s, &w);
	json_words(b, "sure_words", &w);
}

static void
json_signature(struct buf *b, const struct report *r, const struct report_signature *s)
{
	static const char *const times[] = {"none", "claimed", "proven"};
	buf_printf(b, "{\"type\": \"%s\"", s->stamp ? "time-stamp" : "signature");
	json_member(b, "verdict", str_c(report_verdict_name(s->verdict)));
	json_member(b, "reason", str_c(report_reason_name(s->reason)));
	json_member(b, "detail", clean(s->detail));
	json_member(b, "change", str_c(report_change_name(s->change)));
	json_member(b, "what_changed", clean(s->what_changed));
	json_added(b, s->added);
	json_member(b, "field", s->field);
	json_member(b, "sub_filter", s->sub_filter);
	json_member(b, "signer", s->signer);
	json_member(b, "subject", s->subject);
	json_member(b, "serial", str_c(s->serial));
	json_member(b, "issuer", s->issuer);
	json_member(b, "trusted_through", s->anchor);
	json_time(b, "not_before", s->not_before_at);
	json_time(b, "not_after", s->not_after_at);
	json_member(b, "time", str_c(times[s->time]));
	json_time(b, "at", s->at);
	json_member(b, "time_by", s->time_by);
	json_time(b, "claimed_at", s->claimed_at);
	json_member(b, "level", str_c(s->level));
	json_time(b, "proven_until", s->proven_until);
	json_member(b, "said_reason", s->said_reason);
	json_member(b, "said_location", s->said_location);
	buf_printf(b, ", \"revision\": %zu, \"covered\": %" PRIu64 ", \"whole_file\": %s", s->revision, s->covered,
	    s->whole ? "true" : "false");
	json_answers(b, r, s);
	buf_put_byte(b, '}');
}

static err_t
print_json(const struct verify *v, const struct report *r)
{
	AUTO_BUF(b, 64 * VERIFY_TEXT_MAX);
	AUTO_BUF(sentence, VERIFY_TEXT_MAX);
	words_sentence(r, &sentence);
	buf_put_str(&b, STR("{\"file\": "));
	json_text(&b, clean(v->name));
	json_member(&b, "verdict", str_c(report_verdict_name(r->verdict)));
	json_words(&b, "sentence", &sentence);
	buf_printf(&b, ", \"size\": %" PRIu64 ", \"sha256\": \"%s\", \"revisions\": %zu, \"trusted\": %zu, \"fetched\": false",
	    r->size, r->sha256, r->revisions, r->anchors);
	json_time(&b, "checked_at", r->checked_at);
	json_member(&b, "engine", STR("paraph " PARAPH_VERSION));
	json_member(&b, "detail", clean(r->detail));
	buf_put_str(&b, STR(", \"signatures\": ["));
	for (size_t i = 0; i < r->n; i++) {
		buf_put_str(&b, i > 0 ? STR(", ") : STR(""));
		json_signature(&b, r, &r->signatures[i]);
	}
	buf_put_str(&b, STR("]}\n"));
	TRY(buf_check(&b)); /* half an object is none */
	fwrite(b.p, 1, b.n, stdout); /* whether it was written, command_end sees */
	return OK;
}

/* ---- the command ---- */

static int
status_of(const struct report *r)
{
	if (r->verdict == REPORT_INVALID)
		return COMMAND_FAILED;
	/* Nobody signed: that is decided. */
	if (!r->unreadable && r->people == 0)
		return COMMAND_FAILED;
	return r->verdict == REPORT_VALID ? COMMAND_DONE : COMMAND_UNDECIDED;
}

static err_t
run(struct verify *v, int *ret_status)
{
	struct report *report;
	TRY(map_file(v->name, &v->data));
	if (v->trust != NULL)
		TRY(read_trust(v));
	TRY(enter_jail(v));
	AUTO_ARENA(arena, VERIFY_ARENA);
	TRY(judge_file(v->data, v->anchors, v->anchors_n, clock_now(), arena, &report));
	if (v->json)
		TRY(print_json(v, report));
	else
		print_text(v, report);
	*ret_status = status_of(report);
	return OK;
}

int
verify_main(int argc, char **argv)
{
	struct verify v = {.anchors_der = buf_init(VERIFY_TRUST_MAX)};
	const struct option options[] = {
	    {"trust", "FILE", "certificates to trust (PEM, one or more); without it no issuer is known", &v.trust, NULL},
	    {"json", NULL, "print the result as one JSON object", NULL, &v.json},
	};
	const struct option_use use = {
	    .usage = "paraph verify [--trust ROOT.pem] [--json] FILE",
	    .about = "Says in plain words who signed a PDF, when, whether it changed, and what that rests on.\n"
	             "Nothing is fetched: what the file does not prove is called undecided.\n"
	             "Exit status: 0 valid; 1 not valid, changed or not signed; 2 cannot be decided; 64 wrong use;\n"
	             "66 FILE or ROOT.pem cannot be read.",
	    .options = options,
	    .options_n = sizeof options / sizeof options[0],
	    .words_least = 1,
	    .words_most = 1,
	};
	size_t n;
	int status;
	if (!option_read(&use, argc, argv, &v.name, &n, &status))
		return status;
	err_t e = run(&v, &status);
	buf_done(&v.anchors_der);
	return err_is(e) ? command_fail(e) : status;
}
