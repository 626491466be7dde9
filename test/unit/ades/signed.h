/* A detached signature of the world's signer or seal over some data, made as the key process makes it. */
#ifndef PARAPH_TEST_ADES_SIGNED_H
#define PARAPH_TEST_ADES_SIGNED_H

#include "ades/cms.h"
#include "pki/tsp.h"
#include "unit.h"
#include "world.h"

struct signed_cms {
	uint8_t room[16384];
	struct bytes der;
	uint8_t attributes_room[CMS_ATTRIBUTES_MAX];
	struct bytes attributes;
	uint8_t signature[ALGORITHM_SIGNATURE_MAX];
	size_t signature_n;
	uint8_t stamp_room[TSP_TOKEN_MAX];
	struct bytes stamp;
};

static inline void
signed_stamp(struct signed_cms *s)
{
	uint8_t hash[DIGEST_SHA256_LEN];
	digest_sha256(bytes(s->signature, s->signature_n), hash);
	struct tsp_request request = {.kind = DIGEST_SHA256, .imprint = BYTES_OF(hash), .cert_req = true};
	struct bytes response = world_tsr(&request, s->stamp_room, sizeof s->stamp_room);
	assert_ok(tsp_response_read(response, &s->stamp));
}

static inline void
signed_make(struct signed_cms *s, const struct world_party *by, struct bytes data, int64_t signing_at, bool stamp)
{
	struct world *w = world_get();
	uint8_t hash[DIGEST_SHA256_LEN];
	digest_sha256(data, hash);
	struct cms_attributes a = {.document_sha256 = BYTES_OF(hash), .certificate = by->der, .signing_at = signing_at};
	assert_ok(cms_signed_attributes(&a, s->attributes_room, sizeof s->attributes_room, &s->attributes));
	s->signature_n = world_sign(by, s->attributes, s->signature);
	s->stamp = (struct bytes){0};
	if (stamp)
		signed_stamp(s);
	struct bytes chain[] = {by->der, by == &w->signer ? w->issuing.der : w->root.der, w->root.der};
	struct cms_parts parts = {.attributes = s->attributes, .signature = bytes(s->signature, s->signature_n),
	    .certificates = chain, .certificates_n = by == &w->signer ? 3 : 2, .time_stamp = s->stamp};
	assert_ok(cms_signed_data(&parts, s->room, sizeof s->room, &s->der));
}

#endif
