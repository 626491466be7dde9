#include "cli/tls.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/time.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void
x509_auto(X509 **x)
{
	X509_free(*x);
}

static void
pkey_auto(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static void
bio_auto(BIO **b)
{
	BIO_free(*b);
}
#define AUTO(free_f) __attribute__((cleanup(free_f)))

static bool
extension_add(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool added = e != NULL && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return added;
}

static bool
names_add(X509 *x)
{
	X509_NAME *name = X509_get_subject_name(x);
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0) == 1 &&
	       X509_set_issuer_name(x, name) == 1 &&
	       extension_add(x, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") &&
	       extension_add(x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	       extension_add(x, NID_key_usage, "critical,digitalSignature,keyCertSign") &&
	       extension_add(x, NID_ext_key_usage, "serverAuth") && extension_add(x, NID_subject_key_identifier, "hash");
}

static bool
serial_set(X509 *x)
{
	uint8_t octets[20];
	rand_serial(octets);
	BIGNUM *n = BN_bin2bn(octets, sizeof octets, NULL);
	bool set = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return set;
}

static bool
certificate_fill(X509 *x, EVP_PKEY *key, int64_t now_at)
{
	time_t from = now_at / TIME_SECOND - 60, to = from + 3650L * 86400;
	return X509_set_version(x, X509_VERSION_3) == 1 && serial_set(x) && ASN1_TIME_set(X509_getm_notBefore(x), from) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(x), to) != NULL && X509_set_pubkey(x, key) == 1 && names_add(x) &&
	       X509_sign(x, key, EVP_sha256()) > 0;
}

static err_t
pem_take(BIO *from, struct buf *to)
{
	char *text;
	long n = BIO_get_mem_data(from, &text);
	if (n <= 0)
		return err_make(ERR_CRYPTO, "writing PEM");
	buf_put(to, bytes(text, (size_t)n));
	secret_wipe(text, (size_t)n);
	return buf_check(to);
}

err_t
tls_make(int64_t now_at, struct buf *key_pem, struct buf *certificate_pem)
{
	AUTO(pkey_auto) EVP_PKEY *key = EVP_EC_gen("P-256");
	AUTO(x509_auto) X509 *x = X509_new();
	AUTO(bio_auto) BIO *key_out = BIO_new(BIO_s_mem());
	AUTO(bio_auto) BIO *out = BIO_new(BIO_s_mem());
	if (key == NULL || x == NULL || key_out == NULL || out == NULL || !certificate_fill(x, key, now_at))
		return err_make(ERR_CRYPTO, "making the certificate of the front");
	if (PEM_write_bio_PrivateKey(key_out, key, NULL, NULL, 0, NULL, NULL) != 1 || PEM_write_bio_X509(out, x) != 1)
		return err_make(ERR_CRYPTO, "writing PEM");
	TRY(pem_take(key_out, key_pem));
	return pem_take(out, certificate_pem);
}
