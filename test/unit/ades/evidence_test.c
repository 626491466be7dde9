/* What answers and lists say about one certificate at one time. (Whole files: judge_test.c.) */
#include "ades/evidence.h"
#include "base/time.h"
#include "pki/ocsp.h"
#include "unit.h"
#include "world.h"

/* An answer about the world's signer; at: thisUpdate. */
static struct bytes
answer(struct ocsp_single s, int64_t at, uint8_t *room, size_t room_n)
{
	const struct world *w = world_get();
	uint8_t id_room[OCSP_ID_MAX], tbs_room[2048], signature[ALGORITHM_SIGNATURE_MAX];
	struct bytes tbs, der;
	struct encode e = encode_init(id_room, sizeof id_room);
	assert_ok(ocsp_id_write(&e, DIGEST_SHA1, w->issuing.c.subject, w->issuing.c.public_key, w->signer.c.serial));
	assert_ok(encode_done(&e, &s.id));
	s.this_update_at = at;
	s.next_update_at = at + TIME_HOUR;
	struct ocsp_facts f = {.produced_at = time_floor(w->now), .singles = &s, .n = 1};
	assert_ok(algorithm_key_id(w->ocsp.spki, f.responder_key_id));
	e = encode_init(tbs_room, sizeof tbs_room);
	assert_ok(ocsp_tbs(&e, &f));
	assert_ok(encode_done(&e, &tbs));
	size_t n = world_sign(&w->ocsp, tbs, signature);
	e = encode_init(room, room_n);
	assert_ok(ocsp_join(&e, tbs, w->ocsp.algorithm, bytes(signature, n), w->ocsp.der));
	assert_ok(encode_done(&e, &der));
	return der;
}

/* A list of the issuing CA, with the world's signer on it or not. */
static struct bytes
list(bool names, int64_t at, int64_t expired_since_at, uint8_t *room, size_t room_n)
{
	const struct world *w = world_get();
	uint8_t tbs_room[2048];
	struct bytes tbs;
	struct crl_entry entry = {.revoked_at = at, .reason = CRL_SUPERSEDED};
	memcpy(entry.serial, w->signer.c.serial.p, sizeof entry.serial);
	struct crl_facts f = {.issuer = w->issuing.c.subject, .issuer_key_id = w->issuing.c.subject_key_id,
	    .algorithm = w->issuing.algorithm, .number = 7, .this_update_at = at, .next_update_at = at + TIME_HOUR,
	    .expired_since_at = expired_since_at};
	struct encode e = encode_init(tbs_room, sizeof tbs_room);
	assert_ok(crl_tbs(&e, &f, &entry, names));
	assert_ok(encode_done(&e, &tbs));
	return world_join(&w->issuing, tbs, room, room_n);
}

static enum evidence_state
state_of(const struct evidence *e)
{
	const struct world *w = world_get();
	struct evidence_status s;
	evidence_status(e, &w->signer.c, &w->issuing.c, w->signer.c.not_before_at, &s);
	return s.state;
}

/* "good" says nothing when it was said before the certificate was there, or after its end without a record. */
static void
good_from_knowledge(void **state)
{
	(void)state;
	const struct certificate *c = &world_get()->signer.c;
	uint8_t right[DIGEST_SHA256_LEN], wrong[DIGEST_SHA256_LEN] = {1};
	digest_sha256(c->der, right);
	const struct bytes none = {0}, hash = BYTES_OF(right), other = BYTES_OF(wrong);
	const struct {
		int64_t at, kept_since;
		struct bytes hash;
		bool list, wanted;
	} cases[] = {
	    {c->not_before_at - TIME_SECOND, 0, none, false, false}, {c->not_before_at, 0, none, false, true},
	    {c->not_before_at - TIME_SECOND, 0, none, true, false}, {c->not_before_at, 0, none, true, true},
	    {c->not_before_at - TIME_DAY, 0, none, true, false}, {c->not_after_at, 0, none, false, true},
	    {c->not_after_at, 0, none, true, true}, {c->not_after_at + TIME_SECOND, 0, none, false, false},
	    {c->not_after_at + TIME_SECOND, 0, none, true, false}, {c->not_after_at + TIME_SECOND, c->not_after_at, none, false, true},
	    {c->not_after_at + TIME_SECOND, c->not_after_at, none, true, true},
	    {c->not_after_at + 9 * TIME_SECOND, c->not_after_at + TIME_SECOND, none, false, false},
	    {c->not_after_at + 9 * TIME_SECOND, c->not_after_at + TIME_SECOND, none, true, false},
	    {c->not_after_at + TIME_SECOND, 0, hash, false, true}, {c->not_after_at + TIME_SECOND, 0, other, false, false},
	    {c->not_after_at + TIME_SECOND, c->not_before_at, other, false, false}, {c->not_before_at, 0, hash, false, true},
	    {c->not_before_at, 0, other, false, false}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct evidence e = {0};
		uint8_t room[OCSP_RESPONSE_MAX];
		struct ocsp_single good = {.archive_cutoff_at = cases[i].kept_since, .certificate_hash = cases[i].hash};
		if (cases[i].list)
			evidence_crl(&e, list(false, cases[i].at, cases[i].kept_since, room, sizeof room));
		else
			evidence_ocsp(&e, answer(good, cases[i].at, room, sizeof room));
		if (state_of(&e) != (cases[i].wanted ? EVIDENCE_GOOD : EVIDENCE_MISSING))
			fail_msg("case %zu: %s", i, cases[i].wanted ? "says nothing" : "said from nothing");
	}
}

/* A revocation counts whenever it is said, and wins over every "good". */
static void
revoked_wins(void **state)
{
	(void)state;
	const struct certificate *c = &world_get()->signer.c;
	uint8_t wrong[DIGEST_SHA256_LEN] = {1};
	const int64_t times[] = {c->not_before_at, c->not_after_at, c->not_after_at + TIME_SECOND, c->not_after_at + TIME_DAY};
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
		for (int first = 0; first < 4; first++) {
			struct evidence e = {0};
			uint8_t rooms[4][OCSP_RESPONSE_MAX];
			struct ocsp_single good = {0}, revoked = {.state = OCSP_STATE_REVOKED, .revoked_at = c->not_before_at};
			revoked.certificate_hash = i == 1 ? BYTES_OF(wrong) : bytes(NULL, 0);
			for (int k = 0; k < 2; k++)
				if (k == first % 2) {
					evidence_ocsp(&e, answer(good, c->not_before_at, rooms[0], sizeof rooms[0]));
					evidence_crl(&e, list(false, c->not_before_at, 0, rooms[1], sizeof rooms[1]));
				} else if (first < 2) {
					evidence_ocsp(&e, answer(revoked, times[i], rooms[2], sizeof rooms[2]));
				} else {
					evidence_crl(&e, list(true, times[i], 0, rooms[3], sizeof rooms[3]));
				}
			if (state_of(&e) != EVIDENCE_REVOKED)
				fail_msg("time %zu, order %d: not revoked", i, first);
		}
	/* What is not there yet may be called revoked too. [RFC 6960 2.2] */
	struct evidence e = {0};
	uint8_t room[OCSP_RESPONSE_MAX];
	struct ocsp_single unborn = {.state = OCSP_STATE_REVOKED, .revoked_at = TIME_SECOND, .reason = CRL_HOLD};
	evidence_ocsp(&e, answer(unborn, c->not_before_at - TIME_SECOND, room, sizeof room));
	assert_int_equal(state_of(&e), EVIDENCE_MISSING);
}

/* Only a signer's certificate needs no status, and only when it says so rightly. [RFC 9608 2] */
static void
exemptions(void **state)
{
	(void)state;
	const struct world *w = world_get();
	const struct evidence e = {0};
	struct certificate bare = w->signer.c;
	bare.crl_url = bare.ocsp_url = (struct str){NULL, 0};
	struct certificate cases[12];
	static const bool wanted[12] = {[1] = true, [2] = true, [8] = true, [10] = true};
	for (size_t i = 0; i < 12; i++)
		cases[i] = bare;
	cases[1].no_rev_avail = true;
	cases[2].valassured = true;
	cases[3].no_rev_avail = cases[3].valassured = cases[3].ca = true;
	cases[4] = w->tsu.c;
	cases[4].no_rev_avail = cases[4].valassured = true;
	cases[4].crl_url = cases[4].ocsp_url = (struct str){NULL, 0};
	cases[5].valassured = true;
	cases[5].not_after_at = cases[5].not_before_at + 10 * 365 * TIME_DAY;
	cases[6].no_rev_avail = true;
	cases[6].crl_url = w->signer.c.crl_url;
	cases[7].no_rev_avail = true;
	cases[7].ocsp_url = w->signer.c.ocsp_url;
	cases[8].valassured = true;
	cases[8].not_after_at = cases[8].not_before_at + TIME_DAY;
	cases[9].valassured = true;
	cases[9].not_after_at = cases[9].not_before_at + TIME_DAY + TIME_SECOND;
	cases[10].no_rev_avail = true;
	cases[10].not_after_at = cases[10].not_before_at + 365 * TIME_DAY;
	cases[11] = w->issuing.c;
	cases[11].no_rev_avail = true;
	cases[11].crl_url = cases[11].ocsp_url = (struct str){NULL, 0};
	for (size_t i = 0; i < 12; i++) {
		struct evidence_status s;
		evidence_status(&e, &cases[i], &w->issuing.c, cases[i].not_before_at, &s);
		if (s.state != (wanted[i] ? EVIDENCE_EXEMPT : EVIDENCE_MISSING))
			fail_msg("case %zu", i);
	}
}

/* The first place of each counts, and what has no room is said to be missing. */
static void
places_and_room(void **state)
{
	(void)state;
	const struct world *w = world_get();
	struct evidence e = {.end = 300};
	struct evidence_status s;
	uint8_t room[OCSP_RESPONSE_MAX], many[PATH_POOL_MAX];
	struct bytes crl = list(false, w->signer.c.not_before_at, 0, room, sizeof room);
	evidence_crl(&e, crl);
	evidence_certificate(&e, w->signer.der);
	e.end = 200;
	evidence_crl(&e, crl);
	evidence_certificate(&e, w->signer.der);
	e.end = 400;
	evidence_crl(&e, crl);
	evidence_status_within(&e, &w->signer.c, &w->issuing.c, w->signer.c.not_before_at, 199, &s);
	assert_int_equal(s.state, EVIDENCE_MISSING);
	evidence_status_within(&e, &w->signer.c, &w->issuing.c, w->signer.c.not_before_at, 200, &s);
	assert_int_equal(s.state, EVIDENCE_GOOD);
	assert_false(evidence_certificate_within(&e, w->signer.der, 199));
	assert_true(evidence_certificate_within(&e, w->signer.der, 200));
	assert_false(evidence_certificate_within(&e, w->seal.der, SIZE_MAX));
	for (size_t i = 0; i < PATH_POOL_MAX; i++) {
		assert_false(e.full);
		many[i] = (uint8_t)i;
		evidence_certificate(&e, bytes(&many[i], 1));
	}
	assert_true(e.full);
	assert_int_equal(e.certificates_n, PATH_POOL_MAX);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(good_from_knowledge),
    cmocka_unit_test(revoked_wins),
    cmocka_unit_test(exemptions),
    cmocka_unit_test(places_and_room),
};
UNIT_MAIN(tests)
