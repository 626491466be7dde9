#include "unit.h"
#include "base/time.h"
#include "wrong.h"

/* At least 40 wrong certificates, each refused with the sentence that belongs to it. */
static void
wrong_certificates(void **state)
{
	(void)state;
	const struct world *w = world_get();
	size_t bad = 0;
	for (size_t i = 0; i < wrong_count; i++) {
		const struct wrong *row = &wrong_table[i];
		uint8_t room[CERTIFICATE_OCTETS_MAX];
		struct bytes tbs = wrong_tbs(row, room, sizeof room);
		const struct world_party *party = wrong_party(row->party), *issuer = wrong_issuer(row->party);
		err_t e = lint_certificate(tbs, &party->profile, &w->instance, &issuer->c, w->now);
		if (e.code == ERR_LINT && strstr(err_detail(), row->says))
			continue;
		print_error("%s: lint says: %s\n", row->name, err_is(e) ? err_detail() : "good");
		bad++;
	}
	assert_int_equal(bad, 0);
	assert_true(wrong_count >= 40);
}

static void
good_certificates(void **state)
{
	(void)state;
	const struct world *w = world_get();
	static const char *const names[] = {"root", "issuing-b", "signer-b", "ocsp", "tsu", "seal"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct world_party *p = wrong_party(names[i]), *issuer = wrong_issuer(names[i]);
		assert_ok(lint_certificate(p->tbs, &p->profile, &w->instance, p == issuer ? NULL : &issuer->c, w->now));
		/* a certificate of one profile is none of another */
		for (size_t k = 0; k < sizeof names / sizeof *names; k++)
			if (k != i)
				assert_err(lint_certificate(p->tbs, &wrong_party(names[k])->profile, &w->instance,
				    k == 0 ? NULL : &issuer->c, w->now), ERR_LINT);
	}
}

/* What is right only beside the right issuer, time or installation. */
static void
surroundings(void **state)
{
	(void)state;
	struct world *w = world_get();
	struct certificate issuer = w->issuing.c;
	const struct profile *p = &w->signer.profile;
	struct bytes tbs = w->signer.tbs;
	assert_err(lint_certificate(tbs, p, &w->instance, NULL, w->now), ERR_LINT);
	assert_err(lint_certificate(tbs, p, &w->instance, &w->root.c, w->now), ERR_LINT);
	assert_err(lint_certificate(tbs, p, &w->instance, &issuer, w->now + 2 * TIME_SECOND), ERR_LINT); /* now backdated 62 s */
	assert_err(lint_certificate(tbs, p, &w->instance, &issuer, w->now - 2 * TIME_MINUTE), ERR_LINT);
	issuer.not_after_at = w->signer.c.not_after_at - TIME_SECOND;
	assert_err(lint_certificate(tbs, p, &w->instance, &issuer, w->now), ERR_LINT);
	assert_non_null(strstr(err_detail(), "outlives"));
	issuer = w->issuing.c;
	issuer.not_before_at = w->now;
	assert_err(lint_certificate(tbs, p, &w->instance, &issuer, w->now), ERR_LINT);
	issuer = w->issuing.c;
	issuer.ca = false;
	assert_err(lint_certificate(tbs, p, &w->instance, &issuer, w->now), ERR_LINT);
	struct profile_instance other = w->instance;
	other.demo = false;
	assert_err(lint_certificate(w->tsu.tbs, &w->tsu.profile, &other, &w->root.c, w->now), ERR_LINT);
	other = w->instance;
	other.base_url = STR("http://127.0.0.1:8081");
	assert_err(lint_certificate(tbs, p, &other, &w->issuing.c, w->now), ERR_LINT);
	other = w->instance;
	assert_ok(oid_parse(STR("2.25.1"), &other.arc));
	assert_err(lint_certificate(tbs, p, &other, &w->issuing.c, w->now), ERR_LINT);
	other = w->instance;
	assert_ok(oid_parse(STR("0.4.0.2042.1.3"), &other.claims[0])); /* a demo claims nothing */
	assert_err(lint_certificate(tbs, p, &other, &w->issuing.c, w->now), ERR_LINT);
}

/* One flipped bit anywhere in a good certificate is noticed, except in what only the facts can know. */
static void
property_flipped_bit(void **state)
{
	(void)state;
	unit_seed();
	struct world *w = world_get();
	const struct world_party *p = &w->signer;
	size_t accepted = 0, rounds = 4000;
	for (size_t round = 0; round < rounds; round++) {
		uint8_t room[CERTIFICATE_OCTETS_MAX];
		memcpy(room, p->tbs.p, p->tbs.n);
		room[unit_below(p->tbs.n)] ^= (uint8_t)(1 << unit_below(8));
		accepted += !err_is(lint_certificate(bytes(room, p->tbs.n), &p->profile, &w->instance, &w->issuing.c, w->now));
	}
	/* serial (19 octets), letters of the name, and seconds of the times remain: facts, not form */
	assert_true(accepted < rounds / 5);
}

static struct bytes
tbs_of(const struct crl_facts *f, const struct crl_entry *entries, size_t n, uint8_t room[8192])
{
	struct encode w = encode_init(room, 8192);
	struct bytes tbs;
	assert_ok(crl_tbs(&w, f, entries, n));
	assert_ok(encode_done(&w, &tbs));
	return tbs;
}

static struct crl_facts
crl_facts_of(const struct world *w)
{
	return (struct crl_facts){.issuer = w->issuing.c.subject, .issuer_key_id = w->issuing.c.subject_key_id,
		.algorithm = ALGORITHM_ECDSA_P256, .number = 7, .this_update_at = time_floor(w->now),
		.next_update_at = time_floor(w->now) + TIME_DAY, .expired_since_at = w->issuing.c.not_before_at};
}

static void
lists(void **state)
{
	(void)state;
	struct world *w = world_get();
	uint8_t room[8192];
	struct crl_entry entries[2] = {{.revoked_at = w->now - TIME_MINUTE, .reason = 1}, {.revoked_at = w->now - TIME_MINUTE, .reason = -1}};
	world_serial(entries[0].serial);
	world_serial(entries[1].serial);
	struct crl_facts f = crl_facts_of(w);
	assert_ok(lint_crl(tbs_of(&f, entries, 2, room), &w->issuing.c, 6, w->now));
	assert_ok(lint_crl(tbs_of(&f, NULL, 0, room), &w->issuing.c, 0, w->now));
	assert_err(lint_crl(tbs_of(&f, entries, 2, room), &w->issuing.c, 7, w->now), ERR_LINT); /* the number does not grow */
	assert_err(lint_crl(tbs_of(&f, entries, 2, room), &w->root.c, 6, w->now), ERR_LINT);
	assert_err(lint_crl(tbs_of(&f, entries, 2, room), &w->signer.c, 6, w->now), ERR_LINT);
	assert_err(lint_crl(tbs_of(&f, entries, 2, room), &w->issuing.c, 6, w->now - TIME_MINUTE), ERR_LINT);
	assert_err(lint_crl(tbs_of(&f, entries, 2, room), &w->issuing.c, 6, w->now + 2 * TIME_DAY), ERR_LINT);
	memcpy(entries[1].serial, entries[0].serial, sizeof entries[0].serial);
	assert_err(lint_crl(tbs_of(&f, entries, 2, room), &w->issuing.c, 6, w->now), ERR_LINT); /* twice */
	f.expired_since_at = 0;
	assert_err(lint_crl(tbs_of(&f, entries, 1, room), &w->issuing.c, 6, w->now), ERR_LINT);
	f = crl_facts_of(w);
	f.next_update_at = f.this_update_at + 2 * TIME_DAY;
	assert_err(lint_crl(tbs_of(&f, entries, 1, room), &w->issuing.c, 6, w->now), ERR_LINT);
	f.next_update_at = TIME_NEVER; /* the last list of a CA */
	assert_ok(lint_crl(tbs_of(&f, entries, 1, room), &w->issuing.c, 6, w->now));
	f = crl_facts_of(w);
	f.algorithm = ALGORITHM_ECDSA_P384;
	assert_err(lint_crl(tbs_of(&f, entries, 1, room), &w->issuing.c, 6, w->now), ERR_LINT);
	assert_err(lint_crl(bytes("\x30\x00", 2), &w->issuing.c, 6, w->now), ERR_LINT);
}

static void
answers(void **state)
{
	(void)state;
	struct world *w = world_get();
	uint8_t id_room[OCSP_ID_MAX], room[2048], other_room[OCSP_ID_MAX];
	struct bytes id, other_id;
	struct encode e = encode_init(id_room, sizeof id_room);
	assert_ok(ocsp_id_write(&e, DIGEST_SHA1, w->issuing.c.subject, w->issuing.c.public_key, w->signer.c.serial));
	assert_ok(encode_done(&e, &id));
	struct bytes tbs = world_ocsp_tbs(OCSP_STATE_GOOD, id, bytes("12345678", 8), room, sizeof room);
	assert_ok(lint_ocsp(tbs, &w->ocsp.c, &w->issuing.c, w->now));
	assert_err(lint_ocsp(tbs, &w->tsu.c, &w->issuing.c, w->now), ERR_LINT);
	assert_err(lint_ocsp(tbs, &w->ocsp.c, &w->root.c, w->now), ERR_LINT);
	assert_err(lint_ocsp(tbs, &w->ocsp.c, &w->issuing.c, w->now - TIME_MINUTE), ERR_LINT);
	assert_err(lint_ocsp(tbs, &w->ocsp.c, &w->issuing.c, w->now + 2 * TIME_MINUTE), ERR_LINT);
	struct certificate responder = w->ocsp.c;
	responder.ocsp_nocheck = false;
	assert_err(lint_ocsp(tbs, &responder, &w->issuing.c, w->now), ERR_LINT);
	responder = w->ocsp.c;
	responder.not_after_at = w->now - TIME_SECOND * 2;
	assert_err(lint_ocsp(tbs, &responder, &w->issuing.c, w->now), ERR_LINT);
	tbs = world_ocsp_tbs(OCSP_STATE_REVOKED, id, bytes(NULL, 0), room, sizeof room);
	assert_ok(lint_ocsp(tbs, &w->ocsp.c, &w->issuing.c, w->now));
	e = encode_init(other_room, sizeof other_room);
	assert_ok(ocsp_id_write(&e, DIGEST_SHA256, w->root.c.subject, w->root.c.public_key, w->signer.c.serial));
	assert_ok(encode_done(&e, &other_id));
	tbs = world_ocsp_tbs(OCSP_STATE_GOOD, other_id, bytes(NULL, 0), room, sizeof room);
	assert_err(lint_ocsp(tbs, &w->ocsp.c, &w->issuing.c, w->now), ERR_LINT); /* a CertID of another issuer */
}

static void
stamps(void **state)
{
	(void)state;
	struct world *w = world_get();
	uint8_t room[TSP_INFO_MAX], digest[DIGEST_SHA256_LEN] = {1};
	struct tsp_request r = {.kind = DIGEST_SHA256, .imprint = BYTES_OF(digest), .nonce = bytes("\x01\x02", 2)};
	struct bytes info = world_tst(&r, room, sizeof room);
	assert_ok(lint_tst(info, &w->tsu.c, &w->instance, w->now));
	assert_err(lint_tst(info, &w->seal.c, &w->instance, w->now), ERR_LINT);
	assert_err(lint_tst(info, &w->tsu.c, &w->instance, w->now - 1), ERR_LINT);
	assert_err(lint_tst(info, &w->tsu.c, &w->instance, w->now + 2 * TIME_SECOND), ERR_LINT);
	struct certificate unit = w->tsu.c;
	unit.key_not_after_at = w->now - TIME_SECOND;
	assert_err(lint_tst(info, &unit, &w->instance, w->now), ERR_LINT);
	struct profile_instance other = w->instance;
	assert_ok(oid_parse(STR("2.25.1"), &other.arc));
	assert_err(lint_tst(info, &w->tsu.c, &other, w->now), ERR_LINT);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(wrong_certificates),
	cmocka_unit_test(good_certificates),
	cmocka_unit_test(surroundings),
	cmocka_unit_test(property_flipped_bit),
	cmocka_unit_test(lists),
	cmocka_unit_test(answers),
	cmocka_unit_test(stamps),
};
UNIT_MAIN(tests)
