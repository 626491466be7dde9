#include "unit.h"
#include "der/oid.h"

/* Every named constant beside its text. */
static const struct {
	const char *text;
	struct bytes oid;
} names[] = {
	{"1.2.840.10045.2.1", OID_EC_PUBLIC_KEY},
	{"1.2.840.10045.3.1.7", OID_P256},
	{"1.3.132.0.34", OID_P384},
	{"1.3.132.0.35", OID_P521},
	{"1.2.840.10045.4.3.2", OID_ECDSA_SHA256},
	{"1.2.840.10045.4.3.3", OID_ECDSA_SHA384},
	{"1.2.840.10045.4.3.4", OID_ECDSA_SHA512},
	{"1.2.840.113549.1.1.1", OID_RSA},
	{"1.2.840.113549.1.1.11", OID_RSA_SHA256},
	{"1.2.840.113549.1.1.12", OID_RSA_SHA384},
	{"1.2.840.113549.1.1.13", OID_RSA_SHA512},
	{"1.2.840.113549.1.1.10", OID_RSA_PSS},
	{"1.2.840.113549.1.1.8", OID_MGF1},
	{"1.3.101.112", OID_ED25519},
	{"1.3.14.3.2.26", OID_SHA1},
	{"2.16.840.1.101.3.4.2.4", OID_SHA224},
	{"2.16.840.1.101.3.4.2.1", OID_SHA256},
	{"2.16.840.1.101.3.4.2.2", OID_SHA384},
	{"2.16.840.1.101.3.4.2.3", OID_SHA512},
	{"2.5.4.3", OID_AT_CN},
	{"2.5.4.4", OID_AT_SURNAME},
	{"2.5.4.5", OID_AT_SERIAL_NUMBER},
	{"2.5.4.6", OID_AT_COUNTRY},
	{"2.5.4.7", OID_AT_LOCALITY},
	{"2.5.4.8", OID_AT_STATE},
	{"2.5.4.10", OID_AT_ORGANIZATION},
	{"2.5.4.11", OID_AT_ORGANIZATIONAL_UNIT},
	{"2.5.4.12", OID_AT_TITLE},
	{"2.5.4.42", OID_AT_GIVEN_NAME},
	{"2.5.4.65", OID_AT_PSEUDONYM},
	{"2.5.4.97", OID_AT_ORGANIZATION_ID},
	{"1.2.840.113549.1.9.1", OID_AT_EMAIL},
	{"2.5.29.14", OID_CE_SUBJECT_KEY_ID},
	{"2.5.29.15", OID_CE_KEY_USAGE},
	{"2.5.29.16", OID_CE_PRIVATE_KEY_USAGE_PERIOD},
	{"2.5.29.17", OID_CE_SUBJECT_ALT_NAME},
	{"2.5.29.19", OID_CE_BASIC_CONSTRAINTS},
	{"2.5.29.20", OID_CE_CRL_NUMBER},
	{"2.5.29.21", OID_CE_REASON_CODE},
	{"2.5.29.24", OID_CE_INVALIDITY_DATE},
	{"2.5.29.28", OID_CE_ISSUING_DISTRIBUTION_POINT},
	{"2.5.29.30", OID_CE_NAME_CONSTRAINTS},
	{"2.5.29.31", OID_CE_CRL_DISTRIBUTION_POINTS},
	{"2.5.29.32", OID_CE_CERTIFICATE_POLICIES},
	{"2.5.29.32.0", OID_CE_ANY_POLICY},
	{"2.5.29.33", OID_CE_POLICY_MAPPINGS},
	{"2.5.29.35", OID_CE_AUTHORITY_KEY_ID},
	{"2.5.29.36", OID_CE_POLICY_CONSTRAINTS},
	{"2.5.29.37", OID_CE_EXT_KEY_USAGE},
	{"2.5.29.54", OID_CE_INHIBIT_ANY_POLICY},
	{"2.5.29.56", OID_CE_NO_REV_AVAIL},
	{"2.5.29.60", OID_CE_EXPIRED_CERTS_ON_CRL},
	{"1.3.6.1.5.5.7.1.1", OID_PE_AUTHORITY_INFO_ACCESS},
	{"1.3.6.1.5.5.7.1.3", OID_PE_QC_STATEMENTS},
	{"0.4.0.194121.2.1", OID_ETSI_VALASSURED_ST_CERTS},
	{"1.3.6.1.5.5.7.48.1", OID_AD_OCSP},
	{"1.3.6.1.5.5.7.48.2", OID_AD_CA_ISSUERS},
	{"1.3.6.1.5.5.7.2.1", OID_QT_CPS},
	{"1.3.6.1.5.5.7.3.8", OID_KP_TIME_STAMPING},
	{"1.3.6.1.5.5.7.3.9", OID_KP_OCSP_SIGNING},
	{"1.3.6.1.5.5.7.3.36", OID_KP_DOCUMENT_SIGNING},
	{"1.2.840.113583.1.1.5", OID_KP_ADOBE_PDF_SIGNING},
	{"1.3.6.1.4.1.311.10.3.12", OID_KP_MS_DOCUMENT_SIGNING},
	{"1.3.6.1.5.5.7.3.1", OID_KP_SERVER_AUTH},
	{"1.3.6.1.5.5.7.3.2", OID_KP_CLIENT_AUTH},
	{"1.3.6.1.5.5.7.3.4", OID_KP_EMAIL_PROTECTION},
	{"1.3.6.1.5.5.7.3.3", OID_KP_CODE_SIGNING},
	{"2.5.29.37.0", OID_KP_ANY},
	{"0.4.0.194121.1.1", OID_QCS_SEMANTICS_NATURAL},
	{"0.4.0.194121.1.2", OID_QCS_SEMANTICS_LEGAL},
	{"1.3.6.1.5.5.7.11.2", OID_QCS_PKIX_V2},
	{"0.4.0.1862.1.1", OID_QC_COMPLIANCE},
	{"0.4.0.1862.1.5", OID_QC_PDS},
	{"0.4.0.1862.1.6", OID_QC_TYPE},
	{"0.4.0.2042.1.3", OID_ETSI_LCP},
	{"0.4.0.2042.1.1", OID_ETSI_NCP},
	{"0.4.0.2042.1.2", OID_ETSI_NCP_PLUS},
	{"0.4.0.2023.1.1", OID_ETSI_BTSP},
	{"1.3.6.1.5.5.7.48.1.1", OID_OCSP_BASIC},
	{"1.3.6.1.5.5.7.48.1.2", OID_OCSP_NONCE},
	{"1.3.6.1.5.5.7.48.1.5", OID_OCSP_NOCHECK},
	{"1.3.6.1.5.5.7.48.1.6", OID_OCSP_ARCHIVE_CUTOFF},
	{"1.3.36.8.3.13", OID_OCSP_CERT_HASH},
	{"1.2.840.113549.1.7.1", OID_CMS_DATA},
	{"1.2.840.113549.1.7.2", OID_CMS_SIGNED_DATA},
	{"1.2.840.113549.1.9.16.1.4", OID_CMS_TST_INFO},
	{"1.2.840.113549.1.9.3", OID_CMS_CONTENT_TYPE},
	{"1.2.840.113549.1.9.4", OID_CMS_MESSAGE_DIGEST},
	{"1.2.840.113549.1.9.5", OID_CMS_SIGNING_TIME},
	{"1.2.840.113549.1.9.16.2.12", OID_CMS_SIGNING_CERTIFICATE},
	{"1.2.840.113549.1.9.16.2.47", OID_CMS_SIGNING_CERTIFICATE_V2},
	{"1.2.840.113549.1.9.16.2.14", OID_CMS_SIGNATURE_TIME_STAMP},
	{"1.2.840.113549.1.9.16.2.16", OID_CMS_COMMITMENT_TYPE},
	{"1.2.840.113549.1.9.16.2.15", OID_CMS_SIGNATURE_POLICY},
	{"1.2.840.113549.1.9.52", OID_CMS_ALGORITHM_PROTECTION},
};

static void
constants(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct oid oid;
		char text[OID_TEXT_MAX];
		assert_ok(oid_parse(str_c(names[i].text), &oid));
		assert_true(bytes_eq(oid_bytes(&oid), names[i].oid));
		assert_ok(oid_text(names[i].oid, text));
		assert_string_equal(text, names[i].text);
	}
}

/* 2.25.UUID: the largest arc that we read [X.667]. */
static void
uuid_arc(void **state)
{
	(void)state;
	static const char most[] = "2.25.340282366920938463463374607431768211455";
	struct oid oid, under;
	char text[OID_TEXT_MAX];
	assert_ok(oid_parse(str_c(most), &oid));
	assert_int_equal(oid.n, 20);
	assert_ok(oid_text(oid_bytes(&oid), text));
	assert_string_equal(text, most);
	assert_ok(oid_under(&oid, 3, &under));
	assert_ok(oid_text(oid_bytes(&under), text));
	assert_string_equal(text, "2.25.340282366920938463463374607431768211455.3");
	assert_err(oid_parse(STR("2.25.340282366920938463463374607431768211456"), &oid), ERR_INPUT);
}

static void
refused_text(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "1", "1.", ".1", "1..2", "3.1", "1.40", "0.40", "01.2", "1.02", "1.2 ", "1.2.",
	    "1.2.a", "-1.2", "1.-2", "2.25.340282366920938463463374607431768211455000"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct oid oid;
		assert_err(oid_parse(str_c(wrong[i]), &oid), ERR_INPUT);
	}
}

static void
refused_octets(void **state)
{
	(void)state;
	char text[OID_TEXT_MAX];
	assert_err(oid_text(bytes("", 0), text), ERR_DER);
	assert_err(oid_text(bytes("\x80\x01", 2), text), ERR_DER);
	assert_err(oid_text(bytes("\x2a\x80\x01", 3), text), ERR_DER);
	assert_err(oid_text(bytes("\x2a\x86", 2), text), ERR_DER);
	/* an arc of 133 bits */
	assert_err(oid_text(bytes("\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 20), text),
	    ERR_DER);
}

/* text of read of text is the same text, for random arcs of up to 64 bits */
static void
property_round_trip(void **state)
{
	(void)state;
	unit_seed();
	for (int round = 0; round < 2000; round++) {
		char text[OID_TEXT_MAX], again[OID_TEXT_MAX];
		struct oid oid;
		unsigned first = (unsigned)unit_below(3);
		int n = snprintf(text, sizeof text, "%u.%u", first, (unsigned)unit_below(first < 2 ? 40 : 1000000));
		for (size_t arcs = unit_below(4); arcs > 0; arcs--)
			n += snprintf(text + n, sizeof text - (size_t)n, ".%llu",
			    (unsigned long long)(unit_next() >> unit_below(64)));
		assert_ok(oid_parse(str_c(text), &oid));
		assert_true(oid_check(oid_bytes(&oid)));
		assert_ok(oid_text(oid_bytes(&oid), again));
		assert_string_equal(text, again);
	}
}

static void
too_long(void **state)
{
	(void)state;
	struct oid oid = {0}, next;
	assert_ok(oid_parse(STR("1.2"), &oid));
	for (int i = 0; i < 47; i++) {
		assert_ok(oid_under(&oid, 1, &next));
		oid = next;
	}
	assert_int_equal(oid.n, OID_OCTETS_MAX);
	assert_err(oid_under(&oid, 1, &next), ERR_LIMIT);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(constants),
	cmocka_unit_test(uuid_arc),
	cmocka_unit_test(refused_text),
	cmocka_unit_test(refused_octets),
	cmocka_unit_test(property_round_trip),
	cmocka_unit_test(too_long),
};
UNIT_MAIN(tests)
