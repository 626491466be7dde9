/*
 * The asking side of a channel, for any number of threads: each call sends its request and waits for the answer with the
 * same id; calls of several threads are in flight together. A reader thread of its own takes the answers in.
 * When the other program dies, all waiting calls end with ERR_PEER_GONE; calls made while nobody is there wait for a new
 * descriptor (client_replace) until their deadline.
 */
#ifndef PARAPH_WIRE_CLIENT_H
#define PARAPH_WIRE_CLIENT_H

#include "wire/message.h"

struct client;

/* Takes the descriptor over; fd -1: none yet. Start it after the jail (it makes a thread). */
struct client *client_new(const struct message_kind *kind, int fd);
void client_free(struct client *c); /* no call may be under way; accepts NULL */

/* From any thread: go on with a new descriptor. */
void client_replace(struct client *c, int fd);

/*
 * Sends request (its id and deadline are filled in) with descriptors that stay the caller's, and waits for room in the
 * socket and for the answer at most timeout_us. An answer that is an outcome with a code becomes that error, with the
 * detail of the other side; success outcomes and all other messages land in ret_answer (a struct of the kind; may be NULL when nothing but success is of interest).
 * The caller checks which_body. ERR_DEADLINE, ERR_PEER_GONE.
 */
err_t client_call(struct client *c, void *request, const int *fds, size_t fds_n, int64_t timeout_us, void *ret_answer);

/* The same, and ERR_WIRE unless the answer's body is the wanted one. */
err_t client_ask(struct client *c, void *request, const int *fds, size_t fds_n, int64_t timeout_us, pb_size_t wanted,
    void *ret_answer);

/* Whether a descriptor is there (it may be dead already). */
bool client_connected(struct client *c);

#endif
