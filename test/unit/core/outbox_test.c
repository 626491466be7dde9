/* Messages that wait for courier, and a courier that takes, refuses or leaves them. */
#include "base/time.h"
#include "core/outbox.h"
#include "open.h"
#include "os/clock.h"
#include "peer.h"

static atomic_int refusal; /* the code of the answer; -1: none comes */

static void
take(struct peer *p, void *message, int *fds)
{
	(void)fds;
	int code = refusal;
	if (code >= 0)
		err_ignore(channel_send_outcome(p->fd, p->kind, message_head(message)->id, /* core may be gone */
		    code == ERR_OK ? OK : err_make((enum err_code)code, "wanted by the test")));
}

static struct peer courier = {.kind = &message_courier, .take = take};

static err_t
put(struct store_tx *tx, void *arg)
{
	for (int i = 0; i < *(int *)arg; i++)
		TRY(outbox_put(tx, paraph_Transport_TRANSPORT_EMAIL, STR("signer@example.org"), STR("subject"), STR("text")));
	return OK;
}

static int
setup(void **state)
{
	if (open_setup(state) != 0)
		return -1;
	refusal = ERR_OK;
	atomic_store(&courier.asked, 0);
	open_core.courier = client_new(&message_courier, peer_start(&courier));
	return 0;
}

static int
teardown(void **state)
{
	client_free(open_core.courier);
	peer_join(&courier);
	return open_teardown(state);
}

/* Messages that are due before then. */
static int
waiting(int64_t before)
{
	int n = 0;
	AUTO_QUERY(q, open_worker.reader, SQL_OUTBOX_DUE);
	query_int(&q, before);
	query_int(&q, 1000);
	while (query_next(&q))
		n++;
	assert_ok(query_end(&q));
	return n;
}

static void
fill(int n)
{
	assert_ok(store_write(open_core.store, put, &n));
	assert_int_equal(waiting(clock_now()), n);
}

static void
many_go_out_in_turns(void **state)
{
	bool more = false;
	(void)state;
	fill(150);
	uint64_t before = store_counts(open_core.store).commands;
	assert_ok(outbox_send(&open_worker, &more));
	assert_true(more);
	assert_int_equal(courier.asked, 64);
	assert_int_equal(waiting(TIME_NEVER), 150 - 64);
	assert_int_equal(store_counts(open_core.store).commands - before, 1); /* what courier has is forgotten at once */
	assert_ok(outbox_send(&open_worker, &more));
	assert_true(more);
	assert_ok(outbox_send(&open_worker, &more));
	assert_false(more);
	assert_int_equal(courier.asked, 150);
	assert_int_equal(waiting(TIME_NEVER), 0);
}

static void
refused_ones_wait_each_for_itself(void **state)
{
	bool more = true;
	(void)state;
	fill(3);
	refusal = ERR_DISK_FULL;
	assert_ok(outbox_send(&open_worker, &more));
	assert_false(more);
	assert_int_equal(courier.asked, 3);
	assert_int_equal(waiting(clock_now()), 0);
	assert_int_equal(waiting(clock_now() + TIME_MINUTE), 3);
}

/* Housekeeping has more to do than to wait for each of them: one tells that courier is silent. */
static void
a_silent_courier_is_asked_once(void **state)
{
	bool more = true;
	(void)state;
	fill(3);
	refusal = -1;
	int64_t start = clock_monotonic();
	assert_ok(outbox_send(&open_worker, &more));
	assert_true(clock_monotonic() - start < CORE_COURIER_US + 3 * TIME_SECOND);
	assert_false(more);
	assert_int_equal(courier.asked, 1);
	assert_int_equal(waiting(clock_now()), 2); /* the next turn begins with another */
	refusal = ERR_OK;
	assert_ok(outbox_send(&open_worker, &more));
	assert_int_equal(waiting(TIME_NEVER), 1);
}

static void
nobody_waits_for_a_courier_that_is_not_there(void **state)
{
	bool more = true;
	(void)state;
	struct client *there = open_core.courier;
	open_core.courier = client_new(&message_courier, -1);
	fill(3);
	int64_t start = clock_monotonic();
	assert_ok(outbox_send(&open_worker, &more));
	assert_true(clock_monotonic() - start < TIME_SECOND);
	assert_false(more);
	assert_int_equal(waiting(clock_now()), 3);
	client_free(open_core.courier);
	open_core.courier = there;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
static const struct CMUnitTest tests[] = {
	TEST(many_go_out_in_turns), TEST(refused_ones_wait_each_for_itself), TEST(a_silent_courier_is_asked_once),
	TEST(nobody_waits_for_a_courier_that_is_not_there),
};
UNIT_MAIN(tests)
