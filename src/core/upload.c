#include "core/upload.h"

#include "base/fault.h"
#include "core/audit.h"
#include "core/prepare.h"
#include "os/clock.h"
#include "os/file.h"

enum { PURGE_AT_ONCE = 256 };

struct upload {
	struct blob_new blob;
	struct digest *digest;
	uint64_t length;
};

err_t
upload_begin(struct core *core, struct upload **ret_upload)
{
	struct upload *u = calloc(1, sizeof *u);
	if (u == NULL)
		abort();
	u->blob.fd = -1;
	u->digest = digest_new(DIGEST_SHA256);
	err_t e = blob_new(core->blobs, &u->blob);
	if (err_is(e)) {
		upload_drop(u);
		return e;
	}
	*ret_upload = u;
	return OK;
}

err_t
upload_add(struct upload *u, struct bytes piece)
{
	TRY(file_write(u->blob.fd, piece));
	digest_add(u->digest, piece);
	u->length += piece.n;
	return OK;
}

void
upload_sha256(const struct upload *u, uint8_t ret_sha256[DIGEST_SHA256_LEN])
{
	digest_peek(u->digest, ret_sha256);
}

void
upload_drop(struct upload *u)
{
	if (u == NULL)
		return;
	blob_drop(&u->blob);
	digest_free(u->digest);
	free(u);
}

struct put {
	struct core *core;
	const struct account *by;
	const struct idempotency *idem;
	const struct upload *u;
	struct id id;
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint32_t pages;
	json_t *answer;
};

static err_t
put(struct store_tx *tx, void *arg)
{
	struct put *p = arg;
	AUTO_BUF(facts, 64 * 1024);
	TRY(canon_write(p->answer, &facts));
	AUTO_QUERY(q, tx, SQL_FILE_PUT);
	query_bytes(&q, id_bytes(&p->id));
	query_text(&q, str_c(p->by->id));
	query_text(&q, str_c(p->u->blob.name.text));
	query_bytes(&q, BYTES_OF(p->sha256));
	query_int(&q, (int64_t)p->u->length);
	query_int(&q, p->pages);
	query_text(&q, (struct str){(const char *)facts.p, facts.n});
	query_int(&q, clock_now());
	TRY(query_run(&q));
	TRY(audit_put(p->core, tx, "file.received", p->by->actor, canon_pack("{s:s, s:o, s:I}", "file",
	    id_text("file", p->id).c, "sha256", canon_hex(BYTES_OF(p->sha256)), "length", (json_int_t)p->u->length), NULL));
	return idempotency_put(tx, p->idem, 201, p->answer);
}

static json_t *
answer_json(const struct put *p, const struct prepare_facts *f)
{
	json_t *j = canon_pack("{s:s, s:o, s:I, s:i, s:f, s:f, s:i, s:i, s:[]}", "id", id_text("file", p->id).c, "sha256",
	    canon_hex(BYTES_OF(p->sha256)), "length", (json_int_t)p->u->length, "pages", (int)f->pages, "page_width",
	    f->page_width, "page_height", f->page_height, "revisions", (int)f->revisions, "signatures", (int)f->signatures,
	    "findings");
	for (size_t i = 0; i < f->findings_n; i++)
		json_array_append_new(json_object_get(j, "findings"), canon_str(str_c(f->findings[i])));
	return j;
}

err_t
upload_finish(struct worker *w, struct upload *u, const struct account *by, const struct idempotency *idem,
    json_t **ret_answer)
{
	struct put p = {.core = w->core, .by = by, .idem = idem, .u = u, .id = id_make(clock_now())};
	struct prepare_facts facts = {0};
	if (u->length == 0)
		return err_make(ERR_PDF_EMPTY, "the body has no octets");
	digest_peek(u->digest, p.sha256);
	AUTO_FD(original) = -1;
	TRY(blob_new_read(&u->blob, &original));
	TRY(prepare_inspect(w->core, original, &facts));
	p.pages = facts.pages;
	TRY(blob_keep(&u->blob));
	FAULT_POINT("core.upload.blob");
	AUTO_JSON(answer) = p.answer = answer_json(&p, &facts);
	err_t e = store_write(w->core->store, put, &p);
	FAULT_POINT("core.upload");
	if (err_is(e) && e.code != ERR_COMMIT_UNKNOWN)
		err_ignore(blob_remove(w->core->blobs, str_c(u->blob.name.text))); /* housekeeping finds what is left */
	TRY(e);
	*ret_answer = json_incref(answer);
	return OK;
}

err_t
upload_get(struct store_tx *reader, struct id id, struct str owner, struct upload_file *ret_file)
{
	struct upload_file f = {.id = id};
	bool found = false;
	AUTO_QUERY(q, reader, SQL_FILE_GET);
	query_bytes(&q, id_bytes(&id));
	query_text(&q, owner);
	if (query_next(&q)) {
		found = true;
		snprintf(f.blob.text, sizeof f.blob.text, "%.*s", STR_ARG(query_get_text(&q, 0)));
		memcpy(f.sha256, query_get_bytes(&q, 1).p, sizeof f.sha256);
		f.length = (uint64_t)query_get_int(&q, 2);
		f.pages = (uint32_t)query_get_int(&q, 3);
	}
	TRY(query_end(&q));
	if (!found)
		return err_make(ERR_NOT_FOUND, "there is no file %s", id_text("file", id).c);
	*ret_file = f;
	return OK;
}

err_t
upload_json(struct store_tx *reader, struct id id, struct str owner, json_t **ret_answer)
{
	err_t e = err_make(ERR_NOT_FOUND, "there is no file %s", id_text("file", id).c);
	AUTO_QUERY(q, reader, SQL_FILE_GET);
	query_bytes(&q, id_bytes(&id));
	query_text(&q, owner);
	if (query_next(&q))
		e = canon_read(str_bytes(query_get_text(&q, 4)), ret_answer);
	err_t ended = query_end(&q);
	return err_is(ended) ? ended : e;
}

/* ---- the end of what nobody used -------------------------------------------------------------------------------------- */

struct purge {
	int64_t rows[PURGE_AT_ONCE];
	size_t n;
};

static err_t
purge(struct store_tx *tx, void *arg)
{
	const struct purge *p = arg;
	for (size_t i = 0; i < p->n; i++) {
		AUTO_QUERY(q, tx, SQL_FILE_PURGE);
		query_int(&q, p->rows[i]);
		TRY(query_run(&q));
	}
	return OK;
}

err_t
upload_purge(struct worker *w, int64_t before, int64_t *place)
{
	struct purge p = {.n = 0};
	int64_t last = *place;
	AUTO_QUERY(q, w->reader, SQL_FILE_AFTER);
	query_int(&q, *place);
	query_int(&q, PURGE_AT_ONCE);
	while (query_next(&q) && query_get_int(&q, 1) < before && p.n < PURGE_AT_ONCE) { /* the first that is too young ends it */
		last = query_get_int(&q, 0);
		if (query_get_int(&q, 2) == 0)
			p.rows[p.n++] = last;
	}
	TRY(query_end(&q));
	if (p.n > 0)
		TRY(store_write(w->core->store, purge, &p));
	*place = last;
	return OK;
}
