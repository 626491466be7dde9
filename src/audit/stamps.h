/*
 * The time-stamps on checkpoints of the audit log: each is about the text of its checkpoint, by a unit that the root certified and
 * whose certificate was valid then, in the order of the log, the one that the log tells of, and in the journal of keys:status.
 * Names the first that is not, and the first that is missing though it was due. One thread.
 */
#ifndef PARAPH_AUDIT_STAMPS_H
#define PARAPH_AUDIT_STAMPS_H

#include "audit/ledger.h"

struct stamps;

/* Reads and judges all of them. root: certificate of the trust anchor, DER; only for the call. */
err_t stamps_new(const struct ledger *ledger, struct bytes root, struct stamps **ret_stamps);
void stamps_free(struct stamps *s); /* accepts NULL */

/* A record "time-stamp to be signed" of the journal of keys:status: H(TSTInfo). */
void stamps_journaled(struct stamps *s, struct bytes info_sha256);
/* The journal was read: what is wrong becomes findings. */
void stamps_end(struct stamps *s);

#endif
