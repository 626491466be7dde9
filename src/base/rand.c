#include "base/rand.h"

#include <errno.h>
#include <sys/random.h>

void
rand_fill(void *p, size_t n)
{
	uint8_t *at = p;
	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		at += got;
		n -= (size_t)got;
	}
}

uint32_t
rand_below(uint32_t below)
{
	uint32_t value, least = -below % below; /* values under it would favour small results */
	do
		rand_fill(&value, sizeof value);
	while (value < least);
	return value % below;
}

void
rand_serial(uint8_t ret_serial[20])
{
	rand_fill(ret_serial, 20);
	ret_serial[0] = (uint8_t)((ret_serial[0] & 0x3f) | 0x40);
}
