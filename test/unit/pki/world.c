#include "world.h"
#include "base/rand.h"
#include "base/time.h"
#include <openssl/ec.h>
#include <openssl/x509.h>

#define MUST(expression)                                                                                               \
	do {                                                                                                           \
		err_t must_e_ = (expression);                                                                          \
		if (err_is(must_e_)) {                                                                                 \
			fprintf(stderr, "%s: %s (%s)\n", #expression, err_detail(), err_place());                     \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static struct world world;

void
world_key(struct world_party *p, enum algorithm algorithm)
{
	EVP_PKEY_free(p->key);
	p->key = EVP_EC_gen(algorithm == ALGORITHM_ECDSA_P384 ? "P-384" : "P-256");
	p->algorithm = algorithm;
	uint8_t point[128];
	size_t n;
	if (!p->key || EVP_PKEY_get_octet_string_param(p->key, "pub", point, sizeof point, &n) != 1)
		abort();
	struct encode w = encode_init(p->spki_room, sizeof p->spki_room);
	MUST(algorithm_write_key(&w, bytes(point, n)));
	MUST(encode_done(&w, &p->spki));
}

size_t
world_sign(const struct world_party *p, struct bytes data, uint8_t signature[ALGORITHM_SIGNATURE_MAX])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const EVP_MD *md = p->algorithm == ALGORITHM_ECDSA_P384 ? EVP_sha384() : EVP_sha256();
	size_t n = ALGORITHM_SIGNATURE_MAX;
	if (!ctx || EVP_DigestSignInit(ctx, NULL, md, NULL, p->key) != 1 ||
	    EVP_DigestSign(ctx, signature, &n, data.p, data.n) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	return n;
}

struct bytes
world_join(const struct world_party *p, struct bytes tbs, uint8_t *room, size_t room_len)
{
	uint8_t signature[ALGORITHM_SIGNATURE_MAX];
	size_t n = world_sign(p, tbs, signature);
	struct encode w = encode_init(room, room_len);
	struct bytes der;
	MUST(certificate_join(&w, tbs, p->algorithm, bytes(signature, n)));
	MUST(encode_done(&w, &der));
	return der;
}

void
world_serial(uint8_t serial[CERTIFICATE_SERIAL_LEN])
{
	rand_serial(serial);
}

struct name_facts
world_subject(const char *profile)
{
	struct name_facts f = {0};
	f.value[NAME_COUNTRY] = STR("FR");
	if (strcmp(profile, "signer-b") == 0) {
		f.value[NAME_GIVEN_NAME] = STR("Jane");
		f.value[NAME_SURNAME] = STR("Doe");
		f.value[NAME_SERIAL_NUMBER] = STR("DEMO-7F3A91C2");
		f.value[NAME_COMMON_NAME] = STR("Jane Doe");
		return f;
	}
	f.value[NAME_ORGANIZATION] = STR("Paraph DEMO");
	f.value[NAME_ORGANIZATION_ID] = STR("NTRFR-123456789");
	f.value[NAME_COMMON_NAME] = strcmp(profile, "root") == 0        ? STR("Paraph DEMO Root CA")
	                            : strcmp(profile, "issuing-b") == 0 ? STR("Paraph DEMO Signer CA B")
	                            : strcmp(profile, "tsu") == 0       ? STR("Paraph DEMO Time-Stamp Unit 1")
	                            : strcmp(profile, "ocsp") == 0      ? STR("Paraph DEMO OCSP Signer 1")
	                                                                : STR("Paraph DEMO Seal");
	return f;
}

const char *
world_profiles(void)
{
	static char dir[1024];
	const char *source = getenv("PARAPH_SOURCE");
	snprintf(dir, sizeof dir, "%s/policy/profiles", source ? source : ".");
	return dir;
}

/* Makes key and certificate of one party. */
static void
make(struct world_party *p, const char *profile, const struct world_party *issuer)
{
	static uint8_t tbs_rooms[8][CERTIFICATE_OCTETS_MAX];
	static unsigned next;
	MUST(profile_load(world_profiles(), profile, &p->profile));
	world_key(p, p->profile.key);
	struct certificate_facts f = {.subject = world_subject(profile), .spki = p->spki, .algorithm = p->algorithm};
	if (issuer) {
		f.issuer = issuer->c.subject;
		f.issuer_key_id = issuer->c.subject_key_id;
		f.algorithm = issuer->algorithm;
	}
	world_serial(f.serial);
	MUST(profile_validity(&p->profile, world.now, 0, issuer ? issuer->c.not_after_at : 0, &f.not_before_at,
	    &f.not_after_at));
	struct encode w = encode_init(tbs_rooms[next++ % 8], CERTIFICATE_OCTETS_MAX);
	MUST(certificate_tbs(&w, &p->profile, &world.instance, &f));
	MUST(encode_done(&w, &p->tbs));
	MUST(lint_certificate(p->tbs, &p->profile, &world.instance, issuer ? &issuer->c : NULL, world.now));
	p->facts = f;
	p->der = world_join(issuer ? issuer : p, p->tbs, p->room, sizeof p->room);
	MUST(certificate_read(p->der, &p->c));
}

/* The OpenSSL side of the tests judges by the real clock, so the world lives now. */
static int64_t
clock_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * TIME_SECOND + t.tv_nsec / 1000;
}

struct world *
world_get(void)
{
	if (world.now)
		return &world;
	world.now = clock_now();
	world.instance = (struct profile_instance){
		.demo = true, .base_url = STR("http://127.0.0.1:8080"), .cps_url = STR("http://127.0.0.1:8080/cps")};
	MUST(oid_parse(STR("2.25.130116207.229803213.88079181.211580223.47893"), &world.instance.arc));
	make(&world.root, "root", NULL);
	make(&world.issuing, "issuing-b", &world.root);
	make(&world.signer, "signer-b", &world.issuing);
	make(&world.ocsp, "ocsp", &world.issuing);
	make(&world.tsu, "tsu", &world.root);
	make(&world.seal, "seal", &world.root);
	return &world;
}

struct bytes
world_crl_tbs(const struct world_party *issuer, const struct crl_entry *entries, size_t n, uint8_t *room, size_t room_len)
{
	struct crl_facts f = {.issuer = issuer->c.subject, .issuer_key_id = issuer->c.subject_key_id,
		.algorithm = issuer->algorithm, .number = 7, .this_update_at = time_floor(world.now),
		.next_update_at = time_floor(world.now) + TIME_DAY, .expired_since_at = issuer->c.not_before_at};
	struct encode w = encode_init(room, room_len);
	struct bytes tbs;
	MUST(crl_tbs(&w, &f, entries, n));
	MUST(encode_done(&w, &tbs));
	return tbs;
}

struct bytes
world_ocsp_tbs(enum ocsp_state state, struct bytes id, struct bytes nonce, uint8_t *room, size_t room_len)
{
	uint8_t hash[DIGEST_SHA256_LEN];
	int64_t at = time_floor(world.now);
	digest_sha256(world.signer.der, hash);
	struct ocsp_single s = {.id = id, .state = state, .revoked_at = at, .reason = CRL_SUPERSEDED, .this_update_at = at,
		.next_update_at = ocsp_next_update(at, world.signer.c.not_after_at),
		.archive_cutoff_at = world.issuing.c.not_before_at,
		.certificate_hash = state == OCSP_STATE_UNKNOWN ? bytes(NULL, 0) : BYTES_OF(hash)};
	struct ocsp_facts f = {.produced_at = at, .singles = &s, .n = 1, .nonce = nonce};
	MUST(algorithm_key_id(world.ocsp.spki, f.responder_key_id));
	struct encode w = encode_init(room, room_len);
	struct bytes tbs;
	MUST(ocsp_tbs(&w, &f));
	MUST(encode_done(&w, &tbs));
	return tbs;
}

struct bytes
world_ocsp(enum ocsp_state state, struct bytes id, struct bytes nonce, uint8_t *room, size_t room_len)
{
	uint8_t tbs_room[2048], signature[ALGORITHM_SIGNATURE_MAX];
	struct bytes tbs = world_ocsp_tbs(state, id, nonce, tbs_room, sizeof tbs_room), der;
	size_t n = world_sign(&world.ocsp, tbs, signature);
	struct encode w = encode_init(room, room_len);
	MUST(ocsp_join(&w, tbs, world.ocsp.algorithm, bytes(signature, n), world.ocsp.der));
	MUST(encode_done(&w, &der));
	return der;
}

struct bytes
world_tst(const struct tsp_request *request, uint8_t *room, size_t room_len)
{
	struct oid policy;
	MUST(profile_policy_oid(&world.instance, PROFILE_POLICY_STAMP, &policy));
	struct tsp_facts f = {.policy = oid_bytes(&policy), .kind = request->kind, .imprint = request->imprint,
		.gen_at = world.now, .accuracy_ms = 500, .nonce = request->nonce, .imprint_bare = request->imprint_bare};
	world_serial(f.serial);
	struct encode w = encode_init(room, room_len);
	struct bytes info;
	MUST(tsp_info(&w, &f));
	MUST(encode_done(&w, &info));
	return info;
}

struct bytes
world_tsr(const struct tsp_request *request, uint8_t *room, size_t room_len)
{
	uint8_t info_room[TSP_INFO_MAX], attributes_room[TSP_ATTRIBUTES_MAX], signature[ALGORITHM_SIGNATURE_MAX];
	uint8_t token_room[TSP_TOKEN_MAX];
	const struct world_party *tsu = &world.tsu;
	struct bytes info = world_tst(request, info_room, sizeof info_room), attributes, token, der;
	struct encode w = encode_init(attributes_room, sizeof attributes_room);
	MUST(tsp_attributes(&w, info, tsu->algorithm, tsu->der));
	MUST(encode_done(&w, &attributes));
	size_t n = world_sign(tsu, attributes, signature);
	w = encode_init(token_room, sizeof token_room);
	MUST(tsp_token(&w, info, attributes, tsu->algorithm, bytes(signature, n), &tsu->c, &tsu->der, request->cert_req ? 1 : 0));
	MUST(encode_done(&w, &token));
	w = encode_init(room, room_len);
	MUST(tsp_response(&w, token));
	MUST(encode_done(&w, &der));
	return der;
}
