#include "core/facts.h"

#include "base/fault.h"
#include "base/secret.h"
#include "core/audit.h"
#include "core/link.h"
#include "os/clock.h"

/* Octets of the first character. */
static int
first(const char *text)
{
	uint32_t point;
	return (int)str_decode(bytes(text, strlen(text)), &point);
}

void
facts_mask(const char *address, char ret_masked[64])
{
	const char *at = strchr(address, '@');
	size_t n = strlen(address);
	if (at != NULL) {
		const char *dot = strrchr(at, '.');
		snprintf(ret_masked, 64, "%.*s•••@%.*s•••%.*s", first(address), address, first(at + 1), at + 1,
		    dot == NULL ? 0 : canon_cut(dot, 20), dot == NULL ? "" : dot);
	} else if (address[0] == '+' && n >= 8) { /* country code and the last two digits */
		snprintf(ret_masked, 64, "%.3s •• %s", address, address + n - 2);
	} else {
		snprintf(ret_masked, 64, "•••");
	}
}

/* ---- the confirm screen ------------------------------------------------------------------------------------------------ */

/* As the message with the code has it (keys/activation.c). */
static json_t *
short_hash(const uint8_t p[DIGEST_SHA256_LEN])
{
	char text[24];
	snprintf(text, sizeof text, "%02X%02X-%02X%02X-%02X%02X-%02X%02X", p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]);
	return canon_str(str_c(text));
}

/* ret_sha256: of the one document, or of the digests of all. */
static err_t
documents_json(struct worker *w, const struct signer *s, json_t *list, uint8_t ret_sha256[DIGEST_SHA256_LEN])
{
	struct signer_field fields[LIMIT_DOCUMENTS];
	uint8_t all[LIMIT_DOCUMENTS * DIGEST_SHA256_LEN];
	size_t n;
	TRY(signer_fields(w->reader, s->id, fields, &n));
	for (size_t i = 0; i < n; i++) {
		const struct signer_field *f = &fields[i];
		struct document d;
		TRY(document_get(w->reader, f->document, &d));
		json_t *j = canon_pack("{s:i, s:s, s:s, s:i, s:o, s:o, s:I, s:o, s:o}", "n", (int)i + 1, "id",
		    id_text("doc", d.id).c, "title", d.title, "pages", (int)d.pages, "sha256",
		    canon_hex(BYTES_OF(d.revision0_sha256)), "short_hash", short_hash(d.revision0_sha256), "length",
		    (json_int_t)d.revision0_length, "made_at", canon_time(d.made_at), "appearance_sha256",
		    canon_hex(BYTES_OF(f->appearance)));
		json_object_set_new(j, "field", f->page == 0 ? json_null() : canon_pack("{s:i, s:f, s:f, s:f, s:f}", "page",
		    (int)f->page, "x", f->x, "y", f->y, "w", f->w, "h", f->h));
		json_array_append_new(list, j);
		memcpy(all + i * DIGEST_SHA256_LEN, d.revision0_sha256, DIGEST_SHA256_LEN);
	}
	digest_sha256(bytes(all, n * DIGEST_SHA256_LEN), ret_sha256);
	if (n == 1)
		memcpy(ret_sha256, all, DIGEST_SHA256_LEN);
	return OK;
}

/* The two boxes to tick, and what has to be read with them. */
static json_t *
statements(const struct core *core)
{
	char terms[256], minutes[160];
	snprintf(terms, sizeof terms, "The data above is correct. I accept the terms of use %s and ask for this one-time certificate.",
	    core->set.terms_version);
	snprintf(minutes, sizeof minutes, "The certificate is valid for %d minutes and only for this signature; its key is made for this act "
	    "and destroyed right after.", (int)core->set.certificate_minutes);
	return canon_pack("{s:[s,s], s:[s,s,s,s,s]}", "boxes", "I have read the document and I want to sign it.", terms, "notices",
	    minutes, "This is an advanced electronic signature (eIDAS Article 26), not a qualified one.",
	    "We keep the signed file, this page, times, IP address, device and proof of the code as evidence; they are handed over if "
	    "the service ends.",
	    "The certificate is not published; it is part of the signed document.",
	    "You may decline, or ask for paper. If you did not sign, or data is wrong, report it at once: the certificate can be revoked "
	    "while it is valid.");
}

err_t
facts_shown(struct worker *w, const struct signer *s, json_t **ret_shown, uint8_t ret_sha256[DIGEST_SHA256_LEN])
{
	const struct core *core = w->core;
	struct request r;
	struct registration reg;
	char masked[64];
	uint8_t documents_sha256[DIGEST_SHA256_LEN];
	TRY(request_get(w->reader, s->request, &r));
	TRY(registration_get(w->core, w->reader, s->registration, s->method, 0, &reg));
	facts_mask(reg.address, masked);
	AUTO_JSON(documents) = canon_pack("[]");
	TRY(documents_json(w, s, documents, documents_sha256));
	*ret_shown = canon_pack("{s:s, s:s, s:s, s:O, s:o, s:o, s:{s:s, s:s, s:i, s:b}, s:{s:s, s:o, s:s, s:s, s:s, s:o}, s:{s:s, s:o}, s:o}",
	    "request", id_text("req", r.id).c, "title", r.title, "sender", r.sender, "documents", documents, "short_hash",
	    short_hash(documents_sha256), "subject",
	    registration_subject_json(&reg), "certificate", "issuer", core->set.provider, "policy", core->set.policy_oid,
	    "minutes", (int)core->set.certificate_minutes, "demo", core->set.demo, "identity", "registered_by", reg.owner,
	    "verified_at", canon_time(reg.verified_at), "identified_by", reg.identified_by, "method",
	    signer_method_name(s->method), "address", masked, "registration_digest", canon_hex(BYTES_OF(reg.digest)), "terms",
	    "version", core->set.terms_version, "sha256", canon_hex(BYTES_OF(core->terms_sha256)), "consent", statements(core));
	canon_digest(*ret_shown, ret_sha256);
	return OK;
}

err_t
facts_json(struct worker *w, struct id signer, json_t **ret_answer)
{
	struct signer s;
	struct request r;
	struct activation a;
	uint8_t sha256[DIGEST_SHA256_LEN];
	json_t *shown = NULL;
	TRY(signer_get(w->reader, signer, &s));
	TRY(request_get(w->reader, s.request, &r));
	err_t e = activation_newest(w->reader, signer, clock_now(), &a);
	if (err_is(e) && e.code != ERR_NOT_FOUND)
		return e;
	bool active = !err_is(e);
	TRY(facts_shown(w, &s, &shown, sha256));
	*ret_answer = canon_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o}", "signer", id_text("sgr", s.id).c, "status",
	    signer_state_name(s.state), "request_status", request_state_name(r.state), "deadline", canon_time(r.deadline_at),
	    "shown", shown, "consent_sha256", canon_hex(BYTES_OF(sha256)), "terms", w->core->set.terms, "activation",
	    active ? activation_json(&a) : json_null());
	return OK;
}

err_t
facts_document(struct store_tx *reader, struct id signer, uint64_t n, struct document *ret_document)
{
	struct signer_field fields[LIMIT_DOCUMENTS];
	size_t have;
	TRY(signer_fields(reader, signer, fields, &have));
	if (n < 1 || n > have)
		return err_make(ERR_NOT_FOUND, "the signer signs %zu documents", have);
	return document_get(reader, fields[n - 1].document, ret_document);
}

/* ---- session ---------------------------------------------------------------------------------------------------------- */

struct open {
	struct core *core;
	struct link_session session;
	struct link_token token;
};

static err_t
open_put(struct store_tx *tx, void *arg)
{
	struct open *o = arg;
	struct signer s;
	TRY(signer_get(tx, o->session.signer, &s));
	TRY(link_session_make(tx, &o->session, &o->token));
	if (s.state == SIGNER_NOTIFIED) {
		TRY(signer_move(tx, s.id, SIGNER_OPENED, STR("")));
		TRY(request_event(tx, s.request, "signer.opened", &s.id, STR("")));
	}
	return audit_put(o->core, tx, "session.opened", signer_actor(s.id).c, canon_pack("{s:s}", "request",
	    id_text("req", s.request).c), NULL);
}

/* What somebody signed is his, whatever becomes of the request afterwards: his links show him the result, and let him say that
 * it was not he. */
static err_t
ended_check(const struct signer *s, const struct request *r, int64_t expires_at, int64_t now)
{
	int64_t signed_until = s->state == SIGNER_SIGNED ? s->ended_at + LINK_SIGNED_DAYS * TIME_DAY : 0;
	if (now < signed_until)
		return OK;
	if (now >= expires_at)
		return err_make(ERR_LINK_ENDED, "the deadline has passed");
	if (s->state != SIGNER_SIGNED && (r->state == REQUEST_CANCELED || r->state == REQUEST_EXPIRED))
		return err_make(ERR_LINK_ENDED, "the request is %s", request_state_name(r->state));
	return OK;
}

err_t
facts_session(struct worker *w, struct str token, const char *address, const char *agent, json_t **ret_answer)
{
	struct open o = {.core = w->core};
	struct signer s;
	struct request r;
	int64_t now = clock_now(), expires_at;
	TRY(link_find(w->reader, token, &o.session.signer, &expires_at));
	TRY(signer_get(w->reader, o.session.signer, &s));
	TRY(request_get(w->reader, s.request, &r));
	TRY(ended_check(&s, &r, expires_at, now));
	o.session.made_at = now;
	o.session.expires_at = now + LINK_SESSION_MINUTES * TIME_MINUTE;
	snprintf(o.session.address, sizeof o.session.address, "%.*s", canon_cut(address, sizeof o.session.address - 1), address);
	snprintf(o.session.agent, sizeof o.session.agent, "%.*s", canon_cut(agent, sizeof o.session.agent - 1), agent);
	err_t e = store_write(w->core->store, open_put, &o);
	if (!err_is(e)) {
		FAULT_POINT("core.session");
		*ret_answer = canon_pack("{s:s, s:o, s:s}", "session", o.token.text, "expires_at",
		    canon_time(o.session.expires_at), "signer", id_text("sgr", s.id).c);
	}
	secret_wipe(&o.token, sizeof o.token);
	return e;
}

/* ---- declining -------------------------------------------------------------------------------------------------------- */

struct decline {
	struct core *core;
	struct id signer;
	struct str reason;
	const struct idempotency *idem;
	json_t *answer;
};

static err_t
decline(struct store_tx *tx, void *arg)
{
	struct decline *d = arg;
	struct signer s;
	TRY(signer_get(tx, d->signer, &s));
	TRY(signer_idle_check(tx, s.request));
	TRY(signer_move(tx, s.id, SIGNER_DECLINED, d->reason));
	TRY(request_event(tx, s.request, "signer.declined", &s.id, d->reason));
	TRY(request_move(tx, s.request, REQUEST_DECLINED, STR("a signer declined")));
	TRY(audit_put(d->core, tx, "signer.declined", signer_actor(s.id).c, canon_pack("{s:s}", "request",
	    id_text("req", s.request).c), NULL));
	return idempotency_put(tx, d->idem, 200, d->answer);
}

err_t
facts_decline(struct worker *w, struct id signer, struct str reason, const struct idempotency *idem, json_t **ret_answer)
{
	AUTO_JSON(answer) = canon_pack("{s:s}", "status", "declined");
	struct decline d = {w->core, signer, reason, idem, answer};
	TRY(store_write(w->core->store, decline, &d));
	*ret_answer = json_incref(answer);
	return OK;
}
