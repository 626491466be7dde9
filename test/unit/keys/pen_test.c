#include "keys/paper.h"

#include "document/check.h"
#include "keys/statement.h"


static struct house house;
static struct buf root_crl;
static char sample[PATH_MAX];

static int
set_up(void **state)
{
	(void)state;
	house_make(&house);
	root_crl = buf_init(8192);
	paper_root_crl(&house, &root_crl);
	snprintf(sample, sizeof sample, "%s/share/sample/contract.pdf", getenv("PARAPH_SHARE"));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	buf_done(&root_crl);
	house_done(&house);
	return 0;
}

/* The final check of paraph-document, which shares no code with the writer. */
static void
judge(const struct paper *p, uint64_t base_length, size_t signatures)
{
	uint8_t digest[32];
	struct bytes root = buf_bytes(&house.root);
	struct check_result result;
	digest_sha256(buf_bytes(&p->file), digest);
	const struct check_facts facts = {.revision0_sha256 = BYTES_OF(p->revision0), .revision0_length = p->revision0_length,
	    .base_length = base_length, .field = p->field, .stamp_field = p->stamp_field,
	    .certificate = bytes(p->signed_.certificate.bytes, p->signed_.certificate.size), .trusted = &root, .trusted_n = 1,
	    .result_sha256 = BYTES_OF(digest), .result_length = p->file.n, .published_at = p->published_at,
	    .now = clock_now()};
	assert_ok(check_file(buf_bytes(&p->file), buf_bytes(&p->plan), &facts, &result));
	assert_int_equal(result.signatures, signatures);
}

/* PARAPH_KEEP=DIR keeps file and root, to show them to other programs. */
static void
keep(const struct paper *p, const char *name)
{
	char path[PATH_MAX];
	const char *dir = getenv("PARAPH_KEEP");
	if (dir == NULL)
		return;
	snprintf(path, sizeof path, "%s/%s.pdf", dir, name);
	assert_ok(file_replace(path, buf_bytes(&p->file), 0644));
	snprintf(path, sizeof path, "%s/%s-root.cer", dir, name);
	assert_ok(file_replace(path, buf_bytes(&house.root), 0644));
}

static void
signs_to_the_end(void **state)
{
	(void)state;
	struct paper *p = calloc(1, sizeof *p);
	paper_make(p, &house, sample, 1);
	paper_activate(p);
	assert_ok(paper_sign(p));
	assert_true(p->signed_.key_made_at <= p->signed_.signed_at);
	assert_true(p->signed_.signed_at <= p->signed_.key_destroyed_at);
	paraph_SignAnswer first = p->signed_;
	assert_ok(paper_sign(p)); /* asked again: the same answer, no second certificate */
	assert_memory_equal(&first, &p->signed_, sizeof first);
	paper_finish(p, buf_bytes(&root_crl));
	uint64_t base = p->file.n;
	paper_join(p);
	judge(p, base, 1);
	keep(p, "one");
	paper_done(p);
	free(p);
}

static void
two_signers_in_a_row(void **state)
{
	(void)state;
	struct paper *p = calloc(1, sizeof *p);
	paper_make(p, &house, sample, 2);
	for (uint16_t i = 0; i < 2; i++) {
		paper_signer(p, i);
		paper_person(p, (uint8_t)(100 + i));
		paper_activate(p);
		assert_ok(paper_sign(p));
		uint64_t base = p->file.n;
		paper_finish(p, buf_bytes(&root_crl));
		paper_join(p);
		judge(p, base, i + 1u);
	}
	keep(p, "two");
	paper_done(p);
	free(p);
}

static err_t
dss(struct paper *p)
{
	return paper_dss(p, buf_bytes(&root_crl));
}

/* ---- what a hostile core would try ---- */

/* A base is a document that was finished, and whose signature was not taken back. */
static void
unfinished_bases(void **state)
{
	(void)state;
	struct paper *p = calloc(1, sizeof *p);
	paraph_RevisionRecord records[3];
	err_t (*const steps[])(struct paper *p) = {paper_stamp, dss, paper_doc_stamp};
	uint8_t intent[16];
	paper_make(p, &house, sample, 2);
	paper_activate(p);
	assert_ok(paper_sign(p));
	memcpy(intent, p->intent, 16);
	for (size_t i = 0; i < 3; i++) {
		assert_ok(steps[i](p));
		records[i] = p->increment.record;
	}
	paper_join(p);
	paper_signer(p, 1);
	paper_person(p, 90);
	paper_activate(p);
	for (size_t i = 0; i < 2; i++) {
		p->base = records[i];
		assert_err(paper_sign(p), ERR_MAC);
	}
	p->base = records[2];
	p->base.intent.bytes[0] ^= 1;
	assert_err(paper_sign(p), ERR_MAC);
	p->base = records[2];
	paraph_Keys *q = message_new(&message_keys);
	q->which_body = paraph_Keys_intent_void_tag;
	HOUSE_ID(q->body.intent_void.intent, intent);
	assert_ok(paper_tell(p, q));
	assert_err(paper_sign(p), ERR_NOT_CONSENTED);
	house_restart(&house);
	assert_err(paper_sign(p), ERR_NOT_CONSENTED);
	paper_done(p);
	free(p);
}

static void
other_documents(void **state)
{
	(void)state;
	struct paper *p = calloc(1, sizeof *p);
	paper_make(p, &house, sample, 1);
	paper_activate(p);
	AUTO_BUF(other, 10 * 1024 * 1024);
	paraph_Keys *q;
#define SIGN_WITH(file, plan, change)                                                                                  \
	(q = message_new(&message_keys), q->which_body = paraph_Keys_sign_begin_tag,                                   \
	    paper_sign_fill(p, &q->body.sign_begin), (void)(change), paper_sign_with(p, q, file, plan, p->out_fd))
	buf_put(&other, buf_bytes(&p->file));
	other.p[other.n / 2] ^= 1;
	assert_err(SIGN_WITH(buf_bytes(&other), buf_bytes(&p->plan), 0), ERR_NOT_CONSENTED);
	buf_put_byte(&other, ' ');
	assert_err(SIGN_WITH(buf_bytes(&other), buf_bytes(&p->plan), 0), ERR_NOT_CONSENTED);
	buf_reset(&other);
	buf_put(&other, buf_bytes(&p->plan));
	other.p[other.n - 1] ^= 1;
	assert_err(SIGN_WITH(buf_bytes(&p->file), buf_bytes(&other), 0), ERR_NOT_CONSENTED);
	paraph_SignBegin *m = NULL;
	assert_err(SIGN_WITH(buf_bytes(&p->file), buf_bytes(&p->plan),
	               (m = &q->body.sign_begin, m->subject.common_name[0] = 'X')), ERR_NOT_CONSENTED);
	assert_err(SIGN_WITH(buf_bytes(&p->file), buf_bytes(&p->plan),
	               (m = &q->body.sign_begin, m->registration_digest.bytes[0] ^= 1)), ERR_NOT_CONSENTED);
	assert_err(SIGN_WITH(buf_bytes(&p->file), buf_bytes(&p->plan), (m = &q->body.sign_begin, m->document = 1)),
	    ERR_NOT_CONSENTED);
	assert_err(SIGN_WITH(buf_bytes(&p->file), buf_bytes(&p->plan), (m = &q->body.sign_begin, m->stamp_field = p->field)),
	    ERR_NOT_CONSENTED);
	assert_err(SIGN_WITH(buf_bytes(&p->file), buf_bytes(&p->plan), (m = &q->body.sign_begin, m->serial.bytes[0] = 0)),
	    ERR_SERIAL);
	assert_err(SIGN_WITH(buf_bytes(&p->file), buf_bytes(&p->plan), (m = &q->body.sign_begin, m->activation.bytes[0] ^= 1)),
	    ERR_ACTIVATION);
	/* a record of a base that keys did not make */
	assert_err(SIGN_WITH(buf_bytes(&p->file), buf_bytes(&p->plan),
	               (m = &q->body.sign_begin, m->has_base = true, m->base.length = p->file.n,
	                   m->base.revision0_sha256.size = m->base.sha256.size = m->base.mac.size = 32,
	                   m->base.intent.size = 16,
	                   memcpy(m->base.revision0_sha256.bytes, p->revision0, 32),
	                   memcpy(m->base.sha256.bytes, p->revision0, 32))), ERR_MAC);
	/* not append-only, not empty, not a file */
	int fd = memfd_create("out", MFD_CLOEXEC), pair[2];
	q = message_new(&message_keys);
	q->which_body = paraph_Keys_sign_begin_tag;
	paper_sign_fill(p, &q->body.sign_begin);
	assert_err(paper_sign_with(p, q, buf_bytes(&p->file), buf_bytes(&p->plan), fd), ERR_INPUT);
	assert_ok(socket_pair(pair));
	q = message_new(&message_keys);
	q->which_body = paraph_Keys_sign_begin_tag;
	paper_sign_fill(p, &q->body.sign_begin);
	assert_err(paper_sign_with(p, q, buf_bytes(&p->file), buf_bytes(&p->plan), pair[0]), ERR_INPUT);
	close(pair[0]);
	close(pair[1]);
	close(fd);
	/* nothing of all that used anything up */
	assert_ok(paper_sign(p));
	paper_done(p);
	free(p);
}

static void
missing_and_used_activations(void **state)
{
	(void)state;
	struct paper *p = calloc(1, sizeof *p);
	uint8_t code[6], intent[16];
	paper_make(p, &house, sample, 1);
	assert_err(paper_sign(p), ERR_ACTIVATION);
	assert_ok(paper_begin(p));
	assert_err(paper_sign(p), ERR_ACTIVATION_STATE);
	paper_code(p, code);
	assert_ok(paper_try(p, code));
	assert_err(paper_sign(p), ERR_ACTIVATION_STATE);
	p->appearance[0] ^= 1; /* consent to another appearance than the plan has */
	assert_ok(paper_complete(p));
	assert_err(paper_sign(p), ERR_NOT_CONSENTED);
	p->appearance[0] ^= 1;
	paper_signer(p, 0);
	paper_activate(p);
	assert_ok(paper_sign(p));
	memcpy(intent, p->intent, 16);
	rand_fill(p->intent, 16); /* a replay with another intent */
	assert_err(paper_sign(p), ERR_NOT_CONSENTED);
	rand_serial(p->serial);
	assert_err(paper_sign(p), ERR_NOT_CONSENTED);
	memcpy(p->intent, intent, 16); /* the old intent with another serial */
	assert_err(paper_sign(p), ERR_INTENT);
	house_restart(&house);
	assert_err(paper_sign(p), ERR_INTENT);
	paper_done(p);
	free(p);
}

/* A serial that was given is never given again. */
static void
serial_twice(void **state)
{
	(void)state;
	struct paper *p = calloc(1, sizeof *p);
	uint8_t serial[20];
	paper_make(p, &house, sample, 1);
	paper_activate(p);
	assert_ok(paper_sign(p));
	memcpy(serial, p->serial, 20);
	paper_signer(p, 0);
	memcpy(p->serial, serial, 20);
	paper_activate(p);
	assert_err(paper_sign(p), ERR_SERIAL);
	house_restart(&house);
	assert_err(paper_sign(p), ERR_SERIAL);
	paper_done(p);
	free(p);
}

static err_t
ask(struct paper *p, paraph_IntentAnswer *ret_answer)
{
	paraph_Keys *q = message_new(&message_keys), *a;
	q->which_body = paraph_Keys_intent_ask_tag;
	HOUSE_ID(q->body.intent_ask.intent, p->intent);
	err_t e = paper_core(p, q, NULL, 0, &a);
	*ret_answer = a->body.intent_answer;
	message_free(&message_keys, a);
	return e;
}

static err_t
void_it(struct paper *p)
{
	paraph_Keys *q = message_new(&message_keys);
	q->which_body = paraph_Keys_intent_void_tag;
	HOUSE_ID(q->body.intent_void.intent, p->intent);
	return paper_tell(p, q);
}

/* After a restart the same signature is finished, with the same octets. */
static void
resumes(void **state)
{
	(void)state;
	struct paper *p = calloc(1, sizeof *p);
	paper_make(p, &house, sample, 1);
	paper_activate(p);
	assert_ok(paper_sign(p));
	assert_ok(paper_stamp(p));
	paraph_SignAnswer first = p->signed_;
	house_restart(&house);
	assert_err(paper_dss(p, buf_bytes(&root_crl)), ERR_INTENT);
	paraph_IntentAnswer known;
	assert_ok(ask(p, &known));
	assert_int_equal(known.known, paraph_IntentKnown_INTENT_RESULT);
	assert_memory_equal(&known.result, &first, sizeof first);
	assert_ok(paper_resume(p));
	assert_memory_equal(&first, &p->signed_, sizeof first);
	uint64_t base = p->file.n;
	paper_finish(p, buf_bytes(&root_crl));
	paper_join(p);
	judge(p, base, 1);
	paper_done(p);
	free(p);
}

static void
voids(void **state)
{
	(void)state;
	struct paper *p = calloc(1, sizeof *p);
	paper_make(p, &house, sample, 1);
	paper_activate(p);
	assert_ok(paper_sign(p));
	assert_ok(void_it(p));
	assert_err(paper_stamp(p), ERR_INTENT_VOID);
	assert_err(paper_sign(p), ERR_INTENT_VOID);
	assert_err(paper_resume(p), ERR_INTENT_VOID);
	house_restart(&house);
	assert_err(paper_resume(p), ERR_INTENT_VOID);
	paper_done(p);
	free(p);
}

/* While somebody works on an intent, nobody else does: it cannot be void and go on. */
static void
one_at_a_time(void **state)
{
	(void)state;
	struct paper *p = calloc(1, sizeof *p);
	struct book *b = house.issuing->book;
	paper_make(p, &house, sample, 1);
	paper_activate(p);
	assert_ok(paper_sign(p));
	err_t (*const steps[])(struct paper *p) = {paper_stamp, dss, paper_doc_stamp};
	for (size_t i = 0; i < 3; i++) {
		assert_true(book_claim(b, p->intent));
		assert_err(steps[i](p), ERR_BUSY);
		book_release(b, p->intent);
		assert_ok(steps[i](p));
	}
	assert_true(book_claim(b, p->intent)); /* it was given back each time */
	book_release(b, p->intent);
	paper_done(p);
	free(p);
}

/* core lost patience, or died, before keys came to what it had asked: once it is told that the intent is void, none is begun. */
static void
voids_what_was_not_begun(void **state)
{
	(void)state;
	paraph_IntentAnswer known;
	struct paper *p = calloc(1, sizeof *p);
	paper_make(p, &house, sample, 1);
	paper_activate(p);
	assert_ok(ask(p, &known));
	assert_int_equal(known.known, paraph_IntentKnown_INTENT_UNKNOWN);
	assert_ok(void_it(p));
	assert_ok(void_it(p));
	assert_ok(ask(p, &known));
	assert_int_equal(known.known, paraph_IntentKnown_INTENT_VOIDED);
	assert_int_equal(known.certificate.size, 0);
	assert_err(paper_sign(p), ERR_INTENT_VOID);
	assert_err(paper_resume(p), ERR_INTENT);
	rand_fill(p->intent, 16); /* nothing was used up */
	assert_ok(paper_sign(p));
	paper_done(p);
	free(p);
}

/* Of a signature that is being made at this moment nothing is told, and nothing voided or resumed: it would be wrong a moment later. */
static void
waits_for_what_is_under_way(void **state)
{
	(void)state;
	paraph_IntentAnswer known;
	struct paper *p = calloc(1, sizeof *p);
	paper_make(p, &house, sample, 1);
	paper_activate(p);
	assert_ok(paper_sign(p));
	assert_true(book_claim(house.issuing->book, p->intent));
	assert_err(ask(p, &known), ERR_BUSY);
	assert_err(void_it(p), ERR_BUSY);
	assert_err(paper_resume(p), ERR_BUSY);
	assert_err(paper_sign(p), ERR_BUSY);
	book_release(house.issuing->book, p->intent);
	assert_ok(ask(p, &known));
	assert_int_equal(known.known, paraph_IntentKnown_INTENT_RESULT);
	paper_done(p);
	free(p);
}

/* Stamps over other data, or in another order. */
static void
wrong_stamps(void **state)
{
	(void)state;
	struct paper *p = calloc(1, sizeof *p);
	uint8_t imprint[32] = {1};
	AUTO_BUF(token, 8192);
	paper_make(p, &house, sample, 1);
	paper_activate(p);
	assert_ok(paper_sign(p));
	paper_token(house.status, imprint, &token);
	assert_err(paper_stamp_with(p, buf_bytes(&token)), ERR_STAMP);
	assert_err(paper_stamp_with(p, bytes("abc", 3)), ERR_STAMP);
	assert_err(paper_dss(p, buf_bytes(&root_crl)), ERR_INTENT);
	assert_ok(paper_stamp(p));
	assert_err(paper_stamp(p), ERR_INTENT);
	paper_done(p);
	free(p);
}

/* ---- evidence ---- */

static err_t
seal(struct paper *p, const uint8_t result[32], const uint8_t statement[32], struct bytes proof, paraph_ProofSealed *ret_sealed)
{
	paraph_Keys *q = message_new(&message_keys), *a;
	paraph_ProofSeal *m = &q->body.proof_seal;
	int fd = paper_file(proof);
	q->which_body = paraph_Keys_proof_seal_tag;
	m->intents_count = m->results_sha256_count = 1;
	HOUSE_ID(m->intents[0], p->intent);
	m->results_sha256[0].size = m->statement_sha256.size = 32;
	memcpy(m->results_sha256[0].bytes, result, 32);
	memcpy(m->statement_sha256.bytes, statement, 32);
	err_t e = paper_core(p, q, &fd, 1, &a);
	if (!err_is(e))
		*ret_sealed = a->body.proof_sealed;
	message_free(&message_keys, a);
	close(fd);
	return e;
}

static err_t
statement(struct paper *p, struct buf *text, uint8_t ret_sha256[32])
{
	paraph_Keys *q = message_new(&message_keys), *a;
	q->which_body = paraph_Keys_statement_ask_tag;
	q->body.statement_ask.intents_count = 1;
	HOUSE_ID(q->body.statement_ask.intents[0], p->intent);
	err_t e = paper_core(p, q, NULL, 0, &a);
	if (!err_is(e)) {
		buf_put(text, bytes(a->body.statement.json.bytes, a->body.statement.json.size));
		digest_sha256(buf_bytes(text), ret_sha256);
		if (getenv("PARAPH_KEEP") != NULL)
			printf("# %.*s\n", (int)a->body.statement.json.size, (const char *)a->body.statement.json.bytes);
	}
	message_free(&message_keys, a);
	return e;
}

/* A proof as core writes it: the statement as its last member. */
static void
proof_write(const char *before, struct bytes statement, const char *after, struct buf *b)
{
	buf_put_str(b, str_c(before));
	buf_put_str(b, STR(",\"statement\":\""));
	for (size_t i = 0; i < statement.n; i++) {
		if (statement.p[i] == '"')
			buf_put_byte(b, '\\');
		buf_put_byte(b, statement.p[i]);
	}
	buf_put_str(b, STR("\"}"));
	buf_put_str(b, str_c(after));
}

static void
seals_only_its_own(void **state)
{
	(void)state;
	AUTO_BUF(text, 40000);
	AUTO_BUF(text_again, 40000);
	AUTO_BUF(proof, 100000);
	AUTO_BUF(longer, 100000);
	struct paper *p = calloc(1, sizeof *p);
	uint8_t told[32], again[32], other[32] = {1};
	paraph_ProofSealed sealed;
	paper_make(p, &house, sample, 1);
	paper_activate(p);
	assert_ok(paper_sign(p));
	assert_err(statement(p, &text, told), ERR_EVIDENCE); /* nothing finished yet */
	paper_finish(p, buf_bytes(&root_crl));
	assert_ok(statement(p, &text, told));
	house_restart(&house);
	assert_ok(statement(p, &text_again, again));
	assert_memory_equal(told, again, 32);
	const uint8_t *result = p->increment.record.sha256.bytes;
	proof_write("{\"proof\":1", buf_bytes(&text), "", &proof);
	struct bytes whole = buf_bytes(&proof);
	assert_err(seal(p, other, told, whole, &sealed), ERR_EVIDENCE);
	assert_err(seal(p, result, other, whole, &sealed), ERR_EVIDENCE);
	/* the right digests, but a file that says something else, or goes on after what is said here */
	assert_err(seal(p, result, told, bytes("{\"proof\":1}", 11), &sealed), ERR_EVIDENCE);
	assert_err(seal(p, result, told, bytes_sub(whole, 0, whole.n - 1), &sealed), ERR_EVIDENCE);
	proof_write("{\"proof\":1", buf_bytes(&text), "\n", &longer);
	assert_err(seal(p, result, told, buf_bytes(&longer), &sealed), ERR_EVIDENCE);
	proof.p[proof.n - 20] ^= 1;
	assert_err(seal(p, result, told, whole, &sealed), ERR_EVIDENCE);
	proof.p[proof.n - 20] ^= 1;
	assert_true(book_claim(house.issuing->book, p->intent)); /* as who voids it has */
	assert_err(seal(p, result, told, whole, &sealed), ERR_BUSY);
	book_release(house.issuing->book, p->intent);
	assert_ok(seal(p, result, told, whole, &sealed));
	assert_true(sealed.cms.size > 500);
	assert_ok(seal(p, result, told, whole, &sealed)); /* asked again after a lost answer */
	/* what was released is not made again */
	assert_err(paper_resume(p), ERR_INTENT);
	house_restart(&house);
	assert_err(paper_resume(p), ERR_INTENT);
	assert_ok(seal(p, result, told, whole, &sealed));
	paper_done(p);
	free(p);
}

static err_t
checkpoint(uint64_t size)
{
	struct paper p = {.house = &house};
	paraph_Keys *q = message_new(&message_keys);
	q->which_body = paraph_Keys_checkpoint_sign_tag;
	snprintf(q->body.checkpoint_sign.origin, 100, "DEMO Paraph");
	q->body.checkpoint_sign.size = size;
	q->body.checkpoint_sign.root.size = 32;
	q->body.checkpoint_sign.at = clock_now();
	return paper_tell(&p, q);
}

static void
checkpoints_only_grow(void **state)
{
	(void)state;
	assert_ok(checkpoint(10));
	assert_ok(checkpoint(11));
	assert_err(checkpoint(10), ERR_EVIDENCE);
}

/* A number that no record can hold, or that leaves none to come, is no number of a log: it would have been the end of this
 * journal. */
static void
checkpoints_grow_by_steps(void **state)
{
	(void)state;
	static const uint64_t far[] = {11 + DESK_STEP_MAX + 1, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX};
	for (size_t i = 0; i < sizeof far / sizeof *far; i++)
		assert_err(checkpoint(far[i]), ERR_LIMIT);
	house_restart(&house);
	assert_ok(checkpoint(12));
	assert_ok(checkpoint(12 + DESK_STEP_MAX));
	house_restart(&house);
	assert_err(checkpoint(12 + 3 * DESK_STEP_MAX), ERR_LIMIT);
}

static void *
one_checkpoint(void *arg)
{
	err_t e = checkpoint(*(uint64_t *)arg);
	return err_is(e) ? NULL : arg;
}

/* Side by side, none is signed after a larger one: they come one behind the other or not at all. */
static void
checkpoints_one_at_a_time(void **state)
{
	(void)state;
	static const uint8_t claim[RECORD_ID] = {'l', 'o', 'g'};
	uint64_t size = 14 + DESK_STEP_MAX;
	assert_true(book_claim(house.issuing->book, claim));
	assert_err(checkpoint(size), ERR_BUSY);
	book_release(house.issuing->book, claim);
	pthread_t threads[4];
	size_t made = 0;
	void *result;
	for (size_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, one_checkpoint, &size);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		made += result != NULL;
	}
	assert_true(made > 0);
	assert_ok(checkpoint(size)); /* the claim was given back */
}

/* Whatever a handler lets through: what the next start could not read is not written. */
static void
unreadable_records_are_not_written(void **state)
{
	(void)state;
	const struct record_crl_sign r = {.number = 1, .this_update_at = UINT64_C(1) << 63};
	assert_err(desk_record(house.issuing, RECORD_CRL_SIGN, clock_now(), &r), ERR_INTERNAL);
	house_restart(&house);
}

/* After a jump of the clock, ahead and back: time stands still here, so nothing would expire. The last test, for the mark stays. */
static void
clock_behind(void **state)
{
	(void)state;
	struct paper *p = calloc(1, sizeof *p);
	uint8_t code[6];
	paper_make(p, &house, sample, 1);
	paper_activate(p);
	clock_mark(clock_now() + 2 * DESK_BEHIND_MAX_US);
	assert_err(paper_sign(p), ERR_CLOCK);
	paper_code(p, code);
	assert_err(paper_try(p, code), ERR_CLOCK);
	paper_signer(p, 0);
	assert_err(paper_begin(p), ERR_CLOCK);
	paper_done(p);
	free(p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(signs_to_the_end),
    cmocka_unit_test(two_signers_in_a_row),
    cmocka_unit_test(unfinished_bases),
    cmocka_unit_test(other_documents),
    cmocka_unit_test(missing_and_used_activations),
    cmocka_unit_test(serial_twice),
    cmocka_unit_test(resumes),
    cmocka_unit_test(voids),
    cmocka_unit_test(one_at_a_time),
    cmocka_unit_test(voids_what_was_not_begun),
    cmocka_unit_test(waits_for_what_is_under_way),
    cmocka_unit_test(wrong_stamps),
    cmocka_unit_test(seals_only_its_own),
    cmocka_unit_test(checkpoints_only_grow),
    cmocka_unit_test(checkpoints_grow_by_steps),
    cmocka_unit_test(checkpoints_one_at_a_time),
    cmocka_unit_test(unreadable_records_are_not_written),
    cmocka_unit_test(clock_behind),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
