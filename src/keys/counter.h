/*
 * Tries and sends of one signer in one request, for ever: no restart, new activation or passing of time gives any back.
 * So every pair that was ever counted stays, in 16 octets each: a fingerprint of request and signer and two small
 * numbers. Beside them the codes that were tried for an address and were wrong, in whatever request: core makes the
 * ids of requests and signers, so counts under these alone would not stop it from guessing. And the serials of OCSP
 * certificates, of which each may come once. Two with one fingerprint (96 bits) would share their counts, which errs on the safe
 * side. Not locked: the book (book.h) does that.
 */
#ifndef PARAPH_KEYS_COUNTER_H
#define PARAPH_KEYS_COUNTER_H

#include "base/buf.h"

enum { COUNTER_PRINT = 12, COUNTER_LEN = COUNTER_PRINT + 2 };

struct counter {
	uint8_t print[COUNTER_PRINT];
	uint8_t tries;
	uint8_t sends;
	uint8_t taken; /* a place in the table */
	uint8_t zero;
};

struct counter_table {
	struct counter *places;
	size_t room; /* a power of two; 0 before the first */
	size_t n;
};

void counter_done(struct counter_table *t);
/* The fingerprint of request and signer, 16 octets each. */
void counter_print(const uint8_t request[16], const uint8_t signer[16], uint8_t ret_print[COUNTER_PRINT]);
/* The fingerprint of an address, by its MAC; never that of a pair. */
void counter_print_address(const uint8_t mac[32], uint8_t ret_print[COUNTER_PRINT]);
/* The fingerprint of the serial of a certificate that is no signer's; never one of the others. */
void counter_print_serial(const uint8_t serial[20], uint8_t ret_print[COUNTER_PRINT]);
/* What was counted; all zero when nothing was. */
struct counter counter_get(const struct counter_table *t, const uint8_t print[COUNTER_PRINT]);
/* Adds; never above 255. */
void counter_add(struct counter_table *t, const uint8_t print[COUNTER_PRINT], uint8_t tries, uint8_t sends);
/* Takes so many tries back, and not more than there are. */
void counter_forgive(struct counter_table *t, const uint8_t print[COUNTER_PRINT], uint8_t tries);

/* All of them, COUNTER_LEN octets each (fingerprint, tries, sends), in pieces of at most max octets. */
typedef void (*counter_piece_f)(void *arg, struct bytes piece);
void counter_write(const struct counter_table *t, size_t max, counter_piece_f piece, void *arg);
/* Takes a piece in: what it says replaces what was counted; ERR_JOURNAL. */
err_t counter_read(struct counter_table *t, struct bytes piece);

#endif
