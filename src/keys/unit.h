/* Our time-stamp unit, as the issuing role knows it: the one certificate that a ceremony stored. Any thread. */
#ifndef PARAPH_KEYS_UNIT_H
#define PARAPH_KEYS_UNIT_H

#include "keys/desk.h"
#include "pki/tsp.h"

/* Proves that token covers imprint (SHA-256) and comes from our unit. ERR_STAMP. */
err_t unit_check(struct desk *d, struct bytes token, struct bytes imprint, struct tsp_token *ret_token);

/* Octets that a time-stamp of our unit has at most: what must be kept free for one. ERR_KEY_MISSING without a unit. */
err_t unit_token_room(struct desk *d, size_t *ret_room);

#endif
