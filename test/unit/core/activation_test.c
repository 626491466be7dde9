/* What becomes of an activation: codes that are sent, tried and wrong, and the consent. */
#include "keys_peer.h"
#include "records.h"

static struct {
	int fd;
	pthread_t thread;
} courier;

static void *
courier_run(void *arg)
{
	paraph_Courier *m = message_new(&message_courier);
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	(void)arg;
	while (!err_is(channel_receive(courier.fd, &message_courier, true, m, fds, &got)))
		err_ignore(channel_send_outcome(courier.fd, &message_courier, m->id, OK)); /* the asker may be gone */
	message_free(&message_courier, m);
	return NULL;
}

static struct client *
courier_start(void)
{
	int pair[2];
	assert_ok(socket_pair(pair));
	courier.fd = pair[1];
	pthread_create(&courier.thread, NULL, courier_run, NULL);
	return client_new(&message_courier, pair[0]);
}

static void
courier_stop(struct client *client)
{
	client_free(client);
	pthread_join(courier.thread, NULL);
	close(courier.fd);
}

/* The activation of the first signer, who has come so far, and keys at the other end of core's channel. */
static void
activated(enum signer_state state, const char *activation, err_t (*keys)(const paraph_Keys *question, paraph_Keys *ret_answer))
{
	for (int s = SIGNER_OPENED; s <= (int)state; s++)
		assert_ok(signer_step(0, (enum signer_state)s));
	j.activation = id_make(clock_now());
	records_activation = activation;
	assert_ok(store_write(open_core.store, records_put_activation, &j.signers[0]));
	records_activation = "complete";
	open_core.leases = lease_new();
	open_core.keys = keys_peer_start(keys);
}

static void
activated_end(void)
{
	keys_peer_stop(open_core.keys);
	lease_free(open_core.leases);
}

static struct activation
activation_now(void)
{
	struct activation a = {0};
	assert_ok(activation_get(open_worker.reader, j.activation, &a));
	return a;
}

static uint64_t
leaves(void)
{
	uint64_t n;
	assert_ok(audit_size(open_worker.reader, &n));
	return n;
}

static err_t
try_with(struct worker *w)
{
	const struct link_session session = {.signer = j.signers[0].id};
	json_t *answer = NULL;
	AUTO_SECRET(code);
	code = secret_new(6);
	err_t e = activation_try(w, &session, &code, &answer);
	json_decref(answer);
	return e;
}

static void *
try_beside(void *ret_e)
{
	struct worker w = {.core = &open_core};
	if (!err_is(store_reader_new(open_core.store, &w.reader)))
		*(err_t *)ret_e = try_with(&w);
	store_reader_free(w.reader);
	return NULL;
}

/* Waits until keys was asked so often, or is asked no more. */
static bool
asked(size_t n)
{
	for (int i = 0; i < 300 && keys_peer.n < n; i++)
		usleep(1000);
	return keys_peer.n >= n;
}

static err_t
wrong_code(const paraph_Keys *question, paraph_Keys *ret_answer)
{
	(void)question;
	(void)ret_answer;
	(void)asked(2);
	return err_make(ERR_CODE_WRONG, "no");
}

static void
wrong_codes_at_once_are_all_counted(void **state)
{
	pthread_t threads[2];
	err_t e[2];
	uint32_t wrong = 0;
	(void)state;
	activated(SIGNER_OPENED, "begun", wrong_code);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, try_beside, &e[i]);
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		wrong += e[i].code == ERR_CODE_WRONG;
		assert_true(e[i].code == ERR_CODE_WRONG || e[i].code == ERR_BUSY);
	}
	assert_int_equal(activation_now().tries_left, 5 - wrong);
	assert_err(try_with(&open_worker), ERR_CODE_WRONG);
	assert_int_equal(activation_now().tries_left, 4 - wrong);
	activated_end();
}

static atomic_bool held;

/* A code that was right before, told again, late; and the consent. */
static err_t
late_answer(const paraph_Keys *question, paraph_Keys *ret_answer)
{
	paraph_ActivationState *s = &ret_answer->body.activation_state;
	bool complete = question->which_body == paraph_Keys_activation_complete_tag;
	ret_answer->which_body = paraph_Keys_activation_state_tag;
	*s = (paraph_ActivationState){.expires_at = clock_now() + TIME_HOUR, .tries_left = 5, .sends_left = 2, .proved = true,
	    .complete = complete};
	s->digest.size = DIGEST_SHA256_LEN;
	while (!complete && held)
		usleep(1000);
	return OK;
}

static err_t
consent(void)
{
	AUTO_JSON(shown) = canon_pack("{}");
	struct activation_consent c = {.activation = j.activation, .signer = j.signers[0].id, .shown = shown, .sha256 = {3},
	    .address = "127.0.0.1", .agent = "test"};
	json_t *answer = NULL;
	err_t e = activation_complete(&open_worker, &c, NULL, &answer);
	json_decref(answer);
	return e;
}

/* What is told twice or late changes nothing that came after it. */
static void
an_activation_never_goes_back(void **state)
{
	const struct link_session session = {.signer = j.signers[0].id};
	pthread_t thread;
	err_t late;
	json_t *answer = NULL;
	(void)state;
	held = true;
	activated(SIGNER_IDENTIFIED, "proved", late_answer);
	pthread_create(&thread, NULL, try_beside, &late);
	assert_true(asked(1));
	err_t at_once = consent();
	held = false;
	pthread_join(thread, NULL);
	assert_ok(late);
	if (err_is(at_once)) {
		assert_err(at_once, ERR_BUSY);
		assert_ok(consent());
	}
	assert_int_equal(activation_now().state, ACTIVATION_COMPLETE);
	assert_int_equal(signer_state_of(0), SIGNER_CONSENTED);
	uint64_t before = leaves();
	size_t questions = keys_peer.n;
	assert_ok(activation_send(&open_worker, &session, NULL, &answer)); /* nothing is sent any more, and nothing is said to be */
	assert_string_equal(json_string_value(json_object_get(answer, "status")), "complete");
	json_decref(answer);
	assert_int_equal(keys_peer.n, questions);
	assert_ok(consent());
	assert_int_equal(leaves(), before);
	assert_int_equal(activation_now().state, ACTIVATION_COMPLETE);
	activated_end();
}

static err_t
interrupted(const paraph_Keys *question, paraph_Keys *ret_answer)
{
	struct store_tx *reader;
	struct activation a = {0};
	if (question->which_body != paraph_Keys_activation_begin_tag)
		return late_answer(question, ret_answer);
	memcpy(j.activation.o, question->body.activation_begin.activation.bytes, ID_LEN);
	TRY(store_reader_new(open_core.store, &reader));
	err_t e = activation_get(reader, j.activation, &a);
	store_reader_free(reader);
	return err_is(e) ? e : err_make(ERR_PEER_GONE, "the code is out, and its answer lost");
}

/* A code that was sent can be used, though nothing could be stored of it afterwards. */
static void
a_code_that_is_out_has_its_activation(void **state)
{
	const struct link_session session = {.signer = j.signers[0].id};
	json_t *answer = NULL;
	(void)state;
	open_core.set.activation_minutes = 30;
	open_core.leases = lease_new();
	open_core.keys = keys_peer_start(interrupted);
	open_core.courier = courier_start();
	assert_ok(signer_step(0, SIGNER_OPENED));
	assert_err(activation_send(&open_worker, &session, NULL, &answer), ERR_PEER_GONE);
	assert_int_equal(activation_now().state, ACTIVATION_BEGUN);
	assert_ok(try_with(&open_worker));
	assert_int_equal(activation_now().state, ACTIVATION_PROVED);
	assert_int_equal(signer_state_of(0), SIGNER_IDENTIFIED);
	courier_stop(open_core.courier);
	activated_end();
}

/* keys counts each code that it hands to courier, three for ever: none while nobody would take it. */
static void
without_courier_no_code_is_used_up(void **state)
{
	const struct link_session session = {.signer = j.signers[0].id};
	json_t *answer = NULL;
	(void)state;
	activated(SIGNER_OPENED, "begun", late_answer);
	open_core.courier = client_new(&message_courier, -1);
	assert_err(activation_send(&open_worker, &session, NULL, &answer), ERR_PAUSED);
	assert_int_equal(keys_peer.n, 0);
	client_free(open_core.courier);
	activated_end();
}

/* Documents that were prepared before keys vouched for plans carry no word of it: no code is spent on what could not be signed. */
static void
a_plan_that_nobody_vouches_for_is_not_begun(void **state)
{
	const struct link_session session = {.signer = j.signers[0].id};
	json_t *answer = NULL;
	(void)state;
	open_core.set.activation_minutes = 30;
	open_core.leases = lease_new();
	open_core.keys = keys_peer_start(late_answer);
	open_core.courier = courier_start();
	assert_ok(signer_step(0, SIGNER_OPENED));
	assert_err(activation_send(&open_worker, &session, NULL, &answer), ERR_WRONG_STATE);
	assert_string_equal(err_detail(), "an earlier version prepared this document: the sender makes a new request");
	assert_int_equal(keys_peer.n, 0);
	courier_stop(open_core.courier);
	activated_end();
}

static int
setup_without_word(void **state)
{
	records_plan_mac = 0;
	int rc = records_setup(state);
	records_plan_mac = 8;
	return rc;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, records_setup, open_teardown)
static const struct CMUnitTest tests[] = {
	TEST(wrong_codes_at_once_are_all_counted), TEST(an_activation_never_goes_back),
	TEST(a_code_that_is_out_has_its_activation), TEST(without_courier_no_code_is_used_up),
	cmocka_unit_test_setup_teardown(a_plan_that_nobody_vouches_for_is_not_begun, setup_without_word, open_teardown),
};
UNIT_MAIN(tests)
