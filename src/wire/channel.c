#include "wire/channel.h"
#include "base/bytes.h"
#include "base/secret.h"
#include "os/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

union control {
	char octets[CMSG_SPACE(sizeof(int) * LIMIT_WIRE_FDS)];
	struct cmsghdr align;
};

static void
fds_attach(struct msghdr *m, union control *c, const int *fds, size_t n)
{
	if (n == 0)
		return;
	memset(c, 0, sizeof *c);
	m->msg_control = c->octets;
	m->msg_controllen = CMSG_SPACE(sizeof(int) * n);
	struct cmsghdr *h = CMSG_FIRSTHDR(m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(h), fds, sizeof(int) * n);
}

/* A full socket: waits for room, unless the descriptor is one that nobody waits at. */
static err_t
room_wait(int fd, int64_t deadline)
{
	int64_t left = deadline - clock_monotonic();
	if (left <= 0 || (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0)
		return err_make(ERR_DEADLINE, "the other program takes no messages");
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	(void)poll(&p, 1, (int)((left < TIME_MINUTE ? left : TIME_MINUTE) / 1000 + 1)); /* the next try tells what came of it */
	return OK;
}

static err_t
packet_send(int fd, struct bytes packet, const int *fds, size_t fds_n, int64_t deadline)
{
	union control c;
	struct iovec v = {(void *)(uintptr_t)packet.p, packet.n};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	fds_attach(&m, &c, fds, fds_n);
	for (;;) {
		if (sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return OK;
		if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
			return err_make(ERR_PEER_GONE, "the other program is not there");
		if (errno == EAGAIN)
			TRY(room_wait(fd, deadline));
		else if (errno != EINTR)
			return err_errno("sending a message");
	}
}

err_t
channel_send_until(
    int fd, const struct message_kind *kind, const void *message, const int *fds, size_t fds_n, int64_t deadline)
{
	if (fds_n > LIMIT_WIRE_FDS)
		return err_make(ERR_WIRE, "more than %d descriptors", LIMIT_WIRE_FDS);
	uint8_t *packet = malloc(LIMIT_WIRE_MESSAGE);
	if (packet == NULL)
		abort();
	pb_ostream_t out = pb_ostream_from_buffer(packet, LIMIT_WIRE_MESSAGE);
	err_t e;
	if (!pb_encode(&out, kind->fields, message))
		e = err_make(ERR_WIRE, "a %s message does not encode: %s", kind->name, PB_GET_ERROR(&out));
	else
		e = packet_send(fd, bytes(packet, out.bytes_written), fds, fds_n, deadline);
	secret_wipe(packet, out.bytes_written); /* it may have carried a code */
	free(packet);
	return e;
}

err_t
channel_send(int fd, const struct message_kind *kind, const void *message, const int *fds, size_t fds_n)
{
	return channel_send_until(fd, kind, message, fds, fds_n, clock_monotonic() + CHANNEL_PATIENCE_US);
}

static void
fds_collect(struct msghdr *m, int ret_fds[LIMIT_WIRE_FDS])
{
	for (size_t i = 0; i < LIMIT_WIRE_FDS; i++)
		ret_fds[i] = -1;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h != NULL; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(ret_fds, CMSG_DATA(h), (n > LIMIT_WIRE_FDS ? LIMIT_WIRE_FDS : n) * sizeof(int));
	}
}

/* One packet; length 0 is the end, -1 nothing there. */
static err_t
packet_receive(int fd, bool wait, uint8_t *packet, int ret_fds[LIMIT_WIRE_FDS], ssize_t *ret_n)
{
	union control c;
	struct iovec v = {packet, LIMIT_WIRE_MESSAGE};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = c.octets, .msg_controllen = sizeof c.octets};
	ssize_t n;
	do
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		*ret_n = -1;
		return OK;
	}
	if (n < 0 && errno == ECONNRESET)
		n = 0;
	if (n < 0)
		return err_errno("receiving a message");
	fds_collect(&m, ret_fds);
	*ret_n = n;
	if (n > 0 && (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		channel_close_fds(ret_fds);
		return err_make(ERR_WIRE, "a message is longer than %d octets or has too many descriptors", LIMIT_WIRE_MESSAGE);
	}
	return OK;
}

/* A packet has one body. Of two the reader would keep the last, and the first would leave its octets behind. */
static err_t
one_body(const struct message_kind *kind, const uint8_t *packet, size_t n)
{
	pb_istream_t in = pb_istream_from_buffer(packet, n);
	pb_wire_type_t type;
	uint32_t tag;
	bool end = false;
	size_t bodies = 0;
	while (pb_decode_tag(&in, &type, &tag, &end)) {
		bodies += type == PB_WT_STRING; /* id and deadline are numbers */
		if (!pb_skip_field(&in, type))
			break;
	}
	if (!end || bodies > 1)
		return err_make(ERR_WIRE, "a %s message is cut or has %zu bodies", kind->name, bodies);
	return OK;
}

static err_t
packet_decode(const struct message_kind *kind, const uint8_t *packet, size_t n, void *message)
{
	TRY(one_body(kind, packet, n));
	if (message_head(message)->which_body != 0) /* of the packet before */
		message_clear(kind, message);
	pb_istream_t in = pb_istream_from_buffer(packet, n);
	if (!pb_decode(&in, kind->fields, message))
		return err_make(ERR_WIRE, "a %s message does not decode: %s", kind->name, PB_GET_ERROR(&in));
	if (message_head(message)->which_body == 0)
		return err_make(ERR_WIRE, "a %s message has no body", kind->name);
	return OK;
}

err_t
channel_receive(int fd, const struct message_kind *kind, bool wait, void *message, int ret_fds[LIMIT_WIRE_FDS],
    bool *ret_got)
{
	ssize_t n = 0;
	for (size_t i = 0; i < LIMIT_WIRE_FDS; i++)
		ret_fds[i] = -1;
	uint8_t *packet = malloc(LIMIT_WIRE_MESSAGE);
	if (packet == NULL)
		abort();
	err_t e = packet_receive(fd, wait, packet, ret_fds, &n);
	if (!err_is(e) && n == 0)
		e = err_make(ERR_PEER_GONE, "the other program closed the connection");
	if (!err_is(e) && n > 0)
		e = packet_decode(kind, packet, (size_t)n, message);
	if (err_is(e))
		channel_close_fds(ret_fds);
	else
		*ret_got = n > 0;
	secret_wipe(packet, n > 0 ? (size_t)n : 0);
	free(packet);
	return e;
}

void
channel_close_fds(int fds[LIMIT_WIRE_FDS])
{
	for (size_t i = 0; i < LIMIT_WIRE_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

err_t
channel_send_outcome(int fd, const struct message_kind *kind, uint64_t id, err_t e)
{
	void *message = message_new(kind);
	message_outcome(kind, message, id, e);
	err_t sent = channel_send(fd, kind, message, NULL, 0);
	message_free(kind, message);
	return sent;
}
