/* The running program: its channels, its queue, and the pages of the mail catcher. One loop thread; deliveries of codes
 * run on a small pool, messages on the queue's thread. */
#ifndef PARAPH_COURIER_COURIER_H
#define PARAPH_COURIER_COURIER_H

#include "courier/deliver.h"
#include "os/loop.h"

struct courier;

struct courier_descriptors {
	int control, keys, core; /* channels; -1: will come over control */
	int fcgi;                /* listening, for the catcher's pages; -1: none */
};

err_t courier_new(struct loop *loop, const struct deliver *deliver, const char *folder,
    const struct courier_descriptors *fds, struct courier **ret_courier);
void courier_free(struct courier *c); /* accepts NULL */

#endif
