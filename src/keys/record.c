#include "keys/record.h"
#include "der/der.h"

enum kind { END, FIXED, VARIABLE, NUMBER, LATER };

struct field {
	enum kind kind;
	size_t offset;
	size_t n; /* octets of a FIXED one, or of a LATER one: the last, which older records end before; absent when it is zeros */
};

#define F(type, member) {FIXED, offsetof(struct type, member), sizeof(((struct type *)0)->member)}
#define V(type, member) {VARIABLE, offsetof(struct type, member), 0}
#define N(type, member) {NUMBER, offsetof(struct type, member), 0}
#define L(type, member) {LATER, offsetof(struct type, member), sizeof(((struct type *)0)->member)}
#define END_OF_FIELDS {END, 0, 0}

static const struct field key_made[] = {N(record_key_made, use), V(record_key_made, spki), END_OF_FIELDS};
static const struct field certificate_stored[] = {
    N(record_certificate_stored, use), V(record_certificate_stored, certificate), END_OF_FIELDS};
static const struct field certificate_sign[] = {N(record_certificate_sign, use), F(record_certificate_sign, intent),
    F(record_certificate_sign, serial), F(record_certificate_sign, spki_sha256), F(record_certificate_sign, tbs_sha256),
    END_OF_FIELDS};
static const struct field crl_sign[] = {F(record_crl_sign, intent), N(record_crl_sign, number),
    N(record_crl_sign, entries), N(record_crl_sign, this_update_at), N(record_crl_sign, next_update_at),
    F(record_crl_sign, tbs_sha256), END_OF_FIELDS};
static const struct field enrolled[] = {F(record_enrolled, registration), F(record_enrolled, digest),
    F(record_enrolled, mac), END_OF_FIELDS};
static const struct field activation_begun[] = {F(record_activation_begun, activation),
    F(record_activation_begun, request), F(record_activation_begun, signer),
    F(record_activation_begun, registration_digest), F(record_activation_begun, subject_sha256),
    V(record_activation_begun, documents), F(record_activation_begun, terms_sha256),
    N(record_activation_begun, expires_at), F(record_activation_begun, digest), V(record_activation_begun, note),
    L(record_activation_begun, address), END_OF_FIELDS};
static const struct field code_sent[] = {F(record_code_sent, activation), N(record_code_sent, expires_at), END_OF_FIELDS};
static const struct field activation[] = {F(record_activation, activation), END_OF_FIELDS};
static const struct field activation_completed[] = {F(record_activation_completed, activation),
    F(record_activation_completed, consent_sha256), V(record_activation_completed, appearances),
    F(record_activation_completed, digest), END_OF_FIELDS};
static const struct field counters[] = {V(record_counters, counters), END_OF_FIELDS};
static const struct field pen_key[] = {F(record_pen_key, intent), F(record_pen_key, activation),
    N(record_pen_key, document), F(record_pen_key, serial), V(record_pen_key, spki), V(record_pen_key, tbs),
    F(record_pen_key, base_sha256), N(record_pen_key, base_length), F(record_pen_key, revision0_sha256),
    F(record_pen_key, plan_sha256), N(record_pen_key, key_made_at), END_OF_FIELDS};
static const struct field pen_attributes[] = {F(record_pen_attributes, intent), V(record_pen_attributes, certificate),
    V(record_pen_attributes, attributes), END_OF_FIELDS};
static const struct field pen_result[] = {F(record_pen_result, intent), V(record_pen_result, signature),
    N(record_pen_result, signed_at), N(record_pen_result, key_destroyed_at), N(record_pen_result, dated_at),
    N(record_pen_result, stamp_field), N(record_pen_result, increment_length), N(record_pen_result, hole_from),
    N(record_pen_result, hole_to), F(record_pen_result, increment_sha256), END_OF_FIELDS};
static const struct field document_result[] = {F(record_document_result, intent), F(record_document_result, sha256),
    N(record_document_result, length), END_OF_FIELDS};
static const struct field intent_voided[] = {F(record_intent_voided, intent), V(record_intent_voided, reason),
    END_OF_FIELDS};
static const struct field checkpoint_sign[] = {V(record_checkpoint_sign, origin), N(record_checkpoint_sign, size),
    F(record_checkpoint_sign, root), N(record_checkpoint_sign, at), END_OF_FIELDS};
static const struct field proof_seal[] = {V(record_proof_seal, intents), V(record_proof_seal, results),
    F(record_proof_seal, statement_sha256), F(record_proof_seal, proof_sha256), F(record_proof_seal, attributes_sha256),
    END_OF_FIELDS};
static const struct field ocsp_sign[] = {V(record_ocsp_sign, singles), F(record_ocsp_sign, tbs_sha256), END_OF_FIELDS};
static const struct field stamp_sign[] = {F(record_stamp_sign, serial), N(record_stamp_sign, gen_at),
    V(record_stamp_sign, imprint), F(record_stamp_sign, info_sha256), END_OF_FIELDS};
static const struct field document[] = {F(record_document, revision0_sha256), F(record_document, plan_sha256),
    N(record_document, field), END_OF_FIELDS};

static const struct {
	const struct field *fields;
	size_t size;
} types[] = {
    [RECORD_KEY_MADE] = {key_made, sizeof(struct record_key_made)},
    [RECORD_CERTIFICATE_STORED] = {certificate_stored, sizeof(struct record_certificate_stored)},
    [RECORD_CERTIFICATE_SIGN] = {certificate_sign, sizeof(struct record_certificate_sign)},
    [RECORD_CRL_SIGN] = {crl_sign, sizeof(struct record_crl_sign)},
    [RECORD_ENROLLED] = {enrolled, sizeof(struct record_enrolled)},
    [RECORD_ACTIVATION_BEGUN] = {activation_begun, sizeof(struct record_activation_begun)},
    [RECORD_CODE_SENT] = {code_sent, sizeof(struct record_code_sent)},
    [RECORD_CODE_TRIED] = {activation, sizeof(struct record_activation)},
    [RECORD_CODE_PROVED] = {activation, sizeof(struct record_activation)},
    [RECORD_ACTIVATION_COMPLETED] = {activation_completed, sizeof(struct record_activation_completed)},
    [RECORD_COUNTERS] = {counters, sizeof(struct record_counters)},
    [RECORD_PEN_KEY] = {pen_key, sizeof(struct record_pen_key)},
    [RECORD_PEN_ATTRIBUTES] = {pen_attributes, sizeof(struct record_pen_attributes)},
    [RECORD_PEN_RESULT] = {pen_result, sizeof(struct record_pen_result)},
    [RECORD_DOCUMENT_RESULT] = {document_result, sizeof(struct record_document_result)},
    [RECORD_INTENT_VOIDED] = {intent_voided, sizeof(struct record_intent_voided)},
    [RECORD_CHECKPOINT_SIGN] = {checkpoint_sign, sizeof(struct record_checkpoint_sign)},
    [RECORD_PROOF_SEAL] = {proof_seal, sizeof(struct record_proof_seal)},
    [RECORD_OCSP_SIGN] = {ocsp_sign, sizeof(struct record_ocsp_sign)},
    [RECORD_STAMP_SIGN] = {stamp_sign, sizeof(struct record_stamp_sign)},
};

static bool
zeros_only(const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] == 0)
		n--;
	return n == 0;
}

static void
write_field(struct encode *w, const struct field *f, const void *record)
{
	const uint8_t *at = (const uint8_t *)record + f->offset;
	if (f->kind == LATER && zeros_only(at, f->n))
		return;
	if (f->kind == FIXED || f->kind == LATER)
		encode_octets(w, bytes(at, f->n));
	else if (f->kind == VARIABLE)
		encode_octets(w, *(const struct bytes *)(const void *)at);
	else
		encode_u64(w, *(const uint64_t *)(const void *)at);
}

/* DER is written from its end, so the last member comes first. */
static void
write_fields(const struct field *fields, const void *record, struct buf *b)
{
	size_t n = 0, room = 64;
	for (const struct field *f = fields; f->kind != END; f++, n++)
		room += 16 + f->n
		    + (f->kind == VARIABLE ? ((const struct bytes *)(const void *)((const uint8_t *)record + f->offset))->n : 0);
	uint8_t *space = malloc(room);
	if (space == NULL)
		abort();
	struct encode w = encode_init(space, room);
	while (n-- > 0)
		write_field(&w, &fields[n], record);
	encode_wrap(&w, DER_SEQUENCE, 0);
	struct bytes der;
	if (err_is(encode_done(&w, &der)))
		abort(); /* the room was counted above */
	buf_put(b, der);
	free(space);
}

static void
read_field(struct decode *d, const struct field *f, void *record)
{
	uint8_t *at = (uint8_t *)record + f->offset;
	if (f->kind == NUMBER) {
		*(uint64_t *)(void *)at = decode_u64(d, INT64_MAX);
		return;
	}
	if (f->kind == LATER && !decode_more(d))
		return; /* zeros already */
	struct bytes octets = decode_octets(d);
	if (f->kind == VARIABLE)
		*(struct bytes *)(void *)at = octets;
	else if (octets.n == f->n)
		memcpy(at, octets.p, f->n);
	else
		decode_fail(d, "a member of a record has the wrong length");
}

static void
read_fields(const struct field *fields, struct decode *top, void *record)
{
	struct decode d = decode_enter(top, DER_SEQUENCE);
	for (const struct field *f = fields; f->kind != END; f++)
		read_field(&d, f, record);
	decode_end(&d);
}

void
record_write(enum record_type type, const void *record, struct buf *b)
{
	write_fields(types[type].fields, record, b);
}

err_t
record_read(enum record_type type, struct bytes payload, void *ret_record)
{
	if (type >= sizeof types / sizeof *types || types[type].fields == NULL)
		return err_make(ERR_JOURNAL, "a record of type %d is unknown", (int)type);
	memset(ret_record, 0, types[type].size);
	struct decode top = decode_init(payload);
	read_fields(types[type].fields, &top, ret_record);
	decode_end(&top);
	if (err_is(decode_check(&top)))
		return err_make(ERR_JOURNAL, "a record of type %d is malformed", (int)type);
	return OK;
}

err_t
record_check(enum record_type type, struct bytes payload)
{
	size_t room = type < sizeof types / sizeof *types ? types[type].size : 0;
	void *space = malloc(room + 1);
	if (space == NULL)
		abort();
	err_t e = record_read(type, payload, space);
	free(space);
	return e;
}

err_t
record_document_read(struct bytes documents, size_t *at, struct record_document *ret_document)
{
	struct bytes rest = bytes_sub(documents, *at, documents.n);
	struct decode top = decode_init(rest);
	struct bytes whole = decode_whole(&top, DER_SEQUENCE);
	struct decode one = decode_init(whole);
	read_fields(document, &one, ret_document);
	if (err_is(decode_check(&top)) || err_is(decode_check(&one)))
		return err_make(ERR_JOURNAL, "a document of an activation is malformed");
	*at += whole.n;
	return OK;
}

void
record_document_write(const struct record_document *d, struct buf *b)
{
	write_fields(document, d, b);
}
