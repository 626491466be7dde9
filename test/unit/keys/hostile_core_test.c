/*
 * A hostile core: this program sits at core's end of the channel to a real, jailed paraph-keys and tries to get a
 * signature or a certificate that no signer wanted. A person was enrolled before. It gets nothing for another document,
 * another subject, another address, an expired, sixth or missing activation, a replay
 * (doc/threats.md, core).
 */
#include "keys/paper.h"
#include "keys/program.h"

static struct house house;
static struct paper *paper;
static pid_t program;
static uint8_t expired[16]; /* an activation that was begun long ago */

/* In this process first, because its policy can be bent here: an activation that is over at once. */
static void
make_expired(void)
{
	int64_t minutes = house.issuing->instance.activation_minutes;
	house.issuing->instance.activation_minutes = 0;
	assert_ok(paper_begin(paper));
	house.issuing->instance.activation_minutes = minutes;
	memcpy(expired, paper->activation, 16);
}

static int
set_up(void **state)
{
	(void)state;
	char sample[PATH_MAX];
	house_make(&house);
	snprintf(sample, sizeof sample, "%s/share/sample/contract.pdf", getenv("PARAPH_SHARE"));
	paper = calloc(1, sizeof *paper);
	paper_make(paper, &house, sample, 1);
	make_expired();
	program = program_issuing(&house, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	kill(program, SIGTERM);
	assert_int_equal(program_wait(program), 0);
	client_free(house.core);
	pthread_join(house.courier, NULL);
	close(house.courier_fd);
	paper_done(paper);
	free(paper);
	desk_free(house.status);
	scratch_remove(house.dir);
	return 0;
}

static paraph_Keys *
sign_message(void)
{
	paraph_Keys *q = message_new(&message_keys);
	q->which_body = paraph_Keys_sign_begin_tag;
	paper_sign_fill(paper, &q->body.sign_begin);
	return q;
}

static err_t
send_sign(paraph_Keys *q)
{
	return paper_sign_with(paper, q, buf_bytes(&paper->file), buf_bytes(&paper->plan), paper->out_fd);
}

static uint64_t
increments(void)
{
	uint64_t size = 0;
	assert_ok(file_size(paper->out_fd, &size));
	return size;
}

static void
missing_activation(void **state)
{
	(void)state;
	paper_signer(paper, 0);
	assert_err(paper_sign(paper), ERR_ACTIVATION);
	assert_ok(paper_begin(paper));
	assert_err(paper_sign(paper), ERR_ACTIVATION_STATE);
	assert_err(paper_complete(paper), ERR_ACTIVATION_STATE);
}

static void
expired_activation(void **state)
{
	(void)state;
	uint8_t code[6] = "123456", kept[16];
	memcpy(kept, paper->activation, 16);
	memcpy(paper->activation, expired, 16);
	assert_err(paper_try(paper, code), ERR_ACTIVATION_EXPIRED);
	assert_err(paper_complete(paper), ERR_ACTIVATION_EXPIRED);
	assert_err(paper_sign(paper), ERR_ACTIVATION_EXPIRED);
	memcpy(paper->activation, kept, 16);
}

/* The code went to the signer, not to core: core can only guess, five times for ever. */
static void
sixth_code(void **state)
{
	(void)state;
	uint8_t right[6], wrong[6];
	rand_fill(paper->request, 16);
	paper_signer(paper, 0);
	assert_ok(paper_begin(paper));
	paper_code(paper, right);
	memcpy(wrong, right, 6);
	wrong[0] = (uint8_t)(wrong[0] == '9' ? '0' : wrong[0] + 1);
	for (int i = 0; i < 4; i++)
		assert_err(paper_try(paper, wrong), ERR_CODE_WRONG);
	assert_err(paper_try(paper, wrong), ERR_CODE_TRIES);
	assert_err(paper_try(paper, right), ERR_CODE_TRIES);
	rand_fill(paper->activation, 16);
	assert_err(paper_begin(paper), ERR_CODE_TRIES);
	assert_err(paper_sign(paper), ERR_ACTIVATION);
}

static void
other_address(void **state)
{
	(void)state;
	paraph_Registration kept = paper->registration;
	unsigned before = house.messages;
	rand_fill(paper->request, 16);
	paper_signer(paper, 0);
	snprintf(paper->registration.address, sizeof paper->registration.address, "core@example.org");
	assert_err(paper_begin(paper), ERR_MAC);
	paper->registration = kept;
	snprintf(paper->registration.subject.surname, sizeof paper->registration.subject.surname, "Roe");
	assert_err(paper_begin(paper), ERR_MAC);
	paper->registration = kept;
	assert_int_equal(house.messages, before);
}

/* A plan of core's own could name any object as the field, and show under the signature what the signer never saw. */
static void
plan_of_its_own(void **state)
{
	(void)state;
	paraph_Keys *q = message_new(&message_keys), *a = message_new(&message_keys);
	paraph_PlanAttest *m = &q->body.plan_attest;
	q->which_body = paraph_Keys_plan_attest_tag;
	HOUSE_ID(m->revision0_sha256, paper->revision0);
	HOUSE_ID(m->plan_sha256, paper->plan_sha256);
	m->mac.size = PLAN_MAC_LEN; /* core has not the key */
	assert_err(house_core(&house, q, NULL, 0, a), ERR_MAC);
	m->mac.size = 0;
	assert_err(house_core(&house, q, NULL, 0, a), ERR_MAC);
	message_free(&message_keys, q);
	message_free(&message_keys, a);

	unsigned before = house.messages;
	rand_fill(paper->request, 16);
	paper_signer(paper, 0);
	q = paper_begin_message(paper); /* attested: the honest plan for this revision 0 */
	q->body.activation_begin.documents[0].plan_sha256.bytes[7] ^= 1;
	assert_err(paper_tell(paper, q), ERR_MAC);
	q = paper_begin_message(paper);
	q->body.activation_begin.documents[0].revision0_sha256.bytes[7] ^= 1; /* nor for another revision 0 */
	assert_err(paper_tell(paper, q), ERR_MAC);
	q = paper_begin_message(paper);
	q->body.activation_begin.documents[0].plan_mac.size = 0;
	assert_err(paper_tell(paper, q), ERR_MAC);
	assert_int_equal(house.messages, before); /* no code went out for any of them */
	assert_ok(paper_tell(paper, paper_begin_message(paper)));
}

/* With a complete activation: only for that document, that subject, that appearance, once. */
static void
other_document_and_subject(void **state)
{
	(void)state;
	AUTO_BUF(other, 10 * 1024 * 1024);
	rand_fill(paper->request, 16);
	paper_signer(paper, 0);
	paper_activate(paper);
	buf_put(&other, buf_bytes(&paper->file));
	other.p[100] ^= 1;
	assert_err(paper_sign_with(paper, sign_message(), buf_bytes(&other), buf_bytes(&paper->plan), paper->out_fd),
	    ERR_NOT_CONSENTED);
	buf_reset(&other);
	buf_put(&other, buf_bytes(&paper->plan));
	other.p[20] ^= 1;
	assert_err(paper_sign_with(paper, sign_message(), buf_bytes(&paper->file), buf_bytes(&other), paper->out_fd),
	    ERR_NOT_CONSENTED);
	paraph_Keys *q = sign_message();
	snprintf(q->body.sign_begin.subject.common_name, 100, "John Roe DEMO");
	assert_err(send_sign(q), ERR_NOT_CONSENTED);
	q = sign_message();
	q->body.sign_begin.registration_digest.bytes[3] ^= 1;
	assert_err(send_sign(q), ERR_NOT_CONSENTED);
	q = sign_message();
	q->body.sign_begin.has_base = true; /* a base that keys never wrote */
	q->body.sign_begin.base.length = paper->file.n;
	HOUSE_ID(q->body.sign_begin.base.revision0_sha256, paper->revision0);
	HOUSE_ID(q->body.sign_begin.base.sha256, paper->revision0);
	HOUSE_ID(q->body.sign_begin.base.intent, paper->intent);
	q->body.sign_begin.base.mac.size = 32;
	assert_err(send_sign(q), ERR_MAC);
	assert_int_equal(increments(), 0);
}

static void
replay(void **state)
{
	(void)state;
	assert_ok(paper_sign(paper)); /* what the signer wanted */
	paraph_SignAnswer first = paper->signed_;
	assert_ok(paper_sign(paper));
	assert_memory_equal(&first, &paper->signed_, sizeof first);
	paraph_Keys *q = sign_message();
	rand_fill(q->body.sign_begin.intent.bytes, 16);
	assert_err(send_sign(q), ERR_NOT_CONSENTED);
	q = sign_message();
	rand_fill(q->body.sign_begin.intent.bytes, 16);
	rand_serial(q->body.sign_begin.serial.bytes);
	assert_err(send_sign(q), ERR_NOT_CONSENTED);
	q = sign_message();
	rand_serial(q->body.sign_begin.serial.bytes);
	assert_err(send_sign(q), ERR_INTENT);
	rand_fill(paper->request, 16); /* another signature with the serial of the first */
	uint8_t serial[20];
	memcpy(serial, paper->serial, 20);
	paper_signer(paper, 0);
	memcpy(paper->serial, serial, 20);
	paper_activate(paper);
	assert_err(paper_sign(paper), ERR_SERIAL);
	assert_int_equal(increments(), 0); /* and no file without a time-stamp from our unit */
}

/* A certificate for a key of its own would let core answer for every certificate of this CA. */
static void
other_ocsp_key(void **state)
{
	(void)state;
	struct keystore_public own;
	assert_ok(keystore_public(house.status->keystore, KEYSTORE_TSU, &own));
	paraph_Keys *q = message_new(&message_keys), *a = message_new(&message_keys);
	paraph_OcspCertificateSign *m = &q->body.ocsp_certificate_sign;
	q->which_body = paraph_Keys_ocsp_certificate_sign_tag;
	m->intent.size = 16;
	rand_fill(m->intent.bytes, 16);
	m->serial.size = 20;
	rand_serial(m->serial.bytes);
	m->spki.size = (pb_size_t)own.spki_n;
	memcpy(m->spki.bytes, own.spki, own.spki_n);
	assert_err(house_core(&house, q, NULL, 0, a), ERR_KEY_MISSING);
	m->spki.size = (pb_size_t)house.ocsp_spki.n; /* the real one is renewed, … */
	memcpy(m->spki.bytes, house.ocsp_spki.p, house.ocsp_spki.n);
	assert_ok(house_core(&house, q, NULL, 0, a));
	assert_err(house_core(&house, q, NULL, 0, a), ERR_SERIAL); /* … once with each serial, … */
	memcpy(paper->serial, m->serial.bytes, 20); /* … which no signer gets, … */
	assert_err(paper_sign(paper), ERR_SERIAL);
	rand_serial(paper->serial);
	assert_ok(paper_sign(paper));
	memcpy(m->serial.bytes, paper->serial, 20); /* … and not with the serial of a signer's certificate */
	assert_err(house_core(&house, q, NULL, 0, a), ERR_SERIAL);
	message_free(&message_keys, q);
	message_free(&message_keys, a);
}

/* There is no message that signs a digest, and what belongs to a ceremony ends the connection. */
static void
no_other_door(void **state)
{
	(void)state;
	paraph_Keys *q = message_new(&message_keys), *a = message_new(&message_keys);
	q->which_body = paraph_Keys_certificate_store_tag;
	q->body.certificate_store.purpose = paraph_Purpose_PURPOSE_ISSUING;
	assert_err(client_call(house.core, q, NULL, 0, 5 * TIME_SECOND, a), ERR_PEER_GONE);
	message_free(&message_keys, q);
	message_free(&message_keys, a);
	assert_int_equal(waitpid(program, NULL, WNOHANG), 0); /* the program itself goes on */
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(missing_activation),
    cmocka_unit_test(expired_activation),
    cmocka_unit_test(sixth_code),
    cmocka_unit_test(other_address),
    cmocka_unit_test(plan_of_its_own),
    cmocka_unit_test(other_document_and_subject),
    cmocka_unit_test(replay),
    cmocka_unit_test(other_ocsp_key),
    cmocka_unit_test(no_other_door),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
