#include "unit.h"
#include "base/time.h"
#include "pki/verify.h"
#include "world.h"
#include <openssl/x509v3.h>

static X509_CRL *
openssl_of(struct bytes der)
{
	const unsigned char *at = der.p;
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)der.n);
	assert_non_null(crl);
	assert_ptr_equal(at, der.p + der.n);
	return crl;
}

/* Random histories: OpenSSL reads the same entries, and so do we; the signature holds. */
static void
property_histories(void **state)
{
	(void)state;
	static const int reasons[] = {-1, 0, 1, 2, 3, 4, 5, 6, 9, 10};
	static uint8_t tbs_room[65536], room[65536];
	static struct crl_entry entries[300];
	const struct world *w = world_get();
	unit_seed();
	for (int round = 0; round < 60; round++) {
		size_t n = unit_below(4) ? unit_below(20) : unit_below(300), count;
		for (size_t i = 0; i < n; i++) {
			world_serial(entries[i].serial);
			entries[i].revoked_at = w->now - (int64_t)unit_below(1000) * TIME_HOUR;
			entries[i].reason = reasons[unit_below(sizeof reasons / sizeof *reasons)];
		}
		struct bytes der = world_join(&w->issuing, world_crl_tbs(&w->issuing, entries, n, tbs_room, sizeof tbs_room), room, sizeof room);
		assert_true(der.n <= crl_room(n));
		struct crl c;
		assert_ok(crl_read(der, &c));
		assert_ok(crl_count(&c, &count));
		assert_int_equal(count, n);
		assert_ok(lint_crl(c.tbs, &w->issuing.c, 6, w->now));
		assert_ok(verify_signature(w->issuing.spki, c.algorithm, c.tbs, c.signature));
		X509_CRL *crl = openssl_of(der);
		EVP_PKEY *key = w->issuing.key;
		assert_int_equal(X509_CRL_verify(crl, key), 1);
		assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)) < 0 ? 0 : sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), (int)n);
		for (size_t i = 0; i < n; i++) {
			struct crl_entry found;
			assert_ok(crl_find(&c, BYTES_OF(entries[i].serial), &found));
			assert_true(found.revoked_at == time_floor(entries[i].revoked_at));
			assert_int_equal(found.reason, entries[i].reason > 0 ? entries[i].reason : CRL_NONE);
			assert_memory_equal(found.serial, entries[i].serial, sizeof found.serial);
			ASN1_INTEGER *serial = ASN1_INTEGER_new();
			BIGNUM *number = BN_bin2bn(entries[i].serial, sizeof entries[i].serial, NULL);
			BN_to_ASN1_INTEGER(number, serial);
			X509_REVOKED *revoked;
			assert_int_equal(X509_CRL_get0_by_serial(crl, &revoked, serial), 1);
			int critical;
			ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(revoked, NID_crl_reason, &critical, NULL);
			assert_int_equal(reason != NULL, entries[i].reason > 0);
			if (reason)
				assert_int_equal(ASN1_ENUMERATED_get(reason), entries[i].reason);
			ASN1_ENUMERATED_free(reason);
			ASN1_INTEGER_free(serial);
			BN_free(number);
		}
		uint8_t other[CERTIFICATE_SERIAL_LEN];
		struct crl_entry found;
		world_serial(other);
		assert_err(crl_find(&c, BYTES_OF(other), &found), ERR_NOT_FOUND);
		X509_CRL_free(crl);
	}
}

static void
read_back(void **state)
{
	(void)state;
	static uint8_t tbs_room[4096], room[4096];
	const struct world *w = world_get();
	struct bytes der = world_join(&w->root, world_crl_tbs(&w->root, NULL, 0, tbs_room, sizeof tbs_room), room, sizeof room);
	struct crl c;
	assert_ok(crl_read(der, &c));
	assert_int_equal(c.entries.n, 0); /* never an empty SEQUENCE [RFC 5280 5.1.2.6] */
	assert_true(bytes_eq(c.issuer, w->root.c.subject) && bytes_eq(c.authority_key_id, w->root.c.subject_key_id));
	assert_true(bytes_eq(c.number, bytes("\x07", 1)));
	assert_true(c.this_update_at == time_floor(w->now) && c.next_update_at == time_floor(w->now) + TIME_DAY);
	assert_true(c.expired_since_at == w->root.c.not_before_at);
	assert_int_equal(c.algorithm, ALGORITHM_ECDSA_P384);
	assert_false(c.partial || c.unknown_critical);
	X509_CRL *crl = openssl_of(der);
	assert_null(X509_CRL_get_REVOKED(crl));
	assert_int_equal(X509_CRL_verify(crl, w->root.key), 1);
	X509_CRL_free(crl);
}

static err_t
tbs_with(const struct crl_facts *f, const struct crl_entry *entry)
{
	static uint8_t room[4096];
	struct encode w = encode_init(room, sizeof room);
	return crl_tbs(&w, f, entry, entry ? 1 : 0);
}

static void
facts_that_do_not_fit(void **state)
{
	(void)state;
	const struct world *w = world_get();
	struct crl_facts good = {.issuer = w->root.c.subject, .issuer_key_id = w->root.c.subject_key_id,
		.algorithm = ALGORITHM_ECDSA_P384, .number = 1, .this_update_at = time_floor(w->now), .next_update_at = TIME_NEVER};
	struct crl_facts f = good;
	struct crl_entry entry = {.serial = {0x40}, .revoked_at = w->now, .reason = 1};
	assert_ok(tbs_with(&f, &entry));
	for (int reason = -1; reason <= 12; reason++) {
		entry.reason = reason;
		if (reason == 7 || reason == 8 || reason > 10)
			assert_err(tbs_with(&f, &entry), ERR_PROFILE);
		else
			assert_ok(tbs_with(&f, &entry));
	}
	entry.reason = -2;
	assert_err(tbs_with(&f, &entry), ERR_PROFILE);
	entry.reason = 1;
	entry.revoked_at = w->now + TIME_SECOND;
	assert_err(tbs_with(&f, &entry), ERR_PROFILE);
	f.number = 0;
	assert_err(tbs_with(&f, NULL), ERR_PROFILE);
	f = good;
	f.next_update_at = f.this_update_at;
	assert_err(tbs_with(&f, NULL), ERR_PROFILE);
	f = good;
	f.this_update_at++;
	assert_err(tbs_with(&f, NULL), ERR_PROFILE);
	f = good;
	f.issuer = bytes(NULL, 0);
	assert_err(tbs_with(&f, NULL), ERR_PROFILE);
}

static void
property_spoilt(void **state)
{
	(void)state;
	static uint8_t tbs_room[4096], room[4096];
	const struct world *w = world_get();
	struct crl_entry entries[3] = {{.revoked_at = w->now, .reason = 1}, {.revoked_at = w->now, .reason = 4}, {.revoked_at = w->now, .reason = -1}};
	for (size_t i = 0; i < 3; i++)
		world_serial(entries[i].serial);
	struct bytes der = world_join(&w->issuing, world_crl_tbs(&w->issuing, entries, 3, tbs_room, sizeof tbs_room), room, sizeof room);
	unit_seed();
	for (int round = 0; round < 20000; round++) {
		size_t n = unit_below(8) ? der.n : unit_below(der.n), count;
		uint8_t *copy = malloc(n ? n : 1);
		struct crl c;
		memcpy(copy, der.p, n);
		for (size_t flips = unit_below(4); n && flips > 0; flips--)
			copy[unit_below(n)] = (uint8_t)unit_next();
		if (!err_is(crl_read(bytes(copy, n), &c)))
			assert_ok(crl_count(&c, &count));
		free(copy);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(property_histories),
	cmocka_unit_test(read_back),
	cmocka_unit_test(facts_that_do_not_fit),
	cmocka_unit_test(property_spoilt),
};
UNIT_MAIN(tests)
