/*
 * OCSP [RFC 6960, RFC 5019, RFC 9654]: strict reader of requests, writer of answers (byKey, certHash,
 * archiveCutoff, nonce), reader of answers. Who is good, revoked or unknown is the caller's fact. Pure; any thread.
 */
#ifndef PARAPH_PKI_OCSP_H
#define PARAPH_PKI_OCSP_H

#include "pki/crl.h"

enum {
	OCSP_SINGLES_MAX = 8,
	OCSP_NONCE_MAX = 128,
	OCSP_ID_MAX = 128,         /* octets of a CertID */
	OCSP_RESPONSE_MAX = 16384,
	OCSP_CERTS_MAX = 4,
};

/* OCSPResponseStatus */
enum ocsp_failure {
	OCSP_MALFORMED = 1,
	OCSP_INTERNAL = 2,
	OCSP_TRY_LATER = 3,
	OCSP_SIG_REQUIRED = 5,
	OCSP_UNAUTHORIZED = 6,
};

enum ocsp_state { OCSP_STATE_GOOD, OCSP_STATE_REVOKED, OCSP_STATE_UNKNOWN };

/* CertID; borrowed from the request. */
struct ocsp_id {
	struct bytes der;       /* whole, as the answer repeats it */
	enum digest_kind kind;
	struct bytes name_hash;
	struct bytes key_hash;
	struct bytes serial;    /* magnitude octets */
};

struct ocsp_request {
	struct ocsp_id ids[OCSP_SINGLES_MAX];
	size_t n;
	struct bytes nonce;     /* empty: none */
	bool cacheable;         /* one certificate, no nonce: the answer may be shared [RFC 5019] */
};

/* Reads a request of at most LIMIT_OCSP_REQUEST octets; ERR_OCSP_REQUEST. A signature on it is not looked at. */
err_t ocsp_request_read(struct bytes der, struct ocsp_request *ret_request);

/* One CertID (whole), for what a store keeps or a test asks; ERR_OCSP_REQUEST. */
err_t ocsp_id_read(struct bytes der, struct ocsp_id *ret_id);
/* CertID of a certificate below issuer; serial are magnitude octets. */
err_t ocsp_id_write(struct encode *w, enum digest_kind kind, struct bytes issuer_name, struct bytes issuer_key_bits,
    struct bytes serial);
/* Whether the id names this issuer. */
bool ocsp_id_matches(const struct ocsp_id *id, struct bytes issuer_name, struct bytes issuer_key_bits);
/* A request for one certificate; nonce empty: none. */
err_t ocsp_request_write(struct encode *w, struct bytes id, struct bytes nonce);

struct ocsp_single {
	struct bytes id;               /* CertID, whole */
	enum ocsp_state state;
	int64_t revoked_at;
	int reason;                    /* enum crl_reason; -1 or 0: left out */
	int64_t this_update_at;
	int64_t next_update_at;
	int64_t archive_cutoff_at;     /* 0: left out */
	struct bytes certificate_hash; /* SHA-256 of the certificate, for certHash; empty: left out */
};

struct ocsp_facts {
	uint8_t responder_key_id[ALGORITHM_KEY_ID_LEN];
	int64_t produced_at;
	const struct ocsp_single *singles;
	size_t n;
	struct bytes nonce;
};

/* ResponseData, to be signed. */
err_t ocsp_tbs(struct encode *w, const struct ocsp_facts *facts);
/* The OCSPResponse around it, with the responder's certificate inside. */
err_t ocsp_join(struct encode *w, struct bytes tbs, enum algorithm algorithm, struct bytes signature,
    struct bytes responder_certificate);
/* An unsigned answer that says why there is none. */
err_t ocsp_failure(struct encode *w, enum ocsp_failure status);

/* nextUpdate of an answer: at most one hour on and, while the certificate is valid, at most its notAfter (what validators
 * ask for); not_after 0: unknown certificate. */
int64_t ocsp_next_update(int64_t now, int64_t not_after);

struct ocsp_response {
	struct bytes der;
	struct bytes tbs;
	enum algorithm algorithm;
	struct bytes signature;
	struct bytes responder_key_hash; /* byKey; empty: byName */
	struct bytes responder_name;
	int64_t produced_at;
	struct ocsp_id ids[OCSP_SINGLES_MAX]; /* singles[i].id == ids[i].der */
	struct ocsp_single singles[OCSP_SINGLES_MAX];
	size_t n;
	struct bytes nonce;
	struct bytes certs[OCSP_CERTS_MAX];
	size_t certs_n;
	bool unknown_critical;
};

/* Reads a successful response strictly; ERR_OCSP_RESPONSE for a failure status or another type, ERR_DER. */
err_t ocsp_response_read(struct bytes der, struct ocsp_response *ret_response);

/* The same for a ResponseData alone, as lint.h reads it; the other members stay empty. */
err_t ocsp_read_tbs(struct bytes tbs, struct ocsp_response *ret_response);

/* Finds the single for a certificate below issuer, proves the responder (the issuer itself, or a certificate of the
 * issuer with OCSPSigning, nocheck and valid at producedAt) and its signature; nonce is not judged. ERR_OCSP_RESPONSE,
 * ERR_SIGNATURE. */
err_t ocsp_response_check(const struct ocsp_response *r, const struct certificate *issuer, struct bytes serial,
    const struct ocsp_single **ret_single);

#endif
