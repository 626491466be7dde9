#include "base/bytes.h"

size_t
str_decode(struct bytes b, uint32_t *ret_point)
{
	uint8_t first = b.n == 0 ? 0xff : b.p[0];
	if (first < 0x80) {
		*ret_point = first;
		return 1;
	}
	size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || b.n < n)
		return 0;
	uint32_t point = first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((b.p[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (b.p[i] & 0x3fu);
	}
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (point < least[n] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return n;
}

bool
str_refuses(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	       c == 0x2028 || c == 0x2029 || c == 0xfeff || (c & 0xfffe) == 0xfffe;
}

err_t
str_check(struct bytes b, struct str *ret_str)
{
	size_t at = 0;
	while (at < b.n) {
		uint32_t point = 0;
		size_t n = str_decode(bytes_sub(b, at, b.n), &point);
		if (n == 0)
			return err_make(ERR_UTF8, "octet %zu is not valid UTF-8", at);
		if (str_refuses(point))
			return err_make(ERR_UTF8, "octet %zu is the control character U+%04X", at, point);
		at += n;
	}
	*ret_str = (struct str){(const char *)b.p, b.n};
	return OK;
}

static void
mend(char *text, bool controls)
{
	size_t left = strlen(text);
	while (left > 0) {
		uint32_t point = 0;
		size_t n = str_decode(bytes(text, left), &point), step = n == 0 ? 1 : n;
		if (n == 0 || (controls && str_refuses(point)))
			memset(text, '?', step);
		text += step;
		left -= step;
	}
}

void
str_mend(char *text)
{
	mend(text, false);
}

void
str_tame(char *text)
{
	mend(text, true);
}

uint32_t
str_next(struct str s, size_t *at)
{
	uint32_t point = 0xfffd;
	size_t n = str_decode(bytes_sub(str_bytes(s), *at, s.n), &point);
	*at += n == 0 ? 1 : n;
	return point;
}

err_t
str_u64(struct str s, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;
	if (s.n == 0 || s.n > 20)
		return err_make(ERR_INPUT, "a number has 1 to 20 digits");
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return err_make(ERR_INPUT, "character %zu is not a digit", i);
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s.p[i] - '0'), &value))
			return err_make(ERR_INPUT, "the number is too large");
	}
	if (value > max)
		return err_make(ERR_INPUT, "the number is larger than %llu", (unsigned long long)max);
	*ret_value = value;
	return OK;
}
