#include "unit.h"

#include "base/time.h"
#include "published/published_write.h"
#include "status/responder.h"
#include "world.h"

static char folder[] = "/tmp/responder-test-XXXXXX";
static struct published *writer;
static struct responder responder;
static const struct world *w;
static uint8_t issuer_sha256[32];
static paraph_OcspSign question;
static struct responder_terms terms;

static int
store_make(void **state)
{
	(void)state;
	w = world_get();
	digest_sha256(w->issuing.c.spki, issuer_sha256);
	if (mkdtemp(folder) == NULL || err_is(published_write_open(folder, &writer)) ||
	    err_is(published_read_open(folder, &responder.store)))
		return 1;
	responder.next_update_us = TIME_HOUR;
	return 0;
}

static int
store_remove(void **state)
{
	char path[100];
	(void)state;
	issuers_done(&responder.issuers);
	published_read_close(responder.store);
	published_write_close(writer);
	snprintf(path, sizeof path, "%s/data.mdb", folder);
	unlink(path);
	snprintf(path, sizeof path, "%s/lock.mdb", folder);
	unlink(path);
	return rmdir(folder);
}

/* A request for serials below one issuer. */
static err_t
ask(const struct certificate *issuer, enum digest_kind kind, uint8_t serial, const char *nonce, int64_t now)
{
	static uint8_t id_room[128], room[512];
	uint8_t number[2] = {0x41, serial};
	struct encode e = encode_init(id_room, sizeof id_room);
	struct bytes id, der;
	struct ocsp_request request;
	assert_ok(ocsp_id_write(&e, kind, issuer->subject, issuer->public_key, BYTES_OF(number)));
	assert_ok(encode_done(&e, &id));
	e = encode_init(room, sizeof room);
	assert_ok(ocsp_request_write(&e, id, bytes(nonce, strlen(nonce))));
	assert_ok(encode_done(&e, &der));
	assert_ok(ocsp_request_read(der, &request));
	err_t result = responder_fill(&responder, &request, now, &question, &terms);
	if (!err_is(result)) {
		assert_true(bytes_eq(bytes(question.singles[0].cert_id.bytes, question.singles[0].cert_id.size), request.ids[0].der));
		assert_int_equal(question.nonce.size, request.nonce.n);
	}
	return result;
}

static void
publish(uint8_t serial, enum published_status status, int64_t not_after)
{
	uint8_t number[2] = {0x41, serial};
	struct published_certificate c = {.status = status, .reason = -1, .not_before = not_after - TIME_MINUTE, .not_after = not_after};
	memset(c.sha256, serial, sizeof c.sha256);
	if (status == PUBLISHED_REVOKED) {
		c.reason = 1;
		c.revoked_at = w->now - TIME_SECOND / 2;
	}
	assert_ok(published_write_certificate(writer, issuer_sha256, BYTES_OF(number), &c));
}

static void
nothing_is_known_before_it_was_published(void **state)
{
	(void)state;
	assert_err(ask(&w->issuing.c, DIGEST_SHA1, 1, "", w->now), ERR_NOT_FOUND);
	assert_ok(published_write_file(writer, PUBLISHED_CA_CERTIFICATE, STR("issuing"), w->issuing.der));
	assert_err(ask(&w->issuing.c, DIGEST_SHA1, 1, "", w->now), ERR_KEY_MISSING); /* no OCSP signer yet */
	assert_err(responder_check(&responder, w->now), ERR_KEY_MISSING);
	assert_ok(published_write_file(writer, PUBLISHED_OCSP_CERTIFICATE, STR("issuing"), w->ocsp.der));
	assert_ok(ask(&w->issuing.c, DIGEST_SHA1, 1, "", w->now));
	assert_int_equal(question.certificate.size, w->ocsp.der.n);
	assert_ok(responder_check(&responder, w->now));
	assert_err(responder_check(&responder, w->ocsp.c.not_after_at + 1), ERR_KEY_MISSING);
	assert_err(responder_check(&responder, w->ocsp.c.not_before_at - 1), ERR_KEY_MISSING);
}

/* [EN 319 411-1 OVR-6.6.3-02] */
static void
never_good_for_what_was_not_issued(void **state)
{
	(void)state;
	for (unsigned serial = 100; serial < 200; serial++) {
		assert_ok(ask(&w->issuing.c, serial % 2 ? DIGEST_SHA1 : DIGEST_SHA256, (uint8_t)serial, "", w->now));
		assert_int_equal(question.singles[0].status, paraph_OcspStatus_OCSP_UNKNOWN);
		assert_true(terms.unknown);
		assert_int_equal(question.singles[0].next_update, time_floor(w->now) + TIME_MINUTE);
		assert_int_equal(question.singles[0].certificate_sha256.size, 0);
	}
}

static void
a_valid_certificate_is_good_until_it_ends_at_most(void **state)
{
	(void)state;
	int64_t end = time_floor(w->now) + 15 * TIME_MINUTE;
	publish(2, PUBLISHED_GOOD, end);
	assert_ok(ask(&w->issuing.c, DIGEST_SHA256, 2, "0123456789abcdef", w->now));
	const paraph_OcspSingle *s = &question.singles[0];
	assert_int_equal(question.singles_count, 1);
	assert_int_equal(s->status, paraph_OcspStatus_OCSP_GOOD);
	assert_int_equal(s->reason, -1);
	assert_int_equal(s->this_update, time_floor(w->now));
	assert_int_equal(s->next_update, end); /* service 8b: at most notAfter */
	assert_int_equal(s->archive_cutoff, 0);
	assert_int_equal(s->certificate_sha256.size, 32);
	assert_int_equal(s->certificate_sha256.bytes[31], 2);
	assert_int_equal(question.nonce.size, 16);
	publish(3, PUBLISHED_GOOD, end + TIME_DAY);
	assert_ok(ask(&w->issuing.c, DIGEST_SHA1, 3, "", w->now));
	assert_int_equal(s->next_update, time_floor(w->now) + TIME_HOUR);
	assert_int_equal(terms.next_update, s->next_update);
}

/* [RFC 6960 4.4.4] */
static void
an_expired_one_is_still_answered_from_the_archive(void **state)
{
	(void)state;
	publish(4, PUBLISHED_GOOD, time_floor(w->now) - TIME_SECOND);
	assert_ok(ask(&w->issuing.c, DIGEST_SHA1, 4, "", w->now));
	assert_int_equal(question.singles[0].status, paraph_OcspStatus_OCSP_GOOD);
	assert_int_equal(question.singles[0].next_update, time_floor(w->now) + TIME_HOUR);
	assert_int_equal(question.singles[0].archive_cutoff, w->issuing.c.not_before_at);
}

static void
a_revocation_shows_at_once(void **state)
{
	(void)state;
	publish(5, PUBLISHED_GOOD, w->now + TIME_HOUR);
	assert_ok(ask(&w->issuing.c, DIGEST_SHA1, 5, "", w->now));
	assert_int_equal(question.singles[0].status, paraph_OcspStatus_OCSP_GOOD);
	publish(5, PUBLISHED_REVOKED, w->now + TIME_HOUR);
	assert_ok(ask(&w->issuing.c, DIGEST_SHA1, 5, "", w->now));
	assert_int_equal(question.singles[0].status, paraph_OcspStatus_OCSP_REVOKED);
	assert_int_equal(question.singles[0].revoked_at, time_floor(w->now - TIME_SECOND / 2));
	assert_int_equal(question.singles[0].reason, 1);
}

static void
other_authorities_are_not_ours_to_answer(void **state)
{
	(void)state;
	assert_err(ask(&w->root.c, DIGEST_SHA1, 1, "", w->now), ERR_NOT_FOUND);
	assert_ok(published_write_file(writer, PUBLISHED_CA_CERTIFICATE, STR("root"), w->root.der));
	assert_err(ask(&w->root.c, DIGEST_SHA1, 1, "", w->now), ERR_KEY_MISSING);
	/* the right name with the key of another */
	struct certificate mixed = w->issuing.c;
	mixed.public_key = w->root.c.public_key;
	assert_err(ask(&mixed, DIGEST_SHA1, 2, "", w->now), ERR_NOT_FOUND);
}

static void
core_asks_by_key(void **state)
{
	(void)state;
	static const uint8_t serial[] = {0x41, 2};
	uint8_t other[32] = {1};
	struct ocsp_id id;
	assert_ok(responder_fill_one(&responder, BYTES_OF(issuer_sha256), BYTES_OF(serial), w->now, &question));
	assert_int_equal(question.singles[0].status, paraph_OcspStatus_OCSP_GOOD);
	assert_ok(ocsp_id_read(bytes(question.singles[0].cert_id.bytes, question.singles[0].cert_id.size), &id));
	assert_true(ocsp_id_matches(&id, w->issuing.c.subject, w->issuing.c.public_key));
	assert_true(bytes_eq(id.serial, BYTES_OF(serial)));
	assert_int_equal(question.nonce.size, 0);
	assert_err(responder_fill_one(&responder, BYTES_OF(other), BYTES_OF(serial), w->now, &question), ERR_NOT_FOUND);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_is_known_before_it_was_published),
    cmocka_unit_test(never_good_for_what_was_not_issued),
    cmocka_unit_test(a_valid_certificate_is_good_until_it_ends_at_most),
    cmocka_unit_test(an_expired_one_is_still_answered_from_the_archive),
    cmocka_unit_test(a_revocation_shows_at_once),
    cmocka_unit_test(other_authorities_are_not_ours_to_answer),
    cmocka_unit_test(core_asks_by_key),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, store_make, store_remove);
}
