#include "keys/house.h"

#include "keys/self_test.h"

static struct house house;

static int
set_up(void **state)
{
	(void)state;
	house_make(&house);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	house_done(&house);
	return 0;
}

/* As if the last answer were long ago. */
static err_t
health(struct desk *d)
{
	d->self_tested_until = 0;
	return house_health(d);
}

struct own_key {
	struct desk **desk;
	enum keystore_use use;
	const char *name;
};
static const struct own_key keys[] = {{&house.issuing, KEYSTORE_ISSUING, "issuing CA"}, {&house.issuing, KEYSTORE_SEAL, "seal"},
    {&house.issuing, KEYSTORE_LOG, "log"}, {&house.status, KEYSTORE_OCSP, "OCSP signer"}, {&house.status, KEYSTORE_TSU, "time-stamp unit"}};
enum { KEYS = sizeof keys / sizeof keys[0] };

static void
a_key_that_is_not_its_certificates_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYS; i++) {
		if (keys[i].use == KEYSTORE_LOG)
			continue; /* it has none */
		struct desk *d = *keys[i].desk;
		struct keystore_chain right, wrong;
		AUTO_BUF(kept, 65536);
		assert_ok(keystore_chain_get(d->keystore, keys[i].use, &right));
		for (size_t k = 0; k < right.n; k++) /* the store's octets end with the next chain_put */
			buf_put(&kept, right.certificate[k]);
		for (size_t k = 0, at = 0; k < right.n; at += right.certificate[k++].n)
			right.certificate[k].p = kept.p + at;
		wrong = right;
		wrong.certificate[0] = buf_bytes(keys[i].use == KEYSTORE_TSU ? &house.seal : &house.tsu);
		assert_ok(health(d));
		assert_ok(keystore_chain_put(d->keystore, keys[i].use, &wrong));
		assert_err(health(d), ERR_KEY_MISSING);
		assert_non_null(strstr(err_detail(), keys[i].name));
		assert_err(health(d), ERR_KEY_MISSING); /* only what is well is kept */
		assert_ok(keystore_chain_put(d->keystore, keys[i].use, &right));
		assert_ok(health(d));
	}
}

/* ---- a store whose hardware has one broken key ---- */

static enum keystore_use broken;

static err_t
broken_public(void *store, enum keystore_use use, struct keystore_public *ret_public)
{
	return keystore_public(store, use, ret_public);
}

static err_t
broken_chain_get(void *store, enum keystore_use use, struct keystore_chain *ret_chain)
{
	return keystore_chain_get(store, use, ret_chain);
}

static err_t
broken_sign(void *store, enum keystore_use use, struct bytes digest, uint8_t *ret_signature, size_t *ret_n)
{
	TRY(keystore_sign(store, use, digest, ret_signature, ret_n));
	if (use == broken)
		ret_signature[*ret_n - 1] ^= 1;
	return OK;
}

static const struct keystore_ops broken_ops = {.public = broken_public, .sign = broken_sign, .chain_get = broken_chain_get};

static void
a_key_that_signs_wrongly_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYS; i++) {
		struct desk *d = *keys[i].desk;
		struct keystore *own = d->keystore;
		d->keystore = keystore_new(&broken_ops, own);
		broken = 0;
		assert_ok(health(d));
		broken = keys[i].use;
		assert_err(health(d), ERR_KEY_MISSING);
		assert_non_null(strstr(err_detail(), keys[i].name));
		free(d->keystore); /* the handle alone: own goes on */
		d->keystore = own;
		assert_ok(health(d));
	}
}

/* Everybody may ask how the service is: the keys work for that only now and then. */
static void
well_is_kept_for_a_moment(void **state)
{
	(void)state;
	struct desk *d = house.issuing;
	struct keystore *own = d->keystore;
	assert_ok(health(d));
	assert_true(d->self_tested_until > clock_monotonic());
	assert_true(d->self_tested_until <= clock_monotonic() + SELF_TEST_LASTS_US);
	d->keystore = keystore_new(&broken_ops, own);
	broken = KEYSTORE_SEAL;
	assert_ok(house_health(d));
	assert_err(health(d), ERR_KEY_MISSING);
	free(d->keystore);
	d->keystore = own;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_that_is_not_its_certificates_is_told),
	    cmocka_unit_test(a_key_that_signs_wrongly_is_told),
	    cmocka_unit_test(well_is_kept_for_a_moment),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
