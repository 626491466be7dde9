/*
 * What is kept free in a document for a signature and for time-stamps: real ones, of short and of the longest names, never
 * need more, and next to nothing of it stays empty.
 */
#include "keys/paper.h"

#include "keys/unit.h"

/* ECDSA values may be short by some octets, and a time may end in zeros: nothing else is unknown beforehand. */
enum { SPARE_MOST = 24 };

/* The longest of everything: 64 characters, the names of CA and unit included, of 4 octets where any may stand. */
#define FOUR "\xf0\xa0\x80\x80"
#define TEN FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR
#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
static const struct house_names services[] = {
    {NULL, NULL, NULL, NULL},
    {"DEMO " TEN TEN TEN TEN TEN FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR,
	"NTRFR-123456789012345678901234567890123456789012345678901234567", "DEMO " TEN TEN TEN FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR,
	"http://" A50 A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
};

static const struct {
	const char *given, *surname, *organisation, *organisation_id;
} people[] = {
    {"Jane", "Doe", "", ""},
    {"Wolfeschlegelsteinhausen Maximilian", "Bergerdorff Quixote Zypern", "", ""},
    {"Ελένη", "Παπαδοπούλου", "", ""},
    {"Наталья", "Щербакова", "", ""},
    {"花子", "山田", "", ""},
    {TEN TEN TEN FOUR FOUR, TEN TEN TEN FOUR, TEN TEN TEN TEN TEN TEN FOUR FOUR FOUR,
	"NTRFR-1234567890123456789012345678901234567890123456789012345678"},
};

/* Octets of the DER at the start of a hole, by its own length. */
static size_t
der_length(const uint8_t *hex)
{
	unsigned tag, head, high, low;
	assert_int_equal(sscanf((const char *)hex, "%2x%2x%2x%2x", &tag, &head, &high, &low), 4);
	assert_true(tag == 0x30 && head == 0x82);
	return 4 + high * 256 + low;
}

/* Every hole behind revision 0; returns how many. */
static size_t
check_holes(const struct paper *p)
{
	static const char key[] = "/Contents <";
	size_t n = 0, at = p->revision0_length;
	while ((at = bytes_find(buf_bytes(&p->file), at, bytes(key, strlen(key)))) != SIZE_MAX) {
		const uint8_t *hex = p->file.p + at + strlen(key), *end = memchr(hex, '>', p->file.n - at);
		size_t room = (size_t)(end - hex) / 2, used = der_length(hex);
		assert_in_range(room - used, 0, SPARE_MOST);
		at += strlen(key);
		n++;
	}
	return n;
}

static void
person(struct paper *p, size_t i)
{
	paraph_Subject *s = &p->registration.subject;
	house_registration(&p->registration, (uint8_t)(10 + i));
	snprintf(s->given_name, sizeof s->given_name, "%s", people[i].given);
	snprintf(s->surname, sizeof s->surname, "%s", people[i].surname);
	snprintf(s->common_name, sizeof s->common_name, "%s %s", people[i].given, people[i].surname);
	snprintf(s->organization, sizeof s->organization, "%s", people[i].organisation);
	snprintf(s->organization_id, sizeof s->organization_id, "%s", people[i].organisation_id);
	assert_ok(house_enrol(p->house, &p->registration, p->mac));
}

static void
one_person(struct house *h, size_t i, struct bytes crl)
{
	char sample[PATH_MAX];
	struct paper *p = calloc(1, sizeof *p);
	snprintf(sample, sizeof sample, "%s/share/sample/contract.pdf", getenv("PARAPH_SHARE"));
	paper_make(p, h, sample, 1);
	person(p, i);
	paper_activate(p);
	assert_ok(paper_sign(p));
	paper_finish(p, crl);
	paper_join(p);
	assert_int_equal(check_holes(p), 2);
	paper_done(p);
	free(p);
}

/* A token of the unit, and what is kept free for one. */
static void
check_token(struct house *h)
{
	size_t room;
	uint8_t imprint[32];
	assert_ok(unit_token_room(h->issuing, &room));
	for (size_t i = 0; i < 20; i++) {
		AUTO_BUF(token, 8192);
		rand_fill(imprint, sizeof imprint);
		paper_token(h->status, imprint, &token);
		assert_in_range(room - token.n, 0, SPARE_MOST);
	}
}

static void
what_is_kept_free_is_what_is_needed(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof services / sizeof services[0]; s++) {
		struct house *h = calloc(1, sizeof *h);
		AUTO_BUF(crl, 8192);
		house_make_as(h, &services[s]);
		paper_root_crl(h, &crl);
		check_token(h);
		for (size_t i = 0; i < sizeof people / sizeof people[0]; i++)
			one_person(h, i, buf_bytes(&crl));
		house_done(h);
		free(h);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_kept_free_is_what_is_needed),
};
UNIT_MAIN(tests)
