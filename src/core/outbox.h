/*
 * Messages that must go out: written in the transaction of what they tell of, handed to courier afterwards, tried again with
 * growing pauses, and removed with their text once courier has them durably. Owns outbox.
 */
#ifndef PARAPH_CORE_OUTBOX_H
#define PARAPH_CORE_OUTBOX_H

#include "core/core.h"

err_t outbox_put(struct store_tx *tx, paraph_Transport transport, struct str address, struct str subject, struct str text);
/* Hands over what is due. */
err_t outbox_send(struct worker *w);

#endif
