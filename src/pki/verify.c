#include "pki/verify.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum { KEPT = 16, RSA_LEAST = 2048, RSA_MOST = 8192 };

/* Parsed keys of this thread, the oldest replaced first. */
static _Thread_local struct kept {
	uint8_t spki_sha256[DIGEST_SHA256_LEN];
	EVP_PKEY *key;
} kept[KEPT];
static _Thread_local unsigned kept_next;

/* Signatures that this thread has already proven, the oldest replaced first: a document names the same P-384 signatures
 * of the root several times, and each costs as much as everything else in its check. */
static _Thread_local struct proven {
	bool used;
	uint8_t id[DIGEST_SHA256_LEN];
} proven[KEPT];
static _Thread_local unsigned proven_next;

void
verify_forget(void)
{
	for (size_t i = 0; i < KEPT; i++) {
		EVP_PKEY_free(kept[i].key);
		kept[i].key = NULL;
		proven[i].used = false;
	}
}

/* One digest over all that a verification depends on, each part with its length. */
static void
proven_id(struct bytes spki, enum algorithm algorithm, struct bytes digest, struct bytes signature,
    uint8_t ret_id[DIGEST_SHA256_LEN])
{
	const uint64_t head[] = {spki.n, (uint64_t)algorithm, digest.n, signature.n};
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, BYTES_OF(head));
	digest_add(d, spki);
	digest_add(d, digest);
	digest_add(d, signature);
	digest_peek(d, ret_id);
}

static bool
proven_has(const uint8_t id[DIGEST_SHA256_LEN])
{
	for (size_t i = 0; i < KEPT; i++)
		if (proven[i].used && memcmp(proven[i].id, id, DIGEST_SHA256_LEN) == 0)
			return true;
	return false;
}

static void
proven_put(const uint8_t id[DIGEST_SHA256_LEN])
{
	struct proven *slot = &proven[proven_next++ % KEPT];
	slot->used = true;
	memcpy(slot->id, id, DIGEST_SHA256_LEN);
}

/* A key of the curve without its point; made once for each thread. */
static EVP_PKEY *
curve_of(enum algorithm a)
{
	static _Thread_local EVP_PKEY *p256, *p384;
	EVP_PKEY **key = a == ALGORITHM_ECDSA_P256 ? &p256 : &p384;
	char name[] = "P-256", other[] = "P-384";
	char *curve = a == ALGORITHM_ECDSA_P256 ? name : other;
	const OSSL_PARAM of[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0), OSSL_PARAM_END};
	EVP_PKEY_CTX *ctx = *key ? NULL : EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (ctx != NULL && (EVP_PKEY_fromdata_init(ctx) != 1 ||
	                       EVP_PKEY_fromdata(ctx, key, EVP_PKEY_KEY_PARAMETERS, (OSSL_PARAM *)(uintptr_t)of) != 1))
		*key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return *key;
}

/* Our own kinds of key, 0x04 and both coordinates: 10 microseconds where the general reader takes 270. Anything else, and
 * a point that is not on the curve, gives NULL and is left to that one. */
static EVP_PKEY *
parse_point(struct bytes spki)
{
	enum algorithm a;
	struct bytes bits;
	if (err_is(algorithm_of_key(spki, &a)) || (a != ALGORITHM_ECDSA_P256 && a != ALGORITHM_ECDSA_P384) ||
	    err_is(algorithm_key_bits(spki, &bits)) || bits.n != (a == ALGORITHM_ECDSA_P256 ? 65 : 97) || bits.p[0] != 4)
		return NULL;
	EVP_PKEY *curve = curve_of(a), *key = curve ? EVP_PKEY_dup(curve) : NULL;
	if (key != NULL && EVP_PKEY_set1_encoded_public_key(key, bits.p, bits.n) != 1) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	ERR_clear_error();
	return key;
}

/* Parses a key and refuses what we would not trust: weak RSA, unnamed or other curves. */
static err_t
parse_key(struct bytes spki, EVP_PKEY **ret_key)
{
	TRY(der_scan_check(spki, 4096));
	*ret_key = parse_point(spki);
	if (*ret_key != NULL)
		return OK;
	const unsigned char *p = spki.p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.n);
	ERR_clear_error();
	if (!key || p != spki.p + spki.n) {
		EVP_PKEY_free(key);
		return err_make(ERR_ALGORITHM, "the public key cannot be read or is not on its curve");
	}
	int bits = EVP_PKEY_get_bits(key);
	bool rsa = EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS");
	bool good = rsa ? bits >= RSA_LEAST && bits <= RSA_MOST : EVP_PKEY_is_a(key, "EC") && bits >= 256;
	if (!good) {
		EVP_PKEY_free(key);
		return err_make(ERR_ALGORITHM, "a public key of a kind or size that we do not check");
	}
	*ret_key = key;
	return OK;
}

static err_t
find_key(struct bytes spki, EVP_PKEY **ret_key)
{
	uint8_t id[DIGEST_SHA256_LEN];
	digest_sha256(spki, id);
	for (size_t i = 0; i < KEPT; i++)
		if (kept[i].key && memcmp(kept[i].spki_sha256, id, sizeof id) == 0) {
			*ret_key = kept[i].key;
			return OK;
		}
	EVP_PKEY *key = NULL;
	TRY(parse_key(spki, &key));
	struct kept *slot = &kept[kept_next++ % KEPT];
	EVP_PKEY_free(slot->key);
	slot->key = key;
	memcpy(slot->spki_sha256, id, sizeof id);
	*ret_key = key;
	return OK;
}

static bool
is_pss(enum algorithm a)
{
	return a >= ALGORITHM_PSS_SHA256 && a <= ALGORITHM_PSS_SHA512;
}

static const EVP_MD *
md_of(enum algorithm a)
{
	switch (algorithm_digest(a)) {
	case DIGEST_SHA384:
		return EVP_sha384();
	case DIGEST_SHA512:
		return EVP_sha512();
	case DIGEST_SHA1:
	case DIGEST_SHA256:
	default:
		return EVP_sha256();
	}
}

/* Sets up ctx for this algorithm; false when the key does not fit it. */
static bool
prepare(EVP_PKEY_CTX *ctx, EVP_PKEY *key, enum algorithm a)
{
	bool ec = a >= ALGORITHM_ECDSA_P256 && a <= ALGORITHM_ECDSA_SHA512;
	if (ec != EVP_PKEY_is_a(key, "EC") || EVP_PKEY_verify_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(ctx, md_of(a)) != 1)
		return false;
	if (!is_pss(a))
		return ec || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md_of(a)) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

err_t
verify_digest(struct bytes spki, enum algorithm algorithm, struct bytes digest, struct bytes signature)
{
	EVP_PKEY *key = NULL;
	if (algorithm == ALGORITHM_NONE || algorithm >= ALGORITHM_COUNT ||
	    digest.n != digest_len(algorithm_digest(algorithm)))
		return err_make(ERR_ALGORITHM, "an algorithm that we do not check");
	uint8_t id[DIGEST_SHA256_LEN];
	proven_id(spki, algorithm, digest, signature, id);
	if (proven_has(id))
		return OK;
	TRY(find_key(spki, &key));
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool ready = ctx && prepare(ctx, key, algorithm);
	int verdict = ready ? EVP_PKEY_verify(ctx, signature.p, signature.n, digest.p, digest.n) : 0;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	if (!ready)
		return err_make(ERR_ALGORITHM, "the key does not fit %s", algorithm_text(algorithm));
	if (verdict != 1)
		return err_make(ERR_SIGNATURE, "the %s signature does not match", algorithm_text(algorithm));
	proven_put(id);
	return OK;
}

err_t
verify_signature(struct bytes spki, enum algorithm algorithm, struct bytes data, struct bytes signature)
{
	uint8_t digest[DIGEST_LEN_MAX];
	if (algorithm == ALGORITHM_NONE || algorithm >= ALGORITHM_COUNT)
		return err_make(ERR_ALGORITHM, "an algorithm that we do not check");
	enum digest_kind kind = algorithm_digest(algorithm);
	digest_of(kind, data, digest);
	return verify_digest(spki, algorithm, bytes(digest, digest_len(kind)), signature);
}

/* Curves are fetched once for each thread. */
static const EC_GROUP *
group_of(enum algorithm a)
{
	static _Thread_local EC_GROUP *p256, *p384;
	EC_GROUP **group = a == ALGORITHM_ECDSA_P256 ? &p256 : &p384;
	if (!*group)
		*group = EC_GROUP_new_by_curve_name(a == ALGORITHM_ECDSA_P256 ? NID_X9_62_prime256v1 : NID_secp384r1);
	return *group;
}

/* A point of P-256 or P-384: reading it costs microseconds where parsing the whole key costs a hundred. */
static err_t
check_point(struct bytes spki, enum algorithm a)
{
	struct bytes bits;
	TRY(algorithm_key_bits(spki, &bits));
	const EC_GROUP *group = group_of(a);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	bool good = point && EC_POINT_oct2point(group, point, bits.p, bits.n, NULL) == 1 &&
	            EC_POINT_is_at_infinity(group, point) == 0;
	EC_POINT_free(point);
	ERR_clear_error();
	return good ? OK : err_make(ERR_ALGORITHM, "the public key is not a point of its curve");
}

err_t
verify_key_check(struct bytes spki)
{
	EVP_PKEY *key = NULL;
	enum algorithm a;
	if (!err_is(algorithm_of_key(spki, &a)))
		return check_point(spki, a);
	TRY(find_key(spki, &key));
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	int good = ctx ? EVP_PKEY_public_check(ctx) : 0;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return good == 1 ? OK : err_make(ERR_ALGORITHM, "the public key is not a sane one of its kind");
}
