#include "ades/judge.h"

#include "ades/cms_verify.h"
#include "ades/evidence.h"
#include "ades/pades.h"
#include "base/buf.h"
#include "base/time.h"
#include "pki/tsp.h"

#include <stdarg.h>

enum { TEXT_MAX = 600 };

struct judge {
	struct bytes data;
	struct arena *arena;
	struct pades *pades;
	struct evidence evidence;
	struct report *report;
	int64_t now;
	int64_t control_at;   /* what is judged next existed at this time: now, or a proven archive time */
	bool control_proven;
	int64_t proven_until; /* of the newest proven archive stamp: end of its unit, */
	size_t proven_end;    /* and the octets that it covers; 0: there is none */
};

static err_t
keep(struct judge *j, const char **ret, const char *format, ...) __attribute__((format(printf, 3, 4)));

static err_t
keep(struct judge *j, const char **ret, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	struct bytes kept;
	TRY(arena_copy(j->arena, bytes(text, strlen(text)), &kept));
	*ret = (const char *)kept.p;
	return OK;
}

/* The first thing that speaks against it stays, unless a worse verdict comes. */
static err_t
against(struct judge *j, struct report_signature *r, enum report_verdict verdict, enum report_reason reason,
    const char *detail)
{
	if (r->verdict == REPORT_INVALID || (r->verdict == REPORT_UNDECIDED && verdict == REPORT_UNDECIDED))
		return OK;
	r->verdict = verdict;
	r->reason = reason;
	return keep(j, &r->detail, "%s", detail);
}

static err_t
note(struct judge *j, struct report_signature *r, const char *text)
{
	if (r->notes_n == REPORT_NOTES_MAX)
		return OK;
	return keep(j, &r->notes[r->notes_n++], "%s", text);
}

/* ---- names ---- */

static err_t
name_of(struct judge *j, struct bytes name, struct str *ret)
{
	struct str found;
	struct bytes kept;
	AUTO_BUF(whole, TEXT_MAX);
	if (err_is(name_get(name, NAME_COMMON_NAME, &found)) && err_is(name_get(name, NAME_ORGANIZATION, &found))) {
		if (err_is(name_text(name, &whole)) || err_is(str_check(buf_bytes(&whole), &found)))
			found = STR("?");
	}
	TRY(arena_copy(j->arena, str_bytes(found), &kept));
	*ret = (struct str){(const char *)kept.p, kept.n};
	return OK;
}

static err_t
put_certificate(struct judge *j, struct report_signature *r, const struct certificate *c)
{
	AUTO_BUF(whole, 4 * TEXT_MAX);
	struct str text = STR("?");
	struct bytes kept;
	TRY(name_of(j, c->subject, &r->signer));
	TRY(name_of(j, c->issuer, &r->issuer));
	if (!err_is(name_text(c->subject, &whole)))
		if (err_is(str_check(buf_bytes(&whole), &text)))
			text = STR("?");
	TRY(arena_copy(j->arena, str_bytes(text), &kept));
	r->subject = (struct str){(const char *)kept.p, kept.n};
	if (c->serial.n * 2 < sizeof r->serial)
		bytes_hex(c->serial, r->serial);
	r->not_before_at = c->not_before_at;
	r->not_after_at = c->not_after_at;
	r->short_lived = c->not_after_at - c->not_before_at <= 2 * TIME_HOUR + TIME_MINUTE;
	return OK;
}

/* ---- chains ---- */

static err_t
build(const struct judge *j, struct bytes leaf, enum path_purpose purpose, int64_t at, struct path *ret)
{
	return path_build(leaf, j->evidence.certificates, j->evidence.certificates_n, j->evidence.anchors,
	    j->evidence.anchors_n, purpose, at, ret);
}

/* Why there is no chain at `at`: tried again at a time at which the leaf was surely valid, whatever it is for. */
static err_t
explain_chain(struct judge *j, struct report_signature *r, const struct certificate *leaf, int64_t at)
{
	struct path path;
	char why[200];
	snprintf(why, sizeof why, "%s", err_detail());
	bool elsewhen = !err_is(build(j, leaf->der, PATH_ANY, leaf->not_after_at, &path));
	if (elsewhen)
		TRY(name_of(j, path.chain[path.n - 1].subject, &r->anchor));
	if (elsewhen && at < leaf->not_before_at)
		return against(j, r, REPORT_INVALID, REPORT_NOT_YET, why);
	if (elsewhen && at > leaf->not_after_at)
		return against(j, r, REPORT_UNDECIDED, REPORT_EXPIRED, why);
	return against(j, r, REPORT_UNDECIDED, elsewhen ? REPORT_CHAIN : REPORT_UNKNOWN_ISSUER, why);
}

static err_t
put_status(struct judge *j, struct report_signature *r, const struct certificate *subject,
    const struct evidence_status *s, int64_t at, bool proven)
{
	struct str name;
	const char *words;
	char when[TIME_TEXT_MAX];
	TRY(name_of(j, subject->subject, &name));
	switch (s->state) {
	case EVIDENCE_GOOD:
	case EVIDENCE_EXEMPT:
		return OK;
	case EVIDENCE_REVOKED:
		time_text(s->revoked_at, false, when);
		TRY(keep(j, &words, "the certificate of %.*s was cancelled on %s", STR_ARG(name), when));
		if (s->revoked_at <= at && proven)
			return against(j, r, REPORT_INVALID, REPORT_REVOKED, words);
		if (proven)
			return note(j, r, words); /* after its proven use: no matter */
		return against(j, r, REPORT_UNDECIDED, REPORT_REVOKED_UNSURE, words);
	case EVIDENCE_MISSING:
		break;
	}
	TRY(keep(j, &words, "whether the certificate of %.*s was cancelled is not in the file", STR_ARG(name)));
	return against(j, r, REPORT_UNDECIDED, REPORT_NO_STATUS, words);
}

/* Status of everything below the anchor. The unit of a time-stamp is usually covered by a list that is older than the
 * stamp, so of units only a proven revocation counts; that the list is old is said in a note. */
static err_t
check_status(struct judge *j, struct report_signature *r, const struct path *path, int64_t at, bool proven, bool unit)
{
	for (size_t i = 0; i + 1 < path->n; i++) {
		struct evidence_status s;
		evidence_status(&j->evidence, &path->chain[i], &path->chain[i + 1], at, &s);
		if (unit && s.state == EVIDENCE_MISSING) {
			evidence_status(&j->evidence, &path->chain[i], &path->chain[i + 1], path->chain[i].not_before_at, &s);
			if (s.state == EVIDENCE_GOOD)
				TRY(note(j, r, "the newest status of the time-stamp unit in the file is older than the time at which "
				               "the stamp is judged"));
		}
		TRY(put_status(j, r, &path->chain[i], &s, at, proven));
	}
	return OK;
}

/* ---- time-stamps ---- */

/* What a token proved. */
struct stamp {
	int64_t at;        /* 0: nothing */
	int64_t judged_at; /* the time at which it is known to have existed */
	struct path path;  /* of its unit */
	struct str unit;
};

/* Judges one token over an imprint at the time at which it is known to have existed. Findings go to r, which may be a
 * scratch when the token is only part of a signature. */
static err_t
judge_token(struct judge *j, struct report_signature *r, struct bytes token, struct bytes covered_digest,
    struct stamp *ret)
{
	struct tsp_token t;
	struct certificate unit;
	if (err_is(tsp_token_read(token, &t)))
		return against(j, r, REPORT_UNDECIDED, REPORT_FORMAT, err_detail());
	for (size_t i = 0; i < t.certs_n; i++)
		evidence_certificate(&j->evidence, t.certs[i]);
	if (!bytes_eq(t.imprint, covered_digest))
		return against(j, r, REPORT_INVALID, REPORT_DIGEST, "the time-stamp is over other octets");
	if (err_is(tsp_token_unit(&t, &unit)))
		return against(j, r, REPORT_UNDECIDED, REPORT_FORMAT, "the unit's certificate is not in the time-stamp");
	TRY(put_certificate(j, r, &unit));
	err_t e = tsp_token_check(&t, covered_digest, &unit);
	if (err_is(e))
		return against(j, r, e.code == ERR_ALGORITHM ? REPORT_UNDECIDED : REPORT_INVALID,
		    e.code == ERR_ALGORITHM ? REPORT_ALGORITHM : REPORT_SIGNATURE, err_detail());
	if (t.gen_at > j->control_at + TIME_MINUTE)
		return against(j, r, REPORT_INVALID, REPORT_STAMP, "the time-stamp is from the future");
	if (err_is(build(j, unit.der, PATH_TIME_STAMPING, j->control_at, &ret->path)))
		return explain_chain(j, r, &unit, j->control_at);
	TRY(name_of(j, ret->path.chain[ret->path.n - 1].subject, &r->anchor));
	TRY(check_status(j, r, &ret->path, j->control_at, j->control_proven, true));
	ret->at = t.gen_at;
	ret->judged_at = j->control_at;
	ret->unit = r->signer;
	return OK;
}

static err_t
token_digest(struct judge *j, struct report_signature *r, struct bytes token, enum digest_kind *ret_kind)
{
	struct tsp_token t;
	if (err_is(tsp_token_read(token, &t))) {
		*ret_kind = DIGEST_SHA256;
		return against(j, r, REPORT_UNDECIDED, REPORT_FORMAT, err_detail());
	}
	*ret_kind = t.kind;
	return OK;
}

static err_t
judge_stamp(struct judge *j, const struct pades_signature *s, struct report_signature *r)
{
	uint8_t digest[DIGEST_LEN_MAX];
	enum digest_kind kind;
	struct stamp stamp = {0};
	TRY(token_digest(j, r, s->cms, &kind));
	if (r->verdict != REPORT_VALID)
		return OK;
	pades_digest(j->data, s, kind, digest);
	TRY(judge_token(j, r, s->cms, bytes(digest, digest_len(kind)), &stamp));
	if (r->verdict != REPORT_VALID || stamp.at == 0)
		return OK;
	r->time = REPORT_TIME_PROVEN;
	r->at = stamp.at;
	r->time_by = stamp.unit;
	if (!j->control_proven) {
		j->proven_until = stamp.path.chain[0].not_after_at;
		j->proven_end = s->end;
	}
	j->control_at = stamp.at;
	j->control_proven = true;
	return OK;
}

/* ---- signatures ---- */

/* The best known time of a signature: its own time-stamp, a later archive time-stamp, or now. ret_stamp: zeros. */
static err_t
find_time(struct judge *j, struct report_signature *r, const struct cms *c, int64_t *ret_at, bool *ret_proven,
    struct stamp *ret_stamp)
{
	*ret_at = j->control_at;
	*ret_proven = j->control_proven;
	if (c->time_stamp.n == 0)
		return OK;
	struct report_signature scratch = {.verdict = REPORT_VALID, .detail = ""};
	uint8_t digest[DIGEST_LEN_MAX];
	enum digest_kind kind;
	struct stamp stamp = {0};
	TRY(token_digest(j, &scratch, c->time_stamp, &kind));
	digest_of(kind, c->signature, digest);
	if (scratch.verdict == REPORT_VALID)
		TRY(judge_token(j, &scratch, c->time_stamp, bytes(digest, digest_len(kind)), &stamp));
	for (size_t i = 0; i < scratch.notes_n; i++)
		TRY(note(j, r, scratch.notes[i]));
	if (scratch.verdict == REPORT_INVALID)
		return against(j, r, REPORT_INVALID, REPORT_STAMP, scratch.detail);
	if (scratch.verdict == REPORT_UNDECIDED) {
		const char *words;
		TRY(keep(j, &words, "the time-stamp of the signature proves nothing here: %s", scratch.detail));
		return note(j, r, words);
	}
	*ret_at = stamp.at;
	*ret_proven = true;
	*ret_stamp = stamp;
	r->time_by = stamp.unit;
	return OK;
}

/* Whether the newest archive stamp covers what proves a chain at `at`: certificates below the anchor and their status. What
 * came into the file later anybody can take away or exchange. */
static bool
is_archived(const struct judge *j, const struct path *path, int64_t at, bool unit)
{
	for (size_t i = 0; i + 1 < path->n; i++) {
		const struct certificate *c = &path->chain[i];
		struct evidence_status s;
		evidence_status_within(&j->evidence, c, c + 1, at, j->proven_end, &s);
		if (unit && s.state == EVIDENCE_MISSING) /* as check_status */
			evidence_status_within(&j->evidence, c, c + 1, c->not_before_at, j->proven_end, &s);
		if (s.state == EVIDENCE_MISSING || !evidence_certificate_within(&j->evidence, c->der, j->proven_end))
			return false;
	}
	return true;
}

/* path: of the signer at r->at; stamp: that of the signature, if it has one. */
static void
put_level(const struct judge *j, const struct pades_signature *s, struct report_signature *r, const struct path *path,
    const struct stamp *stamp)
{
	const char *level = "B";
	if (r->time == REPORT_TIME_PROVEN)
		level = j->evidence.ocsps_n + j->evidence.crls_n > 0 ? "LT" : "T";
	if (level[0] == 'L' && j->proven_end > s->end && is_archived(j, path, r->at, false)
	    && (stamp->at == 0 || is_archived(j, &stamp->path, stamp->judged_at, true))) {
		level = "LTA";
		r->proven_until = j->proven_until;
	}
	snprintf(r->level, sizeof r->level, "%s", level);
}

static err_t
judge_certificate(struct judge *j, const struct pades_signature *s, struct report_signature *r, const struct cms *c,
    const struct certificate *signer)
{
	struct path path;
	struct stamp stamp = {0};
	int64_t at;
	bool proven;
	TRY(find_time(j, r, c, &at, &proven, &stamp));
	r->time = proven ? REPORT_TIME_PROVEN : s->has_claimed || c->signing_at ? REPORT_TIME_CLAIMED : REPORT_TIME_NONE;
	r->at = proven ? at : s->has_claimed ? s->claimed_at : c->signing_at;
	if (err_is(build(j, signer->der, PATH_SIGNER, at, &path)))
		return explain_chain(j, r, signer, at);
	TRY(name_of(j, path.chain[path.n - 1].subject, &r->anchor));
	TRY(check_status(j, r, &path, at, proven, false));
	if (r->verdict == REPORT_VALID)
		put_level(j, s, r, &path, &stamp);
	return OK;
}

static bool
known_format(struct bytes sub_filter)
{
	return bytes_eq(sub_filter, str_bytes(STR("ETSI.CAdES.detached")))
	       || bytes_eq(sub_filter, str_bytes(STR("adbe.pkcs7.detached")));
}

static err_t
judge_signature(struct judge *j, const struct pades_signature *s, struct report_signature *r)
{
	struct cms c;
	struct cms_verdict verdict;
	uint8_t digest[DIGEST_LEN_MAX];
	if (!known_format(s->sub_filter))
		return against(j, r, REPORT_UNDECIDED, REPORT_FORMAT, "a kind of signature that is not read here");
	err_t e = cms_read(s->cms, &c);
	if (err_is(e))
		return against(j, r, REPORT_UNDECIDED, e.code == ERR_ALGORITHM ? REPORT_ALGORITHM : REPORT_FORMAT,
		    err_detail());
	if (c.has_content)
		return against(j, r, REPORT_UNDECIDED, REPORT_FORMAT, "the signature holds content of its own");
	pades_digest(j->data, s, c.digest, digest);
	e = cms_verify(&c, bytes(digest, digest_len(c.digest)), &verdict);
	if (e.code == ERR_CMS_CHANGED)
		return against(j, r, REPORT_INVALID, REPORT_DIGEST, err_detail());
	if (e.code == ERR_SIGNATURE)
		return against(j, r, REPORT_INVALID, REPORT_SIGNATURE, err_detail());
	if (err_is(e))
		return against(j, r, REPORT_UNDECIDED, e.code == ERR_ALGORITHM ? REPORT_ALGORITHM : REPORT_FORMAT,
		    err_detail());
	TRY(put_certificate(j, r, &verdict.signer));
	if (!verdict.bound && bytes_eq(s->sub_filter, str_bytes(STR("ETSI.CAdES.detached"))))
		TRY(against(j, r, REPORT_UNDECIDED, REPORT_FORMAT, "the signature does not say which certificate it belongs to"));
	return judge_certificate(j, s, r, &c, &verdict.signer);
}

/* ---- the file ---- */

static err_t
put_place(struct judge *j, const struct pades_signature *s, struct report_signature *r)
{
	*r = (struct report_signature){.stamp = s->kind == PADES_STAMP, .verdict = REPORT_VALID, .detail = "",
	    .what_changed = "", .field = s->name, .said_reason = s->reason, .said_location = s->location,
	    .claimed_at = s->claimed_at};
	if (err_is(str_check(s->sub_filter, &r->sub_filter)))
		r->sub_filter = STR("?");
	r->change = REPORT_UNKNOWN;
	if (s->was_dropped)
		return against(j, r, REPORT_INVALID, REPORT_DROPPED, "the newest revision no longer shows it");
	if (!s->placed)
		return against(j, r, REPORT_INVALID, REPORT_PLACE, s->problem);
	r->revision = j->pades->revisions - s->revision;
	r->covered = s->end;
	r->whole = s->whole;
	if (!s->later_known)
		return against(j, r, REPORT_UNDECIDED, REPORT_FORMAT, s->problem);
	if (s->odd_hole)
		TRY(against(j, r, REPORT_UNDECIDED, REPORT_FORMAT, "the digits of /Contents are written in more than one way"));
	r->added = s->later.added;
	r->change = s->later.changed ? REPORT_CHANGED : s->whole ? REPORT_UNCHANGED : REPORT_EXTENDED;
	if (s->later.changed) {
		TRY(keep(j, &r->what_changed, "%s", s->later.what));
		return against(j, r, REPORT_INVALID, REPORT_LATER_CHANGE, s->later.what);
	}
	return OK;
}

/* Certificates and answers inside the signatures, before anything is judged. No signature covers the hole that it stands in:
 * later ones do. */
static void
collect(struct judge *j)
{
	for (size_t i = 0; i < j->pades->n; i++) {
		const struct pades_signature *s = &j->pades->signatures[i];
		struct cms c;
		j->evidence.end = s->end + 1;
		if (s->placed && !err_is(cms_read(s->cms, &c)))
			evidence_cms(&j->evidence, &c);
	}
}

/* The octets are known to be the same only where a signature over their digest was checked to its end. */
static void
settle_change(struct report_signature *r)
{
	if (r->verdict == REPORT_VALID || r->change == REPORT_CHANGED)
		return;
	switch (r->reason) {
	case REPORT_DIGEST:
	case REPORT_PLACE:
		r->change = REPORT_CHANGED;
		break;
	case REPORT_FORMAT:
	case REPORT_ALGORITHM:
	case REPORT_SIGNATURE:
		r->change = REPORT_UNKNOWN;
		break;
	default:
		break;
	}
}

/* Newest first: each proven time-stamp sets the time for what it covers. */
static err_t
judge_all(struct judge *j)
{
	struct report *report = j->report;
	for (size_t i = report->n; i-- > 0;) {
		const struct pades_signature *s = &j->pades->signatures[i];
		struct report_signature *r = &report->signatures[i];
		TRY(put_place(j, s, r));
		if (!s->placed || s->was_dropped)
			continue;
		j->evidence.end = s->end + 1; /* as in collect */
		TRY(s->kind == PADES_STAMP ? judge_stamp(j, s, r) : judge_signature(j, s, r));
		settle_change(r);
	}
	for (size_t i = 0; j->evidence.full && i < report->n; i++)
		TRY(note(j, &report->signatures[i], "the file brings along more certificates or answers than are looked at here"));
	return OK;
}

static void
conclude(struct report *report)
{
	report->verdict = REPORT_VALID;
	for (size_t i = 0; i < report->n; i++) {
		const struct report_signature *r = &report->signatures[i];
		report->people += !r->stamp;
		if (r->verdict == REPORT_INVALID)
			report->verdict = REPORT_INVALID;
		else if (r->verdict == REPORT_UNDECIDED && report->verdict == REPORT_VALID)
			report->verdict = REPORT_UNDECIDED;
	}
	if (report->people == 0 && report->verdict == REPORT_VALID)
		report->verdict = REPORT_UNDECIDED;
}

err_t
judge_file(struct bytes data, const struct bytes *anchors, size_t anchors_n, int64_t now, struct arena *arena,
    struct report **ret_report)
{
	void *p, *q;
	uint8_t digest[DIGEST_SHA256_LEN];
	TRY(arena_get(arena, sizeof(struct judge), &p));
	TRY(arena_get(arena, sizeof(struct report), &q));
	struct judge *j = p;
	struct report *report = q;
	*j = (struct judge){.data = data, .arena = arena, .report = report, .now = now, .control_at = now,
	    .evidence = {.anchors = anchors, .anchors_n = anchors_n}};
	*report = (struct report){.size = data.n, .checked_at = now, .anchors = anchors_n, .detail = ""};
	digest_sha256(data, digest);
	bytes_hex(BYTES_OF(digest), report->sha256);
	*ret_report = report;
	if (err_is(pades_find(data, arena, &j->pades))) {
		report->unreadable = true;
		report->verdict = REPORT_UNDECIDED;
		return keep(j, &report->detail, "%s", err_detail());
	}
	report->revisions = j->pades->revisions;
	report->n = j->pades->n;
	err_ignore(evidence_dss(&j->evidence, j->pades->file)); /* evidence that cannot be read is missing evidence */
	collect(j);
	TRY(judge_all(j));
	conclude(report);
	return OK;
}
