/* Who is silent, and what those are told who ask meanwhile. */
#include "base/time.h"
#include "core/health.h"
#include "open.h"
#include "os/clock.h"
#include "peer.h"

#include <sched.h>

static atomic_bool silent;

static void
take(struct peer *p, void *message, int *fds)
{
	(void)fds;
	if (!silent)
		err_ignore(channel_send_outcome(p->fd, p->kind, message_head(message)->id, OK)); /* core may be gone */
}

static struct peer keys = {.kind = &message_keys, .take = take}, courier = {.kind = &message_courier, .take = take},
    status = {.kind = &message_status, .take = take}, document = {.kind = &message_document, .take = take};

static int
setup(void **state)
{
	if (open_setup(state) != 0)
		return -1;
	pthread_mutex_init(&open_core.document_mutex, NULL);
	open_core.keys = client_new(&message_keys, peer_start(&keys));
	open_core.courier = client_new(&message_courier, peer_start(&courier));
	open_core.status[0] = client_new(&message_status, peer_start(&status));
	open_core.status_n = 1;
	core_document_set(&open_core, peer_start(&document));
	return 0;
}

static int
teardown(void **state)
{
	client_free(open_core.keys);
	client_free(open_core.courier);
	client_free(open_core.status[0]);
	core_document_set(&open_core, -1);
	peer_join(&keys);
	peer_join(&courier);
	peer_join(&status);
	peer_join(&document);
	return open_teardown(state);
}

static void *
ask(void *arg)
{
	health_get(&open_core, arg);
	return NULL;
}

static void
past_a_second(void)
{
	const struct timespec t = {.tv_sec = 1, .tv_nsec = 100000000};
	nanosleep(&t, NULL);
}

static void
everybody_asks_and_one_finds_out(void **state)
{
	struct health h, other;
	pthread_t thread;
	(void)state;
	for (int i = 0; i < 100; i++) {
		health_get(&open_core, &h);
		assert_true(h.keys && h.courier && h.status && h.document);
	}
	assert_in_range(keys.asked, 1, 20); /* once in each second that this took */
	past_a_second();
	silent = true;
	int before = keys.asked;
	assert_int_equal(pthread_create(&thread, NULL, ask, &other), 0);
	while (keys.asked == before)
		sched_yield();
	int64_t start = clock_monotonic();
	health_get(&open_core, &h); /* while the other waits for those who are silent */
	assert_true(clock_monotonic() - start < TIME_SECOND);
	assert_true(h.keys && h.courier && h.status && h.document);
	pthread_join(thread, NULL);
	assert_true(clock_monotonic() - start < 9 * TIME_SECOND);
	assert_false(other.keys || other.courier || other.status);
	assert_true(other.document);
	silent = false;
	past_a_second();
	health_get(&open_core, &h);
	assert_true(h.keys && h.courier && h.status);
	/* Who is gone is not there, whatever was found a moment ago. */
	client_free(open_core.keys);
	open_core.keys = client_new(&message_keys, -1);
	core_document_set(&open_core, -1);
	health_get(&open_core, &h);
	assert_true(!h.keys && h.courier && h.status && !h.document);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(everybody_asks_and_one_finds_out, setup, teardown),
};
UNIT_MAIN(tests)
