/*
 * Randomness straight from the kernel, for serials, nonces, tokens, codes and ids: never a counter, never a pool that
 * survives fork. Aborts when the kernel cannot give it. Any thread.
 */
#ifndef PARAPH_BASE_RAND_H
#define PARAPH_BASE_RAND_H

#include "base/bytes.h"

void rand_fill(void *p, size_t n);

/* 0 .. below - 1, each equally likely. */
uint32_t rand_below(uint32_t below);

/* A certificate serial: 20 octets, the first 0x40..0x7f, 158 bits random. [EN 319 411-1 GEN-6.3.3-02A] */
void rand_serial(uint8_t ret_serial[20]);

#endif
