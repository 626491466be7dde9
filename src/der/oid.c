#include "der/oid.h"

bool
oid_check(struct bytes content)
{
	if (content.n == 0 || content.p[content.n - 1] & 0x80)
		return false;
	for (size_t i = 0; i < content.n; i++)
		if (content.p[i] == 0x80 && (i == 0 || !(content.p[i - 1] & 0x80)))
			return false;
	return true;
}

/* Appends one arc in base 128. */
static err_t
put_arc(struct oid *o, unsigned __int128 arc)
{
	uint8_t octets[19];
	size_t n = 0;
	do {
		octets[n++] = (uint8_t)(arc & 0x7f);
		arc >>= 7;
	} while (arc);
	if (o->n + n > sizeof o->p)
		return err_make(ERR_LIMIT, "the object identifier is longer than %d octets", OID_OCTETS_MAX);
	while (n--)
		o->p[o->n++] = (uint8_t)(octets[n] | (n ? 0x80 : 0));
	return OK;
}

/* The decimal number at *at, which moves behind it. */
static err_t
read_arc(struct str text, size_t *at, unsigned __int128 *ret_arc)
{
	unsigned __int128 arc = 0, most = ~(unsigned __int128)0;
	size_t start = *at;
	for (; *at < text.n && text.p[*at] >= '0' && text.p[*at] <= '9'; (*at)++) {
		unsigned digit = (unsigned)(text.p[*at] - '0');
		if (arc > (most - digit) / 10)
			return err_make(ERR_INPUT, "an arc of the object identifier is above 128 bits");
		arc = arc * 10 + digit;
	}
	if (*at == start || (text.p[start] == '0' && *at - start > 1))
		return err_make(ERR_INPUT, "an object identifier looks like 1.2.840.10045");
	*ret_arc = arc;
	return OK;
}

err_t
oid_parse(struct str text, struct oid *ret_oid)
{
	struct oid o = {0};
	unsigned __int128 first = 0, arc = 0;
	size_t at = 0;
	TRY(read_arc(text, &at, &first));
	for (bool second = true; second || at < text.n; second = false) {
		if (at >= text.n || text.p[at++] != '.')
			return err_make(ERR_INPUT, "an object identifier looks like 1.2.840.10045");
		TRY(read_arc(text, &at, &arc));
		if (second && (first > 2 || (first < 2 && arc > 39) || arc > ~(unsigned __int128)0 - 80))
			return err_make(ERR_INPUT, "the first two arcs of the object identifier do not exist");
		TRY(put_arc(&o, second ? first * 40 + arc : arc));
	}
	*ret_oid = o;
	return OK;
}

/* One arc as text; ERR_DER when it is above 128 bits. */
static err_t
get_arc(struct bytes content, size_t *at, unsigned __int128 *ret_arc)
{
	unsigned __int128 arc = 0;
	uint8_t octet;
	do {
		if (arc >> 121)
			return err_make(ERR_DER, "an arc of an object identifier is above 128 bits");
		octet = content.p[(*at)++];
		arc = arc << 7 | (octet & 0x7f);
	} while (octet & 0x80);
	*ret_arc = arc;
	return OK;
}

static err_t
put_number(char text[OID_TEXT_MAX], size_t *n, unsigned __int128 arc)
{
	char digits[40];
	size_t count = 0;
	do {
		digits[count++] = (char)('0' + (int)(arc % 10));
		arc /= 10;
	} while (arc);
	if (*n + count + 2 > OID_TEXT_MAX)
		return err_make(ERR_DER, "an object identifier is too long to show");
	if (*n)
		text[(*n)++] = '.';
	while (count)
		text[(*n)++] = digits[--count];
	text[*n] = 0;
	return OK;
}

err_t
oid_text(struct bytes content, char ret_text[OID_TEXT_MAX])
{
	char text[OID_TEXT_MAX] = "";
	size_t n = 0;
	if (!oid_check(content))
		return err_make(ERR_DER, "an object identifier that is not canonical");
	for (size_t at = 0; at < content.n;) {
		bool start = at == 0;
		unsigned __int128 arc = 0;
		TRY(get_arc(content, &at, &arc));
		if (start) {
			unsigned first = arc < 40 ? 0 : arc < 80 ? 1 : 2;
			TRY(put_number(text, &n, first));
			arc -= first * 40;
		}
		TRY(put_number(text, &n, arc));
	}
	memcpy(ret_text, text, n + 1);
	return OK;
}

err_t
oid_under(const struct oid *arc, uint32_t number, struct oid *ret_oid)
{
	struct oid o = *arc;
	TRY(put_arc(&o, number));
	*ret_oid = o;
	return OK;
}
