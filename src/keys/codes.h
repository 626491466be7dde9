/*
 * One-time codes that are open, by activation: in locked memory only, so a restart voids them. A code is asked for once
 * it was journaled that somebody tried. Any thread.
 */
#ifndef PARAPH_KEYS_CODES_H
#define PARAPH_KEYS_CODES_H

#include "base/bytes.h"

enum { CODES_DIGITS = 6, CODES_ID = 16 };

struct codes;

struct codes *codes_new(void);
void codes_free(struct codes *c); /* wipes; accepts NULL */

/* Makes a fresh code for the activation, replacing an open one, and copies it out; expires_us on the monotonic clock.
 * ERR_BUSY when more codes are open than there is room for. */
err_t codes_make(struct codes *c, const uint8_t activation[CODES_ID], int64_t now_us, int64_t expires_us,
    uint8_t ret_code[CODES_DIGITS]);
/* Whether a code is open: OK, ERR_CODE_NONE or ERR_CODE_EXPIRED. */
err_t codes_open(struct codes *c, const uint8_t activation[CODES_ID], int64_t now_us);
/* Compares in constant time; a right code is used up. ERR_CODE_WRONG, or what codes_open says. */
err_t codes_compare(struct codes *c, const uint8_t activation[CODES_ID], int64_t now_us, struct bytes given);
void codes_drop(struct codes *c, const uint8_t activation[CODES_ID]);

#endif
