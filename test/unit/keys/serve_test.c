/*
 * A real, jailed paraph-keys in the role status between two status programs, one of which asks and asks and reads nothing: it
 * loses its answers, and the other gets its own.
 */
#include "keys/program.h"

static struct house house;

static int
set_up(void **state)
{
	(void)state;
	house_make(&house);
	desk_free(house.status);
	house.status = NULL;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	house_done(&house);
	return 0;
}

static err_t
health(struct client *c)
{
	paraph_StatusKeys m = {.which_body = paraph_StatusKeys_health_tag};
	return client_call(c, &m, NULL, 0, 10 * TIME_SECOND, NULL);
}

static void
ask_and_ask(int fd, int n)
{
	paraph_StatusKeys m = {.which_body = paraph_StatusKeys_health_tag};
	for (int i = 0; i < n; i++) {
		m.id = (uint64_t)i + 1;
		assert_ok(channel_send(fd, &message_status_keys, &m, NULL, 0));
	}
}

static void
one_that_does_not_read_stops_nobody(void **state)
{
	(void)state;
	enum { MANY = 3000 };
	int deaf[2], good[2], fds[LIMIT_WIRE_FDS];
	assert_ok(socket_pair(deaf));
	assert_ok(socket_pair(good));
	const struct process_descriptor given[] = {{0, 0}, {1, 1}, {2, 2}, {deaf[1], 3}, {good[1], 4}};
	pid_t pid = program_start(&house, "status", "status-keys-0=3 status-keys-1=4", given, 5);
	close(deaf[1]);
	close(good[1]);
	struct client *c = client_new(&message_status_keys, good[0]);
	assert_ok(health(c));
	ask_and_ask(deaf[0], MANY);
	assert_ok(health(c)); /* at the latest when the first wait was in vain */
	ask_and_ask(deaf[0], MANY);
	int64_t start = clock_monotonic();
	assert_ok(health(c)); /* and then at once */
	assert_in_range(clock_monotonic() - start, 0, TIME_SECOND);
	paraph_StatusKeys answer = {.id = 0};
	bool got = false;
	assert_ok(channel_receive(deaf[0], &message_status_keys, true, &answer, fds, &got)); /* the channel itself goes on */
	assert_int_equal(answer.which_body, paraph_StatusKeys_outcome_tag);
	kill(pid, SIGTERM);
	assert_int_equal(program_wait(pid), 0);
	client_free(c);
	close(deaf[0]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_that_does_not_read_stops_nobody),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
