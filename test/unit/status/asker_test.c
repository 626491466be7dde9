#include "unit.h"

#include "os/socket.h"
#include "status/asker.h"
#include "wire/channel.h"

static struct loop *loop;
static struct asker *asker;
static int key_process;
static unsigned answers[8], failures[8];
static unsigned expected;

static void
done(void *arg, err_t e, const paraph_StatusKeys *answer)
{
	size_t which = (size_t)(uintptr_t)arg;
	if (err_is(e))
		failures[which] = e.code;
	else
		answers[which] = answer->body.tsp_signed.token.bytes[0];
	if (--expected == 0)
		loop_stop(loop);
}

static void
start(void **state)
{
	int fds[2];
	(void)state;
	loop = loop_new();
	asker = asker_new(loop);
	memset(answers, 0, sizeof answers);
	memset(failures, 0, sizeof failures);
	assert_ok(socket_pair(fds));
	assert_ok(asker_connect(asker, fds[0]));
	key_process = fds[1];
}

static void
stop(void)
{
	asker_free(asker);
	loop_free(loop);
	if (key_process >= 0)
		close(key_process);
}

static void
send_question(size_t which)
{
	paraph_StatusKeys *q = asker_question(asker);
	q->which_body = paraph_StatusKeys_tsp_sign_tag;
	q->body.tsp_sign = (paraph_TspSign){.hash = 256, .imprint = {.size = 1, .bytes = {(uint8_t)which}}};
	assert_ok(asker_send(asker, done, (void *)which));
}

/* Reads one question and keeps its id. */
static uint64_t
question_take(uint8_t *ret_imprint)
{
	static paraph_StatusKeys m;
	int fds[LIMIT_WIRE_FDS];
	bool got;
	assert_ok(channel_receive(key_process, &message_status_keys, true, &m, fds, &got));
	*ret_imprint = m.body.tsp_sign.imprint.bytes[0];
	return m.id;
}

static void
answer_send(uint64_t id, uint8_t octet)
{
	static paraph_StatusKeys m;
	m = (paraph_StatusKeys){.id = id, .which_body = paraph_StatusKeys_tsp_signed_tag};
	m.body.tsp_signed.token.size = 1;
	m.body.tsp_signed.token.bytes[0] = octet;
	assert_ok(channel_send(key_process, &message_status_keys, &m, NULL, 0));
}

static void
answers_come_in_any_order(void **state)
{
	start(state);
	uint64_t ids[4];
	uint8_t imprints[4];
	for (size_t k = 0; k < 4; k++)
		send_question(k);
	for (size_t k = 0; k < 4; k++)
		ids[k] = question_take(&imprints[k]);
	for (size_t k = 4; k-- > 0;)
		answer_send(ids[k], (uint8_t)(100 + imprints[k]));
	answer_send(ids[0], 99);      /* twice: dropped */
	answer_send(ids[0] + 1, 99);  /* never asked: dropped */
	expected = 4;
	assert_ok(loop_run(loop));
	for (size_t k = 0; k < 4; k++)
		assert_int_equal(answers[k], 100 + k);
	stop();
}

static void
an_outcome_is_an_error(void **state)
{
	start(state);
	uint8_t imprint;
	send_question(0);
	assert_ok(channel_send_outcome(key_process, &message_status_keys, question_take(&imprint), err_make(ERR_CLOCK, "off")));
	expected = 1;
	assert_ok(loop_run(loop));
	assert_int_equal(failures[0], ERR_CLOCK);
	stop();
}

static void
when_the_key_process_dies_all_questions_end(void **state)
{
	start(state);
	send_question(0);
	send_question(1);
	close(key_process);
	key_process = -1;
	expected = 2;
	assert_ok(loop_run(loop));
	assert_int_equal(failures[0], ERR_PEER_GONE);
	assert_int_equal(failures[1], ERR_PEER_GONE);
	assert_err(asker_send(asker, done, NULL), ERR_PEER_GONE);
	int fds[2];
	assert_ok(socket_pair(fds));
	assert_ok(asker_connect(asker, fds[0])); /* and after its restart they are answered again */
	key_process = fds[1];
	uint8_t imprint;
	send_question(2);
	answer_send(question_take(&imprint), 7);
	expected = 1;
	assert_ok(loop_run(loop));
	assert_int_equal(answers[2], 7);
	stop();
}

static void
too_many_questions_are_refused_not_queued(void **state)
{
	start(state);
	err_t e = OK;
	size_t sent = 0;
	for (; sent < 2 * ASKER_PENDING_MAX && !err_is(e); sent++) {
		paraph_StatusKeys *q = asker_question(asker);
		q->which_body = paraph_StatusKeys_health_tag;
		e = asker_send(asker, done, NULL);
	}
	assert_true(err_is(e));
	assert_true(sent <= ASKER_PENDING_MAX + 1);
	stop();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(answers_come_in_any_order),
    cmocka_unit_test(an_outcome_is_an_error),
    cmocka_unit_test(when_the_key_process_dies_all_questions_end),
    cmocka_unit_test(too_many_questions_are_refused_not_queued),
};
UNIT_MAIN(tests)
