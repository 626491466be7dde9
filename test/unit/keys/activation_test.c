#include "keys/house.h"

#include "keys/activation.h"
#include "keys/codes.h"

static struct house house;

/* What courier's thread does from now on. */
static void
courier_set(bool *how, bool value)
{
	pthread_mutex_lock(&house.lock);
	*how = value;
	pthread_mutex_unlock(&house.lock);
}

/* One activation as core would ask for it. */
struct ask {
	uint8_t activation[16], request[16], signer[16], mac[32];
	paraph_Registration registration;
	paraph_ActivationState state;
	bool single; /* one document, not two */
};

static void
ask_new(struct ask *k, uint8_t person)
{
	memset(k, 0, sizeof *k);
	rand_fill(k->activation, 16);
	rand_fill(k->request, 16);
	rand_fill(k->signer, 16);
	house_registration(&k->registration, person);
	assert_ok(house_enrol(&house, &k->registration, k->mac));
}

static err_t
send(struct ask *k, paraph_Keys *q)
{
	paraph_Keys *a = message_new(&message_keys);
	err_t e = house_ask(house.issuing, false, q, NULL, a);
	if (!err_is(e)) {
		assert_int_equal(a->which_body, paraph_Keys_activation_state_tag);
		k->state = a->body.activation_state;
	}
	message_free(&message_keys, a);
	message_free(&message_keys, q);
	return e;
}

static err_t
begin(struct ask *k)
{
	paraph_Keys *q = message_new(&message_keys);
	paraph_ActivationBegin *m = &q->body.activation_begin;
	q->which_body = paraph_Keys_activation_begin_tag;
	HOUSE_ID(m->activation, k->activation);
	HOUSE_ID(m->request, k->request);
	HOUSE_ID(m->signer, k->signer);
	HOUSE_ID(m->registration_mac, k->mac);
	m->has_registration = true;
	m->registration = k->registration;
	m->documents_count = k->single ? 1 : 2;
	for (uint8_t i = 0; i < m->documents_count; i++) {
		m->documents[i].revision0_sha256.size = m->documents[i].plan_sha256.size = 32;
		memset(m->documents[i].revision0_sha256.bytes, 0x7f - i, 32);
		memset(m->documents[i].plan_sha256.bytes, 0x30 + i, 32);
		snprintf(m->documents[i].title, sizeof m->documents[i].title, "Contract %u", i);
		assert_ok(house_attest(&house, &m->documents[i]));
	}
	m->terms_sha256.size = 32;
	snprintf(m->sender, sizeof m->sender, "Example Sender");
	return send(k, q);
}

static err_t
resend(struct ask *k)
{
	paraph_Keys *q = message_new(&message_keys);
	q->which_body = paraph_Keys_code_send_tag;
	HOUSE_ID(q->body.code_send.activation, k->activation);
	return send(k, q);
}

static err_t
try(struct ask *k, const uint8_t code[6])
{
	paraph_Keys *q = message_new(&message_keys);
	q->which_body = paraph_Keys_code_try_tag;
	HOUSE_ID(q->body.code_try.activation, k->activation);
	q->body.code_try.code.size = 6;
	memcpy(q->body.code_try.code.bytes, code, 6);
	return send(k, q);
}

static err_t
complete(struct ask *k, uint8_t consent)
{
	paraph_Keys *q = message_new(&message_keys);
	paraph_ActivationComplete *m = &q->body.activation_complete;
	q->which_body = paraph_Keys_activation_complete_tag;
	HOUSE_ID(m->activation, k->activation);
	m->consent_sha256.size = 32;
	memset(m->consent_sha256.bytes, consent, 32);
	m->appearance_sha256_count = 2;
	m->appearance_sha256[0].size = m->appearance_sha256[1].size = 32;
	return send(k, q);
}

static void
mail(uint8_t ret_code[6], unsigned *ret_messages)
{
	pthread_mutex_lock(&house.lock);
	assert_int_equal(house.last.code.size, 6);
	memcpy(ret_code, house.last.code.bytes, 6);
	if (ret_messages != NULL)
		*ret_messages = house.messages;
	pthread_mutex_unlock(&house.lock);
}

static void
wrong_code(uint8_t code[6])
{
	mail(code, NULL);
	code[5] = (uint8_t)(code[5] == '9' ? '0' : code[5] + 1);
}

static int
set_up(void **state)
{
	(void)state;
	house_make(&house);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	house_done(&house);
	return 0;
}

static void
goes_all_the_way(void **state)
{
	(void)state;
	struct ask k;
	uint8_t code[6], digest[32];
	ask_new(&k, 1);
	assert_ok(begin(&k));
	assert_int_equal(k.state.tries_left, 5);
	assert_int_equal(k.state.sends_left, 2);
	assert_string_equal(k.state.masked_address, "j***@example.org");
	assert_false(k.state.proved);
	assert_string_equal(house.last.address, "jane1@example.org");
	assert_string_equal(house.last.title, "Contract 0");
	uint8_t both[64], sha256[32];
	char shown[24];
	memset(both, 0x7f, 32);
	memset(both + 32, 0x7e, 32);
	digest_sha256(BYTES_OF(both), sha256);
	snprintf(shown, sizeof shown, "%02X%02X-%02X%02X-%02X%02X-%02X%02X", sha256[0], sha256[1], sha256[2], sha256[3], sha256[4],
	    sha256[5], sha256[6], sha256[7]);
	assert_string_equal(house.last.short_hash, shown);
	assert_int_equal(house.last.documents, 2);
	assert_string_equal(house.last.sender, "Example Sender");
	memcpy(digest, k.state.digest.bytes, 32);
	assert_err(complete(&k, 1), ERR_ACTIVATION_STATE);
	mail(code, NULL);
	assert_ok(try(&k, code));
	assert_true(k.state.proved);
	assert_int_equal(k.state.tries_left, 4);
	assert_err(resend(&k), ERR_ACTIVATION_STATE);
	assert_ok(try(&k, (const uint8_t *)"000000")); /* proved is proved: a lost answer may be asked for again */
	assert_int_equal(k.state.tries_left, 4);
	assert_ok(complete(&k, 1));
	assert_true(k.state.complete);
	assert_memory_not_equal(digest, k.state.digest.bytes, 32);
	assert_ok(complete(&k, 1)); /* the same act, told again */
	assert_err(complete(&k, 2), ERR_ACTIVATION_STATE);
	assert_err(try(&k, code), ERR_ACTIVATION_STATE);
	assert_err(resend(&k), ERR_ACTIVATION_STATE);
}

/* Of one document the message shows the digest itself: whoever has the file can compare. */
static void
one_document_is_named_by_its_own_digest(void **state)
{
	(void)state;
	struct ask k;
	ask_new(&k, 13);
	k.single = true;
	assert_ok(begin(&k));
	assert_string_equal(house.last.short_hash, "7F7F-7F7F-7F7F-7F7F");
	assert_int_equal(house.last.documents, 1);
}

/* Every state and event, against the table as the texts have it. */
static void
states_are_a_table(void **state)
{
	(void)state;
	static const bool wanted[3][4] = {{true, true, false, false}, {false, false, true, false}, {false, false, false, true}};
	for (int s = 0; s < 3; s++)
		for (int e = 0; e < 4; e++) {
			struct book_activation a = {.expires_at = 100, .proved_at = s > 0 ? 1 : 0, .completed_at = s > 1 ? 2 : 0};
			assert_int_equal(activation_state(&a), s);
			err_t r = activation_check(&a, (enum activation_event)e, 99);
			assert_int_equal(r.code, wanted[s][e] ? ERR_OK : ERR_ACTIVATION_STATE);
			assert_err(activation_check(&a, (enum activation_event)e, 100), ERR_ACTIVATION_EXPIRED);
		}
}

/* Five tries for ever: over restarts, resends and new activations. */
static void
sixth_code(void **state)
{
	(void)state;
	struct ask k, other;
	uint8_t code[6], right[6];
	ask_new(&k, 2);
	assert_ok(begin(&k));
	wrong_code(code);
	assert_err(try(&k, code), ERR_CODE_WRONG);
	assert_err(try(&k, code), ERR_CODE_WRONG);
	house_restart(&house);
	assert_err(try(&k, code), ERR_CODE_NONE); /* voided by the restart, and no try was used */
	assert_ok(resend(&k));
	assert_int_equal(k.state.tries_left, 3);
	assert_int_equal(k.state.sends_left, 1);
	wrong_code(code);
	assert_err(try(&k, code), ERR_CODE_WRONG);
	other = k; /* a new activation for the same signer and request */
	rand_fill(other.activation, 16);
	assert_ok(begin(&other));
	assert_int_equal(other.state.tries_left, 2);
	wrong_code(code);
	assert_err(try(&other, code), ERR_CODE_WRONG);
	mail(right, NULL);
	assert_err(try(&other, code), ERR_CODE_TRIES);
	assert_err(try(&other, right), ERR_CODE_TRIES); /* the sixth, though it is right */
	assert_err(resend(&other), ERR_CODE_SENDS);
	rand_fill(other.activation, 16);
	assert_err(begin(&other), ERR_CODE_SENDS);
	house_restart(&house);
	assert_err(try(&other, right), ERR_ACTIVATION); /* was never begun */
	assert_err(try(&k, right), ERR_CODE_TRIES);
}

/* As core may enrol a person again: under another digest, at an address that only looks like another one. */
static void
ask_anew(struct ask *k, uint8_t person, const char *address)
{
	memset(k, 0, sizeof *k);
	rand_fill(k->activation, 16);
	rand_fill(k->request, 16);
	rand_fill(k->signer, 16);
	house_registration(&k->registration, person);
	rand_fill(k->registration.id.bytes, 16);
	rand_fill(k->registration.digest.bytes, 32);
	snprintf(k->registration.address, sizeof k->registration.address, "%s", address);
	assert_ok(house_enrol(&house, &k->registration, k->mac));
}

/* Core makes the ids of requests, signers and activations, and the digests of records: wrong codes for one address count together
 * under whatever ids. */
static void
guesses_under_other_ids(void **state)
{
	(void)state;
	struct ask k;
	uint8_t code[6], right[6];
	for (int turn = 0; turn < LIMIT_WRONG_CODES / LIMIT_CODE_TRIES; turn++) {
		ask_new(&k, 77);
		assert_ok(begin(&k));
		wrong_code(code);
		for (int i = 1; i < LIMIT_CODE_TRIES; i++)
			assert_err(try(&k, code), ERR_CODE_WRONG);
		if (turn + 1 < LIMIT_WRONG_CODES / LIMIT_CODE_TRIES)
			assert_err(try(&k, code), ERR_CODE_TRIES);
	}
	struct ask last; /* one is left for this person, in whichever activation */
	ask_new(&last, 77);
	assert_ok(begin(&last));
	wrong_code(code);
	mail(right, NULL);
	assert_err(try(&last, code), ERR_CODE_WRONG);
	assert_err(try(&last, right), ERR_CODE_TRIES);
	house_restart(&house);
	ask_new(&k, 77);
	assert_err(begin(&k), ERR_CODE_TRIES);
	static const char *const same[] = {"jane77@example.org", "Jane77@Example.ORG", "jane77+x@example.org",
	    "jane77++@example.org"};
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		ask_anew(&k, (uint8_t)(80 + i), same[i]);
		assert_err(begin(&k), ERR_CODE_TRIES);
	}
	ask_anew(&k, 77, "jane77@mail.example.org");
	assert_ok(begin(&k));
	ask_new(&k, 78);
	assert_ok(begin(&k));
	mail(right, NULL);
	assert_ok(try(&k, right));
}

static void
three_sends(void **state)
{
	(void)state;
	struct ask k;
	unsigned before, after;
	uint8_t code[6], newer[6];
	ask_new(&k, 3);
	assert_ok(begin(&k));
	mail(code, &before);
	assert_ok(resend(&k));
	assert_ok(resend(&k));
	assert_err(resend(&k), ERR_CODE_SENDS);
	mail(newer, &after);
	assert_int_equal(after, before + 2);
	if (memcmp(code, newer, 6) != 0)
		assert_err(try(&k, code), ERR_CODE_WRONG); /* an older code is void */
	assert_ok(try(&k, newer));
}

/* A code goes only where keys MACed the address. */
static void
other_address(void **state)
{
	(void)state;
	struct ask k;
	unsigned before, after;
	uint8_t code[6];
	ask_new(&k, 4);
	mail(code, &before);
	snprintf(k.registration.address, sizeof k.registration.address, "thief@example.org");
	assert_err(begin(&k), ERR_MAC);
	house_registration(&k.registration, 4);
	snprintf(k.registration.subject.common_name, sizeof k.registration.subject.common_name, "John Doe");
	assert_err(begin(&k), ERR_MAC);
	house_registration(&k.registration, 4);
	k.registration.method = paraph_Method_METHOD_SMS_CODE;
	assert_err(begin(&k), ERR_INPUT);
	k.mac[0] ^= 1;
	house_registration(&k.registration, 4);
	assert_err(begin(&k), ERR_MAC);
	mail(code, &after);
	assert_int_equal(before, after);
	struct ask bad;
	memset(&bad, 0, sizeof bad);
	house_registration(&bad.registration, 5);
	snprintf(bad.registration.address, sizeof bad.registration.address, "jane@example.org\r\nBcc: thief@example.org");
	assert_err(house_enrol(&house, &bad.registration, bad.mac), ERR_UTF8);
	snprintf(bad.registration.address, sizeof bad.registration.address, "jane@example.org,thief@example.org");
	assert_err(house_enrol(&house, &bad.registration, bad.mac), ERR_INPUT);
}

static void
asked_again(void **state)
{
	(void)state;
	struct ask k;
	unsigned before, after;
	uint8_t code[6];
	ask_new(&k, 6);
	assert_ok(begin(&k));
	mail(code, &before);
	assert_ok(begin(&k)); /* the answer was lost: no second code */
	mail(code, &after);
	assert_int_equal(before, after);
	rand_fill(k.signer, 16);
	assert_err(begin(&k), ERR_ACTIVATION);
}

/* Courier cannot: the send is counted, no code stays open. */
static void
courier_fails(void **state)
{
	(void)state;
	struct ask k;
	ask_new(&k, 7);
	courier_set(&house.refuse, true);
	assert_err(begin(&k), ERR_PEER_GONE);
	courier_set(&house.refuse, false);
	assert_err(try(&k, (const uint8_t *)"123456"), ERR_CODE_NONE);
	assert_ok(resend(&k));
	assert_int_equal(k.state.sends_left, 1);
}

/* Courier hangs: after one wait in vain it gets few workers at a time, and whoever is turned away loses no send. */
static void
courier_hangs(void **state)
{
	(void)state;
	struct ask k, other;
	struct desk *d = house.issuing;
	ask_new(&k, 11);
	ask_new(&other, 12);
	d->courier_waiting = 9; /* a burst is nothing unusual */
	assert_ok(begin(&other));
	courier_set(&house.mute, true);
	d->courier_waiting = 0;
	assert_err(begin(&k), ERR_DEADLINE);
	assert_true(d->courier_late_until > clock_monotonic());
	courier_set(&house.mute, false);
	assert_int_equal(d->courier_waiting, 0);
	d->courier_waiting = 4;
	int64_t start = clock_monotonic();
	assert_err(resend(&k), ERR_DEADLINE);
	assert_in_range(clock_monotonic() - start, 0, TIME_SECOND);
	assert_int_equal(d->courier_waiting, 4);
	d->courier_waiting = 3;
	assert_ok(resend(&k));
	assert_int_equal(k.state.sends_left, 1);
	d->courier_waiting = 0;
	d->courier_late_until = 0;
}

static void
expires(void **state)
{
	(void)state;
	struct ask k;
	uint8_t code[6];
	int64_t minutes = house.issuing->instance.activation_minutes;
	ask_new(&k, 8);
	house.issuing->instance.activation_minutes = 0;
	assert_ok(begin(&k));
	house.issuing->instance.activation_minutes = minutes;
	mail(code, NULL);
	assert_err(try(&k, code), ERR_ACTIVATION_EXPIRED);
	assert_err(resend(&k), ERR_ACTIVATION_EXPIRED);
	assert_err(complete(&k, 1), ERR_ACTIVATION_EXPIRED);
	int64_t code_minutes = house.issuing->instance.code_minutes;
	rand_fill(k.activation, 16);
	rand_fill(k.signer, 16);
	house.issuing->instance.code_minutes = 0;
	assert_ok(begin(&k));
	house.issuing->instance.code_minutes = code_minutes;
	mail(code, NULL);
	assert_err(try(&k, code), ERR_CODE_EXPIRED);
	assert_ok(resend(&k));
	mail(code, NULL);
	assert_ok(try(&k, code));
}

/* Everything is remembered over a restart but the open code. */
static void
restart_in_between(void **state)
{
	(void)state;
	struct ask k;
	uint8_t code[6], digest[32];
	ask_new(&k, 9);
	assert_ok(begin(&k));
	mail(code, NULL);
	assert_ok(try(&k, code));
	house_restart(&house);
	assert_ok(complete(&k, 3));
	memcpy(digest, k.state.digest.bytes, 32);
	house_restart(&house);
	assert_ok(complete(&k, 3));
	assert_memory_equal(digest, k.state.digest.bytes, 32);
	assert_string_equal(k.state.masked_address, "j***@example.org");
}

struct guess {
	struct ask k;
	_Atomic unsigned evaluated;
};

static void *
guesser(void *arg)
{
	struct guess *g = arg;
	struct ask k = g->k;
	for (unsigned i = 0; i < 25; i++) {
		uint8_t code[6];
		char text[12];
		snprintf(text, sizeof text, "%06u", (unsigned)rand_below(1000000));
		memcpy(code, text, 6);
		err_t e = try(&k, code);
		if (e.code == ERR_CODE_WRONG || !err_is(e))
			g->evaluated++;
		else if (e.code != ERR_BUSY && e.code != ERR_CODE_TRIES && e.code != ERR_CODE_NONE)
			fail_msg("error %u: %s", (unsigned)e.code, err_detail());
	}
	return NULL;
}

/* 200 guesses at once: five are evaluated. */
static void
parallel_guesses(void **state)
{
	(void)state;
	struct guess g = {.evaluated = 0};
	pthread_t threads[8];
	ask_new(&g.k, 10);
	assert_ok(begin(&g.k));
	for (size_t i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, guesser, &g);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	struct counter c = book_counter(house.issuing->book, g.k.request, g.k.signer);
	assert_true(c.tries <= 5);
	assert_true(g.evaluated <= 5);
}

/* Codes are six digits, each equally likely, and never repeat their neighbour more than chance does. */
static void
codes_are_random(void **state)
{
	(void)state;
	struct codes *c = codes_new();
	unsigned count[6][10] = {{0}};
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t id[16] = {0}, code[6];
		assert_ok(codes_make(c, id, 0, 10, code));
		for (size_t k = 0; k < 6; k++) {
			assert_true(code[k] >= '0' && code[k] <= '9');
			count[k][code[k] - '0']++;
		}
	}
	for (size_t k = 0; k < 6; k++)
		for (size_t digit = 0; digit < 10; digit++)
			assert_in_range(count[k][digit], 2000 - 250, 2000 + 250); /* 5.9 sigma */
	codes_free(c);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(goes_all_the_way),
    cmocka_unit_test(one_document_is_named_by_its_own_digest),
    cmocka_unit_test(states_are_a_table),
    cmocka_unit_test(sixth_code),
    cmocka_unit_test(guesses_under_other_ids),
    cmocka_unit_test(three_sends),
    cmocka_unit_test(other_address),
    cmocka_unit_test(asked_again),
    cmocka_unit_test(courier_fails),
    cmocka_unit_test(courier_hangs),
    cmocka_unit_test(expires),
    cmocka_unit_test(restart_in_between),
    cmocka_unit_test(parallel_guesses),
    cmocka_unit_test(codes_are_random),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
