#include "unit.h"
#include "base/limits.h"
#include "base/time.h"
#include "world.h"
#include <openssl/ocsp.h>

static struct bytes
id_of(enum digest_kind kind, uint8_t room[OCSP_ID_MAX])
{
	const struct world *w = world_get();
	struct encode e = encode_init(room, OCSP_ID_MAX);
	struct bytes id;
	assert_ok(ocsp_id_write(&e, kind, w->issuing.c.subject, w->issuing.c.public_key, w->signer.c.serial));
	assert_ok(encode_done(&e, &id));
	return id;
}

static X509 *
openssl_of(const struct world_party *p)
{
	const unsigned char *at = p->der.p;
	return d2i_X509(NULL, &at, (long)p->der.n);
}

/* A request by OpenSSL with n certificates and an optional nonce; its octets. */
static size_t
openssl_request(int n, int nonce_len, const EVP_MD *md, uint8_t *room, size_t room_len)
{
	const struct world *w = world_get();
	X509 *leaf = openssl_of(&w->signer), *issuer = openssl_of(&w->issuing);
	OCSP_REQUEST *r = OCSP_REQUEST_new();
	for (int i = 0; i < n; i++)
		OCSP_request_add0_id(r, OCSP_cert_to_id(md, leaf, issuer));
	if (nonce_len)
		OCSP_request_add1_nonce(r, NULL, nonce_len);
	unsigned char *der = NULL;
	int len = i2d_OCSP_REQUEST(r, &der);
	assert_true(len > 0 && (size_t)len <= room_len);
	memcpy(room, der, (size_t)len);
	OPENSSL_free(der);
	OCSP_REQUEST_free(r);
	X509_free(leaf);
	X509_free(issuer);
	return (size_t)len;
}

static void
requests(void **state)
{
	(void)state;
	const struct world *w = world_get();
	uint8_t room[LIMIT_OCSP_REQUEST * 2], id_room[OCSP_ID_MAX];
	struct ocsp_request r;
	size_t n = openssl_request(1, 0, EVP_sha1(), room, sizeof room);
	assert_ok(ocsp_request_read(bytes(room, n), &r));
	assert_true(r.n == 1 && r.nonce.n == 0 && r.cacheable);
	assert_int_equal(r.ids[0].kind, DIGEST_SHA1);
	assert_true(bytes_eq(r.ids[0].der, id_of(DIGEST_SHA1, id_room)));
	assert_true(bytes_eq(r.ids[0].serial, w->signer.c.serial));
	assert_true(ocsp_id_matches(&r.ids[0], w->issuing.c.subject, w->issuing.c.public_key));
	assert_false(ocsp_id_matches(&r.ids[0], w->root.c.subject, w->root.c.public_key));
	n = openssl_request(8, 32, EVP_sha256(), room, sizeof room);
	assert_ok(ocsp_request_read(bytes(room, n), &r));
	assert_true(r.n == 8 && r.nonce.n == 32 && !r.cacheable);
	n = openssl_request(9, 0, EVP_sha1(), room, sizeof room);
	assert_err(ocsp_request_read(bytes(room, n), &r), ERR_OCSP_REQUEST);
	n = openssl_request(1, 128, EVP_sha1(), room, sizeof room); /* [RFC 9654 2.1] */
	assert_ok(ocsp_request_read(bytes(room, n), &r));
	n = openssl_request(1, 129, EVP_sha1(), room, sizeof room);
	assert_err(ocsp_request_read(bytes(room, n), &r), ERR_OCSP_REQUEST);
	n = openssl_request(800, 0, EVP_sha1(), (uint8_t[65536]){0}, 65536);
	memset(room, 0x30, sizeof room);
	assert_err(ocsp_request_read(bytes(room, LIMIT_OCSP_REQUEST), &r), ERR_OCSP_REQUEST);
	assert_err(ocsp_request_read(bytes(room, LIMIT_OCSP_REQUEST + 1), &r), ERR_OCSP_REQUEST);
	n = openssl_request(1, 16, EVP_sha1(), room, sizeof room);
	room[n] = 0; /* one octet behind the end */
	assert_err(ocsp_request_read(bytes(room, n + 1), &r), ERR_OCSP_REQUEST);
	assert_err(ocsp_request_read(bytes("\x30\x04\x30\x02\x30\x00", 6), &r), ERR_OCSP_REQUEST); /* about nothing */
	n = openssl_request(1, 0, EVP_md5(), room, sizeof room);
	assert_err(ocsp_request_read(bytes(room, n), &r), ERR_OCSP_REQUEST);
}

/* Our own request is the one OpenSSL would make. */
static void
request_written(void **state)
{
	(void)state;
	uint8_t theirs[512], ours_room[512], id_room[OCSP_ID_MAX];
	size_t n = openssl_request(1, 0, EVP_sha1(), theirs, sizeof theirs);
	struct encode e = encode_init(ours_room, sizeof ours_room);
	struct bytes ours;
	assert_ok(ocsp_request_write(&e, id_of(DIGEST_SHA1, id_room), bytes(NULL, 0)));
	assert_ok(encode_done(&e, &ours));
	assert_true(bytes_eq(ours, bytes(theirs, n)));
	struct ocsp_request r;
	e = encode_init(ours_room, sizeof ours_room);
	assert_ok(ocsp_request_write(&e, id_of(DIGEST_SHA256, id_room), bytes("12345678", 8)));
	assert_ok(encode_done(&e, &ours));
	assert_ok(ocsp_request_read(ours, &r));
	assert_true(bytes_eq(r.nonce, bytes("12345678", 8)));
}

/* OpenSSL as client: chain of the responder, nonce, state, times. */
static void
answers_for_openssl(void **state)
{
	(void)state;
	const struct world *w = world_get();
	X509 *root = openssl_of(&w->root), *issuing = openssl_of(&w->issuing), *leaf = openssl_of(&w->signer);
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *pool = sk_X509_new_null();
	X509_STORE_add_cert(store, root);
	sk_X509_push(pool, issuing);
	for (int s = 0; s < 3; s++) {
		uint8_t id_room[OCSP_ID_MAX], room[OCSP_RESPONSE_MAX];
		struct bytes der = world_ocsp((enum ocsp_state)s, id_of(DIGEST_SHA1, id_room), bytes("abcdefgh", 8), room, sizeof room);
		const unsigned char *at = der.p;
		OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)der.n);
		assert_non_null(response);
		assert_int_equal(OCSP_response_status(response), OCSP_RESPONSE_STATUS_SUCCESSFUL);
		OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
		assert_int_equal(OCSP_basic_verify(basic, pool, store, 0), 1);
		OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), leaf, issuing);
		int status, reason;
		ASN1_GENERALIZEDTIME *revoked, *this_update, *next_update;
		assert_int_equal(OCSP_resp_find_status(basic, id, &status, &reason, &revoked, &this_update, &next_update), 1);
		assert_int_equal(status, s); /* good, revoked, unknown are 0, 1, 2 there too */
		assert_int_equal(OCSP_check_validity(this_update, next_update, 5, -1), 1);
		if (s == OCSP_STATE_REVOKED)
			assert_int_equal(reason, CRL_SUPERSEDED);
		unsigned char *again = NULL;
		assert_int_equal(i2d_OCSP_RESPONSE(response, &again), (int)der.n);
		assert_memory_equal(again, der.p, der.n);
		OPENSSL_free(again);
		OCSP_CERTID_free(id);
		OCSP_BASICRESP_free(basic);
		OCSP_RESPONSE_free(response);
	}
	sk_X509_free(pool);
	X509_STORE_free(store);
	X509_free(root);
	X509_free(issuing);
	X509_free(leaf);
}

static void
answers_read(void **state)
{
	(void)state;
	const struct world *w = world_get();
	uint8_t id_room[OCSP_ID_MAX], room[OCSP_RESPONSE_MAX], hash[DIGEST_SHA256_LEN];
	const struct ocsp_single *single;
	struct ocsp_response r;
	struct bytes der = world_ocsp(OCSP_STATE_REVOKED, id_of(DIGEST_SHA256, id_room), bytes("n", 1), room, sizeof room);
	assert_ok(ocsp_response_read(der, &r));
	assert_true(bytes_eq(r.nonce, bytes("n", 1)) && r.n == 1 && r.certs_n == 1 && r.produced_at == time_floor(w->now));
	assert_ok(ocsp_response_check(&r, &w->issuing.c, w->signer.c.serial, &single));
	digest_sha256(w->signer.der, hash);
	assert_true(single->state == OCSP_STATE_REVOKED && single->reason == CRL_SUPERSEDED && single->revoked_at == time_floor(w->now));
	assert_true(bytes_eq(single->certificate_hash, BYTES_OF(hash)));
	assert_true(single->next_update_at <= w->signer.c.not_after_at && single->archive_cutoff_at == w->issuing.c.not_before_at);
	assert_err(ocsp_response_check(&r, &w->issuing.c, w->ocsp.c.serial, &single), ERR_OCSP_RESPONSE);
	assert_err(ocsp_response_check(&r, &w->root.c, w->signer.c.serial, &single), ERR_OCSP_RESPONSE);
	((uint8_t *)(uintptr_t)r.signature.p)[r.signature.n - 1] ^= 1;
	assert_ok(ocsp_response_read(der, &r));
	assert_err(ocsp_response_check(&r, &w->issuing.c, w->signer.c.serial, &single), ERR_SIGNATURE);
}

/* An answer signed with a key that is not an OCSP signer's, even one of the same CA, is refused. [profile P11] */
static void
wrong_responder(void **state)
{
	(void)state;
	const struct world *w = world_get();
	const struct world_party *parties[] = {&w->signer, &w->tsu, &w->seal, &w->root};
	for (size_t i = 0; i < sizeof parties / sizeof *parties; i++) {
		uint8_t id_room[OCSP_ID_MAX], tbs_room[2048], room[OCSP_RESPONSE_MAX], signature[ALGORITHM_SIGNATURE_MAX];
		struct ocsp_single s = {.id = id_of(DIGEST_SHA1, id_room), .this_update_at = time_floor(w->now),
			.next_update_at = time_floor(w->now) + TIME_MINUTE};
		struct ocsp_facts f = {.produced_at = w->now, .singles = &s, .n = 1};
		struct encode e = encode_init(tbs_room, sizeof tbs_room);
		struct bytes tbs, der;
		const struct ocsp_single *single;
		struct ocsp_response r;
		assert_ok(algorithm_key_id(parties[i]->spki, f.responder_key_id));
		assert_ok(ocsp_tbs(&e, &f));
		assert_ok(encode_done(&e, &tbs));
		size_t n = world_sign(parties[i], tbs, signature);
		e = encode_init(room, sizeof room);
		assert_ok(ocsp_join(&e, tbs, parties[i]->algorithm, bytes(signature, n), parties[i]->der));
		assert_ok(encode_done(&e, &der));
		assert_ok(ocsp_response_read(der, &r));
		assert_err(ocsp_response_check(&r, &w->issuing.c, w->signer.c.serial, &single), ERR_OCSP_RESPONSE);
	}
}

static void
failures(void **state)
{
	(void)state;
	static const enum ocsp_failure all[] = {OCSP_MALFORMED, OCSP_INTERNAL, OCSP_TRY_LATER, OCSP_SIG_REQUIRED, OCSP_UNAUTHORIZED};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		uint8_t room[16];
		struct encode e = encode_init(room, sizeof room);
		struct bytes der;
		struct ocsp_response r;
		assert_ok(ocsp_failure(&e, all[i]));
		assert_ok(encode_done(&e, &der));
		const unsigned char *at = der.p;
		OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)der.n);
		assert_non_null(response);
		assert_int_equal(OCSP_response_status(response), all[i]);
		OCSP_RESPONSE_free(response);
		assert_err(ocsp_response_read(der, &r), ERR_OCSP_RESPONSE);
	}
}

/* nextUpdate: an hour, but never past a certificate that is still valid. [profile P18] */
static void
next_update(void **state)
{
	(void)state;
	int64_t now = 1000 * TIME_HOUR + 5;
	assert_true(ocsp_next_update(now, now + 15 * TIME_MINUTE - 5) == now - 5 + 15 * TIME_MINUTE);
	assert_true(ocsp_next_update(now, now - 5 + 2 * TIME_HOUR) == now - 5 + TIME_HOUR);
	assert_true(ocsp_next_update(now, now - TIME_DAY) == now - 5 + TIME_HOUR); /* over already */
	assert_true(ocsp_next_update(now, 0) == now - 5 + TIME_HOUR);
}

static void
facts_that_do_not_fit(void **state)
{
	(void)state;
	uint8_t id_room[OCSP_ID_MAX], room[4096], nonce[OCSP_NONCE_MAX + 1] = {0};
	struct ocsp_single good = {.id = id_of(DIGEST_SHA1, id_room), .this_update_at = TIME_HOUR, .next_update_at = TIME_DAY}, s = good;
	struct ocsp_facts f = {.produced_at = TIME_HOUR, .singles = &s, .n = 1, .nonce = bytes(nonce, OCSP_NONCE_MAX)};
#define TBS() ({ struct encode e_ = encode_init(room, sizeof room); ocsp_tbs(&e_, &f); })
	assert_ok(TBS());
	f.nonce.n++;
	assert_err(TBS(), ERR_PROFILE);
	f.nonce.n = 0;
	f.n = 0;
	assert_err(TBS(), ERR_PROFILE);
	f.n = 1;
	s.next_update_at = s.this_update_at - TIME_SECOND;
	assert_err(TBS(), ERR_PROFILE);
	s = good;
	s.reason = 7;
	assert_err(TBS(), ERR_PROFILE);
	s = good;
	s.certificate_hash = bytes("short", 5);
	assert_err(TBS(), ERR_PROFILE);
	s = good;
	s.this_update_at++;
	assert_err(TBS(), ERR_PROFILE);
}

static void
property_spoilt(void **state)
{
	(void)state;
	uint8_t id_room[OCSP_ID_MAX], room[OCSP_RESPONSE_MAX], request_room[512];
	struct bytes der = world_ocsp(OCSP_STATE_GOOD, id_of(DIGEST_SHA1, id_room), bytes("abcdefgh", 8), room, sizeof room);
	size_t request_n = openssl_request(3, 16, EVP_sha1(), request_room, sizeof request_room);
	unit_seed();
	for (int round = 0; round < 20000; round++) {
		bool request = unit_below(2);
		struct bytes from = request ? bytes(request_room, request_n) : der;
		size_t n = unit_below(8) ? from.n : unit_below(from.n);
		uint8_t *copy = malloc(n ? n : 1);
		struct ocsp_response r;
		struct ocsp_request q;
		memcpy(copy, from.p, n);
		for (size_t flips = unit_below(4); n && flips > 0; flips--)
			copy[unit_below(n)] = (uint8_t)unit_next();
		err_ignore(request ? ocsp_request_read(bytes(copy, n), &q) : ocsp_response_read(bytes(copy, n), &r));
		free(copy);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(requests),
	cmocka_unit_test(request_written),
	cmocka_unit_test(answers_for_openssl),
	cmocka_unit_test(answers_read),
	cmocka_unit_test(wrong_responder),
	cmocka_unit_test(failures),
	cmocka_unit_test(next_update),
	cmocka_unit_test(facts_that_do_not_fit),
	cmocka_unit_test(property_spoilt),
};
UNIT_MAIN(tests)
