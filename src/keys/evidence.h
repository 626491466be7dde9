/*
 * What this process says about its own journal: signed checkpoints of core's audit log (the root is core's fact, and the
 * signature says only that), the root of the journal itself, statements about intents, and seals on proofs whose
 * documents and statement are its own. Any thread.
 */
#ifndef PARAPH_KEYS_EVIDENCE_H
#define PARAPH_KEYS_EVIDENCE_H

#include "keys/desk.h"

/* Never for a smaller log than one signed before. */
err_t evidence_checkpoint(struct desk *d, const paraph_CheckpointSign *m, paraph_Keys *ret_answer);
err_t evidence_journal_root(struct desk *d, paraph_Keys *ret_answer);
err_t evidence_statement(struct desk *d, const paraph_StatementAsk *m, paraph_Keys *ret_answer);
/* fds: the proof file. */
err_t evidence_seal(struct desk *d, const paraph_ProofSeal *m, const int *fds, paraph_Keys *ret_answer);

#endif
