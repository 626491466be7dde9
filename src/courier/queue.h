/*
 * The durable queue of messages from core: one file for each in DIR/courier, written and synced before core is told; a mark
 * in done/ remembers for a week what was delivered, so that an id is delivered once. What cannot be delivered within two
 * days goes to failed/. One thread, the loop's.
 */
#ifndef PARAPH_COURIER_QUEUE_H
#define PARAPH_COURIER_QUEUE_H

#include "base/buf.h"
#include "wire/message.h"

struct queue;

enum { QUEUE_ID_LEN = 16, QUEUE_WAITING_MAX = 10000 };

/* One message that is due; message belongs to the queue. */
struct queue_item {
	uint8_t id[QUEUE_ID_LEN];
	unsigned tries;
	paraph_Courier *message;
};

/* Reads what waits from an earlier run. */
err_t queue_open(const char *directory, struct queue **ret_queue);
void queue_free(struct queue *q);

/* Takes a message in: on disk when this returns OK. A known id is OK and nothing more. ERR_LIMIT, ERR_DISK_FULL, ERR_INPUT. */
err_t queue_put(struct queue *q, const paraph_Courier *message);

/* The next one that is due and not under way; NULL when there is none. It is under way until queue_done or queue_failed. */
struct queue_item *queue_take(struct queue *q, int64_t monotonic_us);
void queue_done(struct queue *q, struct queue_item *item);
/* To be tried again after a growing pause, or given up. */
void queue_failed(struct queue *q, struct queue_item *item, int64_t monotonic_us);

size_t queue_length(const struct queue *q);

#endif
