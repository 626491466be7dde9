#include "unit.h"

#include "os/address.h"

#include <arpa/inet.h>

static void
both_kinds_are_read(void **state)
{
	(void)state;
	struct address a;
	char text[INET6_ADDRSTRLEN];
	assert_ok(address_read("192.0.2.1", 8443, &a));
	assert_int_equal(a.at.any.sa_family, AF_INET);
	assert_int_equal(a.len, sizeof(struct sockaddr_in));
	assert_int_equal(a.at.v4.sin_port, htons(8443));
	assert_string_equal(inet_ntop(AF_INET, &a.at.v4.sin_addr, text, sizeof text), "192.0.2.1");
	assert_ok(address_read("[2001:db8:0:0:0:0:0:1]", 8080, &a));
	assert_int_equal(a.at.any.sa_family, AF_INET6);
	assert_int_equal(a.len, sizeof(struct sockaddr_in6));
	assert_int_equal(a.at.v6.sin6_port, htons(8080));
	assert_string_equal(inet_ntop(AF_INET6, &a.at.v6.sin6_addr, text, sizeof text), "2001:db8::1");
}

static void
nothing_else_is(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "localhost", "sign.example", "::1", "[]", "[", "]", "[::1", "::1]", "[[::1]]", "[127.0.0.1]", "1.2.3",
	    "1.2.3.4:5", "[::1]:5", "[::1] ", "[fe80::1%lo]", "[1:2:3:4:5:6:7:8:9]", "[0000:0000:0000:0000:0000:ffff:255.255.255.255.255.255.255]"};
	for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
		struct address a = {.len = 7};
		if (address_read(bad[k], 1, &a).code != ERR_INPUT)
			fail_msg("accepted: %s", bad[k]);
		assert_int_equal(a.len, 7);
	}
}

/* Who listens at all addresses is asked at the loopback one of its kind, everybody else where he is. */
static void
all_addresses_are_asked_at_loopback(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {{"0.0.0.0", "127.0.0.1"}, {"[::]", "[::1]"}, {"127.0.0.2", "127.0.0.2"}, {"[2001:db8::1]", "[2001:db8::1]"}};
	for (size_t k = 0; k < sizeof pairs / sizeof pairs[0]; k++) {
		struct address listened, wanted;
		assert_ok(address_read(pairs[k][0], 80, &listened));
		assert_ok(address_read(pairs[k][1], 80, &wanted));
		struct address asked = address_asked(&listened);
		assert_int_equal(asked.len, wanted.len);
		assert_memory_equal(&asked.at, &wanted.at, wanted.len);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(both_kinds_are_read),
    cmocka_unit_test(nothing_else_is),
    cmocka_unit_test(all_addresses_are_asked_at_loopback),
};
UNIT_MAIN(tests)
