/* Who is silent, and what those are told who ask meanwhile. */
#include "base/time.h"
#include "core/health.h"
#include "open.h"
#include "os/clock.h"
#include "peer.h"

#include <sched.h>
#include <sys/socket.h>

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

/* Begins to ask on a thread, and returns when it waits for the answer of keys. */
static pthread_t
begin(struct health *ret_health)
{
	pthread_t thread;
	int before = keys.asked;
	assert_int_equal(pthread_create(&thread, NULL, ask, ret_health), 0);
	while (keys.asked == before)
		sched_yield();
	return thread;
}

static void
one_finds_out_for_all(void **state)
{
	struct health h, other;
	(void)state;
	silent = true; /* and nothing is known yet: who comes second waits for what the first one finds */
	pthread_t thread = begin(&other);
	health_get(&open_core, &h);
	assert_false(h.keys || h.courier || h.status);
	pthread_join(thread, NULL);
	assert_false(other.keys || other.courier || other.status);
	assert_true(h.document && other.document);
	assert_int_equal(keys.asked, 1);
	silent = false;
	health_get(&open_core, &h);
	assert_true(h.keys && h.courier && h.status && h.document);
	silent = true;
	thread = begin(&other);
	int64_t start = clock_monotonic();
	for (int i = 0; i < 20; i++) {
		health_get(&open_core, &h);
		assert_true(h.keys && h.courier && h.status);
	}
	assert_true(clock_monotonic() - start < TIME_SECOND); /* what was found before costs nobody time */
	pthread_join(thread, NULL);
	assert_false(other.keys || other.courier || other.status);
	assert_int_equal(keys.asked, 3);
}

static void
who_is_gone_does_not_answer(void **state)
{
	struct health h, other;
	(void)state;
	silent = false;
	health_get(&open_core, &h);
	assert_true(h.keys && h.courier && h.status && h.document);
	silent = true;
	pthread_t thread = begin(&other);
	shutdown(courier.fd, SHUT_RDWR);
	while (client_connected(open_core.courier))
		sched_yield();
	core_document_set(&open_core, -1);
	health_get(&open_core, &h);
	assert_true(h.keys && !h.courier && h.status && !h.document);
	pthread_join(thread, NULL);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(one_finds_out_for_all, setup, teardown),
	cmocka_unit_test_setup_teardown(who_is_gone_does_not_answer, setup, teardown),
};
UNIT_MAIN(tests)
