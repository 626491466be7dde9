/*
 * The records of the journal: what each says, as a struct, and its one binary form, a DER SEQUENCE of OCTET STRINGs and
 * INTEGERs in the order of the members, so that anyone can print it (`openssl asn1parse`). README.md lists them. Structs
 * borrow their octets. Pure; any thread.
 */
#ifndef PARAPH_KEYS_RECORD_H
#define PARAPH_KEYS_RECORD_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/limits.h"

enum record_type {
	RECORD_KEY_MADE = 1,
	RECORD_CERTIFICATE_STORED = 2,
	RECORD_CERTIFICATE_SIGN = 3,
	RECORD_CRL_SIGN = 4,
	RECORD_ENROLLED = 10,
	RECORD_ACTIVATION_BEGUN = 11,
	RECORD_CODE_SENT = 12,
	RECORD_CODE_TRIED = 13,
	RECORD_CODE_PROVED = 14,
	RECORD_ACTIVATION_COMPLETED = 15,
	RECORD_COUNTERS = 16,
	RECORD_PEN_KEY = 20,
	RECORD_PEN_ATTRIBUTES = 21,
	RECORD_PEN_RESULT = 22,
	RECORD_DOCUMENT_RESULT = 23,
	RECORD_INTENT_VOIDED = 24,
	RECORD_CHECKPOINT_SIGN = 30,
	RECORD_PROOF_SEAL = 31,
	RECORD_OCSP_SIGN = 40,
	RECORD_STAMP_SIGN = 41,
};

enum { RECORD_ID = 16, RECORD_HASH = DIGEST_SHA256_LEN, RECORD_SERIAL = 20 };

struct record_key_made {
	uint64_t use;
	struct bytes spki;
};
struct record_certificate_stored {
	uint64_t use;
	struct bytes certificate;
};
/* Before a CA key signs a certificate that is not a signer's. */
struct record_certificate_sign {
	uint64_t use; /* of the key that the certificate is for */
	uint8_t intent[RECORD_ID];
	uint8_t serial[RECORD_SERIAL];
	uint8_t spki_sha256[RECORD_HASH];
	uint8_t tbs_sha256[RECORD_HASH];
};
struct record_crl_sign {
	uint8_t intent[RECORD_ID];
	uint64_t number, entries;
	uint64_t this_update_at, next_update_at;
	uint8_t tbs_sha256[RECORD_HASH];
};
struct record_enrolled {
	uint8_t registration[RECORD_ID];
	uint8_t digest[RECORD_HASH];
	uint8_t mac[RECORD_HASH];
};
/* One document of an activation; RECORD_DOCUMENT octets each in `documents`. */
struct record_document {
	uint8_t revision0_sha256[RECORD_HASH];
	uint8_t plan_sha256[RECORD_HASH];
	uint64_t field;
};
struct record_activation_begun {
	uint8_t activation[RECORD_ID], request[RECORD_ID], signer[RECORD_ID];
	uint8_t registration_digest[RECORD_HASH];
	uint8_t subject_sha256[RECORD_HASH];
	struct bytes documents; /* DER, record_document each */
	uint8_t terms_sha256[RECORD_HASH];
	uint64_t expires_at;
	uint8_t digest[RECORD_HASH];
	struct bytes note;      /* sealed: method, address, sender, title */
	uint8_t address[RECORD_HASH]; /* registration_address_mac; zeros when it is missing, as in older journals */
};
struct record_code_sent {
	uint8_t activation[RECORD_ID];
	uint64_t expires_at;
};
struct record_activation { /* code tried, code proved */
	uint8_t activation[RECORD_ID];
};
struct record_activation_completed {
	uint8_t activation[RECORD_ID];
	uint8_t consent_sha256[RECORD_HASH];
	struct bytes appearances; /* 32 octets each */
	uint8_t digest[RECORD_HASH];
};
struct record_counters {
	struct bytes counters; /* see counter.h */
};
struct record_pen_key {
	uint8_t intent[RECORD_ID], activation[RECORD_ID];
	uint64_t document;
	uint8_t serial[RECORD_SERIAL];
	struct bytes spki, tbs;
	uint8_t base_sha256[RECORD_HASH];
	uint64_t base_length;
	uint8_t revision0_sha256[RECORD_HASH];
	uint8_t plan_sha256[RECORD_HASH];
	uint64_t key_made_at;
};
struct record_pen_attributes {
	uint8_t intent[RECORD_ID];
	struct bytes certificate;
	struct bytes attributes; /* the signed attributes, DER SET */
};
struct record_pen_result {
	uint8_t intent[RECORD_ID];
	struct bytes signature;
	uint64_t signed_at, key_destroyed_at;
	uint64_t dated_at;            /* /M of the signature dictionary */
	uint64_t stamp_field;
	uint64_t increment_length;
	uint64_t hole_from, hole_to;  /* in the increment */
	uint8_t increment_sha256[RECORD_HASH]; /* with the empty hole */
};
/* After the third increment. */
struct record_document_result {
	uint8_t intent[RECORD_ID];
	uint8_t sha256[RECORD_HASH];
	uint64_t length;
};
struct record_intent_voided {
	uint8_t intent[RECORD_ID];
	struct bytes reason;
};
struct record_checkpoint_sign {
	struct bytes origin;
	uint64_t size;
	uint8_t root[RECORD_HASH];
	uint64_t at;
};
struct record_proof_seal {
	struct bytes intents; /* 16 octets each */
	struct bytes results; /* 32 octets each */
	uint8_t statement_sha256[RECORD_HASH];
	uint8_t proof_sha256[RECORD_HASH];
	uint8_t attributes_sha256[RECORD_HASH];
};
struct record_ocsp_sign {
	struct bytes singles; /* for each: state 1, SHA-256 of the CertID */
	uint8_t tbs_sha256[RECORD_HASH];
};
struct record_stamp_sign {
	uint8_t serial[RECORD_SERIAL];
	uint64_t gen_at;
	struct bytes imprint;
	uint8_t info_sha256[RECORD_HASH];
};

/* The struct that belongs to type into b; which struct that is, the table in record.c says. */
void record_write(enum record_type type, const void *record, struct buf *b);
/* Reads the payload of a record of this type into its struct; ERR_JOURNAL. The octets are borrowed from payload. */
err_t record_read(enum record_type type, struct bytes payload, void *ret_record);
/* Whether a payload will be read again, before it is written for ever; ERR_JOURNAL. */
err_t record_check(enum record_type type, struct bytes payload);

/* Reads the next document at *at of record_activation_begun.documents; ERR_JOURNAL at a malformed one. */
err_t record_document_read(struct bytes documents, size_t *at, struct record_document *ret_document);
void record_document_write(const struct record_document *document, struct buf *b);

#endif
