/*
 * The housekeeping thread: messages, checkpoints, revocation lists, the OCSP signer's certificate, roots of the key
 * journal, what is past its time, and acts that could not be settled at once. A failure is logged and tried again.
 */
#ifndef PARAPH_CORE_HOUSE_H
#define PARAPH_CORE_HOUSE_H

#include "core/core.h"
#include "os/instance.h"

/* Starts the thread; there is one. */
err_t house_start(struct core *core, const struct instance *instance);
void house_stop(void);
/* Something waits to be sent or published: do not sleep on. Any thread. */
void house_wake(void);

#endif
