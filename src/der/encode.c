#include "der/encode.h"
#include "base/time.h"
#include <assert.h>

/* Takes n octets in front of what was written; NULL when they do not fit. */
static uint8_t *
grow(struct encode *w, size_t n)
{
	if (w->over || (size_t)(w->p - w->base) < n) {
		w->over = true;
		return NULL;
	}
	w->p -= n;
	return w->p;
}

err_t
encode_done(const struct encode *w, struct bytes *ret_der)
{
	if (w->over)
		return err_make(ERR_LIMIT, "the DER does not fit into %zu octets", (size_t)(w->end - w->base));
	*ret_der = (struct bytes){w->p, encode_mark(w)};
	return OK;
}

void
encode_raw(struct encode *w, struct bytes der)
{
	uint8_t *p = grow(w, der.n);
	if (p && der.n)
		memcpy(p, der.p, der.n);
}

static void
put_byte(struct encode *w, uint8_t octet)
{
	uint8_t *p = grow(w, 1);
	if (p)
		*p = octet;
}

void
encode_wrap(struct encode *w, uint8_t tag, size_t mark)
{
	size_t n = encode_mark(w) - mark;
	if (n < 0x80) {
		put_byte(w, (uint8_t)n);
	} else {
		uint8_t octets = 0;
		for (; n; n >>= 8, octets++)
			put_byte(w, (uint8_t)n);
		put_byte(w, 0x80 | octets);
	}
	put_byte(w, tag);
}

void
encode_tlv(struct encode *w, uint8_t tag, struct bytes content)
{
	size_t mark = encode_mark(w);
	encode_raw(w, content);
	encode_wrap(w, tag, mark);
}

/* Length of the element at p, which we wrote ourselves. */
static size_t
element_len(const uint8_t *p, const uint8_t *end)
{
	size_t len;
	err_t e = der_first(bytes(p, (size_t)(end - p)), &len);
	assert(!err_is(e)); /* only own output is sorted */
	return len;
}

/* The order of SET OF: as if the shorter one were padded with zero octets behind [X.690 11.6]. */
static bool
comes_before(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order < 0 || (order == 0 && a_len < b_len);
}

static void
reverse(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		uint8_t swap = p[i];
		p[i] = p[n - 1 - i];
		p[n - 1 - i] = swap;
	}
}

/* Moves the element of len octets at from down to to, and what lay between behind it. */
static void
rotate(uint8_t *to, uint8_t *from, size_t len)
{
	size_t between = (size_t)(from - to);
	reverse(to, between);
	reverse(from, len);
	reverse(to, between + len);
}

void
encode_sort(struct encode *w, size_t mark)
{
	uint8_t *end = w->end - mark;
	if (w->over)
		return;
	for (uint8_t *next = w->p; next < end;) { /* insertion: sets here have a handful of members */
		size_t len = element_len(next, end);
		uint8_t *at = w->p;
		while (at < next) {
			size_t at_len = element_len(at, end);
			if (comes_before(next, len, at, at_len))
				break;
			at += at_len;
		}
		rotate(at, next, len);
		next += len;
	}
}

void
encode_bool(struct encode *w, bool value)
{
	encode_tlv(w, DER_BOOLEAN, bytes(value ? "\xff" : "\x00", 1));
}

void
encode_null(struct encode *w)
{
	encode_tlv(w, DER_NULL, bytes(NULL, 0));
}

void
encode_unsigned(struct encode *w, struct bytes magnitude)
{
	size_t mark = encode_mark(w);
	while (magnitude.n && *magnitude.p == 0)
		magnitude = bytes(magnitude.p + 1, magnitude.n - 1);
	encode_raw(w, magnitude);
	if (magnitude.n == 0 || *magnitude.p & 0x80)
		put_byte(w, 0);
	encode_wrap(w, DER_INTEGER, mark);
}

void
encode_u64(struct encode *w, uint64_t value)
{
	uint8_t octets[8];
	for (int i = 7; i >= 0; i--, value >>= 8)
		octets[i] = (uint8_t)value;
	encode_unsigned(w, BYTES_OF(octets));
}

void
encode_enum(struct encode *w, uint8_t value)
{
	assert(value < 0x80);
	encode_tlv(w, DER_ENUMERATED, bytes(&value, 1));
}

void
encode_wrap_bits(struct encode *w, size_t mark)
{
	put_byte(w, 0);
	encode_wrap(w, DER_BIT_STRING, mark);
}

void
encode_bits(struct encode *w, struct bytes octets)
{
	size_t mark = encode_mark(w);
	encode_raw(w, octets);
	encode_wrap_bits(w, mark);
}

void
encode_flags(struct encode *w, uint32_t flags)
{
	uint8_t content[5] = {0};
	unsigned bits = 0;
	for (unsigned i = 0; i < 32; i++)
		if (flags >> i & 1) {
			content[1 + i / 8] |= (uint8_t)(0x80 >> i % 8);
			bits = i + 1;
		}
	content[0] = (uint8_t)((8 - bits % 8) % 8);
	encode_tlv(w, DER_BIT_STRING, bytes(content, 1 + (bits + 7) / 8));
}

/* digits decimal digits of value into p. */
static void
put_digits(char *p, int value, int digits)
{
	for (int i = digits - 1; i >= 0; i--, value /= 10)
		p[i] = (char)('0' + value % 10);
}

/* YYYYMMDDHHMMSS */
static void
time_digits(char text[14], struct time_parts t)
{
	put_digits(text, t.year, 4);
	put_digits(text + 4, t.month, 2);
	put_digits(text + 6, t.day, 2);
	put_digits(text + 8, t.hour, 2);
	put_digits(text + 10, t.minute, 2);
	put_digits(text + 12, t.second, 2);
}

void
encode_generalized(struct encode *w, uint8_t tag, int64_t at)
{
	char text[15];
	time_digits(text, time_split(at));
	text[14] = 'Z';
	encode_tlv(w, tag, bytes(text, sizeof text));
}

void
encode_time(struct encode *w, int64_t at)
{
	struct time_parts t = time_split(at);
	char text[15];
	if (t.year >= 2050) {
		encode_generalized(w, DER_GENERALIZED_TIME, at);
		return;
	}
	time_digits(text, t);
	text[14] = 'Z';
	encode_tlv(w, DER_UTC_TIME, bytes(text + 2, 13));
}

void
encode_generalized_us(struct encode *w, int64_t at)
{
	struct time_parts t = time_split(at);
	char text[22];
	size_t n = 14;
	time_digits(text, t);
	if (t.us) {
		text[n] = '.';
		put_digits(text + n + 1, t.us, 6);
		for (n = 21; text[n - 1] == '0'; n--)
			continue;
	}
	text[n++] = 'Z';
	encode_tlv(w, DER_GENERALIZED_TIME, bytes(text, n));
}
