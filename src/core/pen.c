#include "core/pen.h"

#include "base/fault.h"
#include "core/ask.h"
#include "core/authority.h"
#include "core/pack.h"
#include "os/clock.h"
#include "os/file.h"

/* ---- the signature ---------------------------------------------------------------------------------------------------- */

static err_t
begin_pack(const struct act *act, size_t place, paraph_SignBegin *m)
{
	const struct act_part *p = &act->parts[place];
	TRY(PACK_BYTES(m->intent, id_bytes(&p->intent)));
	TRY(PACK_BYTES(m->activation, id_bytes(&act->activation.id)));
	m->document = (uint32_t)place;
	TRY(PACK_BYTES(m->serial, BYTES_OF(p->serial)));
	m->has_subject = true;
	TRY(registration_pack_subject(&act->registration, &m->subject));
	TRY(PACK_BYTES(m->registration_digest, BYTES_OF(act->registration.digest)));
	m->stamp_field = p->field.stamp;
	m->has_base = p->has_base;
	if (p->has_base)
		m->base = p->base.record;
	return OK;
}

static err_t
answer_check(const struct act_part *p, const paraph_SignAnswer *a)
{
	if (!bytes_eq(PACKED(a->intent), id_bytes(&p->intent)) || a->certificate.size == 0 || a->signature.size == 0)
		return err_make(ERR_WIRE, "keys answered for another intent");
	return OK;
}

err_t
pen_sign(struct worker *w, struct act *act, size_t place, bool resume)
{
	struct act_part *p = &act->parts[place];
	AUTO_FD(base) = -1;
	AUTO_FD(plan) = -1;
	AUTO_KEYS(ask);
	AUTO_KEYS(answer);
	blob_drop(&p->increments);
	TRY(blob_get(w->core->blobs, str_c(p->has_base ? p->base.blob.text : p->document.revision0.text), &base));
	TRY(blob_get(w->core->blobs, str_c(p->document.plan.text), &plan));
	TRY(blob_scratch(&p->increments));
	ask->which_body = resume ? paraph_Keys_sign_resume_tag : paraph_Keys_sign_begin_tag;
	ask->body.sign_resume.has_begin = resume;
	TRY(begin_pack(act, place, resume ? &ask->body.sign_resume.begin : &ask->body.sign_begin));
	const int fds[] = {base, plan, p->increments.fd};
	TRY(ask_keys(w->core, ask, fds, 3, paraph_Keys_sign_answer_tag, answer));
	p->signed_ = answer->body.sign_answer;
	return answer_check(p, &p->signed_);
}

/* ---- stamp, DSS, document stamp --------------------------------------------------------------------------------------- */

static err_t
increment_ask(struct worker *w, struct act_part *p, paraph_Keys *ask, uint32_t which, uint8_t *ret_imprint)
{
	AUTO_KEYS(answer);
	TRY(ask_keys(w->core, ask, NULL, 0, paraph_Keys_increment_answer_tag, answer));
	const paraph_IncrementAnswer *a = &answer->body.increment_answer;
	if (a->which != which)
		return err_make(ERR_WIRE, "keys wrote another increment");
	p->record = a->record;
	if (ret_imprint != NULL) {
		if (a->stamp_imprint.size != DIGEST_SHA256_LEN)
			return err_make(ERR_WIRE, "no imprint for the document time-stamp");
		memcpy(ret_imprint, a->stamp_imprint.bytes, DIGEST_SHA256_LEN);
	}
	return OK;
}

static void
evidence_add(struct act_part *p, const char *name, struct bytes octets)
{
	if (p->evidence == NULL)
		p->evidence = canon_pack("{}");
	json_object_set_new(p->evidence, name, canon_base64(octets));
}

static err_t
stamp(struct worker *w, struct act_part *p)
{
	uint8_t imprint[DIGEST_SHA256_LEN];
	AUTO_STATUS(stamped);
	AUTO_KEYS(ask);
	digest_sha256(PACKED(p->signed_.signature), imprint);
	TRY(ask_stamp(w->core, imprint, stamped));
	FAULT_POINT("core.token");
	ask->which_body = paraph_Keys_stamp_put_tag;
	TRY(PACK_BYTES(ask->body.stamp_put.intent, id_bytes(&p->intent)));
	TRY(PACK_BYTES(ask->body.stamp_put.token, ask_token(stamped)));
	evidence_add(p, "signature_time_stamp", ask_token(stamped));
	TRY(increment_ask(w, p, ask, 1, NULL));
	FAULT_POINT("core.increment1");
	return OK;
}

/* An answer made after publication and before the certificate ends. */
static err_t
ocsp(struct worker *w, const struct act_part *p, paraph_Status *ret_answer)
{
	AUTO_STATUS(ask);
	ask->which_body = paraph_Status_ocsp_get_tag;
	TRY(PACK_BYTES(ask->body.ocsp_get.issuer_spki_sha256, BYTES_OF(w->core->authority->issuing_key_sha256)));
	TRY(PACK_BYTES(ask->body.ocsp_get.serial, BYTES_OF(p->serial)));
	return ask_status(w->core, ask, paraph_Status_ocsp_got_tag, ret_answer);
}

static err_t
dss_pack(const struct core *core, const struct act_part *p, struct bytes ocsp_response, paraph_DssPut *m)
{
	const struct bytes *part = core->authority->part;
	/* The signer's stands in the signature itself, always [EN 319 142-1 6.3]: a second time it would serve nobody. */
	const struct bytes certificates[] = {part[AUTHORITY_ISSUING], part[AUTHORITY_ROOT], part[AUTHORITY_TSU]};
	TRY(PACK_BYTES(m->intent, id_bytes(&p->intent)));
	m->certificates_count = sizeof certificates / sizeof *certificates;
	for (size_t i = 0; i < m->certificates_count; i++)
		TRY(PACK_BYTES(m->certificates[i], certificates[i]));
	m->ocsps_count = 1;
	TRY(PACK_BYTES(m->ocsps[0], ocsp_response));
	m->crls_count = 1;
	return PACK_BYTES(m->crls[0], authority_root_crl(core->authority));
}

static err_t
dss(struct worker *w, struct act_part *p, uint8_t ret_imprint[DIGEST_SHA256_LEN])
{
	AUTO_STATUS(got);
	AUTO_KEYS(ask);
	TRY(ocsp(w, p, got));
	struct bytes response = PACKED(got->body.ocsp_got.response);
	ask->which_body = paraph_Keys_dss_put_tag;
	TRY(dss_pack(w->core, p, response, &ask->body.dss_put));
	evidence_add(p, "ocsp", response);
	TRY(increment_ask(w, p, ask, 2, ret_imprint));
	FAULT_POINT("core.increment2");
	return OK;
}

static err_t
document_stamp(struct worker *w, struct act_part *p, const uint8_t imprint[DIGEST_SHA256_LEN])
{
	AUTO_STATUS(stamped);
	AUTO_KEYS(ask);
	TRY(ask_stamp(w->core, imprint, stamped));
	ask->which_body = paraph_Keys_doc_stamp_put_tag;
	TRY(PACK_BYTES(ask->body.doc_stamp_put.intent, id_bytes(&p->intent)));
	TRY(PACK_BYTES(ask->body.doc_stamp_put.token, ask_token(stamped)));
	evidence_add(p, "document_time_stamp", ask_token(stamped));
	TRY(increment_ask(w, p, ask, 3, NULL));
	FAULT_POINT("core.increment3");
	return OK;
}

err_t
pen_extend(struct worker *w, struct act_part *p)
{
	uint8_t imprint[DIGEST_SHA256_LEN];
	TRY(stamp(w, p));
	TRY(dss(w, p, imprint));
	return document_stamp(w, p, imprint);
}

/* ---- the finished file ------------------------------------------------------------------------------------------------ */

static uint64_t
base_length(const struct act_part *p)
{
	return p->has_base ? p->base.length : p->document.revision0_length;
}

static err_t
join(struct worker *w, struct act *act, struct act_part *p, struct blob_new *joined)
{
	struct document_revision *r = &p->revision;
	uint64_t increments = 0;
	AUTO_FD(base) = -1;
	TRY(blob_get(w->core->blobs, str_c(p->has_base ? p->base.blob.text : p->document.revision0.text), &base));
	TRY(file_size(p->increments.fd, &increments));
	TRY(blob_new(w->core->blobs, joined));
	TRY(file_copy(base, 0, base_length(p), joined->fd));
	TRY(file_copy(p->increments.fd, 0, increments, joined->fd));
	*r = (struct document_revision){.document = p->document.id, .act = act->id, .intent = p->intent, .blob = joined->name,
	    .made_at = clock_now(), .record = p->record};
	TRY(blob_digest(joined->fd, r->sha256, &r->length));
	if (r->length != p->record.length || !bytes_eq(PACKED(p->record.sha256), BYTES_OF(r->sha256)))
		return err_make(ERR_SIGNATURE_VOID, "the joined file is not the one that keys wrote");
	return OK;
}

static err_t
check_pack(const struct core *core, const struct act_part *p, paraph_Check *m)
{
	TRY(PACK_BYTES(m->revision0_sha256, BYTES_OF(p->document.revision0_sha256)));
	m->revision0_length = p->document.revision0_length;
	m->base_length = base_length(p);
	m->field = p->field.signature;
	m->stamp_field = p->field.stamp;
	TRY(PACK_BYTES(m->certificate, PACKED(p->signed_.certificate)));
	m->trusted_count = 1;
	TRY(PACK_BYTES(m->trusted[0], core->authority->part[AUTHORITY_ROOT]));
	TRY(PACK_BYTES(m->result_sha256, BYTES_OF(p->revision.sha256)));
	m->result_length = p->revision.length;
	m->published_at = p->published_at;
	m->now = clock_now();
	return OK;
}

static err_t
check(struct worker *w, struct act_part *p, const struct blob_new *joined)
{
	AUTO_FD(plan) = -1;
	AUTO_FD(file) = -1;
	AUTO_DOCUMENT(ask);
	AUTO_DOCUMENT(answer);
	TRY(blob_get(w->core->blobs, str_c(p->document.plan.text), &plan));
	TRY(blob_new_read(joined, &file));
	ask->which_body = paraph_Document_check_tag;
	TRY(check_pack(w->core, p, &ask->body.check));
	const int fds[] = {file, plan};
	TRY(ask_document(w->core, ask, fds, 2, paraph_Document_checked_tag, answer));
	const paraph_Checked *c = &answer->body.checked;
	json_object_set_new(p->evidence, "check", canon_pack("{s:o, s:o, s:i, s:o}", "stamped_at", canon_time(c->stamped_at),
	    "archived_at", canon_time(c->archived_at), "signatures", (int)c->signatures, "checked_at",
	    canon_time(clock_now())));
	FAULT_POINT("core.checked");
	return OK;
}

err_t
pen_finish(struct worker *w, struct act *act, struct act_part *p)
{
	AUTO_BLOB(joined);
	TRY(join(w, act, p, &joined));
	TRY(check(w, p, &joined));
	return blob_keep(&joined);
}

/* ---- settling --------------------------------------------------------------------------------------------------------- */

err_t
pen_ask(struct core *core, struct id intent, paraph_IntentAnswer *ret_answer)
{
	AUTO_KEYS(ask);
	AUTO_KEYS(answer);
	ask->which_body = paraph_Keys_intent_ask_tag;
	TRY(PACK_BYTES(ask->body.intent_ask.intent, id_bytes(&intent)));
	TRY(ask_keys(core, ask, NULL, 0, paraph_Keys_intent_answer_tag, answer));
	*ret_answer = answer->body.intent_answer;
	return OK;
}

err_t
pen_void(struct core *core, struct id intent, const char *reason)
{
	AUTO_KEYS(ask);
	ask->which_body = paraph_Keys_intent_void_tag;
	TRY(PACK_BYTES(ask->body.intent_void.intent, id_bytes(&intent)));
	TRY(PACK_TEXT(ask->body.intent_void.reason, ((struct str){reason, (size_t)canon_cut(reason, 200)})));
	err_t e = ask_keys_done(core, ask);
	return e.code == ERR_INTENT || e.code == ERR_INTENT_VOID ? OK : e;
}
