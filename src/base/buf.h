/*
 * A growing octet builder with a cap and a sticky error: write as often as you like, ask once at the end. Past the cap
 * (or after an error) further writes do nothing. An exhausted heap aborts. The owner calls buf_done; AUTO_BUF does it at
 * the end of the block. One thread at a time.
 */
#ifndef PARAPH_BASE_BUF_H
#define PARAPH_BASE_BUF_H

#include "base/bytes.h"

struct buf {
	uint8_t *p;
	size_t n;
	size_t room;
	size_t cap; /* most octets it may ever hold */
	bool over;  /* a write did not fit */
};

/* Starts an empty builder; takes no memory yet. */
static inline struct buf
buf_init(size_t cap)
{
	return (struct buf){.cap = cap};
}

void buf_done(struct buf *b);
#define AUTO_BUF(name, cap) __attribute__((cleanup(buf_done))) struct buf name = buf_init(cap)

void buf_put(struct buf *b, struct bytes octets);
void buf_put_byte(struct buf *b, uint8_t octet);
void buf_put_str(struct buf *b, struct str s);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_put_hex(struct buf *b, struct bytes octets);

/* Big-endian integers. */
void buf_put_u16(struct buf *b, uint16_t v);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);

/* Adds n zero octets and returns where they start, valid until the next write; NULL when they do not fit. */
uint8_t *buf_extend(struct buf *b, size_t n);

/* Forgets the content, keeps the memory and clears the error. */
static inline void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->over = false;
}

static inline struct bytes
buf_bytes(const struct buf *b)
{
	return (struct bytes){b->p, b->n};
}

/* OK, or ERR_LIMIT with the cap when a write did not fit. */
err_t buf_check(const struct buf *b);

#endif
