#include "pdf/hole.h"

#include <assert.h>

void
hole_digest(struct bytes increment, struct hole hole, struct digest *d)
{
	assert(hole.from < hole.to && hole.to <= increment.n);
	digest_add(d, bytes_sub(increment, 0, hole.from));
	digest_add(d, bytes_sub(increment, hole.to, increment.n));
}

err_t
hole_fill(struct buf *increment, struct hole hole, struct bytes der)
{
	assert(hole.from + 2 <= hole.to && hole.to <= increment->n);
	if (der.n == 0 || der.n > hole_room(hole))
		return err_make(ERR_PDF_HOLE, "%zu octets, and there is room for %zu", der.n, hole_room(hole));
	static const char digits[] = "0123456789abcdef";
	uint8_t *hex = increment->p + hole.from + 1;
	memset(hex, '0', 2 * hole_room(hole));
	for (size_t i = 0; i < der.n; i++) {
		hex[2 * i] = (uint8_t)digits[der.p[i] >> 4];
		hex[2 * i + 1] = (uint8_t)digits[der.p[i] & 15];
	}
	return OK;
}
