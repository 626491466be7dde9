/* The documents of a request and their released revisions. Owns document and revision. */
#ifndef PARAPH_CORE_DOCUMENT_H
#define PARAPH_CORE_DOCUMENT_H

#include "base/limits.h"
#include "core/canon.h"
#include "core/core.h"

struct document {
	struct id id, request, file;
	int place;
	char title[256];
	struct blob_name original, revision0, plan;
	uint8_t original_sha256[DIGEST_SHA256_LEN], revision0_sha256[DIGEST_SHA256_LEN], plan_sha256[DIGEST_SHA256_LEN];
	uint8_t plan_mac[DIGEST_SHA256_LEN]; /* all zero: prepared before plans were attested */
	uint64_t original_length, revision0_length;
	uint32_t pages;
	int64_t made_at;
};

err_t document_put(struct store_tx *tx, const struct document *d);
err_t document_get(struct store_tx *tx, struct id id, struct document *ret_document);
err_t document_list(struct store_tx *tx, struct id request, struct document ret_documents[LIMIT_DOCUMENTS], size_t *ret_n);

/* A revision that a signature made; record is the paraph_RevisionRecord of keys, encoded. */
struct document_revision {
	struct id document, act, intent;
	struct blob_name blob;
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint64_t length;
	int64_t made_at, released_at; /* 0: not released */
	paraph_RevisionRecord record;
};

/* evidence: tokens and answers that the proof will hold. */
err_t document_revision_put(struct store_tx *tx, const struct document_revision *r, const json_t *evidence);
err_t document_revision_evidence(struct store_tx *tx, struct id intent, json_t **ret_evidence);
/* The transition: every revision of the act becomes what the world sees. */
err_t document_revision_release(struct store_tx *tx, struct id act, int64_t now);
/* The newest released one; ERR_NOT_FOUND when nobody has signed yet. */
err_t document_revision_newest(struct store_tx *tx, struct id document, struct document_revision *ret_revision);
/* The one that an intent made, released or not. */
err_t document_revision_of(struct store_tx *tx, struct id intent, struct document_revision *ret_revision);

#endif
