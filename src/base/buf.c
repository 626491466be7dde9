#include "base/buf.h"

#include <stdarg.h>

void
buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.cap = b->cap};
}

/* Makes room for n more octets; false past the cap. */
static bool
buf_room(struct buf *b, size_t n)
{
	if (b->over || n > b->cap - b->n) {
		b->over = true;
		return false;
	}
	if (n <= b->room - b->n)
		return true;
	size_t room = b->room < 256 ? 256 : b->room;
	while (room - b->n < n)
		room = room > b->cap / 2 ? b->cap : room * 2;
	uint8_t *p = room == SIZE_MAX ? NULL : realloc(b->p, room + 1); /* one more for the NUL of vsnprintf and bytes_hex */
	if (p == NULL)
		abort();
	b->p = p;
	b->room = room;
	return true;
}

void
buf_put(struct buf *b, struct bytes octets)
{
	if (octets.n == 0 || !buf_room(b, octets.n))
		return;
	memcpy(b->p + b->n, octets.p, octets.n);
	b->n += octets.n;
}

void
buf_put_byte(struct buf *b, uint8_t octet)
{
	buf_put(b, bytes(&octet, 1));
}

void
buf_put_str(struct buf *b, struct str s)
{
	buf_put(b, str_bytes(s));
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n > 0 && buf_room(b, (size_t)n)) {
		vsnprintf((char *)b->p + b->n, (size_t)n + 1, format, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void
buf_put_hex(struct buf *b, struct bytes octets)
{
	if (octets.n > SIZE_MAX / 2 - 1) {
		b->over = true;
		return;
	}
	if (octets.n == 0 || !buf_room(b, 2 * octets.n))
		return;
	bytes_hex(octets, (char *)b->p + b->n);
	b->n += 2 * octets.n;
}

void
buf_put_u16(struct buf *b, uint16_t v)
{
	uint8_t octets[2] = {(uint8_t)(v >> 8), (uint8_t)v};
	buf_put(b, BYTES_OF(octets));
}

void
buf_put_u32(struct buf *b, uint32_t v)
{
	uint8_t octets[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	buf_put(b, BYTES_OF(octets));
}

void
buf_put_u64(struct buf *b, uint64_t v)
{
	buf_put_u32(b, (uint32_t)(v >> 32));
	buf_put_u32(b, (uint32_t)v);
}

uint8_t *
buf_extend(struct buf *b, size_t n)
{
	if (!buf_room(b, n))
		return NULL;
	uint8_t *start = b->p + b->n;
	memset(start, 0, n);
	b->n += n;
	return start;
}

err_t
buf_check(const struct buf *b)
{
	if (b->over)
		return err_make(ERR_LIMIT, "more than %zu octets", b->cap);
	return OK;
}
