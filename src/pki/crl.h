/*
 * Certificate revocation lists, version 2 [RFC 5280 5]: full lists with number, authorityKeyIdentifier and
 * expiredCertsOnCRL. Entries are streamed: open, one call for each entry (any order, each serial once), close. A reason
 * of unspecified is left out, and so is the list itself when it is empty. Pure; any thread.
 */
#ifndef PARAPH_PKI_CRL_H
#define PARAPH_PKI_CRL_H

#include "pki/certificate.h"

/* CRLReason [RFC 5280 5.3.1] */
enum crl_reason {
	CRL_NONE = -1,
	CRL_UNSPECIFIED = 0,
	CRL_KEY_COMPROMISE = 1,
	CRL_CA_COMPROMISE = 2,
	CRL_AFFILIATION_CHANGED = 3,
	CRL_SUPERSEDED = 4,
	CRL_CESSATION = 5,
	CRL_HOLD = 6,
	CRL_REMOVE = 8,
	CRL_PRIVILEGE_WITHDRAWN = 9,
	CRL_AA_COMPROMISE = 10,
};

struct crl_facts {
	struct bytes issuer;          /* Name, DER */
	struct bytes issuer_key_id;   /* subjectKeyIdentifier of the issuer */
	enum algorithm algorithm;
	uint64_t number;
	int64_t this_update_at;       /* whole seconds, as all times here */
	int64_t next_update_at;       /* TIME_NEVER for a CA's last list */
	int64_t expired_since_at;     /* expiredCertsOnCRL: entries stay after expiry since then; 0: left out */
};

struct crl_entry {
	uint8_t serial[CERTIFICATE_SERIAL_LEN];
	int64_t revoked_at;
	int reason; /* enum crl_reason; -1 or 0: left out */
};

/* Octets that n entries need at most, everything included. */
static inline size_t
crl_room(uint64_t n)
{
	return (size_t)(n * 64 + 2048);
}

/* The writer works backwards: open writes the end of the TBSCertList, close its start. */
struct crl_writer {
	struct encode *w;
	size_t mark;         /* of the whole */
	size_t entries_mark;
	int64_t newest_at;
};
err_t crl_open(struct crl_writer *c, struct encode *w, const struct crl_facts *facts);
err_t crl_put(struct crl_writer *c, const struct crl_entry *entry);
err_t crl_close(struct crl_writer *c, const struct crl_facts *facts);

/* A whole list from an array; sign with certificate_join. */
err_t crl_tbs(struct encode *w, const struct crl_facts *facts, const struct crl_entry *entries, size_t n);

struct crl {
	struct bytes der;
	struct bytes tbs;
	enum algorithm algorithm;
	struct bytes signature_algorithm;
	struct bytes signature;
	struct bytes issuer;
	int64_t this_update_at;
	int64_t next_update_at;    /* 0: absent */
	struct bytes number;       /* magnitude; empty: absent */
	struct bytes authority_key_id;
	int64_t expired_since_at;  /* 0: absent */
	struct bytes entries;      /* content of the SEQUENCE OF entries; empty: none */
	bool partial;              /* issuingDistributionPoint or deltaCRLIndicator: not a full list */
	bool unknown_critical;
};

/* Strict; every entry is walked through once. ERR_DER. */
err_t crl_read(struct bytes der, struct crl *ret_crl);
/* The same for a TBSCertList alone; der and signature stay empty. */
err_t crl_read_tbs(struct bytes tbs, struct crl *ret_crl);
/* The entry of a serial (magnitude octets); ERR_NOT_FOUND when the list does not name it. */
err_t crl_find(const struct crl *c, struct bytes serial, struct crl_entry *ret_entry);
/* Number of entries. */
err_t crl_count(const struct crl *c, size_t *ret_n);

#endif
