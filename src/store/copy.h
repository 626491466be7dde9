/*
 * A copy of the evidence for the auditor, in a database of its own: the log, its checkpoints, and of every other table only what
 * is compared with log and journals. Nothing in it opens anything: no link, session, address, message or salt. Evidence is
 * added, and a checkpoint's token and an open intent's state come later: a copy is brought up to date by these. One thread at a time.
 */
#ifndef PARAPH_STORE_COPY_H
#define PARAPH_STORE_COPY_H

#include "store/store.h"

/* Makes path (mode 0640) or brings it up to the present state, in one transaction. Waits for no reader: ERR_STORE_BUSY. ERR_STORE:
 * the copy's newest leaf is not the log's. The first
 * time takes as long as copying does. */
err_t copy_update(struct store *s, const char *path);

#endif
