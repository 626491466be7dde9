/*
 * Compares what three parties wrote of the same acts: core's rows, the audit log, and the journals of the key processes; and
 * the stored files with the digests that all of them name.
 */
#ifndef PARAPH_AUDIT_EVIDENCE_H
#define PARAPH_AUDIT_EVIDENCE_H

#include "audit/journal.h"
#include "audit/ledger.h"

/* directory: of the instance; root: certificate of the trust anchor, DER. What disagrees becomes findings. */
err_t evidence_compare(const char *directory, const struct ledger *ledger, struct bytes root);

#endif
