#include "keys/self_test.h"
#include "os/clock.h"
#include "pki/verify.h"

/* No certificate, list, answer or token begins so: a signature over it is one over nothing. */
static const char text[] = "paraph self-test: this signs nothing";

static const struct {
	enum journal_role role;
	enum keystore_use use;
	const char *name;
} keys[] = {
    {JOURNAL_ISSUING, KEYSTORE_ISSUING, "issuing CA"},
    {JOURNAL_ISSUING, KEYSTORE_SEAL, "seal"},
    {JOURNAL_ISSUING, KEYSTORE_LOG, "log"},
    {JOURNAL_STATUS, KEYSTORE_OCSP, "OCSP signer"},
    {JOURNAL_STATUS, KEYSTORE_TSU, "time-stamp unit"},
};

/* The key that relying parties verify with. */
static err_t
relied_on(struct desk *d, enum keystore_use use, struct keystore_public *own, struct bytes *ret_spki)
{
	struct certificate c;
	TRY(keystore_public(d->keystore, use, own));
	*ret_spki = bytes(own->spki, own->spki_n);
	if (use == KEYSTORE_LOG)
		return OK;
	TRY(desk_certificate(d, use, &c));
	*ret_spki = c.spki;
	return OK;
}

static err_t
key_test(struct desk *d, enum keystore_use use)
{
	struct keystore_public own;
	struct bytes spki;
	enum algorithm algorithm;
	uint8_t signature[ECDSA_SIGNATURE_MAX];
	size_t n;
	TRY(relied_on(d, use, &own, &spki));
	TRY(algorithm_of_key(spki, &algorithm));
	TRY(desk_sign(d, use, bytes(text, sizeof text - 1), signature, &n));
	err_t e = verify_signature(spki, algorithm, bytes(text, sizeof text - 1), bytes(signature, n));
	secret_wipe(signature, sizeof signature);
	return e;
}

err_t
self_test_run(struct desk *d)
{
	int64_t now = clock_monotonic();
	if (now < d->self_tested_until)
		return OK;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (keys[i].role != d->role)
			continue;
		err_t e = key_test(d, keys[i].use);
		if (err_is(e)) {
			char why[200];
			snprintf(why, sizeof why, "%s", err_detail());
			return err_make(e.code == ERR_SIGNATURE ? ERR_KEY_MISSING : e.code, "self-test of the key of the %s: %s", keys[i].name, why);
		}
	}
	d->self_tested_until = now + SELF_TEST_LASTS_US;
	return OK;
}
