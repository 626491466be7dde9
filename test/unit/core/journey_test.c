/* The states of requests, signers and acts. */
#include "core/facts.h"
#include "core/sign.h"
#include "keys_peer.h"
#include "peer.h"
#include "records.h"

/* Exactly the permitted steps: anything else is refused and changes nothing. */
static void
signers_follow_their_table(void **state)
{
	(void)state;
	assert_int_equal(signer_state_of(0), SIGNER_NOTIFIED);
	assert_err(signer_step(0, SIGNER_SIGNED), ERR_WRONG_STATE);
	assert_err(signer_step(0, SIGNER_CONSENTED), ERR_WRONG_STATE);
	assert_ok(signer_step(0, SIGNER_OPENED));
	assert_err(signer_step(0, SIGNER_SIGNING), ERR_WRONG_STATE);
	assert_ok(signer_step(0, SIGNER_IDENTIFIED));
	assert_ok(signer_step(0, SIGNER_CONSENTED));
	assert_ok(signer_step(0, SIGNER_CONSENTED));
	assert_ok(signer_step(0, SIGNER_SIGNING));
	assert_err(signer_step(0, SIGNER_DECLINED), ERR_WRONG_STATE); /* too late */
	assert_err(signer_step(0, SIGNER_CANCELED), ERR_WRONG_STATE);
	assert_ok(signer_step(0, SIGNER_SIGNED));
	for (int to = 0; to < SIGNER_STATES; to++)
		if (to != SIGNER_SIGNED)
			assert_err(signer_step(0, (enum signer_state)to), ERR_WRONG_STATE);
}

static void
declining_ends_the_request(void **state)
{
	json_t *answer = NULL;
	struct request r;
	(void)state;
	assert_ok(signer_step(0, SIGNER_OPENED));
	assert_ok(facts_decline(&open_worker, j.signers[0].id, STR("price wrong"), NULL, &answer));
	json_decref(answer);
	assert_ok(request_get(open_worker.reader, j.request, &r));
	assert_int_equal(r.state, REQUEST_DECLINED);
	assert_ok(signer_step(1, SIGNER_OPENED));
	assert_err(facts_decline(&open_worker, j.signers[1].id, STR(""), NULL, &answer), ERR_WRONG_STATE);
}

static void
the_deadline_ends_it(void **state)
{
	struct request r;
	(void)state;
	assert_ok(request_expire(&open_worker, clock_now()));
	assert_int_equal(signer_state_of(0), SIGNER_NOTIFIED);
	assert_ok(request_expire(&open_worker, clock_now() + 2 * TIME_HOUR));
	assert_int_equal(signer_state_of(0), SIGNER_EXPIRED);
	assert_ok(request_get(open_worker.reader, j.request, &r));
	assert_int_equal(r.state, REQUEST_EXPIRED);
}

static void
nobody_ends_it_under_a_signature(void **state)
{
	static const struct account by = {.id = "key", .actor = "key:key", .roles = ACCOUNT_SENDER}, other = {.id = "other"};
	json_t *answer = NULL;
	(void)state;
	assert_err(request_cancel(&open_worker, &other, j.request, STR(""), NULL, &answer), ERR_NOT_FOUND);
	for (int s = SIGNER_OPENED; s <= SIGNER_SIGNING; s++)
		assert_ok(signer_step(0, (enum signer_state)s));
	assert_err(request_cancel(&open_worker, &by, j.request, STR(""), NULL, &answer), ERR_WRONG_STATE);
	assert_int_equal(signer_state_of(1), SIGNER_NOTIFIED); /* all or nothing */
	assert_ok(signer_step(1, SIGNER_OPENED));
	assert_err(facts_decline(&open_worker, j.signers[1].id, STR(""), NULL, &answer), ERR_WRONG_STATE);
	assert_int_equal(signer_state_of(1), SIGNER_OPENED);
	assert_ok(signer_step(0, SIGNER_OPENED));
	assert_ok(request_cancel(&open_worker, &by, j.request, STR("withdrawn"), NULL, &answer));
	assert_string_equal(json_string_value(json_object_get(answer, "status")), "canceled");
	json_decref(answer);
}

/* ---- acts ---- */

static void
consent_given_by(int i)
{
	j.activation = id_make(clock_now());
	for (int s = SIGNER_OPENED; s <= SIGNER_CONSENTED; s++)
		assert_ok(signer_step(i, (enum signer_state)s));
	assert_ok(store_write(open_core.store, records_put_activation, &j.signers[i]));
}

static void
consent_given(void)
{
	consent_given_by(0);
}

/* How many there are on the way from the first to the last. */
static int
open_acts(int64_t before)
{
	struct act_place place = {0};
	struct id id;
	bool found = true;
	int n = 0;
	for (; found; n += found)
		assert_ok(act_open(open_worker.reader, before, &place, &id, &found));
	return n;
}

static void
one_act_for_one_consent(void **state)
{
	struct id id;
	enum act_state act_state;
	char reason[512];
	(void)state;
	AUTO_ACT(before);
	assert_err(act_prepare(&open_worker, j.signers[0].id, before), ERR_NOT_PROVED);
	consent_given_by(0);
	AUTO_ACT(act);
	AUTO_ACT(twice);
	assert_ok(act_prepare(&open_worker, j.signers[0].id, act));
	assert_ok(act_prepare(&open_worker, j.signers[0].id, twice));
	assert_int_equal(act->n, 1);
	assert_int_equal(act->parts[0].serial[0] & 0xc0, 0x40);
	assert_ok(act_begin(&open_worker, act, "sgr_x"));
	assert_int_equal(signer_state_of(0), SIGNER_SIGNING);
	/* The same consent does not serve a second time. */
	assert_true(err_is(act_begin(&open_worker, twice, "sgr_x")));
	assert_int_equal(open_acts(INT64_MAX), 1);
	assert_int_equal(open_acts(act->begun_at - 1), 0);
	AUTO_ACT(loaded);
	assert_ok(act_load(&open_worker, act->id, loaded));
	assert_int_equal(loaded->n, 1);
	assert_memory_equal(loaded->parts[0].serial, act->parts[0].serial, ISSUED_SERIAL_LEN);
	assert_false(loaded->parts[0].has_base);
	/* Void: the signer proves himself anew, with another activation. */
	open_core.published = NULL; /* no certificate was made, so nothing is published */
	assert_ok(act_void(&open_worker, loaded, "test"));
	assert_int_equal(signer_state_of(0), SIGNER_OPENED);
	assert_int_equal(open_acts(INT64_MAX), 0);
	assert_ok(act_newest(open_worker.reader, j.signers[0].id, &id, &act_state, reason));
	assert_int_equal(act_state, ACT_VOID);
	assert_string_equal(reason, "test");
	assert_true(err_is(act_void(&open_worker, act, "again")));
	AUTO_ACT(after);
	assert_err(act_prepare(&open_worker, j.signers[0].id, after), ERR_NOT_PROVED);
	consent_given_by(0);
	assert_ok(act_prepare(&open_worker, j.signers[0].id, after));
	assert_ok(act_begin(&open_worker, after, "sgr_x"));
}

/* ---- what could not be settled at once ---- */

static struct id asked_for; /* the intent of the newest question */

static void
keys_take(struct peer *p, void *message, int *fds)
{
	const paraph_Keys *m = message;
	(void)fds;
	asked_for = id_from(bytes(m->body.intent_ask.intent.bytes, m->body.intent_ask.intent.size));
	err_ignore(channel_send_outcome(p->fd, p->kind, m->id, err_make(ERR_DEADLINE, "wanted by the test"))); /* core may be gone */
}

static struct id other_document;

static err_t
put_other_document(struct store_tx *tx, void *arg)
{
	struct document d;
	TRY(document_get(tx, j.document, &d));
	(void)arg;
	d.id = other_document;
	d.place = 1;
	return document_put(tx, &d);
}

/* Each signer signs a document of his own: an open act keeps its documents. */
static struct id
act_make(int signer)
{
	AUTO_ACT(act);
	consent_given_by(signer);
	assert_ok(act_prepare(&open_worker, j.signers[signer].id, act));
	if (signer > 0) {
		other_document = act->parts[0].document.id = id_make(clock_now());
		assert_ok(store_write(open_core.store, put_other_document, NULL));
	}
	assert_ok(act_begin(&open_worker, act, "sgr_x"));
	return act->parts[0].intent;
}

static void
the_first_silence_ends_the_round(void **state)
{
	struct peer keys = {.kind = &message_keys, .take = keys_take};
	struct act_place place = {0};
	(void)state;
	open_core.leases = lease_new();
	open_core.keys = client_new(&message_keys, peer_start(&keys));
	struct id first = act_make(0), second = act_make(1);
	assert_err(sign_settle(&open_worker, INT64_MAX, &place), ERR_DEADLINE);
	assert_int_equal(keys.asked, 1);
	assert_true(id_eq(asked_for, first));
	assert_err(sign_settle(&open_worker, INT64_MAX, &place), ERR_DEADLINE);
	assert_int_equal(keys.asked, 2);
	assert_true(id_eq(asked_for, second)); /* which does not starve behind the first */
	assert_ok(sign_settle(&open_worker, INT64_MAX, &place));
	assert_int_equal(keys.asked, 2);
	assert_err(sign_settle(&open_worker, INT64_MAX, &place), ERR_DEADLINE);
	assert_true(id_eq(asked_for, first)); /* from the beginning */
	/* Somebody signs the documents at this moment: that is not waited for either. */
	int64_t start = clock_monotonic();
	const struct id taken[] = {j.document, other_document};
	assert_ok(lease_take(open_core.leases, taken, 2, 0));
	place = (struct act_place){0};
	assert_ok(sign_settle(&open_worker, INT64_MAX, &place));
	assert_int_equal(keys.asked, 3);
	assert_true(clock_monotonic() - start < TIME_SECOND);
	client_free(open_core.keys);
	peer_join(&keys);
	lease_free(open_core.leases);
}

/* ---- */

static void
an_ended_request_begins_nothing(void **state)
{
	(void)state;
	consent_given_by(0);
	AUTO_ACT(act);
	assert_ok(act_prepare(&open_worker, j.signers[0].id, act));
	assert_ok(request_expire(&open_worker, clock_now() + 2 * TIME_HOUR));
	assert_err(act_begin(&open_worker, act, "sgr_x"), ERR_WRONG_STATE);
}

static int
setup_past(void **state)
{
	records_deadline = -1;
	int rc = records_setup(state);
	records_deadline = TIME_HOUR;
	return rc;
}

/* Housekeeping has not come to it yet: the deadline has passed all the same. */
static void
a_deadline_needs_no_housekeeping(void **state)
{
	const struct link_session session = {.signer = j.signers[0].id};
	json_t *answer = NULL;
	(void)state;
	open_core.leases = lease_new();
	consent_given();
	AUTO_ACT(act);
	assert_ok(act_prepare(&open_worker, j.signers[0].id, act));
	assert_err(act_begin(&open_worker, act, "sgr_x"), ERR_WRONG_STATE);
	assert_int_equal(signer_state_of(0), SIGNER_CONSENTED);
	assert_err(activation_send(&open_worker, &session, NULL, &answer), ERR_WRONG_STATE);
	assert_string_equal(err_detail(), "the deadline has passed");
	lease_free(open_core.leases);
}

/* One who comes while another act of his document is open would sign beside it, and one of the signatures would be lost. */
static void
an_open_act_keeps_its_document(void **state)
{
	(void)state;
	AUTO_ACT(one);
	AUTO_ACT(two);
	AUTO_ACT(again);
	consent_given_by(0);
	assert_ok(act_prepare(&open_worker, j.signers[0].id, one));
	consent_given_by(1);
	assert_ok(act_prepare(&open_worker, j.signers[1].id, two));
	assert_ok(act_begin(&open_worker, one, "sgr_x"));
	assert_err(act_begin(&open_worker, two, "sgr_y"), ERR_BUSY);
	assert_int_equal(signer_state_of(1), SIGNER_CONSENTED); /* his consent is not used up */
	open_core.published = NULL; /* no certificate was made, so nothing is published */
	assert_ok(act_void(&open_worker, one, "test"));
	assert_ok(act_prepare(&open_worker, j.signers[1].id, again));
	assert_ok(act_begin(&open_worker, again, "sgr_y"));
}

static atomic_bool signing; /* keys is still at what core lost patience with */

static err_t
void_later(const paraph_Keys *question, paraph_Keys *ret_answer)
{
	if (question->which_body == paraph_Keys_intent_void_tag)
		return signing ? err_make(ERR_BUSY, "this intent is being worked on") : OK;
	ret_answer->which_body = paraph_Keys_intent_answer_tag; /* unknown */
	return OK;
}

/* An act is void when keys has said that no certificate for it can come into being any more, and core has learned of those that
 * were made: not before. */
static void
keys_has_the_last_word_on_a_void_act(void **state)
{
	static const pb_size_t asked[] = {paraph_Keys_intent_ask_tag, paraph_Keys_intent_void_tag, paraph_Keys_intent_ask_tag,
	    paraph_Keys_intent_void_tag, paraph_Keys_intent_ask_tag};
	struct id id;
	enum act_state act_state;
	char reason[512];
	(void)state;
	AUTO_ACT(act);
	consent_given();
	assert_ok(act_prepare(&open_worker, j.signers[0].id, act));
	assert_ok(act_begin(&open_worker, act, "sgr_x"));
	open_core.published = NULL; /* no certificate was made, so nothing is published */
	open_core.leases = lease_new();
	open_core.keys = keys_peer_start(void_later);
	signing = true;
	assert_err(sign_settle(&open_worker, INT64_MAX, &(struct act_place){0}), ERR_BUSY);
	assert_ok(act_newest(open_worker.reader, j.signers[0].id, &id, &act_state, reason));
	assert_int_equal(act_state, ACT_BEGUN);
	assert_int_equal(signer_state_of(0), SIGNER_SIGNING);
	signing = false;
	assert_ok(sign_settle(&open_worker, INT64_MAX, &(struct act_place){0}));
	assert_ok(act_newest(open_worker.reader, j.signers[0].id, &id, &act_state, reason));
	assert_int_equal(act_state, ACT_VOID);
	keys_peer_stop(open_core.keys);
	assert_int_equal(keys_peer.n, sizeof asked / sizeof *asked);
	assert_memory_equal(keys_peer.tags, asked, sizeof asked);
	lease_free(open_core.leases);
}

/* What is confirmed does not change while it is read, and does when a fact changes. */
static void
what_is_shown_is_stable(void **state)
{
	uint8_t one[32], two[32];
	(void)state;
	AUTO_JSON(a) = NULL;
	AUTO_JSON(b) = NULL;
	AUTO_JSON(c) = NULL;
	assert_ok(facts_shown(&open_worker, &j.signers[0], &a, one));
	assert_ok(signer_step(0, SIGNER_OPENED));
	assert_ok(facts_shown(&open_worker, &j.signers[0], &b, two));
	assert_memory_equal(one, two, 32);
	open_core.set.terms_version = "v2";
	assert_ok(facts_shown(&open_worker, &j.signers[0], &c, two));
	assert_memory_not_equal(one, two, 32);
}

static void
every_change_leaves_a_leaf(void **state)
{
	uint64_t before, after;
	json_t *answer = NULL;
	(void)state;
	assert_ok(signer_step(0, SIGNER_OPENED));
	assert_ok(audit_size(open_worker.reader, &before));
	assert_ok(facts_decline(&open_worker, j.signers[0].id, STR(""), NULL, &answer));
	json_decref(answer);
	assert_ok(audit_size(open_worker.reader, &after));
	assert_int_equal(after, before + 1);
}
#define TEST(f) cmocka_unit_test_setup_teardown(f, records_setup, open_teardown)
static const struct CMUnitTest tests[] = {
	TEST(signers_follow_their_table), TEST(declining_ends_the_request), TEST(the_deadline_ends_it),
	TEST(nobody_ends_it_under_a_signature), TEST(one_act_for_one_consent), TEST(an_ended_request_begins_nothing),
	TEST(what_is_shown_is_stable), TEST(every_change_leaves_a_leaf), TEST(an_open_act_keeps_its_document),
	cmocka_unit_test_setup_teardown(a_deadline_needs_no_housekeeping, setup_past, open_teardown),
	TEST(keys_has_the_last_word_on_a_void_act), TEST(the_first_silence_ends_the_round),
};
UNIT_MAIN(tests)
