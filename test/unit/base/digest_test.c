#include "base/digest.h"
#include "unit.h"

static void
assert_hex(const uint8_t *octets, size_t n, const char *hex)
{
	char text[2 * DIGEST_LEN_MAX + 1];
	bytes_hex(bytes(octets, n), text);
	assert_string_equal(text, hex);
}

/* FIPS 180-4 examples, for "abc" */
static void
abc(void **state)
{
	(void)state;
	uint8_t d[DIGEST_LEN_MAX];
	digest_of(DIGEST_SHA1, bytes("abc", 3), d);
	assert_hex(d, 20, "a9993e364706816aba3e25717850c26c9cd0d89d");
	digest_sha256(bytes("abc", 3), d);
	assert_hex(d, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_of(DIGEST_SHA384, bytes("abc", 3), d);
	assert_hex(d, 48,
	    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
	digest_of(DIGEST_SHA512, bytes("abc", 3), d);
	assert_hex(d, 64,
	    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
	digest_sha256(bytes(NULL, 0), d);
	assert_hex(d, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void
in_pieces(void **state)
{
	(void)state;
	unit_seed();
	static uint8_t data[5000];
	for (int round = 0; round < 200; round++) {
		enum digest_kind kind = (enum digest_kind)unit_below(4);
		size_t n = unit_below(sizeof data), at = 0;
		uint8_t whole[DIGEST_LEN_MAX], parts[DIGEST_LEN_MAX], again[DIGEST_LEN_MAX];
		unit_fill(data, n);
		digest_of(kind, bytes(data, n), whole);
		AUTO_DIGEST(d, kind);
		while (at < n) {
			size_t step = 1 + unit_below(n - at);
			digest_add(d, bytes(data + at, step));
			at += step;
			digest_peek(d, parts); /* looking does not disturb */
		}
		digest_peek(d, parts);
		assert_memory_equal(whole, parts, digest_len(kind));
		struct digest *clone = digest_clone(d);
		digest_add(clone, bytes("x", 1));
		digest_peek(clone, again);
		assert_memory_not_equal(whole, again, digest_len(kind));
		digest_free(clone);
		digest_peek(d, again);
		assert_memory_equal(whole, again, digest_len(kind));
	}
	digest_free(NULL);
}

/* [RFC 4231 4.2], [RFC 4231 4.3], [RFC 4231 4.7] (a key longer than the block) */
static void
hmac(void **state)
{
	(void)state;
	uint8_t key[131], mac[32];
	memset(key, 0x0b, 20);
	digest_hmac_sha256(bytes(key, 20), bytes("Hi There", 8), mac);
	assert_hex(mac, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	digest_hmac_sha256(bytes("Jefe", 4), bytes("what do ya want for nothing?", 28), mac);
	assert_hex(mac, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	static const char text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	digest_hmac_sha256(BYTES_OF(key), bytes(text, sizeof text - 1), mac);
	assert_hex(mac, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void
file(void **state)
{
	(void)state;
	unit_seed();
	enum { N = 700001 };
	uint8_t *data = malloc(N), want[32], got[32];
	char path[] = "/tmp/digest_test_XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	unit_fill(data, N);
	assert_int_equal(write(fd, data, N), N);
	for (int i = 0; i < 20; i++) {
		uint64_t from = unit_below(N), to = from + unit_below(N - from + 1);
		AUTO_DIGEST(d, DIGEST_SHA256);
		assert_ok(digest_file(fd, from, to, d));
		digest_peek(d, got);
		digest_sha256(bytes(data + from, to - from), want);
		assert_memory_equal(got, want, 32);
	}
	assert_int_equal(lseek(fd, 0, SEEK_CUR), N); /* the offset stays */
	AUTO_DIGEST(d, DIGEST_SHA256);
	assert_err(digest_file(fd, 0, N + 1, d), ERR_IO);
	assert_err(digest_file(-1, 0, 1, d), ERR_IO);
	close(fd);
	free(data);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(abc),
    cmocka_unit_test(in_pieces),
    cmocka_unit_test(hmac),
    cmocka_unit_test(file),
};
UNIT_MAIN(tests)
