/*
 * Messages and descriptors over a SOCK_SEQPACKET socket: one message is one packet of at most LIMIT_WIRE_MESSAGE octets.
 * Sending is atomic, so any number of threads may send on one descriptor; one thread receives.
 */
#ifndef PARAPH_WIRE_CHANNEL_H
#define PARAPH_WIRE_CHANNEL_H

#include "base/limits.h"
#include "wire/message.h"

/* How long a message waits for a program that does not read. */
#define CHANNEL_PATIENCE_US (INT64_C(2) * 1000 * 1000)

/* Encodes and sends; the descriptors stay the caller's. ERR_PEER_GONE when nobody is there any more; ERR_DEADLINE when the
 * socket stays full, at once on a descriptor with O_NONBLOCK: nothing was sent then, and the channel is as good as before. */
err_t channel_send(int fd, const struct message_kind *kind, const void *message, const int *fds, size_t fds_n);
/* The same, waiting until a time of CLOCK_MONOTONIC; 0 does not wait. */
err_t channel_send_until(
    int fd, const struct message_kind *kind, const void *message, const int *fds, size_t fds_n, int64_t deadline);

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
