#include "core/activation.h"

#include <assert.h>

#include "base/fault.h"
#include "core/ask.h"
#include "core/audit.h"
#include "core/lease.h"
#include "core/pack.h"
#include "core/registration.h"
#include "os/clock.h"

static const char *const names[ACTIVATION_STATES] = {"begun", "proved", "complete", "spent"};

/* ---- rows ------------------------------------------------------------------------------------------------------------- */

static void
row(struct query *q, struct activation *a)
{
	struct str state = query_get_text(q, 2);
	struct bytes digest = query_get_bytes(q, 4);
	*a = (struct activation){.id = id_from(query_get_bytes(q, 0)), .signer = id_from(query_get_bytes(q, 1)),
	    .begun_at = query_get_int(q, 5), .expires_at = query_get_int(q, 6), .code_expires_at = query_get_int(q, 7),
	    .tries_left = (uint32_t)query_get_int(q, 8), .sends_left = (uint32_t)query_get_int(q, 9),
	    .proved_at = query_get_int(q, 10), .completed_at = query_get_int(q, 11)};
	while (a->state < ACTIVATION_SPENT && !str_eq(state, str_c(names[a->state])))
		a->state++;
	snprintf(a->address, sizeof a->address, "%.*s", STR_ARG(query_get_text(q, 3)));
	if (digest.n == sizeof a->digest)
		memcpy(a->digest, digest.p, sizeof a->digest);
}

err_t
activation_newest(struct store_tx *tx, struct id signer, int64_t now, struct activation *ret_activation)
{
	bool found = false;
	AUTO_QUERY(q, tx, SQL_ACTIVATION_NEWEST);
	query_bytes(&q, id_bytes(&signer));
	query_int(&q, now);
	if (query_next(&q)) {
		found = true;
		row(&q, ret_activation);
	}
	TRY(query_end(&q));
	return found ? OK : err_make(ERR_NOT_FOUND, "the signer has no open activation");
}

err_t
activation_get(struct store_tx *tx, struct id id, struct activation *ret_activation)
{
	bool found = false;
	AUTO_QUERY(q, tx, SQL_ACTIVATION_GET);
	query_bytes(&q, id_bytes(&id));
	if (query_next(&q)) {
		found = true;
		row(&q, ret_activation);
	}
	TRY(query_end(&q));
	return found ? OK : err_make(ERR_NOT_FOUND, "there is no such activation");
}

json_t *
activation_json(const struct activation *a)
{
	return canon_pack("{s:s, s:s, s:s, s:o, s:o, s:i, s:i, s:o}", "id", id_text("act", a->id).c, "status",
	    names[a->state], "address", a->address, "expires_at", canon_time(a->expires_at), "code_expires_at",
	    canon_time(a->code_expires_at), "tries_left", (int)a->tries_left, "sends_left", (int)a->sends_left,
	    "digest", canon_hex(BYTES_OF(a->digest)));
}

/* ---- storing what keys told ------------------------------------------------------------------------------------------- */

static void
from_message(struct activation *a, const paraph_ActivationState *m)
{
	a->expires_at = m->expires_at;
	a->code_expires_at = m->code_expires_at;
	a->tries_left = m->tries_left;
	a->sends_left = m->sends_left;
	snprintf(a->address, sizeof a->address, "%.*s", canon_cut(m->masked_address, sizeof a->address - 1),
	    m->masked_address);
	if (m->digest.size == sizeof a->digest)
		memcpy(a->digest, m->digest.bytes, sizeof a->digest);
	if (m->proved && a->proved_at == 0)
		a->proved_at = clock_now();
	if (m->complete && a->completed_at == 0)
		a->completed_at = clock_now();
	a->state = m->complete ? ACTIVATION_COMPLETE : m->proved ? ACTIVATION_PROVED : ACTIVATION_BEGUN;
}

struct change {
	struct core *core;
	struct activation a;
	const char *event; /* of the audit log */
	enum signer_state signer_to;
	const struct activation_consent *consent; /* NULL: none */
	const struct idempotency *idem;
	json_t *answer;
};

static err_t
activation_write(struct store_tx *tx, const struct activation *a)
{
	AUTO_QUERY(q, tx, SQL_ACTIVATION_PUT);
	query_bytes(&q, id_bytes(&a->id));
	query_bytes(&q, id_bytes(&a->signer));
	query_text(&q, str_c(names[a->state]));
	query_text(&q, str_c(a->address));
	query_bytes(&q, BYTES_OF(a->digest));
	query_int(&q, a->begun_at);
	query_int(&q, a->expires_at);
	query_int(&q, a->code_expires_at);
	query_int(&q, a->tries_left);
	query_int(&q, a->sends_left);
	query_int(&q, a->proved_at);
	query_int(&q, a->completed_at);
	return query_run(&q);
}

static err_t
consent_write(struct store_tx *tx, const struct activation_consent *c)
{
	AUTO_BUF(shown, 256 * 1024);
	TRY(canon_write(c->shown, &shown));
	AUTO_QUERY(q, tx, SQL_CONSENT_PUT);
	query_bytes(&q, id_bytes(&c->activation));
	query_bytes(&q, id_bytes(&c->signer));
	query_text(&q, (struct str){(const char *)shown.p, shown.n});
	query_bytes(&q, BYTES_OF(c->sha256));
	query_text(&q, str_c(c->address));
	query_text(&q, str_c(c->agent));
	query_int(&q, clock_now());
	return query_run(&q);
}

static err_t
change_audit(struct store_tx *tx, struct change *c, const struct signer *s)
{
	json_t *data = canon_pack("{s:s, s:s, s:o, s:i, s:i}", "signer", id_text("sgr", s->id).c, "activation",
	    id_text("act", c->a.id).c, "digest", canon_hex(BYTES_OF(c->a.digest)), "tries_left", (int)c->a.tries_left,
	    "sends_left", (int)c->a.sends_left);
	if (c->consent != NULL) {
		json_t *commitment;
		err_t e = audit_commitment(tx, s->registration, BYTES_OF(c->consent->sha256), &commitment);
		if (err_is(e)) {
			json_decref(data);
			return e;
		}
		json_object_set_new(data, "consent", commitment);
	}
	return audit_put(c->core, tx, c->event, signer_actor(s->id).c, data, NULL);
}

static err_t
change(struct store_tx *tx, void *arg)
{
	struct change *c = arg;
	struct signer s;
	TRY(signer_get(tx, c->a.signer, &s));
	TRY(activation_write(tx, &c->a));
	if (c->consent != NULL)
		TRY(consent_write(tx, c->consent));
	if (c->signer_to != s.state) {
		TRY(signer_move(tx, s.id, c->signer_to, STR("")));
		char event[32];
		snprintf(event, sizeof event, "signer.%s", signer_state_name(c->signer_to));
		TRY(request_event(tx, s.request, event, &s.id, STR("")));
	}
	TRY(change_audit(tx, c, &s));
	return idempotency_put(tx, c->idem, 200, c->answer);
}

static err_t
change_run(struct change *c, json_t **ret_answer)
{
	AUTO_JSON(answer) = c->answer = activation_json(&c->a);
	TRY(store_write(c->core->store, change, c));
	FAULT_POINT("core.activation");
	*ret_answer = json_incref(answer);
	return OK;
}

/* ---- beginning -------------------------------------------------------------------------------------------------------- */

static err_t
documents_pack(struct worker *w, struct id signer, paraph_ActivationBegin *m)
{
	struct signer_field fields[LIMIT_DOCUMENTS];
	size_t n;
	TRY(signer_fields(w->reader, signer, fields, &n));
	for (size_t i = 0; i < n; i++) {
		struct document d;
		TRY(document_get(w->reader, fields[i].document, &d));
		if (bytes_eq(BYTES_OF(d.plan_mac), BYTES_OF(((uint8_t[DIGEST_SHA256_LEN]){0}))))
			return err_make(ERR_WRONG_STATE, "an earlier version prepared this document: the sender makes a new request");
		paraph_ActivationDocument *doc = &m->documents[i];
		TRY(PACK_BYTES(doc->revision0_sha256, BYTES_OF(d.revision0_sha256)));
		TRY(PACK_BYTES(doc->plan_sha256, BYTES_OF(d.plan_sha256)));
		TRY(PACK_BYTES(doc->plan_mac, BYTES_OF(d.plan_mac)));
		doc->field = fields[i].signature;
		TRY(PACK_TEXT(doc->title, ((struct str){d.title, (size_t)canon_cut(d.title, LIMIT_TITLE)})));
	}
	m->documents_count = (pb_size_t)n;
	return OK;
}

static err_t
begin_pack(struct worker *w, const struct signer *s, struct id id, paraph_ActivationBegin *m)
{
	struct request r;
	struct registration reg;
	TRY(request_get(w->reader, s->request, &r));
	TRY(registration_get(w->core, w->reader, s->registration, s->method, clock_now(), &reg));
	TRY(PACK_BYTES(m->activation, id_bytes(&id)));
	TRY(PACK_BYTES(m->request, id_bytes(&r.id)));
	TRY(PACK_BYTES(m->signer, id_bytes(&s->id)));
	m->has_registration = true;
	TRY(registration_pack(&reg, &m->registration));
	TRY(PACK_BYTES(m->registration_mac, BYTES_OF(reg.mac)));
	TRY(documents_pack(w, s->id, m));
	TRY(PACK_BYTES(m->terms_sha256, BYTES_OF(w->core->terms_sha256)));
	return PACK_TEXT(m->sender, str_c(r.sender));
}

static err_t
row_put(struct store_tx *tx, void *arg)
{
	return activation_write(tx, arg);
}

/* Until keys has told: as much as there may be. */
static struct activation
fresh(const struct worker *w, struct id signer)
{
	int64_t now = clock_now();
	return (struct activation){.id = id_make(now), .signer = signer, .begun_at = now,
	    .expires_at = now + w->core->set.activation_minutes * TIME_MINUTE, .tries_left = LIMIT_CODE_TRIES,
	    .sends_left = LIMIT_CODE_SENDS};
}

/* The row comes first: a code that is out belongs to an activation that is known here, whatever dies or is full before the answer is
 * stored, and who asks for another does not begin anew. */
static err_t
begin(struct worker *w, const struct signer *s, struct activation *a)
{
	AUTO_KEYS(ask);
	AUTO_KEYS(answer);
	ask->which_body = paraph_Keys_activation_begin_tag;
	TRY(begin_pack(w, s, a->id, &ask->body.activation_begin));
	TRY(store_write(w->core->store, row_put, a));
	FAULT_POINT("core.activation.begun");
	TRY(ask_keys(w->core, ask, NULL, 0, paraph_Keys_activation_state_tag, answer));
	from_message(a, &answer->body.activation_state);
	return OK;
}

static err_t
send_again(struct worker *w, struct activation *a)
{
	AUTO_KEYS(ask);
	AUTO_KEYS(answer);
	ask->which_body = paraph_Keys_code_send_tag;
	TRY(PACK_BYTES(ask->body.code_send.activation, id_bytes(&a->id)));
	TRY(ask_keys(w->core, ask, NULL, 0, paraph_Keys_activation_state_tag, answer));
	from_message(a, &answer->body.activation_state);
	return OK;
}

/* One step of a signer at a time, or what was read before keys was asked would be written back over what another step has stored
 * meanwhile. Nobody waits: keys would not let him either. */
static err_t
turn_take(struct worker *w, struct id signer)
{
	err_t e = lease_take(w->core->leases, &signer, 1, 0);
	return err_is(e) ? err_make(ERR_BUSY, "another step of this signer is under way") : OK;
}

static void
turn_give(struct worker *w, struct id signer)
{
	lease_give(w->core->leases, &signer, 1);
}

static err_t
open_for_signing(struct worker *w, struct id signer, struct signer *ret_signer)
{
	struct request r;
	TRY(signer_get(w->reader, signer, ret_signer));
	TRY(request_get(w->reader, ret_signer->request, &r));
	TRY(request_open_check(&r, clock_now()));
	if (ret_signer->state < SIGNER_OPENED || ret_signer->state > SIGNER_CONSENTED)
		return err_make(ERR_WRONG_STATE, "the signer is %s", signer_state_name(ret_signer->state));
	return OK;
}

/* keys counts a code before it is handed to courier, for ever: while courier is away none is asked for. */
static err_t
courier_check(struct core *core)
{
	AUTO_COURIER(ask);
	ask->which_body = paraph_Courier_health_tag;
	err_t e = client_connected(core->courier) ? ask_courier(core, ask) : err_make(ERR_PEER_GONE, "courier is not there");
	return err_is(e) ? err_make(ERR_PAUSED, "%s", err_detail()) : OK;
}

/* Sends a code for the activation as it is stored; begins it when keys knows nothing of it, and another one when it is over. */
static err_t
send(struct worker *w, const struct signer *s, bool stored, struct change *c)
{
	err_t e = stored ? send_again(w, &c->a) : OK;
	if (stored && e.code != ERR_ACTIVATION && e.code != ERR_ACTIVATION_EXPIRED)
		return e;
	c->event = "activation.begun";
	if (e.code != ERR_ACTIVATION)
		c->a = fresh(w, s->id);
	return begin(w, s, &c->a);
}

static err_t
send_code(struct worker *w, struct id signer, const struct idempotency *idem, json_t **ret_answer)
{
	struct signer s;
	struct change c = {.core = w->core, .idem = idem, .event = "activation.code-sent"};
	TRY(open_for_signing(w, signer, &s));
	err_t e = activation_newest(w->reader, s.id, clock_now(), &c.a);
	bool stored = !err_is(e);
	if (err_is(e) && e.code != ERR_NOT_FOUND)
		return e;
	if (stored && c.a.state != ACTIVATION_BEGUN) { /* proved already: no code is sent, and nothing changes */
		*ret_answer = activation_json(&c.a);
		return OK;
	}
	c.signer_to = stored ? s.state : SIGNER_OPENED;
	TRY(courier_check(w->core));
	TRY(send(w, &s, stored, &c));
	return change_run(&c, ret_answer);
}

err_t
activation_send(struct worker *w, const struct link_session *session, const struct idempotency *idem, json_t **ret_answer)
{
	TRY(turn_take(w, session->signer));
	err_t e = send_code(w, session->signer, idem, ret_answer);
	turn_give(w, session->signer);
	return e;
}

/* ---- the code --------------------------------------------------------------------------------------------------------- */

/* A wrong code is an answer too: what keys counted is noted. */
static err_t
note_wrong(struct change *c, err_t wrong)
{
	char detail[256];
	json_t *answer = NULL;
	snprintf(detail, sizeof detail, "%s", err_detail());
	if (wrong.code == ERR_CODE_WRONG && c->a.tries_left > 0)
		c->a.tries_left--;
	if (wrong.code == ERR_CODE_TRIES)
		c->a.tries_left = 0;
	c->event = "activation.code-wrong";
	TRY(change_run(c, &answer));
	json_decref(answer);
	if (wrong.code == ERR_CODE_WRONG)
		return err_make(ERR_CODE_WRONG, "%u tries left", (unsigned)c->a.tries_left);
	return err_import(wrong.code, detail);
}

static err_t
try_code(struct worker *w, struct id signer, const struct secret *code, json_t **ret_answer)
{
	struct signer s;
	struct change c = {.core = w->core, .event = "activation.proved"};
	TRY(open_for_signing(w, signer, &s));
	c.signer_to = s.state;
	err_t e = activation_newest(w->reader, s.id, clock_now(), &c.a);
	if (e.code == ERR_NOT_FOUND)
		return err_make(ERR_CODE_NONE, "no code was sent, or it is over");
	TRY(e);
	AUTO_KEYS(ask);
	AUTO_KEYS(answer);
	ask->which_body = paraph_Keys_code_try_tag;
	TRY(PACK_BYTES(ask->body.code_try.activation, id_bytes(&c.a.id)));
	TRY(PACK_BYTES(ask->body.code_try.code, secret_bytes(code)));
	e = ask_keys(w->core, ask, NULL, 0, paraph_Keys_activation_state_tag, answer);
	if (e.code == ERR_ACTIVATION) /* it was never begun there */
		return err_make(ERR_CODE_NONE, "no code was sent");
	if (e.code == ERR_CODE_WRONG || e.code == ERR_CODE_TRIES || e.code == ERR_CODE_EXPIRED)
		return note_wrong(&c, e);
	TRY(e);
	from_message(&c.a, &answer->body.activation_state);
	if (s.state == SIGNER_OPENED && c.a.state == ACTIVATION_PROVED)
		c.signer_to = SIGNER_IDENTIFIED;
	return change_run(&c, ret_answer);
}

err_t
activation_try(struct worker *w, const struct link_session *session, const struct secret *code, json_t **ret_answer)
{
	TRY(turn_take(w, session->signer));
	err_t e = try_code(w, session->signer, code, ret_answer);
	turn_give(w, session->signer);
	return e;
}

/* ---- consent ---------------------------------------------------------------------------------------------------------- */

static err_t
complete_ask(struct worker *w, const struct activation_consent *consent, struct activation *a)
{
	struct signer_field fields[LIMIT_DOCUMENTS];
	size_t n;
	AUTO_KEYS(ask);
	AUTO_KEYS(answer);
	paraph_ActivationComplete *m = &ask->body.activation_complete;
	ask->which_body = paraph_Keys_activation_complete_tag;
	TRY(signer_fields(w->reader, consent->signer, fields, &n));
	assert(n <= LIMIT_DOCUMENTS);
	TRY(PACK_BYTES(m->activation, id_bytes(&a->id)));
	TRY(PACK_BYTES(m->consent_sha256, BYTES_OF(consent->sha256)));
	for (size_t i = 0; i < n; i++)
		TRY(PACK_BYTES(m->appearance_sha256[i], BYTES_OF(fields[i].appearance)));
	m->appearance_sha256_count = (pb_size_t)n;
	TRY(ask_keys(w->core, ask, NULL, 0, paraph_Keys_activation_state_tag, answer));
	from_message(a, &answer->body.activation_state);
	return OK;
}

static err_t
complete(struct worker *w, const struct activation_consent *consent, const struct idempotency *idem, json_t **ret_answer)
{
	struct change c = {.core = w->core, .event = "activation.complete", .signer_to = SIGNER_CONSENTED,
	    .consent = consent, .idem = idem};
	struct signer s;
	TRY(open_for_signing(w, consent->signer, &s));
	TRY(activation_get(w->reader, consent->activation, &c.a));
	bool stored = c.a.state == ACTIVATION_COMPLETE;
	TRY(complete_ask(w, consent, &c.a));
	if (stored) { /* the same click twice: keys takes no other consent */
		*ret_answer = activation_json(&c.a);
		return OK;
	}
	return change_run(&c, ret_answer);
}

err_t
activation_complete(struct worker *w, const struct activation_consent *consent, const struct idempotency *idem,
    json_t **ret_answer)
{
	TRY(turn_take(w, consent->signer));
	err_t e = complete(w, consent, idem, ret_answer);
	turn_give(w, consent->signer);
	return e;
}

err_t
activation_spend(struct store_tx *tx, struct id id)
{
	AUTO_QUERY(q, tx, SQL_ACTIVATION_SPEND);
	query_bytes(&q, id_bytes(&id));
	return query_run_one(&q);
}

err_t
activation_consent_json(struct store_tx *reader, struct id activation, json_t **ret_consent)
{
	json_t *shown = NULL, *consent = NULL;
	err_t e = err_make(ERR_NOT_FOUND, "there is no consent");
	AUTO_QUERY(q, reader, SQL_CONSENT_GET);
	query_bytes(&q, id_bytes(&activation));
	if (query_next(&q)) {
		e = canon_read(str_bytes(query_get_text(&q, 0)), &shown);
		if (!err_is(e))
			consent = canon_pack("{s:o, s:o, s:o, s:o, s:o}", "shown", shown, "sha256",
			    canon_hex(query_get_bytes(&q, 1)), "address", canon_str(query_get_text(&q, 2)), "agent",
			    canon_str(query_get_text(&q, 3)), "at", canon_time(query_get_int(&q, 4)));
	}
	err_t ended = query_end(&q);
	if (err_is(ended) || err_is(e)) {
		json_decref(consent);
		return err_is(ended) ? ended : e;
	}
	*ret_consent = consent;
	return OK;
}
