/* The strict reader: everything that is written comes back, everything ambiguous is refused. */
#include "ades/cms_read.h"
#include "signed.h"

static const char text[] = "what is signed";

static void
reads_what_is_written(void **state)
{
	(void)state;
	unit_seed();
	struct world *w = world_get();
	static struct signed_cms s;
	struct cms c;
	for (int i = 0; i < 50; i++) {
		uint8_t data[64];
		uint8_t hash[DIGEST_SHA256_LEN];
		unit_fill(data, sizeof data);
		bool time = unit_below(2), stamp = unit_below(2);
		const struct world_party *by = unit_below(2) ? &w->signer : &w->seal;
		signed_make(&s, by, BYTES_OF(data), time ? w->now : 0, stamp);
		assert_ok(cms_read(s.der, &c));
		digest_sha256(BYTES_OF(data), hash);
		assert_true(bytes_eq(c.message_digest, BYTES_OF(hash)));
		assert_true(bytes_eq(c.signature, bytes(s.signature, s.signature_n)));
		assert_true(bytes_eq(c.time_stamp, s.stamp));
		assert_int_equal(c.certificates_n, by == &w->signer ? 3 : 2);
		assert_true(bytes_eq(c.content_type, OID_CMS_DATA));
		assert_false(c.has_content);
		assert_int_equal(c.digest, DIGEST_SHA256);
		assert_int_equal(c.signing_at, time ? w->now - w->now % 1000000 : 0);
		assert_true(c.certificate_id.present && c.certificate_id.known);
		digest_sha256(by->der, hash);
		assert_true(bytes_eq(c.certificate_id.hash, BYTES_OF(hash)));
	}
}

/* Builds SignedData around any attributes, signers and digests, to break one rule at a time. */
struct odd {
	struct bytes attributes; /* content of the SET */
	struct bytes unsigned_attributes;
	struct bytes digests;    /* content of the SET; empty: SHA-256 */
	bool two_signers;
	bool content;
};

static struct bytes
odd_make(const struct odd *o, uint8_t *room, size_t room_n)
{
	struct world *w = world_get();
	struct encode e = encode_init(room, room_n);
	struct bytes der;
	for (int i = 0; i <= o->two_signers; i++) {
		size_t info = encode_mark(&e);
		if (o->unsigned_attributes.n) {
			encode_raw(&e, o->unsigned_attributes);
			encode_wrap(&e, DER_EXPLICIT(1), info);
		}
		encode_octets(&e, bytes("sig", 3));
		encode_raw(&e, algorithm_der(ALGORITHM_ECDSA_P256));
		encode_tlv(&e, DER_EXPLICIT(0), o->attributes);
		algorithm_write_digest(&e, DIGEST_SHA256, false);
		size_t names = encode_mark(&e);
		encode_unsigned(&e, w->signer.c.serial);
		encode_raw(&e, w->signer.c.issuer);
		encode_wrap(&e, DER_SEQUENCE, names);
		encode_u64(&e, 1);
		encode_wrap(&e, DER_SEQUENCE, info);
	}
	encode_wrap(&e, DER_SET, 0);
	size_t mark = encode_mark(&e);
	if (o->content) {
		encode_octets(&e, bytes("content", 7));
		encode_wrap(&e, DER_EXPLICIT(0), mark);
	}
	encode_oid(&e, OID_CMS_DATA);
	encode_wrap(&e, DER_SEQUENCE, mark);
	mark = encode_mark(&e);
	if (o->digests.n)
		encode_raw(&e, o->digests);
	else
		algorithm_write_digest(&e, DIGEST_SHA256, false);
	encode_wrap(&e, DER_SET, mark);
	encode_u64(&e, 1);
	encode_wrap(&e, DER_SEQUENCE, 0);
	encode_wrap(&e, DER_EXPLICIT(0), 0);
	encode_oid(&e, OID_CMS_SIGNED_DATA);
	encode_wrap(&e, DER_SEQUENCE, 0);
	assert_ok(encode_done(&e, &der));
	return der;
}

static struct bytes
attribute(uint8_t *room, size_t room_n, struct bytes oid, struct bytes value)
{
	struct encode e = encode_init(room, room_n);
	struct bytes der;
	encode_raw(&e, value);
	encode_wrap(&e, DER_SET, 0);
	encode_oid(&e, oid);
	encode_wrap(&e, DER_SEQUENCE, 0);
	assert_ok(encode_done(&e, &der));
	return der;
}

static void
refuses_ambiguity(void **state)
{
	(void)state;
	uint8_t room[8192], type_room[64], digest_room[64], other_room[64], set[256], twice[256];
	static struct signed_cms s;
	struct cms c;
	signed_make(&s, &world_get()->signer, BYTES_OF(text), 0, true);
	struct bytes oid = bytes("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", 11), digest = bytes("\x04\x20"
	    "0123456789abcdef0123456789abcdef", 34);
	struct bytes type = attribute(type_room, sizeof type_room, OID_CMS_CONTENT_TYPE, oid);
	struct bytes md = attribute(digest_room, sizeof digest_room, OID_CMS_MESSAGE_DIGEST, digest);
	memcpy(set, type.p, type.n);
	memcpy(set + type.n, md.p, md.n);
	struct odd good = {.attributes = bytes(set, type.n + md.n)};
	assert_ok(cms_read(odd_make(&good, room, sizeof room), &c));

	struct odd o = good;
	o.two_signers = true;
	assert_err(cms_read(odd_make(&o, room, sizeof room), &c), ERR_CMS);
	o = good; /* an attribute twice */
	memcpy(twice, set, type.n);
	memcpy(twice + type.n, set, type.n + md.n);
	o.attributes = bytes(twice, 2 * type.n + md.n);
	assert_err(cms_read(odd_make(&o, room, sizeof room), &c), ERR_CMS);
	o = good; /* the wrong order */
	memcpy(twice, md.p, md.n);
	memcpy(twice + md.n, type.p, type.n);
	o.attributes = bytes(twice, type.n + md.n);
	assert_err(cms_read(odd_make(&o, room, sizeof room), &c), ERR_CMS);
	o = good; /* no message-digest, no content-type */
	o.attributes = type;
	assert_err(cms_read(odd_make(&o, room, sizeof room), &c), ERR_CMS);
	o.attributes = md;
	assert_err(cms_read(odd_make(&o, room, sizeof room), &c), ERR_CMS);
	o = good; /* digestAlgorithms without the signer's; and one that nobody knows */
	o.digests = bytes("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03", 13);
	assert_err(cms_read(odd_make(&o, room, sizeof room), &c), ERR_CMS);
	o = good; /* a type that differs from the content's */
	struct bytes wrong = attribute(other_room, sizeof other_room, OID_CMS_CONTENT_TYPE,
	    bytes("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 11));
	memcpy(twice, wrong.p, wrong.n);
	memcpy(twice + wrong.n, md.p, md.n);
	o.attributes = bytes(twice, wrong.n + md.n);
	assert_true(err_is(cms_read(odd_make(&o, room, sizeof room), &c)));
	o = good; /* two time-stamps */
	uint8_t stamp_room[64], stamps[128];
	struct bytes stamp = attribute(stamp_room, sizeof stamp_room, OID_CMS_SIGNATURE_TIME_STAMP, bytes("\x30\x00", 2));
	memcpy(stamps, stamp.p, stamp.n);
	memcpy(stamps + stamp.n, stamp.p, stamp.n);
	o.unsigned_attributes = stamp;
	assert_ok(cms_read(odd_make(&o, room, sizeof room), &c));
	o.unsigned_attributes = bytes(stamps, 2 * stamp.n);
	assert_err(cms_read(odd_make(&o, room, sizeof room), &c), ERR_CMS);
}

/* One octet more, one less, and every single octet changed: never a crash, never the same reading. */
static void
survives_every_change(void **state)
{
	(void)state;
	static struct signed_cms s;
	static uint8_t copy[16384];
	struct cms c;
	signed_make(&s, &world_get()->signer, BYTES_OF(text), 0, true);
	memcpy(copy, s.der.p, s.der.n);
	copy[s.der.n] = 0;
	assert_true(err_is(cms_read(bytes(copy, s.der.n + 1), &c)));
	assert_true(err_is(cms_read(bytes(copy, s.der.n - 1), &c)));
	for (size_t i = 0; i < s.der.n; i++) {
		copy[i] ^= 0x01;
		err_ignore(cms_read(bytes(copy, s.der.n), &c)); /* must not crash; verifying is another test */
		copy[i] ^= 0x01;
	}
}

/* SigningCertificate with a hash of n times `octet`, and what else the first certificate has. */
static struct bytes
certificate_id(uint8_t *room, size_t room_n, uint8_t octet, size_t n, struct bytes more)
{
	struct encode e = encode_init(room, room_n);
	struct bytes der;
	uint8_t hash[DIGEST_LEN_MAX];
	memset(hash, octet, sizeof hash);
	encode_raw(&e, more);
	encode_octets(&e, bytes(hash, n));
	for (int i = 0; i < 3; i++)
		encode_wrap(&e, DER_SEQUENCE, 0);
	assert_ok(encode_done(&e, &der));
	return der;
}

/* Both versions of signing-certificate: which stands first depends on their lengths, and the newer one counts. */
static void
both_certificate_ids(void **state)
{
	(void)state;
	static const char serial[] = "\x30\x1e\x04\x1c" "0123456789012345678901234567";
	for (int longer = 0; longer < 2; longer++) {
		uint8_t room[8192], rooms[4][128], v1_room[128], v2_room[128], set[512];
		struct cms c;
		struct bytes v1 = certificate_id(v1_room, sizeof v1_room, 1, DIGEST_SHA1_LEN, bytes(serial, longer ? 32 : 0));
		struct bytes v2 = certificate_id(v2_room, sizeof v2_room, 2, DIGEST_SHA256_LEN, bytes(NULL, 0));
		struct bytes all[] = {
		    attribute(rooms[0], 128, OID_CMS_CONTENT_TYPE, bytes("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", 11)),
		    attribute(rooms[1], 128, OID_CMS_MESSAGE_DIGEST, bytes("\x04\x20" "0123456789abcdef0123456789abcdef", 34)),
		    attribute(rooms[2], 128, longer ? OID_CMS_SIGNING_CERTIFICATE_V2 : OID_CMS_SIGNING_CERTIFICATE, longer ? v2 : v1),
		    attribute(rooms[3], 128, longer ? OID_CMS_SIGNING_CERTIFICATE : OID_CMS_SIGNING_CERTIFICATE_V2, longer ? v1 : v2)};
		static const size_t order[2][4] = {{0, 2, 1, 3}, {0, 1, 2, 3}};
		size_t n = 0;
		for (size_t i = 0; i < 4; i++) {
			struct bytes one = all[order[longer][i]];
			memcpy(set + n, one.p, one.n);
			n += one.n;
		}
		struct odd o = {.attributes = bytes(set, n)};
		assert_ok(cms_read(odd_make(&o, room, sizeof room), &c));
		assert_true(c.certificate_id.present && c.certificate_id.digest == DIGEST_SHA256 && c.certificate_id.hash.p[0] == 2);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_what_is_written),
    cmocka_unit_test(refuses_ambiguity),
    cmocka_unit_test(survives_every_change),
    cmocka_unit_test(both_certificate_ids),
};
UNIT_MAIN(tests)
