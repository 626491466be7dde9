/*
 * What the issuing role remembers: activations, intents, counters and the numbers of lists. It changes by journal records
 * only (book_apply, which the journal calls), so a restart reads the same memory that was there before. What is over is
 * forgotten when a segment is opened: an activation when it is used up or ended ten minutes ago and no intent of it
 * is remembered, an intent when BOOK_OVER_MAX younger ones are over too; neither while somebody has a claim on it. The snapshot
 * leaves it out, and only when that is durable is it gone here. Everything is handed out as a copy; any thread.
 */
#ifndef PARAPH_KEYS_BOOK_H
#define PARAPH_KEYS_BOOK_H

#include "keys/counter.h"
#include "keys/ecdsa.h"
#include "keys/record.h"
#include "keys/segment.h"

enum { BOOK_OVER_MAX = 2000, BOOK_CERTIFICATE_MAX = 4096, BOOK_ATTRIBUTES_MAX = 1024, BOOK_NOTE_MAX = 2048 };

struct book_activation {
	uint8_t id[RECORD_ID], request[RECORD_ID], signer[RECORD_ID];
	uint8_t registration_digest[RECORD_HASH];
	uint8_t address[RECORD_HASH]; /* wrong codes are counted under this */
	uint8_t subject_sha256[RECORD_HASH];
	size_t documents_n;
	struct record_document documents[LIMIT_DOCUMENTS];
	uint8_t appearances[LIMIT_DOCUMENTS][RECORD_HASH];
	uint8_t terms_sha256[RECORD_HASH];
	uint8_t consent_sha256[RECORD_HASH];
	uint8_t digest[RECORD_HASH];
	int64_t begun_at, expires_at, proved_at, completed_at; /* 0: not yet */
	uint32_t used; /* bit i: a key was made for document i */
	uint32_t sends, tries; /* of this activation; the counters are those that count */
	int64_t sent_at[LIMIT_CODE_SENDS], tried_at[LIMIT_CODE_TRIES];
	size_t note_n;
	uint8_t note[BOOK_NOTE_MAX];
};

enum book_known { BOOK_KEY_MADE = 1, BOOK_ATTRIBUTES = 2, BOOK_RESULT = 3, BOOK_VOIDED = 4 };

struct book_intent {
	uint8_t id[RECORD_ID], activation[RECORD_ID];
	enum book_known known;
	bool released; /* its proof was sealed */
	uint32_t document;
	uint8_t serial[RECORD_SERIAL];
	uint8_t spki_sha256[RECORD_HASH], base_sha256[RECORD_HASH], revision0_sha256[RECORD_HASH], plan_sha256[RECORD_HASH];
	uint64_t base_length;
	int64_t key_made_at, signed_at, key_destroyed_at, dated_at;
	uint32_t stamp_field;
	size_t certificate_n;
	uint8_t certificate[BOOK_CERTIFICATE_MAX];
	size_t attributes_n;
	uint8_t attributes[BOOK_ATTRIBUTES_MAX];
	size_t signature_n;
	uint8_t signature[ECDSA_SIGNATURE_MAX];
	uint64_t increment_length, hole_from, hole_to;
	uint8_t increment_sha256[RECORD_HASH];
	bool finished; /* the third increment was written: */
	uint8_t result_sha256[RECORD_HASH];
	uint64_t result_length;
};

struct book;

struct book *book_new(void);
void book_free(struct book *b);

/* The hooks of the journal. */
err_t book_apply(void *book, const struct segment_record *record);
void book_snapshot(void *book, struct buf *b);
void book_snapshot_opened(void *book);

/* ERR_ACTIVATION, ERR_INTENT when there is none. */
err_t book_activation(struct book *b, const uint8_t id[RECORD_ID], struct book_activation *ret_activation);
err_t book_intent(struct book *b, const uint8_t id[RECORD_ID], struct book_intent *ret_intent);
struct counter book_counter(struct book *b, const uint8_t request[RECORD_ID], const uint8_t signer[RECORD_ID]);
/* Codes that were tried for an address (registration_address_mac) and were not right, in whatever request, less one for each that
 * was. */
uint32_t book_wrong_codes(struct book *b, const uint8_t address[RECORD_HASH]);
/* Whether a certificate has this serial: one of a remembered intent (core keeps all of them, unique, before it asks), or one that is
 * no signer's, whenever that was. */
bool book_has_serial(struct book *b, const uint8_t serial[RECORD_SERIAL]);

/* Whether this is the key (SHA-256 of its SubjectPublicKeyInfo) that the first OCSP certificate was for: the ceremony asks for
 * that one before core is ever started. True as well while there is none. */
bool book_ocsp_key_fits(struct book *b, const uint8_t spki_sha256[RECORD_HASH]);

/* The highest numbers so far. */
uint64_t book_crl_number(struct book *b);
uint64_t book_checkpoint_size(struct book *b);

/* Claims an id for one thread: false while another has it. So no two requests judge and change the same thing at once. */
bool book_claim(struct book *b, const uint8_t id[RECORD_ID]);
void book_release(struct book *b, const uint8_t id[RECORD_ID]);

/* An intent that was voided before anything was recorded of it: what still waits for a worker may not begin it. Of this process
 * only, since such a request ends with it; the newest 4,096, since it ends with the patience of who asked, too. */
void book_bar(struct book *b, const uint8_t id[RECORD_ID]);
bool book_is_barred(struct book *b, const uint8_t id[RECORD_ID]);

#endif
