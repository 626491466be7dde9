#include "der/der.h"

/* What a primitive universal type may hold. */
static void
check_primitive(struct decode *d)
{
	switch (decode_peek(d)) {
	case DER_BOOLEAN:
		decode_bool(d);
		break;
	case DER_INTEGER:
	case DER_ENUMERATED: {
		uint8_t tag = *d->p;
		struct bytes c = decode_tlv(d, tag);
		if (!d->why && (c.n == 0 || (c.n > 1 && (c.p[0] == (c.p[1] & 0x80 ? 0xff : 0x00)))))
			decode_fail(d, "an INTEGER that is not minimal");
		break;
	}
	case DER_BIT_STRING: {
		struct bytes c = decode_tlv(d, DER_BIT_STRING);
		if (!d->why && (c.n == 0 || c.p[0] > 7 || (c.n == 1 && c.p[0] != 0) ||
		                   (c.n > 1 && c.p[c.n - 1] & ((1 << c.p[0]) - 1))))
			decode_fail(d, "a BIT STRING with set unused bits");
		break;
	}
	case DER_NULL:
		decode_null(d);
		break;
	case DER_OID:
		decode_oid(d);
		break;
	default:
		decode_any(d, NULL);
	}
}

/* Only SEQUENCE, SET, EXTERNAL-like universal types and the tagged classes may be constructed in DER. */
static bool
constructed_allowed(uint8_t tag)
{
	return (tag & 0xc0) != 0 || tag == DER_SEQUENCE || tag == DER_SET;
}

/* Walks the whole tree with a stack of ends instead of recursion. */
static void
walk(struct decode *d)
{
	const uint8_t *ends[DER_DEPTH_MAX];
	const uint8_t *last = d->end;
	size_t depth = 0, elements = 0;
	while (!d->why && (d->p < last || depth)) {
		if (depth && d->p == d->end) {
			d->end = --depth ? ends[depth - 1] : last;
			continue;
		}
		if (++elements > DER_ELEMENTS_MAX)
			decode_fail(d, "too many elements");
		else if (!(*d->p & 0x20))
			check_primitive(d);
		else if (!constructed_allowed(*d->p))
			decode_fail(d, "a constructed string");
		else if (depth == DER_DEPTH_MAX)
			decode_fail(d, "nested too deeply");
		else {
			struct bytes content = decode_tlv(d, *d->p);
			if (d->why)
				return;
			d->p = content.p;
			d->end = ends[depth++] = content.p + content.n;
		}
	}
}

err_t
der_first(struct bytes b, size_t *ret_len)
{
	struct decode d = decode_init(b);
	struct bytes whole = decode_any(&d, NULL);
	TRY(decode_check(&d));
	*ret_len = whole.n;
	return OK;
}

err_t
der_scan_check(struct bytes b, size_t max)
{
	size_t len;
	if (b.n > max)
		return err_make(ERR_LIMIT, "%zu octets of DER, at most %zu are read", b.n, max);
	TRY(der_first(b, &len));
	if (len != b.n)
		return err_make(ERR_DER, "%zu octets behind the end", b.n - len);
	struct decode d = decode_init(b);
	walk(&d);
	return decode_check(&d);
}
