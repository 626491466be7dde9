/* The statement about intents: a JSON object made from the journal alone, the same octets whenever it is asked for.
 * Pure but for the book; any thread. */
#ifndef PARAPH_KEYS_STATEMENT_H
#define PARAPH_KEYS_STATEMENT_H

#include "keys/book.h"

/* For n intents of RECORD_ID octets each. ERR_EVIDENCE when one of them has no finished document. */
err_t statement_write(struct book *book, const uint8_t (*intents)[RECORD_ID], size_t n, struct buf *b);

#endif
