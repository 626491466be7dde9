#include "keys/activation.h"
#include "base/fault.h"
#include "base/log.h"
#include "der/der.h"
#include "keys/codes.h"
#include "keys/plans.h"
#include "keys/registration.h"
#include "os/clock.h"

enum { SHORT_HASH = 20, MASKED = sizeof((paraph_ActivationState *)0)->masked_address };
enum { COURIER_TIMEOUT_US = 5 * 1000 * 1000, COURIER_LATE_US = 30 * 1000 * 1000 };
/* As many as courier delivers codes at a time, and nowhere more than half of the workers. */
enum { COURIER_LATE_WAITERS = 4 };

/* ---- the states, as a table ---- */

static const bool permitted[ACTIVATION_STATES][ACTIVATION_EVENTS] = {
    [ACTIVATION_BEGUN] = {[ACTIVATION_SEND] = true, [ACTIVATION_TRY] = true},
    [ACTIVATION_PROVED] = {[ACTIVATION_CONSENT] = true},
    [ACTIVATION_COMPLETE] = {[ACTIVATION_SIGN] = true},
};

enum activation_state
activation_state(const struct book_activation *a)
{
	return a->completed_at != 0 ? ACTIVATION_COMPLETE : a->proved_at != 0 ? ACTIVATION_PROVED : ACTIVATION_BEGUN;
}

err_t
activation_check(const struct book_activation *a, enum activation_event event, int64_t now)
{
	static const char *const names[] = {"not proved yet", "proved", "complete"};
	enum activation_state state = activation_state(a);
	if (now >= a->expires_at)
		return err_make(ERR_ACTIVATION_EXPIRED, "the activation has expired");
	if (!permitted[state][event])
		return err_make(ERR_ACTIVATION_STATE, "the activation is %s", names[state]);
	return OK;
}

/* ---- the note: what is needed to send another code, sealed, so that the journal holds no address in clear ---- */

struct note {
	paraph_Method method;
	struct str address, sender, title;
};

static err_t
note_write(struct desk *d, const struct note *note, struct buf *b)
{
	uint8_t room[BOOK_NOTE_MAX];
	struct encode w = encode_init(room, sizeof room);
	struct bytes der;
	encode_tlv(&w, DER_UTF8, str_bytes(note->title));
	encode_tlv(&w, DER_UTF8, str_bytes(note->sender));
	encode_tlv(&w, DER_UTF8, str_bytes(note->address));
	encode_u64(&w, (uint64_t)note->method);
	encode_wrap(&w, DER_SEQUENCE, 0);
	TRY(encode_done(&w, &der));
	return keystore_wrap(d->keystore, der, b);
}

/* The texts point into b. */
static err_t
note_read(struct desk *d, const struct book_activation *a, struct buf *b, struct note *ret_note)
{
	TRY(keystore_unwrap(d->keystore, bytes(a->note, a->note_n), b));
	struct decode top = decode_init(buf_bytes(b));
	struct decode s = decode_enter(&top, DER_SEQUENCE);
	struct note note = {.method = (paraph_Method)decode_u64(&s, 2)};
	note.address = decode_text(&s);
	note.sender = decode_text(&s);
	note.title = decode_text(&s);
	TRY(decode_check(&top));
	*ret_note = note;
	return OK;
}

/* ---- answers ---- */

/* "j***@example.com", "+33******12" */
static void
mask(struct str address, char ret_masked[MASKED])
{
	const char *at = memchr(address.p, '@', address.n);
	size_t shown = at != NULL ? 1 : 3, rest = at != NULL ? (size_t)(at - address.p) : address.n - 2;
	if (address.n < 4 || (at != NULL && at == address.p)) {
		snprintf(ret_masked, MASKED, "***");
		return;
	}
	/* a multi-octet first character is shown whole */
	while (at != NULL && shown < rest && ((uint8_t)address.p[shown] & 0xc0) == 0x80)
		shown++;
	snprintf(ret_masked, MASKED, "%.*s***%.*s", (int)shown, address.p, (int)(address.n - rest), address.p + rest);
}

static uint32_t
left(uint32_t limit, uint32_t used)
{
	return used >= limit ? 0 : limit - used;
}

static err_t
answer_state(struct desk *d, const uint8_t id[RECORD_ID], int64_t code_expires_at, paraph_Keys *ret_answer)
{
	struct book_activation a;
	struct note note;
	AUTO_BUF(text, BOOK_NOTE_MAX);
	TRY(book_activation(d->book, id, &a));
	TRY(note_read(d, &a, &text, &note));
	struct counter c = book_counter(d->book, a.request, a.signer);
	paraph_ActivationState *s = &ret_answer->body.activation_state;
	*s = (paraph_ActivationState){.expires_at = a.expires_at,
	    .code_expires_at = code_expires_at,
	    .tries_left = left(LIMIT_CODE_TRIES, c.tries),
	    .sends_left = left(LIMIT_CODE_SENDS, c.sends),
	    .proved = a.proved_at != 0,
	    .complete = a.completed_at != 0};
	mask(note.address, s->masked_address);
	s->digest.size = RECORD_HASH;
	memcpy(s->digest.bytes, a.digest, RECORD_HASH);
	ret_answer->which_body = paraph_Keys_activation_state_tag;
	FAULT_POINT("keys.activation.answer");
	return OK;
}

/* ---- enrolment ---- */

err_t
activation_enrol(struct desk *d, const paraph_Enrol *m, paraph_Keys *ret_answer)
{
	if (!m->has_registration)
		return err_make(ERR_INPUT, "no registration");
	TRY(registration_check(&m->registration));
	struct record_enrolled record = {0};
	memcpy(record.registration, m->registration.id.bytes, sizeof record.registration);
	memcpy(record.digest, m->registration.digest.bytes, sizeof record.digest);
	registration_mac(d->keystore, &m->registration, record.mac);
	TRY(desk_record(d, RECORD_ENROLLED, clock_now(), &record));
	FAULT_POINT("keys.enrol.record");
	paraph_Enrolled *e = &ret_answer->body.enrolled;
	e->mac.size = KEYSTORE_MAC_LEN;
	memcpy(e->mac.bytes, record.mac, KEYSTORE_MAC_LEN);
	ret_answer->which_body = paraph_Keys_enrolled_tag;
	return OK;
}

/* ---- codes ---- */

/* "7F3A-91C2-04D5-E6B7", what a signer compares with the page (core/facts.c shows the same): of the one document that this code
 * signs, or of the digests of all of them in their order. 64 bits: core cannot find another document that has them too. */
static void
short_hash(const struct book_activation *a, char ret_text[SHORT_HASH])
{
	uint8_t all[LIMIT_DOCUMENTS * RECORD_HASH], sha256[RECORD_HASH];
	for (size_t i = 0; i < a->documents_n; i++)
		memcpy(all + i * RECORD_HASH, a->documents[i].revision0_sha256, RECORD_HASH);
	digest_sha256(bytes(all, a->documents_n * RECORD_HASH), sha256);
	const uint8_t *p = a->documents_n == 1 ? a->documents[0].revision0_sha256 : sha256;
	snprintf(ret_text, SHORT_HASH, "%02X%02X-%02X%02X-%02X%02X-%02X%02X", p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]);
}

static err_t
hand_over(struct desk *d, const struct book_activation *a, const uint8_t code[CODES_DIGITS], int64_t expires_at)
{
	struct note note;
	AUTO_BUF(text, BOOK_NOTE_MAX);
	TRY(note_read(d, a, &text, &note));
	if (d->courier == NULL)
		return err_make(ERR_PEER_GONE, "there is no way to send a code");
	paraph_Courier *m = message_new(&message_courier);
	paraph_CodeMessage *c = &m->body.code;
	m->which_body = paraph_Courier_code_tag;
	c->transport = note.method == paraph_Method_METHOD_SMS_CODE ? paraph_Transport_TRANSPORT_SMS
	                                                            : paraph_Transport_TRANSPORT_EMAIL;
	snprintf(c->address, sizeof c->address, "%.*s", STR_ARG(note.address));
	snprintf(c->title, sizeof c->title, "%.*s", STR_ARG(note.title));
	snprintf(c->sender, sizeof c->sender, "%.*s", STR_ARG(note.sender));
	short_hash(a, c->short_hash);
	c->documents = (uint32_t)a->documents_n;
	c->code.size = CODES_DIGITS;
	memcpy(c->code.bytes, code, CODES_DIGITS);
	c->expires_at = expires_at;
	int64_t deadline = clock_monotonic() + COURIER_TIMEOUT_US;
	err_t e = client_call(d->courier, m, NULL, 0, COURIER_TIMEOUT_US, NULL);
	message_free(&message_courier, m);
	if (err_is(e) && clock_monotonic() >= deadline)
		d->courier_late_until = deadline + COURIER_LATE_US;
	return e;
}

/* After courier let a worker wait in vain, few of them wait for it at a time for a while: the others go on signing. */
static err_t
courier_enter(struct desk *d)
{
	if (++d->courier_waiting <= COURIER_LATE_WAITERS || clock_monotonic() >= d->courier_late_until)
		return OK;
	d->courier_waiting--;
	return err_make(ERR_DEADLINE, "codes take too long to go out");
}

/* Whether another code makes sense. */
static err_t
counts_check(struct desk *d, const uint8_t *request, const uint8_t *signer, const uint8_t *address)
{
	struct counter c = book_counter(d->book, request, signer);
	if (c.sends >= LIMIT_CODE_SENDS)
		return err_make(ERR_CODE_SENDS, "%d codes were sent", LIMIT_CODE_SENDS);
	if (c.tries >= LIMIT_CODE_TRIES)
		return err_make(ERR_CODE_TRIES, "%d codes were tried", LIMIT_CODE_TRIES);
	if (book_wrong_codes(d->book, address) >= LIMIT_WRONG_CODES)
		return err_make(ERR_CODE_TRIES, "%d wrong codes were tried for this address; register the person with another one",
		    LIMIT_WRONG_CODES);
	return OK;
}

/* Makes and sends a code: counted and journaled before it exists. */
static err_t
make_code(struct desk *d, const struct book_activation *a, int64_t *ret_expires_at)
{
	int64_t now = clock_now(), life = d->instance.code_minutes * TIME_MINUTE;
	struct record_code_sent record = {.expires_at = (uint64_t)(now + life)};
	memcpy(record.activation, a->id, sizeof record.activation);
	TRY(desk_record(d, RECORD_CODE_SENT, now, &record));
	FAULT_POINT("keys.code.sent");
	uint8_t code[CODES_DIGITS];
	int64_t ticks = clock_monotonic();
	TRY(codes_make(d->codes, a->id, ticks, ticks + life, code));
	err_t e = hand_over(d, a, code, now + life);
	secret_wipe(code, sizeof code);
	if (err_is(e)) {
		codes_drop(d->codes, a->id);
		return e;
	}
	*ret_expires_at = now + life;
	return OK;
}

static err_t
send_code(struct desk *d, const struct book_activation *a, int64_t *ret_expires_at)
{
	TRY(counts_check(d, a->request, a->signer, a->address));
	TRY(courier_enter(d)); /* before a send is counted */
	err_t e = make_code(d, a, ret_expires_at);
	d->courier_waiting--;
	return e;
}

/* ---- begin ---- */

static err_t
begin_check(struct desk *d, const paraph_ActivationBegin *m)
{
	if (m->activation.size != RECORD_ID || m->request.size != RECORD_ID || m->signer.size != RECORD_ID
	    || m->terms_sha256.size != RECORD_HASH || !m->has_registration || m->documents_count == 0)
		return err_make(ERR_INPUT, "the activation is not complete");
	for (size_t i = 0; i < m->documents_count; i++) {
		if (m->documents[i].revision0_sha256.size != RECORD_HASH || m->documents[i].plan_sha256.size != RECORD_HASH)
			return err_make(ERR_INPUT, "document %zu of the activation is not complete", i);
		TRY(plans_check(d, &m->documents[i]));
	}
	TRY(registration_check(&m->registration));
	return registration_mac_check(d->keystore, &m->registration,
	    bytes(m->registration_mac.bytes, m->registration_mac.size));
}

static void
begin_documents(const paraph_ActivationBegin *m, struct buf *b)
{
	for (size_t i = 0; i < m->documents_count; i++) {
		struct record_document doc = {.field = m->documents[i].field};
		memcpy(doc.revision0_sha256, m->documents[i].revision0_sha256.bytes, RECORD_HASH);
		memcpy(doc.plan_sha256, m->documents[i].plan_sha256.bytes, RECORD_HASH);
		record_document_write(&doc, b);
	}
}

/* The digest of what is bound from the start: the record itself with neither digest nor note. */
static void
begin_digest(struct record_activation_begun *record)
{
	AUTO_BUF(b, SEGMENT_PAYLOAD_MAX);
	record_write(RECORD_ACTIVATION_BEGUN, record, &b);
	digest_sha256(buf_bytes(&b), record->digest);
}

static err_t
begin_record(struct desk *d, const paraph_ActivationBegin *m, int64_t now)
{
	AUTO_BUF(documents, SEGMENT_PAYLOAD_MAX);
	AUTO_BUF(note, BOOK_NOTE_MAX);
	struct str sender, title;
	TRY(str_check(bytes(m->sender, strlen(m->sender)), &sender));
	TRY(str_check(bytes(m->documents[0].title, strlen(m->documents[0].title)), &title));
	begin_documents(m, &documents);
	struct record_activation_begun r = {.documents = buf_bytes(&documents),
	    .expires_at = (uint64_t)(now + d->instance.activation_minutes * TIME_MINUTE)};
	memcpy(r.activation, m->activation.bytes, RECORD_ID);
	memcpy(r.request, m->request.bytes, RECORD_ID);
	memcpy(r.signer, m->signer.bytes, RECORD_ID);
	memcpy(r.registration_digest, m->registration.digest.bytes, RECORD_HASH);
	registration_subject_digest(&m->registration.subject, r.subject_sha256);
	memcpy(r.terms_sha256, m->terms_sha256.bytes, RECORD_HASH);
	registration_address_mac(d->keystore, &m->registration, r.address);
	begin_digest(&r);
	TRY(note_write(d, &(struct note){m->registration.method, str_c(m->registration.address), sender, title}, &note));
	r.note = buf_bytes(&note);
	return desk_record(d, RECORD_ACTIVATION_BEGUN, now, &r);
}

/* Whether an activation that exists already is the one that is asked for again. */
static bool
same_activation(const struct book_activation *a, const paraph_ActivationBegin *m)
{
	uint8_t subject[RECORD_HASH];
	registration_subject_digest(&m->registration.subject, subject);
	bool same = memcmp(a->request, m->request.bytes, RECORD_ID) == 0
	    && memcmp(a->signer, m->signer.bytes, RECORD_ID) == 0
	    && memcmp(a->registration_digest, m->registration.digest.bytes, RECORD_HASH) == 0
	    && memcmp(a->terms_sha256, m->terms_sha256.bytes, RECORD_HASH) == 0
	    && memcmp(a->subject_sha256, subject, RECORD_HASH) == 0 && a->documents_n == m->documents_count;
	for (size_t i = 0; same && i < a->documents_n; i++)
		same = a->documents[i].field == m->documents[i].field
		    && memcmp(a->documents[i].revision0_sha256, m->documents[i].revision0_sha256.bytes, RECORD_HASH) == 0
		    && memcmp(a->documents[i].plan_sha256, m->documents[i].plan_sha256.bytes, RECORD_HASH) == 0;
	return same;
}

static err_t
begin(struct desk *d, const paraph_ActivationBegin *m, paraph_Keys *ret_answer)
{
	struct book_activation a;
	uint8_t address[RECORD_HASH];
	int64_t expires_at = 0;
	if (!err_is(book_activation(d->book, m->activation.bytes, &a))) {
		if (!same_activation(&a, m))
			return err_make(ERR_ACTIVATION, "another activation has this id");
		return answer_state(d, a.id, 0, ret_answer);
	}
	registration_address_mac(d->keystore, &m->registration, address);
	TRY(counts_check(d, m->request.bytes, m->signer.bytes, address));
	TRY(begin_record(d, m, clock_now()));
	FAULT_POINT("keys.activation.begun");
	TRY(book_activation(d->book, m->activation.bytes, &a));
	TRY(send_code(d, &a, &expires_at));
	return answer_state(d, a.id, expires_at, ret_answer);
}

/* The counters belong to request and signer, so that is what one thread at a time may judge. */
static void
claim_of(const uint8_t request[RECORD_ID], const uint8_t signer[RECORD_ID], uint8_t ret_claim[RECORD_ID])
{
	memset(ret_claim, 0, RECORD_ID);
	counter_print(request, signer, ret_claim);
}

err_t
activation_begin(struct desk *d, const paraph_ActivationBegin *m, paraph_Keys *ret_answer)
{
	uint8_t claim[RECORD_ID];
	TRY(begin_check(d, m));
	TRY(desk_clock_check());
	claim_of(m->request.bytes, m->signer.bytes, claim);
	/* the id too: it may be begun once only, whoever it is for */
	if (!book_claim(d->book, m->activation.bytes))
		return err_make(ERR_BUSY, "this activation is being begun");
	err_t e;
	if (book_claim(d->book, claim)) {
		e = begin(d, m, ret_answer);
		book_release(d->book, claim);
	} else {
		e = err_make(ERR_BUSY, "this signer's activation is being changed");
	}
	book_release(d->book, m->activation.bytes);
	return e;
}

/* Finds the activation and claims its signer; the caller releases *ret_claim when this succeeded. */
static err_t
take(struct desk *d, const uint8_t *id, size_t id_n, struct book_activation *ret_activation, uint8_t ret_claim[RECORD_ID])
{
	if (id_n != RECORD_ID)
		return err_make(ERR_INPUT, "an activation id has %d octets", RECORD_ID);
	TRY(desk_clock_check());
	TRY(book_activation(d->book, id, ret_activation));
	claim_of(ret_activation->request, ret_activation->signer, ret_claim);
	if (!book_claim(d->book, ret_claim))
		return err_make(ERR_BUSY, "this signer's activation is being changed");
	err_t e = book_activation(d->book, id, ret_activation); /* as it is now that it is ours */
	if (err_is(e))
		book_release(d->book, ret_claim);
	return e;
}

/* ---- another code ---- */

err_t
activation_send(struct desk *d, const paraph_CodeSend *m, paraph_Keys *ret_answer)
{
	struct book_activation a;
	uint8_t claim[RECORD_ID];
	int64_t expires_at = 0;
	TRY(take(d, m->activation.bytes, m->activation.size, &a, claim));
	err_t e = activation_check(&a, ACTIVATION_SEND, clock_now());
	if (!err_is(e))
		e = send_code(d, &a, &expires_at);
	book_release(d->book, claim);
	return err_is(e) ? e : answer_state(d, a.id, expires_at, ret_answer);
}

/* ---- a typed code ---- */

/* Journals the try, then compares: no kill, resend or new activation gives a try back. */
static err_t
try_code(struct desk *d, const struct book_activation *a, struct bytes given)
{
	struct record_activation record;
	memcpy(record.activation, a->id, sizeof record.activation);
	if (book_counter(d->book, a->request, a->signer).tries >= LIMIT_CODE_TRIES)
		return err_make(ERR_CODE_TRIES, "%d codes were tried", LIMIT_CODE_TRIES);
	TRY(codes_open(d->codes, a->id, clock_monotonic()));
	TRY(desk_record(d, RECORD_CODE_TRIED, clock_now(), &record));
	FAULT_POINT("keys.code.tried");
	uint32_t tries = book_counter(d->book, a->request, a->signer).tries;
	/* Only now, with this try among them: others may be trying for the same person at this moment. */
	if (book_wrong_codes(d->book, a->address) > LIMIT_WRONG_CODES) {
		log_security("code-guessing", "too many wrong codes for one address");
		codes_drop(d->codes, a->id);
		return err_make(ERR_CODE_TRIES, "%d wrong codes were tried for this address", LIMIT_WRONG_CODES);
	}
	err_t e = codes_compare(d->codes, a->id, clock_monotonic(), given);
	if (err_is(e) && tries >= LIMIT_CODE_TRIES) {
		codes_drop(d->codes, a->id);
		return err_make(ERR_CODE_TRIES, "that was code %d", LIMIT_CODE_TRIES);
	}
	TRY(e);
	TRY(desk_record(d, RECORD_CODE_PROVED, clock_now(), &record));
	FAULT_POINT("keys.code.proved");
	return OK;
}

err_t
activation_try(struct desk *d, paraph_CodeTry *m, paraph_Keys *ret_answer)
{
	struct book_activation a;
	uint8_t claim[RECORD_ID];
	err_t e = take(d, m->activation.bytes, m->activation.size, &a, claim);
	if (!err_is(e)) {
		/* asked again after a lost answer: it is proved, and nothing more is learned */
		if (activation_state(&a) != ACTIVATION_PROVED || clock_now() >= a.expires_at)
			e = activation_check(&a, ACTIVATION_TRY, clock_now());
		if (!err_is(e) && activation_state(&a) == ACTIVATION_BEGUN)
			e = try_code(d, &a, bytes(m->code.bytes, m->code.size));
		book_release(d->book, claim);
	}
	secret_wipe(&m->code, sizeof m->code);
	return err_is(e) ? e : answer_state(d, a.id, 0, ret_answer);
}

/* ---- the explicit act ---- */

static err_t
complete(struct desk *d, const struct book_activation *a, const paraph_ActivationComplete *m)
{
	struct record_activation_completed r = {0};
	AUTO_BUF(appearances, LIMIT_DOCUMENTS * RECORD_HASH);
	for (size_t i = 0; i < m->appearance_sha256_count; i++)
		buf_put(&appearances, bytes(m->appearance_sha256[i].bytes, RECORD_HASH));
	r.appearances = buf_bytes(&appearances);
	memcpy(r.activation, a->id, RECORD_ID);
	memcpy(r.consent_sha256, m->consent_sha256.bytes, RECORD_HASH);
	AUTO_DIGEST(digest, DIGEST_SHA256);
	digest_add(digest, BYTES_OF(a->digest));
	digest_add(digest, BYTES_OF(r.consent_sha256));
	digest_add(digest, r.appearances);
	digest_end(digest, r.digest);
	TRY(desk_record(d, RECORD_ACTIVATION_COMPLETED, clock_now(), &r));
	FAULT_POINT("keys.activation.completed");
	return OK;
}

/* The same act, told again because the answer was lost. */
static bool
same_consent(const struct book_activation *a, const paraph_ActivationComplete *m)
{
	bool same = activation_state(a) == ACTIVATION_COMPLETE
	    && memcmp(a->consent_sha256, m->consent_sha256.bytes, RECORD_HASH) == 0;
	for (size_t i = 0; same && i < a->documents_n; i++)
		same = memcmp(a->appearances[i], m->appearance_sha256[i].bytes, RECORD_HASH) == 0;
	return same;
}

static err_t
complete_check(const struct book_activation *a, const paraph_ActivationComplete *m)
{
	if (m->consent_sha256.size != RECORD_HASH || m->appearance_sha256_count != a->documents_n)
		return err_make(ERR_INPUT, "the consent is not complete");
	for (size_t i = 0; i < m->appearance_sha256_count; i++)
		if (m->appearance_sha256[i].size != RECORD_HASH)
			return err_make(ERR_INPUT, "appearance %zu is not a digest", i);
	if (same_consent(a, m) && clock_now() < a->expires_at)
		return OK;
	return activation_check(a, ACTIVATION_CONSENT, clock_now());
}

err_t
activation_complete(struct desk *d, const paraph_ActivationComplete *m, paraph_Keys *ret_answer)
{
	struct book_activation a;
	uint8_t claim[RECORD_ID];
	TRY(take(d, m->activation.bytes, m->activation.size, &a, claim));
	err_t e = complete_check(&a, m);
	if (!err_is(e) && !same_consent(&a, m))
		e = complete(d, &a, m);
	book_release(d->book, claim);
	return err_is(e) ? e : answer_state(d, a.id, 0, ret_answer);
}
