/*
 * The roots of one key journal that the audit log holds, compared with the journal as it is read. A root covers every record
 * before it: one that was changed, dropped or put in since makes the first root after it disagree, and the last one before it
 * still agrees, which names the place. Records after the newest root are not anchored yet; they are counted, and a finding
 * when the log went on without them. Keeps the roots of the log, nothing for each record. One thread.
 */
#ifndef PARAPH_AUDIT_ROOTS_H
#define PARAPH_AUDIT_ROOTS_H

#include "audit/ledger.h"

/* So many roots of keys:issuing after a record without one that covers it: somebody kept them back. */
enum { ROOTS_MISSED_MAX = 10 };

struct roots;

/* journal: "issuing" or "status". */
struct roots *roots_new(const struct ledger *ledger, const char *journal);
void roots_free(struct roots *r); /* accepts NULL */

/* The tree over the records so far, before the first one and after each. at: time of the newest record. */
void roots_grown(struct roots *r, const struct tlog *tree, int64_t at);
/* The whole journal was read: what is wrong becomes findings. */
void roots_end(const struct roots *r);

/* How many records the newest root covers. */
uint64_t roots_covered(const struct roots *r);

#endif
