#include "courier/egress.h"
#include "unit.h"

#include <arpa/inet.h>

static bool
public_text(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return egress_address_is_public((struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return egress_address_is_public((struct sockaddr *)&v6);
}

static void
private_and_special_networks_are_refused(void **state)
{
	(void)state;
	static const char *const refused[] = {"0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254",
	    "172.16.0.1", "172.31.255.255", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1",
	    "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
	    "2002:7f00:1::", "2002:a00:1::", "2001:0:4136::1", "2001:db8::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1"};
	static const char *const allowed[] = {"1.1.1.1", "172.15.0.1", "172.32.0.1", "192.167.1.1", "100.128.0.1", "223.255.255.1",
	    "2a00:1450::1", "2606:4700::1", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::"};
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		if (public_text(refused[i]))
			fail_msg("%s was let out", refused[i]);
	for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
		if (!public_text(allowed[i]))
			fail_msg("%s was held back", allowed[i]);
	struct sockaddr local = {.sa_family = AF_UNIX};
	assert_false(egress_address_is_public(&local));
}

/* Spellings of loopback in a URL all end at the same check of the address. */
static void
no_spelling_reaches_loopback(void **state)
{
	(void)state;
	static const char *const urls[] = {"https://127.0.0.1:9/", "https://127.1:9/", "https://2130706433:9/", "https://0x7f.1:9/",
	    "https://017700000001:9/", "https://[::1]:9/", "https://[::ffff:127.0.0.1]:9/", "https://localhost:9/", "https://0:9/",
	    "https://user:pass@127.0.0.1:9/", "https://127.0.0.1.:9/"};
	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		long status = 0;
		AUTO_EGRESS(e);
		assert_ok(egress_open(&e, urls[i], "https", false));
		assert_err(egress_run(&e, &status), ERR_EGRESS);
		assert_int_equal(status, 0);
		/* A refused connection would mean that the packet was sent. */
		assert_null(strstr(err_detail(), "refused"));
	}
	long status = 0;
	AUTO_EGRESS(plain);
	assert_ok(egress_open(&plain, "http://1.1.1.1/", "https", false));
	assert_err(egress_run(&plain, &status), ERR_EGRESS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(private_and_special_networks_are_refused),
    cmocka_unit_test(no_spelling_reaches_loopback),
};
UNIT_MAIN(tests)
