#include "core/request.h"

#include "base/secret.h"
#include "core/audit.h"
#include "core/link.h"
#include "core/outbox.h"
#include "core/registration.h"
#include "os/clock.h"

static const char *const names[REQUEST_STATES] = {"draft", "sent", "completed", "declined", "expired", "canceled"};

#define BIT(state) (1u << REQUEST_##state)
static const unsigned steps[REQUEST_STATES] = {
	[REQUEST_DRAFT] = BIT(SENT) | BIT(CANCELED) | BIT(EXPIRED),
	[REQUEST_SENT] = BIT(COMPLETED) | BIT(DECLINED) | BIT(EXPIRED) | BIT(CANCELED),
};

const char *
request_state_name(enum request_state state)
{
	return names[state];
}

static enum request_state
state_of(struct str name)
{
	int i = 0;
	while (i < REQUEST_STATES - 1 && !str_eq(name, str_c(names[i])))
		i++;
	return (enum request_state)i;
}

static void
row(struct query *q, struct request *r)
{
	*r = (struct request){.id = id_from(query_get_bytes(q, 0)), .state = state_of(query_get_text(q, 4)),
	    .deadline_at = query_get_int(q, 5), .made_at = query_get_int(q, 6), .sent_at = query_get_int(q, 7),
	    .ended_at = query_get_int(q, 8)};
	snprintf(r->owner, sizeof r->owner, "%.*s", STR_ARG(query_get_text(q, 1)));
	snprintf(r->title, sizeof r->title, "%.*s", STR_ARG(query_get_text(q, 2)));
	snprintf(r->sender, sizeof r->sender, "%.*s", STR_ARG(query_get_text(q, 3)));
	snprintf(r->reason, sizeof r->reason, "%.*s", STR_ARG(query_get_text(q, 9)));
}

err_t
request_get(struct store_tx *tx, struct id id, struct request *ret_request)
{
	bool found = false;
	AUTO_QUERY(q, tx, SQL_REQUEST_GET);
	query_bytes(&q, id_bytes(&id));
	if (query_next(&q)) {
		found = true;
		row(&q, ret_request);
	}
	TRY(query_end(&q));
	return found ? OK : err_make(ERR_NOT_FOUND, "there is no request %s", id_text("req", id).c);
}

err_t
request_get_of(struct store_tx *tx, struct id id, struct str owner, struct request *ret_request)
{
	struct request r;
	TRY(request_get(tx, id, &r));
	if (!str_eq(str_c(r.owner), owner))
		return err_make(ERR_NOT_FOUND, "there is no request %s", id_text("req", id).c);
	*ret_request = r;
	return OK;
}

err_t
request_open_check(const struct request *r, int64_t now)
{
	if (r->state != REQUEST_SENT)
		return err_make(ERR_WRONG_STATE, "the request is %s", names[r->state]);
	if (now >= r->deadline_at)
		return err_make(ERR_WRONG_STATE, "the deadline has passed");
	return OK;
}

err_t
request_event(struct store_tx *tx, struct id request, const char *name, const struct id *signer, struct str detail)
{
	AUTO_QUERY(q, tx, SQL_EVENT_PUT);
	query_bytes(&q, id_bytes(&request));
	query_int(&q, clock_now());
	query_text(&q, str_c(name));
	if (signer == NULL)
		query_null(&q);
	else
		query_bytes(&q, id_bytes(signer));
	query_text(&q, detail);
	return query_run(&q);
}

err_t
request_move(struct store_tx *tx, struct id id, enum request_state to, struct str reason)
{
	struct request r;
	TRY(request_get(tx, id, &r));
	if ((steps[r.state] >> to & 1) == 0)
		return err_make(ERR_WRONG_STATE, "the request is %s", names[r.state]);
	int64_t now = clock_now();
	AUTO_QUERY(q, tx, SQL_REQUEST_MOVE);
	query_bytes(&q, id_bytes(&id));
	query_text(&q, str_c(names[r.state]));
	query_text(&q, str_c(names[to]));
	query_int(&q, to == REQUEST_SENT ? now : 0);
	query_int(&q, to == REQUEST_SENT ? 0 : now);
	query_text(&q, reason);
	TRY(query_run_one(&q));
	char event[32];
	snprintf(event, sizeof event, "request.%s", names[to]);
	return request_event(tx, id, event, NULL, reason);
}

err_t
request_settle(struct core *core, struct store_tx *tx, struct id id)
{
	struct signer signers[LIMIT_SIGNERS];
	size_t n;
	TRY(signer_list(tx, id, signers, &n));
	for (size_t i = 0; i < n; i++)
		if (signers[i].state != SIGNER_SIGNED)
			return OK;
	TRY(request_move(tx, id, REQUEST_COMPLETED, STR("")));
	return audit_put(core, tx, "request.completed", "system", canon_pack("{s:s}", "request", id_text("req", id).c), NULL);
}

/* ---- invitations ------------------------------------------------------------------------------------------------------ */

static err_t
invitation(struct core *core, struct store_tx *tx, const struct request *r, const struct signer *s)
{
	struct registration reg;
	struct link_token token;
	char until[TIME_TEXT_MAX];
	AUTO_BUF(subject, 255);
	AUTO_BUF(text, 4096);
	TRY(registration_get(core, tx, s->registration, s->method, clock_now(), &reg));
	time_text(time_floor(r->deadline_at), false, until);
	buf_printf(&subject, "%.*s asks you to sign: %.*s", canon_cut(r->sender, 60), r->sender,
	    canon_cut(r->title, 150), r->title);
	TRY(link_make(tx, s->id, r->deadline_at, &token));
	buf_printf(&text, "%s asks you to sign \"%s\".\n\nRead the document: %s/sign/#%s\n\nSigning is free. You will read first, "
	    "then confirm who you are, then sign. The invitation ends at %s.\n\nYou get this because %s named you as a "
	    "signer. You are not %s? Then please tell the sender, and do nothing.\n", r->sender, r->title, core->set.site_url,
	    token.text, until, r->sender, reg.common_name);
	secret_wipe(&token, sizeof token);
	bool sms = s->method == paraph_Method_METHOD_SMS_CODE;
	err_t e = buf_check(&text);
	if (!err_is(e))
		e = outbox_put(tx, sms ? paraph_Transport_TRANSPORT_SMS : paraph_Transport_TRANSPORT_EMAIL, str_c(reg.address),
		    (struct str){(const char *)subject.p, subject.n}, (struct str){(const char *)text.p, text.n});
	secret_wipe(text.p, text.n);
	return e;
}

err_t
request_invite(struct core *core, struct store_tx *tx, const struct request *r)
{
	struct signer signers[LIMIT_SIGNERS];
	size_t n;
	TRY(signer_list(tx, r->id, signers, &n));
	for (size_t i = 0; i < n; i++) {
		TRY(invitation(core, tx, r, &signers[i]));
		TRY(signer_move(tx, signers[i].id, SIGNER_NOTIFIED, STR("")));
		TRY(request_event(tx, r->id, "signer.notified", &signers[i].id, STR("")));
	}
	return audit_put(core, tx, "request.sent", "system", canon_pack("{s:s, s:i}", "request", id_text("req", r->id).c,
	    "signers", (int)n), NULL);
}

/* ---- send, cancel, expire --------------------------------------------------------------------------------------------- */

struct step {
	struct core *core;
	const struct account *by; /* NULL: the clock */
	const struct idempotency *idem;
	struct id id;
	struct str reason;
	json_t *answer;
};

static err_t
answer_make(struct step *s, struct store_tx *tx, const struct request *before)
{
	struct request r;
	TRY(request_get(tx, before->id, &r));
	TRY(request_json(tx, s->core, &r, &s->answer));
	return idempotency_put(tx, s->idem, 200, s->answer);
}

static err_t
send_draft(struct store_tx *tx, void *arg)
{
	struct step *s = arg;
	struct request r;
	TRY(request_get_of(tx, s->id, str_c(s->by->id), &r));
	TRY(request_move(tx, s->id, REQUEST_SENT, STR("")));
	TRY(request_invite(s->core, tx, &r));
	return answer_make(s, tx, &r);
}

/* Ends the request and every signer who has not finished. */
static err_t
end(struct store_tx *tx, struct step *s, enum request_state to, enum signer_state signers_to)
{
	struct signer signers[LIMIT_SIGNERS];
	size_t n;
	TRY(signer_idle_check(tx, s->id));
	TRY(signer_list(tx, s->id, signers, &n));
	for (size_t i = 0; i < n; i++)
		if (signers[i].state < SIGNER_SIGNED)
			TRY(signer_move(tx, signers[i].id, signers_to, s->reason));
	TRY(request_move(tx, s->id, to, s->reason));
	char event[32];
	snprintf(event, sizeof event, "request.%s", names[to]);
	return audit_put(s->core, tx, event, s->by == NULL ? "system" : s->by->actor,
	    canon_pack("{s:s}", "request", id_text("req", s->id).c), NULL);
}

static err_t
cancel(struct store_tx *tx, void *arg)
{
	struct step *s = arg;
	struct request r;
	TRY(request_get_of(tx, s->id, str_c(s->by->id), &r));
	TRY(end(tx, s, REQUEST_CANCELED, SIGNER_CANCELED));
	return answer_make(s, tx, &r);
}

static err_t
expire(struct store_tx *tx, void *arg)
{
	return end(tx, arg, REQUEST_EXPIRED, SIGNER_EXPIRED);
}

static err_t
step_run(struct worker *w, store_f *f, struct step *s, json_t **ret_answer)
{
	err_t e = store_write(w->core->store, f, s);
	if (err_is(e))
		json_decref(s->answer);
	else
		*ret_answer = s->answer;
	return e;
}

err_t
request_send(struct worker *w, const struct account *by, struct id id, const struct idempotency *idem, json_t **ret_answer)
{
	struct step s = {.core = w->core, .by = by, .idem = idem, .id = id};
	return step_run(w, send_draft, &s, ret_answer);
}

err_t
request_cancel(struct worker *w, const struct account *by, struct id id, struct str reason,
    const struct idempotency *idem, json_t **ret_answer)
{
	struct step s = {.core = w->core, .by = by, .idem = idem, .id = id, .reason = reason};
	return step_run(w, cancel, &s, ret_answer);
}

enum { EXPIRE_AT_ONCE = 100 };

err_t
request_expire(struct worker *w, int64_t now)
{
	struct id ids[EXPIRE_AT_ONCE];
	size_t n = 0;
	AUTO_QUERY(q, w->reader, SQL_REQUEST_PAST);
	query_int(&q, now);
	while (n < EXPIRE_AT_ONCE && query_next(&q))
		ids[n++] = id_from(query_get_bytes(&q, 0));
	TRY(query_end(&q));
	for (size_t i = 0; i < n; i++) {
		struct step s = {.core = w->core, .id = ids[i], .reason = STR("the deadline has passed")};
		err_t e = store_write(w->core->store, expire, &s);
		if (err_is(e) && e.code != ERR_WRONG_STATE) /* somebody signs just now: the next round finds it ended */
			return e;
	}
	return OK;
}

/* ---- as the API shows it ---------------------------------------------------------------------------------------------- */

static err_t
documents_json(struct store_tx *reader, const struct request *r, json_t *list)
{
	struct document docs[LIMIT_DOCUMENTS];
	size_t n;
	TRY(document_list(reader, r->id, docs, &n));
	for (size_t i = 0; i < n; i++) {
		struct document_revision newest;
		err_t e = document_revision_newest(reader, docs[i].id, &newest);
		if (err_is(e) && e.code != ERR_NOT_FOUND)
			return e;
		json_t *j = canon_pack("{s:s, s:s, s:s, s:i, s:{s:o, s:o}, s:b}", "id", id_text("doc", docs[i].id).c, "file",
		    id_text("file", docs[i].file).c, "title", docs[i].title, "pages", (int)docs[i].pages, "sha256", "original",
		    canon_hex(BYTES_OF(docs[i].original_sha256)), "revision0", canon_hex(BYTES_OF(docs[i].revision0_sha256)),
		    "signed", !err_is(e));
		if (!err_is(e))
			json_object_set_new(json_object_get(j, "sha256"), "current", canon_hex(BYTES_OF(newest.sha256)));
		json_array_append_new(list, j);
	}
	return OK;
}

static err_t
signers_json(struct store_tx *reader, const struct request *r, json_t *list)
{
	struct signer signers[LIMIT_SIGNERS];
	size_t n;
	TRY(signer_list(reader, r->id, signers, &n));
	for (size_t i = 0; i < n; i++) {
		const struct signer *s = &signers[i];
		json_t *j = canon_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "id", id_text("sgr", s->id).c, "key", s->label,
		    "registration", id_text("reg", s->registration).c, "method", signer_method_name(s->method), "status",
		    signer_state_name(s->state), "ended_at", canon_time(s->ended_at));
		if (s->reason[0])
			json_object_set_new(j, "reason", canon_str(str_c(s->reason)));
		json_array_append_new(list, j);
	}
	return OK;
}

err_t
request_json(struct store_tx *reader, struct core *core, const struct request *r, json_t **ret_answer)
{
	AUTO_JSON(j) = canon_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:[], s:[]}", "id", id_text("req", r->id).c,
	    "title", r->title, "sender", r->sender, "status", names[r->state], "test", core->set.demo, "deadline",
	    canon_time(r->deadline_at), "made_at", canon_time(r->made_at), "sent_at", canon_time(r->sent_at), "ended_at",
	    canon_time(r->ended_at), "documents", "signers");
	if (r->reason[0])
		json_object_set_new(j, "reason", canon_str(str_c(r->reason)));
	TRY(documents_json(reader, r, json_object_get(j, "documents")));
	TRY(signers_json(reader, r, json_object_get(j, "signers")));
	*ret_answer = json_incref(j);
	return OK;
}

err_t
request_events_json(struct store_tx *reader, struct id id, json_t **ret_answer)
{
	AUTO_JSON(j) = canon_pack("{s:[]}", "data");
	AUTO_QUERY(q, reader, SQL_EVENT_LIST);
	query_bytes(&q, id_bytes(&id));
	while (query_next(&q)) {
		json_t *event = canon_pack("{s:I, s:o, s:o}", "sequence", (json_int_t)query_get_int(&q, 0), "at",
		    canon_time(query_get_int(&q, 1)), "event", canon_str(query_get_text(&q, 2)));
		if (!query_is_null(&q, 3))
			json_object_set_new(event, "signer", json_string(id_text("sgr", id_from(query_get_bytes(&q, 3))).c));
		if (query_get_text(&q, 4).n > 0)
			json_object_set_new(event, "detail", canon_str(query_get_text(&q, 4)));
		json_array_append_new(json_object_get(j, "data"), event);
	}
	TRY(query_end(&q));
	*ret_answer = json_incref(j);
	return OK;
}
