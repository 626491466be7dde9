#include "wire/client.h"
#include "wire/channel.h"
#include "base/time.h"
#include "os/clock.h"
#include "os/socket.h"
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>

enum { CALLERS = 8, CALLS = 200 };

/* Answers in the wrong order, two at a time: stamps with the imprint turned round, health with a refusal. */
static void
answer(int fd, paraph_Status *m)
{
	if (m->which_body == paraph_Status_health_tag) {
		assert_ok(channel_send_outcome(fd, &message_status, m->id, err_make(ERR_CLOCK, "no clock here")));
		return;
	}
	paraph_Stamp asked = m->body.stamp;
	m->which_body = paraph_Status_stamped_tag;
	m->body.stamped.token.size = asked.imprint.size;
	for (size_t i = 0; i < asked.imprint.size; i++)
		m->body.stamped.token.bytes[i] = asked.imprint.bytes[asked.imprint.size - 1 - i];
	assert_ok(channel_send(fd, &message_status, m, NULL, 0));
}

static void *
serve(void *arg)
{
	int fd = *(int *)arg, fds[LIMIT_WIRE_FDS];
	paraph_Status *first = message_new(&message_status), *second = message_new(&message_status);
	bool got;
	while (!err_is(channel_receive(fd, &message_status, true, first, fds, &got))) {
		bool more = false;
		err_ignore(channel_receive(fd, &message_status, false, second, fds, &more)); /* the end shows again above */
		if (more)
			answer(fd, second);
		answer(fd, first);
	}
	message_free(&message_status, first);
	message_free(&message_status, second);
	close(fd);
	return NULL;
}

static void *
ask(void *arg)
{
	struct client *c = arg;
	paraph_Status *m = message_new(&message_status), *a = message_new(&message_status);
	for (unsigned i = 0; i < CALLS; i++) {
		memset(m, 0, sizeof *m);
		m->which_body = paraph_Status_stamp_tag;
		m->body.stamp.imprint.size = 32;
		rand_fill(m->body.stamp.imprint.bytes, 32);
		uint8_t wanted[32];
		memcpy(wanted, m->body.stamp.imprint.bytes, 32);
		assert_ok(client_ask(c, m, NULL, 0, 5 * TIME_SECOND, paraph_Status_stamped_tag, a));
		assert_int_equal(a->body.stamped.token.size, 32);
		for (size_t k = 0; k < 32; k++)
			assert_int_equal(a->body.stamped.token.bytes[k], wanted[31 - k]);
	}
	message_free(&message_status, m);
	message_free(&message_status, a);
	return NULL;
}

static void
many_threads_get_their_own_answers(void **state)
{
	(void)state;
	int pair[2];
	pthread_t server, callers[CALLERS];
	assert_ok(socket_pair(pair));
	pthread_create(&server, NULL, serve, &pair[1]);
	struct client *c = client_new(&message_status, pair[0]);
	for (size_t i = 0; i < CALLERS; i++)
		pthread_create(&callers[i], NULL, ask, c);
	for (size_t i = 0; i < CALLERS; i++)
		pthread_join(callers[i], NULL);
	paraph_Status m = {.which_body = paraph_Status_health_tag};
	assert_err(client_call(c, &m, NULL, 0, TIME_SECOND, NULL), ERR_CLOCK);
	assert_string_equal(err_detail(), "no clock here");
	client_free(c);
	pthread_join(server, NULL);
}

static void
a_dead_peer_ends_calls_and_a_new_one_goes_on(void **state)
{
	(void)state;
	int pair[2], again[2];
	pthread_t server;
	paraph_Status m = {.which_body = paraph_Status_health_tag};
	assert_ok(socket_pair(pair));
	struct client *c = client_new(&message_status, pair[0]);
	assert_err(client_call(c, &m, NULL, 0, TIME_SECOND / 20, NULL), ERR_DEADLINE); /* nobody reads */
	close(pair[1]);
	assert_err(client_call(c, &m, NULL, 0, TIME_SECOND / 20, NULL), ERR_PEER_GONE);
	assert_ok(socket_pair(again));
	pthread_create(&server, NULL, serve, &again[1]);
	client_replace(c, again[0]);
	assert_err(client_call(c, &m, NULL, 0, TIME_SECOND, NULL), ERR_CLOCK);
	client_free(c);
	pthread_join(server, NULL);
}

/* A program that hangs costs each call its own deadline and no more, also when no request fits into the socket any more. */
static void
a_peer_that_does_not_read_holds_nobody(void **state)
{
	(void)state;
	enum { MANY = 100000 };
	int pair[2], asked = 0;
	pthread_t server;
	paraph_Status m = {.which_body = paraph_Status_health_tag};
	assert_ok(socket_pair(pair));
	struct client *c = client_new(&message_status, pair[0]);
	do
		assert_err(client_call(c, &m, NULL, 0, 0, NULL), ERR_DEADLINE);
	while (strstr(err_detail(), "takes no messages") == NULL && ++asked < MANY);
	assert_in_range(asked, 100, MANY - 1); /* a burst finds room */
	int64_t start = clock_monotonic();
	assert_err(client_call(c, &m, NULL, 0, TIME_SECOND / 10, NULL), ERR_DEADLINE);
	assert_in_range(clock_monotonic() - start, TIME_SECOND / 10, TIME_SECOND);
	assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0); /* and who never waits does not */
	start = clock_monotonic();
	assert_err(channel_send(pair[0], &message_status, &m, NULL, 0), ERR_DEADLINE);
	assert_in_range(clock_monotonic() - start, 0, TIME_SECOND / 2);
	assert_int_equal(fcntl(pair[0], F_SETFL, 0), 0);
	pthread_create(&server, NULL, serve, &pair[1]); /* it reads again: nothing is lost */
	assert_err(client_call(c, &m, NULL, 0, 5 * TIME_SECOND, NULL), ERR_CLOCK);
	client_free(c);
	pthread_join(server, NULL);
}

static void
descriptors_travel_and_never_leak(void **state)
{
	(void)state;
	int pair[2], fds[LIMIT_WIRE_FDS], probe = open("/dev/null", O_RDONLY);
	bool got = false;
	paraph_Document m = {.which_body = paraph_Document_open_tag}, back = {.id = 0};
	assert_ok(socket_pair(pair));
	assert_ok(channel_send(pair[0], &message_document, &m, (int[]){probe, probe}, 2));
	assert_ok(channel_receive(pair[1], &message_document, true, &back, fds, &got));
	assert_true(got && fds[0] >= 0 && fds[1] >= 0 && fds[2] == -1);
	assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	channel_close_fds(fds);
	assert_ok(channel_send(pair[0], &message_control, &(paraph_Control){.which_body = paraph_Control_ready_tag}, (int[]){probe}, 1));
	assert_err(channel_receive(pair[1], &message_document, true, &back, fds, &got), ERR_WIRE); /* another protocol */
	assert_int_equal(fds[0], -1);
	int next = open("/dev/null", O_RDONLY);
	assert_int_equal(next, pair[1] > probe ? pair[1] + 1 : probe + 1); /* nothing stayed open */
	close(next);
	close(pair[0]);
	close(pair[1]);
	close(probe);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(many_threads_get_their_own_answers),
    cmocka_unit_test(a_dead_peer_ends_calls_and_a_new_one_goes_on),
    cmocka_unit_test(a_peer_that_does_not_read_holds_nobody),
    cmocka_unit_test(descriptors_travel_and_never_leak),
};
UNIT_MAIN(tests)
