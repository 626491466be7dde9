/*
 * DER reader: a cursor over octets that somebody else owns, with a sticky error that the cursors above share. After the
 * first violation every further read gives nothing; ask decode_check once at the end. Strict: definite minimal
 * lengths, one-octet tags, canonical BOOLEAN and INTEGER, nesting at most DER_DEPTH_MAX. A child cursor points at its
 * parent: the parent must stay where it is while the child lives. One thread at a time for each cursor.
 */
#ifndef PARAPH_DER_DECODE_H
#define PARAPH_DER_DECODE_H

#include "der/der.h"

struct decode {
	const uint8_t *p;
	const uint8_t *end;
	struct decode *up; /* NULL at the top */
	const char *why;   /* the first violation, or NULL */
	unsigned depth;
};

static inline struct decode
decode_init(struct bytes der)
{
	return (struct decode){.p = der.p, .end = der.n ? der.p + der.n : der.p};
}

/* Whether unread octets remain (and nothing was wrong). */
static inline bool
decode_more(const struct decode *d)
{
	return !d->why && d->p < d->end;
}

/* The tag of the next element; -1 at the end or after an error. */
static inline int
decode_peek(const struct decode *d)
{
	return decode_more(d) ? *d->p : -1;
}

static inline bool
decode_is(const struct decode *d, uint8_t tag)
{
	return decode_peek(d) == tag;
}

/* Marks the data as wrong for a reason of the caller; why must be a literal. */
void decode_fail(struct decode *d, const char *why);
/* Demands that nothing is left in this cursor. */
void decode_end(struct decode *d);
/* OK, or ERR_DER with the first violation in this cursor or one below it. */
err_t decode_check(const struct decode *d);

/* Content of the next element, which must have this tag. */
struct bytes decode_tlv(struct decode *d, uint8_t tag);
/* The next element whole, header included; its tag if ret_tag is not NULL. */
struct bytes decode_any(struct decode *d, uint8_t *ret_tag);
/* The next element whole; it must have this tag. */
struct bytes decode_whole(struct decode *d, uint8_t tag);
/* A cursor into the next element, which must have this tag. */
struct decode decode_enter(struct decode *d, uint8_t tag);
/* A cursor over octets taken from d (the content of an OCTET STRING, say), whose errors count for d too. */
struct decode decode_inside(struct decode *d, struct bytes content);

bool decode_bool(struct decode *d);
void decode_null(struct decode *d);
uint64_t decode_u64(struct decode *d, uint64_t max);
/* Content of an INTEGER of any sign, proven canonical. */
struct bytes decode_integer(struct decode *d);
/* Magnitude of a non-negative INTEGER without its sign octet; zero gives one zero octet. */
struct bytes decode_unsigned(struct decode *d);
uint8_t decode_enum(struct decode *d);
struct bytes decode_oid(struct decode *d);
struct bytes decode_octets(struct decode *d);
/* Octets of a BIT STRING that has no unused bits. */
struct bytes decode_bits(struct decode *d);
/* A named-bit list of at most 32 bits: bit 0 of the result is the first. */
uint32_t decode_flags(struct decode *d);
/* UTCTime or GeneralizedTime of a certificate or CRL. */
int64_t decode_time(struct decode *d);
/* The same, and of the type that its year demands: UTCTime before 2050, GeneralizedTime from then on [RFC 5280 4.1.2.5]. */
int64_t decode_time_typed(struct decode *d);
/* GeneralizedTime under this tag; with fraction: up to six digits, no trailing zero. */
int64_t decode_generalized(struct decode *d, uint8_t tag, bool fraction);
/* UTF8String, PrintableString or IA5String as text; controls and invalid UTF-8 are violations. */
struct str decode_text(struct decode *d);

#endif
