/*
 * The queue of each document: whoever signs has it alone, because the three revisions of one signature are one unit. And of each
 * signer who proves himself or consents (activation.c). A lease is no lock: other threads wait for it on a condition, and it may
 * last over calls to other programs.
 */
#ifndef PARAPH_CORE_LEASE_H
#define PARAPH_CORE_LEASE_H

#include "core/id.h"

struct lease;

struct lease *lease_new(void);
void lease_free(struct lease *l); /* accepts NULL */

/* Takes all of them at once, so that no two takers can wait for each other. ERR_DEADLINE. */
err_t lease_take(struct lease *l, const struct id *documents, size_t n, int64_t patience_us);
void lease_give(struct lease *l, const struct id *documents, size_t n);

#endif
