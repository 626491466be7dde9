#include "core/act.h"

#include <pb_encode.h>

#include "base/fault.h"
#include "base/rand.h"
#include "core/audit.h"
#include "os/clock.h"

static const char *const names[ACT_STATES] = {"begun", "result", "signed", "void"};

const char *
act_state_name(enum act_state state)
{
	return names[state];
}

struct act *
act_new(void)
{
	struct act *a = calloc(1, sizeof *a);
	if (a == NULL)
		abort();
	for (size_t i = 0; i < LIMIT_DOCUMENTS; i++)
		a->parts[i].increments.fd = -1;
	return a;
}

void
act_free(struct act *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < LIMIT_DOCUMENTS; i++) {
		blob_drop(&a->parts[i].increments);
		json_decref(a->parts[i].evidence);
	}
	free(a);
}

/* ---- preparing -------------------------------------------------------------------------------------------------------- */

static err_t
base_get(struct worker *w, struct act_part *p)
{
	err_t e = document_revision_newest(w->reader, p->document.id, &p->base);
	p->has_base = !err_is(e);
	return e.code == ERR_NOT_FOUND ? OK : e;
}

static err_t
people_get(struct worker *w, struct id signer, int64_t now, struct act *act)
{
	TRY(signer_get(w->reader, signer, &act->signer));
	TRY(request_get(w->reader, act->signer.request, &act->request));
	return registration_get(w->core, w->reader, act->signer.registration, act->signer.method,
	    now, &act->registration);
}

err_t
act_prepare(struct worker *w, struct id signer, struct act *act)
{
	AUTO_SNAPSHOT(moment, w->reader);
	struct signer_field fields[LIMIT_DOCUMENTS];
	int64_t now = clock_now();
	TRY(people_get(w, signer, now, act));
	err_t e = activation_newest(w->reader, signer, now, &act->activation);
	if (e.code == ERR_NOT_FOUND)
		return err_make(ERR_NOT_PROVED, "no code was entered, or the 30 minutes are over");
	TRY(e);
	TRY(signer_fields(w->reader, signer, fields, &act->n));
	act->id = id_make(now);
	act->begun_at = now;
	for (size_t i = 0; i < act->n; i++) {
		struct act_part *p = &act->parts[i];
		p->intent = id_make(now);
		p->field = fields[i];
		rand_serial(p->serial);
		TRY(document_get(w->reader, fields[i].document, &p->document));
		TRY(base_get(w, p));
	}
	return OK;
}

/* ---- the intents ------------------------------------------------------------------------------------------------------ */

struct step {
	struct core *core;
	struct act *act;
	const char *actor;
	const char *reason;
	int64_t leaf;
};

static const uint8_t *
base_sha256(const struct act_part *p)
{
	return p->has_base ? p->base.sha256 : p->document.revision0_sha256;
}

static err_t
intent_put(struct store_tx *tx, const struct act *act, size_t place)
{
	const struct act_part *p = &act->parts[place];
	AUTO_QUERY(q, tx, SQL_INTENT_PUT);
	query_bytes(&q, id_bytes(&p->intent));
	query_bytes(&q, id_bytes(&act->id));
	query_bytes(&q, id_bytes(&p->document.id));
	query_int(&q, (int64_t)place);
	query_bytes(&q, BYTES_OF(p->serial));
	query_bytes(&q, bytes(base_sha256(p), DIGEST_SHA256_LEN));
	if (p->has_base)
		query_bytes(&q, id_bytes(&p->base.intent));
	else
		query_null(&q);
	query_int(&q, act->begun_at);
	return query_run(&q);
}

static err_t
intent_audit(struct store_tx *tx, struct step *s)
{
	const struct act *act = s->act;
	json_t *subject, *intents = canon_pack("[]");
	AUTO_BUF(text, 4096);
	AUTO_JSON(j) = registration_subject_json(&act->registration);
	err_t e = canon_write(j, &text);
	if (!err_is(e))
		e = audit_commitment(tx, act->registration.id, buf_bytes(&text), &subject);
	if (err_is(e)) {
		json_decref(intents);
		return e;
	}
	for (size_t i = 0; i < act->n; i++)
		json_array_append_new(intents, canon_pack("{s:s, s:o, s:s, s:o, s:o}", "id",
		    id_text("int", act->parts[i].intent).c, "serial", canon_hex(BYTES_OF(act->parts[i].serial)), "document",
		    id_text("doc", act->parts[i].document.id).c, "revision0",
		    canon_hex(BYTES_OF(act->parts[i].document.revision0_sha256)), "base",
		    canon_hex(bytes(base_sha256(&act->parts[i]), DIGEST_SHA256_LEN))));
	return audit_put(s->core, tx, "intent.committed", s->actor, canon_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "act",
	    id_text("sig", act->id).c, "request", id_text("req", act->request.id).c, "registration",
	    id_text("reg", act->registration.id).c, "activation", id_text("act", act->activation.id).c,
	    "activation_digest", canon_hex(BYTES_OF(act->activation.digest)), "subject", subject, "intents", intents), NULL);
}

/* An act that could not be finished yet keeps its documents although nobody works on it: what it signed is not released, so another
 * would start from the revision before it, and of the two signatures the file that is released last would hold one. */
static err_t
free_check(struct store_tx *tx, const struct act *act)
{
	for (size_t i = 0; i < act->n; i++) {
		AUTO_QUERY(q, tx, SQL_INTENT_OPEN);
		query_bytes(&q, id_bytes(&act->parts[i].document.id));
		bool open = query_next(&q);
		TRY(query_end(&q));
		if (open)
			return err_make(ERR_BUSY, "somebody else's signature of this document is not finished yet; nothing was begun");
	}
	return OK;
}

static err_t
begin(struct store_tx *tx, void *arg)
{
	struct step *s = arg;
	struct act *act = s->act;
	struct request r;
	TRY(request_get(tx, act->request.id, &r));
	TRY(request_open_check(&r, clock_now()));
	TRY(signer_move(tx, act->signer.id, SIGNER_SIGNING, STR("")));
	TRY(activation_spend(tx, act->activation.id));
	TRY(free_check(tx, act));
	AUTO_QUERY(q, tx, SQL_ACT_PUT);
	query_bytes(&q, id_bytes(&act->id));
	query_bytes(&q, id_bytes(&act->signer.id));
	query_bytes(&q, id_bytes(&act->activation.id));
	query_int(&q, act->begun_at);
	TRY(query_run(&q));
	for (size_t i = 0; i < act->n; i++)
		TRY(intent_put(tx, act, i));
	TRY(request_event(tx, act->request.id, "signer.signing", &act->signer.id, STR("")));
	return intent_audit(tx, s);
}

err_t
act_begin(struct worker *w, struct act *act, const char *actor)
{
	struct step s = {.core = w->core, .act = act, .actor = actor};
	TRY(store_write(w->core->store, begin, &s));
	act->state = ACT_BEGUN;
	FAULT_POINT("core.intent");
	return OK;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

static enum act_state
state_of(struct str name)
{
	int i = 0;
	while (i < ACT_STATES - 1 && !str_eq(name, str_c(names[i])))
		i++;
	return (enum act_state)i;
}

static err_t
act_row(struct worker *w, struct id id, struct act *act, struct id *ret_signer, struct id *ret_activation)
{
	bool found = false;
	AUTO_QUERY(q, w->reader, SQL_ACT_GET);
	query_bytes(&q, id_bytes(&id));
	if (query_next(&q)) {
		found = true;
		act->id = id;
		*ret_signer = id_from(query_get_bytes(&q, 0));
		*ret_activation = id_from(query_get_bytes(&q, 1));
		act->state = state_of(query_get_text(&q, 2));
		act->begun_at = query_get_int(&q, 3);
		act->result_leaf = query_get_int(&q, 4);
	}
	TRY(query_end(&q));
	return found ? OK : err_make(ERR_NOT_FOUND, "there is no such act");
}

static err_t
intents_get(struct worker *w, struct act *act, struct id documents[LIMIT_DOCUMENTS], struct id bases[LIMIT_DOCUMENTS])
{
	AUTO_QUERY(q, w->reader, SQL_INTENT_LIST);
	query_bytes(&q, id_bytes(&act->id));
	for (act->n = 0; act->n < LIMIT_DOCUMENTS && query_next(&q); act->n++) {
		struct act_part *p = &act->parts[act->n];
		struct bytes serial = query_get_bytes(&q, 2);
		p->intent = id_from(query_get_bytes(&q, 0));
		documents[act->n] = id_from(query_get_bytes(&q, 1));
		if (serial.n == sizeof p->serial)
			memcpy(p->serial, serial.p, serial.n);
		p->has_base = !query_is_null(&q, 3);
		bases[act->n] = id_from(query_get_bytes(&q, 3));
	}
	return query_end(&q);
}

static err_t
part_load(struct worker *w, struct act *act, size_t i, struct id document, struct id base)
{
	struct act_part *p = &act->parts[i];
	struct signer_field fields[LIMIT_DOCUMENTS];
	size_t n;
	TRY(document_get(w->reader, document, &p->document));
	TRY(signer_fields(w->reader, act->signer.id, fields, &n));
	for (size_t f = 0; f < n; f++)
		if (id_eq(fields[f].document, document))
			p->field = fields[f];
	if (p->has_base)
		TRY(document_revision_of(w->reader, base, &p->base));
	if (act->state >= ACT_RESULT && act->state != ACT_VOID)
		TRY(document_revision_of(w->reader, p->intent, &p->revision));
	return OK;
}

err_t
act_load(struct worker *w, struct id id, struct act *act)
{
	AUTO_SNAPSHOT(moment, w->reader);
	struct id signer = {{0}}, activation = {{0}}, documents[LIMIT_DOCUMENTS], bases[LIMIT_DOCUMENTS];
	TRY(act_row(w, id, act, &signer, &activation));
	TRY(people_get(w, signer, 0, act)); /* 0: the record was recent enough when the act began */
	TRY(activation_get(w->reader, activation, &act->activation));
	TRY(intents_get(w, act, documents, bases));
	for (size_t i = 0; i < act->n; i++)
		TRY(part_load(w, act, i, documents[i], bases[i]));
	return OK;
}

err_t
act_newest(struct store_tx *reader, struct id signer, struct id *ret_act, enum act_state *ret_state, char ret_reason[512])
{
	bool found = false;
	AUTO_QUERY(q, reader, SQL_ACT_NEWEST);
	query_bytes(&q, id_bytes(&signer));
	if (query_next(&q)) {
		found = true;
		*ret_act = id_from(query_get_bytes(&q, 0));
		*ret_state = state_of(query_get_text(&q, 1));
		snprintf(ret_reason, 512, "%.*s", STR_ARG(query_get_text(&q, 2)));
	}
	TRY(query_end(&q));
	return found ? OK : err_make(ERR_NOT_FOUND, "the signer has not begun to sign");
}

err_t
act_open(struct store_tx *reader, int64_t before, struct act_place *place, struct id *ret_id, bool *ret_found)
{
	AUTO_QUERY(q, reader, SQL_ACT_OPEN);
	query_int(&q, before);
	query_int(&q, place->begun_at);
	query_int(&q, place->n);
	*ret_found = query_next(&q);
	if (*ret_found) {
		*ret_id = id_from(query_get_bytes(&q, 0));
		*place = (struct act_place){query_get_int(&q, 1), query_get_int(&q, 2)};
	}
	return query_end(&q);
}

/* ---- transitions ------------------------------------------------------------------------------------------------------ */

static err_t
intent_move(struct store_tx *tx, struct id intent, const char *from, const char *to)
{
	AUTO_QUERY(q, tx, SQL_INTENT_MOVE);
	query_bytes(&q, id_bytes(&intent));
	query_text(&q, str_c(from));
	query_text(&q, str_c(to));
	return query_run(&q);
}

static err_t
act_move(struct store_tx *tx, const struct act *act, enum act_state to, int64_t leaf, const char *reason)
{
	AUTO_QUERY(q, tx, SQL_ACT_MOVE);
	query_bytes(&q, id_bytes(&act->id));
	query_text(&q, str_c(names[act->state]));
	query_text(&q, str_c(names[to]));
	query_int(&q, leaf);
	query_int(&q, to >= ACT_SIGNED ? clock_now() : 0);
	query_text(&q, str_c(reason));
	return query_run_one(&q);
}

/* The certificate of one part, unless an earlier attempt stored it. */
static err_t
certificate_put(struct store_tx *tx, struct step *s, struct act_part *p)
{
	struct issued known;
	uint8_t answer[paraph_SignAnswer_size], sha256[DIGEST_SHA256_LEN];
	struct bytes der = bytes(p->signed_.certificate.bytes, p->signed_.certificate.size);
	if (!err_is(issued_of(tx, p->intent, &known)))
		return OK;
	pb_ostream_t out = pb_ostream_from_buffer(answer, sizeof answer);
	if (!pb_encode(&out, paraph_SignAnswer_fields, &p->signed_))
		return err_make(ERR_WIRE, "sign answer: %s", PB_GET_ERROR(&out));
	TRY(issued_put(tx, p->intent, der, bytes(answer, out.bytes_written)));
	TRY(intent_move(tx, p->intent, "open", "certified"));
	digest_sha256(der, sha256);
	return audit_put(s->core, tx, "certificate.issued", "system", canon_pack("{s:s, s:o, s:o, s:o}", "intent",
	    id_text("int", p->intent).c, "serial", canon_hex(BYTES_OF(p->serial)), "sha256", canon_hex(BYTES_OF(sha256)),
	    "spki_sha256", canon_hex(bytes(p->signed_.spki_sha256.bytes, p->signed_.spki_sha256.size))), NULL);
}

static err_t
certify(struct store_tx *tx, void *arg)
{
	struct step *s = arg;
	for (size_t i = 0; i < s->act->n; i++)
		if (s->act->parts[i].signed_.certificate.size > 0)
			TRY(certificate_put(tx, s, &s->act->parts[i]));
	return OK;
}

err_t
act_certify(struct worker *w, struct act *act)
{
	struct step s = {.core = w->core, .act = act};
	TRY(store_write(w->core->store, certify, &s));
	FAULT_POINT("core.certificate");
	for (size_t i = 0; i < act->n; i++) {
		if (act->parts[i].signed_.certificate.size == 0)
			continue;
		TRY(issued_publish(w, BYTES_OF(act->parts[i].serial)));
		act->parts[i].published_at = clock_now();
	}
	FAULT_POINT("core.publication");
	return OK;
}

static err_t
result(struct store_tx *tx, void *arg)
{
	struct step *s = arg;
	struct act *act = s->act;
	json_t *results = canon_pack("[]");
	err_t e = OK;
	for (size_t i = 0; i < act->n && !err_is(e); i++) {
		const struct document_revision *r = &act->parts[i].revision;
		e = document_revision_put(tx, r, act->parts[i].evidence);
		if (!err_is(e))
			e = intent_move(tx, act->parts[i].intent, "certified", "result");
		json_array_append_new(results, canon_pack("{s:s, s:s, s:o, s:I}", "intent", id_text("int", r->intent).c,
		    "document", id_text("doc", r->document).c, "sha256", canon_hex(BYTES_OF(r->sha256)), "length",
		    (json_int_t)r->length));
	}
	if (err_is(e)) {
		json_decref(results);
		return e;
	}
	TRY(audit_put(s->core, tx, "signature.result", "system", canon_pack("{s:s, s:o}", "act", id_text("sig", act->id).c,
	    "results", results), &s->leaf));
	return act_move(tx, act, ACT_RESULT, s->leaf, "");
}

err_t
act_result(struct worker *w, struct act *act)
{
	struct step s = {.core = w->core, .act = act};
	TRY(store_write(w->core->store, result, &s));
	act->state = ACT_RESULT;
	act->result_leaf = s.leaf;
	FAULT_POINT("core.result");
	return OK;
}

static err_t
void_put(struct store_tx *tx, void *arg)
{
	struct step *s = arg;
	struct act *act = s->act;
	for (size_t i = 0; i < act->n; i++) {
		struct issued issued;
		AUTO_QUERY(q, tx, SQL_INTENT_VOID);
		query_bytes(&q, id_bytes(&act->parts[i].intent));
		TRY(query_run(&q));
		err_t e = issued_of(tx, act->parts[i].intent, &issued);
		if (e.code == ERR_NOT_FOUND)
			continue;
		TRY(e);
		TRY(issued_revoke_put(s->core, tx, BYTES_OF(issued.serial), ISSUED_CESSATION, "system"));
	}
	TRY(act_move(tx, act, ACT_VOID, 0, s->reason));
	TRY(signer_move(tx, act->signer.id, SIGNER_OPENED, STR("")));
	TRY(request_event(tx, act->request.id, "signature.void", &act->signer.id, str_c(s->reason)));
	return audit_put(s->core, tx, "signature.void", "system", canon_pack("{s:s, s:s}", "act", id_text("sig", act->id).c,
	    "reason", s->reason), NULL);
}

err_t
act_void(struct worker *w, struct act *act, const char *reason)
{
	struct step s = {.core = w->core, .act = act, .reason = reason};
	TRY(store_write(w->core->store, void_put, &s));
	FAULT_POINT("core.void");
	act->state = ACT_VOID;
	for (size_t i = 0; i < act->n; i++) {
		err_t e = issued_publish(w, BYTES_OF(act->parts[i].serial));
		if (e.code != ERR_NOT_FOUND)
			TRY(e);
	}
	return OK;
}

err_t
act_sign(struct store_tx *tx, struct core *core, const struct act *act)
{
	TRY(document_revision_release(tx, act->id, clock_now()));
	TRY(act_move(tx, act, ACT_SIGNED, act->result_leaf, ""));
	TRY(signer_move(tx, act->signer.id, SIGNER_SIGNED, STR("")));
	TRY(request_event(tx, act->request.id, "signer.signed", &act->signer.id, STR("")));
	return request_settle(core, tx, act->request.id);
}

err_t
act_owner(struct store_tx *reader, struct id id, char *ret_owner, size_t room)
{
	bool found = false;
	AUTO_QUERY(q, reader, SQL_ACT_OWNER);
	query_bytes(&q, id_bytes(&id));
	if (query_next(&q)) {
		found = true;
		snprintf(ret_owner, room, "%.*s", STR_ARG(query_get_text(&q, 0)));
	}
	TRY(query_end(&q));
	return found ? OK : err_make(ERR_NOT_FOUND, "there is no such act");
}
