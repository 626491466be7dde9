#include "ades/cms_verify.h"

#include "pki/verify.h"

/* Whether SignerInfo names this certificate. */
static bool
is_signer(const struct cms *c, const struct certificate *one)
{
	if (c->key_id.n > 0)
		return bytes_eq(one->subject_key_id, c->key_id);
	struct decode d = decode_init(c->serial);
	struct bytes serial = decode_unsigned(&d);
	return !d.why && bytes_eq(one->issuer, c->issuer) && bytes_eq(one->serial, serial);
}

/* The certificate that SignerInfo names; two with the same name would be two answers. Others inside may be unreadable:
 * nothing is asked of them. */
static err_t
find_signer(const struct cms *c, struct certificate *ret)
{
	bool found = false, unreadable = false;
	for (size_t i = 0; i < c->certificates_n; i++) {
		struct certificate one;
		if (err_is(certificate_read(c->certificates[i], &one))) {
			unreadable = true;
			continue;
		}
		if (!is_signer(c, &one))
			continue;
		if (found && !bytes_eq(ret->der, one.der))
			return err_make(ERR_CMS, "two certificates fit the signer");
		found = true;
		*ret = one;
	}
	if (found)
		return OK;
	return err_make(ERR_CMS, unreadable ? "the signer's certificate cannot be read: %s"
	                                    : "the signer's certificate is not in the signature%s",
	    unreadable ? "it is not a strict X.509 version 3 certificate" : "");
}

/* [RFC 5035 5.4] */
static err_t
check_binding(const struct cms *c, struct bytes certificate, bool *ret_bound)
{
	const struct cms_certificate_id *id = &c->certificate_id;
	*ret_bound = false;
	if (!id->present || !id->known)
		return OK;
	uint8_t hash[DIGEST_LEN_MAX];
	digest_of(id->digest, certificate, hash);
	if (!bytes_eq(bytes(hash, digest_len(id->digest)), id->hash))
		return err_make(ERR_CMS, "the signed attributes name another certificate");
	*ret_bound = true;
	return OK;
}

/* The signature algorithm; rsaEncryption leaves the digest to digestAlgorithm. [RFC 5754 3.2] */
static err_t
read_algorithm(const struct cms *c, enum algorithm *ret)
{
	struct decode d = decode_init(c->signature_algorithm);
	struct decode seq = decode_enter(&d, DER_SEQUENCE);
	struct bytes oid = decode_oid(&seq);
	TRY(decode_check(&d));
	if (!bytes_eq(oid, OID_RSA))
		return algorithm_read(c->signature_algorithm, ret);
	switch (c->digest) {
	case DIGEST_SHA256:
		*ret = ALGORITHM_RSA_SHA256;
		return OK;
	case DIGEST_SHA384:
		*ret = ALGORITHM_RSA_SHA384;
		return OK;
	case DIGEST_SHA512:
		*ret = ALGORITHM_RSA_SHA512;
		return OK;
	case DIGEST_SHA1:
		break;
	}
	return err_make(ERR_ALGORITHM, "RSA with SHA-1, which is too weak today");
}

/* The digest of the signed attributes, hashed as SET OF although they stand under an implicit tag. [RFC 5652 5.4] */
static void
attributes_digest(const struct cms *c, enum digest_kind kind, uint8_t *ret)
{
	uint8_t header[6] = {DER_SET};
	size_t n = c->attributes.n, header_n = 2, octets = n > 0xffff ? 3 : n > 0xff ? 2 : 1;
	header[1] = (uint8_t)n;
	if (n >= 128) {
		header[1] = (uint8_t)(0x80 | octets);
		while (octets-- > 0)
			header[header_n++] = (uint8_t)(n >> (8 * octets));
	}
	AUTO_DIGEST(d, kind);
	digest_add(d, bytes(header, header_n));
	digest_add(d, c->attributes);
	digest_peek(d, ret);
}

err_t
cms_verify(const struct cms *c, struct bytes content_digest, struct cms_verdict *ret_verdict)
{
	if (!c->has_attributes)
		return err_make(ERR_ALGORITHM, "a signature without signed attributes");
	if (c->digest == DIGEST_SHA1)
		return err_make(ERR_ALGORITHM, "SHA-1, which is too weak today");
	struct cms_verdict verdict;
	enum algorithm algorithm;
	uint8_t hash[DIGEST_LEN_MAX];
	TRY(find_signer(c, &verdict.signer));
	TRY(read_algorithm(c, &algorithm));
	enum digest_kind kind = algorithm_digest(algorithm);
	attributes_digest(c, kind, hash);
	TRY(verify_digest(verdict.signer.spki, algorithm, bytes(hash, digest_len(kind)), c->signature));
	TRY(check_binding(c, verdict.signer.der, &verdict.bound));
	if (!bytes_eq(content_digest, c->message_digest))
		return err_make(ERR_CMS_CHANGED, "the digest of the content is not the signed one");
	*ret_verdict = verdict;
	return OK;
}

err_t
cms_verify_content(const struct cms *c, struct cms_verdict *ret_verdict)
{
	if (!c->has_content)
		return err_make(ERR_CMS, "no content inside");
	uint8_t hash[DIGEST_LEN_MAX];
	digest_of(c->digest, c->content, hash);
	return cms_verify(c, bytes(hash, digest_len(c->digest)), ret_verdict);
}
