/* What is written here must be what others read: OpenSSL is the judge. */
#include "signed.h"

#include <openssl/cms.h>
#include <openssl/ts.h>
#include <openssl/x509.h>

#include "base/limits.h"

static const char text[] = "what is signed";
enum { SIGNATURE_MAX = 72 }; /* of a P-256 key */

static X509 *
x509(struct bytes der)
{
	const unsigned char *p = der.p;
	X509 *c = d2i_X509(NULL, &p, (long)der.n);
	assert_non_null(c);
	return c;
}

/* CMS_verify with the root, demanding the CAdES attributes. */
static int
openssl_verify(struct bytes der, struct bytes data)
{
	const unsigned char *p = der.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.n);
	assert_non_null(cms);
	assert_ptr_equal(p, der.p + der.n);
	X509_STORE *store = X509_STORE_new();
	X509 *root = x509(world_get()->root.der);
	X509_STORE_add_cert(store, root);
	X509_STORE_set_purpose(store, X509_PURPOSE_ANY);
	BIO *in = BIO_new_mem_buf(data.p, (int)data.n);
	int r = CMS_verify(cms, NULL, store, in, NULL, CMS_BINARY | CMS_CADES);
	BIO_free(in);
	X509_STORE_free(store);
	X509_free(root);
	CMS_ContentInfo_free(cms);
	return r;
}

static void
openssl_accepts(void **state)
{
	(void)state;
	struct world *w = world_get();
	static struct signed_cms s;
	for (int stamp = 0; stamp < 2; stamp++) {
		signed_make(&s, &w->signer, BYTES_OF(text), 0, stamp);
		assert_int_equal(openssl_verify(s.der, BYTES_OF(text)), 1);
		assert_int_equal(openssl_verify(s.der, bytes("something else", 14)), 0);
		signed_make(&s, &w->seal, BYTES_OF(text), w->now, stamp);
		assert_int_equal(openssl_verify(s.der, BYTES_OF(text)), 1);
	}
}

/* The same octets again when OpenSSL writes what it read: DER, in the right order. */
static void
is_der(void **state)
{
	(void)state;
	static struct signed_cms s;
	signed_make(&s, &world_get()->signer, BYTES_OF(text), 0, true);
	assert_ok(der_scan_check(s.der, sizeof s.room));
	const unsigned char *p = s.der.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)s.der.n);
	unsigned char *again = NULL;
	int n = i2d_CMS_ContentInfo(cms, &again);
	assert_int_equal(n, s.der.n);
	assert_memory_equal(again, s.der.p, s.der.n);
	OPENSSL_free(again);
	CMS_ContentInfo_free(cms);
}

/* [EN 319 142-1 6.3]: exactly content-type, message-digest and signing-certificate-v2, no signing-time. */
static void
attributes_are_exact(void **state)
{
	(void)state;
	static struct signed_cms s;
	signed_make(&s, &world_get()->signer, BYTES_OF(text), 0, false);
	const unsigned char *p = s.der.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)s.der.n);
	CMS_SignerInfo *info = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	assert_int_equal(CMS_signed_get_attr_count(info), 3);
	assert_true(CMS_signed_get_attr_by_NID(info, NID_pkcs9_signingTime, -1) < 0);
	assert_true(CMS_signed_get_attr_by_NID(info, NID_id_smime_aa_signingCertificateV2, -1) >= 0);
	assert_int_equal(CMS_unsigned_get_attr_count(info), -1);
	CMS_ContentInfo_free(cms);
	assert_int_equal(s.attributes.n, CMS_ATTRIBUTES_PADES);
	signed_make(&s, &world_get()->seal, BYTES_OF(text), world_get()->now, false);
	assert_int_equal(s.attributes.n, 165);
}

/* The size is known before there is a key, and is not far from the truth. */
static void
size_is_known_before(void **state)
{
	(void)state;
	struct world *w = world_get();
	static struct signed_cms s;
	size_t certificates = w->signer.der.n + w->issuing.der.n + w->root.der.n;
	for (int i = 0; i < 20; i++) {
		signed_make(&s, &w->signer, BYTES_OF(text), i % 2 ? w->now : 0, i % 3);
		struct cms_sizes sizes = {.attributes = s.attributes.n, .certificates = certificates, .issuer = w->signer.c.issuer.n,
		    .time_stamp = s.stamp.n};
		/* Only the signature may be shorter than it can be. */
		assert_int_equal(s.der.n, cms_size_max(&sizes) - (SIGNATURE_MAX - s.signature_n));
	}
}

static void
refuses_what_does_not_fit(void **state)
{
	(void)state;
	static struct signed_cms s;
	struct world *w = world_get();
	uint8_t small[64];
	struct bytes set;
	struct cms_attributes a = {.document_sha256 = bytes(text, 31), .certificate = w->signer.der};
	assert_err(cms_signed_attributes(&a, s.attributes_room, sizeof s.attributes_room, &set), ERR_INPUT);
	a.document_sha256 = bytes(w->signer.der.p, 32);
	assert_err(cms_signed_attributes(&a, small, sizeof small, &set), ERR_LIMIT);
	signed_make(&s, &w->signer, BYTES_OF(text), 0, false);
	struct cms_parts parts = {.attributes = s.attributes, .signature = bytes(s.signature, s.signature_n)};
	assert_err(cms_signed_data(&parts, s.room, sizeof s.room, &set), ERR_INPUT);
	parts.certificates = &w->signer.der;
	parts.certificates_n = 1;
	assert_err(cms_signed_data(&parts, s.room, 100, &set), ERR_LIMIT);
	parts.attributes.n--;
	assert_err(cms_signed_data(&parts, s.room, sizeof s.room, &set), ERR_DER);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(openssl_accepts),
    cmocka_unit_test(is_der),
    cmocka_unit_test(attributes_are_exact),
    cmocka_unit_test(size_is_known_before),
    cmocka_unit_test(refuses_what_does_not_fit),
};
UNIT_MAIN(tests)
