/* The states of requests, signers, activations and acts, over a real database, with records as core stores them. */
#include "core/act.h"
#include "core/facts.h"
#include "core/lease.h"
#include "core/sign.h"
#include "keys_peer.h"
#include "open.h"
#include "os/clock.h"
#include "peer.h"

static struct {
	struct id request, document, registration, activation;
	struct signer signers[2];
} j;

static err_t
put_registration(struct store_tx *tx)
{
	uint8_t digest[32] = {1}, mac[32] = {2};
	AUTO_QUERY(q, tx, SQL_REGISTRATION_PUT);
	query_bytes(&q, id_bytes(&j.registration));
	query_text(&q, STR("key"));
	query_text(&q, STR("{}"));
	query_bytes(&q, BYTES_OF(digest));
	static const char *const texts[] = {"FR", "Test", "Signer", "", "Test Signer", "DEMO-1", "", "", "passport", "file 1"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		query_text(&q, str_c(texts[i]));
	query_int(&q, clock_now());
	query_int(&q, clock_now());
	TRY(query_run(&q));
	AUTO_QUERY(e, tx, SQL_ENROLMENT_PUT);
	query_bytes(&e, id_bytes(&j.registration));
	query_int(&e, paraph_Method_METHOD_EMAIL_CODE);
	query_text(&e, STR("signer@example.org"));
	query_bytes(&e, BYTES_OF(mac));
	return query_run(&e);
}

static int64_t put_deadline = TIME_HOUR; /* of the next request, from now */

static err_t
put_request(struct store_tx *tx)
{
	AUTO_QUERY(q, tx, SQL_REQUEST_PUT);
	query_bytes(&q, id_bytes(&j.request));
	query_text(&q, STR("key"));
	query_text(&q, STR("Lease"));
	query_text(&q, STR("ACME"));
	query_text(&q, STR("draft"));
	query_int(&q, clock_now() + put_deadline);
	query_int(&q, clock_now());
	return query_run(&q);
}

static err_t
put_all(struct store_tx *tx, void *arg)
{
	struct document d = {.id = j.document, .request = j.request, .file = id_make(5), .title = "Lease", .pages = 1,
	    .revision0_sha256 = {7}, .plan_mac = {8}};
	struct request r;
	(void)arg;
	TRY(put_registration(tx));
	TRY(put_request(tx));
	TRY(document_put(tx, &d));
	for (int i = 0; i < 2; i++) {
		struct signer_field f = {.document = j.document, .place = i, .signature = (uint32_t)i, .stamp = (uint32_t)i + 2};
		j.signers[i] = (struct signer){.id = id_make(clock_now()), .request = j.request, .place = i,
		    .registration = j.registration, .method = paraph_Method_METHOD_EMAIL_CODE};
		f.signer = j.signers[i].id;
		TRY(signer_put(tx, &j.signers[i]));
		TRY(signer_field_put(tx, &f));
	}
	TRY(request_move(tx, j.request, REQUEST_SENT, STR("")));
	TRY(request_get(tx, j.request, &r));
	return request_invite(&open_core, tx, &r);
}

static int
setup(void **state)
{
	if (open_setup(state) != 0)
		return -1;
	int64_t now = clock_now();
	j.request = id_make(now);
	j.document = id_make(now);
	j.registration = id_make(now);
	return err_is(store_write(open_core.store, put_all, NULL));
}

static enum signer_state
state_of(int i)
{
	struct signer s;
	assert_ok(signer_get(open_worker.reader, j.signers[i].id, &s));
	return s.state;
}

struct move {
	struct id signer;
	enum signer_state to;
};

static err_t
move(struct store_tx *tx, void *arg)
{
	struct move *m = arg;
	return signer_move(tx, m->signer, m->to, STR(""));
}

static err_t
step(int i, enum signer_state to)
{
	struct move m = {j.signers[i].id, to};
	return store_write(open_core.store, move, &m);
}

/* Exactly the permitted steps: anything else is refused and changes nothing. */
static void
signers_follow_their_table(void **state)
{
	(void)state;
	assert_int_equal(state_of(0), SIGNER_NOTIFIED);
	assert_err(step(0, SIGNER_SIGNED), ERR_WRONG_STATE);
	assert_err(step(0, SIGNER_CONSENTED), ERR_WRONG_STATE);
	assert_ok(step(0, SIGNER_OPENED));
	assert_err(step(0, SIGNER_SIGNING), ERR_WRONG_STATE);
	assert_ok(step(0, SIGNER_IDENTIFIED));
	assert_ok(step(0, SIGNER_CONSENTED));
	assert_ok(step(0, SIGNER_CONSENTED));
	assert_ok(step(0, SIGNER_SIGNING));
	assert_err(step(0, SIGNER_DECLINED), ERR_WRONG_STATE); /* too late */
	assert_err(step(0, SIGNER_CANCELED), ERR_WRONG_STATE);
	assert_ok(step(0, SIGNER_SIGNED));
	for (int to = 0; to < SIGNER_STATES; to++)
		if (to != SIGNER_SIGNED)
			assert_err(step(0, (enum signer_state)to), ERR_WRONG_STATE);
}

static void
declining_ends_the_request(void **state)
{
	json_t *answer = NULL;
	struct request r;
	(void)state;
	assert_ok(step(0, SIGNER_OPENED));
	assert_ok(facts_decline(&open_worker, j.signers[0].id, STR("price wrong"), NULL, &answer));
	json_decref(answer);
	assert_ok(request_get(open_worker.reader, j.request, &r));
	assert_int_equal(r.state, REQUEST_DECLINED);
	assert_ok(step(1, SIGNER_OPENED));
	assert_err(facts_decline(&open_worker, j.signers[1].id, STR(""), NULL, &answer), ERR_WRONG_STATE);
}

static void
the_deadline_ends_it(void **state)
{
	struct request r;
	(void)state;
	assert_ok(request_expire(&open_worker, clock_now()));
	assert_int_equal(state_of(0), SIGNER_NOTIFIED);
	assert_ok(request_expire(&open_worker, clock_now() + 2 * TIME_HOUR));
	assert_int_equal(state_of(0), SIGNER_EXPIRED);
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
		assert_ok(step(0, (enum signer_state)s));
	assert_err(request_cancel(&open_worker, &by, j.request, STR(""), NULL, &answer), ERR_WRONG_STATE);
	assert_int_equal(state_of(1), SIGNER_NOTIFIED); /* all or nothing */
	assert_ok(step(1, SIGNER_OPENED));
	assert_err(facts_decline(&open_worker, j.signers[1].id, STR(""), NULL, &answer), ERR_WRONG_STATE);
	assert_int_equal(state_of(1), SIGNER_OPENED);
	assert_ok(step(0, SIGNER_OPENED));
	assert_ok(request_cancel(&open_worker, &by, j.request, STR("withdrawn"), NULL, &answer));
	assert_string_equal(json_string_value(json_object_get(answer, "status")), "canceled");
	json_decref(answer);
}

/* ---- acts ---- */

static const char *put_state = "complete"; /* of the next activation */

static err_t
put_activation(struct store_tx *tx, void *arg)
{
	uint8_t digest[32] = {9};
	const struct signer *s = arg;
	AUTO_QUERY(q, tx, SQL_ACTIVATION_PUT);
	query_bytes(&q, id_bytes(&j.activation));
	query_bytes(&q, id_bytes(&s->id));
	query_text(&q, str_c(put_state));
	query_text(&q, STR("s***@example.org"));
	query_bytes(&q, BYTES_OF(digest));
	query_int(&q, clock_now());
	query_int(&q, clock_now() + TIME_HOUR);
	query_int(&q, clock_now());
	query_int(&q, 5);
	query_int(&q, 2);
	query_int(&q, clock_now());
	query_int(&q, clock_now());
	return query_run(&q);
}

static void
consent_given_by(int i)
{
	j.activation = id_make(clock_now());
	for (int s = SIGNER_OPENED; s <= SIGNER_CONSENTED; s++)
		assert_ok(step(i, (enum signer_state)s));
	assert_ok(store_write(open_core.store, put_activation, &j.signers[i]));
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
	assert_int_equal(state_of(0), SIGNER_SIGNING);
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
	assert_int_equal(state_of(0), SIGNER_OPENED);
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
	put_deadline = -1;
	int rc = setup(state);
	put_deadline = TIME_HOUR;
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
	assert_int_equal(state_of(0), SIGNER_CONSENTED);
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
	assert_int_equal(state_of(1), SIGNER_CONSENTED); /* his consent is not used up */
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
	assert_int_equal(state_of(0), SIGNER_SIGNING);
	signing = false;
	assert_ok(sign_settle(&open_worker, INT64_MAX, &(struct act_place){0}));
	assert_ok(act_newest(open_worker.reader, j.signers[0].id, &id, &act_state, reason));
	assert_int_equal(act_state, ACT_VOID);
	keys_peer_stop(open_core.keys);
	assert_int_equal(keys_peer.n, sizeof asked / sizeof *asked);
	assert_memory_equal(keys_peer.tags, asked, sizeof asked);
	lease_free(open_core.leases);
}

/* ---- activations ---- */

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
		assert_ok(step(0, (enum signer_state)s));
	j.activation = id_make(clock_now());
	put_state = activation;
	assert_ok(store_write(open_core.store, put_activation, &j.signers[0]));
	put_state = "complete";
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
	assert_int_equal(state_of(0), SIGNER_CONSENTED);
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
	assert_ok(step(0, SIGNER_OPENED));
	assert_err(activation_send(&open_worker, &session, NULL, &answer), ERR_PEER_GONE);
	assert_int_equal(activation_now().state, ACTIVATION_BEGUN);
	assert_ok(try_with(&open_worker));
	assert_int_equal(activation_now().state, ACTIVATION_PROVED);
	assert_int_equal(state_of(0), SIGNER_IDENTIFIED);
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
	assert_ok(step(0, SIGNER_OPENED));
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
	assert_ok(step(0, SIGNER_OPENED));
	assert_ok(audit_size(open_worker.reader, &before));
	assert_ok(facts_decline(&open_worker, j.signers[0].id, STR(""), NULL, &answer));
	json_decref(answer);
	assert_ok(audit_size(open_worker.reader, &after));
	assert_int_equal(after, before + 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, open_teardown)
static const struct CMUnitTest tests[] = {
	TEST(signers_follow_their_table), TEST(declining_ends_the_request), TEST(the_deadline_ends_it),
	TEST(nobody_ends_it_under_a_signature), TEST(one_act_for_one_consent), TEST(an_ended_request_begins_nothing),
	TEST(what_is_shown_is_stable), TEST(every_change_leaves_a_leaf), TEST(an_open_act_keeps_its_document),
	cmocka_unit_test_setup_teardown(a_deadline_needs_no_housekeeping, setup_past, open_teardown),
	TEST(keys_has_the_last_word_on_a_void_act), TEST(wrong_codes_at_once_are_all_counted), TEST(an_activation_never_goes_back),
	TEST(a_code_that_is_out_has_its_activation), TEST(without_courier_no_code_is_used_up),
	TEST(the_first_silence_ends_the_round),
};
UNIT_MAIN(tests)
