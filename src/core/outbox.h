/*
 * Messages that must go out: written in the transaction of what they tell of, handed to courier afterwards, tried again with
 * growing pauses, and removed with their text once courier has them durably. Owns outbox.
 */
#ifndef PARAPH_CORE_OUTBOX_H
#define PARAPH_CORE_OUTBOX_H

#include "core/core.h"

err_t outbox_put(struct store_tx *tx, paraph_Transport transport, struct str address, struct str subject, struct str text);
/* Hands over some of what is due, those that wait longest first; *ret_more: others are due too. Stops where courier is not there
 * or silent, for whoever calls has more to do than to wait for it. */
err_t outbox_send(struct worker *w, bool *ret_more);

#endif
