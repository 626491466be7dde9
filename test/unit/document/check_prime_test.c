/* Warming up before the jail: what fits is proven, what is missing is passed over, what does not fit is told. */
#include "document/check_prime.h"
#include "base/buf.h"
#include "unit.h"
#include "world.h"

static char folder[] = "/tmp/check-prime-XXXXXX";

static void
save(const char *name, struct bytes data)
{
	char path[64];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data.p, 1, data.n, f), data.n);
	assert_int_equal(fclose(f), 0);
}

static void
drop(const char *name)
{
	char path[64];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

static void
primes(void **state)
{
	(void)state;
	struct world *w = world_get();
	uint8_t tbs_room[2048], list_room[4096];
	struct bytes tbs = world_crl_tbs(&w->root, NULL, 0, tbs_room, sizeof tbs_room);
	assert_non_null(mkdtemp(folder));
	assert_ok(check_prime(folder)); /* nothing there */
	save("root.cer", w->root.der);
	assert_ok(check_prime(folder));
	save("issuing.cer", w->issuing.der);
	save("tsu.cer", w->tsu.der);
	save("root.crl", world_join(&w->root, tbs, list_room, sizeof list_room));
	assert_ok(check_prime(folder));
	save("tsu.cer", w->signer.der); /* not by the root */
	assert_err(check_prime(folder), ERR_SIGNATURE);
	save("tsu.cer", bytes("x", 1));
	assert_err(check_prime(folder), ERR_DER);
	drop("tsu.cer");
	save("root.crl", world_join(&w->tsu, tbs, list_room, sizeof list_room));
	assert_true(err_is(check_prime(folder)));
	drop("root.crl");
	drop("issuing.cer");
	drop("root.cer");
	assert_int_equal(rmdir(folder), 0);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(primes)};
UNIT_MAIN(tests)
