/*
 * Certificate profiles: what a certificate of each kind holds, as data read from policy/profiles/NAME.json. An unknown
 * key, a missing one or a value out of range is an error, so a typo cannot weaken a certificate. What differs between
 * installations (arc, addresses, names) is in struct profile_instance. Reading is the only thing here that does I/O;
 * a loaded profile is never changed and may be used by any thread.
 */
#ifndef PARAPH_PKI_PROFILE_H
#define PARAPH_PKI_PROFILE_H

#include "pki/algorithm.h"
#include "pki/name.h"

/* keyUsage, bit 0 first [RFC 5280 4.2.1.3] */
enum {
	PROFILE_KU_DIGITAL_SIGNATURE = 1 << 0,
	PROFILE_KU_NON_REPUDIATION = 1 << 1,
	PROFILE_KU_KEY_CERT_SIGN = 1 << 5,
	PROFILE_KU_CRL_SIGN = 1 << 6,
};

/* extKeyUsage, a set */
enum {
	PROFILE_EKU_TIME_STAMPING = 1 << 0,
	PROFILE_EKU_OCSP_SIGNING = 1 << 1,
	PROFILE_EKU_DOCUMENT_SIGNING = 1 << 2,
	PROFILE_EKU_ADOBE_PDF = 1 << 3,
};

enum { PROFILE_NAME_MAX = 32, PROFILE_POLICIES_MAX = 4, PROFILE_PATH_ANY = -1 };

struct profile_policy {
	bool any;       /* anyPolicy 2.5.29.32.0 */
	uint32_t under; /* otherwise: this number under the installation's arc */
	bool cps;       /* with the address of the practice statement */
};

struct profile {
	char name[PROFILE_NAME_MAX];   /* "signer-b" */
	char issuer[PROFILE_NAME_MAX]; /* profile of who signs it; its own name: self-signed */
	char address[PROFILE_NAME_MAX]; /* what the issuer is called in its addresses: "issuing" in /crl/issuing.crl */
	enum algorithm key;            /* ALGORITHM_ECDSA_P256: a P-256 key */
	struct name_form subject;
	int64_t life_us;               /* notBefore to notAfter, both included [RFC 5280 4.1.2.5] */
	int64_t life_least_us;         /* what a caller may ask for */
	int64_t life_most_us;
	int64_t backdate_us;           /* notBefore lies this long before now */
	bool ca;                       /* critical basicConstraints with cA TRUE; otherwise the extension is left out */
	int path_len;                  /* PROFILE_PATH_ANY: no limit */
	uint32_t key_usage;            /* always critical */
	uint32_t ext_key_usage;        /* 0: left out */
	bool ext_key_usage_critical;
	struct profile_policy policies[PROFILE_POLICIES_MAX];
	size_t policies_n;
	bool claims;                   /* the installation's claims (ETSI policies) are added; no configuration makes one yet */
	bool authority_key_id;         /* subjectKeyIdentifier is always there */
	bool ca_issuers;
	bool ocsp;
	bool crl;
	bool ocsp_nocheck;
	bool valassured;               /* valassured-ST-certs and noRevAvail together; then neither crl nor ocsp */
	int64_t private_key_usage_us;  /* 0: left out */
	bool semantics_natural;        /* QC statement semantics-id natural person, when serialNumber has its shape */
	bool email;                    /* subjectAltName rfc822Name when the facts have one */
};

/* What is the same for all certificates of one installation. Texts are borrowed. */
struct profile_instance {
	bool demo;               /* every name must say DEMO (a person's in CN, O or serialNumber, others' in CN and O), no claims */
	struct oid arc;          /* own OID arc; below 2.25 in a demo (doc/decisions/0003) */
	struct str base_url;     /* "http://127.0.0.1:8080": AIA, CRL and OCSP addresses start with it; no slash at its end */
	struct str cps_url;      /* address of the practice statement (profile_url_cps); empty: none */
	struct oid claims[2];    /* ETSI policies; n = 0: none, and no configuration names one yet */
};

/* Reads and checks one profile; ERR_PROFILE names file, key and what is wrong. */
err_t profile_read(const char *file, struct profile *ret_profile);
/* The same from memory, for tests and fuzzing. */
err_t profile_parse(struct bytes json, const char *file, struct profile *ret_profile);

/* DIR/NAME.json */
err_t profile_load(const char *dir, const char *name, struct profile *ret_profile);

static inline bool
profile_self_signed(const struct profile *p)
{
	return strcmp(p->name, p->issuer) == 0;
}

/* When a certificate that is made now is valid: notBefore = now - backdate in whole seconds, notAfter so that both ends
 * count; life_us 0 takes the profile's. Never beyond issuer_not_after (0: no issuer): ERR_PROFILE. */
err_t profile_validity(const struct profile *p, int64_t now, int64_t life_us, int64_t issuer_not_after,
    int64_t *ret_not_before, int64_t *ret_not_after);

/* The addresses in certificates: "BASE/aia/NAME.cer", "BASE/crl/NAME.crl", "BASE/ocsp", with the name that a profile gives
 * as address; NUL-terminated. */
enum { PROFILE_URL_MAX = 256 };
err_t profile_url_ca_issuers(const struct profile_instance *i, const char *name, char ret_url[PROFILE_URL_MAX]);
err_t profile_url_crl(const struct profile_instance *i, const char *name, char ret_url[PROFILE_URL_MAX]);
err_t profile_url_ocsp(const struct profile_instance *i, char ret_url[PROFILE_URL_MAX]);
/* "BASE/cps": what cps_url is in an installation that serves its statement itself. */
err_t profile_url_cps(const struct profile_instance *i, char ret_url[PROFILE_URL_MAX]);

/* OID of a policy number under the arc, also the time-stamp policy. */
err_t profile_policy_oid(const struct profile_instance *i, uint32_t under, struct oid *ret_oid);

/* Numbers under the arc that programs name themselves; those of other certificates stand in policy/profiles only. */
enum {
	PROFILE_POLICY_SIGNER = 2,
	PROFILE_POLICY_STAMP = 6, /* TSTInfo.policy */
};

#endif
