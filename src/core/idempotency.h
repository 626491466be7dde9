/*
 * The same request twice: the answer to a POST is stored under the caller's Idempotency-Key in the same transaction as its
 * effect, so a retry gets the first answer. While the first is under way a second is refused. Owns idempotency.
 */
#ifndef PARAPH_CORE_IDEMPOTENCY_H
#define PARAPH_CORE_IDEMPOTENCY_H

#include "core/canon.h"
#include "core/core.h"

enum { IDEMPOTENCY_NAME_MAX = 255 };

struct idempotency {
	struct str owner; /* "key:ID" or "sgr_…" */
	struct str name;  /* the header's value; empty: the caller gave none and none is needed */
	uint8_t request_sha256[DIGEST_SHA256_LEN]; /* of method, path and body */
};

/* The stored answer, appended to ret_answer. ERR_NOT_FOUND: the first time. ERR_IDEMPOTENCY_OTHER: another request had it. */
err_t idempotency_get(struct store_tx *reader, const struct idempotency *i, int *ret_status, struct buf *ret_answer);
/* Within the transaction of the effect. i may be NULL. */
err_t idempotency_put(struct store_tx *tx, const struct idempotency *i, int status, const json_t *answer);
/* Marks the name as under way in this process: ERR_IDEMPOTENCY_BUSY when it is already. idempotency_leave ends it. */
err_t idempotency_enter(const struct idempotency *i);
void idempotency_leave(const struct idempotency *i);
/* Forgets answers made before that time. */
err_t idempotency_purge(struct core *core, int64_t before);

#endif
