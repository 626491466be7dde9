#include "keys/scratch.h"

#include "base/digest.h"
#include "base/buf.h"
#include "keys/gcm.h"
#include "keys/sealed.h"
#include "os/file.h"

#define CHEAP ((struct sealed_cost){64, 1})

static struct bytes
text(const char *s)
{
	return bytes(s, strlen(s));
}

static void
makes_and_opens(void **state)
{
	(void)state;
	char dir[64], path[100];
	scratch_make(dir);
	snprintf(path, sizeof path, "%s/keystore", dir);
	AUTO_KEYSTORE(ks);
	assert_ok(sealed_create(path, text("passphrase"), CHEAP, &ks));
	struct keystore_public made, again;
	assert_ok(keystore_make(ks, KEYSTORE_ROOT, 17, &made));
	assert_int_equal(made.curve, ECDSA_P384);
	assert_int_equal(made.spki_n, 120);
	assert_err(keystore_make(ks, KEYSTORE_ROOT, 18, &again), ERR_KEY_EXISTS);
	assert_ok(keystore_make(ks, KEYSTORE_ISSUING, 19, &again));
	assert_int_equal(again.curve, ECDSA_P256);
	struct keystore_chain chain = {2, {text("certificate"), text("above")}};
	assert_err(keystore_chain_get(ks, KEYSTORE_ROOT, &chain), ERR_KEY_MISSING);
	assert_ok(keystore_chain_put(ks, KEYSTORE_ROOT, &chain));
	uint8_t mac[KEYSTORE_MAC_LEN];
	keystore_mac(ks, "label", text("data"), mac);
	AUTO_BUF(wrapped, 100);
	assert_ok(keystore_wrap(ks, text("note"), &wrapped));

	AUTO_KEYSTORE(other);
	assert_err(sealed_create(path, text("passphrase"), CHEAP, &other), ERR_KEY_EXISTS);
	assert_ok(sealed_open(path, text("passphrase"), &other));
	assert_ok(keystore_public(other, KEYSTORE_ROOT, &again));
	assert_memory_equal(made.spki, again.spki, made.spki_n);
	assert_int_equal(again.made_at, 17);
	assert_err(keystore_public(other, KEYSTORE_TSU, &again), ERR_KEY_MISSING);
	struct keystore_chain got;
	assert_ok(keystore_chain_get(other, KEYSTORE_ROOT, &got));
	assert_int_equal(got.n, 2);
	assert_true(bytes_eq(got.certificate[1], text("above")));
	assert_true(keystore_mac_check(other, "label", text("data"), BYTES_OF(mac)));
	assert_false(keystore_mac_check(other, "Label", text("data"), BYTES_OF(mac)));
	assert_false(keystore_mac_check(other, "label", text("datA"), BYTES_OF(mac)));
	AUTO_BUF(plain, 100);
	assert_ok(keystore_unwrap(other, buf_bytes(&wrapped), &plain));
	assert_true(bytes_eq(buf_bytes(&plain), text("note")));
	wrapped.p[20] ^= 1;
	assert_err(keystore_unwrap(other, buf_bytes(&wrapped), &plain), ERR_MAC);
	scratch_remove(dir);
}

static void
signs(void **state)
{
	(void)state;
	char dir[64], path[100];
	scratch_make(dir);
	snprintf(path, sizeof path, "%s/keystore", dir);
	AUTO_KEYSTORE(ks);
	assert_ok(sealed_create(path, text("p"), CHEAP, &ks));
	struct keystore_public made;
	assert_ok(keystore_make(ks, KEYSTORE_LOG, 1, &made));
	uint8_t digest[32] = {1, 2, 3}, signature[ECDSA_SIGNATURE_MAX];
	size_t n;
	for (int i = 0; i < 50; i++) {
		assert_ok(keystore_sign(ks, KEYSTORE_LOG, BYTES_OF(digest), signature, &n));
		assert_ok(ecdsa_check(bytes(made.spki, made.spki_n), BYTES_OF(digest), bytes(signature, n)));
	}
	digest[0] ^= 1;
	assert_err(ecdsa_check(bytes(made.spki, made.spki_n), BYTES_OF(digest), bytes(signature, n)), ERR_CRYPTO);
	assert_err(keystore_sign(ks, KEYSTORE_LOG, bytes(digest, 20), signature, &n), ERR_CRYPTO);
	assert_err(keystore_sign(ks, KEYSTORE_SEAL, BYTES_OF(digest), signature, &n), ERR_KEY_MISSING);
	AUTO_ONCE(once);
	assert_ok(keystore_once_make(ks, &once));
	assert_ok(keystore_once_sign(once, BYTES_OF(digest), signature, &n));
	assert_ok(keystore_once_verify(once, BYTES_OF(digest), bytes(signature, n)));
	assert_ok(ecdsa_check(keystore_once_spki(once), BYTES_OF(digest), bytes(signature, n)));
	scratch_remove(dir);
}

/* Another passphrase, any flipped octet, any shortened file: refused. */
static void
refuses_what_was_changed(void **state)
{
	(void)state;
	char dir[64], path[100];
	scratch_make(dir);
	snprintf(path, sizeof path, "%s/keystore", dir);
	struct keystore *ks = NULL;
	struct keystore_public made;
	assert_ok(sealed_create(path, text("passphrase"), (struct sealed_cost){8, 1}, &ks));
	assert_ok(keystore_make(ks, KEYSTORE_OCSP, 1, &made));
	keystore_free(ks);
	ks = NULL;
	assert_err(sealed_open(path, text("passphrasf"), &ks), ERR_KEYSTORE_SEAL);
	assert_err(sealed_open(path, text(""), &ks), ERR_KEYSTORE_SEAL);
	AUTO_BUF(file, 100000);
	assert_ok(file_read_path(path, &file));
	for (size_t i = 0; i < file.n; i++) {
		if (i >= 10 && i < 18)
			continue; /* the cost: a flip may ask for gigabytes; below */
		file.p[i] ^= 0x10;
		assert_ok(file_replace(path, buf_bytes(&file), 0600));
		assert_err(sealed_open(path, text("passphrase"), &ks), ERR_KEYSTORE_SEAL);
		file.p[i] ^= 0x10;
	}
	for (size_t n = 0; n < file.n; n += 7) {
		assert_ok(file_replace(path, bytes_sub(buf_bytes(&file), 0, n), 0600));
		assert_err(sealed_open(path, text("passphrase"), &ks), ERR_KEYSTORE_SEAL);
	}
	file.p[10] = 0xff; /* 4 TiB of memory for Argon2id */
	assert_ok(file_replace(path, buf_bytes(&file), 0600));
	assert_err(sealed_open(path, text("passphrase"), &ks), ERR_KEYSTORE_SEAL);
	scratch_remove(dir);
}

/* NIST SP 800-38D leaves the nonce to us: two sealings of the same differ. */
static void
nonces_differ(void **state)
{
	(void)state;
	uint8_t key[32] = {7}, a[8 + GCM_GROWTH], b[8 + GCM_GROWTH], plain[8];
	assert_ok(gcm_seal(BYTES_OF(key), text("x"), text("12345678"), a));
	assert_ok(gcm_seal(BYTES_OF(key), text("x"), text("12345678"), b));
	assert_memory_not_equal(a, b, sizeof a);
	assert_ok(gcm_open(BYTES_OF(key), text("x"), BYTES_OF(a), plain));
	assert_memory_equal(plain, "12345678", 8);
	assert_err(gcm_open(BYTES_OF(key), text("y"), BYTES_OF(a), plain), ERR_MAC);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(makes_and_opens),
    cmocka_unit_test(signs),
    cmocka_unit_test(refuses_what_was_changed),
    cmocka_unit_test(nonces_differ),
};
UNIT_MAIN(tests)
