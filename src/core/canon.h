/*
 * JSON as this service stores, hashes and signs it: one canonical text (members sorted, no white space, UTF-8 as it is), so
 * that a digest of a record means one thing. jansson does the work; AUTO_JSON drops a reference at the end of the block.
 */
#ifndef PARAPH_CORE_CANON_H
#define PARAPH_CORE_CANON_H

#include "base/buf.h"
#include "base/digest.h"
#include <jansson.h>

static inline void
canon_auto_(json_t **j)
{
	json_decref(*j);
}
#define AUTO_JSON(name) __attribute__((cleanup(canon_auto_))) json_t *name

/* Never NULL: an exhausted heap, a format that does not fit or text that is not UTF-8 aborts (all three are bugs, or fatal). */
json_t *canon_pack(const char *format, ...);

/* Appends the canonical text. ERR_LIMIT within b. */
err_t canon_write(const json_t *j, struct buf *b);
/* SHA-256 of the canonical text. */
void canon_digest(const json_t *j, uint8_t ret_sha256[DIGEST_SHA256_LEN]);

/* Reads text strictly: no member twice. ERR_INPUT with line and reason. */
err_t canon_read(struct bytes text, json_t **ret_j);

/* Values. */
json_t *canon_str(struct str s);
json_t *canon_hex(struct bytes octets);
json_t *canon_base64(struct bytes octets);
json_t *canon_time(int64_t at); /* RFC 3339 with microseconds; null for 0 */

/* How many octets of text, at most max, end at a character: for "%.*s". */
int canon_cut(const char *text, size_t max);

#endif
