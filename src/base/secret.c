#include "base/secret.h"

#include <sys/mman.h>

static size_t
pages(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	return (n + page - 1) / page * page;
}

struct secret
secret_new(size_t n)
{
	size_t room = pages(n == 0 ? 1 : n);
	void *p = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		abort();
	/* A low RLIMIT_MEMLOCK may refuse the lock; the pages are then still left out of dumps and wiped. */
	(void)mlock(p, room);
	(void)madvise(p, room, MADV_DONTDUMP);
	(void)madvise(p, room, MADV_WIPEONFORK);
	return (struct secret){p, n, room};
}

void
secret_done(struct secret *s)
{
	if (s->p == NULL)
		return;
	secret_wipe(s->p, s->room);
	munmap(s->p, s->room);
	*s = (struct secret){0};
}

struct secret
secret_take(uint8_t *from, size_t n)
{
	struct secret s = secret_new(n);
	if (n > 0)
		memcpy(s.p, from, n);
	secret_wipe(from, n);
	return s;
}

bool
secret_eq(struct bytes a, struct bytes b)
{
	if (a.n != b.n)
		return false;
	volatile uint8_t differ = 0;
	for (size_t i = 0; i < a.n; i++)
		differ = (uint8_t)(differ | (a.p[i] ^ b.p[i]));
	return differ == 0;
}

void
secret_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}
