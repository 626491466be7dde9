#include "unit.h"
#include "base/time.h"
#include "der/der.h"

/* What was written, as hex. */
static const char *
hex_of(const struct encode *w)
{
	static char text[1024];
	struct bytes der;
	assert_ok(encode_done(w, &der));
	assert_true(der.n * 2 < sizeof text);
	bytes_hex(der, text);
	return text;
}

#define assert_writes(call, hex)                                                                                       \
	do {                                                                                                           \
		uint8_t room_[300];                                                                                    \
		struct encode w_ = encode_init(room_, sizeof room_), *w = &w_;                                         \
		call;                                                                                                  \
		assert_string_equal(hex_of(w), hex);                                                                   \
	} while (0)

static void
primitives(void **state)
{
	(void)state;
	assert_writes(encode_bool(w, true), "0101ff");
	assert_writes(encode_bool(w, false), "010100");
	assert_writes(encode_null(w), "0500");
	assert_writes(encode_u64(w, 0), "020100");
	assert_writes(encode_u64(w, 127), "02017f");
	assert_writes(encode_u64(w, 128), "02020080");
	assert_writes(encode_u64(w, 256), "02020100");
	assert_writes(encode_u64(w, UINT64_MAX), "020900ffffffffffffffff");
	assert_writes(encode_unsigned(w, bytes("\x00\x00\x7f", 3)), "02017f");
	assert_writes(encode_unsigned(w, bytes("\x80", 1)), "02020080");
	assert_writes(encode_unsigned(w, bytes("", 0)), "020100");
	assert_writes(encode_enum(w, 10), "0a010a");
	assert_writes(encode_octets(w, bytes("ab", 2)), "04026162");
	assert_writes(encode_bits(w, bytes("ab", 2)), "0303006162");
	assert_writes(encode_oid(w, OID_AT_CN), "0603550403");
}

static void
named_bits(void **state)
{
	(void)state;
	assert_writes(encode_flags(w, 0), "030100");
	assert_writes(encode_flags(w, 1 << 0), "03020780");
	assert_writes(encode_flags(w, 1 << 1), "03020640");
	assert_writes(encode_flags(w, 1 << 5 | 1 << 6), "03020106");
	assert_writes(encode_flags(w, 1 << 7), "03020001");
	assert_writes(encode_flags(w, 1 << 8), "0303070080");
	assert_writes(encode_flags(w, UINT32_C(1) << 31), "03050000000001");
}

static void
times(void **state)
{
	(void)state;
	int64_t at;
	assert_ok(time_join((struct time_parts){2049, 12, 31, 23, 59, 59, 0}, &at));
	assert_writes(encode_time(w, at), "170d3439313233313233353935395a");
	assert_writes(encode_time(w, at + TIME_SECOND), "180f32303530303130313030303030305a"); /* [RFC 5280 4.1.2.5] */
	assert_writes(encode_time(w, TIME_NEVER), "180f39393939313233313233353935395a");
	assert_writes(encode_generalized(w, DER_CONTEXT(1), at), "810f32303439313233313233353935395a");
	assert_writes(encode_generalized_us(w, at), "180f32303439313233313233353935395a");
	assert_writes(encode_generalized_us(w, at + 120000), "181232303439313233313233353935392e31325a");
	assert_writes(encode_generalized_us(w, at + 1), "181632303439313233313233353935392e3030303030315a");
}

static void
lengths(void **state)
{
	(void)state;
	static uint8_t room[70000], content[66000];
	static const struct {
		size_t n;
		const char *head;
	} rows[] = {{0, "0400"}, {127, "047f"}, {128, "048180"}, {255, "0481ff"}, {256, "04820100"}, {65535, "0482ffff"},
	    {65536, "0483010000"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct encode w = encode_init(room, sizeof room);
		struct bytes der;
		char head[16];
		encode_octets(&w, bytes(content, rows[i].n));
		assert_ok(encode_done(&w, &der));
		bytes_hex(bytes(der.p, strlen(rows[i].head) / 2), head);
		assert_string_equal(head, rows[i].head);
		assert_int_equal(der.n, strlen(rows[i].head) / 2 + rows[i].n);
		assert_int_equal(der.n, encode_size(rows[i].n));
	}
}

/* At the limit it fits, one octet less does not, and nothing is ever written outside. */
static void
overflow(void **state)
{
	(void)state;
	for (size_t room_len = 0; room_len < 24; room_len++) {
		uint8_t room[32];
		struct bytes der;
		memset(room, 0xee, sizeof room);
		struct encode w = encode_init(room + 4, room_len);
		size_t mark = encode_mark(&w);
		encode_octets(&w, bytes("0123456789", 10));
		encode_oid(&w, OID_AT_CN);
		encode_wrap(&w, DER_SEQUENCE, mark); /* 19 octets */
		if (room_len < 19)
			assert_err(encode_done(&w, &der), ERR_LIMIT);
		else
			assert_ok(encode_done(&w, &der));
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(room[i], 0xee);
		for (size_t i = 4 + room_len; i < sizeof room; i++)
			assert_int_equal(room[i], 0xee);
	}
}

static void
sorted_sets(void **state)
{
	(void)state;
	uint8_t room[300];
	struct encode w = encode_init(room, sizeof room);
	encode_null(&w); /* stands behind the set and must not move */
	size_t mark = encode_mark(&w);
	encode_octets(&w, bytes("b", 1));
	encode_octets(&w, bytes("abc", 3));
	encode_u64(&w, 5);
	encode_octets(&w, bytes("a", 1));
	encode_octets(&w, bytes("", 0));
	encode_sort(&w, mark);
	encode_wrap(&w, DER_SET, mark);
	assert_string_equal(hex_of(&w), "3110" "020105" "0400" "040161" "040162" "0403616263" "0500");
}

/* Random sets come out in ascending order with the same members. */
static void
property_sort(void **state)
{
	(void)state;
	unit_seed();
	for (int round = 0; round < 500; round++) {
		uint8_t room[2000], octets[40];
		struct encode w = encode_init(room, sizeof room);
		struct bytes der, before = {0};
		size_t n = unit_below(12), total = 0;
		for (size_t i = 0; i < n; i++) {
			size_t len = unit_below(sizeof octets);
			unit_fill(octets, len);
			for (size_t k = 0; k < len; k++)
				octets[k] &= 3; /* many equal beginnings */
			encode_octets(&w, bytes(octets, len));
			total += len + 2;
		}
		encode_sort(&w, 0);
		assert_ok(encode_done(&w, &der));
		assert_int_equal(der.n, total);
		struct decode d = decode_init(der);
		for (size_t i = 0; i < n; i++) {
			struct bytes one = decode_whole(&d, DER_OCTET_STRING);
			size_t least = before.n < one.n ? before.n : one.n;
			int order = least ? memcmp(before.p, one.p, least) : 0;
			assert_true(order < 0 || (order == 0 && before.n <= one.n));
			before = one;
		}
		decode_end(&d);
		assert_ok(decode_check(&d));
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(primitives),
	cmocka_unit_test(named_bits),
	cmocka_unit_test(times),
	cmocka_unit_test(lengths),
	cmocka_unit_test(overflow),
	cmocka_unit_test(sorted_sets),
	cmocka_unit_test(property_sort),
};
UNIT_MAIN(tests)
