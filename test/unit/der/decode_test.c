#include "unit.h"
#include "base/time.h"
#include "der/der.h"

#define DER(literal) bytes("" literal "", sizeof(literal) - 1)

/* Runs one read over the octets and says whether it was accepted. */
#define accepts(der, call)                                                                                             \
	({                                                                                                             \
		struct decode d_ = decode_init(der), *d = &d_;                                                         \
		call;                                                                                                  \
		decode_end(d);                                                                                         \
		!err_is(decode_check(d));                                                                              \
	})

static void
headers(void **state)
{
	(void)state;
	assert_true(accepts(DER("\x04\x00"), decode_octets(d)));
	assert_true(accepts(DER("\x04\x01x"), decode_octets(d)));
	assert_false(accepts(DER(""), decode_octets(d)));
	assert_false(accepts(DER("\x04"), decode_octets(d)));
	assert_false(accepts(DER("\x04\x02x"), decode_octets(d)));           /* runs past the end */
	assert_false(accepts(DER("\x04\x80xx"), decode_octets(d)));          /* indefinite */
	assert_false(accepts(DER("\x04\x81\x01x"), decode_octets(d)));       /* not minimal */
	assert_false(accepts(DER("\x04\x82\x00\x80"), decode_octets(d)));    /* leading zero */
	assert_false(accepts(DER("\x04\x85\x01\x01\x01\x01\x01"), decode_octets(d)));
	assert_false(accepts(DER("\x04\x84\xff\xff\xff\xff"), decode_octets(d)));
	assert_false(accepts(DER("\x05\x00"), decode_octets(d)));            /* another type */
	assert_false(accepts(DER("\x1f\x81\x01\x00"), decode_any(d, NULL))); /* long tag */
	assert_false(accepts(DER("\x04\x00\x00"), decode_octets(d)));        /* rest */
}

static void
booleans_and_numbers(void **state)
{
	(void)state;
	bool yes = false;
	uint64_t n = 7;
	assert_true(accepts(DER("\x01\x01\xff"), yes = decode_bool(d)));
	assert_true(yes);
	assert_false(accepts(DER("\x01\x01\x01"), decode_bool(d)));
	assert_false(accepts(DER("\x01\x00"), decode_bool(d)));
	assert_true(accepts(DER("\x02\x01\x00"), n = decode_u64(d, 9)));
	assert_int_equal(n, 0);
	assert_true(accepts(DER("\x02\x02\x00\x80"), n = decode_u64(d, 128)));
	assert_int_equal(n, 128);
	assert_false(accepts(DER("\x02\x02\x00\x80"), decode_u64(d, 127)));
	assert_false(accepts(DER("\x02\x00"), decode_u64(d, 9)));
	assert_false(accepts(DER("\x02\x02\x00\x01"), decode_u64(d, 9)));    /* not minimal */
	assert_false(accepts(DER("\x02\x02\xff\x80"), decode_integer(d)));   /* not minimal */
	assert_false(accepts(DER("\x02\x01\x80"), decode_u64(d, 999)));      /* negative */
	assert_true(accepts(DER("\x02\x01\x80"), decode_integer(d)));
	assert_true(accepts(DER("\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff"), n = decode_u64(d, UINT64_MAX)));
	assert_true(n == UINT64_MAX);
	assert_false(accepts(DER("\x02\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00"), decode_u64(d, UINT64_MAX)));
	assert_false(accepts(DER("\x05\x01x"), decode_null(d)));
	assert_false(accepts(DER("\x0a\x01\x80"), decode_enum(d)));
}

static void
bit_strings(void **state)
{
	(void)state;
	uint32_t flags = 0;
	assert_true(accepts(DER("\x03\x01\x00"), decode_bits(d)));
	assert_false(accepts(DER("\x03\x00"), decode_bits(d)));
	assert_false(accepts(DER("\x03\x02\x01\x02"), decode_bits(d)));
	assert_true(accepts(DER("\x03\x02\x06\x40"), flags = decode_flags(d)));
	assert_int_equal(flags, 1 << 1);
	assert_false(accepts(DER("\x03\x02\x05\x40"), decode_flags(d)));         /* a trailing zero bit */
	assert_false(accepts(DER("\x03\x02\x06\x60"), decode_flags(d)));         /* an unused bit that is set */
	assert_false(accepts(DER("\x03\x02\x00\x00"), decode_flags(d)));         /* trailing zeros */
	assert_false(accepts(DER("\x03\x01\x01"), decode_flags(d)));
	assert_false(accepts(DER("\x03\x02\x08\x80"), decode_flags(d)));
	assert_false(accepts(DER("\x03\x06\x00\x01\x01\x01\x01\x01"), decode_flags(d)));
}

static void
times(void **state)
{
	(void)state;
	int64_t at = 0, wanted;
	assert_ok(time_join((struct time_parts){2026, 11, 22, 21, 5, 9, 0}, &wanted));
	assert_true(accepts(DER("\x17\x0d" "261122210509Z"), at = decode_time(d)));
	assert_true(at == wanted);
	assert_true(accepts(DER("\x18\x0f" "20261122210509Z"), at = decode_time(d)));
	assert_true(at == wanted);
	assert_true(accepts(DER("\x17\x0d" "261122210509Z"), decode_time_typed(d)));
	assert_true(accepts(DER("\x18\x0f" "20500101000000Z"), decode_time_typed(d)));
	assert_false(accepts(DER("\x18\x0f" "20491231235959Z"), decode_time_typed(d)));
	assert_true(accepts(DER("\x18\x11" "20261122210509.5Z"), at = decode_generalized(d, 0x18, true)));
	assert_true(at == wanted + 500000);
	assert_true(accepts(DER("\x18\x16" "20261122210509.000001Z"), at = decode_generalized(d, 0x18, true)));
	assert_true(at == wanted + 1);
	assert_false(accepts(DER("\x18\x11" "20261122210509.5Z"), decode_generalized(d, 0x18, false)));
	assert_false(accepts(DER("\x18\x11" "20261122210509.0Z"), decode_generalized(d, 0x18, true)));
	assert_false(accepts(DER("\x18\x10" "20261122210509.Z"), decode_generalized(d, 0x18, true)));
	assert_false(accepts(DER("\x18\x17" "20261122210509.1234567Z"), decode_generalized(d, 0x18, true)));
	assert_false(accepts(DER("\x17\x0b" "2611222105Z"), decode_time(d)));
	assert_false(accepts(DER("\x17\x11" "261122210509+0000"), decode_time(d)));
	assert_false(accepts(DER("\x17\x0d" "260230210509Z"), decode_time(d)));
	assert_false(accepts(DER("\x17\x0d" "2611222105x9Z"), decode_time(d)));
	assert_false(accepts(DER("\x18\x0f" "20261122216009Z"), decode_time(d)));
}

static void
texts(void **state)
{
	(void)state;
	struct str s = {0};
	assert_true(accepts(DER("\x0c\x04" "J\xc3\xbcX"), s = decode_text(d)));
	assert_int_equal(s.n, 4);
	assert_true(accepts(DER("\x13\x02" "FR"), decode_text(d)));
	assert_false(accepts(DER("\x13\x02" "F*"), decode_text(d)));
	assert_false(accepts(DER("\x13\x02" "F\0"), decode_text(d)));
	assert_false(accepts(DER("\x0c\x02" "F\0"), decode_text(d)));      /* embedded NUL */
	assert_false(accepts(DER("\x0c\x02" "\xc0\x80"), decode_text(d))); /* overlong */
	assert_false(accepts(DER("\x16\x01" "\xe9"), decode_text(d)));
	assert_false(accepts(DER("\x14\x01" "x"), decode_text(d)));        /* TeletexString */
}

/* An error deep inside stops every cursor above it. */
static void
sticky(void **state)
{
	(void)state;
	struct decode top = decode_init(DER("\x30\x08\x30\x03\x02\x01\x80\x02\x01\x05"));
	struct decode outer = decode_enter(&top, DER_SEQUENCE), inner = decode_enter(&outer, DER_SEQUENCE);
	assert_int_equal(decode_u64(&inner, 9), 0); /* negative */
	assert_false(decode_more(&outer));
	assert_int_equal(decode_u64(&outer, 9), 0);
	assert_err(decode_check(&top), ERR_DER);
	assert_string_equal(err_detail(), "a negative INTEGER");
}

/* n nested SEQUENCEs around nothing. */
static struct bytes
nested(uint8_t *room, size_t room_len, size_t n)
{
	struct encode w = encode_init(room, room_len);
	struct bytes der;
	for (size_t i = 0; i < n; i++)
		encode_wrap(&w, DER_SEQUENCE, 0);
	assert_ok(encode_done(&w, &der));
	return der;
}

static bool
enter_all(struct bytes der)
{
	struct decode d[DER_DEPTH_MAX * 101];
	size_t n = 0;
	d[n++] = decode_init(der);
	while (decode_more(&d[n - 1])) {
		d[n] = decode_enter(&d[n - 1], DER_SEQUENCE);
		n++;
	}
	return !err_is(decode_check(&d[0]));
}

static void
depth(void **state)
{
	(void)state;
	static uint8_t room[20000];
	assert_true(enter_all(nested(room, sizeof room, DER_DEPTH_MAX)));
	assert_false(enter_all(nested(room, sizeof room, DER_DEPTH_MAX + 1)));
	assert_false(enter_all(nested(room, sizeof room, DER_DEPTH_MAX * 100)));
	assert_ok(der_scan_check(nested(room, sizeof room, DER_DEPTH_MAX), sizeof room));
	assert_err(der_scan_check(nested(room, sizeof room, DER_DEPTH_MAX + 1), sizeof room), ERR_DER);
	assert_err(der_scan_check(nested(room, sizeof room, DER_DEPTH_MAX * 100), sizeof room), ERR_DER);
}

static void
scan(void **state)
{
	(void)state;
	size_t len;
	assert_ok(der_scan_check(DER("\x30\x05\x02\x01\x05\x05\x00"), 7));
	assert_err(der_scan_check(DER("\x30\x05\x02\x01\x05\x05\x00"), 6), ERR_LIMIT);
	assert_err(der_scan_check(DER("\x30\x05\x02\x01\x05\x05\x00\x00"), 99), ERR_DER);      /* rest */
	assert_err(der_scan_check(DER("\x30\x80\x02\x01\x05\x00\x00"), 99), ERR_DER);          /* indefinite */
	assert_err(der_scan_check(DER("\x24\x03\x04\x01x"), 99), ERR_DER);                     /* constructed string */
	assert_err(der_scan_check(DER("\x30\x04\x02\x02\x00\x05"), 99), ERR_DER);              /* INTEGER */
	assert_err(der_scan_check(DER("\x30\x04\x02\x02\xff\x85"), 99), ERR_DER);
	assert_err(der_scan_check(DER("\x30\x03\x01\x01\x01"), 99), ERR_DER);                  /* BOOLEAN */
	assert_err(der_scan_check(DER("\x30\x04\x06\x02\x80\x01"), 99), ERR_DER);              /* OID */
	assert_err(der_scan_check(DER("\x30\x04\x03\x02\x01\x01"), 99), ERR_DER);              /* BIT STRING */
	assert_err(der_scan_check(DER("\x30\x03\x02\x05\x05"), 99), ERR_DER);                  /* runs out of its parent */
	assert_err(der_scan_check(DER(""), 99), ERR_DER);
	assert_ok(der_first(DER("\x30\x02\x05\x00\x00\x00\x00"), &len));
	assert_int_equal(len, 4);
	assert_err(der_first(DER("\x30\x09\x05\x00"), &len), ERR_DER);
}

/* Random trees, written and scanned; then one octet changed: the scan answers, whatever it says. */
static void
grow(struct encode *w, int depth_left)
{
	for (size_t i = unit_below(5); i > 0; i--) {
		uint8_t octets[40];
		size_t n = unit_below(sizeof octets), mark = encode_mark(w);
		unit_fill(octets, n);
		switch (unit_below(7)) {
		case 0: encode_unsigned(w, bytes(octets, n)); break;
		case 1: encode_octets(w, bytes(octets, n)); break;
		case 2: encode_bits(w, bytes(octets, n)); break;
		case 3: encode_flags(w, (uint32_t)unit_next()); break;
		case 4: encode_generalized_us(w, (int64_t)unit_below(TIME_NEVER)); break;
		default:
			if (depth_left)
				grow(w, depth_left - 1);
			encode_wrap(w, unit_below(2) ? DER_SEQUENCE : DER_EXPLICIT(unit_below(4)), mark);
		}
	}
}

static void
property_scan(void **state)
{
	(void)state;
	unit_seed();
	for (int round = 0; round < 1000; round++) {
		static uint8_t room[65536];
		struct encode w = encode_init(room, sizeof room);
		struct bytes der;
		grow(&w, 6);
		encode_wrap(&w, DER_SEQUENCE, 0);
		if (err_is(encode_done(&w, &der)))
			continue;
		assert_ok(der_scan_check(der, sizeof room));
		for (size_t cut = 0; cut < der.n && cut < 64; cut++) /* a prefix is never whole */
			assert_true(err_is(der_scan_check(bytes(der.p, cut), sizeof room)));
		room[sizeof room - der.n + unit_below(der.n)] ^= (uint8_t)(1 << unit_below(8));
		err_ignore(der_scan_check(der, sizeof room)); /* must only not crash */
	}
}

/* What the reader gives back is what the writer was given. */
static void
property_round_trip(void **state)
{
	(void)state;
	unit_seed();
	for (int round = 0; round < 2000; round++) {
		uint8_t room[256];
		struct encode w = encode_init(room, sizeof room);
		struct bytes der;
		uint64_t number = unit_next() >> unit_below(64);
		uint32_t flags = (uint32_t)(unit_next() >> unit_below(64));
		int64_t second = time_floor((int64_t)unit_below(TIME_NEVER)), us = (int64_t)unit_below(TIME_NEVER);
		encode_generalized_us(&w, us);
		encode_time(&w, second);
		encode_flags(&w, flags);
		encode_u64(&w, number);
		encode_wrap(&w, DER_SEQUENCE, 0);
		assert_ok(encode_done(&w, &der));
		struct decode top = decode_init(der), d = decode_enter(&top, DER_SEQUENCE);
		assert_true(decode_u64(&d, UINT64_MAX) == number);
		assert_int_equal(decode_flags(&d), flags);
		assert_true(decode_time(&d) == second);
		assert_true(decode_generalized(&d, DER_GENERALIZED_TIME, true) == us);
		decode_end(&d);
		decode_end(&top);
		assert_ok(decode_check(&top));
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(headers),
	cmocka_unit_test(booleans_and_numbers),
	cmocka_unit_test(bit_strings),
	cmocka_unit_test(times),
	cmocka_unit_test(texts),
	cmocka_unit_test(sticky),
	cmocka_unit_test(depth),
	cmocka_unit_test(scan),
	cmocka_unit_test(property_scan),
	cmocka_unit_test(property_round_trip),
};
UNIT_MAIN(tests)
