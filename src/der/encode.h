/*
 * DER writer that fills a caller's buffer from its end towards its start, so that every length is known when its header
 * is written and nothing is moved or allocated. Write the last member first. Overflow is sticky; encode_done tells.
 *
 *	uint8_t room[256];
 *	struct encode w = encode_init(room, sizeof room);
 *	size_t mark = encode_mark(&w);
 *	encode_null(&w);                        // second member
 *	encode_oid(&w, OID_SHA256);             // first member
 *	encode_wrap(&w, DER_SEQUENCE, mark);    // around both
 *	TRY(encode_done(&w, &der));
 *
 * One thread at a time for each writer.
 */
#ifndef PARAPH_DER_ENCODE_H
#define PARAPH_DER_ENCODE_H

#include "der/der.h"

struct encode {
	uint8_t *base; /* start of the buffer */
	uint8_t *p;    /* first octet written so far */
	uint8_t *end;
	bool over;
};

static inline struct encode
encode_init(void *buffer, size_t room)
{
	uint8_t *p = buffer;
	return (struct encode){p, p + room, p + room, false};
}

/* A room that encode_init takes: octets are written before they are read, so clearing it beforehand would be for nothing. */
#define ENCODE_ROOM(name, len) __attribute__((uninitialized)) uint8_t name[len]

/* Octets written so far; the mark that encode_wrap and encode_sort take. */
static inline size_t
encode_mark(const struct encode *w)
{
	return (size_t)(w->end - w->p);
}

/* Octets of a whole element with so much content, for who must know a size before there is anything to write. */
static inline size_t
encode_size(size_t content_n)
{
	size_t length = content_n < 0x80 ? 1 : content_n < 0x100 ? 2 : content_n < 0x10000 ? 3 : 4;
	return 1 + length + content_n;
}

/* What was written, valid as long as the buffer; ERR_LIMIT when it did not fit. */
err_t encode_done(const struct encode *w, struct bytes *ret_der);

/* Octets as they are: DER made elsewhere. */
void encode_raw(struct encode *w, struct bytes der);
/* The header of tag around everything written since mark. */
void encode_wrap(struct encode *w, uint8_t tag, size_t mark);
/* One element with this content. */
void encode_tlv(struct encode *w, uint8_t tag, struct bytes content);
/* Puts the elements written since mark into the order of SET OF [X.690 11.6]; encode_wrap(DER_SET) comes after it. */
void encode_sort(struct encode *w, size_t mark);

void encode_bool(struct encode *w, bool value);
void encode_null(struct encode *w);
void encode_u64(struct encode *w, uint64_t value);
/* A non-negative INTEGER from big-endian magnitude octets; leading zeros are dropped, a sign octet added if needed. */
void encode_unsigned(struct encode *w, struct bytes magnitude);
void encode_enum(struct encode *w, uint8_t value);
static inline void
encode_oid(struct encode *w, struct bytes oid)
{
	encode_tlv(w, DER_OID, oid);
}
static inline void
encode_octets(struct encode *w, struct bytes octets)
{
	encode_tlv(w, DER_OCTET_STRING, octets);
}
/* BIT STRING of whole octets. */
void encode_bits(struct encode *w, struct bytes octets);
/* BIT STRING with a list of named bits: bit 0 of flags is the first; trailing zero bits are dropped [X.690 11.2.2]. */
void encode_flags(struct encode *w, uint32_t flags);
/* A BIT STRING header with "no unused bits" around what was written since mark. */
void encode_wrap_bits(struct encode *w, size_t mark);

/* Time of a certificate or CRL: UTCTime before 2050, GeneralizedTime from then on [RFC 5280 4.1.2.5]; whole seconds. */
void encode_time(struct encode *w, int64_t at);
/* GeneralizedTime with whole seconds [RFC 6960 4.2.2.1]. */
void encode_generalized(struct encode *w, uint8_t tag, int64_t at);
/* GeneralizedTime with a fraction of up to six digits, no trailing zeros [RFC 3161 2.4.2]. */
void encode_generalized_us(struct encode *w, int64_t at);

#endif
