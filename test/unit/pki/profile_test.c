#include "unit.h"
#include "base/buf.h"
#include "base/time.h"
#include "world.h"

static const char *const names[] = {"root", "issuing-b", "signer-b", "tsu", "ocsp", "seal"};

static struct bytes
file_of(const char *name, struct buf *text)
{
	char path[1024];
	snprintf(path, sizeof path, "%s/%s.json", world_profiles(), name);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	uint8_t *p = buf_extend(text, 16384);
	size_t n = fread(p, 1, 16384, f);
	fclose(f);
	return bytes(p, n);
}

static void
shipped(void **state)
{
	(void)state;
	const char *dir = world_profiles();
	struct profile p;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_ok(profile_load(dir, names[i], &p));
	assert_err(profile_load(dir, "absent", &p), ERR_IO);
	/* 15 minutes, 10 minutes to 2 hours, one minute back */
	assert_ok(profile_load(dir, "signer-b", &p));
	assert_true(p.life_us == 15 * TIME_MINUTE && p.life_least_us == 10 * TIME_MINUTE && p.life_most_us == 2 * TIME_HOUR);
	assert_true(p.backdate_us == TIME_MINUTE);
	assert_int_equal(p.key_usage, PROFILE_KU_NON_REPUDIATION);
	assert_ok(profile_load(dir, "root", &p));
	assert_int_equal(p.key, ALGORITHM_ECDSA_P384);
	assert_true(profile_self_signed(&p));
	assert_ok(profile_load(dir, "tsu", &p));
	assert_string_equal(p.issuer, "root");
	assert_true(p.ext_key_usage == PROFILE_EKU_TIME_STAMPING && p.ext_key_usage_critical && p.crl && !p.ocsp_nocheck);
}

/* Leaves each line out, repeats each, and spoils each value: all are errors. */
static void
every_key_counts(void **state)
{
	(void)state;
	struct profile p;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		AUTO_BUF(text, 16384);
		struct bytes json = file_of(names[i], &text);
		assert_ok(profile_parse(json, names[i], &p));
		for (size_t at = 0; at < json.n;) {
			size_t end = bytes_find(json, at, bytes("\n", 1));
			size_t next = end == SIZE_MAX ? json.n : end + 1;
			bool plain = json.p[at] == '\t' && json.p[at + 1] == '"' && json.p[next - 2] == ',' &&
			             memcmp(json.p + at, "\t\"comment", 9) != 0;
			AUTO_BUF(without, 32768);
			AUTO_BUF(twice, 32768);
			buf_put(&without, bytes_sub(json, 0, at));
			buf_put(&without, bytes_sub(json, next, json.n));
			buf_put(&twice, bytes_sub(json, 0, next));
			buf_put(&twice, bytes_sub(json, at, json.n));
			if (plain) {
				assert_err(profile_parse(buf_bytes(&without), names[i], &p), ERR_PROFILE);
				assert_err(profile_parse(buf_bytes(&twice), names[i], &p), ERR_PROFILE);
			}
			at = next;
		}
	}
}

/* Replaces one piece of the signer's profile and reads it. */
static err_t
with(const char *from, const char *to)
{
	AUTO_BUF(text, 16384);
	AUTO_BUF(changed, 32768);
	struct bytes json = file_of("signer-b", &text);
	struct profile p;
	size_t at = bytes_find(json, 0, str_bytes(str_c(from)));
	assert_true(at != SIZE_MAX);
	buf_put(&changed, bytes_sub(json, 0, at));
	buf_put(&changed, str_bytes(str_c(to)));
	buf_put(&changed, bytes_sub(json, at + strlen(from), json.n));
	return profile_parse(buf_bytes(&changed), "signer-b", &p);
}

static void
refused(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"\"ca\": false", "\"ca\": true"},
		{"\"ca\": false", "\"ca\": 0"},
		{"\"life_seconds\": 900", "\"life_seconds\": 599"},
		{"\"life_seconds\": 900", "\"life_seconds\": 7201"},
		{"\"life_seconds\": 900", "\"life_seconds\": \"900\""},
		{"\"life_seconds\": 900", "\"life_seconds\": 900.5"},
		{"\"backdate_seconds\": 60", "\"backdate_seconds\": 61"},
		{"\"path_len\": null", "\"path_len\": 0"},
		{"\"key\": \"P-256\"", "\"key\": \"RSA-2048\""},
		{"[\"nonRepudiation\"]", "[\"nonRepudiation\", \"nonRepudiation\"]"},
		{"[\"nonRepudiation\"]", "[\"nonRepudiation\", \"keyCertSign\"]"},
		{"[\"nonRepudiation\"]", "[]"},
		{"[\"nonRepudiation\"]", "[\"nonrepudiation\"]"},
		{"\"ext_key_usage_critical\": false", "\"ext_key_usage_critical\": true"},
		{"\"documentSigning\"", "\"OCSPSigning\""},
		{"\"documentSigning\"", "\"timeStamping\""},
		{"\"ocsp_nocheck\": false", "\"ocsp_nocheck\": true"},
		{"\"valassured\": false", "\"valassured\": true"},
		{"\"authority_key_id\": true", "\"authority_key_id\": false"},
		{"\"attribute\": \"CN\", \"required\": true", "\"attribute\": \"CN\", \"required\": false"},
		{"\"attribute\": \"SN\"", "\"attribute\": \"GN\""},
		{"\"attribute\": \"SN\"", "\"attribute\": \"sn\""},
		{"\"under\": 2", "\"under\": 0"},
		{"\"under\": 2", "\"under\": \"2\""},
		{"\"email\": false", "\"email\": false, \"extra\": 1"},
		{"\"name\": \"signer-b\"", "\"name\": \"../signer\""},
		{"\"name\": \"signer-b\"", "\"name\": \"\""},
		{"\"issuer\": \"issuing-b\"", "\"issuer\": \"signer-b\""},
		{"{", "["},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_err(with(rows[i][0], rows[i][1]), ERR_PROFILE);
	assert_ok(with("\"life_seconds\": 900", "\"life_seconds\": 600"));
}

/* Both ends count: 15 minutes are 900 different seconds. [profile P3] */
static void
validity(void **state)
{
	(void)state;
	const struct profile *p = &world_get()->signer.profile;
	int64_t from, to, now;
	assert_ok(time_join((struct time_parts){2028, 2, 28, 23, 59, 30, 999999}, &now)); /* into a leap day */
	assert_ok(profile_validity(p, now, 0, 0, &from, &to));
	assert_true(from == time_floor(now) - TIME_MINUTE);
	assert_true(to - from + TIME_SECOND == 900 * TIME_SECOND);
	assert_ok(profile_validity(p, now, 2 * TIME_HOUR, 0, &from, &to));
	assert_true(to - from + TIME_SECOND == 2 * TIME_HOUR);
	assert_err(profile_validity(p, now, 2 * TIME_HOUR + TIME_SECOND, 0, &from, &to), ERR_PROFILE);
	assert_err(profile_validity(p, now, 10 * TIME_MINUTE - TIME_SECOND, 0, &from, &to), ERR_PROFILE);
	assert_err(profile_validity(p, now, 10 * TIME_MINUTE + 1, 0, &from, &to), ERR_PROFILE);
	assert_ok(profile_validity(p, now, 0, 0, &from, &to));
	assert_ok(profile_validity(p, now, 0, to, &from, &to));
	assert_err(profile_validity(p, now, 0, to - TIME_SECOND, &from, &to), ERR_PROFILE);
}

static void
addresses(void **state)
{
	(void)state;
	struct profile_instance i = world_get()->instance;
	char url[PROFILE_URL_MAX];
	static char longest[PROFILE_URL_MAX];
	assert_ok(profile_url_ca_issuers(&i, "root", url));
	assert_string_equal(url, "http://127.0.0.1:8080/aia/root.cer");
	assert_ok(profile_url_crl(&i, "issuing-b", url));
	assert_string_equal(url, "http://127.0.0.1:8080/crl/issuing-b.crl");
	assert_ok(profile_url_ocsp(&i, url));
	assert_string_equal(url, "http://127.0.0.1:8080/ocsp");
	memset(longest, 'x', sizeof longest - 1);
	i.base_url = str_c(longest);
	assert_err(profile_url_ocsp(&i, url), ERR_PROFILE);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(shipped),
	cmocka_unit_test(every_key_counts),
	cmocka_unit_test(refused),
	cmocka_unit_test(validity),
	cmocka_unit_test(addresses),
};
UNIT_MAIN(tests)
