#include "base/bytes.h"

size_t
bytes_find(struct bytes b, size_t from, struct bytes needle)
{
	if (needle.n == 0 || from > b.n || b.n - from < needle.n)
		return SIZE_MAX;
	const uint8_t *hit = memmem(b.p + from, b.n - from, needle.p, needle.n);
	return hit == NULL ? SIZE_MAX : (size_t)(hit - b.p);
}

void
bytes_hex(struct bytes b, char *ret_hex)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < b.n; i++) {
		ret_hex[2 * i] = digits[b.p[i] >> 4];
		ret_hex[2 * i + 1] = digits[b.p[i] & 15];
	}
	ret_hex[2 * b.n] = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

err_t
bytes_unhex(struct str hex, size_t n, uint8_t *ret_octets)
{
	if (hex.n != 2 * n)
		return err_make(ERR_INPUT, "expected %zu hex digits, got %zu", 2 * n, hex.n);
	for (size_t i = 0; i < hex.n; i++)
		if (hex_digit(hex.p[i]) < 0)
			return err_make(ERR_INPUT, "character %zu is not a hex digit", i);
	for (size_t i = 0; i < n; i++)
		ret_octets[i] = (uint8_t)(hex_digit(hex.p[2 * i]) << 4 | hex_digit(hex.p[2 * i + 1]));
	return OK;
}
