#include "keys/ecdsa.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <pthread.h>

enum { IDLE_MAX = 16, HEAP = 128 * 1024, HEAP_LEAST = 32 };

struct curve {
	const char *group;
	size_t scalar_n, point_n, digest_n;
	struct bytes spki_head; /* SEQUENCE, AlgorithmIdentifier, BIT STRING header [RFC 5480 2.1.1] */
};

static const struct curve curves[] = {
    [ECDSA_P256] = {"P-256", 32, 65, 32,
        {(const uint8_t *)"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
                          "\x03\x42\x00",
            26}},
    [ECDSA_P384] = {"P-384", 48, 97, 48,
        {(const uint8_t *)"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00",
            23}},
};

/* Contexts that wait for their next use. */
struct idle {
	pthread_mutex_t lock;
	size_t n;
	EVP_PKEY_CTX *ctx[IDLE_MAX];
};

struct ecdsa {
	enum ecdsa_curve curve;
	EVP_PKEY *pkey;
	uint8_t spki[ECDSA_SPKI_MAX];
	struct idle signers;
};

static struct idle makers[] = {
    [ECDSA_P256] = {.lock = PTHREAD_MUTEX_INITIALIZER},
    [ECDSA_P384] = {.lock = PTHREAD_MUTEX_INITIALIZER},
};

/* Born at the point of failure; the error queue is drained. */
static err_t
failed(const char *what)
{
	unsigned long e = ERR_get_error();
	char text[160];
	ERR_error_string_n(e, text, sizeof text);
	ERR_clear_error();
	return err_make(ERR_CRYPTO, "%s: %s", what, text);
}

void
ecdsa_init(void)
{
	/* 2: it works but could not be locked (a low RLIMIT_MEMLOCK) */
	if (!CRYPTO_secure_malloc_initialized() && CRYPTO_secure_malloc_init(HEAP, HEAP_LEAST) == 0)
		abort();
}

static EVP_PKEY_CTX *
idle_get(struct idle *idle)
{
	pthread_mutex_lock(&idle->lock);
	EVP_PKEY_CTX *ctx = idle->n > 0 ? idle->ctx[--idle->n] : NULL;
	pthread_mutex_unlock(&idle->lock);
	return ctx;
}

static void
idle_put(struct idle *idle, EVP_PKEY_CTX *ctx)
{
	pthread_mutex_lock(&idle->lock);
	bool kept = idle->n < IDLE_MAX;
	if (kept)
		idle->ctx[idle->n++] = ctx;
	pthread_mutex_unlock(&idle->lock);
	if (!kept)
		EVP_PKEY_CTX_free(ctx);
}

static EVP_PKEY_CTX *
maker_new(enum ecdsa_curve curve)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (ctx == NULL)
		return NULL;
	if (EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_group_name(ctx, curves[curve].group) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

static EVP_PKEY_CTX *
signer_new(struct ecdsa *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	if (ctx == NULL)
		return NULL;
	if (EVP_PKEY_sign_init(ctx) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

/* Takes pkey over, whatever happens. */
static err_t
wrap(enum ecdsa_curve curve, EVP_PKEY *pkey, struct ecdsa **ret_key)
{
	const struct curve *c = &curves[curve];
	struct ecdsa *key = calloc(1, sizeof *key);
	if (key == NULL)
		abort();
	key->curve = curve;
	key->pkey = pkey;
	pthread_mutex_init(&key->signers.lock, NULL);
	memcpy(key->spki, c->spki_head.p, c->spki_head.n);
	size_t n = 0;
	if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, key->spki + c->spki_head.n, c->point_n, &n) != 1
	    || n != c->point_n || key->spki[c->spki_head.n] != 4) {
		ecdsa_free(key);
		return failed("reading a public key");
	}
	*ret_key = key;
	return OK;
}

err_t
ecdsa_make(enum ecdsa_curve curve, struct ecdsa **ret_key)
{
	EVP_PKEY_CTX *ctx = idle_get(&makers[curve]);
	if (ctx == NULL)
		ctx = maker_new(curve);
	if (ctx == NULL)
		return failed("preparing to make a key");
	EVP_PKEY *pkey = NULL;
	if (EVP_PKEY_keygen(ctx, &pkey) != 1) {
		EVP_PKEY_CTX_free(ctx);
		return failed("making a key");
	}
	idle_put(&makers[curve], ctx);
	return wrap(curve, pkey, ret_key);
}

/* The parameters of a key from its parts; NULL when the library refuses. */
static OSSL_PARAM *
parts_of(const struct curve *c, const BIGNUM *scalar, struct bytes point)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	if (bld != NULL && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, c->group, 0) == 1
	    && OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point.p, point.n) == 1
	    && (scalar == NULL || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1))
		params = OSSL_PARAM_BLD_to_param(bld);
	OSSL_PARAM_BLD_free(bld);
	return params;
}

static EVP_PKEY *
pkey_of(const struct curve *c, const BIGNUM *scalar, struct bytes point)
{
	OSSL_PARAM *params = parts_of(c, scalar, point);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;
	int selection = scalar != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1
	    || EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

static bool
pair_check(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool fits = ctx != NULL && EVP_PKEY_pairwise_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	return fits;
}

err_t
ecdsa_load(enum ecdsa_curve curve, struct bytes scalar, struct bytes point, struct ecdsa **ret_key)
{
	const struct curve *c = &curves[curve];
	if (scalar.n != c->scalar_n || point.n != c->point_n)
		return err_make(ERR_CRYPTO, "a stored key has the wrong length");
	BIGNUM *bn = BN_secure_new();
	if (bn == NULL || BN_bin2bn(scalar.p, (int)scalar.n, bn) == NULL) {
		BN_clear_free(bn);
		return failed("loading a key");
	}
	EVP_PKEY *pkey = pkey_of(c, bn, point);
	BN_clear_free(bn);
	if (pkey == NULL)
		return failed("loading a key");
	if (!pair_check(pkey)) {
		EVP_PKEY_free(pkey);
		return failed("a stored key and its public half are no pair");
	}
	return wrap(curve, pkey, ret_key);
}

void
ecdsa_free(struct ecdsa *key)
{
	if (key == NULL)
		return;
	for (size_t i = 0; i < key->signers.n; i++)
		EVP_PKEY_CTX_free(key->signers.ctx[i]);
	pthread_mutex_destroy(&key->signers.lock);
	EVP_PKEY_free(key->pkey); /* BN_clear_free on the scalar */
	free(key);
}

enum ecdsa_curve
ecdsa_curve(const struct ecdsa *key)
{
	return key->curve;
}

struct bytes
ecdsa_point(const struct ecdsa *key)
{
	const struct curve *c = &curves[key->curve];
	return bytes(key->spki + c->spki_head.n, c->point_n);
}

struct bytes
ecdsa_spki(const struct ecdsa *key)
{
	const struct curve *c = &curves[key->curve];
	return bytes(key->spki, c->spki_head.n + c->point_n);
}

err_t
ecdsa_scalar(const struct ecdsa *key, struct secret *ret_scalar)
{
	const struct curve *c = &curves[key->curve];
	BIGNUM *bn = BN_secure_new(); /* filled in place: a NULL one would come from the ordinary heap */
	if (bn == NULL || EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &bn) != 1) {
		BN_clear_free(bn);
		return failed("reading a private key");
	}
	struct secret s = secret_new(c->scalar_n);
	int n = BN_bn2binpad(bn, s.p, (int)s.n);
	BN_clear_free(bn);
	if (n != (int)c->scalar_n) {
		secret_done(&s);
		return failed("reading a private key");
	}
	*ret_scalar = s;
	return OK;
}

err_t
ecdsa_sign(struct ecdsa *key, struct bytes digest, uint8_t *ret_signature, size_t *ret_n)
{
	if (digest.n != curves[key->curve].digest_n)
		return err_make(ERR_CRYPTO, "a digest of %zu octets does not fit the key", digest.n);
	EVP_PKEY_CTX *ctx = idle_get(&key->signers);
	if (ctx == NULL)
		ctx = signer_new(key);
	if (ctx == NULL)
		return failed("preparing to sign");
	size_t n = ECDSA_SIGNATURE_MAX;
	if (EVP_PKEY_sign(ctx, ret_signature, &n, digest.p, digest.n) != 1) {
		EVP_PKEY_CTX_free(ctx);
		return failed("signing");
	}
	idle_put(&key->signers, ctx);
	*ret_n = n;
	return OK;
}

static err_t
verify(EVP_PKEY *pkey, struct bytes digest, struct bytes signature)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1) {
		EVP_PKEY_CTX_free(ctx);
		return failed("preparing to verify");
	}
	int right = EVP_PKEY_verify(ctx, signature.p, signature.n, digest.p, digest.n);
	EVP_PKEY_CTX_free(ctx);
	return right == 1 ? OK : failed("a signature is not right");
}

err_t
ecdsa_verify(struct ecdsa *key, struct bytes digest, struct bytes signature)
{
	return verify(key->pkey, digest, signature);
}

err_t
ecdsa_check(struct bytes spki, struct bytes digest, struct bytes signature)
{
	for (enum ecdsa_curve i = ECDSA_P256; i <= ECDSA_P384; i++) {
		const struct curve *c = &curves[i];
		if (spki.n != c->spki_head.n + c->point_n || memcmp(spki.p, c->spki_head.p, c->spki_head.n) != 0)
			continue;
		EVP_PKEY *pkey = pkey_of(c, NULL, bytes_sub(spki, c->spki_head.n, spki.n));
		if (pkey == NULL)
			return failed("reading a public key");
		err_t e = verify(pkey, digest, signature);
		EVP_PKEY_free(pkey);
		return e;
	}
	return err_make(ERR_CRYPTO, "the public key is not P-256 or P-384");
}
