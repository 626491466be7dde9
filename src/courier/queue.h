/*
 * Messages that must get through: each is a file below courier/queue until it is delivered, tried again with growing
 * pauses, and given up into courier/dead after the last try. What was delivered leaves an empty file with its id in
 * courier/done, so that the same id is not delivered twice; where it cannot go there, it waits empty in the queue, and only
 * that is tried again. A crash at the moment of delivery can still repeat one message. queue_put: any thread. One thread
 * of its own delivers.
 */
#ifndef PARAPH_COURIER_QUEUE_H
#define PARAPH_COURIER_QUEUE_H

#include "courier/deliver.h"

enum { QUEUE_TRIES_MAX = 12 };

struct queue;

/* folder: DIR/courier. Makes its subfolders; forgets ids delivered more than 30 days ago. */
err_t queue_open(const char *folder, const struct deliver *deliver, int64_t now, struct queue **ret_queue);
/* Starts the delivering thread. */
void queue_start(struct queue *q);
/* Ends the thread after the delivery under way; what waits stays on the disk. Accepts NULL. */
void queue_free(struct queue *q);

/* Returns when the message is durable. An id that is known already is fine: nothing happens. */
err_t queue_put(struct queue *q, const paraph_Message *m);

/* The pause before the next try after so many tries, microseconds. */
int64_t queue_pause(unsigned tries);

#endif
