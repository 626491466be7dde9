#include "ades/cms.h"

#include "base/digest.h"

/* Attribute ::= SEQUENCE { attrType, attrValues SET OF }, around the one value written since mark. */
static void
wrap_attribute(struct encode *w, struct bytes type, size_t mark)
{
	encode_wrap(w, DER_SET, mark);
	encode_oid(w, type);
	encode_wrap(w, DER_SEQUENCE, mark);
}

/* SigningCertificateV2 with one ESSCertIDv2: SHA-256 is the default and therefore left out; so is issuerSerial, which
 * adds nothing to the hash. [RFC 5035 3, 4] */
static void
write_signing_certificate(struct encode *w, struct bytes certificate)
{
	uint8_t hash[DIGEST_SHA256_LEN];
	digest_sha256(certificate, hash);
	size_t mark = encode_mark(w);
	encode_octets(w, BYTES_OF(hash));
	encode_wrap(w, DER_SEQUENCE, mark); /* ESSCertIDv2 */
	encode_wrap(w, DER_SEQUENCE, mark); /* certs */
	encode_wrap(w, DER_SEQUENCE, mark); /* SigningCertificateV2 */
	wrap_attribute(w, OID_CMS_SIGNING_CERTIFICATE_V2, mark);
}

err_t
cms_signed_attributes(const struct cms_attributes *a, void *room, size_t room_n, struct bytes *ret_set)
{
	if (a->document_sha256.n != DIGEST_SHA256_LEN)
		return err_make(ERR_INPUT, "the document digest has %zu octets, not 32", a->document_sha256.n);
	struct encode w = encode_init(room, room_n);
	size_t all = encode_mark(&w);
	write_signing_certificate(&w, a->certificate);
	size_t mark = encode_mark(&w);
	encode_octets(&w, a->document_sha256);
	wrap_attribute(&w, OID_CMS_MESSAGE_DIGEST, mark);
	mark = encode_mark(&w);
	encode_oid(&w, OID_CMS_DATA);
	wrap_attribute(&w, OID_CMS_CONTENT_TYPE, mark);
	if (a->signing_at != 0) {
		mark = encode_mark(&w);
		encode_time(&w, a->signing_at);
		wrap_attribute(&w, OID_CMS_SIGNING_TIME, mark);
	}
	encode_sort(&w, all);
	encode_wrap(&w, DER_SET, all);
	return encode_done(&w, ret_set);
}

/* AlgorithmIdentifier without parameters [RFC 5754 2, 3.3] */
static void
write_algorithm(struct encode *w, struct bytes oid)
{
	size_t mark = encode_mark(w);
	encode_oid(w, oid);
	encode_wrap(w, DER_SEQUENCE, mark);
}

/* Issuer and serial number of a certificate, as they stand in it. */
static err_t
certificate_names(struct bytes certificate, struct bytes *ret_issuer, struct bytes *ret_serial)
{
	struct decode d = decode_init(certificate);
	struct decode outer = decode_enter(&d, DER_SEQUENCE);
	struct decode tbs = decode_enter(&outer, DER_SEQUENCE);
	if (decode_is(&tbs, DER_EXPLICIT(0)))
		(void)decode_any(&tbs, NULL);
	struct bytes serial = decode_whole(&tbs, DER_INTEGER);
	(void)decode_whole(&tbs, DER_SEQUENCE); /* signature */
	struct bytes issuer = decode_whole(&tbs, DER_SEQUENCE);
	TRY(decode_check(&d));
	*ret_issuer = issuer;
	*ret_serial = serial;
	return OK;
}

/* SignerInfo version 1: issuerAndSerialNumber [RFC 5652 5.3] */
static err_t
write_signer_info(struct encode *w, const struct cms_parts *parts)
{
	struct bytes issuer, serial;
	TRY(certificate_names(parts->certificates[0], &issuer, &serial));
	size_t info = encode_mark(w);
	if (parts->time_stamp.n > 0) {
		encode_raw(w, parts->time_stamp);
		wrap_attribute(w, OID_CMS_SIGNATURE_TIME_STAMP, info);
		encode_wrap(w, DER_EXPLICIT(1), info); /* unsignedAttrs, IMPLICIT SET OF one */
	}
	encode_octets(w, parts->signature);
	write_algorithm(w, parts->signature_algorithm.n ? parts->signature_algorithm : OID_ECDSA_SHA256);
	size_t mark = encode_mark(w);
	struct decode d = decode_init(parts->attributes);
	encode_raw(w, decode_tlv(&d, DER_SET));
	decode_end(&d);
	TRY(decode_check(&d));
	encode_wrap(w, DER_EXPLICIT(0), mark); /* signedAttrs, IMPLICIT */
	write_algorithm(w, OID_SHA256);
	mark = encode_mark(w);
	encode_raw(w, serial);
	encode_raw(w, issuer);
	encode_wrap(w, DER_SEQUENCE, mark);
	encode_u64(w, 1);
	encode_wrap(w, DER_SEQUENCE, info);
	return OK;
}

err_t
cms_signed_data(const struct cms_parts *parts, void *room, size_t room_n, struct bytes *ret_cms)
{
	if (parts->certificates_n == 0 || parts->certificates_n > CMS_CERTIFICATES_MAX)
		return err_make(ERR_INPUT, "%zu certificates for a signature", parts->certificates_n);
	struct encode w = encode_init(room, room_n);
	size_t all = encode_mark(&w);
	TRY(write_signer_info(&w, parts));
	encode_wrap(&w, DER_SET, all);
	size_t mark = encode_mark(&w);
	for (size_t i = parts->certificates_n; i-- > 0;)
		encode_raw(&w, parts->certificates[i]);
	encode_sort(&w, mark);
	encode_wrap(&w, DER_EXPLICIT(0), mark); /* certificates, IMPLICIT SET OF */
	write_algorithm(&w, OID_CMS_DATA);      /* EncapsulatedContentInfo without content has the same shape */
	mark = encode_mark(&w);
	write_algorithm(&w, OID_SHA256);
	encode_wrap(&w, DER_SET, mark);
	encode_u64(&w, 1); /* version 1: id-data, version 3 certificates, issuerAndSerialNumber [RFC 5652 5.1] */
	encode_wrap(&w, DER_SEQUENCE, all);
	encode_wrap(&w, DER_EXPLICIT(0), all);
	encode_oid(&w, OID_CMS_SIGNED_DATA);
	encode_wrap(&w, DER_SEQUENCE, all);
	return encode_done(&w, ret_cms);
}

size_t
cms_size_max(const struct cms_sizes *sizes)
{
	enum {
		VERSION = 3,
		DIGEST_ALGORITHM = 13,    /* SHA-256 without parameters */
		SIGNATURE_ALGORITHM = 12, /* ecdsa-with-SHA256 */
		CONTENT = 13,             /* id-data, detached */
		SERIAL = 22,
		SIGNATURE = 74,           /* an OCTET STRING with two INTEGERs of 33 octets */
		SIGNED_DATA_TYPE = 11,
		TIME_STAMP_TYPE = 13,
	};
	size_t info = VERSION + encode_size(sizes->issuer + SERIAL) + DIGEST_ALGORITHM + sizes->attributes + SIGNATURE_ALGORITHM
	              + SIGNATURE;
	if (sizes->time_stamp > 0)
		info += encode_size(encode_size(TIME_STAMP_TYPE + encode_size(sizes->time_stamp)));
	size_t data = VERSION + encode_size(DIGEST_ALGORITHM) + CONTENT + encode_size(sizes->certificates)
	              + encode_size(encode_size(info));
	return encode_size(SIGNED_DATA_TYPE + encode_size(encode_size(data)));
}
