/*
 * The other end of core's channel to keys, in this process. What core asks goes to a function of the test, each question on a
 * thread of its own, so that an answer may wait for another. The function returns the error that keys answers with; with
 * none and nothing filled in, the answer is plain success.
 */
#ifndef PARAPH_TEST_UNIT_CORE_PEER_H
#define PARAPH_TEST_UNIT_CORE_PEER_H

#include "os/socket.h"
#include "unit.h"
#include "wire/channel.h"
#include "wire/client.h"

#include <pthread.h>
#include <stdatomic.h>

enum { PEER_QUESTIONS_MAX = 64 };

static struct {
	int fd;
	pthread_t thread, questions[PEER_QUESTIONS_MAX];
	atomic_size_t n;
	err_t (*answer)(const paraph_Keys *question, paraph_Keys *ret_answer);
	pb_size_t tags[PEER_QUESTIONS_MAX]; /* what was asked, in order */
} peer;

static inline void *
peer_question(void *question)
{
	paraph_Keys *answer = message_new(&message_keys);
	uint64_t id = message_head(question)->id;
	err_t e = peer.answer(question, answer);
	if (err_is(e) || answer->which_body == 0)
		message_outcome(&message_keys, answer, id, e);
	answer->id = id;
	err_ignore(channel_send(peer.fd, &message_keys, answer, NULL, 0)); /* nobody asks any more at the end of a test */
	message_free(&message_keys, answer);
	message_free(&message_keys, question);
	return NULL;
}

static inline void *
peer_run(void *arg)
{
	(void)arg;
	for (;;) {
		paraph_Keys *question = message_new(&message_keys);
		int fds[LIMIT_WIRE_FDS];
		bool got = false;
		if (err_is(channel_receive(peer.fd, &message_keys, true, question, fds, &got)) || peer.n == PEER_QUESTIONS_MAX) {
			message_free(&message_keys, question);
			return NULL;
		}
		channel_close_fds(fds);
		peer.tags[peer.n] = question->which_body;
		pthread_create(&peer.questions[peer.n], NULL, peer_question, question);
		peer.n++;
	}
}

/* Core's end. */
static inline struct client *
peer_start(err_t (*answer)(const paraph_Keys *question, paraph_Keys *ret_answer))
{
	int pair[2];
	assert_ok(socket_pair(pair));
	peer.fd = pair[1];
	peer.n = 0;
	peer.answer = answer;
	pthread_create(&peer.thread, NULL, peer_run, NULL);
	return client_new(&message_keys, pair[0]);
}

static inline void
peer_stop(struct client *client)
{
	client_free(client);
	pthread_join(peer.thread, NULL);
	for (size_t i = 0; i < peer.n; i++)
		pthread_join(peer.questions[i], NULL);
	close(peer.fd);
}

#endif
