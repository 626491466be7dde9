#include "keys/gcm.h"
#include "base/rand.h"
#include "base/secret.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>

static EVP_CIPHER *aes;
static pthread_once_t aes_once = PTHREAD_ONCE_INIT;

static void
aes_fetch(void)
{
	aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (aes == NULL)
		abort();
}

/* One pass in either direction up to the tag; false when the library refuses. */
static bool
run(EVP_CIPHER_CTX *ctx, int sealing, struct bytes key, const uint8_t *nonce, struct bytes extra, struct bytes in,
    uint8_t *out)
{
	int n = 0;
	static const uint8_t none[1];
	return EVP_CipherInit_ex2(ctx, aes, key.p, nonce, sealing, NULL) == 1
	    && EVP_CipherUpdate(ctx, NULL, &n, extra.n > 0 ? extra.p : none, (int)extra.n) == 1
	    && EVP_CipherUpdate(ctx, out, &n, in.n > 0 ? in.p : none, (int)in.n) == 1;
}

err_t
gcm_seal(struct bytes key, struct bytes extra, struct bytes plain, uint8_t *ret)
{
	pthread_once(&aes_once, aes_fetch);
	if (key.n != GCM_KEY_LEN || plain.n > INT32_MAX / 2)
		return err_make(ERR_CRYPTO, "wrong length for AES-256-GCM");
	rand_fill(ret, GCM_NONCE_LEN);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *out = ret + GCM_NONCE_LEN;
	int n = 0;
	bool done = ctx != NULL && run(ctx, 1, key, ret, extra, plain, out) && EVP_CipherFinal_ex(ctx, out + plain.n, &n) == 1
	    && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_LEN, out + plain.n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	return done ? OK : err_make(ERR_CRYPTO, "AES-256-GCM failed");
}

err_t
gcm_open(struct bytes key, struct bytes extra, struct bytes sealed, uint8_t *ret)
{
	pthread_once(&aes_once, aes_fetch);
	if (key.n != GCM_KEY_LEN || sealed.n < GCM_GROWTH || sealed.n > INT32_MAX / 2)
		return err_make(ERR_MAC, "sealed data of %zu octets", sealed.n);
	struct bytes in = bytes(sealed.p + GCM_NONCE_LEN, sealed.n - GCM_GROWTH);
	uint8_t tag[GCM_TAG_LEN], rest[16];
	memcpy(tag, in.p + in.n, sizeof tag);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool done = ctx != NULL && run(ctx, 0, key, sealed.p, extra, in, ret)
	    && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_LEN, tag) == 1
	    && EVP_CipherFinal_ex(ctx, rest, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	if (done)
		return OK;
	secret_wipe(ret, in.n);
	return err_make(ERR_MAC, "sealed data was changed, or the key is another");
}
