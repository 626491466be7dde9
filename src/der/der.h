/*
 * DER [X.690]: encode.h writes it backwards into a caller's buffer, decode.h reads it with bounds checks, oid.h knows
 * object identifiers. This file holds the tags and the pre-scan that everything from strangers passes first.
 * Pure; nothing here allocates; any thread.
 */
#ifndef PARAPH_DER_DER_H
#define PARAPH_DER_DER_H

#include "base/bytes.h"

enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_UTF8 = 0x0c,
	DER_PRINTABLE = 0x13,
	DER_TELETEX = 0x14,
	DER_IA5 = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_BMP = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};
/* Context tags [n]: primitive (implicit on a primitive type) and constructed (explicit, or implicit on a constructed one). */
#define DER_CONTEXT(n) (0x80 | (n))
#define DER_EXPLICIT(n) (0xa0 | (n))

enum {
	DER_DEPTH_MAX = 32,       /* nesting that any reader here accepts */
	DER_ELEMENTS_MAX = 1 << 20, /* elements that a scan walks through */
};

#include "der/decode.h"
#include "der/encode.h"
#include "der/oid.h"

/*
 * Proves that b is exactly one DER element of at most max octets, before any other parser sees it: definite minimal
 * lengths, no tag numbers above 30, nesting at most DER_DEPTH_MAX, no constructed strings, canonical BOOLEAN, INTEGER,
 * NULL, OID, BIT STRING. The order of SET OF is not judged (a relying party compares the octets as they are).
 * ERR_LIMIT when longer than max, ERR_DER otherwise.
 */
err_t der_scan_check(struct bytes b, size_t max);

/* Length of the first element of b (header and content), for data with padding behind it; ERR_DER. */
err_t der_first(struct bytes b, size_t *ret_len);

#endif
