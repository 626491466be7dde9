/*
 * The questions of status to its key process: sent without waiting, answered out of order by a callback, with a
 * deadline. One thread, the loop's.
 */
#ifndef PARAPH_STATUS_ASKER_H
#define PARAPH_STATUS_ASKER_H

#include "os/loop.h"
#include "wire/message.h"

enum { ASKER_PENDING_MAX = 256 };
#define ASKER_DEADLINE_US (INT64_C(5) * 1000000)

struct asker;

/* answer is valid during the call and NULL when e is an error. */
typedef void (*asker_done_f)(void *arg, err_t e, const paraph_StatusKeys *answer);

struct asker *asker_new(struct loop *loop);
void asker_free(struct asker *a); /* accepts NULL; callbacks are not called */

/* Takes the descriptor; questions that wait for the old one end with ERR_PEER_GONE. */
err_t asker_connect(struct asker *a, int fd);

/* A message to fill in and send; zero in all that matters. The same one each time. */
paraph_StatusKeys *asker_question(struct asker *a);
/* Sends asker_question. When this fails, done is not called. */
err_t asker_send(struct asker *a, asker_done_f done, void *arg);

#endif
