#include "core/proof.h"

#include <pb_decode.h>

#include "core/authority.h"
#include "os/clock.h"

static json_t *
digest_json(const uint8_t sha256[DIGEST_SHA256_LEN], uint64_t length)
{
	return canon_pack("{s:o, s:I}", "sha256", canon_hex(bytes(sha256, DIGEST_SHA256_LEN)), "length", (json_int_t)length);
}

static json_t *
document_json(const struct act_part *p)
{
	const struct document *d = &p->document;
	json_t *j = canon_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:o}", "id", id_text("doc", d->id).c, "title", d->title,
	    "type", "application/pdf", "pages", (int)d->pages, "received", digest_json(d->original_sha256, d->original_length),
	    "revision0", digest_json(d->revision0_sha256, d->revision0_length), "plan_sha256",
	    canon_hex(BYTES_OF(d->plan_sha256)), "result", digest_json(p->revision.sha256, p->revision.length));
	if (p->has_base)
		json_object_set_new(j, "base", digest_json(p->base.sha256, p->base.length));
	json_object_set_new(j, "appearance_sha256", canon_hex(BYTES_OF(p->field.appearance)));
	return j;
}

static err_t
signed_get(struct store_tx *reader, struct id intent, paraph_SignAnswer *ret_signed)
{
	bool good = false;
	AUTO_QUERY(q, reader, SQL_CERTIFICATE_SIGNED);
	query_bytes(&q, id_bytes(&intent));
	if (query_next(&q)) {
		struct bytes b = query_get_bytes(&q, 0);
		pb_istream_t in = pb_istream_from_buffer(b.p, b.n);
		good = pb_decode(&in, paraph_SignAnswer_fields, ret_signed);
	}
	TRY(query_end(&q));
	return good ? OK : err_make(ERR_STORE, "the answer of keys is not stored");
}

static err_t
signature_json(struct worker *w, const struct act_part *p, json_t **ret_j)
{
	paraph_SignAnswer s;
	AUTO_JSON(evidence) = NULL;
	TRY(signed_get(w->reader, p->intent, &s));
	TRY(document_revision_evidence(w->reader, p->intent, &evidence));
	json_t *key = canon_pack("{s:o, s:o, s:o, s:o}", "spki_sha256", canon_hex(bytes(s.spki_sha256.bytes, s.spki_sha256.size)),
	    "made_at", canon_time(s.key_made_at), "signed_at", canon_time(s.signed_at), "destroyed_at",
	    canon_time(s.key_destroyed_at));
	*ret_j = canon_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:O}", "intent", id_text("int", p->intent).c, "document",
	    id_text("doc", p->document.id).c, "serial", canon_hex(BYTES_OF(p->serial)), "certificate",
	    canon_base64(bytes(s.certificate.bytes, s.certificate.size)), "signature",
	    canon_base64(bytes(s.signature.bytes, s.signature.size)), "signed_attributes",
	    canon_base64(bytes(s.signed_attributes.bytes, s.signed_attributes.size)), "key", key, "evidence", evidence);
	return OK;
}

/* The record as it was registered, whole: its digest is in intent and activation. */
static err_t
registration_record(struct store_tx *reader, const struct registration *r, json_t **ret_j)
{
	AUTO_QUERY(q, reader, SQL_REGISTRATION_RECORD);
	query_bytes(&q, id_bytes(&r->id));
	json_t *text = query_next(&q) ? canon_str(query_get_text(&q, 0)) : canon_str(STR(""));
	err_t e = query_end(&q);
	if (err_is(e)) {
		json_decref(text);
		return e;
	}
	*ret_j = canon_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:s}", "id", id_text("reg", r->id).c, "attested_by", r->owner,
	    "digest", canon_hex(BYTES_OF(r->digest)), "subject", registration_subject_json(r), "identified_by",
	    r->identified_by, "evidence", r->evidence, "record", text, "address", r->address);
	return OK;
}

static json_t *
activation_proof(const struct act *act)
{
	const struct activation *a = &act->activation;
	return canon_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:i, s:i}", "id", id_text("act", a->id).c, "method",
	    signer_method_name(act->signer.method), "address_masked", a->address, "digest",
	    canon_hex(BYTES_OF(a->digest)), "begun_at", canon_time(a->begun_at), "proved_at", canon_time(a->proved_at),
	    "completed_at", canon_time(a->completed_at), "tries_left", (int)a->tries_left, "sends_left", (int)a->sends_left);
}

static json_t *
chain_json(const struct core *core)
{
	const struct bytes *part = core->authority->part;
	return canon_pack("{s:o, s:o, s:o, s:o, s:[o]}", "issuing", canon_base64(part[AUTHORITY_ISSUING]), "root",
	    canon_base64(part[AUTHORITY_ROOT]), "tsu", canon_base64(part[AUTHORITY_TSU]), "seal",
	    canon_base64(part[AUTHORITY_SEAL]), "crls", canon_base64(authority_root_crl(core->authority)));
}

static json_t *
request_proof(const struct act *act)
{
	const struct request *r = &act->request;
	return canon_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "id", id_text("req", r->id).c, "title", r->title, "sender",
	    r->sender, "initiator", r->owner, "created_at", canon_time(r->made_at), "sent_at", canon_time(r->sent_at),
	    "deadline", canon_time(r->deadline_at));
}

static err_t
parts_json(struct worker *w, const struct act *act, json_t *documents, json_t *signatures)
{
	for (size_t i = 0; i < act->n; i++) {
		json_t *signature = NULL;
		TRY(signature_json(w, &act->parts[i], &signature));
		json_array_append_new(signatures, signature);
		json_array_append_new(documents, document_json(&act->parts[i]));
	}
	return OK;
}

err_t
proof_make(struct worker *w, const struct act *act, const struct audit_point *point, struct str statement,
    json_t **ret_proof)
{
	AUTO_SNAPSHOT(moment, w->reader);
	const struct core *core = w->core;
	AUTO_JSON(consent) = NULL;
	AUTO_JSON(audit) = NULL;
	AUTO_JSON(registration) = NULL;
	AUTO_JSON(events) = NULL;
	AUTO_JSON(documents) = canon_pack("[]");
	AUTO_JSON(signatures) = canon_pack("[]");
	TRY(activation_consent_json(w->reader, act->activation.id, &consent));
	TRY(audit_proof(w, (uint64_t)act->result_leaf, point, &audit));
	TRY(registration_record(w->reader, &act->registration, &registration));
	TRY(request_events_json(w->reader, act->request.id, &events));
	TRY(parts_json(w, act, documents, signatures));
	json_object_set_new(audit, "log_public_key", canon_base64(core->authority->part[AUTHORITY_LOG_SPKI]));
	*ret_proof = canon_pack("{s:s, s:s, s:o, s:{s:s, s:s, s:s, s:b}, s:o, s:{s:s, s:s, s:O}, s:O, s:O, s:O, s:O, s:o, s:O, s:o,"
	    " s:o}", "format", "paraph-proof-v1", "id", id_text("prf", act->id).c, "made_at", canon_time(clock_now()),
	    "provider", "name", core->set.provider, "instance", core->set.name, "site", core->set.site_url, "demo",
	    core->set.demo, "request", request_proof(act), "signer", "id", id_text("sgr", act->signer.id).c, "key",
	    act->signer.label, "registration", registration, "documents", documents, "consent", consent, "events",
	    json_object_get(events, "data"), "signatures", signatures, "activation", activation_proof(act), "audit", audit,
	    "chain", chain_json(core), "statement", canon_str(statement));
	return OK;
}
