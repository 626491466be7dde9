/*
 * The pen: makes one personal signature. It opens nothing by a path: base file, plan and the file for increments come as
 * descriptors. It signs only what a completed activation binds: it hashes the base itself and compares it with the
 * revision 0 that the signer consented to, or with a record that it MACed itself of a later revision of the same. One
 * key pair, one certificate, one signature for an intent, for ever; each step is journaled before the next is done.
 * Any thread.
 */
#ifndef PARAPH_KEYS_PEN_H
#define PARAPH_KEYS_PEN_H

#include "keys/desk.h"

/* fds: base, plan, increments. The answer again when the intent's result is in the journal. */
err_t pen_begin(struct desk *d, const paraph_SignBegin *m, const int *fds, paraph_Keys *ret_answer);
/* Goes on after a restart with the same octets; the file for increments is emptied. */
err_t pen_resume(struct desk *d, const paraph_SignResume *m, const int *fds, paraph_Keys *ret_answer);
/* From here on nothing comes into being under the intent, whether one is known or not. ERR_BUSY while it is being signed; ERR_INTENT
 * when its proof was sealed. */
err_t pen_void(struct desk *d, const paraph_IntentVoid *m, paraph_Keys *ret_answer);
/* What the journal knows of it. ERR_BUSY while that is about to change. */
err_t pen_ask(struct desk *d, const paraph_IntentAsk *m, paraph_Keys *ret_answer);

#endif
