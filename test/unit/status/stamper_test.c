#include "unit.h"

#include "status/stamper.h"

static uint8_t digest[64];
static struct oid policy;

static struct tsp_request
request_of(enum digest_kind kind)
{
	assert_ok(oid_parse(STR("2.25.1.6"), &policy));
	return (struct tsp_request){.kind = kind, .imprint = bytes(digest, digest_len(kind)), .cert_req = true};
}

static void
what_is_accepted(void **state)
{
	(void)state;
	static const enum digest_kind kinds[] = {DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};
	static const uint8_t nonce[TSP_NONCE_MAX] = {1};
	enum tsp_failure failure;
	paraph_TspSign sign;
	for (size_t k = 0; k < 3; k++) {
		struct tsp_request r = request_of(kinds[k]);
		r.policy = oid_bytes(&policy);
		r.nonce = BYTES_OF(nonce);
		r.imprint_bare = k == 1;
		unit_fill(digest, sizeof digest);
		assert_ok(stamper_check(&r, &policy, &failure));
		stamper_fill(&r, &sign);
		assert_int_equal(sign.hash, 8 * r.imprint.n);
		assert_int_equal(sign.imprint.size, r.imprint.n);
		assert_memory_equal(sign.imprint.bytes, digest, r.imprint.n);
		assert_int_equal(sign.nonce.size, sizeof nonce);
		assert_true(sign.cert_req);
		assert_int_equal(sign.imprint_bare, k == 1);
	}
}

static void
what_is_refused_and_why(void **state)
{
	(void)state;
	static const uint8_t nonce[TSP_NONCE_MAX + 1] = {1};
	enum tsp_failure failure;
	struct oid other;
	assert_ok(oid_parse(STR("2.25.1.7"), &other));
	struct tsp_request r = request_of(DIGEST_SHA256);
	r.policy = oid_bytes(&other);
	assert_err(stamper_check(&r, &policy, &failure), ERR_TSP_REQUEST);
	assert_int_equal(failure, TSP_UNACCEPTED_POLICY);
	r = request_of(DIGEST_SHA1);
	assert_err(stamper_check(&r, &policy, &failure), ERR_TSP_REQUEST);
	assert_int_equal(failure, TSP_BAD_ALG);
	r = request_of(DIGEST_SHA256);
	r.imprint.n--;
	assert_err(stamper_check(&r, &policy, &failure), ERR_TSP_REQUEST);
	assert_int_equal(failure, TSP_BAD_DATA_FORMAT);
	r = request_of(DIGEST_SHA256);
	r.nonce = BYTES_OF(nonce);
	assert_err(stamper_check(&r, &policy, &failure), ERR_TSP_REQUEST);
	assert_int_equal(failure, TSP_BAD_REQUEST);
	assert_int_equal(stamper_failure(err_make(ERR_CLOCK, "x")), TSP_TIME_NOT_AVAILABLE);
	assert_int_equal(stamper_failure(err_make(ERR_PEER_GONE, "x")), TSP_SYSTEM_FAILURE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_accepted),
    cmocka_unit_test(what_is_refused_and_why),
};
UNIT_MAIN(tests)
