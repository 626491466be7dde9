/*
 * A small public-key world for tests: root, issuing CA, a signer, OCSP signer, time-stamp unit and seal, all made with
 * the shipped profiles, their keys held by OpenSSL. Built once per program; the parties never change.
 */
#ifndef PARAPH_TEST_WORLD_H
#define PARAPH_TEST_WORLD_H

#include "pki/lint.h"
#include <openssl/evp.h>

struct world_party {
	EVP_PKEY *key;
	enum algorithm algorithm;
	uint8_t spki_room[ALGORITHM_SPKI_MAX];
	struct bytes spki;
	uint8_t room[CERTIFICATE_OCTETS_MAX];
	struct bytes der;
	struct bytes tbs;
	struct certificate c;
	struct profile profile;
	struct certificate_facts facts;
};

struct world {
	struct profile_instance instance;
	int64_t now;
	struct world_party root, issuing, signer, ocsp, tsu, seal;
};

/* The world; aborts with a message when it cannot be made. */
struct world *world_get(void);

/* The folder of the shipped profiles: that of PARAPH_SOURCE, or of the current folder. */
const char *world_profiles(void);

/* A fresh key of this kind. */
void world_key(struct world_party *p, enum algorithm algorithm);
/* Signature of p over data into 112 octets; returns its length. */
size_t world_sign(const struct world_party *p, struct bytes data, uint8_t signature[ALGORITHM_SIGNATURE_MAX]);
/* Facts of a subject that fits the profile. */
struct name_facts world_subject(const char *profile);
/* Random serial. */
void world_serial(uint8_t serial[CERTIFICATE_SERIAL_LEN]);
/* Joins a TBS with p's signature into room. */
struct bytes world_join(const struct world_party *p, struct bytes tbs, uint8_t *room, size_t room_len);

/* A list, an answer and a stamp of this world, signed. state, reason as in ocsp_single. */
struct bytes world_crl_tbs(const struct world_party *issuer, const struct crl_entry *entries, size_t n, uint8_t *room, size_t room_len);
struct bytes world_ocsp_tbs(enum ocsp_state state, struct bytes id, struct bytes nonce, uint8_t *room, size_t room_len);
struct bytes world_ocsp(enum ocsp_state state, struct bytes id, struct bytes nonce, uint8_t *room, size_t room_len);
struct bytes world_tst(const struct tsp_request *request, uint8_t *room, size_t room_len);
struct bytes world_tsr(const struct tsp_request *request, uint8_t *room, size_t room_len);

#endif
