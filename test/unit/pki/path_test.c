#include "unit.h"
#include "base/time.h"
#include "pki/path.h"
#include "wrong.h"

static void
good_chains(void **state)
{
	(void)state;
	const struct world *w = world_get();
	struct bytes pool[] = {w->seal.der, w->issuing.der, w->ocsp.der, w->root.der};
	struct path path;
	assert_ok(path_build(w->signer.der, pool, 4, &w->root.der, 1, PATH_SIGNER, w->now, &path));
	assert_int_equal(path.n, 3);
	assert_true(bytes_eq(path.chain[0].der, w->signer.der) && bytes_eq(path.chain[1].der, w->issuing.der) &&
	            bytes_eq(path.chain[2].der, w->root.der));
	assert_ok(path_build(w->tsu.der, NULL, 0, &w->root.der, 1, PATH_TIME_STAMPING, w->now, &path));
	assert_int_equal(path.n, 2);
	assert_ok(path_build(w->ocsp.der, pool, 4, &w->root.der, 1, PATH_OCSP, w->now, &path));
	assert_ok(path_build(w->ocsp.der, NULL, 0, &w->issuing.der, 1, PATH_OCSP, w->now, &path));
	assert_ok(path_build(w->issuing.der, NULL, 0, &w->root.der, 1, PATH_CA, w->now, &path));
	assert_ok(path_build(w->root.der, NULL, 0, &w->root.der, 1, PATH_CA, w->now, &path));
	assert_int_equal(path.n, 1);
}

static void
bad_chains(void **state)
{
	(void)state;
	const struct world *w = world_get();
	struct bytes pool[] = {w->issuing.der};
	struct path path;
	assert_err(path_build(w->signer.der, NULL, 0, &w->root.der, 1, PATH_SIGNER, w->now, &path), ERR_CHAIN);
	assert_err(path_build(w->signer.der, pool, 1, NULL, 0, PATH_SIGNER, w->now, &path), ERR_CHAIN);
	assert_err(path_build(w->signer.der, pool, 1, &w->seal.der, 1, PATH_SIGNER, w->now, &path), ERR_CHAIN);
	assert_err(path_build(w->signer.der, pool, 1, &w->root.der, 1, PATH_TIME_STAMPING, w->now, &path), ERR_CHAIN);
	assert_err(path_build(w->signer.der, pool, 1, &w->root.der, 1, PATH_OCSP, w->now, &path), ERR_CHAIN);
	assert_err(path_build(w->signer.der, pool, 1, &w->root.der, 1, PATH_CA, w->now, &path), ERR_CHAIN);
	assert_err(path_build(w->issuing.der, NULL, 0, &w->root.der, 1, PATH_SIGNER, w->now, &path), ERR_CHAIN);
	assert_err(path_build(w->signer.der, pool, PATH_POOL_MAX + 1, &w->root.der, 1, PATH_SIGNER, w->now, &path), ERR_CHAIN);
	assert_err(path_build(bytes("\x30\x00", 2), pool, 1, &w->root.der, 1, PATH_SIGNER, w->now, &path), ERR_DER);
}

/* Both ends of the validity belong to it. */
static void
times(void **state)
{
	(void)state;
	const struct world *w = world_get();
	struct bytes pool[] = {w->issuing.der};
	struct path path;
	const struct certificate *c = &w->signer.c;
	assert_ok(path_build(w->signer.der, pool, 1, &w->root.der, 1, PATH_SIGNER, c->not_before_at, &path));
	assert_ok(path_build(w->signer.der, pool, 1, &w->root.der, 1, PATH_SIGNER, c->not_after_at + 999999, &path));
	assert_err(path_build(w->signer.der, pool, 1, &w->root.der, 1, PATH_SIGNER, c->not_before_at - 1, &path), ERR_CHAIN);
	assert_err(path_build(w->signer.der, pool, 1, &w->root.der, 1, PATH_SIGNER, c->not_after_at + TIME_SECOND, &path), ERR_CHAIN);
}

/* One step with one fault each. */
static void
steps(void **state)
{
	(void)state;
	const struct world *w = world_get();
	struct certificate subject = w->signer.c, issuer = w->issuing.c;
	assert_ok(path_check_step(&subject, &issuer, 0, w->now));
	assert_err(path_check_step(&subject, &issuer, 1, w->now), ERR_CHAIN); /* path length 0 */
	issuer.ca = false;
	assert_err(path_check_step(&subject, &issuer, 0, w->now), ERR_CHAIN);
	issuer = w->issuing.c;
	issuer.key_usage = PROFILE_KU_CRL_SIGN;
	assert_err(path_check_step(&subject, &issuer, 0, w->now), ERR_CHAIN);
	issuer = w->issuing.c;
	issuer.unknown_critical = true;
	assert_err(path_check_step(&subject, &issuer, 0, w->now), ERR_CHAIN);
	issuer = w->issuing.c;
	issuer.not_after_at = w->now - 2 * TIME_SECOND;
	assert_err(path_check_step(&subject, &issuer, 0, w->now), ERR_CHAIN);
	issuer = w->issuing.c;
	issuer.subject_key_id = w->root.c.subject_key_id;
	assert_err(path_check_step(&subject, &issuer, 0, w->now), ERR_CHAIN);
	issuer = w->issuing.c;
	issuer.spki = w->seal.spki; /* the right name, another key */
	assert_err(path_check_step(&subject, &issuer, 0, w->now), ERR_SIGNATURE);
	subject.algorithm = ALGORITHM_NONE;
	assert_err(path_check_step(&subject, &w->issuing.c, 0, w->now), ERR_ALGORITHM);
}

/* A signer's certificate cannot issue, whatever it claims to be signed by. */
static void
leaf_as_issuer(void **state)
{
	(void)state;
	const struct world *w = world_get();
	struct certificate forged = w->signer.c;
	forged.issuer = w->signer.c.subject;
	forged.authority_key_id = w->signer.c.subject_key_id;
	assert_err(path_check_step(&forged, &w->signer.c, 0, w->now), ERR_CHAIN);
}

/* Of the wrong certificates those with a critical extension that nobody knows, or a name of another issuer, build no chain. */
static void
wrong_certificates(void **state)
{
	(void)state;
	static const char *const refused[] = {"strange-critical", "name-constraints-on-signer", "issuer-other", "aki-other",
		"not-yet-valid", "algorithm-sha1", "extension-twice"};
	const struct world *w = world_get();
	struct bytes pool[] = {w->issuing.der};
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		for (size_t k = 0; k < wrong_count; k++) {
			uint8_t tbs_room[CERTIFICATE_OCTETS_MAX], room[CERTIFICATE_OCTETS_MAX];
			struct path path;
			if (strcmp(wrong_table[k].name, refused[i]) != 0)
				continue;
			struct bytes tbs = wrong_tbs(&wrong_table[k], tbs_room, sizeof tbs_room);
			struct bytes der = wrong_certificate(&wrong_table[k], tbs, room, sizeof room);
			assert_true(err_is(path_build(der, pool, 1, &w->root.der, 1, PATH_SIGNER, w->now, &path)));
		}
}

/* A signer's certificate with this extKeyUsage, one or two purposes. */
static void
with_purposes(struct bytes one, struct bytes two, bool wanted)
{
	const struct world *w = world_get();
	uint8_t value[64], tbs_room[CERTIFICATE_OCTETS_MAX], room[CERTIFICATE_OCTETS_MAX];
	struct bytes pool[] = {w->issuing.der}, purposes;
	struct path path;
	struct encode e = encode_init(value, sizeof value);
	if (two.n > 0)
		encode_oid(&e, two);
	encode_oid(&e, one);
	encode_wrap(&e, DER_SEQUENCE, 0);
	assert_ok(encode_done(&e, &purposes));
	const struct wrong row = {"purposes", "signer-b", WRONG_VALUE, .oid = OID_CE_EXT_KEY_USAGE, .der = purposes};
	struct bytes der = wrong_certificate(&row, wrong_tbs(&row, tbs_room, sizeof tbs_room), room, sizeof room);
	err_t r = path_build(der, pool, 1, &w->root.der, 1, PATH_SIGNER, w->now, &path);
	if (wanted)
		assert_ok(r);
	else
		assert_err(r, ERR_CHAIN);
	assert_ok(path_build(der, pool, 1, &w->root.der, 1, PATH_ANY, w->now, &path));
}

/* Under a trusted root there are also certificates that say that they are for something else. [RFC 5280 4.2.1.12] */
static void
signers_sign_documents(void **state)
{
	(void)state;
	const struct world *w = world_get();
	const struct bytes none = {0};
	const struct bytes good[] = {OID_KP_DOCUMENT_SIGNING, OID_KP_ADOBE_PDF_SIGNING, OID_KP_MS_DOCUMENT_SIGNING, OID_KP_EMAIL_PROTECTION,
		OID_KP_CLIENT_AUTH, OID_KP_ANY};
	const struct bytes bad[] = {OID_KP_TIME_STAMPING, OID_KP_OCSP_SIGNING, OID_KP_SERVER_AUTH, OID_KP_CODE_SIGNING};
	struct bytes pool[] = {w->issuing.der};
	struct path path;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		with_purposes(good[i], none, true);
		with_purposes(OID_KP_SERVER_AUTH, good[i], true);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		with_purposes(bad[i], none, false);
		with_purposes(bad[i], OID_KP_SERVER_AUTH, false);
	}
	assert_ok(path_build(w->seal.der, NULL, 0, &w->root.der, 1, PATH_SIGNER, w->now, &path)); /* says nothing */
	assert_err(path_build(w->tsu.der, NULL, 0, &w->root.der, 1, PATH_SIGNER, w->now, &path), ERR_CHAIN);
	assert_err(path_build(w->ocsp.der, pool, 1, &w->root.der, 1, PATH_SIGNER, w->now, &path), ERR_CHAIN);
}

/* A certificate of the subject's key and name, by this issuer. */
static struct bytes
cross_certificate(const struct world_party *subject, const struct world_party *issuer, uint8_t *room, size_t room_n)
{
	uint8_t tbs_room[CERTIFICATE_OCTETS_MAX];
	struct bytes tbs;
	struct certificate_facts f = subject->facts;
	struct profile profile = world_get()->issuing.profile;
	profile.path_len = PROFILE_PATH_ANY;
	profile.key = subject->profile.key;
	f.issuer = issuer->c.subject;
	f.issuer_key_id = issuer->c.subject_key_id;
	f.algorithm = issuer->algorithm;
	world_serial(f.serial);
	struct encode e = encode_init(tbs_room, sizeof tbs_room);
	assert_ok(certificate_tbs(&e, &profile, &world_get()->instance, &f));
	assert_ok(encode_done(&e, &tbs));
	return world_join(issuer, tbs, room, room_n);
}

/* An authority of another key, with that name; it signs its own certificate. */
static void
make_authority(struct world_party *p, struct str name)
{
	const struct world *w = world_get();
	*p = (struct world_party){.profile = w->root.profile, .facts = w->root.facts};
	world_key(p, w->root.algorithm);
	p->facts.subject.value[NAME_COMMON_NAME] = name;
	p->facts.spki = p->spki;
	struct encode e = encode_init(p->room, sizeof p->room);
	assert_ok(certificate_tbs(&e, &p->profile, &w->instance, &p->facts));
	assert_ok(encode_done(&e, &p->tbs));
	uint8_t tbs[CERTIFICATE_OCTETS_MAX];
	memcpy(tbs, p->tbs.p, p->tbs.n);
	p->der = world_join(p, bytes(tbs, p->tbs.n), p->room, sizeof p->room);
	assert_ok(certificate_read(p->der, &p->c));
}

/* Two authorities signed the same issuing key, and only one of them is trusted: whichever certificate comes first. */
static void
the_other_way_is_tried(void **state)
{
	(void)state;
	const struct world *w = world_get();
	static struct world_party other;
	uint8_t room[CERTIFICATE_OCTETS_MAX];
	struct path path;
	make_authority(&other, STR("Another Root"));
	struct bytes by_other = cross_certificate(&w->issuing, &other, room, sizeof room);
	struct bytes one[] = {w->issuing.der, by_other, w->root.der, other.der}, two[] = {other.der, by_other, w->issuing.der, w->root.der};
	assert_ok(path_build(w->signer.der, one, 4, &w->root.der, 1, PATH_SIGNER, w->now, &path));
	assert_true(bytes_eq(path.chain[1].der, w->issuing.der));
	assert_ok(path_build(w->signer.der, two, 4, &w->root.der, 1, PATH_SIGNER, w->now, &path));
	assert_true(bytes_eq(path.chain[1].der, w->issuing.der));
	assert_int_equal(path.n, 3);
	assert_ok(path_build(w->signer.der, one, 4, &other.der, 1, PATH_SIGNER, w->now, &path));
	assert_true(bytes_eq(path.chain[1].der, by_other) && bytes_eq(path.chain[2].der, other.der));
	assert_ok(path_build(w->signer.der, two, 4, &other.der, 1, PATH_SIGNER, w->now, &path));
	assert_err(path_build(w->signer.der, two, 4, &w->seal.der, 1, PATH_SIGNER, w->now, &path), ERR_CHAIN);
}

/* Authorities that all signed each other: thousands of ways, none of which leads anywhere. */
static void
ways_are_counted(void **state)
{
	(void)state;
	enum { N = 7 };
	const struct world *w = world_get();
	static struct world_party party[N];
	static uint8_t rooms[N * N][CERTIFICATE_OCTETS_MAX];
	uint8_t room[CERTIFICATE_OCTETS_MAX];
	struct bytes pool[PATH_POOL_MAX];
	struct path path;
	size_t n = 0;
	for (size_t i = 0; i < N; i++)
		make_authority(&party[i], STR("One of many"));
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++)
			if (i != j) {
				pool[n] = cross_certificate(&party[i], &party[j], rooms[n], sizeof rooms[n]);
				n++;
			}
	struct bytes leaf = cross_certificate(&w->issuing, &party[0], room, sizeof room);
	assert_err(path_build(leaf, pool, n, &w->root.der, 1, PATH_CA, w->now, &path), ERR_CHAIN);
	assert_non_null(strstr(err_detail(), "too many"));
	assert_ok(path_build(leaf, pool, n, &party[0].der, 1, PATH_CA, w->now, &path));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(good_chains),
	cmocka_unit_test(bad_chains),
	cmocka_unit_test(times),
	cmocka_unit_test(steps),
	cmocka_unit_test(leaf_as_issuer),
	cmocka_unit_test(wrong_certificates),
	cmocka_unit_test(signers_sign_documents),
	cmocka_unit_test(the_other_way_is_tried),
	cmocka_unit_test(ways_are_counted),
};
UNIT_MAIN(tests)
