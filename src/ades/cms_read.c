#include "ades/cms_read.h"

/* 1.2.840.113583.1.1.8 */
#define OID_ADBE_REVOCATION OID_OF("\x2a\x86\x48\x86\xf7\x2f\x01\x01\x08")

/* The certificates field: only X.509 certificates count, others (attribute certificates) are passed over. */
static void
read_certificates(struct decode *d, struct cms *c)
{
	struct decode set = decode_enter(d, DER_EXPLICIT(0));
	while (decode_more(&set)) {
		uint8_t tag;
		struct bytes one = decode_any(&set, &tag);
		if (tag != DER_SEQUENCE)
			continue;
		if (c->certificates_n == CMS_CERTIFICATES_MAX)
			decode_fail(&set, "more than 16 certificates");
		else
			c->certificates[c->certificates_n++] = one;
	}
}

static void
read_content(struct decode *d, struct cms *c)
{
	struct decode info = decode_enter(d, DER_SEQUENCE);
	c->content_type = decode_oid(&info);
	if (!decode_more(&info))
		return;
	struct decode content = decode_enter(&info, DER_EXPLICIT(0));
	c->content = decode_octets(&content);
	c->has_content = true;
	decode_end(&content);
	decode_end(&info);
}

/* The hash of an ESSCertID (version 1: SHA-1) or ESSCertIDv2 (SHA-256 unless it says otherwise). */
static err_t
read_certificate_id(struct decode *value, bool v2, struct cms_certificate_id *ret)
{
	struct decode certs = decode_enter(value, DER_SEQUENCE); /* SigningCertificate(V2) */
	struct decode list = decode_enter(&certs, DER_SEQUENCE);
	struct decode id = decode_enter(&list, DER_SEQUENCE);
	struct cms_certificate_id found = {.present = true, .known = true, .digest = v2 ? DIGEST_SHA256 : DIGEST_SHA1};
	if (v2 && decode_is(&id, DER_SEQUENCE)) {
		struct bytes algorithm = decode_whole(&id, DER_SEQUENCE);
		TRY(decode_check(value));
		found.known = !err_is(algorithm_read_digest(algorithm, &found.digest));
	}
	found.hash = decode_octets(&id);
	TRY(decode_check(value));
	if (found.known && found.hash.n != digest_len(found.digest))
		return err_make(ERR_CMS, "signing-certificate: the hash has %zu octets", found.hash.n);
	*ret = found;
	return OK;
}

/* One signed attribute's only value. */
static err_t
read_signed(struct bytes type, struct decode *value, struct cms *c)
{
	if (bytes_eq(type, OID_CMS_CONTENT_TYPE)) {
		if (!bytes_eq(decode_oid(value), c->content_type))
			decode_fail(value, "content-type differs from eContentType"); /* [RFC 5652 11.1] */
	} else if (bytes_eq(type, OID_CMS_MESSAGE_DIGEST)) {
		c->message_digest = decode_octets(value);
	} else if (bytes_eq(type, OID_CMS_SIGNING_TIME)) {
		c->signing_at = decode_time(value);
	} else if (bytes_eq(type, OID_CMS_SIGNING_CERTIFICATE_V2)) {
		TRY(read_certificate_id(value, true, &c->certificate_id));
	} else if (bytes_eq(type, OID_CMS_SIGNING_CERTIFICATE)) {
		/* Both versions may stand in one signature, in either order; the newer one counts. */
		struct cms_certificate_id older;
		TRY(read_certificate_id(value, false, &older));
		c->certificate_id = c->certificate_id.present ? c->certificate_id : older;
	} else {
		if (bytes_eq(type, OID_ADBE_REVOCATION) && decode_more(value))
			c->revocation = decode_any(value, NULL);
		return OK;
	}
	decode_end(value); /* exactly one value */
	return decode_check(value);
}

/* [X.690 11.6]: shorter ones count as padded with zeros, which no two of our elements differ by alone. */
static int
compare(struct bytes a, struct bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = memcmp(a.p, b.p, n);
	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Attribute types of one set, to refuse a second one. */
struct types {
	size_t n;
	struct bytes seen[32];
};

static err_t
types_add(struct types *t, struct bytes type)
{
	for (size_t i = 0; i < t->n; i++)
		if (bytes_eq(t->seen[i], type))
			return err_make(ERR_CMS, "an attribute stands there twice"); /* [RFC 5652 5.3, 11] */
	if (t->n == sizeof t->seen / sizeof t->seen[0])
		return err_make(ERR_CMS, "more than 32 attributes");
	t->seen[t->n++] = type;
	return OK;
}

static err_t
read_signed_attributes(struct cms *c)
{
	struct types types = {0};
	struct decode set = decode_init(c->attributes);
	struct bytes previous = {0};
	while (decode_more(&set)) {
		struct bytes whole = decode_whole(&set, DER_SEQUENCE);
		TRY(decode_check(&set));
		if (previous.n > 0 && compare(previous, whole) > 0)
			return err_make(ERR_CMS, "the signed attributes are not in DER order"); /* [RFC 5652 5.4] */
		previous = whole;
		struct decode d = decode_init(whole);
		struct decode attribute = decode_enter(&d, DER_SEQUENCE);
		struct bytes type = decode_oid(&attribute);
		struct decode values = decode_enter(&attribute, DER_SET);
		decode_end(&attribute);
		TRY(decode_check(&d));
		TRY(types_add(&types, type));
		TRY(read_signed(type, &values, c));
		TRY(decode_check(&d));
	}
	TRY(decode_check(&set));
	if (c->message_digest.n != digest_len(c->digest))
		return err_make(ERR_CMS, "message-digest is missing or has the wrong length");
	struct bytes needed = OID_CMS_CONTENT_TYPE;
	for (size_t i = 0; i < types.n; i++)
		if (bytes_eq(types.seen[i], needed))
			return OK;
	return err_make(ERR_CMS, "the signed attributes have no content-type");
}

static err_t
read_unsigned_attributes(struct bytes content, struct cms *c)
{
	struct types types = {0};
	struct decode set = decode_init(content);
	while (decode_more(&set)) {
		struct decode attribute = decode_enter(&set, DER_SEQUENCE);
		struct bytes type = decode_oid(&attribute);
		struct decode values = decode_enter(&attribute, DER_SET);
		TRY(decode_check(&set));
		TRY(types_add(&types, type));
		if (!bytes_eq(type, OID_CMS_SIGNATURE_TIME_STAMP))
			continue;
		c->time_stamp = decode_whole(&values, DER_SEQUENCE);
		decode_end(&values);
		TRY(decode_check(&set));
	}
	return decode_check(&set);
}

static void
read_signer_id(struct decode *info, struct cms *c)
{
	if (decode_is(info, DER_CONTEXT(0))) {
		c->key_id = decode_tlv(info, DER_CONTEXT(0));
		return;
	}
	struct decode names = decode_enter(info, DER_SEQUENCE);
	c->issuer = decode_whole(&names, DER_SEQUENCE);
	c->serial = decode_whole(&names, DER_INTEGER);
	decode_end(&names);
}

static err_t
read_signer_info(struct decode *d, struct cms *c)
{
	struct decode infos = decode_enter(d, DER_SET);
	struct decode info = decode_enter(&infos, DER_SEQUENCE);
	if (decode_more(&infos))
		return err_make(ERR_CMS, "more than one SignerInfo");
	(void)decode_u64(&info, 5); /* version: some writers get it wrong, and nothing depends on it */
	read_signer_id(&info, c);
	struct bytes digest = decode_whole(&info, DER_SEQUENCE);
	c->has_attributes = decode_is(&info, DER_EXPLICIT(0));
	if (c->has_attributes)
		c->attributes = decode_tlv(&info, DER_EXPLICIT(0));
	c->signature_algorithm = decode_whole(&info, DER_SEQUENCE);
	c->signature = decode_octets(&info);
	struct bytes unsigned_attributes = {0};
	if (decode_is(&info, DER_EXPLICIT(1)))
		unsigned_attributes = decode_tlv(&info, DER_EXPLICIT(1));
	decode_end(&info);
	TRY(decode_check(d));
	TRY(algorithm_read_digest(digest, &c->digest));
	if (c->has_attributes)
		TRY(read_signed_attributes(c));
	return read_unsigned_attributes(unsigned_attributes, c);
}

/* digestAlgorithms must name the signer's one, or a one-pass reader has no digest to compare. [RFC 5652 5.1] */
static err_t
check_digests(struct bytes set, enum digest_kind wanted)
{
	struct decode d = decode_init(set);
	while (decode_more(&d)) {
		enum digest_kind kind;
		struct bytes one = decode_whole(&d, DER_SEQUENCE);
		if (!decode_check(&d).code && !err_is(algorithm_read_digest(one, &kind)) && kind == wanted)
			return OK;
	}
	TRY(decode_check(&d));
	return err_make(ERR_CMS, "digestAlgorithms does not name the signer's digest");
}

static err_t
read_all(struct bytes der, struct cms *c)
{
	struct decode d = decode_init(der);
	struct decode info = decode_enter(&d, DER_SEQUENCE);
	if (!bytes_eq(decode_oid(&info), OID_CMS_SIGNED_DATA))
		return err_make(ERR_CMS, "not SignedData");
	struct decode explicit = decode_enter(&info, DER_EXPLICIT(0));
	struct decode data = decode_enter(&explicit, DER_SEQUENCE);
	(void)decode_u64(&data, 5);
	struct bytes digests = decode_tlv(&data, DER_SET);
	read_content(&data, c);
	if (decode_is(&data, DER_EXPLICIT(0)))
		read_certificates(&data, c);
	if (decode_is(&data, DER_EXPLICIT(1)))
		c->crls = decode_tlv(&data, DER_EXPLICIT(1));
	TRY(decode_check(&d));
	TRY(read_signer_info(&data, c));
	decode_end(&data);
	decode_end(&explicit);
	decode_end(&info);
	TRY(decode_check(&d));
	if (!c->has_attributes && !bytes_eq(c->content_type, OID_CMS_DATA))
		return err_make(ERR_CMS, "no signed attributes"); /* [RFC 5652 5.3] */
	return check_digests(digests, c->digest);
}

err_t
cms_read(struct bytes der, struct cms *ret_cms)
{
	struct cms c = {0};
	TRY(der_scan_check(der, CMS_OCTETS_MAX));
	TRY(read_all(der, &c));
	*ret_cms = c;
	return OK;
}
