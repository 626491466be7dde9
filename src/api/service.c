#include "api/service.h"

#include "base/base64.h"
#include "core/act.h"
#include "core/audit.h"
#include "core/authority.h"
#include "core/health.h"
#include "core/issued.h"
#include "core/sign.h"
#include "fcgi/fcgi_text.h"
#include "os/clock.h"

err_t
service_health(struct call *c)
{
	struct core *core = c->worker->core;
	struct audit_point point;
	struct health h;
	health_get(core, &h);
	bool point_known = !err_is(audit_newest(c->worker, &point));
	bool list = !err_is(sign_list_check(core));
	bool good = h.keys && h.status && h.courier && h.document && list;
	call_json(c, good ? 200 : 503, canon_pack("{s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:o, s:o}", "status", good ? "ok" : "degraded",
	    "demo", core->set.demo, "keys", h.keys, "stamps_and_status", h.status, "courier", h.courier, "document", h.document,
	    "root_list", list, "checkpoint_at", point_known ? canon_time(point.head.at) : json_null(), "now", canon_time(clock_now())));
	return OK;
}

err_t
service_checkpoint(struct call *c)
{
	struct audit_point point;
	TRY(audit_newest(c->worker, &point));
	json_t *answer = audit_point_json(&point);
	json_object_set_new(answer, "log_public_key", canon_base64(c->worker->core->authority->part[AUTHORITY_LOG_SPKI]));
	call_json(c, 200, answer);
	return OK;
}

/* ---- leaves of the log ------------------------------------------------------------------------------------------------- */

/* What the service tells of itself is everybody's. */
static bool
is_own_matter(const char *event)
{
	static const char *const starts[] = {"log.", "core.", "journal.", "checkpoint.", "crl.", "responder.", "authority."};
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		if (strncmp(event, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

static const char *
member(const json_t *leaf, const char *name)
{
	const char *text = json_string_value(json_object_get(leaf, name));
	return text == NULL ? "" : text;
}

static bool
is_owners(struct call *c, const json_t *leaf)
{
	struct store_tx *reader = c->worker->reader;
	struct request request;
	struct signer signer;
	struct id id;
	uint8_t serial[ISSUED_SERIAL_LEN];
	char owner[ACCOUNT_ID_MAX] = "";
	if (!err_is(id_read("req", str_c(member(leaf, "request")), &id)))
		return !err_is(request_get_of(reader, id, str_c(c->account.id), &request));
	if (!err_is(id_read("sgr", str_c(member(leaf, "signer")), &id)))
		return !err_is(signer_get(reader, id, &signer)) &&
		       !err_is(request_get_of(reader, signer.request, str_c(c->account.id), &request));
	if (!err_is(id_read("sig", str_c(member(leaf, "act")), &id)))
		err_ignore(act_owner(reader, id, owner, sizeof owner)); /* nobody's then */
	else if (!err_is(bytes_unhex(str_c(member(leaf, "serial")), ISSUED_SERIAL_LEN, serial)))
		err_ignore(issued_owner(reader, BYTES_OF(serial), &id, owner, sizeof owner));
	return owner[0] != '\0' && strcmp(owner, c->account.id) == 0;
}

/* A leaf names a request, digests of its documents, certificates: who did not make it is not told that it exists. */
static err_t
leaf_concerns(struct call *c, const json_t *proof)
{
	AUTO_JSON(leaf) = NULL;
	const char *text = member(proof, "leaf");
	TRY(canon_read(bytes(text, strlen(text)), &leaf));
	if ((c->account.roles & ACCOUNT_REVOCATION) != 0 || is_own_matter(member(leaf, "event")) ||
	    strcmp(member(leaf, "actor"), c->account.actor) == 0 || is_owners(c, leaf))
		return OK;
	return err_make(ERR_NOT_FOUND, "there is no such leaf");
}

err_t
service_audit_proof(struct call *c)
{
	struct audit_point point;
	uint64_t leaf;
	json_t *answer = NULL;
	AUTO_BUF(text, 32);
	if (err_is(fcgi_text_query(c->request->query, "leaf", &text)) ||
	    err_is(str_u64((struct str){(const char *)text.p, text.n}, INT64_MAX, &leaf)))
		return err_make(ERR_QUERY, "leaf must be the number of a leaf");
	TRY(audit_newest(c->worker, &point));
	if (leaf >= point.head.size)
		return err_make(ERR_NOT_FOUND, "there is no such leaf");
	TRY(audit_proof(c->worker, leaf, &point, &answer));
	err_t e = leaf_concerns(c, answer);
	if (err_is(e)) {
		json_decref(answer);
		return e;
	}
	call_json(c, 200, answer);
	return OK;
}

err_t
service_root(struct call *c)
{
	AUTO_BUF(pem, 16 * 1024);
	base64_write_pem(&pem, "CERTIFICATE", c->worker->core->authority->part[AUTHORITY_ROOT]);
	c->answer = fcgi_answer_init(200);
	fcgi_answer_header(&c->answer, "Cache-Control", STR("public, max-age=3600"));
	fcgi_answer_body(&c->answer, "application/x-pem-file", buf_bytes(&pem));
	return OK;
}
