/*
 * A fixed pool of worker threads with one queue. Jobs run in the order they came, on any worker. The queue has a limit,
 * so that a flood waits outside.
 */
#ifndef PARAPH_OS_POOL_H
#define PARAPH_OS_POOL_H

#include "base/err.h"
#include <stddef.h>

struct pool;

/* index of the worker that runs the job: 0 .. workers - 1, for per-worker state. */
typedef void (*pool_job_f)(void *arg, size_t index);

struct pool *pool_new(size_t workers, size_t queue_max);
/* Lets queued jobs finish, then ends the threads. Accepts NULL. */
void pool_free(struct pool *p);
/* Any thread. False when the queue is full: nothing was queued. */
bool pool_submit(struct pool *p, pool_job_f job, void *arg);

#endif
