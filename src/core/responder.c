#include "core/responder.h"

#include "base/fault.h"
#include "base/rand.h"
#include "core/ask.h"
#include "core/audit.h"
#include "core/authority.h"
#include "core/pack.h"
#include "os/clock.h"
#include "published/published_write.h"

enum { SERIAL_LEN = 20, DER_MAX = 4096 };

struct make {
	struct core *core;
	struct id intent;
	uint8_t serial[SERIAL_LEN];
	struct bytes der;
};

static err_t
begin(struct store_tx *tx, void *arg)
{
	struct make *m = arg;
	AUTO_QUERY(q, tx, SQL_RESPONDER_PUT);
	query_bytes(&q, id_bytes(&m->intent));
	query_bytes(&q, BYTES_OF(m->serial));
	query_int(&q, clock_now());
	TRY(query_run(&q));
	return audit_put(m->core, tx, "responder.intent", "system", canon_pack("{s:o, s:s}", "serial",
	    canon_hex(BYTES_OF(m->serial)), "intent", id_text("int", m->intent).c), NULL);
}

static err_t
end(struct store_tx *tx, void *arg)
{
	struct make *m = arg;
	uint8_t sha256[DIGEST_SHA256_LEN];
	AUTO_QUERY(q, tx, SQL_RESPONDER_DONE);
	query_bytes(&q, id_bytes(&m->intent));
	query_bytes(&q, m->der);
	TRY(query_run_one(&q));
	digest_sha256(m->der, sha256);
	return audit_put(m->core, tx, "responder.made", "system", canon_pack("{s:o, s:o}", "serial",
	    canon_hex(BYTES_OF(m->serial)), "sha256", canon_hex(BYTES_OF(sha256))), NULL);
}

static err_t
make(struct worker *w)
{
	struct make m = {.core = w->core, .intent = id_make(clock_now())};
	AUTO_KEYS(ask);
	AUTO_KEYS(answer);
	paraph_OcspCertificateSign *s = &ask->body.ocsp_certificate_sign;
	rand_serial(m.serial);
	TRY(store_write(w->core->store, begin, &m));
	FAULT_POINT("core.responder.intent");
	ask->which_body = paraph_Keys_ocsp_certificate_sign_tag;
	TRY(PACK_BYTES(s->intent, id_bytes(&m.intent)));
	TRY(PACK_BYTES(s->serial, BYTES_OF(m.serial)));
	TRY(PACK_BYTES(s->spki, w->core->authority->part[AUTHORITY_OCSP_SPKI]));
	TRY(ask_keys(w->core, ask, NULL, 0, paraph_Keys_certificate_signed_tag, answer));
	m.der = PACKED(answer->body.certificate_signed.certificate);
	TRY(store_write(w->core->store, end, &m));
	FAULT_POINT("core.responder.made");
	return OK;
}

err_t
responder_publish(struct worker *w)
{
	AUTO_BUF(der, DER_MAX);
	AUTO_QUERY(q, w->reader, SQL_RESPONDER_NEWEST);
	if (query_next(&q))
		buf_put(&der, query_get_bytes(&q, 1));
	TRY(query_end(&q));
	TRY(buf_check(&der));
	return der.n == 0 ? OK
	                  : published_write_file(w->core->published, PUBLISHED_OCSP_CERTIFICATE, STR("issuing"), buf_bytes(&der));
}

err_t
responder_keep(struct worker *w, int64_t every_us)
{
	int64_t newest = 0;
	AUTO_QUERY(q, w->reader, SQL_RESPONDER_NEWEST);
	if (query_next(&q))
		newest = query_get_int(&q, 0);
	TRY(query_end(&q));
	if (clock_now() - newest < every_us / 2)
		return OK;
	TRY(make(w));
	return responder_publish(w);
}
