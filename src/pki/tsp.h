/*
 * Time-stamps [RFC 3161, RFC 5816, EN 319 422]: strict reader of requests, writer of TSTInfo, signed attributes, token
 * (CMS SignedData) and response, reader and checker of tokens. Serial numbers, the clock and the key are the caller's.
 * Pure; any thread.
 */
#ifndef PARAPH_PKI_TSP_H
#define PARAPH_PKI_TSP_H

#include "pki/certificate.h"

enum {
	TSP_NONCE_MAX = 20,     /* octets of the INTEGER: 160 bits */
	TSP_SERIAL_MAX = 20,
	TSP_TOKEN_MAX = 8192,
	TSP_CERTS_MAX = 8,
	TSP_INFO_MAX = 512,
	TSP_ATTRIBUTES_MAX = 512,
};

/* PKIFailureInfo, the number of the bit [RFC 3161 2.4.2] */
enum tsp_failure {
	TSP_BAD_ALG = 0,
	TSP_BAD_REQUEST = 2,
	TSP_BAD_DATA_FORMAT = 5,
	TSP_TIME_NOT_AVAILABLE = 14,
	TSP_UNACCEPTED_POLICY = 15,
	TSP_UNACCEPTED_EXTENSION = 16,
	TSP_ADD_INFO_NOT_AVAILABLE = 17,
	TSP_SYSTEM_FAILURE = 25,
};

struct tsp_request {
	enum digest_kind kind;
	struct bytes imprint;
	struct bytes policy;  /* OID content; empty: any */
	struct bytes nonce;   /* content of the INTEGER as it came; empty: none */
	bool imprint_bare;    /* the imprint's algorithm has no parameters, instead of NULL as nearly all clients write it */
	bool cert_req;
};

/* Reads a request of at most LIMIT_TSP_REQUEST octets. ERR_TSP_REQUEST; *ret_failure then says what the response must
 * carry (it is set on every failure). */
err_t tsp_request_read(struct bytes der, struct tsp_request *ret_request, enum tsp_failure *ret_failure);
/* For tests and clients. */
err_t tsp_request_write(struct encode *w, const struct tsp_request *request);

struct tsp_facts {
	struct bytes policy;            /* OID content */
	enum digest_kind kind;
	struct bytes imprint;
	uint8_t serial[TSP_SERIAL_MAX]; /* first octet 0x40..0x7f */
	int64_t gen_at;
	uint32_t accuracy_ms;           /* 1..999, or 1000 for one second */
	struct bytes nonce;             /* content of the INTEGER; empty: none */
	bool imprint_bare;              /* as in the request: the messageImprint is the same [RFC 3161 2.4.2] */
};

/* TSTInfo. */
err_t tsp_info(struct encode *w, const struct tsp_facts *facts);
/* Signed attributes as SET (tag 31, what is signed): content-type, message-digest of info (the digest of algorithm),
 * signing-certificate-v2 (SHA-256) of the unit's certificate. */
err_t tsp_attributes(struct encode *w, struct bytes info, enum algorithm algorithm, struct bytes tsu_certificate);
/* The token: ContentInfo with SignedData. certs: whole certificates to put in (the unit's first), none if not asked for. */
err_t tsp_token(struct encode *w, struct bytes info, struct bytes attributes, enum algorithm algorithm,
    struct bytes signature, const struct certificate *tsu, const struct bytes *certs, size_t certs_n);
/* Octets of the largest token that this unit makes over a SHA-256 digest, its certificate inside, without a nonce: found by
 * making one of the longest members, P-256 signature included. ERR_LIMIT when it is above TSP_TOKEN_MAX. */
err_t tsp_token_size_max(const struct certificate *tsu, struct bytes policy, size_t *ret_n);
/* TimeStampResp granted around a token, and the one without. text: for people, may be empty. */
err_t tsp_response(struct encode *w, struct bytes token);
err_t tsp_failure(struct encode *w, enum tsp_failure failure, struct str text);

struct tsp_token {
	struct bytes der;
	struct bytes info;         /* TSTInfo, whole */
	struct bytes policy;
	enum digest_kind kind;
	struct bytes imprint;
	bool imprint_bare;
	struct bytes serial;       /* magnitude */
	int64_t gen_at;
	uint64_t accuracy_us;      /* 0: absent */
	bool ordering;
	struct bytes nonce;        /* content of the INTEGER; empty: none */
	struct bytes attributes;   /* signedAttrs as in the token: tag A0 */
	struct bytes message_digest;
	struct bytes certificate_hash; /* of ESSCertIDv2 (or v1), which must match the signer */
	enum digest_kind certificate_hash_kind;
	enum digest_kind digest;   /* of the SignerInfo */
	enum algorithm algorithm;
	struct bytes signature;
	struct bytes signer_issuer; /* of the SignerInfo's sid */
	struct bytes signer_serial;
	struct bytes certs[TSP_CERTS_MAX];
	size_t certs_n;
};

/* Reads a TSTInfo alone, as lint.h does; only its own members are set. ERR_TSP_TOKEN, ERR_DER. */
err_t tsp_info_read(struct bytes info, struct tsp_token *ret_token);
/* Reads one token strictly; ERR_TSP_TOKEN or ERR_DER. */
err_t tsp_token_read(struct bytes der, struct tsp_token *ret_token);
/* The token inside a granted TimeStampResp; ERR_TSP_TOKEN when it was not granted. */
err_t tsp_response_read(struct bytes der, struct bytes *ret_token);
/* Proves imprint, message digest, signing-certificate attribute, signature and purpose of the unit, and that genTime lies
 * in the unit's validity. The unit's chain is path.h's. unit: NULL takes the one in the token. ERR_TSP_TOKEN. */
err_t tsp_token_check(const struct tsp_token *t, struct bytes imprint, const struct certificate *unit);
/* The unit's certificate among those in the token; ERR_NOT_FOUND. */
err_t tsp_token_unit(const struct tsp_token *t, struct certificate *ret_unit);

#endif
