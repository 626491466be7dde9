/*
 * The audit log: one leaf for each event, in the same transaction as what it tells of. Leaves are canonical JSON; personal
 * data stands in them only as commitments with a salt for each person, so that erasing the salt erases the person and the
 * log still verifies. The leaves are a Merkle tree whose head keys:issuing signs. Owns audit_leaf, audit_node, audit_salt
 * and checkpoint. audit_put runs on the writer's thread; everything else on any.
 */
#ifndef PARAPH_CORE_AUDIT_H
#define PARAPH_CORE_AUDIT_H

#include "core/canon.h"
#include "core/core.h"
#include "tlog/checkpoint.h"

struct audit *audit_new(void);
void audit_free(struct audit *a); /* accepts NULL */

/* Adds a leaf {"at","actor","event",…data}. data is taken (may be NULL). *ret_n (may be NULL) is its index. */
err_t audit_put(struct core *core, struct store_tx *tx, const char *event, const char *actor, json_t *data,
    int64_t *ret_n);

/* Hex of SHA-256(salt of the subject, value): stands in a leaf for a value that is personal data. */
err_t audit_commitment(struct store_tx *tx, struct id subject, struct bytes value, json_t **ret_hex);

struct audit_point {
	struct checkpoint head; /* origin is the instance's name */
	struct bytes signature; /* DER ECDSA-Sig-Value over the text of the head */
	struct bytes key_id;
	uint8_t room[256];
};

/* A signed checkpoint of at least size leaves; callers that come at the same time share one. */
err_t audit_checkpoint(struct worker *w, uint64_t size, struct audit_point *ret_point);
/* The newest one; ERR_NOT_FOUND before the first. */
err_t audit_newest(struct worker *w, struct audit_point *ret_point);
/* Leaves so far. */
err_t audit_size(struct store_tx *tx, uint64_t *ret_size);
/* Time-stamps the newest checkpoint when it has no stamp yet; the log tells of the token. */
err_t audit_stamp(struct worker *w);

/* The leaf, its path to the head of the point, and the checkpoint, as JSON for proofs and the API. */
err_t audit_proof(struct worker *w, uint64_t leaf, const struct audit_point *point, json_t **ret_proof);
json_t *audit_point_json(const struct audit_point *point);

#endif
