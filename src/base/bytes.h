/*
 * struct bytes: a borrowed run of octets, passed by value, never NUL-terminated, never owned.
 * struct str:   the same for text that was proven to be UTF-8 without control characters.
 * Pure; any thread. The functions of the second are in str.c.
 */
#ifndef PARAPH_BASE_BYTES_H
#define PARAPH_BASE_BYTES_H

#include "base/err.h"
#include <stddef.h>
#include <string.h>

struct bytes {
	const uint8_t *p;
	size_t n;
};

struct str {
	const char *p;
	size_t n;
};

#define BYTES_OF(array) ((struct bytes){(const uint8_t *)(array), sizeof(array)})
#define STR(literal) ((struct str){"" literal "", sizeof(literal) - 1})
/* printf("%.*s", STR_ARG(s)) */
#define STR_ARG(s) (int)(s).n, (s).p

static inline struct bytes
bytes(const void *p, size_t n)
{
	return (struct bytes){p, n};
}

static inline bool
bytes_eq(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Octets from..to (to excluded); out of range gives an empty run. */
static inline struct bytes
bytes_sub(struct bytes b, size_t from, size_t to)
{
	if (from > to || to > b.n)
		return (struct bytes){NULL, 0};
	return (struct bytes){b.p + from, to - from};
}

/* Where needle first stands in b at or after from; SIZE_MAX when nowhere. */
size_t bytes_find(struct bytes b, size_t from, struct bytes needle);

/* Lower-case hex into ret_hex, which has room for 2 n + 1 characters; NUL-terminated. */
void bytes_hex(struct bytes b, char *ret_hex);

/* Reads exactly n octets of hex (either case) from text of 2 n characters; ERR_INPUT otherwise. */
err_t bytes_unhex(struct str hex, size_t n, uint8_t *ret_octets);

static inline bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* A C string that is already known to be clean (a literal, a checked value). */
static inline struct str
str_c(const char *s)
{
	return (struct str){s, strlen(s)};
}

static inline struct bytes
str_bytes(struct str s)
{
	return (struct bytes){(const uint8_t *)s.p, s.n};
}

/* Proves that b is UTF-8 (no overlong forms, no surrogates) without C0, DEL or C1 controls and without bidirectional
 * overrides and isolates; ERR_UTF8 says at which octet it is not. */
err_t str_check(struct bytes b, struct str *ret_str);

/* Length of the sequence that b starts with and its code point; 0 when that is not well-formed UTF-8 [RFC 3629 3]. */
size_t str_decode(struct bytes b, uint32_t *ret_point);

/* Controls, noncharacters, and the marks that turn or isolate text direction, which make one name look like another. */
bool str_refuses(uint32_t point);

/* Puts "?" in the place of each octet that is no part of valid UTF-8, such as the first half of a character that was cut. */
void str_mend(char *text);
/* The same for what a terminal shows: also for each octet of a character that str_refuses, which could steer it. */
void str_tame(char *text);

/* Decodes one code point at *at and moves on; text must have passed str_check. */
uint32_t str_next(struct str s, size_t *at);

/* Parses decimal digits only, at most max; ERR_INPUT for anything else. */
err_t str_u64(struct str s, uint64_t max, uint64_t *ret_value);

#endif
