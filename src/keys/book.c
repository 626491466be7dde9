#include "keys/book.h"
#include "base/rand.h"
#include "keys/book_memory.h"
#include "keys/keystore.h"

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

/* Ids and serials are made by core: under a key of this process, so that it cannot fill one bucket. Any two meet with a chance of
 * one in BUCKETS (Dietzfelbinger's multiply-add-shift over words of 32 bits). */
static struct entry **
bucket_of(struct map *m, const uint8_t octets[RECORD_ID])
{
	uint32_t words[RECORD_ID / 4];
	memcpy(words, octets, sizeof words);
	uint64_t h = m->key[0];
	for (size_t i = 0; i < RECORD_ID / 4; i++)
		h += words[i] * m->key[i + 1];
	return &m->buckets[h >> (64 - BUCKETS_LOG2)];
}

struct entry **
book_bucket(struct map *m, const uint8_t id[RECORD_ID])
{
	return bucket_of(m, id);
}

struct entry **
book_serial_bucket(struct book *b, const uint8_t serial[RECORD_SERIAL])
{
	return bucket_of(&b->serials, serial + RECORD_SERIAL - RECORD_ID);
}

struct entry *
book_find(struct map *m, const uint8_t id[RECORD_ID])
{
	struct entry *e = *book_bucket(m, id);
	while (e != NULL && memcmp(e->is.id, id, RECORD_ID) != 0)
		e = e->next;
	return e;
}

static struct entry *
add(struct map *m, const uint8_t id[RECORD_ID])
{
	struct entry **bucket = book_bucket(m, id), *e = must(calloc(1, sizeof *e));
	memcpy(e->is.id, id, RECORD_ID);
	e->records = buf_init(SEGMENT_PAYLOAD_MAX * 4);
	e->next = *bucket;
	*bucket = e;
	return e;
}

void
book_entry_free(struct entry *e)
{
	buf_done(&e->records);
	free(e);
}

static void
map_done(struct map *m)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (m->buckets[i] != NULL) {
			struct entry *e = m->buckets[i];
			m->buckets[i] = e->next;
			book_entry_free(e);
		}
}

struct book *
book_new(void)
{
	struct book *b = must(calloc(1, sizeof *b));
	pthread_mutex_init(&b->lock, NULL);
	rand_fill(b->activations.key, sizeof b->activations.key);
	rand_fill(b->intents.key, sizeof b->intents.key);
	rand_fill(b->serials.key, sizeof b->serials.key);
	return b;
}

void
book_free(struct book *b)
{
	if (b == NULL)
		return;
	map_done(&b->activations);
	map_done(&b->intents);
	counter_done(&b->counters);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* ---- records into memory ---- */

static err_t
unknown(const char *what)
{
	return err_make(ERR_JOURNAL, "a record names %s that no record before it made", what);
}

static err_t
take_begun(struct book *b, const struct segment_record *s)
{
	static const uint8_t none[RECORD_HASH];
	struct record_activation_begun r;
	TRY(record_read(s->type, s->payload, &r));
	if (book_find(&b->activations, r.activation) != NULL || r.note.n > BOOK_NOTE_MAX)
		return err_make(ERR_JOURNAL, "an activation is begun twice, or its note is too long");
	struct entry *e = add(&b->activations, r.activation);
	struct book_activation *a = &e->is.activation;
	memcpy(a->request, r.request, sizeof a->request);
	memcpy(a->signer, r.signer, sizeof a->signer);
	memcpy(a->registration_digest, r.registration_digest, sizeof a->registration_digest);
	memcpy(a->address, bytes_eq(BYTES_OF(r.address), BYTES_OF(none)) ? r.registration_digest : r.address, sizeof a->address);
	memcpy(a->subject_sha256, r.subject_sha256, sizeof a->subject_sha256);
	memcpy(a->terms_sha256, r.terms_sha256, sizeof a->terms_sha256);
	memcpy(a->digest, r.digest, sizeof a->digest);
	memcpy(a->note, r.note.p, r.note.n);
	a->note_n = r.note.n;
	a->begun_at = s->at;
	a->expires_at = (int64_t)r.expires_at;
	for (size_t at = 0; at < r.documents.n; a->documents_n++) {
		if (a->documents_n == LIMIT_DOCUMENTS)
			return err_make(ERR_JOURNAL, "an activation of too many documents");
		TRY(record_document_read(r.documents, &at, &a->documents[a->documents_n]));
	}
	segment_record_write(&e->records, s);
	return OK;
}

/* The activation that a record is about; the record is kept with it. */
static err_t
activation_of(struct book *b, const struct segment_record *s, const uint8_t id[RECORD_ID],
    struct book_activation **ret_activation)
{
	struct entry *e = book_find(&b->activations, id);
	if (e == NULL)
		return unknown("an activation");
	segment_record_write(&e->records, s);
	*ret_activation = &e->is.activation;
	return OK;
}

/* In a snapshot the counters come last and say what is right, so what its records count before that does no harm. */
static void
count(struct book *b, const struct book_activation *a, uint8_t tries, uint8_t sends)
{
	uint8_t print[COUNTER_PRINT];
	counter_print(a->request, a->signer, print);
	counter_add(&b->counters, print, tries, sends);
}

static err_t
take_sent(struct book *b, const struct segment_record *s)
{
	struct record_code_sent r;
	struct book_activation *a = NULL;
	TRY(record_read(s->type, s->payload, &r));
	TRY(activation_of(b, s, r.activation, &a));
	if (a->sends < LIMIT_CODE_SENDS)
		a->sent_at[a->sends] = s->at;
	a->sends++;
	count(b, a, 0, 1);
	return OK;
}

static err_t
take_tried(struct book *b, const struct segment_record *s)
{
	struct record_activation r;
	struct book_activation *a = NULL;
	TRY(record_read(s->type, s->payload, &r));
	TRY(activation_of(b, s, r.activation, &a));
	if (a->tries < LIMIT_CODE_TRIES)
		a->tried_at[a->tries] = s->at;
	a->tries++;
	count(b, a, 1, 0);
	uint8_t print[COUNTER_PRINT];
	counter_print_address(a->address, print);
	counter_add(&b->counters, print, 1, 0);
	return OK;
}

static err_t
take_proved(struct book *b, const struct segment_record *s)
{
	struct record_activation r;
	struct book_activation *a = NULL;
	TRY(record_read(s->type, s->payload, &r));
	TRY(activation_of(b, s, r.activation, &a));
	a->proved_at = s->at;
	/* This try, and one that was wrong: who is right more often than not never comes to an end, and nobody else gains by it. */
	uint8_t print[COUNTER_PRINT];
	counter_print_address(a->address, print);
	counter_forgive(&b->counters, print, 2);
	return OK;
}

static err_t
take_completed(struct book *b, const struct segment_record *s)
{
	struct record_activation_completed r;
	struct book_activation *a = NULL;
	TRY(record_read(s->type, s->payload, &r));
	TRY(activation_of(b, s, r.activation, &a));
	if (r.appearances.n != a->documents_n * RECORD_HASH)
		return err_make(ERR_JOURNAL, "an activation with appearances for other documents");
	memcpy(a->consent_sha256, r.consent_sha256, sizeof a->consent_sha256);
	memcpy(a->appearances, r.appearances.p, r.appearances.n);
	memcpy(a->digest, r.digest, sizeof a->digest);
	a->completed_at = s->at;
	return OK;
}

static err_t
take_pen_key(struct book *b, const struct segment_record *s)
{
	struct record_pen_key r;
	TRY(record_read(s->type, s->payload, &r));
	struct entry *a = book_find(&b->activations, r.activation);
	if (book_find(&b->intents, r.intent) != NULL || r.document >= LIMIT_DOCUMENTS)
		return err_make(ERR_JOURNAL, "an intent has two keys");
	if (a == NULL)
		return unknown("an activation");
	a->is.activation.used |= UINT32_C(1) << r.document;
	a->users++;
	struct entry *e = add(&b->intents, r.intent);
	struct book_intent *i = &e->is.intent;
	memcpy(i->activation, r.activation, sizeof i->activation);
	i->known = BOOK_KEY_MADE;
	i->document = (uint32_t)r.document;
	memcpy(i->serial, r.serial, sizeof i->serial);
	struct entry **bucket = book_serial_bucket(b, i->serial);
	e->next_serial = *bucket;
	*bucket = e;
	digest_sha256(r.spki, i->spki_sha256);
	memcpy(i->base_sha256, r.base_sha256, sizeof i->base_sha256);
	memcpy(i->revision0_sha256, r.revision0_sha256, sizeof i->revision0_sha256);
	memcpy(i->plan_sha256, r.plan_sha256, sizeof i->plan_sha256);
	i->base_length = r.base_length;
	i->key_made_at = (int64_t)r.key_made_at;
	segment_record_write(&e->records, s);
	return OK;
}

static err_t
intent_of(struct book *b, const struct segment_record *s, const uint8_t id[RECORD_ID], struct book_intent **ret_intent)
{
	struct entry *e = book_find(&b->intents, id);
	if (e == NULL)
		return unknown("an intent");
	segment_record_write(&e->records, s);
	*ret_intent = &e->is.intent;
	return OK;
}

static err_t
take_attributes(struct book *b, const struct segment_record *s)
{
	struct record_pen_attributes r;
	struct book_intent *i = NULL;
	TRY(record_read(s->type, s->payload, &r));
	TRY(intent_of(b, s, r.intent, &i));
	if (r.certificate.n > sizeof i->certificate || r.attributes.n > sizeof i->attributes)
		return err_make(ERR_JOURNAL, "a certificate that is too large");
	i->known = BOOK_ATTRIBUTES;
	i->certificate_n = r.certificate.n;
	memcpy(i->certificate, r.certificate.p, r.certificate.n);
	i->attributes_n = r.attributes.n;
	memcpy(i->attributes, r.attributes.p, r.attributes.n);
	return OK;
}

static err_t
take_result(struct book *b, const struct segment_record *s)
{
	struct record_pen_result r;
	struct book_intent *i = NULL;
	TRY(record_read(s->type, s->payload, &r));
	TRY(intent_of(b, s, r.intent, &i));
	if (r.signature.n > sizeof i->signature)
		return err_make(ERR_JOURNAL, "a signature that is too large");
	i->known = BOOK_RESULT;
	i->signature_n = r.signature.n;
	memcpy(i->signature, r.signature.p, r.signature.n);
	i->signed_at = (int64_t)r.signed_at;
	i->key_destroyed_at = (int64_t)r.key_destroyed_at;
	i->dated_at = (int64_t)r.dated_at;
	i->stamp_field = (uint32_t)r.stamp_field;
	i->increment_length = r.increment_length;
	i->hole_from = r.hole_from;
	i->hole_to = r.hole_to;
	memcpy(i->increment_sha256, r.increment_sha256, sizeof i->increment_sha256);
	return OK;
}

/* Only the newest of them is kept: a signature may be resumed and finished any number of times. */
static void
keep_result(struct entry *e, const struct segment_record *s)
{
	struct buf *all = &e->records;
	size_t behind = e->result_at + e->result_n;
	if (e->result_n > 0) {
		memmove(all->p + e->result_at, all->p + behind, all->n - behind);
		all->n -= e->result_n;
	}
	e->result_at = all->n;
	segment_record_write(all, s);
	e->result_n = all->n - e->result_at;
}

static err_t
take_document_result(struct book *b, const struct segment_record *s)
{
	struct record_document_result r;
	TRY(record_read(s->type, s->payload, &r));
	struct entry *e = book_find(&b->intents, r.intent);
	if (e == NULL)
		return unknown("an intent");
	keep_result(e, s);
	struct book_intent *i = &e->is.intent;
	i->finished = true;
	memcpy(i->result_sha256, r.sha256, sizeof i->result_sha256);
	i->result_length = r.length;
	return OK;
}

static err_t
take_voided(struct book *b, const struct segment_record *s)
{
	struct record_intent_voided r;
	struct book_intent *i = NULL;
	TRY(record_read(s->type, s->payload, &r));
	TRY(intent_of(b, s, r.intent, &i));
	i->known = BOOK_VOIDED;
	return OK;
}

/* Sealed: each intent of it is over. One that was forgotten meanwhile needs nothing. */
static err_t
take_proof_seal(struct book *b, const struct segment_record *s)
{
	struct record_proof_seal r;
	TRY(record_read(s->type, s->payload, &r));
	for (size_t at = 0; at + RECORD_ID <= r.intents.n; at += RECORD_ID) {
		struct entry *e = book_find(&b->intents, r.intents.p + at);
		if (e == NULL || e->is.intent.released)
			continue;
		e->is.intent.released = true;
		segment_record_write(&e->records, s);
	}
	return OK;
}

static err_t
take_counters(struct book *b, const struct segment_record *s)
{
	struct record_counters r;
	TRY(record_read(s->type, s->payload, &r));
	return counter_read(&b->counters, r.counters);
}

static err_t
take_certificate(struct book *b, const struct segment_record *s)
{
	struct record_certificate_sign r;
	uint8_t print[COUNTER_PRINT];
	TRY(record_read(s->type, s->payload, &r));
	if (r.serial[0] != 0) { /* in a snapshot it is zeros, and stands with the counters */
		counter_print_serial(r.serial, print);
		counter_add(&b->counters, print, 1, 0);
	}
	if (r.use != KEYSTORE_OCSP || b->has_ocsp_key)
		return OK;
	b->has_ocsp_key = true;
	memcpy(b->ocsp_key, r.spki_sha256, sizeof b->ocsp_key);
	return OK;
}

static err_t
take_crl(struct book *b, const struct segment_record *s)
{
	struct record_crl_sign r;
	TRY(record_read(s->type, s->payload, &r));
	if (r.number > b->crl_number)
		b->crl_number = r.number;
	return OK;
}

static err_t
take_checkpoint(struct book *b, const struct segment_record *s)
{
	struct record_checkpoint_sign r;
	TRY(record_read(s->type, s->payload, &r));
	if (r.size > b->checkpoint_size)
		b->checkpoint_size = r.size;
	return OK;
}

static err_t
take(struct book *b, const struct segment_record *s)
{
	switch (s->type) {
	case RECORD_ACTIVATION_BEGUN:
		return take_begun(b, s);
	case RECORD_CODE_SENT:
		return take_sent(b, s);
	case RECORD_CODE_TRIED:
		return take_tried(b, s);
	case RECORD_CODE_PROVED:
		return take_proved(b, s);
	case RECORD_ACTIVATION_COMPLETED:
		return take_completed(b, s);
	case RECORD_COUNTERS:
		return take_counters(b, s);
	case RECORD_PEN_KEY:
		return take_pen_key(b, s);
	case RECORD_PEN_ATTRIBUTES:
		return take_attributes(b, s);
	case RECORD_PEN_RESULT:
		return take_result(b, s);
	case RECORD_DOCUMENT_RESULT:
		return take_document_result(b, s);
	case RECORD_INTENT_VOIDED:
		return take_voided(b, s);
	case RECORD_PROOF_SEAL:
		return take_proof_seal(b, s);
	case RECORD_CERTIFICATE_SIGN:
		return take_certificate(b, s);
	case RECORD_CRL_SIGN:
		return take_crl(b, s);
	case RECORD_CHECKPOINT_SIGN:
		return take_checkpoint(b, s);
	default:
		return OK; /* evidence only: nothing is remembered of it */
	}
}

err_t
book_apply(void *book, const struct segment_record *record)
{
	struct book *b = book;
	pthread_mutex_lock(&b->lock);
	if (record->at > b->newest_at)
		b->newest_at = record->at;
	err_t e = take(b, record);
	pthread_mutex_unlock(&b->lock);
	return e;
}

/* ---- asking ---- */

err_t
book_activation(struct book *b, const uint8_t id[RECORD_ID], struct book_activation *ret_activation)
{
	pthread_mutex_lock(&b->lock);
	const struct entry *e = book_find(&b->activations, id);
	if (e != NULL)
		*ret_activation = e->is.activation;
	pthread_mutex_unlock(&b->lock);
	return e != NULL ? OK : err_make(ERR_ACTIVATION, "no such activation");
}

err_t
book_intent(struct book *b, const uint8_t id[RECORD_ID], struct book_intent *ret_intent)
{
	pthread_mutex_lock(&b->lock);
	const struct entry *e = book_find(&b->intents, id);
	if (e != NULL)
		*ret_intent = e->is.intent;
	pthread_mutex_unlock(&b->lock);
	return e != NULL ? OK : err_make(ERR_INTENT, "no such intent");
}

struct counter
book_counter(struct book *b, const uint8_t request[RECORD_ID], const uint8_t signer[RECORD_ID])
{
	uint8_t print[COUNTER_PRINT];
	counter_print(request, signer, print);
	pthread_mutex_lock(&b->lock);
	struct counter c = counter_get(&b->counters, print);
	pthread_mutex_unlock(&b->lock);
	return c;
}

uint32_t
book_wrong_codes(struct book *b, const uint8_t address[RECORD_HASH])
{
	uint8_t print[COUNTER_PRINT];
	counter_print_address(address, print);
	pthread_mutex_lock(&b->lock);
	uint32_t wrong = counter_get(&b->counters, print).tries;
	pthread_mutex_unlock(&b->lock);
	return wrong;
}

bool
book_ocsp_key_fits(struct book *b, const uint8_t spki_sha256[RECORD_HASH])
{
	pthread_mutex_lock(&b->lock);
	bool fits = !b->has_ocsp_key || memcmp(b->ocsp_key, spki_sha256, RECORD_HASH) == 0;
	pthread_mutex_unlock(&b->lock);
	return fits;
}

bool
book_has_serial(struct book *b, const uint8_t serial[RECORD_SERIAL])
{
	uint8_t print[COUNTER_PRINT];
	counter_print_serial(serial, print);
	pthread_mutex_lock(&b->lock);
	bool has = counter_get(&b->counters, print).tries > 0;
	for (const struct entry *e = *book_serial_bucket(b, serial); e != NULL && !has; e = e->next_serial)
		has = memcmp(e->is.intent.serial, serial, RECORD_SERIAL) == 0;
	pthread_mutex_unlock(&b->lock);
	return has;
}

uint64_t
book_crl_number(struct book *b)
{
	pthread_mutex_lock(&b->lock);
	uint64_t number = b->crl_number;
	pthread_mutex_unlock(&b->lock);
	return number;
}

uint64_t
book_checkpoint_size(struct book *b)
{
	pthread_mutex_lock(&b->lock);
	uint64_t size = b->checkpoint_size;
	pthread_mutex_unlock(&b->lock);
	return size;
}

bool
book_claim(struct book *b, const uint8_t id[RECORD_ID])
{
	bool free_yet = true;
	pthread_mutex_lock(&b->lock);
	for (size_t i = 0; i < b->claims_n && free_yet; i++)
		free_yet = memcmp(b->claims[i], id, RECORD_ID) != 0;
	if (b->claims_n == CLAIMS_MAX)
		free_yet = false;
	if (free_yet)
		memcpy(b->claims[b->claims_n++], id, RECORD_ID);
	pthread_mutex_unlock(&b->lock);
	return free_yet;
}

void
book_release(struct book *b, const uint8_t id[RECORD_ID])
{
	pthread_mutex_lock(&b->lock);
	for (size_t i = 0; i < b->claims_n; i++)
		if (memcmp(b->claims[i], id, RECORD_ID) == 0) {
			b->claims_n--;
			memmove(b->claims[i], b->claims[b->claims_n], RECORD_ID);
			break;
		}
	pthread_mutex_unlock(&b->lock);
}

void
book_bar(struct book *b, const uint8_t id[RECORD_ID])
{
	pthread_mutex_lock(&b->lock);
	memcpy(b->barred[b->barred_n++ % BARRED_MAX], id, RECORD_ID);
	pthread_mutex_unlock(&b->lock);
}

bool
book_is_barred(struct book *b, const uint8_t id[RECORD_ID])
{
	bool is = false;
	pthread_mutex_lock(&b->lock);
	size_t n = b->barred_n < BARRED_MAX ? b->barred_n : BARRED_MAX;
	for (size_t i = 0; i < n && !is; i++)
		is = memcmp(b->barred[i], id, RECORD_ID) == 0;
	pthread_mutex_unlock(&b->lock);
	return is;
}
