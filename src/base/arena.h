/*
 * Memory of one request: many small pieces, freed together, with a hard cap. Running past the cap is an ordinary error
 * (ERR_MEMORY_LIMIT), because a stranger can cause it; an exhausted heap aborts. One thread at a time.
 */
#ifndef PARAPH_BASE_ARENA_H
#define PARAPH_BASE_ARENA_H

#include "base/bytes.h"

struct arena;

struct arena *arena_new(size_t cap);
void arena_free(struct arena *a); /* accepts NULL */
static inline void
arena_auto_(struct arena **a)
{
	arena_free(*a);
}
#define AUTO_ARENA(name, cap) __attribute__((cleanup(arena_auto_))) struct arena *name = arena_new(cap)

/* n zeroed octets, aligned for any object; they live until arena_free. ERR_MEMORY_LIMIT past the cap. */
err_t arena_get(struct arena *a, size_t n, void **ret_p);

/* A copy of b; one NUL follows it that is not counted. */
err_t arena_copy(struct arena *a, struct bytes b, struct bytes *ret_copy);
err_t arena_str(struct arena *a, struct str s, const char **ret_c);
err_t arena_printf(struct arena *a, const char **ret_c, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
