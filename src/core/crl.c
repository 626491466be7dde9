#include "core/crl.h"

#include "base/fault.h"
#include "core/ask.h"
#include "core/audit.h"
#include "core/issued.h"
#include "core/pack.h"
#include "os/clock.h"
#include "os/file.h"
#include "published/published_write.h"

enum { ENTRY_LEN = 29, CRL_MAX = 32 * 1024 * 1024 };

struct make {
	struct core *core;
	struct id intent;
	int64_t number, this_update, next_update;
	uint64_t entries;
	struct bytes der;
	uint8_t sha256[DIGEST_SHA256_LEN];
};

static err_t
begin(struct store_tx *tx, void *arg)
{
	struct make *m = arg;
	AUTO_QUERY(number, tx, SQL_CRL_NUMBER);
	m->number = query_next(&number) ? query_get_int(&number, 0) : 1;
	TRY(query_end(&number));
	AUTO_QUERY(q, tx, SQL_CRL_PUT);
	query_int(&q, m->number);
	query_bytes(&q, id_bytes(&m->intent));
	query_int(&q, m->this_update);
	query_int(&q, m->next_update);
	query_int(&q, (int64_t)m->entries);
	TRY(query_run(&q));
	return audit_put(m->core, tx, "crl.intent", "system", canon_pack("{s:I, s:I, s:s}", "number",
	    (json_int_t)m->number, "entries", (json_int_t)m->entries, "intent", id_text("int", m->intent).c), NULL);
}

static err_t
end(struct store_tx *tx, void *arg)
{
	struct make *m = arg;
	AUTO_QUERY(q, tx, SQL_CRL_DONE);
	query_int(&q, m->number);
	query_bytes(&q, m->der);
	query_bytes(&q, BYTES_OF(m->sha256));
	TRY(query_run_one(&q));
	AUTO_QUERY(before, tx, SQL_CRL_REPLACED);
	query_int(&before, m->number);
	TRY(query_run(&before));
	return audit_put(m->core, tx, "crl.made", "system", canon_pack("{s:I, s:o}", "number", (json_int_t)m->number,
	    "sha256", canon_hex(BYTES_OF(m->sha256))), NULL);
}

/* serial, time and reason of every revocation. */
static err_t
entries_write(struct worker *w, int fd, uint64_t *ret_n)
{
	uint64_t n = 0;
	err_t e = OK;
	AUTO_BUF(b, 64 * 1024);
	AUTO_QUERY(q, w->reader, SQL_REVOCATION_ALL);
	while (!err_is(e) && query_next(&q)) {
		buf_put(&b, query_get_bytes(&q, 0));
		buf_put_u64(&b, (uint64_t)query_get_int(&q, 1));
		buf_put_byte(&b, (uint8_t)query_get_int(&q, 2));
		n++;
		if (b.n > b.cap - ENTRY_LEN) {
			e = file_write(fd, buf_bytes(&b));
			buf_reset(&b);
		}
	}
	TRY(query_end(&q));
	TRY(e);
	*ret_n = n;
	return file_write(fd, buf_bytes(&b));
}

static err_t
sign(struct core *core, const struct make *m, int entries_fd, int out_fd)
{
	AUTO_KEYS(ask);
	AUTO_KEYS(answer);
	paraph_CrlSign *c = &ask->body.crl_sign;
	ask->which_body = paraph_Keys_crl_sign_tag;
	TRY(PACK_BYTES(c->intent, id_bytes(&m->intent)));
	c->number = (uint64_t)m->number;
	c->entries = m->entries;
	c->this_update = m->this_update;
	c->next_update = m->next_update;
	const int fds[] = {entries_fd, out_fd};
	return ask_keys(core, ask, fds, 2, paraph_Keys_crl_signed_tag, answer);
}

static err_t
make(struct worker *w, int64_t life_us)
{
	struct make m = {.core = w->core, .intent = id_make(clock_now()), .this_update = time_floor(clock_now())};
	AUTO_BLOB(entries);
	AUTO_BLOB(out);
	AUTO_BUF(der, CRL_MAX);
	m.next_update = m.this_update + life_us;
	TRY(blob_new(w->core->blobs, &entries));
	TRY(blob_scratch(&out));
	TRY(entries_write(w, entries.fd, &m.entries));
	AUTO_FD(entries_fd) = -1;
	TRY(blob_new_read(&entries, &entries_fd));
	TRY(store_write(w->core->store, begin, &m));
	FAULT_POINT("core.crl.intent");
	TRY(sign(w->core, &m, entries_fd, out.fd));
	TRY(blob_digest(out.fd, m.sha256, &(uint64_t){0}));
	if (lseek(out.fd, 0, SEEK_SET) < 0)
		return err_errno("crl");
	TRY(file_read(out.fd, &der));
	m.der = buf_bytes(&der);
	TRY(store_write(w->core->store, end, &m));
	FAULT_POINT("core.crl.made");
	return OK;
}

err_t
crl_publish(struct worker *w)
{
	AUTO_BUF(der, CRL_MAX);
	AUTO_QUERY(q, w->reader, SQL_CRL_NEWEST);
	if (query_next(&q))
		buf_put(&der, query_get_bytes(&q, 1));
	TRY(query_end(&q));
	TRY(buf_check(&der));
	return der.n == 0 ? OK : published_write_file(w->core->published, PUBLISHED_CRL, STR("issuing"), buf_bytes(&der));
}

/* What was revoked since the newest list was begun, told by the database alone: no crash forgets it. Whoever revoked may have
 * died before the status was published, or found no room for it: it is published here again. */
static err_t
missing(struct worker *w, int64_t listed, size_t *ret_n)
{
	size_t n = 0;
	err_t e = OK;
	AUTO_QUERY(q, w->reader, SQL_REVOCATION_AFTER);
	query_int(&q, listed);
	while (!err_is(e) && query_next(&q)) {
		e = issued_publish(w, query_get_bytes(&q, 0));
		n++;
	}
	TRY(query_end(&q));
	TRY(e);
	*ret_n = n;
	return OK;
}

err_t
crl_keep(struct worker *w, int64_t every_us, int64_t life_us)
{
	int64_t newest = 0, listed = 0;
	size_t unlisted;
	AUTO_QUERY(q, w->reader, SQL_CRL_NEWEST);
	if (query_next(&q)) {
		newest = query_get_int(&q, 0);
		listed = query_get_int(&q, 2);
	}
	TRY(query_end(&q));
	TRY(missing(w, listed, &unlisted));
	if (unlisted == 0 && clock_now() - newest < every_us)
		return OK;
	TRY(make(w, life_us));
	return crl_publish(w);
}
