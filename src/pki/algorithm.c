#include "pki/algorithm.h"

/* AlgorithmIdentifiers that stand in signatures. [RFC 5758 3.2, RFC 4055 5] */
static const struct row {
	const char *text;
	const char *der;
	size_t der_len;
	enum digest_kind digest;
} rows[ALGORITHM_COUNT] = {
#define ECDSA(last) "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03" last, 12
#define RSA(last) "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01" last "\x05\x00", 15
	[ALGORITHM_NONE] = {"unknown", "", 0, DIGEST_SHA256},
	[ALGORITHM_ECDSA_P256] = {"ecdsa-with-SHA256", ECDSA("\x02"), DIGEST_SHA256},
	[ALGORITHM_ECDSA_P384] = {"ecdsa-with-SHA384", ECDSA("\x03"), DIGEST_SHA384},
	[ALGORITHM_ECDSA_SHA512] = {"ecdsa-with-SHA512", ECDSA("\x04"), DIGEST_SHA512},
	[ALGORITHM_RSA_SHA256] = {"sha256WithRSAEncryption", RSA("\x0b"), DIGEST_SHA256},
	[ALGORITHM_RSA_SHA384] = {"sha384WithRSAEncryption", RSA("\x0c"), DIGEST_SHA384},
	[ALGORITHM_RSA_SHA512] = {"sha512WithRSAEncryption", RSA("\x0d"), DIGEST_SHA512},
	[ALGORITHM_PSS_SHA256] = {"rsassaPss-SHA256", "", 0, DIGEST_SHA256},
	[ALGORITHM_PSS_SHA384] = {"rsassaPss-SHA384", "", 0, DIGEST_SHA384},
	[ALGORITHM_PSS_SHA512] = {"rsassaPss-SHA512", "", 0, DIGEST_SHA512},
};

/* SubjectPublicKeyInfo up to the point. [RFC 5480 2] */
static const char p256_head[] = "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
                                "\x03\x42\x00";
static const char p384_head[] = "\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22"
                                "\x03\x62\x00";
enum { P256_POINT = 65, P384_POINT = 97 };
#define P256_HEAD bytes(p256_head, sizeof p256_head - 1)
#define P384_HEAD bytes(p384_head, sizeof p384_head - 1)

struct bytes
algorithm_der(enum algorithm algorithm)
{
	return bytes(rows[algorithm].der, rows[algorithm].der_len);
}

enum digest_kind
algorithm_digest(enum algorithm algorithm)
{
	return rows[algorithm].digest;
}

const char *
algorithm_text(enum algorithm algorithm)
{
	return algorithm < ALGORITHM_COUNT ? rows[algorithm].text : rows[0].text;
}

static err_t
unknown(struct bytes oid)
{
	char text[OID_TEXT_MAX];
	TRY(oid_text(oid, text));
	return err_make(ERR_ALGORITHM, "the algorithm %s is not one we check", text);
}

/* RSASSA-PSS-params with one digest for the message and for MGF1 and a salt as long as it [RFC 4055 3.1]. */
static err_t
read_pss(struct decode *params, enum algorithm *ret_algorithm)
{
	struct decode list = decode_enter(params, DER_SEQUENCE);
	struct decode hash = decode_enter(&list, DER_EXPLICIT(0));
	struct bytes hash_der = decode_whole(&hash, DER_SEQUENCE);
	struct decode mgf = decode_enter(&list, DER_EXPLICIT(1)), mgf_list = decode_enter(&mgf, DER_SEQUENCE);
	bool is_mgf1 = bytes_eq(decode_oid(&mgf_list), OID_MGF1);
	struct bytes mgf_der = decode_whole(&mgf_list, DER_SEQUENCE);
	struct decode salt = decode_enter(&list, DER_EXPLICIT(2));
	uint64_t salt_len = decode_u64(&salt, 512);
	enum digest_kind kind, mgf_kind;
	decode_end(&list);
	TRY(decode_check(params));
	TRY(algorithm_read_digest(hash_der, &kind));
	TRY(algorithm_read_digest(mgf_der, &mgf_kind));
	if (!is_mgf1 || kind != mgf_kind || kind == DIGEST_SHA1 || salt_len != digest_len(kind))
		return err_make(ERR_ALGORITHM, "RSASSA-PSS parameters other than the usual ones");
	*ret_algorithm = kind == DIGEST_SHA256   ? ALGORITHM_PSS_SHA256
	                 : kind == DIGEST_SHA384 ? ALGORITHM_PSS_SHA384
	                                         : ALGORITHM_PSS_SHA512;
	return OK;
}

err_t
algorithm_read(struct bytes der, enum algorithm *ret_algorithm)
{
	for (unsigned i = 1; i < ALGORITHM_COUNT; i++)
		if (rows[i].der_len && bytes_eq(der, algorithm_der((enum algorithm)i))) {
			*ret_algorithm = (enum algorithm)i;
			return OK;
		}
	struct decode top = decode_init(der), d = decode_enter(&top, DER_SEQUENCE);
	struct bytes oid = decode_oid(&d);
	TRY(decode_check(&top));
	return bytes_eq(oid, OID_RSA_PSS) ? read_pss(&d, ret_algorithm) : unknown(oid);
}

err_t
algorithm_of_key(struct bytes spki, enum algorithm *ret_algorithm)
{
	if (spki.n == P256_HEAD.n + P256_POINT && bytes_eq(bytes_sub(spki, 0, P256_HEAD.n), P256_HEAD))
		*ret_algorithm = ALGORITHM_ECDSA_P256;
	else if (spki.n == P384_HEAD.n + P384_POINT && bytes_eq(bytes_sub(spki, 0, P384_HEAD.n), P384_HEAD))
		*ret_algorithm = ALGORITHM_ECDSA_P384;
	else
		return err_make(ERR_ALGORITHM, "the public key is neither P-256 nor P-384 with a named curve");
	return OK;
}

static struct bytes
digest_oid(enum digest_kind kind)
{
	switch (kind) {
	case DIGEST_SHA1:
		return OID_SHA1;
	case DIGEST_SHA384:
		return OID_SHA384;
	case DIGEST_SHA512:
		return OID_SHA512;
	case DIGEST_SHA256:
	default:
		return OID_SHA256;
	}
}

void
algorithm_write_digest(struct encode *w, enum digest_kind kind, bool null_parameters)
{
	size_t mark = encode_mark(w);
	if (null_parameters)
		encode_null(w);
	encode_oid(w, digest_oid(kind));
	encode_wrap(w, DER_SEQUENCE, mark);
}

err_t
algorithm_read_digest(struct bytes der, enum digest_kind *ret_kind)
{
	static const enum digest_kind kinds[] = {DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};
	struct decode top = decode_init(der), d = decode_enter(&top, DER_SEQUENCE);
	struct bytes oid = decode_oid(&d);
	if (decode_more(&d))
		decode_null(&d);
	decode_end(&d);
	decode_end(&top);
	TRY(decode_check(&top));
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (bytes_eq(oid, digest_oid(kinds[i]))) {
			*ret_kind = kinds[i];
			return OK;
		}
	return unknown(oid);
}

err_t
algorithm_write_key(struct encode *w, struct bytes point)
{
	if ((point.n != P256_POINT && point.n != P384_POINT) || point.p[0] != 4)
		return err_make(ERR_ALGORITHM, "%zu octets are not an uncompressed point of P-256 or P-384", point.n);
	encode_raw(w, point);
	encode_raw(w, point.n == P256_POINT ? P256_HEAD : P384_HEAD);
	return OK;
}

err_t
algorithm_key_bits(struct bytes spki, struct bytes *ret_bits)
{
	struct decode top = decode_init(spki), d = decode_enter(&top, DER_SEQUENCE);
	decode_whole(&d, DER_SEQUENCE);
	struct bytes bits = decode_bits(&d);
	decode_end(&d);
	decode_end(&top);
	TRY(decode_check(&top));
	*ret_bits = bits;
	return OK;
}

err_t
algorithm_key_id(struct bytes spki, uint8_t ret_id[ALGORITHM_KEY_ID_LEN])
{
	struct bytes bits;
	TRY(algorithm_key_bits(spki, &bits));
	digest_of(DIGEST_SHA1, bits, ret_id);
	return OK;
}
