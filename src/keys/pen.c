#include "keys/pen.h"
#include "ades/cms.h"
#include "base/fault.h"
#include "base/log.h"
#include "keys/activation.h"
#include "keys/pens.h"
#include "keys/registration.h"
#include "keys/revisions.h"
#include "keys/unit.h"
#include "os/clock.h"
#include "os/file.h"
#include "pki/lint.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { FD_BASE, FD_PLAN, FD_OUT, FDS };
enum { TBS_MAX = 4096 };

/* One signature while its key exists. */
struct act {
	struct desk *d;
	const paraph_SignBegin *m;
	struct book_activation activation;
	const struct record_document *document; /* in it */
	struct pen *pen;
	struct bytes base_sha256;               /* of the base file, 32 octets */
	struct certificate issuer;
	int64_t now;
	struct keystore_once *key;
	int64_t key_made_at;
	size_t tbs_n, certificate_n, attributes_n, signature_n;
	uint8_t tbs[TBS_MAX];
	uint8_t certificate[BOOK_CERTIFICATE_MAX];
	uint8_t attributes[BOOK_ATTRIBUTES_MAX];
	uint8_t signature[ECDSA_SIGNATURE_MAX];
};

static err_t
refuse(const char *why)
{
	log_security("not-consented", why);
	return err_make(ERR_NOT_CONSENTED, "%s", why);
}

/* ---- what was asked against what the signer consented to ---- */

static err_t
message_check(const paraph_SignBegin *m)
{
	if (m->intent.size != RECORD_ID || m->activation.size != RECORD_ID || m->registration_digest.size != RECORD_HASH
	    || !m->has_subject)
		return err_make(ERR_INPUT, "the request to sign is not complete");
	/* 20 octets, positive, no leading zero [EN 319 411-1 GEN-6.3.3-02A] */
	if (m->serial.size != RECORD_SERIAL || m->serial.bytes[0] < 0x40 || m->serial.bytes[0] > 0x7f)
		return err_make(ERR_SERIAL, "a serial has 20 octets and starts with 0x40 to 0x7f");
	return OK;
}

static err_t
subject_check(const struct book_activation *a, const paraph_SignBegin *m)
{
	uint8_t subject[RECORD_HASH];
	registration_subject_digest(&m->subject, subject);
	if (memcmp(subject, a->subject_sha256, sizeof subject) != 0)
		return refuse("the subject is not the one that was activated");
	if (memcmp(m->registration_digest.bytes, a->registration_digest, RECORD_HASH) != 0)
		return refuse("the registration is not the one that was activated");
	return OK;
}

static err_t
activation_get(struct act *t)
{
	TRY(book_activation(t->d->book, t->m->activation.bytes, &t->activation));
	if (t->m->document >= t->activation.documents_n)
		return refuse("the activation has no such document");
	t->document = &t->activation.documents[t->m->document];
	return subject_check(&t->activation, t->m);
}

/* ---- plan and base ---- */

static err_t
regular_file(int fd, uint64_t most, uint64_t *ret_size)
{
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return err_make(ERR_INPUT, "a descriptor is missing or not of a file");
	if (st.st_size < 0 || (uint64_t)st.st_size > most)
		return err_make(ERR_LIMIT, "a file of %lld octets", (long long)st.st_size);
	*ret_size = (uint64_t)st.st_size;
	return OK;
}

static err_t
plan_get(struct act *t, int fd)
{
	uint8_t digest[RECORD_HASH];
	uint64_t size;
	struct pen *pen = t->pen;
	TRY(regular_file(fd, LIMIT_PLAN, &size));
	uint8_t *octets = buf_extend(&pen->plan_octets, (size_t)size);
	if (octets == NULL)
		return buf_check(&pen->plan_octets);
	TRY(file_pread(fd, 0, (size_t)size, octets));
	digest_sha256(buf_bytes(&pen->plan_octets), digest);
	if (memcmp(digest, t->document->plan_sha256, sizeof digest) != 0)
		return refuse("the plan is not the one that was activated");
	return plan_read(buf_bytes(&pen->plan_octets), &pen->plan);
}

/* The field of the activation, showing what the signer chose, and the time-stamp field that belongs to it. */
static err_t
fields_check(struct act *t)
{
	struct pen *pen = t->pen;
	uint8_t appearance[RECORD_HASH];
	pen->field = t->document->field;
	pen->stamp_field = t->m->stamp_field;
	if (pen->field >= pen->plan.fields_n || pen->stamp_field >= pen->plan.fields_n)
		return refuse("the plan has no such field");
	const struct plan_field *field = &pen->plan.fields[pen->field], *stamp = &pen->plan.fields[pen->stamp_field];
	if (field->kind != PLAN_SIGNATURE || stamp->kind != PLAN_STAMP || stamp->signer != field->signer)
		return refuse("the fields are not a signature and its time-stamp");
	plan_appearance(&pen->plan, pen->field, appearance);
	if (memcmp(appearance, t->activation.appearances[t->m->document], sizeof appearance) != 0)
		return refuse("the appearance is not the one that the signer chose");
	return OK;
}

/* Revision 0 itself, or a later revision of it that this process wrote to its end. */
static err_t
base_expected(struct act *t, struct bytes *ret_sha256, uint64_t *ret_length)
{
	const paraph_RevisionRecord *r = &t->m->base;
	struct pen *pen = t->pen;
	if (!t->m->has_base) {
		tip_start(&pen->plan, &pen->tip);
		*ret_sha256 = BYTES_OF(t->document->revision0_sha256);
		*ret_length = pen->plan.length;
		return OK;
	}
	struct book_intent before;
	TRY(revisions_record_check(t->d, r, &pen->tip));
	if (!err_is(book_intent(t->d->book, r->intent.bytes, &before)) && before.known == BOOK_VOIDED)
		return refuse("the signature that the base ends with is void");
	if (memcmp(r->revision0_sha256.bytes, t->document->revision0_sha256, RECORD_HASH) != 0)
		return refuse("the base does not come from the document that the signer consented to");
	*ret_sha256 = bytes(r->sha256.bytes, RECORD_HASH);
	*ret_length = r->length;
	return OK;
}

static err_t
base_get(struct act *t, int fd)
{
	uint8_t digest[RECORD_HASH];
	uint64_t size, length;
	TRY(base_expected(t, &t->base_sha256, &length));
	TRY(regular_file(fd, (uint64_t)LIMIT_DOCUMENT_MB * 2 * 1024 * 1024, &size));
	if (size != length || t->pen->tip.length != length)
		return refuse("the file has another length than the one that the signer consented to");
	TRY(digest_file(fd, 0, size, t->pen->hash));
	digest_peek(t->pen->hash, digest);
	if (!bytes_eq(BYTES_OF(digest), t->base_sha256))
		return refuse("the file is not the one that the signer consented to");
	return OK;
}

/* Ours from now on: append-only, and empty. */
static err_t
out_get(struct act *t, int fd, bool again)
{
	uint64_t size;
	TRY(regular_file(fd, LIMIT_INCREMENT, &size));
	int flags = fcntl(fd, F_GETFL);
	if ((flags & O_ACCMODE) == O_RDONLY || (flags & O_APPEND) == 0)
		return err_make(ERR_INPUT, "the file for increments is not append-only");
	if (size != 0 && !again)
		return err_make(ERR_INPUT, "the file for increments is not empty");
	if (size != 0 && ftruncate(fd, 0) != 0)
		return err_errno("emptying the file for increments");
	t->pen->out_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return t->pen->out_fd < 0 ? err_errno("keeping the file for increments") : OK;
}

static err_t
files_get(struct act *t, const int *fds, bool again)
{
	memcpy(t->pen->revision0_sha256, t->document->revision0_sha256, RECORD_HASH);
	TRY(plan_get(t, fds[FD_PLAN]));
	TRY(fields_check(t));
	TRY(base_get(t, fds[FD_BASE]));
	return out_get(t, fds[FD_OUT], again);
}

/* ---- the signature revision ---- */

static err_t
revision_make(struct act *t, int64_t dated_at, size_t room)
{
	struct pen *pen = t->pen;
	struct revision_words words = {0};
	TRY(str_check(bytes(t->m->subject.common_name, strlen(t->m->subject.common_name)), &words.name));
	pen->dated_at = dated_at;
	return revision_signature(&pen->plan, &pen->tip, pen->field, dated_at, &words, room, &pen->increment,
	    &pen->hole, &pen->tip_after);
}

/* SHA-256 of the file without the hole. */
static void
revision_digest(const struct pen *pen, uint8_t ret_digest[RECORD_HASH])
{
	struct digest *d = digest_clone(pen->hash);
	hole_digest(buf_bytes(&pen->increment), pen->hole, d);
	digest_peek(d, ret_digest);
	digest_free(d);
}

/* ---- key and certificate ---- */

static err_t
tbs_make(struct act *t)
{
	struct certificate_facts facts = {.spki = keystore_once_spki(t->key),
	    .issuer = t->issuer.subject,
	    .issuer_key_id = t->issuer.subject_key_id,
	    .algorithm = ALGORITHM_ECDSA_P256};
	memcpy(facts.serial, t->m->serial.bytes, sizeof facts.serial);
	TRY(registration_subject_facts(&t->m->subject, &facts.subject));
	TRY(profile_validity(&t->d->signer, t->now, t->d->instance.certificate_minutes * TIME_MINUTE,
	    t->issuer.not_after_at, &facts.not_before_at, &facts.not_after_at));
	struct encode w = encode_init(t->tbs, sizeof t->tbs);
	struct bytes tbs;
	TRY(certificate_tbs(&w, &t->d->signer, &t->d->facts, &facts));
	TRY(encode_done(&w, &tbs));
	memmove(t->tbs, tbs.p, tbs.n);
	t->tbs_n = tbs.n;
	return lint_certificate(bytes(t->tbs, t->tbs_n), &t->d->signer, &t->d->facts, &t->issuer, t->now);
}

/* What must be kept free in the file for signature, certificate, its CA's and a time-stamp. Each octet stands there twice,
 * in hexadecimal, whether it is used or not: so their sizes are what they are for this name, this service and this unit
 * (doc/decisions/0007). */
static err_t
room_make(const struct act *t, size_t *ret_room)
{
	struct cms_sizes sizes = {.attributes = CMS_ATTRIBUTES_PADES,
	    .certificates = certificate_size_max(t->tbs_n) + t->issuer.der.n,
	    .issuer = t->issuer.subject.n};
	TRY(unit_token_room(t->d, &sizes.time_stamp));
	size_t room = cms_size_max(&sizes);
	if (room > LIMIT_SIGNATURE_HOLE)
		return err_make(ERR_HOLE, "signature, chain and time-stamp need %zu octets", room);
	*ret_room = room;
	return OK;
}

static err_t
key_make(struct act *t)
{
	TRY(keystore_once_make(t->d->keystore, &t->key));
	t->key_made_at = clock_now();
	return tbs_make(t);
}

static err_t
key_record(struct act *t)
{
	struct record_pen_key r = {.document = t->m->document,
	    .spki = keystore_once_spki(t->key),
	    .tbs = bytes(t->tbs, t->tbs_n),
	    .base_length = t->pen->tip.length,
	    .key_made_at = (uint64_t)t->key_made_at};
	memcpy(r.intent, t->m->intent.bytes, RECORD_ID);
	memcpy(r.activation, t->m->activation.bytes, RECORD_ID);
	memcpy(r.serial, t->m->serial.bytes, RECORD_SERIAL);
	memcpy(r.base_sha256, t->base_sha256.p, RECORD_HASH);
	memcpy(r.revision0_sha256, t->document->revision0_sha256, RECORD_HASH);
	memcpy(r.plan_sha256, t->document->plan_sha256, RECORD_HASH);
	TRY(desk_record(t->d, RECORD_PEN_KEY, t->now, &r));
	FAULT_POINT("keys.pen.key");
	return OK;
}

static err_t
certificate_make(struct act *t)
{
	uint8_t signature[ECDSA_SIGNATURE_MAX];
	size_t n;
	TRY(desk_sign(t->d, KEYSTORE_ISSUING, bytes(t->tbs, t->tbs_n), signature, &n));
	struct encode w = encode_init(t->certificate, sizeof t->certificate);
	struct bytes der;
	TRY(certificate_join(&w, bytes(t->tbs, t->tbs_n), ALGORITHM_ECDSA_P256, bytes(signature, n)));
	TRY(encode_done(&w, &der));
	memmove(t->certificate, der.p, der.n);
	t->certificate_n = der.n;
	FAULT_POINT("keys.pen.certificate");
	return OK;
}

/* ---- the signature ---- */

static err_t
attributes_make(struct act *t)
{
	uint8_t digest[RECORD_HASH];
	revision_digest(t->pen, digest);
	struct bytes certificate = bytes(t->certificate, t->certificate_n), set;
	TRY(cms_signed_attributes(&(struct cms_attributes){BYTES_OF(digest), certificate, 0}, t->attributes,
	    sizeof t->attributes, &set));
	memmove(t->attributes, set.p, set.n);
	t->attributes_n = set.n;
	struct record_pen_attributes r = {.certificate = certificate, .attributes = bytes(t->attributes, set.n)};
	memcpy(r.intent, t->m->intent.bytes, RECORD_ID);
	TRY(desk_record(t->d, RECORD_PEN_ATTRIBUTES, clock_now(), &r));
	FAULT_POINT("keys.pen.attributes");
	return OK;
}

/* Signs, verifies, destroys. */
static err_t
signature_make(struct act *t, int64_t *ret_signed_at, int64_t *ret_destroyed_at)
{
	uint8_t digest[RECORD_HASH];
	digest_sha256(bytes(t->attributes, t->attributes_n), digest);
	TRY(keystore_once_sign(t->key, BYTES_OF(digest), t->signature, &t->signature_n));
	*ret_signed_at = clock_now();
	FAULT_POINT("keys.pen.signature");
	TRY(keystore_once_verify(t->key, BYTES_OF(digest), bytes(t->signature, t->signature_n)));
	keystore_once_destroy(t->key);
	t->key = NULL;
	*ret_destroyed_at = clock_now();
	return OK;
}

static err_t
result_record(struct act *t, int64_t signed_at, int64_t destroyed_at)
{
	const struct pen *pen = t->pen;
	struct record_pen_result r = {.signature = bytes(t->signature, t->signature_n),
	    .signed_at = (uint64_t)signed_at,
	    .key_destroyed_at = (uint64_t)destroyed_at,
	    .dated_at = (uint64_t)pen->dated_at,
	    .stamp_field = pen->stamp_field,
	    .increment_length = pen->increment.n,
	    .hole_from = pen->hole.from,
	    .hole_to = pen->hole.to};
	memcpy(r.intent, t->m->intent.bytes, RECORD_ID);
	digest_sha256(buf_bytes(&pen->increment), r.increment_sha256);
	TRY(desk_record(t->d, RECORD_PEN_RESULT, destroyed_at, &r));
	FAULT_POINT("keys.pen.result");
	return OK;
}

/* From the journaled key to the journaled result. */
static err_t
act_out(struct act *t)
{
	int64_t signed_at = 0, destroyed_at = 0;
	TRY(certificate_make(t));
	TRY(attributes_make(t));
	TRY(signature_make(t, &signed_at, &destroyed_at));
	return result_record(t, signed_at, destroyed_at);
}

static err_t
void_record(struct desk *d, const uint8_t intent[RECORD_ID], struct bytes reason)
{
	struct record_intent_voided r = {.reason = reason};
	memcpy(r.intent, intent, RECORD_ID);
	TRY(desk_record(d, RECORD_INTENT_VOIDED, clock_now(), &r));
	FAULT_POINT("keys.intent.voided");
	return OK;
}

/* Everything that may be refused comes before the key is journaled; what fails after that voids the intent. */
static err_t
sign(struct act *t)
{
	size_t room = 0;
	t->now = clock_now();
	TRY(activation_check(&t->activation, ACTIVATION_SIGN, t->now)); /* hashing the base may have taken long */
	TRY(desk_certificate(t->d, KEYSTORE_ISSUING, &t->issuer));
	TRY(key_make(t));
	TRY(room_make(t, &room));
	TRY(revision_make(t, time_floor(t->now), room));
	TRY(key_record(t));
	err_t e = act_out(t);
	if (!err_is(e))
		return OK;
	log_error(e, "pen");
	const char *why = err_info(e.code)->name;
	err_ignore(void_record(t->d, t->m->intent.bytes, bytes(why, strlen(why)))); /* without it the intent stays unfinished,
	                                                                              which settles the same way */
	return e;
}

/* ---- answers ---- */

static void
fill_answer(const struct book_intent *i, paraph_SignAnswer *ret_answer)
{
	*ret_answer = (paraph_SignAnswer){
	    .key_made_at = i->key_made_at, .signed_at = i->signed_at, .key_destroyed_at = i->key_destroyed_at};
	ret_answer->intent.size = RECORD_ID;
	memcpy(ret_answer->intent.bytes, i->id, RECORD_ID);
	ret_answer->certificate.size = (pb_size_t)i->certificate_n;
	memcpy(ret_answer->certificate.bytes, i->certificate, i->certificate_n);
	ret_answer->signature.size = (pb_size_t)i->signature_n;
	memcpy(ret_answer->signature.bytes, i->signature, i->signature_n);
	ret_answer->signed_attributes.size = (pb_size_t)i->attributes_n;
	memcpy(ret_answer->signed_attributes.bytes, i->attributes, i->attributes_n);
	ret_answer->spki_sha256.size = RECORD_HASH;
	memcpy(ret_answer->spki_sha256.bytes, i->spki_sha256, RECORD_HASH);
}

static err_t
answer_result(struct desk *d, const uint8_t intent[RECORD_ID], paraph_Keys *ret_answer)
{
	struct book_intent i;
	TRY(book_intent(d->book, intent, &i));
	fill_answer(&i, &ret_answer->body.sign_answer);
	ret_answer->which_body = paraph_Keys_sign_answer_tag;
	FAULT_POINT("keys.pen.answer");
	return OK;
}

/* ---- begin ---- */

/* The result as journaled, when the same is asked for again. */
static err_t
answer_again(struct desk *d, const paraph_SignBegin *m, const struct book_intent *i, paraph_Keys *ret_answer)
{
	if (i->known == BOOK_VOIDED)
		return err_make(ERR_INTENT_VOID, "the intent is void");
	if (i->known != BOOK_RESULT)
		return err_make(ERR_INTENT, "a key was made for this intent, and no result was journaled");
	if (memcmp(i->activation, m->activation.bytes, RECORD_ID) != 0 || i->document != m->document
	    || memcmp(i->serial, m->serial.bytes, RECORD_SERIAL) != 0)
		return err_make(ERR_INTENT, "another signature has this intent");
	return answer_result(d, i->id, ret_answer);
}

static err_t
begin_new(struct act *t, const int *fds)
{
	TRY(activation_get(t));
	TRY(desk_clock_check());
	TRY(activation_check(&t->activation, ACTIVATION_SIGN, clock_now()));
	if (t->activation.used & UINT32_C(1) << t->m->document)
		return refuse("the activation was used for this document");
	if (book_has_serial(t->d->book, t->m->serial.bytes))
		return err_make(ERR_SERIAL, "this serial was given to another intent");
	TRY(files_get(t, fds, false));
	return sign(t);
}

static err_t
begin(struct desk *d, const paraph_SignBegin *m, const int *fds, paraph_Keys *ret_answer)
{
	struct book_intent known;
	if (!err_is(book_intent(d->book, m->intent.bytes, &known)))
		return answer_again(d, m, &known, ret_answer);
	if (book_is_barred(d->book, m->intent.bytes))
		return err_make(ERR_INTENT_VOID, "the intent is void");
	struct act *t = calloc(1, sizeof *t);
	if (t == NULL)
		abort();
	*t = (struct act){.d = d, .m = m, .pen = pens_make(m->intent.bytes)};
	err_t e = begin_new(t, fds);
	if (err_is(e))
		pens_drop(t->pen);
	else
		pens_put(d->pens, t->pen);
	keystore_once_destroy(t->key);
	free(t);
	return err_is(e) ? e : answer_result(d, m->intent.bytes, ret_answer);
}

/* Serials are claimed by their last 16 octets, so that two intents cannot take one at the same moment. */
static err_t
claimed(struct desk *d, const paraph_SignBegin *m, const int *fds, paraph_Keys *ret_answer,
    err_t (*f)(struct desk *d, const paraph_SignBegin *m, const int *fds, paraph_Keys *ret_answer))
{
	/* Of the activation: its documents are signed side by side. book_snapshot.c knows it by the octets behind the first. */
	uint8_t document[RECORD_ID];
	memcpy(document, m->activation.bytes, sizeof document);
	document[0] = (uint8_t)(document[0] ^ (m->document + 1));
	const uint8_t *const claims[3] = {m->intent.bytes, document, m->serial.bytes + RECORD_SERIAL - RECORD_ID};
	size_t n = 0;
	while (n < 3 && book_claim(d->book, claims[n]))
		n++;
	err_t e = n == 3 ? f(d, m, fds, ret_answer) : err_make(ERR_BUSY, "this intent or activation is being worked on");
	while (n-- > 0)
		book_release(d->book, claims[n]);
	return e;
}

err_t
pen_begin(struct desk *d, const paraph_SignBegin *m, const int *fds, paraph_Keys *ret_answer)
{
	TRY(message_check(m));
	return claimed(d, m, fds, ret_answer, begin);
}

/* ---- resume ---- */

static err_t
resume_pen(struct act *t, const struct book_intent *i, const int *fds)
{
	uint8_t digest[RECORD_HASH];
	TRY(activation_get(t));
	TRY(files_get(t, fds, true));
	if (memcmp(t->base_sha256.p, i->base_sha256, RECORD_HASH) != 0 || i->stamp_field != t->m->stamp_field)
		return err_make(ERR_INTENT, "this signature was begun on another base");
	/* The place as it was, whatever would be kept today: the signature is over what stands around it. */
	TRY(revision_make(t, i->dated_at, hole_room((struct hole){i->hole_from, i->hole_to})));
	digest_sha256(buf_bytes(&t->pen->increment), digest);
	if (memcmp(digest, i->increment_sha256, sizeof digest) != 0)
		return err_make(ERR_INTENT, "this signature was begun with other words");
	return OK;
}

static err_t
resume(struct desk *d, const paraph_SignBegin *m, const int *fds, paraph_Keys *ret_answer)
{
	struct book_intent i;
	struct pen *old = NULL;
	TRY(book_intent(d->book, m->intent.bytes, &i));
	TRY(answer_again(d, m, &i, ret_answer));
	if (i.released)
		return err_make(ERR_INTENT, "the signature was released");
	struct act *t = calloc(1, sizeof *t);
	if (t == NULL)
		abort();
	*t = (struct act){.d = d, .m = m, .pen = pens_make(m->intent.bytes)};
	err_t e = resume_pen(t, &i, fds);
	if (!err_is(e) && !err_is(pens_take(d->pens, m->intent.bytes, &old)))
		pens_drop(old);
	if (err_is(e))
		pens_drop(t->pen);
	else
		pens_put(d->pens, t->pen);
	free(t);
	return e;
}

err_t
pen_resume(struct desk *d, const paraph_SignResume *m, const int *fds, paraph_Keys *ret_answer)
{
	if (!m->has_begin)
		return err_make(ERR_INPUT, "nothing to resume");
	TRY(message_check(&m->begin));
	return claimed(d, &m->begin, fds, ret_answer, resume);
}

/* ---- void and ask ---- */

static err_t
void_it(struct desk *d, const paraph_IntentVoid *m)
{
	struct book_intent i;
	struct pen *pen = NULL;
	if (err_is(book_intent(d->book, m->intent.bytes, &i))) {
		/* Nothing was signed; but a request to sign may still wait for a worker, of an asker who gave up or died. */
		book_bar(d->book, m->intent.bytes);
		return OK;
	}
	if (i.released)
		return err_make(ERR_INTENT, "the signature was released");
	if (i.known != BOOK_VOIDED)
		TRY(void_record(d, i.id, bytes(m->reason, strlen(m->reason))));
	if (!err_is(pens_take(d->pens, i.id, &pen)))
		pens_drop(pen);
	return OK;
}

err_t
pen_void(struct desk *d, const paraph_IntentVoid *m, paraph_Keys *ret_answer)
{
	if (m->intent.size != RECORD_ID)
		return err_make(ERR_INPUT, "an intent has %d octets", RECORD_ID);
	if (!book_claim(d->book, m->intent.bytes))
		return err_make(ERR_BUSY, "this intent is being worked on");
	err_t e = void_it(d, m);
	book_release(d->book, m->intent.bytes);
	ret_answer->which_body = paraph_Keys_done_tag;
	return e;
}

static void
known_get(struct desk *d, const uint8_t intent[RECORD_ID], paraph_IntentAnswer *ret_answer)
{
	static const paraph_IntentKnown words[] = {[BOOK_KEY_MADE] = paraph_IntentKnown_INTENT_KEY_MADE,
	    [BOOK_ATTRIBUTES] = paraph_IntentKnown_INTENT_CERTIFICATE_SIGNED,
	    [BOOK_RESULT] = paraph_IntentKnown_INTENT_RESULT,
	    [BOOK_VOIDED] = paraph_IntentKnown_INTENT_VOIDED};
	struct book_intent i;
	if (err_is(book_intent(d->book, intent, &i))) {
		bool barred = book_is_barred(d->book, intent);
		ret_answer->known = barred ? paraph_IntentKnown_INTENT_VOIDED : paraph_IntentKnown_INTENT_UNKNOWN;
		return;
	}
	ret_answer->known = words[i.known];
	ret_answer->certificate.size = (pb_size_t)i.certificate_n;
	memcpy(ret_answer->certificate.bytes, i.certificate, i.certificate_n);
	ret_answer->has_result = i.known == BOOK_RESULT;
	if (ret_answer->has_result)
		fill_answer(&i, &ret_answer->result);
}

/* Claimed like the rest: what is known of an intent that is just being signed would be wrong a moment later. */
err_t
pen_ask(struct desk *d, const paraph_IntentAsk *m, paraph_Keys *ret_answer)
{
	if (m->intent.size != RECORD_ID)
		return err_make(ERR_INPUT, "an intent has %d octets", RECORD_ID);
	if (!book_claim(d->book, m->intent.bytes))
		return err_make(ERR_BUSY, "this intent is being worked on");
	known_get(d, m->intent.bytes, &ret_answer->body.intent_answer);
	book_release(d->book, m->intent.bytes);
	ret_answer->which_body = paraph_Keys_intent_answer_tag;
	return OK;
}
