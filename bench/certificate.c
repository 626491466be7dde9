/*
 * Certificates per second on one thread: facts to TBSCertificate, lint, P-256 signature, join. Beside it, in the same run,
 * the floor: the signatures alone. certificate [--json] [COUNT]; run it in the root of the source tree.
 */
#include "base/rand.h"
#include "base/time.h"
#include "pki/lint.h"
#include <openssl/ec.h>
#include <openssl/evp.h>

struct ca {
	EVP_PKEY *key;
	EVP_MD_CTX *prepared; /* copied for each signature: initialising one costs more than signing */
	uint8_t spki_room[ALGORITHM_SPKI_MAX];
	struct bytes spki;
	uint8_t room[CERTIFICATE_OCTETS_MAX];
	struct certificate c;
};

static void
must(err_t e, const char *what)
{
	if (err_is(e)) {
		fprintf(stderr, "%s: %s\n", what, err_detail());
		exit(1);
	}
}

static int64_t
cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static struct bytes
key_make(EVP_PKEY **ret_key, uint8_t room[ALGORITHM_SPKI_MAX])
{
	uint8_t point[128];
	size_t n;
	struct bytes spki;
	*ret_key = EVP_EC_gen("P-256");
	if (!*ret_key || EVP_PKEY_get_octet_string_param(*ret_key, "pub", point, sizeof point, &n) != 1)
		abort();
	struct encode w = encode_init(room, ALGORITHM_SPKI_MAX);
	must(algorithm_write_key(&w, bytes(point, n)), "key");
	must(encode_done(&w, &spki), "key");
	return spki;
}

static size_t
sign(const struct ca *ca, struct bytes data, uint8_t signature[ALGORITHM_SIGNATURE_MAX])
{
	size_t n = ALGORITHM_SIGNATURE_MAX;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_MD_CTX_copy_ex(ctx, ca->prepared) != 1 || EVP_DigestSign(ctx, signature, &n, data.p, data.n) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	return n;
}

/* An issuing CA without a root above it: only its name, key and rights count here. */
static void
ca_make(struct ca *ca, const struct profile_instance *instance, int64_t now)
{
	struct profile p;
	must(profile_load("policy/profiles", "issuing-b", &p), "profile");
	ca->spki = key_make(&ca->key, ca->spki_room);
	ca->prepared = EVP_MD_CTX_new();
	if (!ca->prepared || EVP_DigestSignInit(ca->prepared, NULL, EVP_sha256(), NULL, ca->key) != 1)
		abort();
	struct certificate_facts f = {.spki = ca->spki, .issuer = bytes("\x30\x00", 2), .issuer_key_id = bytes("root", 4),
		.algorithm = ALGORITHM_ECDSA_P256};
	f.subject.value[NAME_COUNTRY] = STR("FR");
	f.subject.value[NAME_ORGANIZATION] = STR("Paraph DEMO");
	f.subject.value[NAME_COMMON_NAME] = STR("Paraph DEMO Signer CA B");
	rand_serial(f.serial);
	must(profile_validity(&p, now, 0, 0, &f.not_before_at, &f.not_after_at), "validity");
	uint8_t tbs_room[CERTIFICATE_OCTETS_MAX], signature[ALGORITHM_SIGNATURE_MAX];
	struct encode w = encode_init(tbs_room, sizeof tbs_room);
	struct bytes tbs, der;
	must(certificate_tbs(&w, &p, instance, &f), "CA");
	must(encode_done(&w, &tbs), "CA");
	size_t n = sign(ca, tbs, signature);
	w = encode_init(ca->room, sizeof ca->room);
	must(certificate_join(&w, tbs, ALGORITHM_ECDSA_P256, bytes(signature, n)), "CA");
	must(encode_done(&w, &der), "CA");
	must(certificate_read(der, &ca->c), "CA");
}

struct run {
	struct ca ca;
	struct profile profile;
	struct profile_instance instance;
	struct certificate_facts facts;
	int64_t now;
};

/* One certificate. */
static void
issue(struct run *r, bool lint)
{
	uint8_t tbs_room[CERTIFICATE_OCTETS_MAX], room[CERTIFICATE_OCTETS_MAX], signature[ALGORITHM_SIGNATURE_MAX];
	struct encode w = encode_init(tbs_room, sizeof tbs_room);
	struct bytes tbs, der;
	rand_serial(r->facts.serial);
	must(certificate_tbs(&w, &r->profile, &r->instance, &r->facts), "build");
	must(encode_done(&w, &tbs), "build");
	if (lint)
		must(lint_certificate(tbs, &r->profile, &r->instance, &r->ca.c, r->now), "lint");
	size_t n = sign(&r->ca, tbs, signature);
	w = encode_init(room, sizeof room);
	must(certificate_join(&w, tbs, ALGORITHM_ECDSA_P256, bytes(signature, n)), "join");
	must(encode_done(&w, &der), "join");
}

static void
prepare(struct run *r, uint8_t spki_room[ALGORITHM_SPKI_MAX])
{
	struct timespec t;
	EVP_PKEY *key;
	clock_gettime(CLOCK_REALTIME, &t);
	r->now = (int64_t)t.tv_sec * TIME_SECOND;
	r->instance = (struct profile_instance){.demo = true, .base_url = STR("http://127.0.0.1:8080")};
	must(oid_parse(STR("2.25.1.2.3"), &r->instance.arc), "arc");
	must(profile_load("policy/profiles", "signer-b", &r->profile), "profile");
	ca_make(&r->ca, &r->instance, r->now);
	r->facts = (struct certificate_facts){.spki = key_make(&key, spki_room), .issuer = r->ca.c.subject,
		.issuer_key_id = r->ca.c.subject_key_id, .algorithm = ALGORITHM_ECDSA_P256};
	EVP_PKEY_free(key);
	r->facts.subject.value[NAME_COUNTRY] = STR("FR");
	r->facts.subject.value[NAME_GIVEN_NAME] = STR("Jane");
	r->facts.subject.value[NAME_SURNAME] = STR("Doe");
	r->facts.subject.value[NAME_SERIAL_NUMBER] = STR("DEMO-7F3A91C2");
	r->facts.subject.value[NAME_COMMON_NAME] = STR("Jane Doe");
	must(profile_validity(&r->profile, r->now, 0, r->ca.c.not_after_at, &r->facts.not_before_at, &r->facts.not_after_at),
	    "validity");
}

/* Microseconds of CPU for one certificate, with or without lint, and for one signature. */
static double
measure(struct run *r, int count, bool whole, bool lint)
{
	uint8_t data[700] = {0}, signature[ALGORITHM_SIGNATURE_MAX];
	int64_t start = cpu_us();
	for (int i = 0; i < count; i++)
		if (whole)
			issue(r, lint);
		else
			sign(&r->ca, BYTES_OF(data), signature);
	return (double)(cpu_us() - start) / count;
}

int
main(int argc, char **argv)
{
	static struct run r;
	uint8_t spki_room[ALGORITHM_SPKI_MAX];
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	uint64_t count = 10000;
	if (argc > 1 + json)
		must(str_u64(str_c(argv[1 + json]), 10000000, &count), "COUNT");
	prepare(&r, spki_room);
	measure(&r, 200, true, true);
	double whole = measure(&r, (int)count, true, true), bare = measure(&r, (int)count, true, false);
	double floor = measure(&r, (int)count, false, false);
	if (json)
		printf("{\"bench\": \"certificate\", \"rate\": %.0f, \"cpu_us\": %.2f, \"without_lint_us\": %.2f, \"floor\": %.0f, "
		       "\"floor_us\": %.2f, \"ratio\": %.3f}\n", 1e6 / whole, whole, bare, 1e6 / floor, floor, floor / whole);
	else
		printf("built, linted and signed  %6.1f us  %7.0f per second\nbuilt and signed          %6.1f us\n"
		       "the signature alone       %6.1f us  %7.0f per second\nratio to that floor       %6.2f\n",
		    whole, 1e6 / whole, bare, floor, 1e6 / floor, floor / whole);
	return 0;
}
