/*
 * The audit log as the database holds it: leaves without a gap, times that never go back, the tree over them, and the
 * signed checkpoints. The events are kept for the comparisons that follow.
 */
#ifndef PARAPH_AUDIT_LEDGER_H
#define PARAPH_AUDIT_LEDGER_H

#include "base/buf.h"
#include "tlog/tlog.h"
#include <jansson.h>
#include <sqlite3.h>

struct ledger {
	sqlite3 *db;
	json_t *events;     /* name of event -> array of the leaves' JSON */
	uint8_t *roots;     /* root after each leaf */
	uint64_t size;
	int64_t newest_at;   /* of the last leaf */
	struct buf log_spki; /* public key of the log, from the first leaf */
};

/* Reads and checks; what is wrong becomes findings. ERR_IO when the database cannot be read to its end. */
err_t ledger_read(sqlite3 *db, struct ledger *ret_ledger);
void ledger_done(struct ledger *l);

/* What the database says of the call that failed just now. ERR_IO */
err_t ledger_error(const struct ledger *l);

/* The index of a leaf of ledger_events. */
uint64_t ledger_index(const json_t *leaf);

/* Name of the instance, which each checkpoint bears; NULL when the first leaf does not say. */
const char *ledger_origin(const struct ledger *l);

/* Leaves of one event. */
const json_t *ledger_events(const struct ledger *l, const char *event);

#endif
