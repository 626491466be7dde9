/* PDF tokens [ISO 32000-2 7.3]: what strings, names, dates and references look like. Pure. */
#ifndef PARAPH_PDF_LITERAL_H
#define PARAPH_PDF_LITERAL_H

#include "base/buf.h"

/* An indirect reference; number 0 means none. */
struct literal_ref {
	uint32_t number;
	uint16_t generation;
};

/* A text string: plain ASCII in parentheses, everything else UTF-16BE with a byte order mark in hex. [7.9.2.2] */
void literal_text(struct buf *b, struct str text);
/* An octet string in hex. */
void literal_octets(struct buf *b, struct bytes octets);
/* "(D:20261122140322Z)" [7.9.4] */
void literal_date(struct buf *b, int64_t at);
/* "12 0 R" */
void literal_reference(struct buf *b, struct literal_ref ref);
/* A number given in thousandths, shortest form: 1500 is "1.5". */
void literal_number(struct buf *b, int64_t thousandths);

#endif
