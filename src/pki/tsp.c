#include "pki/tsp.h"
#include "base/limits.h"
#include "base/time.h"
#include "pki/verify.h"

/* ---- requests ------------------------------------------------------------------------------------------------------- */

static bool
has_no_parameters(struct bytes algorithm)
{
	struct decode top = decode_init(algorithm), d = decode_enter(&top, DER_SEQUENCE);
	decode_oid(&d);
	return !decode_more(&d);
}

/* MessageImprint; false when its algorithm is not one we stamp. */
static bool
read_imprint(struct decode *d, enum digest_kind *ret_kind, struct bytes *ret_imprint, bool *ret_bare)
{
	struct decode imprint = decode_enter(d, DER_SEQUENCE);
	struct bytes algorithm = decode_whole(&imprint, DER_SEQUENCE);
	*ret_imprint = decode_octets(&imprint);
	*ret_bare = has_no_parameters(algorithm);
	decode_end(&imprint);
	if (d->why)
		return true;
	if (err_is(algorithm_read_digest(algorithm, ret_kind)) || *ret_kind == DIGEST_SHA1)
		return false;
	if (ret_imprint->n != digest_len(*ret_kind))
		decode_fail(d, "an imprint of the wrong length");
	return true;
}

static err_t
refuse(enum tsp_failure failure, const char *why, enum tsp_failure *ret_failure)
{
	*ret_failure = failure;
	return err_make(ERR_TSP_REQUEST, "%s", why);
}

err_t
tsp_request_read(struct bytes der, struct tsp_request *ret_request, enum tsp_failure *ret_failure)
{
	struct tsp_request r = {0};
	if (der.n > LIMIT_TSP_REQUEST)
		return refuse(TSP_BAD_DATA_FORMAT, "longer than a request can be", ret_failure);
	struct decode top = decode_init(der), d = decode_enter(&top, DER_SEQUENCE);
	uint64_t version = decode_u64(&d, 1000);
	bool known = read_imprint(&d, &r.kind, &r.imprint, &r.imprint_bare);
	if (decode_is(&d, DER_OID))
		r.policy = decode_oid(&d);
	if (decode_is(&d, DER_INTEGER))
		r.nonce = decode_integer(&d);
	if (decode_is(&d, DER_BOOLEAN)) {
		r.cert_req = decode_bool(&d);
		if (!r.cert_req)
			decode_fail(&d, "a default value that is written out");
	}
	bool extensions = decode_is(&d, DER_EXPLICIT(0));
	if (extensions)
		decode_any(&d, NULL);
	decode_end(&d);
	decode_end(&top);
	if (top.why)
		return refuse(TSP_BAD_DATA_FORMAT, top.why, ret_failure);
	if (version != 1)
		return refuse(TSP_BAD_REQUEST, "a version other than 1", ret_failure);
	if (!known)
		return refuse(TSP_BAD_ALG, "an imprint that is not SHA-256, SHA-384 or SHA-512", ret_failure);
	if (r.nonce.n > TSP_NONCE_MAX)
		return refuse(TSP_BAD_REQUEST, "a nonce above 160 bits", ret_failure);
	if (extensions) /* [RFC 3161 2.4.1] */
		return refuse(TSP_UNACCEPTED_EXTENSION, "extensions are not accepted", ret_failure);
	*ret_request = r;
	return OK;
}

static void
put_imprint(struct encode *w, enum digest_kind kind, struct bytes imprint, bool bare)
{
	size_t mark = encode_mark(w);
	encode_octets(w, imprint);
	algorithm_write_digest(w, kind, !bare);
	encode_wrap(w, DER_SEQUENCE, mark);
}

err_t
tsp_request_write(struct encode *w, const struct tsp_request *request)
{
	size_t mark = encode_mark(w);
	struct bytes done;
	if (request->cert_req)
		encode_bool(w, true);
	if (request->nonce.n)
		encode_tlv(w, DER_INTEGER, request->nonce);
	if (request->policy.n)
		encode_oid(w, request->policy);
	put_imprint(w, request->kind, request->imprint, request->imprint_bare);
	encode_u64(w, 1);
	encode_wrap(w, DER_SEQUENCE, mark);
	return encode_done(w, &done);
}

/* ---- tokens: writing ------------------------------------------------------------------------------------------------ */

/* Accuracy [RFC 3161 2.4.2]: seconds, or milliseconds under [0]. */
static void
put_accuracy(struct encode *w, uint32_t ms)
{
	size_t mark = encode_mark(w);
	if (ms % 1000) {
		uint8_t octets[] = {(uint8_t)(ms % 1000 >> 8), (uint8_t)(ms % 1000)};
		bool two = octets[0] || octets[1] & 0x80;
		encode_tlv(w, DER_CONTEXT(0), two ? BYTES_OF(octets) : bytes(octets + 1, 1));
	}
	if (ms / 1000)
		encode_u64(w, ms / 1000);
	encode_wrap(w, DER_SEQUENCE, mark);
}

err_t
tsp_info(struct encode *w, const struct tsp_facts *facts)
{
	size_t mark = encode_mark(w);
	struct bytes done;
	if (facts->imprint.n != digest_len(facts->kind) || facts->kind == DIGEST_SHA1 || !oid_check(facts->policy))
		return err_make(ERR_PROFILE, "a time-stamp without imprint or policy");
	if (facts->serial[0] < 0x40 || facts->serial[0] > 0x7f || facts->nonce.n > TSP_NONCE_MAX)
		return err_make(ERR_PROFILE, "a time-stamp serial that does not start with 40 to 7F, or too long a nonce");
	if (facts->accuracy_ms == 0 || facts->accuracy_ms > 1000) /* [EN 319 421 TIS-7.7.2-03] */
		return err_make(ERR_PROFILE, "an accuracy of %u ms", facts->accuracy_ms);
	if (facts->nonce.n)
		encode_tlv(w, DER_INTEGER, facts->nonce);
	put_accuracy(w, facts->accuracy_ms); /* ordering FALSE is the default, so it is left out */
	encode_generalized_us(w, facts->gen_at);
	encode_unsigned(w, BYTES_OF(facts->serial));
	put_imprint(w, facts->kind, facts->imprint, facts->imprint_bare);
	encode_oid(w, facts->policy);
	encode_u64(w, 1);
	encode_wrap(w, DER_SEQUENCE, mark);
	return encode_done(w, &done);
}

/* Attribute with the one value written since mark. */
static void
put_attribute(struct encode *w, size_t mark, struct bytes oid)
{
	encode_wrap(w, DER_SET, mark);
	encode_oid(w, oid);
	encode_wrap(w, DER_SEQUENCE, mark);
}

err_t
tsp_attributes(struct encode *w, struct bytes info, enum algorithm algorithm, struct bytes tsu_certificate)
{
	uint8_t digest[DIGEST_LEN_MAX];
	size_t all = encode_mark(w), mark = all;
	struct bytes done;
	digest_sha256(tsu_certificate, digest);
	encode_octets(w, bytes(digest, DIGEST_SHA256_LEN)); /* SHA-256 is the default, so the algorithm is left out */
	encode_wrap(w, DER_SEQUENCE, mark);                 /* ESSCertIDv2 [RFC 5035 4] */
	encode_wrap(w, DER_SEQUENCE, mark);
	encode_wrap(w, DER_SEQUENCE, mark);
	put_attribute(w, mark, OID_CMS_SIGNING_CERTIFICATE_V2);
	mark = encode_mark(w);
	digest_of(algorithm_digest(algorithm), info, digest);
	encode_octets(w, bytes(digest, digest_len(algorithm_digest(algorithm))));
	put_attribute(w, mark, OID_CMS_MESSAGE_DIGEST);
	mark = encode_mark(w);
	encode_oid(w, OID_CMS_TST_INFO);
	put_attribute(w, mark, OID_CMS_CONTENT_TYPE);
	encode_sort(w, all);
	encode_wrap(w, DER_SET, all);
	return encode_done(w, &done);
}

/* SignerInfo, version 1: issuer and serial name the signer. */
static void
put_signer(struct encode *w, struct bytes attributes_content, enum algorithm algorithm, struct bytes signature,
    const struct certificate *tsu)
{
	size_t all = encode_mark(w), mark;
	encode_octets(w, signature);
	encode_raw(w, algorithm_der(algorithm));
	encode_tlv(w, DER_EXPLICIT(0), attributes_content);
	algorithm_write_digest(w, algorithm_digest(algorithm), false);
	mark = encode_mark(w);
	encode_unsigned(w, tsu->serial);
	encode_raw(w, tsu->issuer);
	encode_wrap(w, DER_SEQUENCE, mark);
	encode_u64(w, 1);
	encode_wrap(w, DER_SEQUENCE, all);
}

err_t
tsp_token(struct encode *w, struct bytes info, struct bytes attributes, enum algorithm algorithm,
    struct bytes signature, const struct certificate *tsu, const struct bytes *certs, size_t certs_n)
{
	size_t all = encode_mark(w), mark = all;
	struct bytes done;
	struct decode d = decode_init(attributes);
	struct bytes content = decode_tlv(&d, DER_SET);
	TRY(decode_check(&d));
	put_signer(w, content, algorithm, signature, tsu);
	encode_wrap(w, DER_SET, mark);
	if (certs_n) {
		mark = encode_mark(w);
		while (certs_n-- > 0)
			encode_raw(w, certs[certs_n]);
		encode_sort(w, mark);
		encode_wrap(w, DER_EXPLICIT(0), mark);
	}
	mark = encode_mark(w);
	encode_octets(w, info);
	encode_wrap(w, DER_EXPLICIT(0), mark);
	encode_oid(w, OID_CMS_TST_INFO);
	encode_wrap(w, DER_SEQUENCE, mark);
	mark = encode_mark(w);
	algorithm_write_digest(w, algorithm_digest(algorithm), false);
	encode_wrap(w, DER_SET, mark);
	encode_u64(w, 3); /* the content is not id-data [RFC 5652 5.1] */
	encode_wrap(w, DER_SEQUENCE, all);
	encode_wrap(w, DER_EXPLICIT(0), all);
	encode_oid(w, OID_CMS_SIGNED_DATA);
	encode_wrap(w, DER_SEQUENCE, all);
	return encode_done(w, &done);
}

err_t
tsp_token_size_max(const struct certificate *tsu, struct bytes policy, size_t *ret_n)
{
	enum { SIGNATURE = 72 }; /* two INTEGERs of 33 octets */
	static const uint8_t digest[DIGEST_SHA256_LEN], signature[SIGNATURE];
	ENCODE_ROOM(info_room, TSP_INFO_MAX);
	ENCODE_ROOM(attributes_room, TSP_ATTRIBUTES_MAX);
	ENCODE_ROOM(room, TSP_TOKEN_MAX);
	struct tsp_facts facts = {.policy = policy, .kind = DIGEST_SHA256, .imprint = BYTES_OF(digest), .serial = {0x40},
	    .gen_at = TIME_SECOND - 1, .accuracy_ms = 999}; /* all six digits; two octets */
	struct bytes info, attributes, token;
	struct encode w = encode_init(info_room, sizeof info_room);
	TRY(tsp_info(&w, &facts));
	TRY(encode_done(&w, &info));
	w = encode_init(attributes_room, sizeof attributes_room);
	TRY(tsp_attributes(&w, info, ALGORITHM_ECDSA_P256, tsu->der));
	TRY(encode_done(&w, &attributes));
	w = encode_init(room, sizeof room);
	TRY(tsp_token(&w, info, attributes, ALGORITHM_ECDSA_P256, BYTES_OF(signature), tsu, &tsu->der, 1));
	TRY(encode_done(&w, &token));
	*ret_n = token.n;
	return OK;
}

err_t
tsp_response(struct encode *w, struct bytes token)
{
	size_t all = encode_mark(w), mark;
	struct bytes done;
	encode_raw(w, token);
	mark = encode_mark(w);
	encode_u64(w, 0); /* granted */
	encode_wrap(w, DER_SEQUENCE, mark);
	encode_wrap(w, DER_SEQUENCE, all);
	return encode_done(w, &done);
}

err_t
tsp_failure(struct encode *w, enum tsp_failure failure, struct str text)
{
	size_t all = encode_mark(w), mark;
	struct bytes done;
	encode_flags(w, UINT32_C(1) << failure);
	if (text.n) {
		mark = encode_mark(w);
		encode_tlv(w, DER_UTF8, str_bytes(text));
		encode_wrap(w, DER_SEQUENCE, mark);
	}
	encode_u64(w, 2); /* rejection */
	encode_wrap(w, DER_SEQUENCE, all);
	encode_wrap(w, DER_SEQUENCE, all);
	return encode_done(w, &done);
}

/* ---- tokens: reading ------------------------------------------------------------------------------------------------ */

/* A small INTEGER under an implicit context tag. */
static uint64_t
read_small(struct decode *d, uint8_t tag, uint64_t most)
{
	struct bytes c = decode_tlv(d, tag);
	uint64_t value = 0;
	if (!d->why && (c.n == 0 || c.n > 2 || c.p[0] & 0x80 || (c.n == 2 && c.p[0] == 0 && !(c.p[1] & 0x80))))
		decode_fail(d, "an accuracy that is not a small number");
	for (size_t i = 0; !d->why && i < c.n; i++)
		value = value << 8 | c.p[i];
	if (!d->why && (value == 0 || value > most))
		decode_fail(d, "an accuracy out of range");
	return value;
}

static uint64_t
read_accuracy(struct decode *d)
{
	struct decode accuracy = decode_enter(d, DER_SEQUENCE);
	uint64_t us = 0;
	if (decode_is(&accuracy, DER_INTEGER))
		us = decode_u64(&accuracy, 1000000) * 1000000;
	if (decode_is(&accuracy, DER_CONTEXT(0)))
		us += read_small(&accuracy, DER_CONTEXT(0), 999) * 1000;
	if (decode_is(&accuracy, DER_CONTEXT(1)))
		us += read_small(&accuracy, DER_CONTEXT(1), 999);
	decode_end(&accuracy);
	return us;
}

err_t
tsp_info_read(struct bytes info, struct tsp_token *ret_token)
{
	struct tsp_token t = {.info = info};
	struct decode top = decode_init(info), d = decode_enter(&top, DER_SEQUENCE);
	if (decode_u64(&d, 1) != 1)
		decode_fail(&d, "a TSTInfo that is not version 1");
	t.policy = decode_oid(&d);
	bool known = read_imprint(&d, &t.kind, &t.imprint, &t.imprint_bare);
	t.serial = decode_unsigned(&d);
	t.gen_at = decode_generalized(&d, DER_GENERALIZED_TIME, true);
	if (decode_is(&d, DER_SEQUENCE))
		t.accuracy_us = read_accuracy(&d);
	if (decode_is(&d, DER_BOOLEAN))
		t.ordering = decode_bool(&d);
	if (decode_is(&d, DER_INTEGER))
		t.nonce = decode_integer(&d);
	if (decode_is(&d, DER_EXPLICIT(0)))
		decode_any(&d, NULL); /* tsa: a hint */
	if (decode_is(&d, DER_EXPLICIT(1)))
		decode_any(&d, NULL); /* extensions */
	decode_end(&d);
	decode_end(&top);
	TRY(decode_check(&top));
	if (!known)
		return err_make(ERR_TSP_TOKEN, "an imprint that is not SHA-256, SHA-384 or SHA-512");
	*ret_token = t;
	return OK;
}

/* SigningCertificateV2 or, with SHA-1, SigningCertificate: the first ESSCertID. */
static void
read_signing_certificate(struct decode *d, bool v2, struct tsp_token *t)
{
	struct decode all = decode_enter(d, DER_SEQUENCE), list = decode_enter(&all, DER_SEQUENCE);
	struct decode id = decode_enter(&list, DER_SEQUENCE);
	t->certificate_hash_kind = v2 ? DIGEST_SHA256 : DIGEST_SHA1;
	if (v2 && decode_is(&id, DER_SEQUENCE)) {
		struct bytes algorithm = decode_whole(&id, DER_SEQUENCE);
		if (!id.why && err_is(algorithm_read_digest(algorithm, &t->certificate_hash_kind)))
			decode_fail(&id, "a signing-certificate with an unknown digest");
	}
	t->certificate_hash = decode_octets(&id);
	if (!id.why && t->certificate_hash.n != digest_len(t->certificate_hash_kind))
		decode_fail(&id, "a signing-certificate with a digest of the wrong length");
}

/* One signed attribute with exactly one value. */
static void
read_attribute(struct decode *list, struct tsp_token *t, bool *content_type)
{
	struct decode attribute = decode_enter(list, DER_SEQUENCE);
	struct bytes oid = decode_oid(&attribute);
	struct decode values = decode_enter(&attribute, DER_SET);
	bool v2 = bytes_eq(oid, OID_CMS_SIGNING_CERTIFICATE_V2);
	if (bytes_eq(oid, OID_CMS_CONTENT_TYPE))
		*content_type |= bytes_eq(decode_oid(&values), OID_CMS_TST_INFO);
	else if (bytes_eq(oid, OID_CMS_MESSAGE_DIGEST) && t->message_digest.n)
		decode_fail(&values, "two message digests");
	else if (bytes_eq(oid, OID_CMS_MESSAGE_DIGEST))
		t->message_digest = decode_octets(&values);
	else if (v2 || (bytes_eq(oid, OID_CMS_SIGNING_CERTIFICATE) && t->certificate_hash.n == 0)) {
		struct bytes whole = decode_any(&values, NULL);
		struct decode value = decode_inside(&values, whole);
		read_signing_certificate(&value, v2, t);
	} else
		return;
	decode_end(&values);
	decode_end(&attribute);
}

static void
read_attributes(struct decode *d, struct tsp_token *t)
{
	bool content_type = false;
	t->attributes = decode_whole(d, DER_EXPLICIT(0));
	struct decode outer = decode_inside(d, t->attributes), list = decode_enter(&outer, DER_EXPLICIT(0));
	while (decode_more(&list))
		read_attribute(&list, t, &content_type);
	if (!d->why && (!content_type || t->message_digest.n == 0 || t->certificate_hash.n == 0))
		decode_fail(d, "signed attributes without content-type, message-digest or signing-certificate");
}

/* The signature algorithm; rsaEncryption takes its digest from the SignerInfo. */
static err_t
signature_algorithm(struct bytes der, enum digest_kind digest, enum algorithm *ret_algorithm)
{
	struct decode top = decode_init(der), d = decode_enter(&top, DER_SEQUENCE);
	struct bytes oid = decode_oid(&d);
	TRY(decode_check(&top));
	if (!bytes_eq(oid, OID_RSA))
		return algorithm_read(der, ret_algorithm);
	*ret_algorithm = digest == DIGEST_SHA384   ? ALGORITHM_RSA_SHA384
	                 : digest == DIGEST_SHA512 ? ALGORITHM_RSA_SHA512
	                                           : ALGORITHM_RSA_SHA256;
	return OK;
}

static err_t
read_signer(struct bytes der, struct tsp_token *t)
{
	struct decode top = decode_init(der), d = decode_enter(&top, DER_SEQUENCE);
	if (decode_u64(&d, 3) != 1)
		decode_fail(&d, "a SignerInfo that does not name issuer and serial");
	struct decode sid = decode_enter(&d, DER_SEQUENCE);
	t->signer_issuer = decode_whole(&sid, DER_SEQUENCE);
	t->signer_serial = decode_unsigned(&sid);
	decode_end(&sid);
	struct bytes digest = decode_whole(&d, DER_SEQUENCE);
	read_attributes(&d, t);
	struct bytes algorithm = decode_whole(&d, DER_SEQUENCE);
	t->signature = decode_octets(&d);
	if (decode_is(&d, DER_EXPLICIT(1)))
		decode_any(&d, NULL); /* unsigned attributes */
	decode_end(&d);
	TRY(decode_check(&top));
	TRY(algorithm_read_digest(digest, &t->digest));
	TRY(signature_algorithm(algorithm, t->digest, &t->algorithm));
	if (algorithm_digest(t->algorithm) != t->digest)
		return err_make(ERR_TSP_TOKEN, "the digests of signature and SignerInfo differ");
	return OK;
}

static void
read_certs(struct decode *d, struct tsp_token *t)
{
	struct decode list = decode_enter(d, DER_EXPLICIT(0));
	while (decode_more(&list)) {
		bool certificate = decode_is(&list, DER_SEQUENCE);
		struct bytes whole = decode_any(&list, NULL);
		if (certificate && t->certs_n == TSP_CERTS_MAX)
			decode_fail(&list, "more than 8 certificates in a token");
		else if (certificate)
			t->certs[t->certs_n++] = whole;
	}
}

/* digestAlgorithms: one for each signer, so exactly one here. */
static void
read_digests(struct decode *d, struct tsp_token *t)
{
	struct decode list = decode_enter(d, DER_SET);
	struct bytes algorithm = decode_whole(&list, DER_SEQUENCE);
	decode_end(&list);
	if (!d->why && err_is(algorithm_read_digest(algorithm, &t->digest)))
		decode_fail(d, "a SignedData with an unknown digest");
}

/* SignedData: keeps certificates and the digest, gives TSTInfo and the one SignerInfo. */
static void
read_signed_data(struct decode *d, struct tsp_token *t, struct bytes *ret_info, struct bytes *ret_signer)
{
	if (decode_u64(d, 3) != 3)
		decode_fail(d, "a SignedData of another version than 3"); /* [RFC 5652 5.1] */
	read_digests(d, t);
	struct decode content = decode_enter(d, DER_SEQUENCE);
	if (!bytes_eq(decode_oid(&content), OID_CMS_TST_INFO))
		decode_fail(&content, "a SignedData that holds no TSTInfo");
	struct decode tagged = decode_enter(&content, DER_EXPLICIT(0));
	*ret_info = decode_octets(&tagged);
	decode_end(&tagged);
	decode_end(&content);
	if (decode_is(d, DER_EXPLICIT(0)))
		read_certs(d, t);
	if (decode_is(d, DER_EXPLICIT(1)))
		decode_any(d, NULL); /* CRLs */
	struct decode signers = decode_enter(d, DER_SET);
	*ret_signer = decode_whole(&signers, DER_SEQUENCE);
	decode_end(&signers); /* exactly one [RFC 3161 2.4.2] */
	decode_end(d);
}

err_t
tsp_token_read(struct bytes der, struct tsp_token *ret_token)
{
	struct tsp_token t, outer = {0};
	struct bytes info, signer;
	TRY(der_scan_check(der, TSP_TOKEN_MAX * 4));
	struct decode top = decode_init(der), all = decode_enter(&top, DER_SEQUENCE);
	if (!bytes_eq(decode_oid(&all), OID_CMS_SIGNED_DATA))
		decode_fail(&all, "a ContentInfo that is not SignedData");
	struct decode tagged = decode_enter(&all, DER_EXPLICIT(0)), data = decode_enter(&tagged, DER_SEQUENCE);
	read_signed_data(&data, &outer, &info, &signer);
	decode_end(&tagged);
	decode_end(&all);
	decode_end(&top);
	TRY(decode_check(&top));
	TRY(tsp_info_read(info, &t));
	TRY(read_signer(signer, &t));
	if (t.digest != outer.digest)
		return err_make(ERR_TSP_TOKEN, "the digests of SignedData and SignerInfo differ");
	t.der = der;
	memcpy(t.certs, outer.certs, sizeof t.certs);
	t.certs_n = outer.certs_n;
	*ret_token = t;
	return OK;
}

err_t
tsp_response_read(struct bytes der, struct bytes *ret_token)
{
	TRY(der_scan_check(der, TSP_TOKEN_MAX * 4));
	struct decode top = decode_init(der), all = decode_enter(&top, DER_SEQUENCE), status = decode_enter(&all, DER_SEQUENCE);
	uint64_t code = decode_u64(&status, 5);
	TRY(decode_check(&top));
	if (code > 1)
		return err_make(ERR_TSP_TOKEN, "the time-stamp was refused with status %u", (unsigned)code);
	struct bytes token = decode_whole(&all, DER_SEQUENCE);
	decode_end(&all);
	decode_end(&top);
	TRY(decode_check(&top));
	*ret_token = token;
	return OK;
}

err_t
tsp_token_unit(const struct tsp_token *t, struct certificate *ret_unit)
{
	for (size_t i = 0; i < t->certs_n; i++) {
		struct certificate c;
		if (err_is(certificate_read(t->certs[i], &c))) /* another one in the set may be odd; ours is what counts */
			continue;
		if (bytes_eq(c.issuer, t->signer_issuer) && bytes_eq(c.serial, t->signer_serial)) {
			*ret_unit = c;
			return OK;
		}
	}
	return err_make(ERR_NOT_FOUND, "the time-stamp holds no certificate of its unit");
}

/* extKeyUsage critical and timeStamping alone [RFC 3161 2.3]; genTime within validity. */
static err_t
check_unit(const struct tsp_token *t, const struct certificate *unit)
{
	struct bytes value;
	bool critical = false;
	uint8_t hash[DIGEST_LEN_MAX];
	bool present = !err_is(certificate_extension(unit, OID_CE_EXT_KEY_USAGE, &value, &critical));
	if (!present || !critical || !certificate_has_purpose(unit, OID_KP_TIME_STAMPING) ||
	    unit->ext_key_usage.n != OID_KP_TIME_STAMPING.n + 2)
		return err_make(ERR_TSP_TOKEN, "the certificate of the unit is not for time-stamps alone");
	if (t->gen_at < unit->not_before_at || t->gen_at >= unit->not_after_at + TIME_SECOND)
		return err_make(ERR_TSP_TOKEN, "the time-stamp lies outside the validity of its unit's certificate");
	digest_of(t->certificate_hash_kind, unit->der, hash);
	if (!bytes_eq(bytes(hash, digest_len(t->certificate_hash_kind)), t->certificate_hash))
		return err_make(ERR_TSP_TOKEN, "the time-stamp names another certificate than its unit's");
	if (!bytes_eq(unit->issuer, t->signer_issuer) || !bytes_eq(unit->serial, t->signer_serial))
		return err_make(ERR_TSP_TOKEN, "the time-stamp was signed by another unit");
	return OK;
}

err_t
tsp_token_check(const struct tsp_token *t, struct bytes imprint, const struct certificate *unit)
{
	struct certificate own;
	uint8_t digest[DIGEST_LEN_MAX];
	size_t n = digest_len(t->digest);
	if (!unit) {
		TRY(tsp_token_unit(t, &own));
		unit = &own;
	}
	if (!bytes_eq(t->imprint, imprint))
		return err_make(ERR_TSP_TOKEN, "the time-stamp is about other data");
	TRY(check_unit(t, unit));
	digest_of(t->digest, t->info, digest);
	if (!bytes_eq(bytes(digest, n), t->message_digest))
		return err_make(ERR_TSP_TOKEN, "the message digest of the time-stamp is wrong");
	AUTO_DIGEST(attributes, t->digest); /* signed as SET, stored as [0] [RFC 5652 5.4] */
	digest_add(attributes, bytes("\x31", 1));
	digest_add(attributes, bytes(t->attributes.p + 1, t->attributes.n - 1));
	digest_peek(attributes, digest);
	return verify_digest(unit->spki, t->algorithm, bytes(digest, n), t->signature);
}
