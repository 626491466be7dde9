#include "api/signing.h"

#include "base/secret.h"
#include "core/archive.h"
#include "core/facts.h"
#include "core/sign.h"
#include "os/clock.h"

enum { CODE_LEN = 6 };

/* ---- the way in ------------------------------------------------------------------------------------------------------- */

static const struct field session_fields[] = {{"token", FIELD_TEXT, true, 1, 64, NULL, 0, NULL}};

err_t
signing_session(struct call *c)
{
	struct str token;
	char agent[512], address[64];
	json_t *answer = NULL;
	TRY(field_read(c->body, "", FIELDS(session_fields), &token));
	struct str given = fcgi_request_header(c->request, "User-Agent");
	snprintf(agent, sizeof agent, "%.*s", (int)(given.n < sizeof agent ? given.n : 0), given.p == NULL ? "" : given.p);
	snprintf(address, sizeof address, "%.*s", STR_ARG(c->request->remote_address));
	TRY(facts_session(c->worker, token, address, agent, &answer));
	call_json(c, 201, answer);
	return OK;
}

err_t
signing_request(struct call *c)
{
	json_t *answer = NULL;
	TRY(facts_json(c->worker, c->session.signer, &answer));
	call_json(c, 200, answer);
	return OK;
}

static err_t
document(struct call *c, struct document *ret_document)
{
	uint64_t n;
	if (err_is(str_u64(c->vars[0], LIMIT_DOCUMENTS, &n)))
		return err_make(ERR_NOT_FOUND, "documents are numbered from 1");
	return facts_document(c->worker->reader, c->session.signer, n, ret_document);
}

err_t
signing_document(struct call *c)
{
	struct document d;
	TRY(document(c, &d));
	return call_served(c, str_c(d.revision0.text), "application/pdf", id_text("doc", d.id).c, ".pdf");
}

err_t
signing_signed(struct call *c)
{
	struct document d;
	struct signer s;
	struct document_revision r;
	TRY(document(c, &d));
	TRY(signer_get(c->worker->reader, c->session.signer, &s));
	if (s.state != SIGNER_SIGNED)
		return err_make(ERR_WRONG_STATE, "the signer is %s", signer_state_name(s.state));
	TRY(document_revision_newest(c->worker->reader, d.id, &r));
	return call_served(c, str_c(r.blob.text), "application/pdf", id_text("doc", d.id).c, ".pdf");
}

/* ---- the code --------------------------------------------------------------------------------------------------------- */

err_t
signing_code(struct call *c)
{
	json_t *answer = NULL;
	TRY(activation_send(c->worker, &c->session, &c->idem, &answer));
	call_json(c, 200, answer);
	return OK;
}

/* Steps over white space and then exactly this text. */
static bool
skip(struct bytes *b, struct str want)
{
	while (b->n > 0 && strchr(" \t\r\n", b->p[0]) != NULL && b->p[0] != '\0')
		*b = bytes_sub(*b, 1, b->n);
	if (b->n < want.n || (want.n > 0 && memcmp(b->p, want.p, want.n) != 0))
		return false;
	*b = bytes_sub(*b, want.n, b->n);
	return true;
}

err_t
signing_code_read(struct bytes body, struct bytes *ret_code)
{
	struct bytes b = body, code;
	bool good = skip(&b, STR("{")) && skip(&b, STR("\"code\"")) && skip(&b, STR(":")) && skip(&b, STR("\""));
	code = bytes_sub(b, 0, CODE_LEN);
	for (size_t i = 0; i < code.n; i++)
		good = good && code.p[i] >= '0' && code.p[i] <= '9';
	b = bytes_sub(b, CODE_LEN, b.n);
	good = good && code.n == CODE_LEN && skip(&b, STR("\"")) && skip(&b, STR("}")) && skip(&b, STR("")) && b.n == 0;
	if (!good)
		return err_make(ERR_FIELD, "/code: send exactly {\"code\":\"\"} with the six digits");
	*ret_code = code;
	return OK;
}

/* How many tries and codes are left goes with every answer about a code. */
static void
counts_add(struct call *c)
{
	struct activation a;
	if (err_is(activation_newest(c->worker->reader, c->session.signer, clock_now(), &a)))
		return;
	c->extra = canon_pack("{s:i, s:i}", "tries_left", (int)a.tries_left, "sends_left", (int)a.sends_left);
}

err_t
signing_code_try(struct call *c)
{
	struct bytes code;
	json_t *answer = NULL;
	AUTO_SECRET(secret);
	err_t e = signing_code_read(fcgi_conn_body(c->conn), &code);
	if (!err_is(e)) {
		secret = secret_new(code.n);
		memcpy(secret.p, code.p, code.n);
	}
	fcgi_conn_wipe(c->conn);
	TRY(e);
	e = activation_try(c->worker, &c->session, &secret, &answer);
	if (err_is(e)) {
		char detail[256];
		snprintf(detail, sizeof detail, "%.*s", canon_cut(err_detail(), sizeof detail - 1), err_detail());
		counts_add(c);
		return err_import(e.code, detail);
	}
	call_json(c, 200, answer);
	return OK;
}

/* ---- consent and signature -------------------------------------------------------------------------------------------- */

struct consent_body {
	uint8_t sha256[DIGEST_SHA256_LEN];
};

static const struct field consent_fields[] = {
	{"read", FIELD_TRUE, true, 0, 0, NULL, 0, NULL},    /* first box: I have read the document and I want to sign it */
	{"correct", FIELD_TRUE, true, 0, 0, NULL, 0, NULL}, /* second box: data, terms, certificate */
	{"consent_sha256", FIELD_HEX, true, 0, 0, NULL, offsetof(struct consent_body, sha256), NULL},
};

static err_t
proved_activation(struct call *c, const struct signer *s, struct activation *ret_activation)
{
	err_t e = activation_newest(c->worker->reader, s->id, clock_now(), ret_activation);
	if (e.code == ERR_NOT_FOUND)
		return err_make(ERR_NOT_PROVED, "no code was sent, or the 30 minutes are over");
	TRY(e);
	if (ret_activation->state == ACTIVATION_BEGUN)
		return err_make(ERR_NOT_PROVED, "the code was not entered yet");
	return OK;
}

err_t
signing_consent(struct call *c)
{
	struct consent_body b = {0};
	struct signer s;
	struct activation a;
	uint8_t sha256[DIGEST_SHA256_LEN];
	json_t *answer = NULL;
	AUTO_JSON(shown) = NULL;
	TRY(field_read(c->body, "", FIELDS(consent_fields), &b));
	TRY(signer_get(c->worker->reader, c->session.signer, &s));
	if (s.state != SIGNER_IDENTIFIED && s.state != SIGNER_CONSENTED)
		return err_make(s.state < SIGNER_IDENTIFIED ? ERR_NOT_PROVED : ERR_WRONG_STATE, "the signer is %s",
		    signer_state_name(s.state));
	TRY(proved_activation(c, &s, &a));
	TRY(facts_shown(c->worker, &s, &shown, sha256));
	if (!bytes_eq(BYTES_OF(sha256), BYTES_OF(b.sha256)))
		return err_make(ERR_DOCUMENT_CHANGED, "the confirmed digest is not that of what is to be signed");
	if (a.state == ACTIVATION_COMPLETE) { /* the same click twice */
		call_json(c, 200, activation_json(&a));
		return OK;
	}
	struct activation_consent consent = {.activation = a.id, .signer = s.id, .shown = shown,
	    .address = c->session.address, .agent = c->session.agent};
	memcpy(consent.sha256, sha256, sizeof sha256);
	TRY(activation_complete(c->worker, &consent, &c->idem, &answer));
	call_json(c, 200, answer);
	return OK;
}

/* 202 while it is not decided; a void act is an error of its own, so that no page can take it for success. */
static err_t
result_answer(struct call *c, json_t *answer)
{
	const char *status = json_string_value(json_object_get(answer, "status"));
	if (strcmp(status, "void") == 0) {
		const char *reason = json_string_value(json_object_get(answer, "reason"));
		err_t e = err_make(ERR_SIGNATURE_VOID, "%s", reason == NULL ? "" : reason);
		json_decref(answer);
		return e;
	}
	call_json(c, strcmp(status, "signing") == 0 ? 202 : 200, answer);
	return OK;
}

err_t
signing_sign(struct call *c)
{
	json_t *answer = NULL;
	TRY(sign_run(c->worker, &c->session, &answer));
	return result_answer(c, answer);
}

err_t
signing_result(struct call *c)
{
	json_t *answer = NULL;
	TRY(sign_json(c->worker, c->session.signer, &answer));
	return result_answer(c, answer);
}

static const struct field decline_fields[] = {{"reason", FIELD_TEXT, false, 1, 500, NULL, 0, NULL}};

err_t
signing_decline(struct call *c)
{
	struct str reason = {0};
	json_t *answer = NULL;
	TRY(field_read(c->body, "", FIELDS(decline_fields), &reason));
	TRY(facts_decline(c->worker, c->session.signer, reason, &c->idem, &answer));
	call_json(c, 200, answer);
	return OK;
}

/* "I did not do this": every certificate of the signer's act that is still valid. Each is a commit of its own: whoever asks again
 * after the service died in between gets the rest revoked. */
err_t
signing_revoke(struct call *c)
{
	struct id id;
	enum act_state state = ACT_BEGUN;
	char reason[512];
	AUTO_ACT(act);
	AUTO_JSON(list) = canon_pack("{s:[]}", "certificates");
	TRY(act_newest(c->worker->reader, c->session.signer, &id, &state, reason));
	if (state != ACT_SIGNED)
		return err_make(ERR_WRONG_STATE, "there is no signature to revoke");
	TRY(act_load(c->worker, id, act));
	err_t ended = OK;
	for (size_t i = 0; i < act->n; i++) {
		json_t *one = NULL;
		err_t e = issued_revoke(c->worker, BYTES_OF(act->parts[i].serial), ISSUED_KEY_COMPROMISE, c->actor, NULL, &one);
		if (e.code == ERR_CERTIFICATE_ENDED) {
			ended = e;
			continue;
		}
		TRY(e);
		json_array_append_new(json_object_get(list, "certificates"), one);
	}
	if (json_array_size(json_object_get(list, "certificates")) == 0)
		TRY(ended);
	call_json(c, 200, json_incref(list));
	return OK;
}
