/*
 * Messages between programs, as a program that was taken over might send them. The first octet chooses the protocol, the
 * rest is one packet. What is accepted is written and read again, and must give the same octets the second time.
 */
#include "base/bytes.h"
#include "base/limits.h"
#include "wire/channel.h"

#include <assert.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct message_kind *const kinds[] = {
    &message_control, &message_keys, &message_status, &message_status_keys, &message_document, &message_courier,
};

static int pair[2] = {-1, -1};

static void
pair_open(void)
{
	int room = 2 * LIMIT_WIRE_MESSAGE;
	if (pair[0] >= 0)
		return;
	int made = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
	assert(made == 0);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
}

/* Reads one packet as a message; false when it is refused. */
static bool
message_read(const struct message_kind *kind, struct bytes packet, void *ret_message)
{
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	ssize_t sent = send(pair[0], packet.p, packet.n, MSG_NOSIGNAL);
	assert(sent == (ssize_t)packet.n);
	err_t e = channel_receive(pair[1], kind, true, ret_message, fds, &got);
	assert(err_is(e) || got);
	return !err_is(e);
}

static struct bytes
message_written(const struct message_kind *kind, const void *message, uint8_t *room)
{
	err_t e = channel_send(pair[0], kind, message, NULL, 0);
	assert(!err_is(e)); /* what was read fits into a packet again */
	ssize_t n = recv(pair[1], room, LIMIT_WIRE_MESSAGE, 0);
	assert(n >= 0);
	return bytes(room, (size_t)n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t first[LIMIT_WIRE_MESSAGE], second[LIMIT_WIRE_MESSAGE];
	if (n < 2 || n - 1 > LIMIT_WIRE_MESSAGE)
		return 0;
	pair_open();
	const struct message_kind *kind = kinds[data[0] % (sizeof kinds / sizeof kinds[0])];
	void *m = message_new(kind), *again = message_new(kind);
	if (message_read(kind, bytes(data + 1, n - 1), m)) {
		struct bytes once = message_written(kind, m, first);
		bool read_back = message_read(kind, once, again);
		assert(read_back);
		assert(bytes_eq(once, message_written(kind, again, second)));
	}
	message_free(kind, m);
	message_free(kind, again);
	return 0;
}
