/*
 * Messages and descriptors over a SOCK_SEQPACKET socket: one message is one packet of at most LIMIT_WIRE_MESSAGE octets.
 * Sending is atomic, so any number of threads may send on one descriptor; one thread receives.
 */
#ifndef PARAPH_WIRE_CHANNEL_H
#define PARAPH_WIRE_CHANNEL_H

#include "base/limits.h"
#include "wire/message.h"

/* Encodes and sends; the descriptors stay the caller's. ERR_PEER_GONE when nobody is there any more. */
err_t channel_send(int fd, const struct message_kind *kind, const void *message, const int *fds, size_t fds_n);

/*
 * Receives into message (a struct of the kind). ret_fds has room for LIMIT_WIRE_FDS; what came is the caller's to close
 * and close-on-exec; the rest is -1. wait: blocks; otherwise *ret_got is false when nothing is there.
 * ERR_PEER_GONE at the end, ERR_WIRE for what does not decode: close the connection then. Descriptors never leak.
 */
err_t channel_receive(int fd, const struct message_kind *kind, bool wait, void *message, int ret_fds[LIMIT_WIRE_FDS],
    bool *ret_got);

/* Closes those that are not -1. */
void channel_close_fds(int fds[LIMIT_WIRE_FDS]);

/* Answers a request with an error or plain success. */
err_t channel_send_outcome(int fd, const struct message_kind *kind, uint64_t id, err_t e);

#endif
