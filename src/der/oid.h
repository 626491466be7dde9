/*
 * Object identifiers: a struct bytes with the content octets of the DER element (no tag, no length), so comparing is
 * bytes_eq. The constants below are all that the formats name; configured ones (our own arc) are read from text.
 */
#ifndef PARAPH_DER_OID_H
#define PARAPH_DER_OID_H

#include "base/bytes.h"

/* Room for the content of any identifier that we accept: 2.25.UUID takes 20 octets. */
enum { OID_OCTETS_MAX = 48, OID_TEXT_MAX = 160 };

/* One that was read from text; a value type. */
struct oid {
	uint8_t n;
	uint8_t p[OID_OCTETS_MAX];
};

static inline struct bytes
oid_bytes(const struct oid *o)
{
	return (struct bytes){o->p, o->n};
}

/* "2.25.123…" with arcs of up to 128 bits; ERR_INPUT for anything that is not the one canonical text of an OID. */
err_t oid_parse(struct str text, struct oid *ret_oid);
/* The content octets as text, NUL-terminated; ERR_DER when they are not an OID or an arc is above 128 bits. */
err_t oid_text(struct bytes content, char ret_text[OID_TEXT_MAX]);
/* Whether the content octets are canonical: no arc starts with 0x80, the last octet ends an arc. */
bool oid_check(struct bytes content);
/* The arc with one more number behind it: oid_under(arc, 3). ERR_LIMIT when too long. */
err_t oid_under(const struct oid *arc, uint32_t number, struct oid *ret_oid);

#define OID_OF(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

/* Public keys and signatures. */
#define OID_EC_PUBLIC_KEY OID_OF("\x2a\x86\x48\xce\x3d\x02\x01") /* 1.2.840.10045.2.1 */
#define OID_P256 OID_OF("\x2a\x86\x48\xce\x3d\x03\x01\x07") /* 1.2.840.10045.3.1.7 */
#define OID_P384 OID_OF("\x2b\x81\x04\x00\x22") /* 1.3.132.0.34 */
#define OID_P521 OID_OF("\x2b\x81\x04\x00\x23") /* 1.3.132.0.35 */
#define OID_ECDSA_SHA256 OID_OF("\x2a\x86\x48\xce\x3d\x04\x03\x02") /* 1.2.840.10045.4.3.2 */
#define OID_ECDSA_SHA384 OID_OF("\x2a\x86\x48\xce\x3d\x04\x03\x03") /* 1.2.840.10045.4.3.3 */
#define OID_ECDSA_SHA512 OID_OF("\x2a\x86\x48\xce\x3d\x04\x03\x04") /* 1.2.840.10045.4.3.4 */
#define OID_RSA OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01") /* 1.2.840.113549.1.1.1 */
#define OID_RSA_SHA256 OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b") /* 1.2.840.113549.1.1.11 */
#define OID_RSA_SHA384 OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c") /* 1.2.840.113549.1.1.12 */
#define OID_RSA_SHA512 OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d") /* 1.2.840.113549.1.1.13 */
#define OID_RSA_PSS OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a") /* 1.2.840.113549.1.1.10 */
#define OID_MGF1 OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08") /* 1.2.840.113549.1.1.8 */
#define OID_ED25519 OID_OF("\x2b\x65\x70") /* 1.3.101.112 */

/* Digests. */
#define OID_SHA1 OID_OF("\x2b\x0e\x03\x02\x1a") /* 1.3.14.3.2.26 */
#define OID_SHA224 OID_OF("\x60\x86\x48\x01\x65\x03\x04\x02\x04") /* 2.16.840.1.101.3.4.2.4 */
#define OID_SHA256 OID_OF("\x60\x86\x48\x01\x65\x03\x04\x02\x01") /* 2.16.840.1.101.3.4.2.1 */
#define OID_SHA384 OID_OF("\x60\x86\x48\x01\x65\x03\x04\x02\x02") /* 2.16.840.1.101.3.4.2.2 */
#define OID_SHA512 OID_OF("\x60\x86\x48\x01\x65\x03\x04\x02\x03") /* 2.16.840.1.101.3.4.2.3 */

/* Attributes of a name. */
#define OID_AT_CN OID_OF("\x55\x04\x03") /* 2.5.4.3 */
#define OID_AT_SURNAME OID_OF("\x55\x04\x04") /* 2.5.4.4 */
#define OID_AT_SERIAL_NUMBER OID_OF("\x55\x04\x05") /* 2.5.4.5 */
#define OID_AT_COUNTRY OID_OF("\x55\x04\x06") /* 2.5.4.6 */
#define OID_AT_LOCALITY OID_OF("\x55\x04\x07") /* 2.5.4.7 */
#define OID_AT_STATE OID_OF("\x55\x04\x08") /* 2.5.4.8 */
#define OID_AT_ORGANIZATION OID_OF("\x55\x04\x0a") /* 2.5.4.10 */
#define OID_AT_ORGANIZATIONAL_UNIT OID_OF("\x55\x04\x0b") /* 2.5.4.11 */
#define OID_AT_TITLE OID_OF("\x55\x04\x0c") /* 2.5.4.12 */
#define OID_AT_GIVEN_NAME OID_OF("\x55\x04\x2a") /* 2.5.4.42 */
#define OID_AT_PSEUDONYM OID_OF("\x55\x04\x41") /* 2.5.4.65 */
#define OID_AT_ORGANIZATION_ID OID_OF("\x55\x04\x61") /* 2.5.4.97 */
#define OID_AT_EMAIL OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01") /* 1.2.840.113549.1.9.1 */

/* Extensions of certificates and CRLs. */
#define OID_CE_SUBJECT_KEY_ID OID_OF("\x55\x1d\x0e") /* 2.5.29.14 */
#define OID_CE_KEY_USAGE OID_OF("\x55\x1d\x0f") /* 2.5.29.15 */
#define OID_CE_PRIVATE_KEY_USAGE_PERIOD OID_OF("\x55\x1d\x10") /* 2.5.29.16 */
#define OID_CE_SUBJECT_ALT_NAME OID_OF("\x55\x1d\x11") /* 2.5.29.17 */
#define OID_CE_BASIC_CONSTRAINTS OID_OF("\x55\x1d\x13") /* 2.5.29.19 */
#define OID_CE_CRL_NUMBER OID_OF("\x55\x1d\x14") /* 2.5.29.20 */
#define OID_CE_REASON_CODE OID_OF("\x55\x1d\x15") /* 2.5.29.21 */
#define OID_CE_INVALIDITY_DATE OID_OF("\x55\x1d\x18") /* 2.5.29.24 */
#define OID_CE_ISSUING_DISTRIBUTION_POINT OID_OF("\x55\x1d\x1c") /* 2.5.29.28 */
#define OID_CE_NAME_CONSTRAINTS OID_OF("\x55\x1d\x1e") /* 2.5.29.30 */
#define OID_CE_CRL_DISTRIBUTION_POINTS OID_OF("\x55\x1d\x1f") /* 2.5.29.31 */
#define OID_CE_CERTIFICATE_POLICIES OID_OF("\x55\x1d\x20") /* 2.5.29.32 */
#define OID_CE_ANY_POLICY OID_OF("\x55\x1d\x20\x00") /* 2.5.29.32.0 */
#define OID_CE_POLICY_MAPPINGS OID_OF("\x55\x1d\x21") /* 2.5.29.33 */
#define OID_CE_AUTHORITY_KEY_ID OID_OF("\x55\x1d\x23") /* 2.5.29.35 */
#define OID_CE_POLICY_CONSTRAINTS OID_OF("\x55\x1d\x24") /* 2.5.29.36 */
#define OID_CE_EXT_KEY_USAGE OID_OF("\x55\x1d\x25") /* 2.5.29.37 */
#define OID_CE_INHIBIT_ANY_POLICY OID_OF("\x55\x1d\x36") /* 2.5.29.54 */
#define OID_CE_NO_REV_AVAIL OID_OF("\x55\x1d\x38") /* 2.5.29.56 */
#define OID_CE_EXPIRED_CERTS_ON_CRL OID_OF("\x55\x1d\x3c") /* 2.5.29.60 */
#define OID_PE_AUTHORITY_INFO_ACCESS OID_OF("\x2b\x06\x01\x05\x05\x07\x01\x01") /* 1.3.6.1.5.5.7.1.1 */
#define OID_PE_QC_STATEMENTS OID_OF("\x2b\x06\x01\x05\x05\x07\x01\x03") /* 1.3.6.1.5.5.7.1.3 */
#define OID_ETSI_VALASSURED_ST_CERTS OID_OF("\x04\x00\x8b\xec\x49\x02\x01") /* 0.4.0.194121.2.1 */
#define OID_AD_OCSP OID_OF("\x2b\x06\x01\x05\x05\x07\x30\x01") /* 1.3.6.1.5.5.7.48.1 */
#define OID_AD_CA_ISSUERS OID_OF("\x2b\x06\x01\x05\x05\x07\x30\x02") /* 1.3.6.1.5.5.7.48.2 */
#define OID_QT_CPS OID_OF("\x2b\x06\x01\x05\x05\x07\x02\x01") /* 1.3.6.1.5.5.7.2.1 */

/* Purposes of keys. */
#define OID_KP_TIME_STAMPING OID_OF("\x2b\x06\x01\x05\x05\x07\x03\x08") /* 1.3.6.1.5.5.7.3.8 */
#define OID_KP_OCSP_SIGNING OID_OF("\x2b\x06\x01\x05\x05\x07\x03\x09") /* 1.3.6.1.5.5.7.3.9 */
#define OID_KP_DOCUMENT_SIGNING OID_OF("\x2b\x06\x01\x05\x05\x07\x03\x24") /* 1.3.6.1.5.5.7.3.36 */
#define OID_KP_ADOBE_PDF_SIGNING OID_OF("\x2a\x86\x48\x86\xf7\x2f\x01\x01\x05") /* 1.2.840.113583.1.1.5 */
#define OID_KP_MS_DOCUMENT_SIGNING OID_OF("\x2b\x06\x01\x04\x01\x82\x37\x0a\x03\x0c") /* 1.3.6.1.4.1.311.10.3.12 */
#define OID_KP_SERVER_AUTH OID_OF("\x2b\x06\x01\x05\x05\x07\x03\x01") /* 1.3.6.1.5.5.7.3.1 */
#define OID_KP_CLIENT_AUTH OID_OF("\x2b\x06\x01\x05\x05\x07\x03\x02") /* 1.3.6.1.5.5.7.3.2 */
#define OID_KP_EMAIL_PROTECTION OID_OF("\x2b\x06\x01\x05\x05\x07\x03\x04") /* 1.3.6.1.5.5.7.3.4 */
#define OID_KP_CODE_SIGNING OID_OF("\x2b\x06\x01\x05\x05\x07\x03\x03") /* 1.3.6.1.5.5.7.3.3 */
#define OID_KP_ANY OID_OF("\x55\x1d\x25\x00") /* 2.5.29.37.0 */

/* Qualified and ETSI statements; policies that are only ever configured claims. */
#define OID_QCS_SEMANTICS_NATURAL OID_OF("\x04\x00\x8b\xec\x49\x01\x01") /* 0.4.0.194121.1.1 */
#define OID_QCS_SEMANTICS_LEGAL OID_OF("\x04\x00\x8b\xec\x49\x01\x02") /* 0.4.0.194121.1.2 */
#define OID_QCS_PKIX_V2 OID_OF("\x2b\x06\x01\x05\x05\x07\x0b\x02") /* 1.3.6.1.5.5.7.11.2 */
#define OID_QC_COMPLIANCE OID_OF("\x04\x00\x8e\x46\x01\x01") /* 0.4.0.1862.1.1 */
#define OID_QC_PDS OID_OF("\x04\x00\x8e\x46\x01\x05") /* 0.4.0.1862.1.5 */
#define OID_QC_TYPE OID_OF("\x04\x00\x8e\x46\x01\x06") /* 0.4.0.1862.1.6 */
#define OID_ETSI_LCP OID_OF("\x04\x00\x8f\x7a\x01\x03") /* 0.4.0.2042.1.3 */
#define OID_ETSI_NCP OID_OF("\x04\x00\x8f\x7a\x01\x01") /* 0.4.0.2042.1.1 */
#define OID_ETSI_NCP_PLUS OID_OF("\x04\x00\x8f\x7a\x01\x02") /* 0.4.0.2042.1.2 */
#define OID_ETSI_BTSP OID_OF("\x04\x00\x8f\x67\x01\x01") /* 0.4.0.2023.1.1 */

/* OCSP. */
#define OID_OCSP_BASIC OID_OF("\x2b\x06\x01\x05\x05\x07\x30\x01\x01") /* 1.3.6.1.5.5.7.48.1.1 */
#define OID_OCSP_NONCE OID_OF("\x2b\x06\x01\x05\x05\x07\x30\x01\x02") /* 1.3.6.1.5.5.7.48.1.2 */
#define OID_OCSP_NOCHECK OID_OF("\x2b\x06\x01\x05\x05\x07\x30\x01\x05") /* 1.3.6.1.5.5.7.48.1.5 */
#define OID_OCSP_ARCHIVE_CUTOFF OID_OF("\x2b\x06\x01\x05\x05\x07\x30\x01\x06") /* 1.3.6.1.5.5.7.48.1.6 */
#define OID_OCSP_CERT_HASH OID_OF("\x2b\x24\x08\x03\x0d") /* 1.3.36.8.3.13 */

/* CMS, CAdES and time-stamps. */
#define OID_CMS_DATA OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01") /* 1.2.840.113549.1.7.1 */
#define OID_CMS_SIGNED_DATA OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02") /* 1.2.840.113549.1.7.2 */
#define OID_CMS_TST_INFO OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04") /* 1.2.840.113549.1.9.16.1.4 */
#define OID_CMS_CONTENT_TYPE OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03") /* 1.2.840.113549.1.9.3 */
#define OID_CMS_MESSAGE_DIGEST OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04") /* 1.2.840.113549.1.9.4 */
#define OID_CMS_SIGNING_TIME OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05") /* 1.2.840.113549.1.9.5 */
#define OID_CMS_SIGNING_CERTIFICATE OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c") /* 1.2.840.113549.1.9.16.2.12 */
#define OID_CMS_SIGNING_CERTIFICATE_V2 OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f") /* 1.2.840.113549.1.9.16.2.47 */
#define OID_CMS_SIGNATURE_TIME_STAMP OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0e") /* 1.2.840.113549.1.9.16.2.14 */
#define OID_CMS_COMMITMENT_TYPE OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x10") /* 1.2.840.113549.1.9.16.2.16 */
#define OID_CMS_SIGNATURE_POLICY OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0f") /* 1.2.840.113549.1.9.16.2.15 */
#define OID_CMS_ALGORITHM_PROTECTION OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x34") /* 1.2.840.113549.1.9.52 */

#endif
