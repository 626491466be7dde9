/*
 * Plans that paraph-document vouched for. A plan says which objects of a revision 0 later revisions may fill, and keys follows
 * it without reading the document: a plan of core's own could name a page as "the field" and have something else shown under
 * the signature than the signer saw. paraph-document MACs what it made with a key of this run of paraphd; keys makes that
 * lasting with its own MAC key, and takes a plan into an activation only with it.
 */
#ifndef PARAPH_KEYS_PLANS_H
#define PARAPH_KEYS_PLANS_H

#include "keys/desk.h"

/* Takes the key that paraph-document has too from a descriptor (PLAN_KEY_LEN octets), which it closes. ERR_IO. */
err_t plans_key_take(struct desk *d, int fd);

/* The lasting MAC for the one of paraph-document. ERR_MAC when that one is not right. */
err_t plans_attest(struct desk *d, const paraph_PlanAttest *m, paraph_Keys *ret_answer);

/* ERR_MAC unless plans_attest gave this MAC for this revision 0 and this plan. */
err_t plans_check(struct desk *d, const paraph_ActivationDocument *m);

#endif
