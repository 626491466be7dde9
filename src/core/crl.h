/* The revocation list of the issuing CA: each hour and after each revocation. An intent with its number is committed before
 * keys signs it. Owns crl. crl_want from any thread; the rest on the housekeeping thread. */
#ifndef PARAPH_CORE_CRL_H
#define PARAPH_CORE_CRL_H

#include "core/core.h"

/* Asks for a new list soon. */
void crl_want(void);
/* Makes one when wanted, or when the newest is older than every_us; publishes the newest in any case at first. */
err_t crl_keep(struct worker *w, int64_t every_us, int64_t life_us);
/* Puts the newest list, or nothing, into the published store. */
err_t crl_publish(struct worker *w);

#endif
