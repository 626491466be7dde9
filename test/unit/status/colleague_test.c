#include "unit.h"

#include "os/socket.h"
#include "status/colleague.h"
#include "wire/channel.h"

static struct status status;
static int key_process;

static void
stop(void *arg)
{
	loop_stop(arg);
}

/* Lets it do what there is to do. */
static void
run_a_while(void)
{
	assert_ok(loop_run(status.loop));
}

static int
core_new(void)
{
	int pair[2];
	assert_ok(socket_pair(pair));
	assert_ok(colleague_connect(&status, pair[0]));
	return pair[1];
}

static void
stamp_ask(int core)
{
	paraph_Status m = {.id = 1, .which_body = paraph_Status_stamp_tag, .body.stamp.imprint.size = 32};
	assert_ok(channel_send(core, &message_status, &m, NULL, 0));
	run_a_while();
}

static uint64_t
question_take(void)
{
	static paraph_StatusKeys m;
	int fds[LIMIT_WIRE_FDS];
	bool got;
	assert_ok(channel_receive(key_process, &message_status_keys, true, &m, fds, &got));
	assert_int_equal(m.which_body, paraph_StatusKeys_tsp_sign_tag);
	return m.id;
}

static void
token_send(uint64_t id, uint8_t octet)
{
	static paraph_StatusKeys m;
	m = (paraph_StatusKeys){.id = id, .which_body = paraph_StatusKeys_tsp_signed_tag};
	m.body.tsp_signed.token.size = 1;
	m.body.tsp_signed.token.bytes[0] = octet;
	assert_ok(channel_send(key_process, &message_status_keys, &m, NULL, 0));
	run_a_while();
}

/* A core that was started anew counts its questions from 1 again, on a descriptor that may have the old one's number. */
static void
a_late_answer_is_not_the_next_cores(void **state)
{
	(void)state;
	int pair[2], fds[LIMIT_WIRE_FDS];
	static paraph_Status answer;
	bool got = false;
	status.core_fd = -1;
	status.loop = loop_new();
	status.asker = asker_new(status.loop);
	assert_ok(loop_every(status.loop, 20000, stop, status.loop));
	assert_ok(socket_pair(pair));
	assert_ok(asker_connect(status.asker, pair[0]));
	key_process = pair[1];
	int core = core_new(), number = status.core_fd;
	stamp_ask(core);
	uint64_t old = question_take();
	close(core); /* it dies */
	run_a_while();
	assert_int_equal(status.core_fd, -1);
	core = core_new();
	assert_int_equal(status.core_fd, number);
	stamp_ask(core);
	uint64_t new = question_take();
	token_send(old, 1);
	assert_ok(channel_receive(core, &message_status, false, &answer, fds, &got));
	assert_false(got);
	token_send(new, 2);
	assert_ok(channel_receive(core, &message_status, false, &answer, fds, &got));
	assert_true(got && answer.id == 1 && answer.which_body == paraph_Status_stamped_tag);
	assert_int_equal(answer.body.stamped.token.bytes[0], 2);
	close(core);
	close(key_process);
	asker_free(status.asker);
	loop_free(status.loop);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_late_answer_is_not_the_next_cores),
};
UNIT_MAIN(tests)
