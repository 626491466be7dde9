/*
 * Octets that must not leak: kept in locked memory that is left out of core dumps, wiped when done, compared in constant
 * time. No formatter or logger accepts a struct secret. The owner calls secret_done; AUTO_SECRET does it.
 */
#ifndef PARAPH_BASE_SECRET_H
#define PARAPH_BASE_SECRET_H

#include "base/bytes.h"

struct secret {
	uint8_t *p; /* own pages: mlock, MADV_DONTDUMP, MADV_WIPEONFORK */
	size_t n;
	size_t room;
};

/* Room for n octets, zeroed; aborts when memory cannot be had. */
struct secret secret_new(size_t n);
void secret_done(struct secret *s);
#define AUTO_SECRET(name) __attribute__((cleanup(secret_done))) struct secret name = {0}

/* Copies octets in and wipes where they came from. */
struct secret secret_take(uint8_t *from, size_t n);

static inline struct bytes
secret_bytes(const struct secret *s)
{
	return (struct bytes){s->p, s->n};
}

/* Constant time in the content; the lengths are not secret. */
bool secret_eq(struct bytes a, struct bytes b);

/* Wipes memory in a way the compiler keeps, and this processor's vector registers, where copying leaves parts (x86-64 with AVX). */
void secret_wipe(void *p, size_t n);

#endif
