#include "core/archive.h"

#include "base/base64.h"
#include "base/fault.h"
#include "base/secret.h"
#include "core/ask.h"
#include "core/audit.h"
#include "core/outbox.h"
#include "core/pack.h"
#include "core/proof.h"
#include "os/clock.h"
#include "os/file.h"

enum { PROOF_MAX = 8 * 1024 * 1024 }; /* octets; also of the file around it */

struct release {
	struct core *core;
	struct act *act;
	struct blob_name blob;
	uint8_t sha256[DIGEST_SHA256_LEN]; /* of the sealed text */
	struct bytes seal, token;
};

/* ---- the proof -------------------------------------------------------------------------------------------------------- */

static err_t
statement_get(struct worker *w, const struct act *act, struct buf *b)
{
	AUTO_KEYS(ask);
	AUTO_KEYS(answer);
	ask->which_body = paraph_Keys_statement_ask_tag;
	for (size_t i = 0; i < act->n; i++)
		TRY(PACK_BYTES(ask->body.statement_ask.intents[i], id_bytes(&act->parts[i].intent)));
	ask->body.statement_ask.intents_count = (pb_size_t)act->n;
	TRY(ask_keys(w->core, ask, NULL, 0, paraph_Keys_statement_tag, answer));
	buf_put(b, PACKED(answer->body.statement.json));
	return buf_check(b);
}

static err_t
payload_make(struct worker *w, const struct act *act, struct bytes statement, struct buf *payload)
{
	struct audit_point point;
	struct str text;
	AUTO_JSON(proof) = NULL;
	TRY(audit_checkpoint(w, (uint64_t)act->result_leaf + 1, &point));
	TRY(str_check(statement, &text));
	TRY(proof_make(w, act, &point, text, &proof));
	return canon_write(proof, payload);
}

static err_t
seal(struct worker *w, const struct act *act, struct bytes statement, const struct blob_new *file, paraph_Keys *ret_answer)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	AUTO_KEYS(ask);
	AUTO_FD(fd) = -1;
	paraph_ProofSeal *m = &ask->body.proof_seal;
	TRY(blob_new_read(file, &fd));
	ask->which_body = paraph_Keys_proof_seal_tag;
	digest_sha256(statement, sha256);
	TRY(PACK_BYTES(m->statement_sha256, BYTES_OF(sha256)));
	for (size_t i = 0; i < act->n; i++) {
		TRY(PACK_BYTES(m->intents[i], id_bytes(&act->parts[i].intent)));
		TRY(PACK_BYTES(m->results_sha256[i], BYTES_OF(act->parts[i].revision.sha256)));
	}
	m->intents_count = m->results_sha256_count = (pb_size_t)act->n;
	return ask_keys(w->core, ask, &fd, 1, paraph_Keys_proof_sealed_tag, ret_answer);
}

/* ---- the release ------------------------------------------------------------------------------------------------------ */

static err_t
proof_put(struct store_tx *tx, const struct release *r)
{
	AUTO_QUERY(q, tx, SQL_PROOF_PUT);
	query_bytes(&q, id_bytes(&r->act->id));
	query_bytes(&q, id_bytes(&r->act->request.id));
	query_text(&q, str_c(r->blob.text));
	query_bytes(&q, BYTES_OF(r->sha256));
	query_bytes(&q, r->seal);
	query_bytes(&q, r->token);
	query_int(&q, clock_now());
	return query_run(&q);
}

static err_t
message_put(struct store_tx *tx, const struct release *r)
{
	const struct act *act = r->act;
	struct link_token token;
	AUTO_BUF(subject, 255);
	AUTO_BUF(text, 4096);
	TRY(link_make(tx, act->signer.id, clock_now() + LINK_SIGNED_DAYS * TIME_DAY, &token));
	buf_printf(&subject, "You signed: %.*s", canon_cut(act->request.title, 200), act->request.title);
	buf_printf(&text, "You signed \"%s\" for %s. Your signature is in the document and can be checked by anyone; your one-time "
	    "key was destroyed right after.\n\nDownload the signed document: %s/sign/#%s\n\nYou did not do this? Open the link at "
	    "once and choose \"I did not do this\", and tell %s.\n", act->request.title, act->request.sender,
	    r->core->set.site_url, token.text, act->request.sender);
	secret_wipe(&token, sizeof token);
	bool sms = act->signer.method == paraph_Method_METHOD_SMS_CODE;
	err_t e = buf_check(&text);
	if (!err_is(e))
		e = outbox_put(tx, sms ? paraph_Transport_TRANSPORT_SMS : paraph_Transport_TRANSPORT_EMAIL,
		    str_c(act->registration.address), (struct str){(const char *)subject.p, subject.n},
		    (struct str){(const char *)text.p, text.n});
	secret_wipe(text.p, text.n);
	return e;
}

static err_t
release(struct store_tx *tx, void *arg)
{
	struct release *r = arg;
	TRY(proof_put(tx, r));
	TRY(act_sign(tx, r->core, r->act));
	TRY(message_put(tx, r));
	return audit_put(r->core, tx, "signature.released", "system", canon_pack("{s:s, s:o}", "act",
	    id_text("sig", r->act->id).c, "proof_sha256", canon_hex(BYTES_OF(r->sha256))), NULL);
}

err_t
archive_release(struct worker *w, struct act *act)
{
	struct release r = {.core = w->core, .act = act};
	uint8_t imprint[DIGEST_SHA256_LEN];
	AUTO_BUF(statement, LIMIT_WIRE_MESSAGE);
	AUTO_BUF(payload, PROOF_MAX);
	AUTO_KEYS(sealed);
	AUTO_STATUS(stamped);
	AUTO_BLOB(file);
	TRY(statement_get(w, act, &statement));
	TRY(payload_make(w, act, buf_bytes(&statement), &payload));
	digest_sha256(buf_bytes(&payload), r.sha256);
	TRY(blob_new(w->core->blobs, &file));
	TRY(file_write(file.fd, buf_bytes(&payload)));
	TRY(seal(w, act, buf_bytes(&statement), &file, sealed));
	r.seal = PACKED(sealed->body.proof_sealed.cms);
	digest_sha256(r.seal, imprint);
	TRY(ask_stamp(w->core, imprint, stamped));
	r.token = ask_token(stamped);
	TRY(blob_keep(&file));
	r.blob = file.name;
	TRY(store_write(w->core->store, release, &r));
	act->state = ACT_SIGNED;
	FAULT_POINT("core.release");
	return OK;
}

/* ---- afterwards ------------------------------------------------------------------------------------------------------- */

static err_t
part_json(struct worker *w, const struct act_part *p, json_t *documents)
{
	struct issued issued;
	json_t *certificate = NULL;
	TRY(issued_of(w->reader, p->intent, &issued));
	TRY(issued_json(&issued, &certificate));
	json_array_append_new(documents, canon_pack("{s:s, s:s, s:o, s:I, s:o}", "id", id_text("doc", p->document.id).c,
	    "title", p->document.title, "sha256", canon_hex(BYTES_OF(p->revision.sha256)), "length",
	    (json_int_t)p->revision.length, "certificate", certificate));
	return OK;
}

err_t
archive_result_json(struct worker *w, struct id id, json_t **ret_answer)
{
	AUTO_SNAPSHOT(moment, w->reader);
	AUTO_ACT(act);
	TRY(act_load(w, id, act));
	AUTO_JSON(j) = canon_pack("{s:s, s:s, s:s, s:[]}", "status", act_state_name(act->state), "act", id_text("sig", id).c,
	    "proof", id_text("prf", id).c, "documents");
	for (size_t i = 0; i < act->n; i++)
		TRY(part_json(w, &act->parts[i], json_object_get(j, "documents")));
	*ret_answer = json_incref(j);
	return OK;
}

/* The three lines of archive.h. */
static err_t
file_write_all(struct core *core, struct str blob, struct bytes seal_, struct bytes token, int fd)
{
	AUTO_BUF(text, PROOF_MAX);
	buf_put_str(&text, STR("{\"proof\":\n"));
	TRY(blob_read(core->blobs, blob, &text));
	buf_put_str(&text, STR("\n,\"seal\":\""));
	base64_write(&text, seal_);
	buf_put_str(&text, STR("\",\"seal_time_stamp\":\""));
	base64_write(&text, token);
	buf_put_str(&text, STR("\"}\n"));
	TRY(buf_check(&text));
	return file_write(fd, buf_bytes(&text));
}

err_t
archive_proof(struct worker *w, struct id request, const struct id *signer, char ret_name[SERVED_NAME_MAX])
{
	err_t e = err_make(ERR_NOT_FOUND, "there is no proof yet: nobody has signed");
	AUTO_FD(fd) = -1;
	AUTO_QUERY(q, w->reader, SQL_PROOF_GET);
	query_bytes(&q, id_bytes(&request));
	if (signer == NULL)
		query_null(&q);
	else
		query_bytes(&q, id_bytes(signer));
	if (query_next(&q)) {
		e = served_new(w->core, ".json", ret_name, &fd);
		if (!err_is(e))
			e = file_write_all(w->core, query_get_text(&q, 0), query_get_bytes(&q, 1), query_get_bytes(&q, 2), fd);
		if (err_is(e) && fd >= 0)
			served_drop(w->core, ret_name);
	}
	err_t ended = query_end(&q);
	return err_is(ended) ? ended : e;
}
