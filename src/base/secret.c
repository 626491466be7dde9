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

/* Copies of a secret pass through the vector registers (memcpy uses them), and what stands there when a thread begins to wait
 * stays, in a dump too. None of them holds anything across a call, so all of them can be cleared. */
static void
registers_clear(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512vl")) /* 16 and up: no code of ours uses them, the C library does */
		__asm__ volatile(
		    "vpxorq %%xmm16, %%xmm16, %%xmm16\n\tvpxorq %%xmm17, %%xmm17, %%xmm17\n\t"
		    "vpxorq %%xmm18, %%xmm18, %%xmm18\n\tvpxorq %%xmm19, %%xmm19, %%xmm19\n\t"
		    "vpxorq %%xmm20, %%xmm20, %%xmm20\n\tvpxorq %%xmm21, %%xmm21, %%xmm21\n\t"
		    "vpxorq %%xmm22, %%xmm22, %%xmm22\n\tvpxorq %%xmm23, %%xmm23, %%xmm23\n\t"
		    "vpxorq %%xmm24, %%xmm24, %%xmm24\n\tvpxorq %%xmm25, %%xmm25, %%xmm25\n\t"
		    "vpxorq %%xmm26, %%xmm26, %%xmm26\n\tvpxorq %%xmm27, %%xmm27, %%xmm27\n\t"
		    "vpxorq %%xmm28, %%xmm28, %%xmm28\n\tvpxorq %%xmm29, %%xmm29, %%xmm29\n\t"
		    "vpxorq %%xmm30, %%xmm30, %%xmm30\n\tvpxorq %%xmm31, %%xmm31, %%xmm31" ::: "memory");
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroall" ::: "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
		    "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
#endif
}

void
secret_wipe(void *p, size_t n)
{
	if (n == 0)
		return;
	explicit_bzero(p, n);
	registers_clear();
}
