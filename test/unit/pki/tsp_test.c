#include "unit.h"
#include "base/limits.h"
#include "base/time.h"
#include "world.h"
#include <openssl/cms.h>
#include <openssl/ts.h>

static X509 *
openssl_of(const struct world_party *p)
{
	const unsigned char *at = p->der.p;
	return d2i_X509(NULL, &at, (long)p->der.n);
}

static struct tsp_request
request_of(enum digest_kind kind, const uint8_t *digest, bool cert_req)
{
	return (struct tsp_request){.kind = kind, .imprint = bytes(digest, digest_len(kind)),
		.nonce = bytes("\x00\x91\x02\x03", 4), .cert_req = cert_req};
}

static struct bytes
query_of(const struct tsp_request *r, uint8_t *room, size_t room_len)
{
	struct encode e = encode_init(room, room_len);
	struct bytes der;
	assert_ok(tsp_request_write(&e, r));
	assert_ok(encode_done(&e, &der));
	return der;
}

/* openssl ts -verify, with the certificate inside and given beside, for each digest. */
static void
judged_by_openssl(void **state)
{
	(void)state;
	static const enum digest_kind kinds[] = {DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};
	const struct world *w = world_get();
	uint8_t digest[DIGEST_LEN_MAX];
	unit_seed();
	unit_fill(digest, sizeof digest);
	for (int i = 0; i < 6; i++) {
		uint8_t query_room[512], room[TSP_TOKEN_MAX];
		struct tsp_request r = request_of(kinds[i % 3], digest, i < 3);
		struct bytes query = query_of(&r, query_room, sizeof query_room), der = world_tsr(&r, room, sizeof room);
		const unsigned char *at = query.p;
		TS_REQ *req = d2i_TS_REQ(NULL, &at, (long)query.n);
		at = der.p;
		TS_RESP *resp = d2i_TS_RESP(NULL, &at, (long)der.n);
		assert_non_null(req);
		assert_non_null(resp);
		TS_VERIFY_CTX *ctx = TS_REQ_to_TS_VERIFY_CTX(req, NULL);
		X509_STORE *store = X509_STORE_new();
		X509 *root = openssl_of(&w->root);
		X509_STORE_add_cert(store, root);
		TS_VERIFY_CTX_add_flags(ctx, TS_VFY_SIGNATURE);
		TS_VERIFY_CTX_set_store(ctx, store); /* ctx owns it now */
		STACK_OF(X509) *pool = sk_X509_new_null();
		sk_X509_push(pool, openssl_of(&w->tsu));
		TS_VERIFY_CTX_set_certs(ctx, pool);
		assert_int_equal(TS_RESP_verify_response(ctx, resp), 1);
		TS_TST_INFO *info = TS_RESP_get_tst_info(resp);
		assert_int_equal(ASN1_INTEGER_get(TS_ACCURACY_get_millis(TS_TST_INFO_get_accuracy(info))), 500);
		assert_int_equal(TS_TST_INFO_get_ordering(info), 0);
		TS_VERIFY_CTX_free(ctx);
		X509_free(root);
		TS_RESP_free(resp);
		TS_REQ_free(req);
	}
}

/* The token is CMS that OpenSSL verifies with its CAdES rules, and writes with the same octets. */
static void
token_is_cms(void **state)
{
	(void)state;
	const struct world *w = world_get();
	uint8_t room[TSP_TOKEN_MAX], digest[DIGEST_LEN_MAX] = {7};
	struct tsp_request r = request_of(DIGEST_SHA256, digest, true);
	struct bytes token;
	assert_ok(tsp_response_read(world_tsr(&r, room, sizeof room), &token));
	const unsigned char *at = token.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)token.n);
	assert_non_null(cms);
	X509_STORE *store = X509_STORE_new();
	X509 *root = openssl_of(&w->root);
	X509_STORE_add_cert(store, root);
	X509_STORE_set_purpose(store, X509_PURPOSE_TIMESTAMP_SIGN);
	assert_int_equal(CMS_verify(cms, NULL, store, NULL, NULL, CMS_CADES | CMS_BINARY), 1);
	unsigned char *again = NULL;
	assert_int_equal(i2d_CMS_ContentInfo(cms, &again), (int)token.n);
	assert_memory_equal(again, token.p, token.n);
	OPENSSL_free(again);
	CMS_ContentInfo_free(cms);
	X509_STORE_free(store);
	X509_free(root);
}

static void
read_back(void **state)
{
	(void)state;
	const struct world *w = world_get();
	uint8_t room[TSP_TOKEN_MAX], digest[DIGEST_LEN_MAX] = {7}, other[DIGEST_LEN_MAX] = {8};
	struct tsp_request r = request_of(DIGEST_SHA256, digest, true);
	struct bytes token;
	struct tsp_token t;
	struct certificate unit;
	struct oid policy;
	assert_ok(tsp_response_read(world_tsr(&r, room, sizeof room), &token));
	assert_ok(tsp_token_read(token, &t));
	assert_ok(profile_policy_oid(&w->instance, PROFILE_POLICY_STAMP, &policy));
	assert_true(bytes_eq(t.policy, oid_bytes(&policy)) && bytes_eq(t.nonce, r.nonce) && t.gen_at == w->now);
	assert_true(t.accuracy_us == 500000 && t.kind == DIGEST_SHA256 && t.serial.n == TSP_SERIAL_MAX && t.certs_n == 1);
	assert_ok(tsp_token_unit(&t, &unit));
	assert_true(bytes_eq(unit.der, w->tsu.der));
	assert_ok(tsp_token_check(&t, r.imprint, NULL));
	assert_ok(tsp_token_check(&t, r.imprint, &w->tsu.c));
	assert_err(tsp_token_check(&t, bytes(other, 32), NULL), ERR_TSP_TOKEN);
	assert_err(tsp_token_check(&t, r.imprint, &w->seal.c), ERR_TSP_TOKEN);
	assert_err(tsp_token_check(&t, r.imprint, &w->signer.c), ERR_TSP_TOKEN);
	struct certificate past = w->tsu.c;
	past.not_after_at = w->now - 2 * TIME_SECOND;
	assert_err(tsp_token_check(&t, r.imprint, &past), ERR_TSP_TOKEN);
	r.cert_req = false;
	assert_ok(tsp_response_read(world_tsr(&r, room, sizeof room), &token));
	assert_ok(tsp_token_read(token, &t));
	assert_int_equal(t.certs_n, 0);
	assert_err(tsp_token_unit(&t, &unit), ERR_NOT_FOUND);
	assert_ok(tsp_token_check(&t, r.imprint, &w->tsu.c));
}

/* Flip any bit of a token: it is refused. */
static void
property_flipped_bit(void **state)
{
	(void)state;
	const struct world *w = world_get();
	uint8_t room[TSP_TOKEN_MAX], digest[DIGEST_LEN_MAX] = {7};
	struct tsp_request r = request_of(DIGEST_SHA256, digest, false);
	struct bytes token;
	assert_ok(tsp_response_read(world_tsr(&r, room, sizeof room), &token));
	for (size_t bit = 0; bit < token.n * 8; bit++) {
		uint8_t copy[TSP_TOKEN_MAX];
		struct tsp_token t;
		memcpy(copy, token.p, token.n);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (err_is(tsp_token_read(bytes(copy, token.n), &t)) || err_is(tsp_token_check(&t, r.imprint, &w->tsu.c)))
			continue;
		fail_msg("bit %zu of the token does not matter", bit);
	}
}

static enum tsp_failure
failure_of(struct bytes der)
{
	struct tsp_request r;
	enum tsp_failure failure = (enum tsp_failure)99;
	assert_err(tsp_request_read(der, &r, &failure), ERR_TSP_REQUEST);
	return failure;
}

/* The messageImprint of a token is that of the request, octet for octet [RFC 3161 2.4.2]: some clients ask without parameters. */
static void
imprint_as_it_was_asked_for(void **state)
{
	(void)state;
	static const uint8_t with[] = {0x30, 0x31, 0x30, 0x0d, 6, 9}, without[] = {0x30, 0x2f, 0x30, 0x0b, 6, 9};
	uint8_t digest[DIGEST_LEN_MAX] = {9}, room[512], info_room[TSP_INFO_MAX];
	for (int bare = 0; bare < 2; bare++) {
		enum tsp_failure failure;
		struct tsp_request r = request_of(DIGEST_SHA256, digest, true), back;
		struct tsp_token t;
		r.imprint_bare = bare;
		struct bytes der = query_of(&r, room, sizeof room);
		assert_memory_equal(der.p + 5, bare ? without : with, sizeof with);
		assert_ok(tsp_request_read(der, &back, &failure));
		assert_int_equal(back.imprint_bare, bare);
		struct bytes info = world_tst(&back, info_room, sizeof info_room);
		assert_non_null(memmem(info.p, info.n, der.p + 5, bare ? 0x31 : 0x33));
		assert_ok(tsp_info_read(info, &t));
		assert_int_equal(t.imprint_bare, bare);
	}
}

/* Requests that OpenSSL makes, and one fault after the other. */
static void
requests(void **state)
{
	(void)state;
	uint8_t digest[DIGEST_LEN_MAX] = {7}, room[512], big[LIMIT_TSP_REQUEST + 1] = {0x30};
	enum tsp_failure failure;
	struct tsp_request r = request_of(DIGEST_SHA384, digest, true), back;
	struct bytes der = query_of(&r, room, sizeof room);
	assert_ok(tsp_request_read(der, &back, &failure));
	assert_true(back.kind == DIGEST_SHA384 && bytes_eq(back.imprint, r.imprint) && bytes_eq(back.nonce, r.nonce) && back.cert_req);
	r.policy = OID_ETSI_BTSP;
	assert_ok(tsp_request_read(query_of(&r, room, sizeof room), &back, &failure));
	assert_true(bytes_eq(back.policy, OID_ETSI_BTSP));
	r = request_of(DIGEST_SHA1, digest, true);
	assert_int_equal(failure_of(query_of(&r, room, sizeof room)), TSP_BAD_ALG);
	r = request_of(DIGEST_SHA256, digest, true);
	r.imprint.n = 31;
	assert_int_equal(failure_of(query_of(&r, room, sizeof room)), TSP_BAD_DATA_FORMAT);
	r = request_of(DIGEST_SHA256, digest, true);
	r.nonce = bytes("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14", 20);
	assert_ok(tsp_request_read(query_of(&r, room, sizeof room), &back, &failure));
	r.nonce = bytes("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15", 21);
	assert_int_equal(failure_of(query_of(&r, room, sizeof room)), TSP_BAD_REQUEST);
	r = request_of(DIGEST_SHA256, digest, false);
	r.nonce.n = 0;
	der = query_of(&r, room, sizeof room);
	assert_ok(tsp_request_read(der, &back, &failure));
	assert_true(back.nonce.n == 0 && !back.cert_req);
	uint8_t version[512];
	memcpy(version, der.p, der.n);
	version[4] = 2;
	assert_int_equal(failure_of(bytes(version, der.n)), TSP_BAD_REQUEST);
	assert_int_equal(failure_of(bytes(der.p, der.n - 1)), TSP_BAD_DATA_FORMAT);
	assert_int_equal(failure_of(bytes(big, sizeof big)), TSP_BAD_DATA_FORMAT);
	assert_int_equal(failure_of(bytes("", 0)), TSP_BAD_DATA_FORMAT);
	uint8_t extended[512]; /* an extension behind: [0] { … } */
	memcpy(extended, der.p, der.n);
	memcpy(extended + der.n, "\xa0\x02\x30\x00", 4);
	extended[1] = (uint8_t)(extended[1] + 4);
	assert_int_equal(failure_of(bytes(extended, der.n + 4)), TSP_UNACCEPTED_EXTENSION);
	memcpy(extended + der.n, "\x01\x01\x00", 3); /* certReq FALSE written out */
	extended[1] = (uint8_t)(der.p[1] + 3);
	assert_int_equal(failure_of(bytes(extended, der.n + 3)), TSP_BAD_DATA_FORMAT);
}

static void
failures(void **state)
{
	(void)state;
	static const enum tsp_failure all[] = {TSP_BAD_ALG, TSP_BAD_REQUEST, TSP_BAD_DATA_FORMAT, TSP_TIME_NOT_AVAILABLE,
		TSP_UNACCEPTED_POLICY, TSP_UNACCEPTED_EXTENSION, TSP_ADD_INFO_NOT_AVAILABLE, TSP_SYSTEM_FAILURE};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		uint8_t room[128];
		struct encode e = encode_init(room, sizeof room);
		struct bytes der, token;
		assert_ok(tsp_failure(&e, all[i], STR("no")));
		assert_ok(encode_done(&e, &der));
		const unsigned char *at = der.p;
		TS_RESP *resp = d2i_TS_RESP(NULL, &at, (long)der.n);
		assert_non_null(resp);
		assert_int_equal(ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(resp))), 2);
		assert_true(ASN1_BIT_STRING_get_bit(TS_STATUS_INFO_get0_failure_info(TS_RESP_get_status_info(resp)), all[i]));
		TS_RESP_free(resp);
		assert_err(tsp_response_read(der, &token), ERR_TSP_TOKEN);
	}
}

static void
accuracies(void **state)
{
	(void)state;
	uint8_t digest[DIGEST_LEN_MAX] = {7};
	struct tsp_facts f = {.policy = OID_ETSI_BTSP, .kind = DIGEST_SHA256, .imprint = bytes(digest, 32), .serial = {0x40}, .gen_at = TIME_DAY};
	for (uint32_t ms = 0; ms <= 1002; ms++) {
		uint8_t room[TSP_INFO_MAX];
		struct encode e = encode_init(room, sizeof room);
		struct bytes info;
		struct tsp_token t;
		f.accuracy_ms = ms;
		err_t made = tsp_info(&e, &f);
		if (ms == 0 || ms > 1000) {
			assert_err(made, ERR_PROFILE);
			continue;
		}
		assert_ok(made);
		assert_ok(encode_done(&e, &info));
		assert_ok(tsp_info_read(info, &t));
		assert_true(t.accuracy_us == (uint64_t)ms * 1000);
	}
}

static void
property_spoilt(void **state)
{
	(void)state;
	uint8_t room[TSP_TOKEN_MAX], digest[DIGEST_LEN_MAX] = {7};
	struct tsp_request r = request_of(DIGEST_SHA256, digest, true);
	struct bytes der = world_tsr(&r, room, sizeof room);
	unit_seed();
	for (int round = 0; round < 20000; round++) {
		size_t n = unit_below(8) ? der.n : unit_below(der.n);
		uint8_t *copy = malloc(n ? n : 1);
		struct bytes token;
		struct tsp_token t;
		memcpy(copy, der.p, n);
		for (size_t flips = unit_below(4); n && flips > 0; flips--)
			copy[unit_below(n)] = (uint8_t)unit_next();
		if (!err_is(tsp_response_read(bytes(copy, n), &token)))
			err_ignore(tsp_token_read(token, &t));
		free(copy);
	}
}

/* What is kept free for a token: never less than one needs, and as much as the largest does. */
static void
size_is_known_before(void **state)
{
	(void)state;
	struct world *w = world_get();
	int64_t now = w->now;
	struct oid policy;
	size_t most, largest = 0;
	assert_ok(profile_policy_oid(&w->instance, PROFILE_POLICY_STAMP, &policy));
	assert_ok(tsp_token_size_max(&w->tsu.c, oid_bytes(&policy), &most));
	for (int i = 0; i < 300; i++) {
		uint8_t room[TSP_TOKEN_MAX], digest[DIGEST_SHA256_LEN];
		struct tsp_request r = {.kind = DIGEST_SHA256, .imprint = BYTES_OF(digest), .cert_req = true};
		struct bytes token;
		unit_fill(digest, sizeof digest);
		w->now = time_floor(now) + (int64_t)unit_below(TIME_SECOND);
		assert_ok(tsp_response_read(world_tsr(&r, room, sizeof room), &token));
		assert_in_range(token.n, 1, most);
		largest = token.n > largest ? token.n : largest;
	}
	w->now = now;
	assert_int_equal(largest, most); /* a quarter of all signatures has the full length */
	struct certificate huge = w->tsu.c;
	static uint8_t octets[TSP_TOKEN_MAX];
	huge.der = BYTES_OF(octets);
	assert_err(tsp_token_size_max(&huge, oid_bytes(&policy), &most), ERR_LIMIT);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(judged_by_openssl),
	cmocka_unit_test(token_is_cms),
	cmocka_unit_test(read_back),
	cmocka_unit_test(size_is_known_before),
	cmocka_unit_test(property_flipped_bit),
	cmocka_unit_test(imprint_as_it_was_asked_for),
	cmocka_unit_test(requests),
	cmocka_unit_test(failures),
	cmocka_unit_test(accuracies),
	cmocka_unit_test(property_spoilt),
};
UNIT_MAIN(tests)
