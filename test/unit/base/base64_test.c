#include "base/base64.h"
#include "unit.h"

/* [RFC 4648 10] */
static const struct {
	const char *octets, *plain, *url;
} vectors[] = {
    {"", "", ""},           {"f", "Zg==", "Zg"},         {"fo", "Zm8=", "Zm8"},           {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"}, {"fooba", "Zm9vYmE=", "Zm9vYmE"}, {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xfe", "+//+", "-__-"},
};

static void
known(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		struct bytes octets = bytes(vectors[i].octets, strlen(vectors[i].octets));
		AUTO_BUF(plain, 100);
		AUTO_BUF(url, 100);
		AUTO_BUF(back, 100);
		base64_write(&plain, octets);
		base64_write_url(&url, octets);
		assert_true(bytes_eq(buf_bytes(&plain), str_bytes(str_c(vectors[i].plain))));
		assert_true(bytes_eq(buf_bytes(&url), str_bytes(str_c(vectors[i].url))));
		assert_ok(base64_read(str_c(vectors[i].plain), false, &back));
		assert_true(bytes_eq(buf_bytes(&back), octets));
		buf_reset(&back);
		assert_ok(base64_read(str_c(vectors[i].url), true, &back));
		assert_true(bytes_eq(buf_bytes(&back), octets));
	}
}

static void
not_canonical(void **state)
{
	(void)state;
	static const char *const plain[] = {"Z", "Zg", "Zg=", "Zm8", "Zh==", "Zm9=", "Zm9v=", "Zg==Zg==", "=", "==", "====",
	    "Zm9v\n", " Zm9v", "Zm 9", "Zm9-", "Zm9_", "Zm9v====", "Z===", "Zg=v"};
	static const char *const url[] = {"Z", "Zg==", "Zm8=", "Zh", "Zm9", "+//+", "Zm9vZ"};
	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
		AUTO_BUF(b, 100);
		if (!err_is(base64_read(str_c(plain[i]), false, &b)))
			fail_msg("accepted %s", plain[i]);
	}
	for (size_t i = 0; i < sizeof url / sizeof url[0]; i++) {
		AUTO_BUF(b, 100);
		if (!err_is(base64_read(str_c(url[i]), true, &b)))
			fail_msg("accepted %s", url[i]);
	}
	AUTO_BUF(b, 100);
	assert_err(base64_read((struct str){"Zm\0v", 4}, false, &b), ERR_INPUT);
}

static void
round_trip(void **state)
{
	(void)state;
	unit_seed();
	for (int i = 0; i < 3000; i++) {
		uint8_t octets[200];
		size_t n = unit_below(sizeof octets);
		bool url = unit_below(2);
		unit_fill(octets, n);
		AUTO_BUF(text, 400);
		AUTO_BUF(back, 400);
		if (url)
			base64_write_url(&text, bytes(octets, n));
		else
			base64_write(&text, bytes(octets, n));
		assert_ok(base64_read((struct str){(const char *)text.p, text.n}, url, &back));
		assert_true(bytes_eq(buf_bytes(&back), bytes(octets, n)));
	}
}

/* Whatever is accepted is the one text that writing would give. */
static void
accepted_is_canonical(void **state)
{
	(void)state;
	unit_seed();
	static const char letters[] = "ABab01+/-_= \n";
	int accepted = 0;
	for (int i = 0; i < 100000; i++) {
		char text[9];
		size_t n = unit_below(9);
		for (size_t k = 0; k < n; k++)
			text[k] = letters[unit_below(sizeof letters - 1)];
		AUTO_BUF(octets, 100);
		AUTO_BUF(again, 100);
		bool url = unit_below(2);
		if (err_is(base64_read((struct str){text, n}, url, &octets)))
			continue;
		accepted++;
		if (url)
			base64_write_url(&again, buf_bytes(&octets));
		else
			base64_write(&again, buf_bytes(&octets));
		assert_true(bytes_eq(buf_bytes(&again), bytes(text, n)));
	}
	assert_true(accepted > 1000);
}

static void
pem(void **state)
{
	(void)state;
	uint8_t der[100];
	for (size_t i = 0; i < sizeof der; i++)
		der[i] = (uint8_t)i;
	AUTO_BUF(text, 2000);
	buf_put_str(&text, STR("words before\n"));
	base64_write_pem(&text, "OTHER", bytes("xyz", 3));
	base64_write_pem(&text, "CERTIFICATE", BYTES_OF(der));
	base64_write_pem(&text, "CERTIFICATE", bytes(der, 48));
	assert_ok(buf_check(&text));
	size_t at = 0;
	AUTO_BUF(first, 1000);
	AUTO_BUF(second, 1000);
	assert_ok(base64_read_pem(buf_bytes(&text), "CERTIFICATE", &at, &first));
	assert_true(bytes_eq(buf_bytes(&first), BYTES_OF(der)));
	assert_ok(base64_read_pem(buf_bytes(&text), "CERTIFICATE", &at, &second));
	assert_true(bytes_eq(buf_bytes(&second), bytes(der, 48)));
	assert_err(base64_read_pem(buf_bytes(&text), "CERTIFICATE", &at, &second), ERR_NOT_FOUND);
	at = 0;
	assert_err(base64_read_pem(bytes("-----BEGIN CERTIFICATE-----\nAAAA\n", 33), "CERTIFICATE", &at, &first),
	    ERR_NOT_FOUND);
}

static void
pem_lines(void **state)
{
	(void)state;
	uint8_t der[49] = {0};
	AUTO_BUF(text, 2000);
	base64_write_pem(&text, "X", BYTES_OF(der));
	buf_put_byte(&text, 0);
	assert_string_equal((const char *)text.p, "-----BEGIN X-----\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	    "AA==\n"
	    "-----END X-----\n");
}

static void
target_too_small(void **state)
{
	(void)state;
	AUTO_BUF(b, 2);
	assert_err(base64_read(STR("Zm9v"), false, &b), ERR_LIMIT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(known),
    cmocka_unit_test(not_canonical),
    cmocka_unit_test(round_trip),
    cmocka_unit_test(accepted_is_canonical),
    cmocka_unit_test(pem),
    cmocka_unit_test(pem_lines),
    cmocka_unit_test(target_too_small),
};
UNIT_MAIN(tests)
