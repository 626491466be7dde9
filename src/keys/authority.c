#include "keys/authority.h"
#include "base/fault.h"
#include "os/clock.h"
#include "os/file.h"
#include "pki/lint.h"
#include "pki/path.h"

#include <sys/stat.h>

enum { TBS_MAX = 4096, ENTRY_LEN = 29, ENTRIES_MAX = 2 * 1000 * 1000 };

/* ---- keys ---- */

/* One key store holds the keys of one role. */
static err_t
use_check(const struct desk *d, uint32_t use)
{
	static const enum journal_role owner[KEYSTORE_USES] = {
	    [KEYSTORE_ROOT] = JOURNAL_ROOT,
	    [KEYSTORE_ISSUING] = JOURNAL_ISSUING,
	    [KEYSTORE_SEAL] = JOURNAL_ISSUING,
	    [KEYSTORE_LOG] = JOURNAL_ISSUING,
	    [KEYSTORE_OCSP] = JOURNAL_STATUS,
	    [KEYSTORE_TSU] = JOURNAL_STATUS,
	};
	if (use == 0 || use >= KEYSTORE_USES || owner[use] != d->role)
		return err_make(ERR_KEY_MISSING, "the role %s has no key for use %u", desk_role_text(d->role), (unsigned)use);
	return OK;
}

err_t
authority_key_make(struct desk *d, const paraph_KeyMake *m, paraph_Keys *ret_answer)
{
	struct keystore_public public;
	enum keystore_use use = (enum keystore_use)m->purpose;
	TRY(use_check(d, use));
	TRY(keystore_make(d->keystore, use, clock_now(), &public));
	FAULT_POINT("keys.ceremony.key");
	struct record_key_made r = {use, bytes(public.spki, public.spki_n)};
	TRY(desk_record(d, RECORD_KEY_MADE, public.made_at, &r));
	paraph_KeyMade *a = &ret_answer->body.key_made;
	ret_answer->which_body = paraph_Keys_key_made_tag;
	a->made_at = public.made_at;
	a->spki.size = (pb_size_t)public.spki_n;
	memcpy(a->spki.bytes, public.spki, public.spki_n);
	a->spki_sha256.size = RECORD_HASH;
	memcpy(a->spki_sha256.bytes, public.spki_sha256, RECORD_HASH);
	return OK;
}

/* ---- certificates ---- */

/* What is to be certified, and by whom. */
struct order {
	enum keystore_use use;        /* of the subject's key */
	const struct profile *profile;
	struct bytes spki;
	const uint8_t *serial;
	const uint8_t *intent;        /* NULL: a ceremony */
	enum keystore_use signer;
	const struct certificate *issuer; /* NULL: self-signed */
	int64_t life_us;              /* 0: the profile's */
};

static enum algorithm
algorithm_of(enum keystore_use signer)
{
	return signer == KEYSTORE_ROOT ? ALGORITHM_ECDSA_P384 : ALGORITHM_ECDSA_P256;
}

static err_t
tbs_make(struct desk *d, const struct order *o, int64_t now, uint8_t room[TBS_MAX], struct bytes *ret_tbs)
{
	char name[DESK_NAME_MAX];
	struct certificate_facts facts = {.subject = desk_own_name(d, o->use, name),
	    .spki = o->spki,
	    .algorithm = algorithm_of(o->signer)};
	memcpy(facts.serial, o->serial, sizeof facts.serial);
	if (o->issuer != NULL) {
		facts.issuer = o->issuer->subject;
		facts.issuer_key_id = o->issuer->subject_key_id;
	}
	TRY(profile_validity(o->profile, now, o->life_us, o->issuer != NULL ? o->issuer->not_after_at : 0,
	    &facts.not_before_at, &facts.not_after_at));
	struct encode w = encode_init(room, TBS_MAX);
	TRY(certificate_tbs(&w, o->profile, &d->facts, &facts));
	TRY(encode_done(&w, ret_tbs));
	return lint_certificate(*ret_tbs, o->profile, &d->facts, o->issuer, now);
}

static err_t
order_record(struct desk *d, const struct order *o, int64_t now, struct bytes tbs)
{
	struct record_certificate_sign r = {.use = o->use};
	if (o->intent != NULL)
		memcpy(r.intent, o->intent, RECORD_ID);
	memcpy(r.serial, o->serial, RECORD_SERIAL);
	digest_sha256(o->spki, r.spki_sha256);
	digest_sha256(tbs, r.tbs_sha256);
	TRY(desk_record(d, RECORD_CERTIFICATE_SIGN, now, &r));
	FAULT_POINT("keys.certificate.record");
	return OK;
}

/* Lint, journal, sign, in this order. */
static err_t
certify(struct desk *d, const struct order *o, paraph_Keys *ret_answer)
{
	uint8_t room[TBS_MAX], out[TBS_MAX + 256], signature[ECDSA_SIGNATURE_MAX];
	struct bytes tbs, der;
	size_t n;
	int64_t now = clock_now();
	TRY(tbs_make(d, o, now, room, &tbs));
	TRY(order_record(d, o, now, tbs));
	TRY(desk_sign(d, o->signer, tbs, signature, &n));
	struct encode w = encode_init(out, sizeof out);
	TRY(certificate_join(&w, tbs, algorithm_of(o->signer), bytes(signature, n)));
	TRY(encode_done(&w, &der));
	paraph_CertificateSigned *a = &ret_answer->body.certificate_signed;
	if (der.n > sizeof a->certificate.bytes)
		return err_make(ERR_LIMIT, "a certificate of %zu octets", der.n);
	ret_answer->which_body = paraph_Keys_certificate_signed_tag;
	a->certificate.size = (pb_size_t)der.n;
	memcpy(a->certificate.bytes, der.p, der.n);
	FAULT_POINT("keys.certificate.answer");
	return OK;
}

static err_t
serial_check(const uint8_t *serial, size_t n)
{
	if (n != RECORD_SERIAL || serial[0] < 0x40 || serial[0] > 0x7f)
		return err_make(ERR_SERIAL, "a serial has 20 octets and starts with 0x40 to 0x7f");
	return OK;
}

static err_t
keep_root(struct desk *d, const paraph_Keys *answer)
{
	const paraph_CertificateSigned *a = &answer->body.certificate_signed;
	const struct keystore_chain chain = {1, {bytes(a->certificate.bytes, a->certificate.size)}};
	return keystore_chain_put(d->keystore, KEYSTORE_ROOT, &chain);
}

err_t
authority_certificate_sign(struct desk *d, const paraph_CeremonyCertificateSign *m, paraph_Keys *ret_answer)
{
	const struct profile *const profiles[KEYSTORE_USES] = {[KEYSTORE_ROOT] = &d->root,
	    [KEYSTORE_ISSUING] = &d->issuing, [KEYSTORE_TSU] = &d->tsu, [KEYSTORE_SEAL] = &d->seal};
	enum keystore_use use = (enum keystore_use)m->purpose;
	struct keystore_public own;
	struct certificate root;
	TRY(serial_check(m->serial.bytes, m->serial.size));
	if (use >= KEYSTORE_USES || profiles[use] == NULL)
		return err_make(ERR_INPUT, "the root signs no certificate for use %u", (unsigned)use);
	TRY(keystore_public(d->keystore, KEYSTORE_ROOT, &own));
	struct order o = {.use = use, .profile = profiles[use], .spki = bytes(m->spki.bytes, m->spki.size),
	    .serial = m->serial.bytes, .signer = KEYSTORE_ROOT};
	if (use == KEYSTORE_ROOT) {
		if (!bytes_eq(o.spki, bytes(own.spki, own.spki_n)))
			return err_make(ERR_INPUT, "this is not the root's key");
		TRY(certify(d, &o, ret_answer));
		return keep_root(d, ret_answer);
	}
	TRY(desk_certificate(d, KEYSTORE_ROOT, &root));
	o.issuer = &root;
	return certify(d, &o, ret_answer);
}

static err_t
ocsp_certificate(struct desk *d, const paraph_OcspCertificateSign *m, paraph_Keys *ret_answer)
{
	struct certificate issuer;
	uint8_t spki_sha256[RECORD_HASH];
	if (m->intent.size != RECORD_ID)
		return err_make(ERR_INPUT, "an intent has %d octets", RECORD_ID);
	/* Whoever has such a certificate answers for every certificate of this CA: only the key of the ceremony gets one. */
	digest_sha256(bytes(m->spki.bytes, m->spki.size), spki_sha256);
	if (!book_ocsp_key_fits(d->book, spki_sha256))
		return err_make(ERR_KEY_MISSING, "this is not the OCSP signer's key that the ceremony made");
	if (book_has_serial(d->book, m->serial.bytes))
		return err_make(ERR_SERIAL, "a certificate has this serial already");
	TRY(desk_certificate(d, KEYSTORE_ISSUING, &issuer));
	const struct order o = {.use = KEYSTORE_OCSP, .profile = &d->ocsp, .spki = bytes(m->spki.bytes, m->spki.size),
	    .serial = m->serial.bytes, .intent = m->intent.bytes, .signer = KEYSTORE_ISSUING, .issuer = &issuer,
	    .life_us = d->instance.ocsp_certificate_days * TIME_DAY};
	return certify(d, &o, ret_answer);
}

/* The serial is claimed as pen.c claims those of signers: nothing takes it for both at the same moment. */
err_t
authority_ocsp_certificate(struct desk *d, const paraph_OcspCertificateSign *m, paraph_Keys *ret_answer)
{
	TRY(serial_check(m->serial.bytes, m->serial.size));
	if (d->book == NULL)
		return err_make(ERR_KEY_MISSING, "the role %s signs no certificate of an OCSP signer", desk_role_text(d->role));
	const uint8_t *claim = m->serial.bytes + RECORD_SERIAL - RECORD_ID;
	if (!book_claim(d->book, claim))
		return err_make(ERR_BUSY, "a certificate with this serial is being made");
	err_t e = ocsp_certificate(d, m, ret_answer);
	book_release(d->book, claim);
	return e;
}

/* Each certificate by the next one, the last by itself. */
static err_t
chain_check(const struct keystore_chain *chain, int64_t now)
{
	struct certificate c[KEYSTORE_CHAIN_MAX];
	for (size_t i = 0; i < chain->n; i++)
		TRY(certificate_read(chain->certificate[i], &c[i]));
	for (size_t i = 0; i < chain->n; i++)
		TRY(path_check_step(&c[i], &c[i + 1 < chain->n ? i + 1 : i], i == 0 ? 0 : i - 1, now));
	return OK;
}

/* Issuing has not the unit's key, but must know its certificate: signed by the same root as the issuing CA's. */
static err_t
unit_certificate_check(struct desk *d, const struct certificate *unit, const struct keystore_chain *chain)
{
	struct keystore_chain own;
	TRY(keystore_chain_get(d->keystore, KEYSTORE_ISSUING, &own));
	if (!bytes_eq(chain->certificate[chain->n - 1], own.certificate[own.n - 1]))
		return err_make(ERR_INPUT, "the time-stamp unit's certificate comes from another root");
	if (!certificate_has_purpose(unit, OID_KP_TIME_STAMPING) || unit->ca)
		return err_make(ERR_INPUT, "the certificate is not one for time-stamping");
	return OK;
}

err_t
authority_certificate_store(struct desk *d, const paraph_CertificateStore *m, paraph_Keys *ret_answer)
{
	enum keystore_use use = (enum keystore_use)m->purpose;
	struct keystore_public own;
	struct certificate c;
	struct keystore_chain chain = {1 + m->chain_count, {bytes(m->certificate.bytes, m->certificate.size)}};
	for (size_t i = 0; i < m->chain_count; i++)
		chain.certificate[i + 1] = bytes(m->chain[i].bytes, m->chain[i].size);
	TRY(certificate_read(chain.certificate[0], &c));
	if (d->role == JOURNAL_ISSUING && use == KEYSTORE_TSU) {
		TRY(unit_certificate_check(d, &c, &chain));
	} else {
		TRY(use_check(d, use));
		TRY(keystore_public(d->keystore, use, &own));
		if (!bytes_eq(c.spki, bytes(own.spki, own.spki_n)))
			return err_make(ERR_INPUT, "the certificate is for another key");
	}
	TRY(chain_check(&chain, clock_now()));
	struct record_certificate_stored r = {use, chain.certificate[0]};
	TRY(desk_record(d, RECORD_CERTIFICATE_STORED, clock_now(), &r));
	FAULT_POINT("keys.ceremony.certificate");
	ret_answer->which_body = paraph_Keys_done_tag;
	return keystore_chain_put(d->keystore, use, &chain);
}

/* ---- revocation lists ---- */

static uint64_t
read_u64(const uint8_t *p)
{
	uint64_t v = 0;
	for (size_t i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

/* Entries as core gives them: serial 20, time 8, reason 1. */
static err_t
put_entries(struct crl_writer *c, struct bytes entries)
{
	for (size_t at = 0; at < entries.n; at += ENTRY_LEN) {
		const uint8_t *p = entries.p + at;
		struct crl_entry e = {.revoked_at = (int64_t)read_u64(p + RECORD_SERIAL), .reason = p[ENTRY_LEN - 1]};
		if (e.revoked_at < 0)
			return err_make(ERR_INPUT, "a revocation before 1970");
		e.revoked_at = time_floor(e.revoked_at);
		memcpy(e.serial, p, sizeof e.serial);
		TRY(crl_put(c, &e));
	}
	return OK;
}

/* The root counts itself: a ceremony that died after its record was written must not end all later ones. core, which commits
 * each number beforehand, gets that number or none. */
static uint64_t
crl_number(struct desk *d, uint64_t asked)
{
	uint64_t next = book_crl_number(d->book) + 1;
	return d->role == JOURNAL_ROOT && next > asked ? next : asked;
}

static err_t
crl_sign(struct desk *d, const paraph_CrlSign *m, enum keystore_use signer, struct bytes entries, struct buf *room,
    struct bytes *ret_crl)
{
	struct certificate issuer;
	struct crl_writer c;
	struct bytes tbs;
	uint8_t signature[ECDSA_SIGNATURE_MAX];
	size_t n, half = crl_room(m->entries);
	TRY(desk_certificate(d, signer, &issuer));
	const struct crl_facts facts = {.issuer = issuer.subject, .issuer_key_id = issuer.subject_key_id,
	    .algorithm = algorithm_of(signer), .number = crl_number(d, m->number), .this_update_at = time_floor(m->this_update),
	    .next_update_at = time_floor(m->next_update), .expired_since_at = issuer.not_before_at};
	TRY(desk_number_check(book_crl_number(d->book), facts.number));
	uint8_t *space = buf_extend(room, 2 * half);
	if (space == NULL)
		return buf_check(room);
	struct encode w = encode_init(space, half);
	TRY(crl_open(&c, &w, &facts));
	TRY(put_entries(&c, entries));
	TRY(crl_close(&c, &facts));
	TRY(encode_done(&w, &tbs));
	TRY(lint_crl(tbs, &issuer, book_crl_number(d->book), clock_now()));
	struct record_crl_sign r = {.number = facts.number, .entries = m->entries, .this_update_at = (uint64_t)facts.this_update_at,
	    .next_update_at = (uint64_t)facts.next_update_at};
	memcpy(r.intent, m->intent.bytes, RECORD_ID);
	digest_sha256(tbs, r.tbs_sha256);
	TRY(desk_record(d, RECORD_CRL_SIGN, clock_now(), &r));
	FAULT_POINT("keys.crl.record");
	TRY(desk_sign(d, signer, tbs, signature, &n));
	struct encode out = encode_init(space + half, half);
	TRY(certificate_join(&out, tbs, facts.algorithm, bytes(signature, n)));
	return encode_done(&out, ret_crl);
}

static err_t
entries_read(const paraph_CrlSign *m, int fd, struct buf *b)
{
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return err_make(ERR_INPUT, "the entries are not a file");
	if (m->entries > ENTRIES_MAX || (uint64_t)st.st_size != m->entries * ENTRY_LEN)
		return err_make(ERR_INPUT, "%llu entries do not make a file of %lld octets", (unsigned long long)m->entries,
		    (long long)st.st_size);
	uint8_t *p = buf_extend(b, (size_t)st.st_size);
	if (p == NULL)
		return buf_check(b);
	return file_pread(fd, 0, (size_t)st.st_size, p);
}

static err_t
crl(struct desk *d, const paraph_CrlSign *m, const int *fds, paraph_Keys *ret_answer)
{
	AUTO_BUF(entries, (size_t)ENTRIES_MAX * ENTRY_LEN + 1);
	AUTO_BUF(room, 2 * crl_room(ENTRIES_MAX));
	struct bytes crl;
	if (m->intent.size != RECORD_ID)
		return err_make(ERR_INPUT, "an intent has %d octets", RECORD_ID);
	if (m->entries > 0)
		TRY(entries_read(m, fds[0], &entries));
	TRY(crl_sign(d, m, d->role == JOURNAL_ROOT ? KEYSTORE_ROOT : KEYSTORE_ISSUING, buf_bytes(&entries), &room, &crl));
	TRY(file_write(fds[1], crl));
	paraph_CrlSigned *a = &ret_answer->body.crl_signed;
	ret_answer->which_body = paraph_Keys_crl_signed_tag;
	a->length = crl.n;
	a->sha256.size = RECORD_HASH;
	digest_sha256(crl, a->sha256.bytes);
	FAULT_POINT("keys.crl.answer");
	return OK;
}

err_t
authority_crl(struct desk *d, const paraph_CrlSign *m, const int *fds, paraph_Keys *ret_answer)
{
	static const uint8_t lists[RECORD_ID] = {'l', 'i', 's', 't', 's'};
	if (d->book == NULL)
		return err_make(ERR_KEY_MISSING, "the role %s signs no lists", desk_role_text(d->role));
	if (!book_claim(d->book, lists))
		return err_make(ERR_BUSY, "another list is being signed");
	err_t e = crl(d, m, fds, ret_answer);
	book_release(d->book, lists);
	return e;
}

err_t
authority_crl_daily(struct desk *d, const paraph_CrlSign *m, const int *fds, paraph_Keys *ret_answer)
{
	if (m->next_update > clock_now() + 2 * TIME_DAY)
		return err_make(ERR_INPUT, "a daily list ends within days; the last one of a CA is a ceremony's [profile P17]");
	return authority_crl(d, m, fds, ret_answer);
}
