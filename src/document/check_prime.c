#include "document/check_prime.h"

#include "os/file.h"
#include "pki/crl.h"
#include "pki/verify.h"

static err_t
read_one(const char *folder, const char *name, struct buf *b)
{
	char path[4096];
	if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
		return err_make(ERR_CONF, "a path that is too long");
	return file_read_path(path, b);
}

static err_t
prime_certificate(const char *folder, const char *name, const struct certificate *root)
{
	AUTO_BUF(der, CERTIFICATE_OCTETS_MAX);
	struct certificate c;
	TRY(read_one(folder, name, &der));
	TRY(certificate_read(buf_bytes(&der), &c));
	TRY(verify_signature(root->spki, c.algorithm, c.tbs, c.signature));
	/* The key is parsed and kept when it is used: a signature that is none does that too. */
	uint8_t none[DIGEST_LEN_MAX] = {0};
	enum algorithm algorithm;
	TRY(algorithm_of_key(c.spki, &algorithm));
	err_ignore(verify_digest(c.spki, algorithm, bytes(none, digest_len(algorithm_digest(algorithm))),
	    bytes("\x30\x06\x02\x01\x01\x02\x01\x01", 8)));
	return OK;
}

static err_t
prime_list(const char *folder, const struct certificate *root)
{
	AUTO_BUF(der, 65536);
	struct crl list;
	TRY(read_one(folder, "root.crl", &der));
	TRY(crl_read(buf_bytes(&der), &list));
	return verify_signature(root->spki, list.algorithm, list.tbs, list.signature);
}

/* A file that is not there is no error. */
static err_t
unless_missing(err_t e)
{
	return e.code == ERR_IO ? OK : e;
}

err_t
check_prime(const char *public_folder)
{
	AUTO_BUF(der, CERTIFICATE_OCTETS_MAX);
	struct certificate root;
	err_t e = read_one(public_folder, "root.cer", &der);
	if (err_is(e))
		return unless_missing(e);
	TRY(certificate_read(buf_bytes(&der), &root));
	TRY(unless_missing(prime_certificate(public_folder, "issuing.cer", &root)));
	TRY(unless_missing(prime_certificate(public_folder, "tsu.cer", &root)));
	return unless_missing(prime_list(public_folder, &root));
}
