#include "unit.h"

#include "keys/book_memory.h"
#include "keys/keystore.h"

#include <string.h>

/* ---- records ---- */

#define FILL(member) unit_fill(&(member), sizeof(member))

static struct bytes
some(uint8_t room[300])
{
	unit_fill(room, 300);
	return bytes(room, unit_below(300));
}

/* What was written is read, for records with every kind of member; a cut or longer payload is refused. */
static void
records_round_trip(void **state)
{
	(void)state;
	unit_seed();
	for (int turn = 0; turn < 300; turn++) {
		uint8_t a[300], b[300];
		struct record_pen_key r = {.document = unit_below(10), .spki = some(a), .tbs = some(b),
		    .base_length = unit_next() >> 1, .key_made_at = unit_next() >> 1}, s;
		FILL(r.intent);
		FILL(r.activation);
		FILL(r.serial);
		FILL(r.base_sha256);
		FILL(r.plan_sha256);
		AUTO_BUF(out, 10000);
		record_write(RECORD_PEN_KEY, &r, &out);
		assert_ok(record_read(RECORD_PEN_KEY, buf_bytes(&out), &s));
		assert_memory_equal(r.intent, s.intent, RECORD_ID);
		assert_memory_equal(r.serial, s.serial, RECORD_SERIAL);
		assert_memory_equal(r.plan_sha256, s.plan_sha256, RECORD_HASH);
		assert_true(bytes_eq(r.spki, s.spki) && bytes_eq(r.tbs, s.tbs));
		assert_true(r.document == s.document && r.base_length == s.base_length && r.key_made_at == s.key_made_at);
		AUTO_BUF(again, 10000);
		record_write(RECORD_PEN_KEY, &s, &again);
		assert_true(bytes_eq(buf_bytes(&out), buf_bytes(&again)));
		assert_err(record_read(RECORD_PEN_KEY, bytes_sub(buf_bytes(&out), 0, unit_below(out.n)), &s), ERR_JOURNAL);
		buf_put_byte(&out, 0);
		assert_err(record_read(RECORD_PEN_KEY, buf_bytes(&out), &s), ERR_JOURNAL);
		assert_err(record_read(RECORD_CODE_SENT, buf_bytes(&again), &s), ERR_JOURNAL);
	}
	struct record_activation none;
	assert_err(record_read((enum record_type)200, bytes("", 0), &none), ERR_JOURNAL);
}

/* ---- a book and the book that its snapshot makes ---- */

static void
apply(struct book *b, enum record_type type, int64_t at, const void *record)
{
	AUTO_BUF(payload, 65536);
	record_write(type, record, &payload);
	assert_ok(book_apply(b, &(struct segment_record){(uint8_t)type, at, buf_bytes(&payload)}));
}

static void
id_of(uint8_t ret_id[RECORD_ID], uint32_t kind, uint32_t n)
{
	memset(ret_id, 0, RECORD_ID);
	memcpy(ret_id, &kind, 4);
	memcpy(ret_id + 4, &n, 4);
}

static void
begin_many(struct book *b, uint32_t n, uint32_t documents_n, int64_t at, int64_t expires_at)
{
	AUTO_BUF(documents, 1000);
	struct record_activation_begun r = {.expires_at = (uint64_t)expires_at, .note = bytes("note", 4)};
	for (uint32_t i = 0; i < documents_n; i++)
		record_document_write(&(struct record_document){.field = n}, &documents);
	r.documents = buf_bytes(&documents);
	id_of(r.activation, 1, n);
	id_of(r.request, 2, n % 7);
	id_of(r.signer, 3, n % 3);
	memset(r.registration_digest, (int)n, sizeof r.registration_digest);
	memset(r.address, (int)(n % 5 + 1), sizeof r.address);
	apply(b, RECORD_ACTIVATION_BEGUN, at, &r);
}

static void
begin(struct book *b, uint32_t n, int64_t at, int64_t expires_at)
{
	begin_many(b, n, 1, at, expires_at);
}

static void
step(struct book *b, uint32_t n, enum record_type type, int64_t at)
{
	struct record_activation a;
	struct record_code_sent sent;
	id_of(a.activation, 1, n);
	id_of(sent.activation, 1, n);
	if (type == RECORD_CODE_SENT)
		apply(b, type, at, &sent);
	else
		apply(b, type, at, &a);
}

static void
complete_many(struct book *b, uint32_t n, uint32_t documents_n, int64_t at)
{
	uint8_t appearances[LIMIT_DOCUMENTS * RECORD_HASH] = {5};
	struct record_activation_completed r = {.appearances = bytes(appearances, (size_t)documents_n * RECORD_HASH)};
	id_of(r.activation, 1, n);
	memset(r.digest, (int)n, sizeof r.digest);
	apply(b, RECORD_ACTIVATION_COMPLETED, at, &r);
}

static void
complete(struct book *b, uint32_t n, int64_t at)
{
	complete_many(b, n, 1, at);
}

static void
sign(struct book *b, uint32_t n, int64_t at, unsigned how_far)
{
	struct record_pen_key key = {.spki = bytes("spki", 4), .tbs = bytes("tbs", 3), .key_made_at = (uint64_t)at};
	struct record_pen_attributes attributes = {.certificate = bytes("certificate", 11), .attributes = bytes("set", 3)};
	struct record_pen_result result = {.signature = bytes("signature", 9), .signed_at = (uint64_t)at};
	struct record_document_result document = {.length = n};
	struct record_intent_voided voided = {.reason = bytes("why", 3)};
	uint8_t intent[RECORD_ID];
	id_of(intent, 4, n);
	id_of(key.activation, 1, n);
	memcpy(key.intent, intent, RECORD_ID);
	memcpy(attributes.intent, intent, RECORD_ID);
	memcpy(result.intent, intent, RECORD_ID);
	memcpy(document.intent, intent, RECORD_ID);
	memcpy(voided.intent, intent, RECORD_ID);
	memcpy(key.serial, intent, RECORD_ID);
	memcpy(key.serial + RECORD_SERIAL - 4, &n, 4);
	apply(b, RECORD_PEN_KEY, at, &key);
	if (how_far > 0)
		apply(b, RECORD_PEN_ATTRIBUTES, at, &attributes);
	if (how_far > 1)
		apply(b, RECORD_PEN_RESULT, at, &result);
	if (how_far > 2)
		apply(b, RECORD_DOCUMENT_RESULT, at, &document);
	struct record_proof_seal seal = {.intents = BYTES_OF(intent)};
	if (how_far > 3)
		apply(b, RECORD_PROOF_SEAL, at, &seal);
	if (how_far == 1)
		apply(b, RECORD_INTENT_VOIDED, at, &voided);
}

static struct book *
copy_of(struct book *b)
{
	struct book *copy = book_new();
	AUTO_BUF(snapshot, SEGMENT_SNAPSHOT_MAX);
	size_t at = 0;
	book_snapshot(b, &snapshot);
	while (at < snapshot.n) {
		struct segment_record r;
		assert_ok(segment_record_read(buf_bytes(&snapshot), &at, &r));
		assert_ok(book_apply(copy, &r));
	}
	return copy;
}

/* Whether both know the same of number n. */
static void
compare(struct book *a, struct book *b, uint32_t n)
{
	static struct book_activation x, y;
	static struct book_intent i, j;
	uint8_t id[RECORD_ID], request[RECORD_ID], signer[RECORD_ID];
	memset(&x, 0, sizeof x);
	memset(&y, 0, sizeof y);
	memset(&i, 0, sizeof i);
	memset(&j, 0, sizeof j);
	id_of(id, 1, n);
	assert_int_equal(book_activation(a, id, &x).code, book_activation(b, id, &y).code);
	assert_memory_equal(&x, &y, sizeof x);
	id_of(id, 4, n);
	assert_int_equal(book_intent(a, id, &i).code, book_intent(b, id, &j).code);
	assert_memory_equal(&i, &j, sizeof i);
	assert_int_equal(book_has_serial(a, i.serial), book_has_serial(b, i.serial));
	id_of(request, 2, n % 7);
	id_of(signer, 3, n % 3);
	struct counter c = book_counter(a, request, signer), d = book_counter(b, request, signer);
	assert_true(c.tries == d.tries && c.sends == d.sends);
	uint8_t address[RECORD_HASH];
	memset(address, (int)(n % 5 + 1), sizeof address);
	assert_int_equal(book_wrong_codes(a, address), book_wrong_codes(b, address));
}

static void
snapshot_is_the_same_memory(void **state)
{
	(void)state;
	unit_seed();
	struct book *b = book_new();
	for (uint32_t n = 0; n < 500; n++) {
		int64_t at = 1000 + n;
		begin(b, n, at, at + 1000000);
		for (uint64_t k = unit_below(4); k > 0; k--)
			step(b, n, unit_below(2) ? RECORD_CODE_SENT : RECORD_CODE_TRIED, at);
		if (unit_below(4) == 0)
			continue;
		step(b, n, RECORD_CODE_PROVED, at);
		complete(b, n, at);
		if (unit_below(4) != 0)
			sign(b, n, at, (unsigned)unit_below(5));
		if (n % 100 == 99) {
			struct book *copy = copy_of(b);
			for (uint32_t i = 0; i <= n; i++)
				compare(b, copy, i);
			book_free(b);
			b = copy_of(copy); /* and again, so that nothing grows or fades */
			for (uint32_t i = 0; i <= n; i++)
				compare(b, copy, i);
			book_free(copy);
		}
	}
	book_free(b);
}

/* What is over goes, what is not stays, counters stay for ever. */
static void
forgets_what_is_over(void **state)
{
	(void)state;
	struct book *b = book_new();
	const int64_t minute = 60 * INT64_C(1000000);
	uint8_t id[RECORD_ID], request[RECORD_ID] = {0}, signer[RECORD_ID] = {0};
	struct book_activation a;
	struct book_intent i;
	for (uint32_t n = 0; n < BOOK_OVER_MAX + 100; n++) {
		begin(b, n, n, 30 * minute);
		step(b, n, RECORD_CODE_TRIED, n);
		step(b, n, RECORD_CODE_PROVED, n);
		complete(b, n, n);
		sign(b, n, n, 4);
	}
	begin(b, 100000, 1, 30 * minute); /* begun, and nothing more */
	begin(b, 100001, 1, 30 * minute);
	step(b, 100001, RECORD_CODE_PROVED, 1);
	complete(b, 100001, 1);
	sign(b, 100001, 2, 2); /* a result that nobody has settled */
	begin(b, 100002, 41 * minute, 71 * minute); /* time goes on */
	struct book *copy = copy_of(b);
	id_of(id, 4, 0);
	assert_err(book_intent(copy, id, &i), ERR_INTENT);
	id_of(id, 1, 0);
	assert_err(book_activation(copy, id, &a), ERR_ACTIVATION);
	id_of(id, 4, BOOK_OVER_MAX + 99);
	assert_ok(book_intent(copy, id, &i));
	id_of(id, 1, 100000);
	assert_err(book_activation(copy, id, &a), ERR_ACTIVATION);
	id_of(id, 1, 100001);
	assert_ok(book_activation(copy, id, &a));
	id_of(id, 4, 100001);
	assert_ok(book_intent(copy, id, &i));
	id_of(request, 2, 0);
	id_of(signer, 3, 0);
	struct counter c = book_counter(copy, request, signer);
	assert_true(c.tries >= 100);
	book_free(copy);
	book_free(b);
}

/* What was signed under an activation that can still sign is not forgotten, however many are over since: after a restart it is
 * the only thing that says so. */
static void
remembers_what_an_open_activation_signed(void **state)
{
	(void)state;
	struct book *b = book_new();
	const int64_t minute = 60 * INT64_C(1000000);
	uint8_t id[RECORD_ID];
	struct book_activation a;
	struct book_intent i;
	begin_many(b, 0, 2, 1, 30 * minute); /* two documents, of which one is signed */
	step(b, 0, RECORD_CODE_PROVED, 1);
	complete_many(b, 0, 2, 1);
	sign(b, 0, 1, 4);
	for (uint32_t n = 1; n < BOOK_OVER_MAX + 100; n++) {
		begin(b, n, n, 30 * minute);
		sign(b, n, n, 4);
	}
	struct book *copy = copy_of(b);
	id_of(id, 4, 0);
	assert_ok(book_intent(copy, id, &i));
	id_of(id, 1, 0);
	assert_ok(book_activation(copy, id, &a));
	assert_int_equal(a.used, 1);
	id_of(id, 4, 1);
	assert_err(book_intent(copy, id, &i), ERR_INTENT); /* the only document of its activation: nothing can come of that any more */
	begin(copy, 100000, 41 * minute, 71 * minute); /* time goes on */
	struct book *later = copy_of(copy);
	id_of(id, 4, 0);
	assert_err(book_intent(later, id, &i), ERR_INTENT);
	book_free(later);
	book_free(copy);
	book_free(b);
}

/* What a snapshot leaves out is gone when its segment is durable, not before, and not while somebody works on it. */
static void
forgets_with_its_segment(void **state)
{
	(void)state;
	const int64_t minute = 60 * INT64_C(1000000);
	static const uint8_t first_octets[] = {1, 1 ^ 2}; /* of the claims: the activation, and its document 1 */
	uint8_t id[RECORD_ID], claim[RECORD_ID];
	struct book_activation a;
	struct book *b = book_new();
	begin(b, 0, 1, 30 * minute);
	begin(b, 1, 1, 30 * minute);
	begin(b, 2, 41 * minute, 71 * minute); /* time went on */
	id_of(id, 1, 0);
	for (size_t i = 0; i < sizeof first_octets; i++) {
		memcpy(claim, id, sizeof claim);
		claim[0] = first_octets[i];
		assert_true(book_claim(b, claim));
		struct book *copy = copy_of(b);
		assert_ok(book_activation(copy, id, &a));
		book_free(copy);
		book_release(b, claim);
	}
	struct book *copy = copy_of(b);
	assert_err(book_activation(copy, id, &a), ERR_ACTIVATION);
	book_free(copy);
	assert_ok(book_activation(b, id, &a)); /* that segment failed */
	memset(claim, 0, sizeof claim);
	counter_print(a.request, a.signer, claim);
	assert_true(book_claim(b, claim));
	AUTO_BUF(snapshot, SEGMENT_SNAPSHOT_MAX);
	book_snapshot(b, &snapshot);
	book_snapshot_opened(b);
	assert_ok(book_activation(b, id, &a));
	id_of(id, 1, 1);
	assert_err(book_activation(b, id, &a), ERR_ACTIVATION);
	book_free(b);
}

/* However often a signature is resumed and finished: only the newest result goes on, and nothing is cut off. */
static void
keeps_the_newest_result(void **state)
{
	(void)state;
	struct book *b = book_new();
	struct book_intent i;
	struct record_document_result r = {.length = 0};
	struct record_intent_voided voided = {.reason = bytes("why", 3)};
	begin(b, 0, 1, 1000000);
	sign(b, 0, 1, 3);
	id_of(r.intent, 4, 0);
	id_of(voided.intent, 4, 0);
	AUTO_BUF(small, SEGMENT_SNAPSHOT_MAX);
	book_snapshot(b, &small);
	for (uint32_t n = 1; n <= 5000; n++) {
		r.length = 0x1000 + n; /* always of the same length in DER */
		apply(b, RECORD_DOCUMENT_RESULT, n, &r);
	}
	apply(b, RECORD_INTENT_VOIDED, 6000, &voided);
	AUTO_BUF(large, SEGMENT_SNAPSHOT_MAX);
	book_snapshot(b, &large);
	assert_true(large.n < small.n + 100);
	struct book *copy = copy_of(b);
	compare(b, copy, 0);
	assert_ok(book_intent(copy, r.intent, &i));
	assert_int_equal(i.known, BOOK_VOIDED);
	assert_int_equal(i.result_length, 0x1000 + 5000);
	book_free(copy);
	book_free(b);
}

/* Wrong codes for one address count together, whatever request, signer and record they came with; right ones do not, and each takes
 * one wrong one back. */
static void
counts_wrong_codes_of_a_person(void **state)
{
	(void)state;
	struct book *b = book_new();
	uint8_t address[RECORD_HASH], other[RECORD_HASH];
	memset(address, 1, sizeof address);
	memset(other, 2, sizeof other);
	for (uint32_t n = 0; n < 50; n += 5) {
		begin(b, n, n, 1000000);
		for (int i = 0; i < 3; i++)
			step(b, n, RECORD_CODE_TRIED, n);
		step(b, n, RECORD_CODE_PROVED, n);
	}
	assert_int_equal(book_wrong_codes(b, address), 10);
	assert_int_equal(book_wrong_codes(b, other), 0);
	struct book *copy = copy_of(b);
	assert_int_equal(book_wrong_codes(copy, address), 10);
	for (uint32_t n = 100; n < 200; n += 5) { /* at the first try */
		begin(copy, n, n, 1000000);
		step(copy, n, RECORD_CODE_TRIED, n);
		step(copy, n, RECORD_CODE_PROVED, n);
	}
	assert_int_equal(book_wrong_codes(copy, address), 0);
	book_free(copy);
	book_free(b);
}

/* A record from before there was a MAC of the address: read, and counted under the digest of the registration record as it was. */
static void
counts_for_older_activations(void **state)
{
	(void)state;
	struct book *b = book_new();
	struct record_activation_begun r = {.expires_at = 1000000, .note = bytes("note", 4)}, again;
	AUTO_BUF(with, 1000);
	AUTO_BUF(without, 1000);
	id_of(r.activation, 1, 0);
	memset(r.registration_digest, 9, sizeof r.registration_digest);
	record_write(RECORD_ACTIVATION_BEGUN, &r, &without);
	assert_ok(record_read(RECORD_ACTIVATION_BEGUN, buf_bytes(&without), &again));
	assert_memory_equal(r.address, again.address, RECORD_HASH);
	apply(b, RECORD_ACTIVATION_BEGUN, 1, &r);
	step(b, 0, RECORD_CODE_TRIED, 2);
	assert_int_equal(book_wrong_codes(b, r.registration_digest), 1);
	memset(r.address, 8, sizeof r.address);
	record_write(RECORD_ACTIVATION_BEGUN, &r, &with);
	assert_int_equal(with.n, without.n + 2 + RECORD_HASH);
	assert_ok(record_read(RECORD_ACTIVATION_BEGUN, buf_bytes(&with), &again));
	assert_memory_equal(r.address, again.address, RECORD_HASH);
	book_free(b);
}

/* The first OCSP certificate is the ceremony's; no other key gets one, after a restart neither. */
static void
knows_one_ocsp_key(void **state)
{
	(void)state;
	struct book *b = book_new();
	struct record_certificate_sign r = {.use = KEYSTORE_SEAL};
	uint8_t key[RECORD_HASH], other[RECORD_HASH];
	memset(key, 7, sizeof key);
	memset(other, 8, sizeof other);
	apply(b, RECORD_CERTIFICATE_SIGN, 1, &r);
	assert_true(book_ocsp_key_fits(b, key));
	r.use = KEYSTORE_OCSP;
	memcpy(r.spki_sha256, key, sizeof key);
	r.serial[0] = 0x40;
	assert_false(book_has_serial(b, r.serial));
	apply(b, RECORD_CERTIFICATE_SIGN, 2, &r);
	struct book *first = copy_of(b), *copy = copy_of(first);
	book_free(first);
	assert_true(book_has_serial(copy, r.serial));
	r.serial[19] = 1;
	assert_false(book_has_serial(copy, r.serial));
	assert_true(book_ocsp_key_fits(copy, key));
	assert_false(book_ocsp_key_fits(copy, other));
	assert_false(book_ocsp_key_fits(b, other));
	book_free(copy);
	book_free(b);
}

static size_t
longest(const struct map *m, bool serials)
{
	size_t most = 0;
	for (size_t i = 0; i < BUCKETS; i++) {
		size_t n = 0;
		for (const struct entry *e = m->buckets[i]; e != NULL; e = serials ? e->next_serial : e->next)
			n++;
		most = n > most ? n : most;
	}
	return most;
}

/* Ids that are all in one bucket without a key, and serials that differ only where nobody looked, spread. */
static void
buckets_are_nobodys_choice(void **state)
{
	(void)state;
	struct book *b = book_new();
	struct record_pen_key key = {.spki = bytes("spki", 4), .tbs = bytes("tbs", 3)};
	uint32_t n = 0;
	begin(b, 0, 1, 1000000);
	id_of(key.activation, 1, 0);
	for (uint64_t i = 0; n < 200; i++) {
		uint64_t h = UINT64_C(0xcbf29ce484222325);
		memcpy(key.intent, &i, sizeof i);
		for (size_t k = 0; k < RECORD_ID; k++)
			h = (h ^ key.intent[k]) * UINT64_C(0x100000001b3);
		if ((h ^ h >> 32) % BUCKETS != 7)
			continue;
		memcpy(key.serial, &n, sizeof n);
		memcpy(key.serial + 8, &n, sizeof n);
		apply(b, RECORD_PEN_KEY, 1, &key);
		n++;
	}
	assert_in_range(longest(&b->intents, false), 1, 100);
	assert_in_range(longest(&b->serials, true), 1, 100);
	book_free(b);
}

static void
claims_exclude(void **state)
{
	(void)state;
	struct book *b = book_new();
	uint8_t one[RECORD_ID] = {1}, two[RECORD_ID] = {2};
	assert_true(book_claim(b, one));
	assert_false(book_claim(b, one));
	assert_true(book_claim(b, two));
	book_release(b, one);
	assert_true(book_claim(b, one));
	assert_false(book_claim(b, two));
	book_release(b, one);
	book_release(b, two);
	for (uint32_t i = 0; i < 1024; i++) {
		id_of(one, 9, i);
		assert_true(book_claim(b, one));
	}
	id_of(one, 9, 1024);
	assert_false(book_claim(b, one)); /* no more at once */
	book_free(b);
}

/* Records that cannot be true stop a start. */
static void
refuses_impossible_records(void **state)
{
	(void)state;
	struct book *b = book_new();
	AUTO_BUF(payload, 1000);
	struct record_activation a = {{7}};
	record_write(RECORD_CODE_PROVED, &a, &payload);
	assert_err(book_apply(b, &(struct segment_record){RECORD_CODE_PROVED, 1, buf_bytes(&payload)}), ERR_JOURNAL);
	assert_err(book_apply(b, &(struct segment_record){RECORD_PEN_KEY, 1, buf_bytes(&payload)}), ERR_JOURNAL);
	assert_ok(book_apply(b, &(struct segment_record){RECORD_KEY_MADE, 1, buf_bytes(&payload)})); /* not remembered */
	book_free(b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(records_round_trip),
    cmocka_unit_test(snapshot_is_the_same_memory),
    cmocka_unit_test(forgets_what_is_over),
    cmocka_unit_test(remembers_what_an_open_activation_signed),
    cmocka_unit_test(forgets_with_its_segment),
    cmocka_unit_test(keeps_the_newest_result),
    cmocka_unit_test(counts_wrong_codes_of_a_person),
    cmocka_unit_test(counts_for_older_activations),
    cmocka_unit_test(knows_one_ocsp_key),
    cmocka_unit_test(buckets_are_nobodys_choice),
    cmocka_unit_test(claims_exclude),
    cmocka_unit_test(refuses_impossible_records),
};
UNIT_MAIN(tests)
