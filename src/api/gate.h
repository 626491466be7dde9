/* Who calls, whether he may, and how often: before a handler runs. */
#ifndef PARAPH_API_GATE_H
#define PARAPH_API_GATE_H

#include "api/call.h"

/* Finds the key or the session behind Authorization: Bearer and compares it with what the route permits. Fills account or
 * session and owner. ERR_UNAUTHENTICATED, ERR_SESSION_ENDED, ERR_FORBIDDEN. Reads the database with reader. */
err_t gate_enter(struct call *c, struct store_tx *reader, int64_t now);

/* Counts the call against the caller's limit of this route; ERR_RATE when it is used up. One thread only. */
struct gate_rates;
struct gate_rates *gate_rates_new(void);
void gate_rates_free(struct gate_rates *r); /* accepts NULL */
err_t gate_rate(struct gate_rates *r, const struct call *c, int64_t monotonic);

#endif
