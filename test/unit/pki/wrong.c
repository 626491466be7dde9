#include "wrong.h"
#include "base/time.h"
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define D(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}
#define EXT_ADD(o, d) .kind = WRONG_ADD, .oid = o, .der = D(d)
#define EXT_VALUE(o, d) .kind = WRONG_VALUE, .oid = o, .der = D(d)
#define RDN(o, tag, text) {OID_AT_##o, tag, text, false}
#define C_FR RDN(COUNTRY, DER_PRINTABLE, "FR")
#define SN_DOE RDN(SURNAME, DER_UTF8, "Doe")
#define GN_JANE RDN(GIVEN_NAME, DER_UTF8, "Jane")
#define SERIAL RDN(SERIAL_NUMBER, DER_PRINTABLE, "DEMO-7F3A91C2")
#define CN_JANE RDN(CN, DER_UTF8, "Jane Doe")
#define SIXTY_FIVE "DEMO567890123456789012345678901234567890123456789012345678901234x"

/* 2.25.5: an extension, policy or purpose that nobody knows */
#define OID_STRANGE OID_OF("\x69\x05")
/* id-ad-ocsp and id-ad-caIssuers, AccessDescription */
#define AIA_CA(url_len, url) "\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86" url_len url
#define DP(a, b, c, d, url_len, url) "\x30" a "\x30" b "\xa0" c "\xa0" d "\x86" url_len url

const struct wrong wrong_table[] = {
	/* serial, version, algorithm */
	{"serial-8-octets", "signer-b", WRONG_SERIAL, .der = D("\x02\x08\x41\x02\x03\x04\x05\x06\x07\x08"), .says = "20 octets", .judge = "profile P1"},
	{"serial-first-3f", "signer-b", WRONG_SERIAL,
	    .der = D("\x02\x14\x3f\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14"), .says = "20 octets", .judge = "profile P1"},
	{"serial-21-octets", "signer-b", WRONG_SERIAL,
	    .der = D("\x02\x15\x00\x80\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14"), .says = "20 octets", .judge = "zlint pkilint"},
	{"serial-negative", "signer-b", WRONG_SERIAL,
	    .der = D("\x02\x14\x80\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14"), .says = "negative", .judge = "zlint pkilint"},
	{"serial-zero", "signer-b", WRONG_SERIAL, .der = D("\x02\x01\x00"), .says = "20 octets", .judge = "zlint pkilint"},
	{"version-absent", "signer-b", WRONG_VERSION, .der = D(""), .says = "another type", .judge = "openssl certtool zlint pkilint"},
	{"version-2", "signer-b", WRONG_VERSION, .der = D("\xa0\x03\x02\x01\x01"), .says = "not version 3", .judge = "openssl certtool zlint pkilint"},
	{"version-1-written", "signer-b", WRONG_VERSION, .der = D("\xa0\x03\x02\x01\x00"), .says = "not version 3", .judge = "openssl certtool zlint pkilint"},
	{"algorithm-sha384", "signer-b", WRONG_ALGORITHM, .der = D("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"), .says = "RFC 5280 4.1.2.3", .judge = "profile P2"},
	{"algorithm-sha1", "signer-b", WRONG_ALGORITHM, .der = D("\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"), .says = "RFC 5280 4.1.2.3", .judge = "profile P2"},
	{"algorithm-null", "signer-b", WRONG_ALGORITHM, .der = D("\x30\x0c\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00"), .says = "RFC 5280 4.1.2.3", .judge = "pkilint"},
	/* issuer */
	{"issuer-empty", "signer-b", WRONG_ISSUER, .der = D("\x30\x00"), .says = "RFC 5280 4.1.2.4", .judge = "openssl zlint pkilint"},
	{"issuer-other", "signer-b", WRONG_ISSUER,
	    .der = D("\x30\x1f\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02\x46\x52\x31\x10\x30\x0e\x06\x03\x55\x04\x03\x0c\x07" "Another"), .says = "RFC 5280 4.1.2.4", .judge = "openssl pkilint"},
	{"issuer-is-subject", "issuing-b", WRONG_ISSUER, .der = D(""), .says = "RFC 5280 4.1.2.4", .judge = "openssl"},
	/* validity */
	{"life-5-minutes", "signer-b", WRONG_VALIDITY, .from = -60, .to = 239, .says = "shorter or longer", .judge = "profile P3"},
	{"life-one-second-over", "signer-b", WRONG_VALIDITY, .from = -60, .to = 7140, .says = "shorter or longer", .judge = "profile P3"},
	{"not-yet-valid", "signer-b", WRONG_VALIDITY, .from = 600, .to = 1499, .says = "future", .judge = "openssl"},
	{"backdated-61-seconds", "signer-b", WRONG_VALIDITY, .from = -61, .to = 838, .says = "backdated", .judge = "profile P3"},
	{"ends-before-start", "signer-b", WRONG_VALIDITY, .from = -10, .to = -700, .says = "shorter or longer", .judge = "openssl zlint pkilint"},
	{"tsu-ten-years", "tsu", WRONG_VALIDITY, .from = 0, .to = 315576000, .says = "shorter or longer", .judge = "profile P3"},
	{"outlives-root", "issuing-b", WRONG_VALIDITY, .from = 0, .to = 662709600, .says = "shorter or longer", .judge = "profile P3"},
	{"generalized-time-2026", "signer-b", WRONG_TIMES, .der = D("\x18\x0f" "20261122210000Z" "\x18\x0f" "20261122211459Z"), .says = "2050", .judge = "openssl zlint pkilint"},
	{"utc-time-without-seconds", "signer-b", WRONG_TIMES, .der = D("\x17\x0b" "2611222100Z" "\x17\x0b" "2611222115Z"), .says = "UTCTime", .judge = "openssl zlint pkilint"},
	{"utc-time-with-zone", "signer-b", WRONG_TIMES, .der = D("\x17\x11" "261122210000+0100" "\x17\x11" "261122211500+0100"), .says = "UTCTime", .judge = "openssl certtool zlint pkilint"},
	/* subject */
	{"country-lower-case", "signer-b", WRONG_SUBJECT, .rdns = {RDN(COUNTRY, DER_PRINTABLE, "fr"), SN_DOE, GN_JANE, SERIAL, CN_JANE}, .says = "capital", .judge = "profile P4"},
	{"country-three-letters", "signer-b", WRONG_SUBJECT, .rdns = {RDN(COUNTRY, DER_PRINTABLE, "FRA"), SN_DOE, GN_JANE, SERIAL, CN_JANE}, .says = "at most 2", .judge = "pkilint"},
	{"country-utf8", "signer-b", WRONG_SUBJECT, .rdns = {RDN(COUNTRY, DER_UTF8, "FR"), SN_DOE, GN_JANE, SERIAL, CN_JANE}, .says = "another type", .judge = "zlint pkilint"},
	{"country-missing", "signer-b", WRONG_SUBJECT, .rdns = {SN_DOE, GN_JANE, SERIAL, CN_JANE}, .says = "C is missing", .judge = "pkilint"},
	{"common-name-missing", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, SERIAL}, .says = "CN is missing", .judge = "pkilint"},
	{"common-name-65", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, SERIAL, RDN(CN, DER_UTF8, SIXTY_FIVE)}, .says = "at most 64", .judge = "zlint pkilint"},
	{"common-name-bmp", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, SERIAL, RDN(CN, DER_BMP, "JaneDoe!")}, .says = "another type", .judge = "profile P4"},
	{"common-name-teletex", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, SERIAL, RDN(CN, DER_TELETEX, "Jane Doe")}, .says = "another type", .judge = "profile P4"},
	{"common-name-trailing-space", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, SERIAL, RDN(CN, DER_UTF8, "Jane Doe ")}, .says = "space at the end", .judge = "profile P4"},
	{"common-name-leading-space", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, SERIAL, RDN(CN, DER_UTF8, " Jane Doe")}, .says = "space at the start", .judge = "profile P4"},
	{"common-name-invisible", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, SERIAL, RDN(CN, DER_UTF8, "Jane\xe2\x80\x8b" "Doe")}, .says = "invisible", .judge = "profile P4"},
	{"common-name-control", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, SERIAL, RDN(CN, DER_UTF8, "Jane\x01" "Doe")}, .says = "does not allow", .judge = "profile P4"},
	{"common-name-twice", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, SERIAL, CN_JANE, CN_JANE}, .says = "twice", .judge = "pkilint"},
	{"no-person-name", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SERIAL, CN_JANE}, .says = "natural person", .judge = "pkilint"},
	{"name-and-pseudonym", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, RDN(PSEUDONYM, DER_UTF8, "Jay"), SERIAL, CN_JANE}, .says = "natural person", .judge = "pkilint"},
	{"serial-number-missing", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, CN_JANE}, .says = "serialNumber is missing", .judge = "profile P5"},
	{"serial-number-utf8", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, RDN(SERIAL_NUMBER, DER_UTF8, "DEMO-7F3A91C2"), CN_JANE}, .says = "another type", .judge = "zlint pkilint"},
	{"subject-order", "signer-b", WRONG_SUBJECT, .rdns = {CN_JANE, SERIAL, GN_JANE, SN_DOE, C_FR}, .says = "order", .judge = "profile P4"},
	{"subject-joined-rdn", "signer-b", WRONG_SUBJECT,
	    .rdns = {C_FR, SN_DOE, {OID_AT_GIVEN_NAME, DER_UTF8, "Jane", true}, SERIAL, CN_JANE}, .says = "more elements", .judge = "profile P4"},
	{"subject-e-mail", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, SERIAL, CN_JANE, RDN(EMAIL, DER_IA5, "jane@example.org")}, .says = "unknown", .judge = "zlint pkilint"},
	{"subject-organizational-unit", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, RDN(ORGANIZATIONAL_UNIT, DER_UTF8, "Sales"), SN_DOE, GN_JANE, SERIAL, CN_JANE}, .says = "no place", .judge = "profile P4"},
	{"subject-empty", "signer-b", WRONG_NAME, .der = D("\x30\x00"), .says = "is missing", .judge = "openssl zlint pkilint"},
	{"not-demo", "signer-b", WRONG_SUBJECT, .rdns = {C_FR, SN_DOE, GN_JANE, RDN(SERIAL_NUMBER, DER_PRINTABLE, "7F3A91C2"), CN_JANE}, .says = "DEMO", .judge = "profile P6"},
	{"tsu-not-demo", "tsu", WRONG_SUBJECT, .rdns = {C_FR, RDN(ORGANIZATION, DER_UTF8, "Paraph"), RDN(CN, DER_UTF8, "Paraph TSU")}, .says = "DEMO", .judge = "profile P6"},
	/* key */
	{"key-off-curve", "signer-b", WRONG_POINT, .says = "not a point", .judge = "openssl zlint"},
	{"key-p384", "signer-b", WRONG_CURVE, .says = "profile's kind", .judge = "profile P2"},
	{"key-rsa", "signer-b", WRONG_RSA, .says = "profile's kind", .judge = "profile P2"},
	{"key-of-issuer", "signer-b", WRONG_KEY, .der = D(""), .says = "issuer's", .judge = "profile P7"},
	/* key identifiers */
	{"no-ski", "signer-b", WRONG_DROP, .oid = OID_CE_SUBJECT_KEY_ID, .says = "2.5.29.14", .judge = "profile P8"},
	{"ca-no-ski", "issuing-b", WRONG_DROP, .oid = OID_CE_SUBJECT_KEY_ID, .says = "2.5.29.14", .judge = "openssl zlint pkilint"},
	{"ski-critical", "signer-b", WRONG_CRITICAL, .oid = OID_CE_SUBJECT_KEY_ID, .says = "2.5.29.14", .judge = "openssl zlint pkilint"},
	{"ski-other", "signer-b", EXT_VALUE(OID_CE_SUBJECT_KEY_ID, "\x04\x04\x01\x02\x03\x04"), .says = "SHA-1 of the key", .judge = "profile P9"},
	{"no-aki", "signer-b", WRONG_DROP, .oid = OID_CE_AUTHORITY_KEY_ID, .says = "2.5.29.35", .judge = "openssl zlint pkilint"},
	{"aki-critical", "signer-b", WRONG_CRITICAL, .oid = OID_CE_AUTHORITY_KEY_ID, .says = "2.5.29.35", .judge = "openssl zlint pkilint"},
	{"aki-other", "signer-b",
	    EXT_VALUE(OID_CE_AUTHORITY_KEY_ID, "\x30\x16\x80\x14\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14"), .says = "issuer's key", .judge = "openssl"},
	{"aki-empty", "signer-b", EXT_VALUE(OID_CE_AUTHORITY_KEY_ID, "\x30\x00"), .says = "issuer's key", .judge = "openssl zlint pkilint"},
	/* keyUsage and basicConstraints */
	{"no-key-usage", "signer-b", WRONG_DROP, .oid = OID_CE_KEY_USAGE, .says = "2.5.29.15", .judge = "pkilint"},
	{"key-usage-not-critical", "signer-b", WRONG_CRITICAL, .oid = OID_CE_KEY_USAGE, .says = "2.5.29.15", .judge = "profile P8"},
	{"key-usage-mixed", "signer-b", EXT_VALUE(OID_CE_KEY_USAGE, "\x03\x02\x06\xc0"), .says = "NAT-4.3.2-1", .judge = "profile P10"},
	{"key-usage-digital-signature", "signer-b", EXT_VALUE(OID_CE_KEY_USAGE, "\x03\x02\x07\x80"), .says = "NAT-4.3.2-1", .judge = "profile P10"},
	{"key-usage-encipherment", "signer-b", EXT_VALUE(OID_CE_KEY_USAGE, "\x03\x02\x05\x60"), .says = "NAT-4.3.2-1", .judge = "zlint pkilint"},
	{"key-usage-cert-sign", "signer-b", EXT_VALUE(OID_CE_KEY_USAGE, "\x03\x02\x02\x44"), .says = "NAT-4.3.2-1", .judge = "openssl zlint pkilint"},
	{"key-usage-empty", "signer-b", EXT_VALUE(OID_CE_KEY_USAGE, "\x03\x01\x00"), .says = "NAT-4.3.2-1", .judge = "openssl zlint pkilint"},
	{"key-usage-trailing-zeros", "signer-b", EXT_VALUE(OID_CE_KEY_USAGE, "\x03\x02\x00\x40"), .says = "named bits", .judge = "zlint pkilint"},
	{"ca-without-cert-sign", "issuing-b", EXT_VALUE(OID_CE_KEY_USAGE, "\x03\x02\x01\x02"), .says = "keyUsage", .judge = "openssl zlint pkilint"},
	{"ca-without-basic-constraints", "issuing-b", WRONG_DROP, .oid = OID_CE_BASIC_CONSTRAINTS, .says = "2.5.29.19", .judge = "openssl zlint pkilint"},
	{"ca-basic-constraints-not-critical", "issuing-b", WRONG_CRITICAL, .oid = OID_CE_BASIC_CONSTRAINTS, .says = "2.5.29.19", .judge = "openssl zlint pkilint"},
	{"ca-not-ca", "issuing-b", EXT_VALUE(OID_CE_BASIC_CONSTRAINTS, "\x30\x00"), .says = "basicConstraints", .judge = "openssl zlint pkilint"},
	{"ca-no-path-length", "issuing-b", EXT_VALUE(OID_CE_BASIC_CONSTRAINTS, "\x30\x03\x01\x01\xff"), .says = "basicConstraints", .judge = "profile P10"},
	{"ca-boolean-01", "issuing-b", EXT_VALUE(OID_CE_BASIC_CONSTRAINTS, "\x30\x06\x01\x01\x01\x02\x01\x00"), .says = "BOOLEAN", .judge = "zlint pkilint"},
	{"signer-is-ca", "signer-b", .kind = WRONG_ADD_CRITICAL, .oid = OID_CE_BASIC_CONSTRAINTS, .der = D("\x30\x03\x01\x01\xff"), .says = "may not issue", .judge = "pkilint"},
	{"signer-ca-false", "signer-b", EXT_ADD(OID_CE_BASIC_CONSTRAINTS, "\x30\x03\x01\x01\x00"), .says = "2.5.29.19", .judge = "zlint pkilint"},
	/* extKeyUsage, nocheck, short-term marks */
	{"eku-critical", "signer-b", WRONG_CRITICAL, .oid = OID_CE_EXT_KEY_USAGE, .says = "2.5.29.37", .judge = "pkilint"},
	{"eku-any", "signer-b", EXT_VALUE(OID_CE_EXT_KEY_USAGE, "\x30\x06\x06\x04\x55\x1d\x25\x00"), .says = "extKeyUsage", .judge = "profile P11"},
	{"eku-ocsp-on-signer", "signer-b", EXT_VALUE(OID_CE_EXT_KEY_USAGE, "\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x09"), .says = "extKeyUsage", .judge = "profile P11"},
	{"eku-empty", "signer-b", EXT_VALUE(OID_CE_EXT_KEY_USAGE, "\x30\x00"), .says = "empty extKeyUsage", .judge = "zlint pkilint"},
	{"ca-with-ocsp-eku", "issuing-b", EXT_ADD(OID_CE_EXT_KEY_USAGE, "\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x09"), .says = "2.5.29.37", .judge = "profile P11"},
	{"tsu-eku-not-critical", "tsu", WRONG_CRITICAL, .oid = OID_CE_EXT_KEY_USAGE, .says = "2.5.29.37", .judge = "pkilint"},
	{"tsu-eku-two", "tsu",
	    EXT_VALUE(OID_CE_EXT_KEY_USAGE, "\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x08\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x24"), .says = "extKeyUsage", .judge = "profile P11"},
	{"tsu-no-eku", "tsu", WRONG_DROP, .oid = OID_CE_EXT_KEY_USAGE, .says = "2.5.29.37", .judge = "profile P11"},
	{"tsu-no-key-period", "tsu", WRONG_DROP, .oid = OID_CE_PRIVATE_KEY_USAGE_PERIOD, .says = "2.5.29.16", .judge = "profile P15"},
	{"tsu-key-period-other", "tsu", EXT_VALUE(OID_CE_PRIVATE_KEY_USAGE_PERIOD, "\x30\x11\x81\x0f" "20361122210000Z"), .says = "TIS-7.7.1-09", .judge = "profile P15"},
	{"tsu-nocheck", "tsu", EXT_ADD(OID_OCSP_NOCHECK, "\x05\x00"), .says = "1.3.6.1.5.5.7.48.1.5", .judge = "profile P11"},
	{"ocsp-no-eku", "ocsp", WRONG_DROP, .oid = OID_CE_EXT_KEY_USAGE, .says = "2.5.29.37", .judge = "profile P11"},
	{"ocsp-no-nocheck", "ocsp", WRONG_DROP, .oid = OID_OCSP_NOCHECK, .says = "1.3.6.1.5.5.7.48.1.5", .judge = "profile P11"},
	{"nocheck-on-signer", "signer-b", EXT_ADD(OID_OCSP_NOCHECK, "\x05\x00"), .says = "1.3.6.1.5.5.7.48.1.5", .judge = "profile P11"},
	{"nocheck-with-content", "ocsp", EXT_VALUE(OID_OCSP_NOCHECK, "\x05\x01\x00"), .says = "NULL", .judge = "pkilint"},
	{"valassured-in-mode-b", "signer-b", EXT_ADD(OID_ETSI_VALASSURED_ST_CERTS, "\x05\x00"), .says = "0.4.0.194121.2.1", .judge = "profile P12"},
	{"no-rev-avail-in-mode-b", "signer-b", EXT_ADD(OID_CE_NO_REV_AVAIL, "\x05\x00"), .says = "2.5.29.56", .judge = "profile P12"},
	{"no-rev-avail-on-ca", "issuing-b", EXT_ADD(OID_CE_NO_REV_AVAIL, "\x05\x00"), .says = "2.5.29.56", .judge = "profile P12"},
	/* policies */
	{"no-policies", "signer-b", WRONG_DROP, .oid = OID_CE_CERTIFICATE_POLICIES, .says = "2.5.29.32", .judge = "pkilint"},
	{"policies-critical", "signer-b", WRONG_CRITICAL, .oid = OID_CE_CERTIFICATE_POLICIES, .says = "2.5.29.32", .judge = "profile P8"},
	{"policy-of-others", "signer-b", EXT_VALUE(OID_CE_CERTIFICATE_POLICIES, "\x30\x0a\x30\x08\x06\x06\x04\x00\x8f\x7a\x01\x03"), .says = "certificatePolicies", .judge = "profile P13"},
	{"policy-twice", "issuing-b",
	    EXT_VALUE(OID_CE_CERTIFICATE_POLICIES, "\x30\x10\x30\x06\x06\x04\x55\x1d\x20\x00\x30\x06\x06\x04\x55\x1d\x20\x00"), .says = "certificatePolicies", .judge = "zlint pkilint"},
	{"policies-empty", "signer-b", EXT_VALUE(OID_CE_CERTIFICATE_POLICIES, "\x30\x00"), .says = "certificatePolicies", .judge = "zlint pkilint"},
	{"qc-compliance", "signer-b", EXT_ADD(OID_PE_QC_STATEMENTS, "\x30\x0a\x30\x08\x06\x06\x04\x00\x8e\x46\x01\x01"), .says = "1.3.6.1.5.5.7.1.3", .judge = "profile P16"},
	/* addresses */
	{"no-aia", "signer-b", WRONG_DROP, .oid = OID_PE_AUTHORITY_INFO_ACCESS, .says = "1.3.6.1.5.5.7.1.1", .judge = "pkilint"},
	{"aia-critical", "signer-b", WRONG_CRITICAL, .oid = OID_PE_AUTHORITY_INFO_ACCESS, .says = "1.3.6.1.5.5.7.1.1", .judge = "openssl zlint pkilint"},
	{"aia-no-ocsp", "signer-b",
	    EXT_VALUE(OID_PE_AUTHORITY_INFO_ACCESS, "\x30\x33\x30\x31" AIA_CA("\x25", "http://127.0.0.1:8080/aia/issuing.cer")), .says = "AIA OCSP", .judge = "profile P14"},
	{"aia-https", "issuing-b",
	    EXT_VALUE(OID_PE_AUTHORITY_INFO_ACCESS, "\x30\x31\x30\x2f" AIA_CA("\x23", "https://127.0.0.1:8080/aia/root.cer")), .says = "over http", .judge = "profile P14"},
	{"aia-localhost", "issuing-b",
	    EXT_VALUE(OID_PE_AUTHORITY_INFO_ACCESS, "\x30\x30\x30\x2e" AIA_CA("\x22", "http://localhost:8080/aia/root.cer")), .says = "over http", .judge = "pkilint"},
	{"aia-empty", "signer-b", EXT_VALUE(OID_PE_AUTHORITY_INFO_ACCESS, "\x30\x00"), .says = "caIssuers", .judge = "zlint pkilint"},
	{"no-crl-address", "signer-b", WRONG_DROP, .oid = OID_CE_CRL_DISTRIBUTION_POINTS, .says = "2.5.29.31", .judge = "profile P14"},
	{"crl-address-critical", "signer-b", WRONG_CRITICAL, .oid = OID_CE_CRL_DISTRIBUTION_POINTS, .says = "2.5.29.31", .judge = "pkilint"},
	{"crl-address-https", "issuing-b",
	    EXT_VALUE(OID_CE_CRL_DISTRIBUTION_POINTS, DP("\x2b", "\x29", "\x27", "\x25", "\x23", "https://127.0.0.1:8080/crl/root.crl")), .says = "distribution point", .judge = "profile P14"},
	{"ocsp-with-crl-address", "ocsp",
	    EXT_ADD(OID_CE_CRL_DISTRIBUTION_POINTS, DP("\x2b", "\x29", "\x27", "\x25", "\x23", "http://127.0.0.1:8080/crl/root.crlx")), .says = "2.5.29.31", .judge = "profile P14"},
	/* the list of extensions itself */
	{"extension-twice", "signer-b", WRONG_TWICE, .oid = OID_CE_SUBJECT_KEY_ID, .says = "twice", .judge = "openssl certtool zlint pkilint"},
	{"strange-critical", "signer-b", .kind = WRONG_ADD_CRITICAL, .oid = OID_STRANGE, .der = D("\x05\x00"), .says = "does not name", .judge = "openssl pkilint"},
	{"strange", "signer-b", EXT_ADD(OID_STRANGE, "\x05\x00"), .says = "does not name", .judge = "profile P8"},
	{"name-constraints-on-signer", "signer-b", .kind = WRONG_ADD_CRITICAL, .oid = OID_CE_NAME_CONSTRAINTS,
	    .der = D("\x30\x0a\xa0\x08\x30\x06\x82\x04" "a.fr"), .says = "does not name", .judge = "zlint pkilint"},
	{"e-mail-address", "signer-b", EXT_ADD(OID_CE_SUBJECT_ALT_NAME, "\x30\x12\x81\x10" "jane@example.org"), .says = "does not name", .judge = "profile P8"},
	{"critical-false-written", "signer-b", WRONG_FALSE, .oid = OID_CE_SUBJECT_KEY_ID, .says = "default", .judge = "zlint pkilint"},
	{"value-with-rest", "signer-b", EXT_VALUE(OID_CE_KEY_USAGE, "\x03\x02\x06\x40\x00"), .says = "more elements", .judge = "zlint pkilint"},
	{"unique-id", "signer-b", WRONG_UNIQUE, .says = "more elements", .judge = "zlint pkilint"},
};
const size_t wrong_count = sizeof wrong_table / sizeof *wrong_table;

enum { EXTENSIONS_MAX = 24 };

/* A TBSCertificate taken apart. */
struct parts {
	struct bytes version, serial, algorithm, issuer, validity, subject, spki;
	struct {
		struct bytes oid;
		struct bytes critical; /* the BOOLEAN, or empty */
		struct bytes value;
	} extensions[EXTENSIONS_MAX];
	size_t n;
};

#define TRUE_DER bytes("\x01\x01\xff", 3)

static struct parts
take_apart(struct bytes tbs)
{
	struct parts p = {0};
	struct decode top = decode_init(tbs), d = decode_enter(&top, DER_SEQUENCE);
	p.version = decode_whole(&d, DER_EXPLICIT(0));
	p.serial = decode_whole(&d, DER_INTEGER);
	p.algorithm = decode_whole(&d, DER_SEQUENCE);
	p.issuer = decode_whole(&d, DER_SEQUENCE);
	p.validity = decode_whole(&d, DER_SEQUENCE);
	p.subject = decode_whole(&d, DER_SEQUENCE);
	p.spki = decode_whole(&d, DER_SEQUENCE);
	struct decode tagged = decode_enter(&d, DER_EXPLICIT(3)), list = decode_enter(&tagged, DER_SEQUENCE);
	for (; decode_more(&list) && p.n < EXTENSIONS_MAX; p.n++) {
		struct decode one = decode_enter(&list, DER_SEQUENCE);
		p.extensions[p.n].oid = decode_oid(&one);
		if (decode_is(&one, DER_BOOLEAN))
			p.extensions[p.n].critical = decode_whole(&one, DER_BOOLEAN);
		p.extensions[p.n].value = decode_octets(&one);
	}
	if (top.why)
		abort();
	return p;
}

static struct bytes
put_together(const struct parts *p, bool unique, uint8_t *room, size_t room_len)
{
	struct encode w = encode_init(room, room_len);
	struct bytes der;
	for (size_t i = p->n; i-- > 0;) {
		size_t mark = encode_mark(&w);
		encode_octets(&w, p->extensions[i].value);
		encode_raw(&w, p->extensions[i].critical);
		encode_oid(&w, p->extensions[i].oid);
		encode_wrap(&w, DER_SEQUENCE, mark);
	}
	encode_wrap(&w, DER_SEQUENCE, 0);
	encode_wrap(&w, DER_EXPLICIT(3), 0);
	if (unique)
		encode_tlv(&w, DER_CONTEXT(2), bytes("\0\1\2\3", 4));
	encode_raw(&w, p->spki);
	encode_raw(&w, p->subject);
	encode_raw(&w, p->validity);
	encode_raw(&w, p->issuer);
	encode_raw(&w, p->algorithm);
	encode_raw(&w, p->serial);
	encode_raw(&w, p->version);
	encode_wrap(&w, DER_SEQUENCE, 0);
	if (err_is(encode_done(&w, &der)))
		abort();
	return der;
}

/* Where the extension is; n when it is not. */
static size_t
find(const struct parts *p, struct bytes oid)
{
	size_t i = 0;
	while (i < p->n && !bytes_eq(p->extensions[i].oid, oid))
		i++;
	return i;
}

static void
spoil_extension(struct parts *p, const struct wrong *row)
{
	bool add = row->kind == WRONG_ADD || row->kind == WRONG_ADD_CRITICAL;
	size_t i = add ? p->n++ : find(p, row->oid);
	if (i >= p->n || p->n > EXTENSIONS_MAX)
		abort();
	switch ((int)row->kind) {
	case WRONG_DROP:
		p->n--;
		memmove(&p->extensions[i], &p->extensions[i + 1], (p->n - i) * sizeof p->extensions[0]);
		return;
	case WRONG_CRITICAL:
		p->extensions[i].critical = p->extensions[i].critical.n ? bytes(NULL, 0) : TRUE_DER;
		return;
	case WRONG_FALSE:
		p->extensions[i].critical = bytes("\x01\x01\x00", 3);
		return;
	case WRONG_TWICE:
		p->extensions[p->n++] = p->extensions[i];
		return;
	default:
		p->extensions[i].oid = row->oid;
		p->extensions[i].value = row->der;
		if (add)
			p->extensions[i].critical = row->kind == WRONG_ADD_CRITICAL ? TRUE_DER : bytes(NULL, 0);
	}
}

static struct bytes
finish(struct encode *w)
{
	struct bytes der;
	if (err_is(encode_done(w, &der)))
		abort();
	return der;
}

static struct bytes
make_subject(const struct wrong *row, uint8_t *room, size_t room_len)
{
	struct encode w = encode_init(room, room_len);
	size_t n = 0, set = 0;
	while (row->rdns[n].text)
		n++;
	while (n-- > 0) {
		size_t mark = encode_mark(&w);
		encode_tlv(&w, row->rdns[n].tag, str_bytes(str_c(row->rdns[n].text)));
		encode_oid(&w, row->rdns[n].oid);
		encode_wrap(&w, DER_SEQUENCE, mark);
		if (row->rdns[n].joined)
			continue; /* the one before joins it */
		encode_wrap(&w, DER_SET, set);
		set = encode_mark(&w);
	}
	encode_wrap(&w, DER_SEQUENCE, 0);
	return finish(&w);
}

static struct bytes
make_validity(const struct wrong *row, uint8_t *room, size_t room_len)
{
	int64_t now = time_floor(world_get()->now);
	struct encode w = encode_init(room, room_len);
	if (row->kind == WRONG_TIMES) {
		encode_tlv(&w, DER_SEQUENCE, row->der);
	} else {
		encode_time(&w, now + row->to * TIME_SECOND);
		encode_time(&w, now + row->from * TIME_SECOND);
		encode_wrap(&w, DER_SEQUENCE, 0);
	}
	return finish(&w);
}

static struct bytes
make_key(const struct wrong *row, const struct parts *p, uint8_t *room, size_t room_len)
{
	static struct world_party other;
	if (row->kind == WRONG_KEY)
		return row->der.n ? row->der : wrong_issuer(row->party)->spki;
	if (row->kind == WRONG_CURVE) {
		world_key(&other, ALGORITHM_ECDSA_P384);
		return other.spki;
	}
	if (row->kind == WRONG_POINT) {
		if (room_len < p->spki.n)
			abort();
		memcpy(room, p->spki.p, p->spki.n);
		room[p->spki.n - 1] ^= 1;
		return bytes(room, p->spki.n);
	}
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	unsigned char *at = room;
	int n = rsa && room_len > 512 ? i2d_PUBKEY(rsa, &at) : -1;
	EVP_PKEY_free(rsa);
	if (n <= 0)
		abort();
	return bytes(room, (size_t)n);
}

struct bytes
wrong_tbs(const struct wrong *row, uint8_t *room, size_t room_len)
{
	uint8_t piece[1024];
	struct parts p = take_apart(wrong_party(row->party)->tbs);
	switch (row->kind) {
	case WRONG_VERSION: p.version = row->der; break;
	case WRONG_SERIAL: p.serial = row->der; break;
	case WRONG_ALGORITHM: p.algorithm = row->der; break;
	case WRONG_ISSUER: p.issuer = row->der.n ? row->der : p.subject; break;
	case WRONG_VALIDITY:
	case WRONG_TIMES: p.validity = make_validity(row, piece, sizeof piece); break;
	case WRONG_SUBJECT: p.subject = make_subject(row, piece, sizeof piece); break;
	case WRONG_NAME: p.subject = row->der; break;
	case WRONG_KEY:
	case WRONG_CURVE:
	case WRONG_RSA:
	case WRONG_POINT: p.spki = make_key(row, &p, piece, sizeof piece); break;
	case WRONG_UNIQUE: break;
	case WRONG_DROP:
	case WRONG_VALUE:
	case WRONG_CRITICAL:
	case WRONG_FALSE:
	case WRONG_ADD:
	case WRONG_ADD_CRITICAL:
	case WRONG_TWICE:
	default: spoil_extension(&p, row);
	}
	return put_together(&p, row->kind == WRONG_UNIQUE, room, room_len);
}

struct world_party *
wrong_party(const char *profile)
{
	struct world *w = world_get();
	struct world_party *all[] = {&w->root, &w->issuing, &w->signer, &w->ocsp, &w->tsu, &w->seal};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strcmp(all[i]->profile.name, profile) == 0)
			return all[i];
	abort();
}

struct world_party *
wrong_issuer(const char *profile)
{
	return wrong_party(wrong_party(profile)->profile.issuer);
}

struct bytes
wrong_certificate(const struct wrong *row, struct bytes tbs, uint8_t *room, size_t room_len)
{
	const struct world_party *issuer = wrong_issuer(row->party);
	uint8_t signature[ALGORITHM_SIGNATURE_MAX];
	size_t n = world_sign(issuer, tbs, signature);
	struct encode w = encode_init(room, room_len);
	encode_bits(&w, bytes(signature, n));
	encode_raw(&w, row->kind == WRONG_ALGORITHM ? row->der : algorithm_der(issuer->algorithm));
	encode_raw(&w, tbs);
	encode_wrap(&w, DER_SEQUENCE, 0);
	return finish(&w);
}
