/*
 * The event loop of one thread: descriptors and timers call back; other threads may only loop_post and loop_stop.
 */
#ifndef PARAPH_OS_LOOP_H
#define PARAPH_OS_LOOP_H

#include "base/err.h"
#include <sys/epoll.h>

struct loop;

struct loop *loop_new(void);
void loop_free(struct loop *l); /* accepts NULL; descriptors stay open */

/* ready gets the EPOLL* events that came. events: EPOLLIN, EPOLLOUT, level-triggered. One callback per descriptor. */
typedef void (*loop_ready_f)(void *arg, uint32_t events);
err_t loop_add(struct loop *l, int fd, uint32_t events, loop_ready_f ready, void *arg);
err_t loop_change(struct loop *l, int fd, uint32_t events);
/* Also safe from inside a callback, for any descriptor. */
void loop_remove(struct loop *l, int fd);

/* Calls back every so many microseconds (first after one period). At most 16 timers. */
typedef void (*loop_tick_f)(void *arg);
err_t loop_every(struct loop *l, int64_t period_us, loop_tick_f tick, void *arg);

/* From any thread: runs f(arg) soon on the loop's thread, in order. */
void loop_post(struct loop *l, void (*f)(void *arg), void *arg);
void loop_stop(struct loop *l);

/* Until loop_stop. */
err_t loop_run(struct loop *l);

#endif
