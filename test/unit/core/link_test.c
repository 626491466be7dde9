#include "core/facts.h"
#include "core/link.h"
#include "open.h"

struct made {
	struct id signer;
	int64_t until;
	struct link_token token;
};

static err_t
make_session(struct store_tx *tx, void *arg)
{
	struct made *m = arg;
	struct link_session s = {.signer = m->signer, .made_at = 1, .expires_at = m->until};
	snprintf(s.address, sizeof s.address, "192.0.2.1");
	return link_session_make(tx, &s, &m->token);
}

static void
sessions_end(void **state)
{
	struct made m = {.signer = id_make(1), .until = 1000};
	struct link_session s;
	(void)state;
	assert_ok(store_write(open_core.store, make_session, &m));
	assert_ok(link_session_find(open_worker.reader, str_c(m.token.text), 999, &s));
	assert_true(id_eq(s.signer, m.signer));
	assert_string_equal(s.address, "192.0.2.1");
	assert_err(link_session_find(open_worker.reader, str_c(m.token.text), 1000, &s), ERR_SESSION_ENDED);
	assert_err(link_session_find(open_worker.reader, STR("other"), 1, &s), ERR_SESSION_ENDED);
	assert_ok(link_session_purge(&open_core, 1001));
	assert_err(link_session_find(open_worker.reader, str_c(m.token.text), 1, &s), ERR_SESSION_ENDED);
}

static void
unknown_links(void **state)
{
	struct id signer;
	int64_t expires_at;
	(void)state;
	assert_err(link_find(open_worker.reader, STR("nobody has this"), &signer, &expires_at), ERR_LINK_UNKNOWN);
	assert_err(link_find(open_worker.reader, STR(""), &signer, &expires_at), ERR_LINK_UNKNOWN);
}

static void
masks(void **state)
{
	static const struct { const char *address, *masked; } all[] = {
	    {"jane@example.org", "j\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2@e\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2.org"},
	    {"+33600000041", "+33 \xe2\x80\xa2\xe2\x80\xa2 41"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		char masked[64];
		facts_mask(all[i].address, masked);
		assert_string_equal(masked, all[i].masked);
	}
	/* Whatever the address, the mask is clean text. */
	unit_seed();
	for (int i = 0; i < 5000; i++) {
		static const char *const parts[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "@", ".", "\xf0\x9f\x98\x80", "x"};
		char address[300] = "", masked[64];
		size_t n = 0;
		for (uint64_t k = unit_below(30); k > 0; k--)
			n += (size_t)snprintf(address + n, sizeof address - n, "%s", parts[unit_below(7)]);
		struct str clean;
		facts_mask(address, masked);
		assert_ok(str_check(bytes(masked, strlen(masked)), &clean));
	}
}

static const struct CMUnitTest tests[] = {OPEN_TEST(sessions_end), OPEN_TEST(unknown_links), cmocka_unit_test(masks)};
UNIT_MAIN(tests)
