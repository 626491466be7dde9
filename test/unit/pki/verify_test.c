#include "unit.h"
#include "pki/verify.h"
#include "world.h"
#include <openssl/rsa.h>
#include <openssl/x509.h>

/* Signs data with an OpenSSL key the way an algorithm says, for the algorithms that only others use. */
static size_t
sign_as(EVP_PKEY *key, enum algorithm a, struct bytes data, uint8_t signature[1024])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey = NULL;
	size_t n = 1024;
	const EVP_MD *md = algorithm_digest(a) == DIGEST_SHA256   ? EVP_sha256()
	                   : algorithm_digest(a) == DIGEST_SHA384 ? EVP_sha384()
	                                                          : EVP_sha512();
	assert_int_equal(EVP_DigestSignInit(ctx, &pkey, md, NULL, key), 1);
	if (a >= ALGORITHM_PSS_SHA256) {
		EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST);
	}
	assert_int_equal(EVP_DigestSign(ctx, signature, &n, data.p, data.n), 1);
	EVP_MD_CTX_free(ctx);
	return n;
}

static struct bytes
spki_of(EVP_PKEY *key, uint8_t room[1024])
{
	unsigned char *at = room;
	int n = i2d_PUBKEY(key, &at);
	assert_true(n > 0 && n <= 1024);
	return bytes(room, (size_t)n);
}

static void
all_algorithms(void **state)
{
	(void)state;
	EVP_PKEY *keys[] = {EVP_EC_gen("P-256"), EVP_EC_gen("P-384"), EVP_EC_gen("P-521"), EVP_RSA_gen(2048)};
	struct bytes data = bytes("data", 4), other = bytes("Data", 4);
	for (unsigned a = ALGORITHM_ECDSA_P256; a < ALGORITHM_COUNT; a++) {
		bool rsa = a >= ALGORITHM_RSA_SHA256;
		EVP_PKEY *key = rsa ? keys[3] : keys[a - 1];
		uint8_t signature[1024], room[1024], wrong_room[1024];
		size_t n = sign_as(key, (enum algorithm)a, data, signature);
		struct bytes spki = spki_of(key, room), wrong = spki_of(rsa ? keys[0] : keys[3], wrong_room);
		assert_ok(verify_signature(spki, (enum algorithm)a, data, bytes(signature, n)));
		assert_ok(verify_signature(spki, (enum algorithm)a, data, bytes(signature, n))); /* from the cache */
		assert_err(verify_signature(spki, (enum algorithm)a, other, bytes(signature, n)), ERR_SIGNATURE);
		assert_err(verify_signature(spki, (enum algorithm)a, data, bytes(signature, n - 1)), ERR_SIGNATURE);
		assert_err(verify_signature(wrong, (enum algorithm)a, data, bytes(signature, n)), ERR_ALGORITHM);
		assert_ok(verify_key_check(spki));
	}
	assert_err(verify_signature(bytes("", 0), ALGORITHM_NONE, data, data), ERR_ALGORITHM);
	assert_err(verify_digest(bytes("", 0), ALGORITHM_ECDSA_P256, data, data), ERR_ALGORITHM);
	for (size_t i = 0; i < 4; i++)
		EVP_PKEY_free(keys[i]);
	verify_forget();
}

/* More keys than the cache keeps, in turns. */
static void
cache(void **state)
{
	(void)state;
	static struct world_party parties[40];
	uint8_t signatures[40][ALGORITHM_SIGNATURE_MAX];
	size_t n[40];
	for (size_t i = 0; i < 40; i++) {
		world_key(&parties[i], ALGORITHM_ECDSA_P256);
		n[i] = world_sign(&parties[i], bytes("x", 1), signatures[i]);
	}
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < 40; i++) {
			assert_ok(verify_signature(parties[i].spki, ALGORITHM_ECDSA_P256, bytes("x", 1), bytes(signatures[i], n[i])));
			assert_err(verify_signature(parties[(i + 1) % 40].spki, ALGORITHM_ECDSA_P256, bytes("x", 1),
			    bytes(signatures[i], n[i])), ERR_SIGNATURE);
		}
	for (size_t i = 0; i < 40; i++)
		EVP_PKEY_free(parties[i].key);
	verify_forget();
}

/* Keys that are no keys. [profile P7] */
static void
bad_keys(void **state)
{
	(void)state;
	const struct world *w = world_get();
	uint8_t copy[ALGORITHM_SPKI_MAX], room[1024];
	memcpy(copy, w->tsu.spki.p, w->tsu.spki.n);
	copy[w->tsu.spki.n - 1] ^= 1;
	assert_err(verify_key_check(bytes(copy, w->tsu.spki.n)), ERR_ALGORITHM);
	assert_err(verify_signature(bytes(copy, w->tsu.spki.n), ALGORITHM_ECDSA_P256, bytes("x", 1), bytes("x", 1)), ERR_ALGORITHM);
	memset(copy + w->tsu.spki.n - 64, 0, 64); /* the point (0, 0) */
	assert_err(verify_key_check(bytes(copy, w->tsu.spki.n)), ERR_ALGORITHM);
	EVP_PKEY *small = EVP_RSA_gen(1024), *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_err(verify_key_check(spki_of(small, room)), ERR_ALGORITHM);
	assert_err(verify_key_check(spki_of(other, room)), ERR_ALGORITHM);
	EVP_PKEY_free(small);
	EVP_PKEY_free(other);
	verify_forget();
}

static void
identifiers(void **state)
{
	(void)state;
	enum algorithm a;
	enum digest_kind kind;
	for (unsigned i = ALGORITHM_ECDSA_P256; i < ALGORITHM_PSS_SHA256; i++) {
		assert_ok(algorithm_read(algorithm_der((enum algorithm)i), &a));
		assert_int_equal(a, i);
	}
	assert_err(algorithm_read(bytes("\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01", 11), &a), ERR_ALGORITHM); /* with SHA-1 */
	assert_err(algorithm_read(bytes("\x30\x00", 2), &a), ERR_DER);
	/* PSS as OpenSSL writes it */
	static const enum algorithm pss[] = {ALGORITHM_PSS_SHA256, ALGORITHM_PSS_SHA384, ALGORITHM_PSS_SHA512};
	const EVP_MD *mds[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	for (size_t i = 0; i < 3; i++) {
		X509 *x = X509_new();
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();
		EVP_PKEY_CTX *pkey;
		X509_set_pubkey(x, rsa);
		EVP_DigestSignInit(ctx, &pkey, mds[i], NULL, rsa);
		EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST);
		assert_true(X509_sign_ctx(x, ctx) > 0);
		const X509_ALGOR *alg;
		unsigned char *der = NULL;
		X509_get0_signature(NULL, &alg, x);
		int n = i2d_X509_ALGOR(alg, &der);
		assert_ok(algorithm_read(bytes(der, (size_t)n), &a));
		assert_int_equal(a, pss[i]);
		OPENSSL_free(der);
		EVP_MD_CTX_free(ctx);
		X509_free(x);
	}
	EVP_PKEY_free(rsa);
	assert_ok(algorithm_read_digest(bytes("\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00", 15), &kind));
	assert_int_equal(kind, DIGEST_SHA256);
	assert_ok(algorithm_read_digest(bytes("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03", 13), &kind));
	assert_int_equal(kind, DIGEST_SHA512);
	assert_err(algorithm_read_digest(bytes("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04", 13), &kind), ERR_ALGORITHM);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(all_algorithms),
	cmocka_unit_test(cache),
	cmocka_unit_test(bad_keys),
	cmocka_unit_test(identifiers),
};
UNIT_MAIN(tests)
