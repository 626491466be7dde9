#include "base/base64.h"

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
put(struct buf *b, struct bytes o, const char *alphabet, bool pad)
{
	size_t whole = o.n / 3, left = o.n % 3;
	if (o.n == 0)
		return;
	uint8_t *to = o.n > SIZE_MAX / 2 ? NULL : buf_extend(b, 4 * whole + (left == 0 ? 0 : pad ? 4 : left + 1));
	if (to == NULL) {
		b->over = true;
		return;
	}
	for (size_t i = 0; i < whole; i++, to += 4) {
		uint32_t v = (uint32_t)o.p[3 * i] << 16 | (uint32_t)o.p[3 * i + 1] << 8 | o.p[3 * i + 2];
		to[0] = (uint8_t)alphabet[v >> 18];
		to[1] = (uint8_t)alphabet[v >> 12 & 63];
		to[2] = (uint8_t)alphabet[v >> 6 & 63];
		to[3] = (uint8_t)alphabet[v & 63];
	}
	if (left == 0)
		return;
	uint32_t v = (uint32_t)o.p[3 * whole] << 16 | (left > 1 ? (uint32_t)o.p[3 * whole + 1] << 8 : 0);
	to[0] = (uint8_t)alphabet[v >> 18];
	to[1] = (uint8_t)alphabet[v >> 12 & 63];
	if (left > 1)
		to[2] = (uint8_t)alphabet[v >> 6 & 63];
	for (size_t k = left + 1; pad && k < 4; k++)
		to[k] = '=';
}

void
base64_write(struct buf *b, struct bytes octets)
{
	put(b, octets, plain, true);
}

void
base64_write_url(struct buf *b, struct bytes octets)
{
	put(b, octets, url_safe, false);
}

static int
digit(char c, const char *alphabet)
{
	const char *hit = c == '\0' ? NULL : strchr(alphabet, c);
	return hit == NULL ? -1 : (int)(hit - alphabet);
}

/* Two to four digits give one to three octets; the bits left over must be zero. */
static err_t
group(struct str g, const char *alphabet, struct buf *b)
{
	uint32_t v = 0;
	for (size_t i = 0; i < g.n; i++) {
		int d = digit(g.p[i], alphabet);
		if (d < 0)
			return err_make(ERR_INPUT, "not a base64 character");
		v = v << 6 | (uint32_t)d;
	}
	size_t octets = g.n - 1, spare = 6 * g.n - 8 * octets;
	if (g.n < 2 || (v & ((1u << spare) - 1)) != 0)
		return err_make(ERR_INPUT, "the base64 text is cut or not canonical");
	v >>= spare;
	for (size_t i = octets; i-- > 0;)
		buf_put_byte(b, (uint8_t)(v >> (8 * i)));
	return OK;
}

err_t
base64_read(struct str text, bool url, struct buf *b)
{
	const char *alphabet = url ? url_safe : plain;
	if (!url && text.n % 4 != 0)
		return err_make(ERR_INPUT, "the base64 text is cut");
	size_t padding = 0;
	while (!url && padding < 2 && text.n > padding && text.p[text.n - 1 - padding] == '=')
		padding++;
	text.n -= padding;
	for (size_t i = 0; i < text.n; i += 4)
		TRY(group((struct str){text.p + i, text.n - i < 4 ? text.n - i : 4}, alphabet, b));
	return buf_check(b);
}

void
base64_write_pem(struct buf *b, const char *label, struct bytes der)
{
	buf_printf(b, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < der.n; i += 48) {
		base64_write(b, bytes_sub(der, i, i + 48 < der.n ? i + 48 : der.n));
		buf_put_byte(b, '\n');
	}
	buf_printf(b, "-----END %s-----\n", label);
}

err_t
base64_read_pem(struct bytes text, const char *label, size_t *at, struct buf *b)
{
	char begin[80], end[80];
	int begin_n = snprintf(begin, sizeof begin, "-----BEGIN %s-----", label);
	int end_n = snprintf(end, sizeof end, "-----END %s-----", label);
	size_t from = bytes_find(text, *at, bytes(begin, (size_t)begin_n));
	size_t to = from == SIZE_MAX ? SIZE_MAX : bytes_find(text, from, bytes(end, (size_t)end_n));
	if (to == SIZE_MAX)
		return err_make(ERR_NOT_FOUND, "no %s in the PEM text", label);
	AUTO_BUF(joined, text.n + 1);
	for (size_t i = from + (size_t)begin_n; i < to; i++)
		if (text.p[i] != '\n' && text.p[i] != '\r')
			buf_put_byte(&joined, text.p[i]);
	TRY(base64_read((struct str){(const char *)joined.p, joined.n}, false, b));
	*at = to + (size_t)end_n;
	return OK;
}
