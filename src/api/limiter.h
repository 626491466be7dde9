/* How often each key, session or address may call: counted by the minute in a fixed table, so a flood of names costs no
 * memory. Each name has its own count: nobody is refused for what another did. When more names call within a minute than the
 * table has places for, the counts of the quietest start again. Any thread. */
#ifndef PARAPH_API_LIMITER_H
#define PARAPH_API_LIMITER_H

#include "base/bytes.h"

struct limiter;

struct limiter *limiter_new(void);
void limiter_free(struct limiter *l); /* accepts NULL */

/* ERR_RATE when name has called more than limit times within the minute of now (monotonic, µs). */
err_t limiter_count(struct limiter *l, struct str name, unsigned class_, unsigned limit, int64_t now_us);

#endif
