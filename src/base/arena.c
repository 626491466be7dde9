#include "base/arena.h"

#include <stdarg.h>
#include <stdalign.h>

struct block {
	struct block *next;
	size_t n, room;
	alignas(max_align_t) uint8_t p[];
};

struct arena {
	struct block *newest;
	size_t total, cap;
};

enum { BLOCK_ROOM = 8192 };

static void *
allocate(size_t n)
{
	void *p = calloc(1, n);
	if (p == NULL)
		abort();
	return p;
}

struct arena *
arena_new(size_t cap)
{
	struct arena *a = allocate(sizeof *a);
	a->cap = cap;
	return a;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	for (struct block *b = a->newest, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

err_t
arena_get(struct arena *a, size_t n, void **ret_p)
{
	size_t step = alignof(max_align_t);
	if (n > a->cap || a->total > a->cap - n)
		return err_make(ERR_MEMORY_LIMIT, "one request may use %zu octets of memory", a->cap);
	n = (n + step - 1) / step * step;
	if (a->newest == NULL || a->newest->room - a->newest->n < n) {
		size_t room = n > BLOCK_ROOM ? n : BLOCK_ROOM;
		struct block *b = allocate(sizeof *b + room);
		b->room = room;
		b->next = a->newest;
		a->newest = b;
	}
	*ret_p = a->newest->p + a->newest->n;
	a->newest->n += n;
	a->total += n;
	return OK;
}

err_t
arena_copy(struct arena *a, struct bytes b, struct bytes *ret_copy)
{
	void *p;
	if (b.n == SIZE_MAX)
		return err_make(ERR_MEMORY_LIMIT, "too long");
	TRY(arena_get(a, b.n + 1, &p));
	if (b.n > 0)
		memcpy(p, b.p, b.n);
	*ret_copy = bytes(p, b.n);
	return OK;
}

err_t
arena_str(struct arena *a, struct str s, const char **ret_c)
{
	struct bytes copy;
	TRY(arena_copy(a, str_bytes(s), &copy));
	*ret_c = (const char *)copy.p;
	return OK;
}

err_t
arena_printf(struct arena *a, const char **ret_c, const char *format, ...)
{
	va_list args, again;
	void *p = NULL;
	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	err_t e = n < 0 ? err_make(ERR_INTERNAL, "format") : arena_get(a, (size_t)n + 1, &p);
	if (!err_is(e)) {
		vsnprintf(p, (size_t)n + 1, format, again);
		*ret_c = p;
	}
	va_end(again);
	return e;
}
