/* The other end of one of core's channels, on a thread: a program that is slow, gone, taken over or just says what the test wants. */
#ifndef PARAPH_TEST_UNIT_CORE_PEER_H
#define PARAPH_TEST_UNIT_CORE_PEER_H

#include "os/socket.h"
#include "unit.h"
#include "wire/channel.h"

#include <pthread.h>
#include <stdatomic.h>

struct peer {
	const struct message_kind *kind;
	void (*take)(struct peer *p, void *message, int *fds); /* may answer, keep a descriptor (and set -1), or do nothing */
	int fd;
	atomic_int asked;
	pthread_t thread;
};

static void *
peer_run(void *arg)
{
	struct peer *p = arg;
	void *message = message_new(p->kind);
	int fds[LIMIT_WIRE_FDS];
	bool got;
	while (!err_is(channel_receive(p->fd, p->kind, true, message, fds, &got))) {
		atomic_fetch_add(&p->asked, 1);
		p->take(p, message, fds);
		channel_close_fds(fds);
	}
	message_free(p->kind, message);
	close(p->fd);
	return NULL;
}

/* Core's end, which is the caller's: when it is closed, the peer ends. */
static int
peer_start(struct peer *p)
{
	int pair[2];
	assert_ok(socket_pair(pair));
	p->fd = pair[1];
	assert_int_equal(pthread_create(&p->thread, NULL, peer_run, p), 0);
	return pair[0];
}

static void
peer_join(struct peer *p)
{
	pthread_join(p->thread, NULL);
}

#endif
