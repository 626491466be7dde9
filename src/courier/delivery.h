/*
 * Chooses the way of each message and sends it: into the catcher at once, or out by a worker. The outcome comes back on the
 * loop's thread. A message with a code is wiped when it was handed over.
 */
#ifndef PARAPH_COURIER_DELIVERY_H
#define PARAPH_COURIER_DELIVERY_H

#include "courier/catcher.h"
#include "courier/words.h"
#include "os/instance.h"
#include "os/loop.h"

struct delivery;

/* detail: what the receiver said, never what was sent. */
typedef void (*delivery_done_f)(void *arg, err_t e, const char *detail);

/* Whether this instance sends anything to other machines. */
bool delivery_leaves(const struct instance *instance);

/* Reads the password and token files; call before the jail. */
err_t delivery_new(const struct instance *instance, struct loop *loop, struct delivery **ret_delivery);
/* Starts the workers; call after the jail. */
void delivery_start(struct delivery *d);

struct catcher *delivery_catcher(struct delivery *d);

/* Sends a copy of message (a code or a message). done is called once, perhaps before this returns. */
void delivery_send(struct delivery *d, const paraph_Courier *message, delivery_done_f done, void *arg);

#endif
