#include "keys/house.h"

#include "base/secret.h"
#include "keys/paper.h"
#include "pki/verify.h"

static struct house house;

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

/* ---- time-stamps ---- */

static err_t
stamp(uint32_t hash, pb_size_t n, struct buf *token)
{
	paraph_StatusKeys *q = message_new(&message_status_keys), *a = message_new(&message_status_keys);
	q->which_body = paraph_StatusKeys_tsp_sign_tag;
	q->body.tsp_sign.hash = hash;
	q->body.tsp_sign.imprint.size = n;
	q->body.tsp_sign.nonce.size = 8;
	q->body.tsp_sign.nonce.bytes[0] = 0x17;
	q->body.tsp_sign.cert_req = true;
	err_t e = house_ask(house.status, false, q, NULL, a);
	if (!err_is(e)) {
		buf_reset(token);
		buf_put(token, bytes(a->body.tsp_signed.token.bytes, a->body.tsp_signed.token.size));
	}
	message_free(&message_status_keys, q);
	message_free(&message_status_keys, a);
	return e;
}

static void
stamps_each_hash(void **state)
{
	(void)state;
	static const struct {
		uint32_t hash;
		pb_size_t n;
	} kinds[] = {{256, 32}, {384, 48}, {512, 64}};
	uint8_t imprint[64] = {0};
	struct certificate unit;
	struct tsp_token t;
	AUTO_BUF(token, 8192);
	assert_ok(certificate_read(buf_bytes(&house.tsu), &unit));
	for (size_t i = 0; i < 3; i++) {
		assert_ok(stamp(kinds[i].hash, kinds[i].n, &token));
		assert_ok(tsp_token_read(buf_bytes(&token), &t));
		assert_ok(tsp_token_check(&t, bytes(imprint, kinds[i].n), &unit));
		assert_int_equal(t.nonce.n, 8);
		assert_int_equal(t.accuracy_us, 500000);
		assert_false(t.ordering);
	}
	assert_err(stamp(256, 31, &token), ERR_INPUT);
	assert_err(stamp(384, 32, &token), ERR_INPUT);
	assert_err(stamp(1, 20, &token), ERR_INPUT);
	assert_err(stamp(0, 0, &token), ERR_INPUT);
}

/* Serial numbers never repeat, and start as a certificate's do. */
static void
serials_differ(void **state)
{
	(void)state;
	enum { N = 200 };
	static uint8_t seen[N][20];
	struct tsp_token t;
	AUTO_BUF(token, 8192);
	for (size_t i = 0; i < N; i++) {
		assert_ok(stamp(256, 32, &token));
		assert_ok(tsp_token_read(buf_bytes(&token), &t));
		assert_int_equal(t.serial.n, 20);
		assert_in_range(t.serial.p[0], 0x40, 0x7f);
		memcpy(seen[i], t.serial.p, 20);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(seen[i], seen[k], 20);
	}
}

/* [EN 319 421 TIS-7.7.1-07] */
static void
clock_stops_all_but_a_demo(void **state)
{
	(void)state;
	static const enum instance_profile kinds[] = {INSTANCE_INTERNAL, INSTANCE_PRODUCTION};
	AUTO_BUF(token, 8192);
	int64_t most = house.status->instance.clock_stop_ms;
	house.status->instance.clock_stop_ms = -1; /* no clock is that good */
	assert_ok(stamp(256, 32, &token));         /* a demo goes on */
	for (size_t i = 0; i < 2; i++) {
		house.status->instance.kind = kinds[i];
		assert_err(stamp(256, 32, &token), ERR_CLOCK);
	}
	house.status->instance.kind = INSTANCE_DEMO;
	house.status->instance.clock_stop_ms = most;
	assert_ok(stamp(256, 32, &token));
}

/* Core begins nothing that it could not finish: what would refuse a stamp or an answer is told when it asks how things are. */
static void
health_is_what_a_stamp_would_say(void **state)
{
	(void)state;
	int64_t most = house.status->instance.clock_stop_ms;
	assert_ok(house_health(house.status));
	house.status->instance.clock_stop_ms = -1;
	assert_ok(house_health(house.status)); /* a demo goes on */
	house.status->instance.kind = INSTANCE_PRODUCTION;
	assert_err(house_health(house.status), ERR_CLOCK);
	house.status->instance.kind = INSTANCE_DEMO;
	house.status->instance.clock_stop_ms = most;
	assert_ok(house_health(house.status));
	struct keystore *own = house.status->keystore;
	house.status->keystore = house.issuing->keystore; /* without unit and OCSP signer of its own */
	assert_err(house_health(house.status), ERR_KEY_MISSING);
	house.status->keystore = own;
	assert_ok(house_health(house.status));
}

/* ---- OCSP ---- */

static err_t
ocsp(paraph_OcspStatus status, const struct buf *responder, int64_t next, struct buf *response)
{
	paraph_StatusKeys *q = message_new(&message_status_keys), *a = message_new(&message_status_keys);
	paraph_OcspSign *m = &q->body.ocsp_sign;
	struct certificate ca;
	uint8_t room[OCSP_ID_MAX];
	struct encode w = encode_init(room, sizeof room);
	struct bytes id;
	assert_ok(certificate_read(buf_bytes(&house.ca), &ca));
	assert_ok(ocsp_id_write(&w, DIGEST_SHA1, ca.subject, ca.public_key, bytes("\x41\x42\x43", 3)));
	assert_ok(encode_done(&w, &id));
	q->which_body = paraph_StatusKeys_ocsp_sign_tag;
	m->singles_count = 1;
	m->singles[0].cert_id.size = (pb_size_t)id.n;
	memcpy(m->singles[0].cert_id.bytes, id.p, id.n);
	m->singles[0].status = status;
	m->singles[0].reason = status == paraph_OcspStatus_OCSP_REVOKED ? 1 : -1;
	m->singles[0].revoked_at = status == paraph_OcspStatus_OCSP_REVOKED ? clock_now() - TIME_MINUTE : 0;
	m->singles[0].this_update = clock_now();
	m->singles[0].next_update = clock_now() + next;
	m->certificate.size = (pb_size_t)responder->n;
	memcpy(m->certificate.bytes, responder->p, responder->n);
	err_t e = house_ask(house.status, false, q, NULL, a);
	if (!err_is(e)) {
		buf_reset(response);
		buf_put(response, bytes(a->body.ocsp_signed.response.bytes, a->body.ocsp_signed.response.size));
	}
	message_free(&message_status_keys, q);
	message_free(&message_status_keys, a);
	return e;
}

static void
answers_each_state(void **state)
{
	(void)state;
	struct certificate ca;
	struct ocsp_response *r = calloc(1, sizeof *r);
	const struct ocsp_single *single;
	AUTO_BUF(response, 16384);
	assert_ok(certificate_read(buf_bytes(&house.ca), &ca));
	for (paraph_OcspStatus s = paraph_OcspStatus_OCSP_GOOD; s <= paraph_OcspStatus_OCSP_UNKNOWN; s++) {
		assert_ok(ocsp(s, &house.ocsp, 10 * TIME_MINUTE, &response));
		assert_ok(ocsp_response_read(buf_bytes(&response), r));
		assert_ok(ocsp_response_check(r, &ca, bytes("\x41\x42\x43", 3), &single));
		assert_int_equal(single->state, s == paraph_OcspStatus_OCSP_GOOD ? OCSP_STATE_GOOD
		        : s == paraph_OcspStatus_OCSP_REVOKED                ? OCSP_STATE_REVOKED
		                                                             : OCSP_STATE_UNKNOWN);
	}
	free(r);
}

/* Only with a certificate for its own key that the CA signed, and only what passes the lint. */
static void
refuses_other_responders(void **state)
{
	(void)state;
	AUTO_BUF(response, 16384);
	AUTO_BUF(changed, 8192);
	assert_err(ocsp(paraph_OcspStatus_OCSP_GOOD, &house.tsu, TIME_MINUTE, &response), ERR_INPUT);
	assert_err(ocsp(paraph_OcspStatus_OCSP_GOOD, &house.ca, TIME_MINUTE, &response), ERR_INPUT);
	buf_put(&changed, buf_bytes(&house.ocsp));
	changed.p[changed.n - 1] ^= 1; /* its signature */
	assert_true(err_is(ocsp(paraph_OcspStatus_OCSP_GOOD, &changed, TIME_MINUTE, &response)));
	assert_true(err_is(ocsp(paraph_OcspStatus_OCSP_GOOD, &house.ocsp, -TIME_HOUR, &response)));
	assert_true(err_is(ocsp(paraph_OcspStatus_OCSP_GOOD, &house.ocsp, 40 * TIME_DAY, &response)));
}

/* ---- the CA's own acts ---- */

static void
keys_are_made_once(void **state)
{
	(void)state;
	static const struct {
		enum journal_role role;
		paraph_Purpose purpose;
		uint16_t wanted;
	} cases[] = {
	    {JOURNAL_ISSUING, paraph_Purpose_PURPOSE_ISSUING, ERR_KEY_EXISTS},
	    {JOURNAL_ISSUING, paraph_Purpose_PURPOSE_ROOT, ERR_KEY_MISSING},
	    {JOURNAL_ISSUING, paraph_Purpose_PURPOSE_OCSP, ERR_KEY_MISSING},
	    {JOURNAL_ISSUING, paraph_Purpose_PURPOSE_NONE, ERR_KEY_MISSING},
	    {JOURNAL_STATUS, paraph_Purpose_PURPOSE_TSU, ERR_KEY_EXISTS},
	    {JOURNAL_STATUS, paraph_Purpose_PURPOSE_SEAL, ERR_KEY_MISSING},
	};
	paraph_Keys *q = message_new(&message_keys), *a = message_new(&message_keys);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		q->which_body = paraph_Keys_key_make_tag;
		q->body.key_make.purpose = cases[i].purpose;
		struct desk *d = cases[i].role == JOURNAL_ISSUING ? house.issuing : house.status;
		assert_int_equal(house_ask(d, true, q, NULL, a).code, cases[i].wanted);
	}
	message_free(&message_keys, q);
	message_free(&message_keys, a);
}

/* A certificate is kept only for an own key, and with a chain that holds. */
static void
keeps_fitting_certificates(void **state)
{
	(void)state;
	const struct buf *root_only[] = {&house.root}, *wrong[] = {&house.ca};
	assert_ok(house_store(house.issuing, paraph_Purpose_PURPOSE_SEAL, &house.seal, root_only, 1));
	assert_err(house_store(house.issuing, paraph_Purpose_PURPOSE_SEAL, &house.ca, root_only, 1), ERR_INPUT);
	assert_err(house_store(house.issuing, paraph_Purpose_PURPOSE_SEAL, &house.seal, wrong, 1), ERR_CHAIN);
	assert_err(house_store(house.issuing, paraph_Purpose_PURPOSE_SEAL, &house.seal, NULL, 0), ERR_CHAIN);
	assert_err(house_store(house.status, paraph_Purpose_PURPOSE_SEAL, &house.seal, root_only, 1), ERR_KEY_MISSING);
	assert_err(house_store(house.issuing, paraph_Purpose_PURPOSE_TSU, &house.seal, root_only, 1), ERR_INPUT);
	assert_err(house_store(house.issuing, paraph_Purpose_PURPOSE_TSU, &house.tsu, wrong, 1), ERR_INPUT);
	assert_ok(house_store(house.issuing, paraph_Purpose_PURPOSE_TSU, &house.tsu, root_only, 1));
}

static err_t
crl_from(bool ceremony, uint64_t number, struct bytes entries, uint64_t n, int64_t next, struct buf *list)
{
	paraph_Keys *q = message_new(&message_keys), *a = message_new(&message_keys);
	paraph_CrlSign *m = &q->body.crl_sign;
	int fds[3] = {paper_file(entries), paper_out(), -2};
	q->which_body = paraph_Keys_crl_sign_tag;
	m->intent.size = 16;
	m->number = number;
	m->entries = n;
	m->this_update = clock_now();
	m->next_update = clock_now() + next;
	err_t e = house_ask(house.issuing, ceremony, q, fds, a);
	buf_reset(list);
	if (!err_is(e))
		assert_ok(file_read(fds[1], list));
	close(fds[0]);
	close(fds[1]);
	message_free(&message_keys, q);
	message_free(&message_keys, a);
	return e;
}

static err_t
crl(uint64_t number, struct bytes entries, uint64_t n, int64_t next, struct buf *list)
{
	return crl_from(false, number, entries, n, next, list);
}

static void
lists_are_numbered(void **state)
{
	(void)state;
	uint8_t entries[2 * 29];
	struct certificate ca;
	struct crl c;
	struct crl_entry found;
	AUTO_BUF(list, 100000);
	assert_ok(certificate_read(buf_bytes(&house.ca), &ca));
	memset(entries, 0, sizeof entries);
	for (size_t i = 0; i < 2; i++) {
		int64_t at = clock_now() - (int64_t)i * TIME_MINUTE;
		rand_serial(entries + 29 * i);
		for (size_t k = 0; k < 8; k++)
			entries[29 * i + 20 + k] = (uint8_t)((uint64_t)at >> (56 - 8 * k));
		entries[29 * i + 28] = i == 0 ? 1 : 0;
	}
	assert_ok(crl(5, BYTES_OF(entries), 2, 24 * TIME_HOUR, &list));
	assert_ok(crl_read(buf_bytes(&list), &c));
	assert_ok(verify_signature(ca.spki, c.algorithm, c.tbs, c.signature));
	assert_ok(crl_find(&c, bytes(entries, 20), &found));
	assert_int_equal(found.reason, 1);
	assert_ok(crl_find(&c, bytes(entries + 29, 20), &found));
	assert_err(crl(5, BYTES_OF(entries), 2, 24 * TIME_HOUR, &list), ERR_LINT); /* the same number again */
	assert_err(crl(4, BYTES_OF(entries), 2, 24 * TIME_HOUR, &list), ERR_LINT);
	house_restart(&house);
	assert_err(crl(5, BYTES_OF(entries), 2, 24 * TIME_HOUR, &list), ERR_LINT);
	assert_err(crl(6, BYTES_OF(entries), 3, 24 * TIME_HOUR, &list), ERR_INPUT); /* three entries do not lie in two */
	assert_err(crl(6 + DESK_STEP_MAX, BYTES_OF(entries), 2, 24 * TIME_HOUR, &list), ERR_LIMIT); /* nor does it follow */
	assert_err(crl(INT64_MAX, BYTES_OF(entries), 2, 24 * TIME_HOUR, &list), ERR_LIMIT);
	assert_err(crl(UINT64_C(1) << 63, BYTES_OF(entries), 2, 24 * TIME_HOUR, &list), ERR_LIMIT);
	house_restart(&house);
	assert_ok(crl(6, bytes(NULL, 0), 0, 24 * TIME_HOUR, &list));
}

static void *
one_list(void *arg)
{
	AUTO_BUF(list, 100000);
	err_t e = crl(*(uint64_t *)arg, bytes(NULL, 0), 0, 24 * TIME_HOUR, &list);
	return err_is(e) ? NULL : arg;
}

/* Asked for side by side: of each number there is one list. */
static void
lists_one_at_a_time(void **state)
{
	(void)state;
	for (uint64_t number = 1000; number < 1020; number++) {
		pthread_t threads[4];
		size_t made = 0;
		void *result;
		for (size_t i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, one_list, &number);
		for (size_t i = 0; i < 4; i++) {
			pthread_join(threads[i], &result);
			made += result != NULL;
		}
		assert_int_equal(made, 1);
	}
}

/* A list without an end is the last one of a CA: whoever has it needs no other. So core gets none. */
static void
the_last_list_is_a_ceremony(void **state)
{
	(void)state;
	AUTO_BUF(list, 100000);
	assert_err(crl(2000, bytes(NULL, 0), 0, TIME_NEVER - clock_now(), &list), ERR_INPUT);
	assert_err(crl(2000, bytes(NULL, 0), 0, 3 * TIME_DAY, &list), ERR_INPUT);
	assert_err(crl(2000, bytes(NULL, 0), 0, 26 * TIME_HOUR, &list), ERR_LINT);
	assert_ok(crl_from(true, 2000, bytes(NULL, 0), 0, TIME_NEVER - clock_now(), &list));
}

static uint64_t
number_of(struct bytes der)
{
	struct crl c;
	uint64_t n = 0;
	assert_ok(crl_read(der, &c));
	for (size_t i = 0; i < c.number.n; i++)
		n = n << 8 | c.number.p[i];
	return n;
}

/* Each ceremony opens the root anew; whoever lost count, or a list that never came out, does not lead to a number twice. */
static void
the_root_counts_its_lists(void **state)
{
	(void)state;
	AUTO_BUF(first, 8192);
	AUTO_BUF(second, 8192);
	paper_root_crl(&house, &first);
	paper_root_crl(&house, &second);
	assert_int_equal(number_of(buf_bytes(&first)), 1);
	assert_int_equal(number_of(buf_bytes(&second)), 2);
}

/* ---- what a destroyed key leaves behind ---- */

#if defined(__SANITIZE_ADDRESS__)
#define GUARDED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GUARDED 1
#endif
#endif

#ifndef GUARDED /* a sanitizer guards memory against being read like this: the plain build has this test */
/* How often 32 octets stand anywhere in writable memory, but for `but`. */
static size_t
stands_in_memory(const uint8_t wanted[32], const uint8_t *but)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], rights[8];
	unsigned long from, to;
	size_t found = 0;
	assert_non_null(maps);
	while (fgets(line, sizeof line, maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3 || strncmp(rights, "rw", 2) != 0
		    || strstr(line, "[v") != NULL)
			continue;
		const uint8_t *p = (const uint8_t *)from, *end = (const uint8_t *)to; // NOLINT
		while ((size_t)(end - p) >= 32 && (p = memmem(p, (size_t)(end - p), wanted, 32)) != NULL) {
			found += p != but && p != wanted;
			p++;
		}
	}
	fclose(maps);
	return found;
}

/* A private key is in memory while it lives and not after it was destroyed. */
static void
destroyed_is_destroyed(void **state)
{
	(void)state;
	struct ecdsa *key = NULL;
	uint8_t digest[32] = {3}, signature[ECDSA_SIGNATURE_MAX];
	size_t n;
	AUTO_SECRET(scalar);
	AUTO_SECRET(turned);
	assert_ok(ecdsa_make(ECDSA_P256, &key));
	assert_ok(ecdsa_scalar(key, &scalar));
	turned = secret_new(32);
	for (size_t i = 0; i < 32; i++)
		turned.p[i] = scalar.p[31 - i]; /* as a big number lies in memory */
	assert_true(stands_in_memory(turned.p, NULL) > 0); /* the search finds a living key */
	for (int i = 0; i < 20; i++)
		assert_ok(ecdsa_sign(key, BYTES_OF(digest), signature, &n));
	assert_ok(ecdsa_verify(key, BYTES_OF(digest), bytes(signature, n)));
	ecdsa_free(key);
	assert_int_equal(stands_in_memory(turned.p, NULL), 0);
	assert_int_equal(stands_in_memory(scalar.p, NULL), 0);
}
#endif

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(stamps_each_hash),
    cmocka_unit_test(serials_differ),
    cmocka_unit_test(clock_stops_all_but_a_demo),
    cmocka_unit_test(health_is_what_a_stamp_would_say),
    cmocka_unit_test(answers_each_state),
    cmocka_unit_test(refuses_other_responders),
    cmocka_unit_test(keys_are_made_once),
    cmocka_unit_test(keeps_fitting_certificates),
    cmocka_unit_test(lists_are_numbered),
    cmocka_unit_test(lists_one_at_a_time),
    cmocka_unit_test(the_last_list_is_a_ceremony),
    cmocka_unit_test(the_root_counts_its_lists),
#ifndef GUARDED
    cmocka_unit_test(destroyed_is_destroyed),
#endif
};

int
main(void)
{
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
