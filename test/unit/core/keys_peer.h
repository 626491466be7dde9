/*
 * The other end of core's channel to keys, in this process. What core asks goes to a function of the test, each question on a
 * thread of its own, so that an answer may wait for another. The function returns the error that keys answers with; with
 * none and nothing filled in, the answer is plain success.
 */
#ifndef PARAPH_TEST_UNIT_CORE_KEYS_PEER_H
#define PARAPH_TEST_UNIT_CORE_KEYS_PEER_H

#include "os/socket.h"
#include "unit.h"
#include "wire/channel.h"
#include "wire/client.h"

#include <pthread.h>
#include <stdatomic.h>

enum { KEYS_PEER_QUESTIONS_MAX = 64 };

static struct {
	int fd;
	pthread_t thread, questions[KEYS_PEER_QUESTIONS_MAX];
	atomic_size_t n;
	err_t (*answer)(const paraph_Keys *question, paraph_Keys *ret_answer);
	pb_size_t tags[KEYS_PEER_QUESTIONS_MAX]; /* what was asked, in order */
} keys_peer;

static inline void *
keys_peer_question(void *question)
{
	paraph_Keys *answer = message_new(&message_keys);
	uint64_t id = message_head(question)->id;
	err_t e = keys_peer.answer(question, answer);
	if (err_is(e) || answer->which_body == 0)
		message_outcome(&message_keys, answer, id, e);
	answer->id = id;
	err_ignore(channel_send(keys_peer.fd, &message_keys, answer, NULL, 0)); /* nobody asks any more at the end of a test */
	message_free(&message_keys, answer);
	message_free(&message_keys, question);
	return NULL;
}

static inline void *
keys_peer_run(void *arg)
{
	(void)arg;
	for (;;) {
		paraph_Keys *question = message_new(&message_keys);
		int fds[LIMIT_WIRE_FDS];
		bool got = false;
		if (err_is(channel_receive(keys_peer.fd, &message_keys, true, question, fds, &got)) || keys_peer.n == KEYS_PEER_QUESTIONS_MAX) {
			message_free(&message_keys, question);
			return NULL;
		}
		channel_close_fds(fds);
		keys_peer.tags[keys_peer.n] = question->which_body;
		pthread_create(&keys_peer.questions[keys_peer.n], NULL, keys_peer_question, question);
		keys_peer.n++;
	}
}

/* Core's end. */
static inline struct client *
keys_peer_start(err_t (*answer)(const paraph_Keys *question, paraph_Keys *ret_answer))
{
	int pair[2];
	assert_ok(socket_pair(pair));
	keys_peer.fd = pair[1];
	keys_peer.n = 0;
	keys_peer.answer = answer;
	pthread_create(&keys_peer.thread, NULL, keys_peer_run, NULL);
	return client_new(&message_keys, pair[0]);
}

static inline void
keys_peer_stop(struct client *client)
{
	client_free(client);
	pthread_join(keys_peer.thread, NULL);
	for (size_t i = 0; i < keys_peer.n; i++)
		pthread_join(keys_peer.questions[i], NULL);
	close(keys_peer.fd);
}

#endif
