/* Uploaded files: the body streams to a blob and through SHA-256 at the same time, then a document child inspects it. What breaks
 * off or is refused leaves nothing. Owns file. upload_begin to upload_drop belong to one thread at a time. */
#ifndef PARAPH_CORE_UPLOAD_H
#define PARAPH_CORE_UPLOAD_H

#include "core/account.h"
#include "core/idempotency.h"

struct upload;

err_t upload_begin(struct core *core, struct upload **ret_upload);
err_t upload_add(struct upload *u, struct bytes piece);
/* The digest of what has come so far, which stands for the body in idempotency. */
void upload_sha256(const struct upload *u, uint8_t ret_sha256[DIGEST_SHA256_LEN]);
/* Inspects and stores; the answer is {id, sha256, length, pages, page_width, page_height, revisions, signatures, findings}. */
err_t upload_finish(struct worker *w, struct upload *u, const struct account *by, const struct idempotency *idem,
    json_t **ret_answer);
/* Accepts NULL. What was not finished is removed. */
void upload_drop(struct upload *u);

struct upload_file {
	struct id id;
	struct blob_name blob;
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint64_t length;
	uint32_t pages;
};

/* ERR_NOT_FOUND unless owner uploaded it. */
err_t upload_get(struct store_tx *reader, struct id id, struct str owner, struct upload_file *ret_file);
err_t upload_json(struct store_tx *reader, struct id id, struct str owner, json_t **ret_answer);

/* Removes files that came before then and that no document was made of; housekeeping finds their blobs. Looks at some of them, from
 * behind *place on (0: all), which moves on: what was used once stays. */
err_t upload_purge(struct worker *w, int64_t before, int64_t *place);

#endif
