/*
 * The reading side, for status. A reading shows one moment of the store and must be short: begin, get,
 * end. One thread. Everything is opened at the start; later no file is touched by name.
 */
#ifndef PARAPH_PUBLISHED_PUBLISHED_READ_H
#define PARAPH_PUBLISHED_PUBLISHED_READ_H

#include "published/published_record.h"

struct published_reader;

/* ERR_PUBLISHED when core has not made the store yet: try again. */
err_t published_read_open(const char *directory, struct published_reader **ret_reader);
void published_read_close(struct published_reader *r); /* accepts NULL */

err_t published_read_begin(struct published_reader *r);
void published_read_end(struct published_reader *r);

/* Between begin and end. ERR_NOT_FOUND: never issued. */
err_t published_read_certificate(struct published_reader *r, const uint8_t issuer_spki_sha256[DIGEST_SHA256_LEN],
    struct bytes serial, struct published_certificate *ret_certificate);
/* Between begin and end; the octets are valid until end. ERR_NOT_FOUND. */
err_t published_read_file(struct published_reader *r, enum published_kind kind, struct str name, struct bytes *ret_der);
/* Changes whenever a file was put. */
uint64_t published_read_generation(struct published_reader *r);

/* Between begin and end: the next name of this kind after the one in ret_name (empty: the first); false at the end. */
bool published_read_next_name(
    struct published_reader *r, enum published_kind kind, char ret_name[PUBLISHED_NAME_MAX + 1]);

#endif
