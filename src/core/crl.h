/* The revocation list of the issuing CA: each hour and after each revocation. An intent with its number is committed before
 * keys signs it. Of a list that was replaced the octets go, for each holds all revocations; number, times and digest stay, and what
 * it said are the first rows of revocation, as many as it counts. Owns crl. On the housekeeping thread. */
#ifndef PARAPH_CORE_CRL_H
#define PARAPH_CORE_CRL_H

#include "core/core.h"

/* Makes a list and publishes it when the newest lacks a stored revocation, or is older than every_us. */
err_t crl_keep(struct worker *w, int64_t every_us, int64_t life_us);
/* Puts the newest list, or nothing, into the published store. */
err_t crl_publish(struct worker *w);

#endif
