/*
 * For developers and tests: fills the prepared fields of the signers with a CMS made by OpenSSL and adds the certificate
 * to /DSS, without time-stamps: judges of the structure of a PDF then have a real file to look at.
 *   fill-one PREPARED PLAN OUT KEY.pem CERTIFICATE.pem [SIGNERS]
 */
#include "pdf/revision.h"

#include <openssl/cms.h>
#include <openssl/pem.h>

static struct buf file;
static EVP_PKEY *key;
static X509 *certificate;

static void
fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, err_detail());
	exit(1);
}

static void
load(const char *path, struct buf *b)
{
	FILE *f = fopen(path, "r");
	if (f == NULL)
		fail(path);
	uint8_t block[65536];
	size_t n;
	while ((n = fread(block, 1, sizeof block, f)) > 0)
		buf_put(b, bytes(block, n));
	fclose(f);
}

static void
sign(const struct buf *increment, struct hole hole, struct buf *cms)
{
	AUTO_BUF(content, 600u * 1024 * 1024);
	buf_put(&content, buf_bytes(&file));
	buf_put(&content, bytes_sub(buf_bytes(increment), 0, hole.from));
	buf_put(&content, bytes_sub(buf_bytes(increment), hole.to, increment->n));
	BIO *in = BIO_new_mem_buf(content.p, (int)content.n);
	CMS_ContentInfo *ci = CMS_sign(certificate, key, NULL, in, CMS_BINARY | CMS_DETACHED | CMS_CADES | CMS_NOSMIMECAP);
	unsigned char *der = NULL;
	int n = ci == NULL ? -1 : i2d_CMS_ContentInfo(ci, &der);
	if (n <= 0)
		fail("CMS_sign");
	buf_put(cms, bytes(der, (size_t)n));
	OPENSSL_free(der);
	CMS_ContentInfo_free(ci);
	BIO_free(in);
}

static void
one_signer(const struct plan *plan, uint16_t signer, struct tip *tip)
{
	size_t field;
	struct hole hole = {0};
	struct revision_words words = {.name = STR("Jane Doe"), .reason = STR("Test (of) \\ text")};
	AUTO_BUF(out, LIMIT_INCREMENT);
	AUTO_BUF(cms, 65536);
	if (err_is(plan_find(plan, PLAN_SIGNATURE, signer, &field)) ||
	    err_is(revision_signature(plan, tip, field, INT64_C(1795355002000000), &words, 3000, &out, &hole, tip)))
		fail("revision_signature");
	sign(&out, hole, &cms);
	if (err_is(hole_fill(&out, hole, buf_bytes(&cms))))
		fail("hole_fill");
	buf_put(&file, buf_bytes(&out));
	buf_reset(&out);
	unsigned char *der = NULL;
	int n = i2d_X509(certificate, &der);
	struct revision_item item = {TIP_CERTIFICATE, bytes(der, (size_t)n)};
	if (err_is(revision_dss(plan, tip, &item, 1, &out, tip)))
		fail("revision_dss");
	OPENSSL_free(der);
	buf_put(&file, buf_bytes(&out));
}

int
main(int argc, char **argv)
{
	static struct plan plan;
	static struct tip tip;
	if (argc < 6)
		return 2;
	struct buf octets = buf_init(LIMIT_PLAN);
	file = buf_init(600u * 1024 * 1024);
	load(argv[1], &file);
	load(argv[2], &octets);
	if (err_is(plan_read(buf_bytes(&octets), &plan)))
		fail("plan_read");
	FILE *k = fopen(argv[4], "r"), *c = fopen(argv[5], "r");
	if (k == NULL || c == NULL)
		fail("key or certificate");
	key = PEM_read_PrivateKey(k, NULL, NULL, NULL);
	certificate = PEM_read_X509(c, NULL, NULL, NULL);
	fclose(k);
	fclose(c);
	tip_start(&plan, &tip);
	for (unsigned i = 0; i < (argc > 6 ? (unsigned)strtoul(argv[6], NULL, 10) : 1); i++)
		one_signer(&plan, (uint16_t)i, &tip);
	FILE *out = fopen(argv[3], "w");
	if (out == NULL || fwrite(file.p, 1, file.n, out) != file.n || fclose(out) != 0)
		fail(argv[3]);
	buf_done(&octets);
	buf_done(&file);
	EVP_PKEY_free(key);
	X509_free(certificate);
	return 0;
}
