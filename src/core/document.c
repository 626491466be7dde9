#include "core/document.h"

#include <pb_decode.h>
#include <pb_encode.h>

#include "os/clock.h"

#define NAME(field, s) snprintf((field).text, sizeof(field).text, "%.*s", STR_ARG(s))

static void
digest_from(uint8_t ret[DIGEST_SHA256_LEN], struct bytes b)
{
	if (b.n == DIGEST_SHA256_LEN)
		memcpy(ret, b.p, DIGEST_SHA256_LEN);
}

err_t
document_put(struct store_tx *tx, const struct document *d)
{
	AUTO_QUERY(q, tx, SQL_DOCUMENT_PUT);
	query_bytes(&q, id_bytes(&d->id));
	query_bytes(&q, id_bytes(&d->request));
	query_int(&q, d->place);
	query_text(&q, str_c(d->title));
	query_bytes(&q, id_bytes(&d->file));
	query_text(&q, str_c(d->original.text));
	query_bytes(&q, BYTES_OF(d->original_sha256));
	query_int(&q, (int64_t)d->original_length);
	query_int(&q, d->pages);
	query_text(&q, str_c(d->revision0.text));
	query_bytes(&q, BYTES_OF(d->revision0_sha256));
	query_int(&q, (int64_t)d->revision0_length);
	query_text(&q, str_c(d->plan.text));
	query_bytes(&q, BYTES_OF(d->plan_sha256));
	query_int(&q, d->made_at);
	query_bytes(&q, BYTES_OF(d->plan_mac));
	return query_run(&q);
}

static void
row(struct query *q, struct document *d)
{
	*d = (struct document){.id = id_from(query_get_bytes(q, 0)), .request = id_from(query_get_bytes(q, 1)),
	    .place = (int)query_get_int(q, 2), .file = id_from(query_get_bytes(q, 4)),
	    .original_length = (uint64_t)query_get_int(q, 7), .pages = (uint32_t)query_get_int(q, 8),
	    .revision0_length = (uint64_t)query_get_int(q, 11), .made_at = query_get_int(q, 14)};
	snprintf(d->title, sizeof d->title, "%.*s", STR_ARG(query_get_text(q, 3)));
	NAME(d->original, query_get_text(q, 5));
	NAME(d->revision0, query_get_text(q, 9));
	NAME(d->plan, query_get_text(q, 12));
	digest_from(d->original_sha256, query_get_bytes(q, 6));
	digest_from(d->revision0_sha256, query_get_bytes(q, 10));
	digest_from(d->plan_sha256, query_get_bytes(q, 13));
	digest_from(d->plan_mac, query_get_bytes(q, 15));
}

err_t
document_get(struct store_tx *tx, struct id id, struct document *ret_document)
{
	bool found = false;
	AUTO_QUERY(q, tx, SQL_DOCUMENT_GET);
	query_bytes(&q, id_bytes(&id));
	if (query_next(&q)) {
		found = true;
		row(&q, ret_document);
	}
	TRY(query_end(&q));
	return found ? OK : err_make(ERR_NOT_FOUND, "there is no document %s", id_text("doc", id).c);
}

err_t
document_list(struct store_tx *tx, struct id request, struct document ret_documents[LIMIT_DOCUMENTS], size_t *ret_n)
{
	size_t n = 0;
	AUTO_QUERY(q, tx, SQL_DOCUMENT_LIST);
	query_bytes(&q, id_bytes(&request));
	while (n < LIMIT_DOCUMENTS && query_next(&q))
		row(&q, &ret_documents[n++]);
	TRY(query_end(&q));
	*ret_n = n;
	return OK;
}

err_t
document_revision_put(struct store_tx *tx, const struct document_revision *r, const json_t *evidence)
{
	uint8_t record[paraph_RevisionRecord_size];
	pb_ostream_t out = pb_ostream_from_buffer(record, sizeof record);
	if (!pb_encode(&out, paraph_RevisionRecord_fields, &r->record))
		return err_make(ERR_WIRE, "revision record: %s", PB_GET_ERROR(&out));
	AUTO_BUF(text, 64 * 1024);
	TRY(canon_write(evidence, &text));
	AUTO_QUERY(q, tx, SQL_REVISION_PUT);
	query_bytes(&q, id_bytes(&r->document));
	query_bytes(&q, id_bytes(&r->act));
	query_bytes(&q, id_bytes(&r->intent));
	query_text(&q, str_c(r->blob.text));
	query_bytes(&q, BYTES_OF(r->sha256));
	query_int(&q, (int64_t)r->length);
	query_bytes(&q, bytes(record, out.bytes_written));
	query_text(&q, (struct str){(const char *)text.p, text.n});
	query_int(&q, r->made_at);
	return query_run(&q);
}

err_t
document_revision_release(struct store_tx *tx, struct id act, int64_t now)
{
	AUTO_QUERY(q, tx, SQL_REVISION_RELEASE);
	query_bytes(&q, id_bytes(&act));
	query_int(&q, now);
	return query_run(&q);
}

static err_t
revision_row(struct query *q, struct document_revision *r)
{
	struct bytes record = query_get_bytes(q, 6);
	*r = (struct document_revision){.document = id_from(query_get_bytes(q, 0)), .act = id_from(query_get_bytes(q, 1)),
	    .intent = id_from(query_get_bytes(q, 2)), .length = (uint64_t)query_get_int(q, 5),
	    .made_at = query_get_int(q, 7), .released_at = query_get_int(q, 8)};
	NAME(r->blob, query_get_text(q, 3));
	digest_from(r->sha256, query_get_bytes(q, 4));
	pb_istream_t in = pb_istream_from_buffer(record.p, record.n);
	if (!pb_decode(&in, paraph_RevisionRecord_fields, &r->record))
		return err_make(ERR_STORE, "revision record: %s", PB_GET_ERROR(&in));
	return OK;
}

static err_t
revision_one(struct store_tx *tx, enum query_sql sql, struct id id, struct document_revision *ret_revision)
{
	err_t e = OK;
	bool found = false;
	AUTO_QUERY(q, tx, sql);
	query_bytes(&q, id_bytes(&id));
	if (query_next(&q)) {
		found = true;
		e = revision_row(&q, ret_revision);
	}
	TRY(query_end(&q));
	return found ? e : err_make(ERR_NOT_FOUND, "there is no such revision");
}

err_t
document_revision_newest(struct store_tx *tx, struct id document, struct document_revision *ret_revision)
{
	return revision_one(tx, SQL_REVISION_NEWEST, document, ret_revision);
}

err_t
document_revision_of(struct store_tx *tx, struct id intent, struct document_revision *ret_revision)
{
	return revision_one(tx, SQL_REVISION_OF, intent, ret_revision);
}

err_t
document_revision_evidence(struct store_tx *tx, struct id intent, json_t **ret_evidence)
{
	err_t e = err_make(ERR_NOT_FOUND, "there is no such revision");
	AUTO_QUERY(q, tx, SQL_REVISION_EVIDENCE);
	query_bytes(&q, id_bytes(&intent));
	if (query_next(&q))
		e = canon_read(str_bytes(query_get_text(&q, 0)), ret_evidence);
	err_t ended = query_end(&q);
	return err_is(ended) ? ended : e;
}
