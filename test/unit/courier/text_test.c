#include "courier/deliver.h"
#include "courier/text.h"
#include "unit.h"

static paraph_CodeMessage
code_message(void)
{
	paraph_CodeMessage m = {.expires_at = 1795356202000000};
	m.code.size = 6;
	memcpy(m.code.bytes, "493201", 6);
	snprintf(m.title, sizeof m.title, "Lease 12 rue X");
	snprintf(m.short_hash, sizeof m.short_hash, "7F3A-91C2-04D5-E6B7");
	snprintf(m.sender, sizeof m.sender, "ACME");
	return m;
}

static bool
holds(const struct buf *b, const char *text)
{
	return bytes_find(buf_bytes(b), 0, bytes(text, strlen(text))) != SIZE_MAX;
}

static void
a_code_says_what_it_signs(void **state)
{
	(void)state;
	paraph_CodeMessage m = code_message();
	AUTO_BUF(subject, 1000);
	AUTO_BUF(text, 4000);
	AUTO_BUF(sms, 1000);
	text_code_mail(&m, "sign.example", &subject, &text);
	text_code_sms(&m, "sign.example", &sms);
	assert_true(holds(&text, "493201") && holds(&text, "Lease 12 rue X") && holds(&text, "\"Lease 12 rue X\" (7F3A-91C2-04D5-E6B7)") && holds(&text, "ACME"));
	assert_false(holds(&subject, "493201"));
	assert_true(holds(&sms, "493201 signs \"Lease 12 rue X\" (7F3A-91C2-04D5-E6B7) for ACME. Never share it."));
	assert_true(holds(&sms, "\n@sign.example #493201"));
}

/* A code may sign ten documents: whoever gets it is told so. */
static void
a_code_says_how_many_it_signs(void **state)
{
	(void)state;
	for (unsigned n = 0; n <= 10; n++) {
		paraph_CodeMessage m = code_message();
		char more[100];
		AUTO_BUF(subject, 1000);
		AUTO_BUF(text, 4000);
		AUTO_BUF(sms, 1000);
		m.documents = n;
		snprintf(more, sizeof more, "\"Lease 12 rue X\" and %u more", n - 1);
		text_code_mail(&m, "sign.example", &subject, &text);
		text_code_sms(&m, "sign.example", &sms);
		assert_true(holds(&subject, more) == (n > 1) && holds(&text, more) == (n > 1) && holds(&sms, more) == (n > 1));
		assert_true(holds(&text, "(7F3A-91C2-04D5-E6B7) for ACME") && holds(&sms, "(7F3A-91C2-04D5-E6B7) for ACME"));
	}
}

/* Wherever the limits fall, in characters of two, three and four octets. */
static void
a_text_message_is_whole_characters(void **state)
{
	(void)state;
	static const char *const characters[] = {"\xc3\xa9", "\xe7\x94\xb0", "\xf0\x9f\x98\x80"};
	for (size_t k = 0; k < sizeof characters / sizeof *characters; k++)
		for (size_t ascii = 0; ascii < 5; ascii++) {
			paraph_CodeMessage m = code_message();
			char title[120] = "aaaa";
			struct str clean;
			AUTO_BUF(sms, 1000);
			title[ascii < 4 ? ascii : 4] = '\0';
			for (size_t n = strlen(title), step = strlen(characters[k]); n + step <= 100; n += step)
				snprintf(title + n, sizeof title - n, "%s", characters[k]);
			snprintf(m.title, sizeof m.title, "%s", title);
			snprintf(m.sender, sizeof m.sender, "%s", title);
			text_code_sms(&m, "sign.example", &sms);
			size_t from = bytes_find(buf_bytes(&sms), 0, str_bytes(STR("\n\n")));
			assert_ok(str_check(bytes(sms.p, from), &clean));
			assert_true(holds(&sms, characters[k]) && holds(&sms, ". Never share it."));
		}
}

static void
addresses_cannot_inject(void **state)
{
	(void)state;
	static const char *const good[] = {"a@b", "jane.doe@example.org", "j+x@example.org"};
	static const char *const bad[] = {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nRCPT TO:<x@y>", "<a@b>", "a,b@c", "a@b;c", "a\"@b", "a@\xc3\xa9"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(deliver_address_ok(str_c(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(deliver_address_ok(str_c(bad[i])));
}

static void
the_catcher_escapes_and_forgets(void **state)
{
	(void)state;
	struct catcher *c = catcher_new();
	AUTO_BUF(html, 4 << 20);
	AUTO_BUF(json, 4 << 20);
	for (int i = 0; i < CATCHER_MAX + 5; i++) {
		char text[40];
		snprintf(text, sizeof text, "number-%d-", i);
		catcher_put(c, "mail", STR("jane.doe@example.org"), STR("<script>alert(1)</script>"), str_c(text), 0);
	}
	catcher_html(c, &html);
	catcher_json(c, &json);
	assert_false(holds(&html, "<script>"));
	assert_true(holds(&html, "&lt;script&gt;"));
	assert_true(holds(&json, "number-204-") && holds(&json, "number-5-"));
	assert_false(holds(&json, "number-4-"));
	assert_true(bytes_find(buf_bytes(&json), 0, str_bytes(STR("number-204-"))) < bytes_find(buf_bytes(&json), 0, str_bytes(STR("number-203-"))));
	catcher_free(c);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_code_says_what_it_signs),
    cmocka_unit_test(a_code_says_how_many_it_signs),
    cmocka_unit_test(a_text_message_is_whole_characters),
    cmocka_unit_test(addresses_cannot_inject),
    cmocka_unit_test(the_catcher_escapes_and_forgets),
};
UNIT_MAIN(tests)
