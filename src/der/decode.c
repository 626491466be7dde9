#include "der/decode.h"
#include "base/time.h"

void
decode_fail(struct decode *d, const char *why)
{
	for (; d; d = d->up) {
		if (!d->why)
			d->why = why;
		d->p = d->end;
	}
}

void
decode_end(struct decode *d)
{
	if (decode_more(d))
		decode_fail(d, "more elements than the format has");
}

err_t
decode_check(const struct decode *d)
{
	return d->why ? err_make(ERR_DER, "%s", d->why) : OK;
}

/* Reads a header at the cursor; the content lies in [*ret_content, *ret_content + *ret_len). False after a violation. */
static bool
header(struct decode *d, uint8_t *ret_tag, const uint8_t **ret_content, size_t *ret_len)
{
	const uint8_t *p = d->p;
	size_t left = (size_t)(d->end - p);
	if (d->why)
		return false;
	if (left < 2)
		return decode_fail(d, "an element is missing or cut short"), false;
	if ((p[0] & 0x1f) == 0x1f)
		return decode_fail(d, "a tag number above 30"), false;
	size_t len = p[1], head = 2;
	if (len >= 0x80) {
		size_t octets = len & 0x7f;
		if (octets == 0 || octets > 4 || left < 2 + octets)
			return decode_fail(d, "an indefinite, overlong or cut length"), false;
		len = 0;
		for (size_t i = 0; i < octets; i++)
			len = len << 8 | p[2 + i];
		if (p[2] == 0 || len < 0x80)
			return decode_fail(d, "a length that is not minimal"), false;
		head += octets;
	}
	if (len > left - head)
		return decode_fail(d, "an element runs past its end"), false;
	*ret_tag = p[0];
	*ret_content = p + head;
	*ret_len = len;
	return true;
}

struct bytes
decode_any(struct decode *d, uint8_t *ret_tag)
{
	uint8_t tag;
	const uint8_t *content, *start = d->p;
	size_t len;
	if (!header(d, &tag, &content, &len))
		return (struct bytes){NULL, 0};
	if (ret_tag)
		*ret_tag = tag;
	d->p = content + len;
	return bytes(start, (size_t)(d->p - start));
}

struct bytes
decode_tlv(struct decode *d, uint8_t tag)
{
	uint8_t found;
	const uint8_t *content;
	size_t len;
	if (!header(d, &found, &content, &len))
		return (struct bytes){NULL, 0};
	if (found != tag) {
		decode_fail(d, "an element of another type than the format demands");
		return (struct bytes){NULL, 0};
	}
	d->p = content + len;
	return bytes(content, len);
}

struct bytes
decode_whole(struct decode *d, uint8_t tag)
{
	if (decode_more(d) && *d->p != tag)
		decode_fail(d, "an element of another type than the format demands");
	return decode_any(d, NULL);
}

struct decode
decode_inside(struct decode *d, struct bytes content)
{
	struct decode child = {.p = content.p, .end = content.n ? content.p + content.n : content.p, .up = d, .depth = d->depth + 1};
	if (child.depth > DER_DEPTH_MAX)
		decode_fail(d, "nested too deeply");
	if (d->why) {
		child.why = d->why;
		child.p = child.end;
	}
	return child;
}

struct decode
decode_enter(struct decode *d, uint8_t tag)
{
	struct bytes content = decode_tlv(d, tag);
	return decode_inside(d, content);
}

bool
decode_bool(struct decode *d)
{
	struct bytes c = decode_tlv(d, DER_BOOLEAN);
	if (d->why)
		return false;
	if (c.n != 1 || (c.p[0] != 0 && c.p[0] != 0xff))
		decode_fail(d, "a BOOLEAN that is neither 00 nor FF");
	return !d->why && c.p[0] == 0xff;
}

void
decode_null(struct decode *d)
{
	if (decode_tlv(d, DER_NULL).n)
		decode_fail(d, "a NULL with content");
}

static bool
integer_canonical(struct bytes c)
{
	if (c.n == 0)
		return false;
	return c.n == 1 || !((c.p[0] == 0 && !(c.p[1] & 0x80)) || (c.p[0] == 0xff && c.p[1] & 0x80));
}

struct bytes
decode_integer(struct decode *d)
{
	struct bytes c = decode_tlv(d, DER_INTEGER);
	if (!d->why && !integer_canonical(c))
		decode_fail(d, "an INTEGER that is not minimal");
	return d->why ? (struct bytes){NULL, 0} : c;
}

struct bytes
decode_unsigned(struct decode *d)
{
	struct bytes c = decode_integer(d);
	if (!d->why && c.p[0] & 0x80) {
		decode_fail(d, "a negative INTEGER");
		return (struct bytes){NULL, 0};
	}
	return c.n > 1 && c.p[0] == 0 ? bytes(c.p + 1, c.n - 1) : c;
}

/* Value of magnitude octets; too large is a violation. */
static uint64_t
magnitude(struct decode *d, struct bytes c, uint64_t max)
{
	uint64_t value = 0;
	if (c.n > 8)
		decode_fail(d, "a number above its limit");
	for (size_t i = 0; !d->why && i < c.n; i++)
		value = value << 8 | c.p[i];
	if (!d->why && value > max)
		decode_fail(d, "a number above its limit");
	return d->why ? 0 : value;
}

uint64_t
decode_u64(struct decode *d, uint64_t max)
{
	return magnitude(d, decode_unsigned(d), max);
}

uint8_t
decode_enum(struct decode *d)
{
	struct bytes c = decode_tlv(d, DER_ENUMERATED);
	if (!d->why && (c.n != 1 || c.p[0] & 0x80))
		decode_fail(d, "an ENUMERATED out of range");
	return d->why ? 0 : c.p[0];
}

struct bytes
decode_oid(struct decode *d)
{
	struct bytes c = decode_tlv(d, DER_OID);
	if (!d->why && !oid_check(c))
		decode_fail(d, "an object identifier that is not canonical");
	return d->why ? (struct bytes){NULL, 0} : c;
}

struct bytes
decode_octets(struct decode *d)
{
	return decode_tlv(d, DER_OCTET_STRING);
}

struct bytes
decode_bits(struct decode *d)
{
	struct bytes c = decode_tlv(d, DER_BIT_STRING);
	if (!d->why && (c.n == 0 || c.p[0] != 0))
		decode_fail(d, "a BIT STRING that does not end with an octet");
	return d->why ? (struct bytes){NULL, 0} : bytes(c.p + 1, c.n - 1);
}

uint32_t
decode_flags(struct decode *d)
{
	struct bytes c = decode_tlv(d, DER_BIT_STRING);
	uint32_t flags = 0;
	if (d->why)
		return 0;
	if (c.n == 0 || c.n > 5 || c.p[0] > 7 || (c.n == 1 && c.p[0] != 0) ||
	    (c.n > 1 && !(c.p[c.n - 1] >> c.p[0] & 1)) || (c.n > 1 && c.p[c.n - 1] & ((1 << c.p[0]) - 1))) {
		decode_fail(d, "a list of named bits that is not minimal");
		return 0;
	}
	for (unsigned i = 0; i < (c.n - 1) * 8; i++)
		if (c.p[1 + i / 8] & 0x80 >> i % 8)
			flags |= UINT32_C(1) << i;
	return flags;
}

/* digits decimal digits at p; anything else is a violation. */
static int
digits(struct decode *d, const uint8_t *p, int n)
{
	int value = 0;
	for (int i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			decode_fail(d, "a time with something else than digits");
		value = value * 10 + (p[i] - '0');
	}
	return value;
}

/* MMDDHHMMSS at p, with the year and the microseconds already known. */
static int64_t
time_from(struct decode *d, int year, const uint8_t *p, int us)
{
	struct time_parts t = {.year = year, .us = us};
	int64_t at = 0;
	t.month = digits(d, p, 2);
	t.day = digits(d, p + 2, 2);
	t.hour = digits(d, p + 4, 2);
	t.minute = digits(d, p + 6, 2);
	t.second = digits(d, p + 8, 2);
	if (!d->why && err_is(time_join(t, &at)))
		decode_fail(d, "a time that does not exist or lies before 1970");
	return d->why ? 0 : at;
}

/* Microseconds of ".ddd" between p and end; one to six digits, the last not zero [X.690 11.7.3]. */
static int
fraction_of(struct decode *d, const uint8_t *p, const uint8_t *end)
{
	int n = (int)(end - p) - 1;
	if (n < 1 || n > 6 || p[0] != '.' || end[-1] == '0') {
		decode_fail(d, "a time whose fraction is not canonical");
		return 0;
	}
	int us = digits(d, p + 1, n);
	for (; n < 6; n++)
		us *= 10;
	return us;
}

int64_t
decode_generalized(struct decode *d, uint8_t tag, bool fraction)
{
	struct bytes c = decode_tlv(d, tag);
	if (d->why)
		return 0;
	bool plain = c.n == 15;
	if ((!plain && !(fraction && c.n >= 17 && c.n <= 22)) || c.p[c.n - 1] != 'Z') {
		decode_fail(d, "a GeneralizedTime that is not YYYYMMDDHHMMSSZ");
		return 0;
	}
	int us = plain ? 0 : fraction_of(d, c.p + 14, c.p + c.n - 1);
	return time_from(d, digits(d, c.p, 4), c.p + 4, us);
}

int64_t
decode_time(struct decode *d)
{
	if (!decode_is(d, DER_UTC_TIME))
		return decode_generalized(d, DER_GENERALIZED_TIME, false);
	struct bytes c = decode_tlv(d, DER_UTC_TIME);
	if (d->why)
		return 0;
	if (c.n != 13 || c.p[12] != 'Z') {
		decode_fail(d, "a UTCTime that is not YYMMDDHHMMSSZ");
		return 0;
	}
	int year = digits(d, c.p, 2);
	return time_from(d, year + (year < 50 ? 2000 : 1900), c.p + 2, 0);
}

int64_t
decode_time_typed(struct decode *d)
{
	bool utc = decode_is(d, DER_UTC_TIME);
	int64_t at = decode_time(d);
	if (!d->why && utc != (time_split(at).year < 2050))
		decode_fail(d, "a time of the wrong type for its year");
	return d->why ? 0 : at;
}

/* The octets that PrintableString may hold [X.680 41.4]. */
static bool
printable(struct bytes c)
{
	static const char allowed[] = " '()+,-./:=?";
	for (size_t i = 0; i < c.n; i++) {
		uint8_t o = c.p[i];
		bool letter = (o >= 'a' && o <= 'z') || (o >= 'A' && o <= 'Z') || (o >= '0' && o <= '9');
		if (!letter && (o == 0 || !strchr(allowed, o)))
			return false;
	}
	return true;
}

static bool
ascii(struct bytes c)
{
	for (size_t i = 0; i < c.n; i++)
		if (c.p[i] >= 0x7f || c.p[i] < 0x20)
			return false;
	return true;
}

struct str
decode_text(struct decode *d)
{
	struct str text = {NULL, 0};
	int tag = decode_peek(d);
	if (tag != DER_UTF8 && tag != DER_PRINTABLE && tag != DER_IA5)
		decode_fail(d, "a text that is neither UTF8String nor PrintableString nor IA5String");
	struct bytes c = decode_tlv(d, (uint8_t)tag);
	if (d->why)
		return text;
	if ((tag == DER_PRINTABLE && !printable(c)) || (tag == DER_IA5 && !ascii(c)) || err_is(str_check(c, &text)))
		decode_fail(d, "a text with octets that its type does not allow");
	return d->why ? (struct str){NULL, 0} : text;
}
