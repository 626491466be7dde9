#include "unit.h"
#include "base/time.h"
#include "pki/verify.h"
#include "wrong.h"
#include <openssl/x509v3.h>

static const char *const names[] = {"root", "issuing-b", "signer-b", "tsu", "ocsp", "seal"};
enum { NAMES = sizeof names / sizeof *names };

static X509 *
openssl_of(const struct world_party *p)
{
	const unsigned char *at = p->der.p;
	X509 *x = d2i_X509(NULL, &at, (long)p->der.n);
	assert_non_null(x);
	assert_ptr_equal(at, p->der.p + p->der.n);
	return x;
}

/* OpenSSL reads each, writes the same octets, and finds the same values. */
static void
same_octets(void **state)
{
	(void)state;
	for (size_t i = 0; i < NAMES; i++) {
		const struct world_party *p = wrong_party(names[i]);
		X509 *x = openssl_of(p);
		unsigned char *again = NULL;
		assert_int_equal(i2d_re_X509_tbs(x, &again), (int)p->tbs.n);
		assert_memory_equal(again, p->tbs.p, p->tbs.n);
		OPENSSL_free(again);
		assert_int_equal(X509_get_version(x), 2);
		assert_int_equal(X509_check_ca(x) == 1, p->profile.ca);
		assert_int_equal(X509_get_extension_flags(x) & EXFLAG_INVALID, 0);
		assert_int_equal(X509_check_purpose(x, X509_PURPOSE_TIMESTAMP_SIGN, 0), strcmp(names[i], "tsu") == 0);
		const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(x);
		assert_true(bytes_eq(p->c.subject_key_id, bytes(ski->data, (size_t)ski->length)));
		X509_free(x);
	}
}

/* The chain of each, judged strictly by OpenSSL at the present time. */
static void
chains(void **state)
{
	(void)state;
	const struct world *w = world_get();
	X509_STORE *store = X509_STORE_new();
	X509 *root = openssl_of(&w->root), *issuing = openssl_of(&w->issuing);
	STACK_OF(X509) *pool = sk_X509_new_null();
	sk_X509_push(pool, issuing);
	X509_STORE_add_cert(store, root);
	for (size_t i = 0; i < NAMES; i++) {
		X509 *leaf = openssl_of(wrong_party(names[i]));
		X509_STORE_CTX *ctx = X509_STORE_CTX_new();
		assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, pool), 1);
		X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
		if (X509_verify_cert(ctx) != 1)
			fail_msg("%s: %s", names[i], X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
		X509_STORE_CTX_free(ctx);
		X509_free(leaf);
	}
	sk_X509_free(pool);
	X509_free(issuing);
	X509_free(root);
	X509_STORE_free(store);
}

static void
read_back(void **state)
{
	(void)state;
	const struct world *w = world_get();
	const struct certificate *c = &w->signer.c;
	assert_true(bytes_eq(c->serial, BYTES_OF(w->signer.facts.serial)));
	assert_true(c->not_before_at == w->signer.facts.not_before_at && c->not_after_at == w->signer.facts.not_after_at);
	assert_true(bytes_eq(c->issuer, w->issuing.c.subject));
	assert_true(bytes_eq(c->authority_key_id, w->issuing.c.subject_key_id));
	assert_true(bytes_eq(c->spki, w->signer.spki));
	assert_int_equal(c->algorithm, ALGORITHM_ECDSA_P256);
	assert_true(str_eq(c->ocsp_url, STR("http://127.0.0.1:8080/ocsp")));
	assert_true(str_eq(c->crl_url, STR("http://127.0.0.1:8080/crl/issuing.crl")));
	assert_true(str_eq(c->ca_issuers_url, STR("http://127.0.0.1:8080/aia/issuing.cer")));
	assert_false(c->ca || c->ocsp_nocheck || c->valassured || c->no_rev_avail || c->unknown_critical);
	assert_true(certificate_has_purpose(c, OID_KP_DOCUMENT_SIGNING));
	assert_false(certificate_has_purpose(c, OID_KP_TIME_STAMPING));
	struct oid own;
	assert_ok(profile_policy_oid(&w->instance, PROFILE_POLICY_SIGNER, &own));
	assert_true(certificate_has_policy(c, oid_bytes(&own)));
	assert_false(certificate_has_policy(c, OID_CE_ANY_POLICY));
	assert_true(w->issuing.c.ca && w->issuing.c.path_len == 0);
	assert_true(w->root.c.path_len == PROFILE_PATH_ANY);
	assert_true(w->tsu.c.key_not_after_at > w->now && w->tsu.c.key_not_after_at < w->tsu.c.not_after_at);
	assert_true(w->ocsp.c.ocsp_nocheck && w->ocsp.c.ocsp_url.n == 0 && w->ocsp.c.crl_url.n == 0);
	struct bytes value;
	bool critical;
	assert_ok(certificate_extension(c, OID_CE_KEY_USAGE, &value, &critical));
	assert_true(critical && bytes_eq(value, bytes("\x03\x02\x06\x40", 4)));
	assert_err(certificate_extension(c, OID_CE_NO_REV_AVAIL, &value, &critical), ERR_NOT_FOUND);
	assert_ok(verify_signature(w->issuing.spki, c->algorithm, c->tbs, c->signature));
	assert_err(verify_signature(w->root.spki, c->algorithm, c->tbs, c->signature), ERR_SIGNATURE);
}

static err_t
tbs_with(const struct certificate_facts *f)
{
	const struct world *w = world_get();
	uint8_t room[CERTIFICATE_OCTETS_MAX];
	struct encode e = encode_init(room, sizeof room);
	return certificate_tbs(&e, &w->signer.profile, &w->instance, f);
}

static void
facts_that_do_not_fit(void **state)
{
	(void)state;
	const struct world *w = world_get();
	struct certificate_facts f = w->signer.facts;
	assert_ok(tbs_with(&f));
	f.serial[0] = 0x80;
	assert_err(tbs_with(&f), ERR_PROFILE);
	f.serial[0] = 0x3f;
	assert_err(tbs_with(&f), ERR_PROFILE);
	f = w->signer.facts;
	f.spki = w->root.spki;
	assert_err(tbs_with(&f), ERR_PROFILE);
	f.spki = bytes("\x30\x00", 2);
	assert_err(tbs_with(&f), ERR_ALGORITHM);
	f = w->signer.facts;
	f.issuer = bytes(NULL, 0);
	assert_err(tbs_with(&f), ERR_PROFILE);
	f = w->signer.facts;
	f.not_after_at = f.not_before_at - TIME_SECOND;
	assert_err(tbs_with(&f), ERR_PROFILE);
	f.not_after_at = f.not_before_at + 1;
	assert_err(tbs_with(&f), ERR_PROFILE);
	f = w->signer.facts;
	f.algorithm = ALGORITHM_PSS_SHA256;
	assert_err(tbs_with(&f), ERR_PROFILE);
	f = w->signer.facts;
	f.subject.value[NAME_COMMON_NAME] = (struct str){NULL, 0};
	assert_err(tbs_with(&f), ERR_NAME);
	uint8_t small[100];
	struct encode e = encode_init(small, sizeof small);
	assert_err(certificate_tbs(&e, &w->signer.profile, &w->instance, &w->signer.facts), ERR_LIMIT);
}

/* A national identity number brings the statement about its semantics, and lint wants exactly that. */
static void
semantics(void **state)
{
	(void)state;
	const struct world *w = world_get();
	uint8_t room[CERTIFICATE_OCTETS_MAX];
	struct encode e = encode_init(room, sizeof room);
	struct certificate_facts f = w->signer.facts;
	struct bytes tbs, value;
	struct certificate c;
	f.subject.value[NAME_SERIAL_NUMBER] = STR("PNOFR-1234");
	f.subject.value[NAME_COMMON_NAME] = STR("Jane Doe DEMO");
	assert_ok(certificate_tbs(&e, &w->signer.profile, &w->instance, &f));
	assert_ok(encode_done(&e, &tbs));
	assert_ok(lint_certificate(tbs, &w->signer.profile, &w->instance, &w->issuing.c, w->now));
	assert_ok(certificate_read_tbs(tbs, &c));
	assert_ok(certificate_extension(&c, OID_PE_QC_STATEMENTS, &value, NULL));
	assert_true(bytes_find(value, 0, OID_QCS_SEMANTICS_NATURAL) != SIZE_MAX);
}

/* Whatever is done to a certificate, reading it answers and never reads outside (the sanitizer build watches). */
static void
property_spoilt(void **state)
{
	(void)state;
	unit_seed();
	for (int round = 0; round < 20000; round++) {
		const struct world_party *p = wrong_party(names[unit_below(NAMES)]);
		size_t n = unit_below(8) ? p->der.n : unit_below(p->der.n);
		uint8_t *copy = malloc(n ? n : 1);
		struct certificate c;
		memcpy(copy, p->der.p, n);
		for (size_t flips = unit_below(4); n && flips > 0; flips--)
			copy[unit_below(n)] = (uint8_t)unit_next();
		if (!err_is(certificate_read(bytes(copy, n), &c)))
			assert_true(c.tbs.n < n && c.serial.n > 0 && c.spki.n > 0);
		else
			assert_true(n < p->der.n || memcmp(copy, p->der.p, n) != 0);
		free(copy);
	}
}

/* 20 octets, the first 40..7F, every random bit set about half of the time. [profile P1] */
static void
serials(void **state)
{
	(void)state;
	enum { N = 100000 };
	static uint32_t ones[160];
	for (int i = 0; i < N; i++) {
		uint8_t serial[CERTIFICATE_SERIAL_LEN];
		rand_serial(serial);
		assert_true(serial[0] >= 0x40 && serial[0] <= 0x7f);
		for (int bit = 0; bit < 160; bit++)
			ones[bit] += serial[bit / 8] >> (7 - bit % 8) & 1;
	}
	for (int bit = 2; bit < 160; bit++) /* five sigma of N/2 are 5 * sqrt(N)/2, about 790 */
		assert_true(ones[bit] > N / 2 - 800 && ones[bit] < N / 2 + 800);
}

/* What is kept free for a certificate before it is signed. */
static void
size_is_known_before(void **state)
{
	(void)state;
	const struct world *w = world_get();
	size_t most = certificate_size_max(w->signer.tbs.n), largest = 0;
	for (int i = 0; i < 200; i++) {
		uint8_t room[CERTIFICATE_OCTETS_MAX];
		size_t n = world_join(&w->issuing, w->signer.tbs, room, sizeof room).n;
		assert_in_range(n, most - 24, most);
		largest = n > largest ? n : largest;
	}
	assert_int_equal(largest, most);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(same_octets),
	cmocka_unit_test(chains),
	cmocka_unit_test(read_back),
	cmocka_unit_test(size_is_known_before),
	cmocka_unit_test(facts_that_do_not_fit),
	cmocka_unit_test(semantics),
	cmocka_unit_test(property_spoilt),
	cmocka_unit_test(serials),
};
UNIT_MAIN(tests)
