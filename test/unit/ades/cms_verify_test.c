#include "ades/cms_verify.h"
#include "signed.h"

static const char text[] = "what is signed";

static err_t
verify(struct bytes der, struct bytes data)
{
	struct cms c;
	struct cms_verdict v;
	uint8_t hash[DIGEST_LEN_MAX];
	TRY(cms_read(der, &c));
	digest_of(c.digest, data, hash);
	TRY(cms_verify(&c, bytes(hash, digest_len(c.digest)), &v));
	assert_true(v.bound);
	return OK;
}

static void
verifies_what_was_signed(void **state)
{
	(void)state;
	static struct signed_cms s;
	signed_make(&s, &world_get()->signer, BYTES_OF(text), 0, false);
	assert_ok(verify(s.der, BYTES_OF(text)));
	assert_err(verify(s.der, bytes("something else", 14)), ERR_CMS_CHANGED);
	signed_make(&s, &world_get()->seal, BYTES_OF(text), world_get()->now, true);
	assert_ok(verify(s.der, BYTES_OF(text)));
}

/* Each octet of what is signed matters: attributes, signature value, and the certificate that is named. */
static void
every_signed_octet_matters(void **state)
{
	(void)state;
	static struct signed_cms s;
	static uint8_t copy[16384];
	struct cms c;
	signed_make(&s, &world_get()->signer, BYTES_OF(text), 0, false);
	assert_ok(verify(s.der, BYTES_OF(text))); /* what was proven once does not prove a neighbour */
	assert_ok(cms_read(s.der, &c));
	const struct bytes parts[] = {c.attributes, c.signature, c.message_digest, world_get()->signer.der};
	memcpy(copy, s.der.p, s.der.n);
	for (size_t k = 0; k < 4; k++) {
		size_t from = k < 3 ? (size_t)(parts[k].p - s.der.p) : bytes_find(s.der, 0, parts[k]);
		for (size_t i = from; i < from + parts[k].n; i++) {
			copy[i] ^= 0x40;
			assert_true(err_is(verify(bytes(copy, s.der.n), BYTES_OF(text))));
			copy[i] ^= 0x40;
		}
	}
}

/* [RFC 5035 5.4]: another certificate for the same key must not take the place of the one that was named. */
static void
the_certificate_is_bound(void **state)
{
	(void)state;
	struct world *w = world_get();
	static struct signed_cms s;
	uint8_t hash[DIGEST_SHA256_LEN];
	struct cms_attributes a = {.document_sha256 = BYTES_OF(hash), .certificate = w->issuing.der};
	digest_sha256(BYTES_OF(text), hash);
	assert_ok(cms_signed_attributes(&a, s.attributes_room, sizeof s.attributes_room, &s.attributes));
	s.signature_n = world_sign(&w->signer, s.attributes, s.signature);
	struct bytes chain[] = {w->signer.der, w->issuing.der};
	struct cms_parts parts = {.attributes = s.attributes, .signature = bytes(s.signature, s.signature_n),
	    .certificates = chain, .certificates_n = 2};
	assert_ok(cms_signed_data(&parts, s.room, sizeof s.room, &s.der));
	assert_err(verify(s.der, BYTES_OF(text)), ERR_CMS);
}

/* A signer's certificate that is not inside cannot be found elsewhere. */
static void
the_certificate_is_inside(void **state)
{
	(void)state;
	struct world *w = world_get();
	static struct signed_cms s;
	struct cms c;
	struct cms_verdict v;
	signed_make(&s, &w->signer, BYTES_OF(text), 0, false);
	assert_ok(cms_read(s.der, &c));
	uint8_t hash[DIGEST_SHA256_LEN];
	digest_sha256(BYTES_OF(text), hash);
	assert_ok(cms_verify(&c, BYTES_OF(hash), &v));
	assert_true(bytes_eq(v.signer.der, w->signer.der));
	for (size_t i = 0; i < c.certificates_n; i++)
		if (bytes_eq(c.certificates[i], w->signer.der))
			c.certificates[i] = w->root.der;
	assert_err(cms_verify(&c, BYTES_OF(hash), &v), ERR_CMS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(verifies_what_was_signed),
    cmocka_unit_test(every_signed_octet_matters),
    cmocka_unit_test(the_certificate_is_bound),
    cmocka_unit_test(the_certificate_is_inside),
};
UNIT_MAIN(tests)
