/*
 * What a file brings along to prove its signatures: certificates, OCSP answers and CRLs, from /DSS and from inside the
 * signatures; and what they prove about one certificate at one time. Nothing is fetched. Pure; all is borrowed.
 */
#ifndef PARAPH_ADES_EVIDENCE_H
#define PARAPH_ADES_EVIDENCE_H

#include "ades/cms_read.h"
#include "ades/pdffile.h"
#include "pki/path.h"

enum { EVIDENCE_ANSWERS_MAX = 128 };

struct evidence {
	struct bytes certificates[PATH_POOL_MAX];
	size_t certificate_ends[PATH_POOL_MAX]; /* the file up to there holds it; of more than one place the first */
	size_t certificates_n;
	struct bytes ocsps[EVIDENCE_ANSWERS_MAX];
	size_t ocsp_ends[EVIDENCE_ANSWERS_MAX];
	size_t ocsps_n;
	struct bytes crls[EVIDENCE_ANSWERS_MAX];
	size_t crl_ends[EVIDENCE_ANSWERS_MAX];
	size_t crls_n;
	const struct bytes *anchors; /* trusted certificates, given by the caller */
	size_t anchors_n;
	size_t end;                  /* for what is added next; set by who cares */
	bool full;                   /* there was more than fits: something is missing */
};

/* Adds what is not there yet. */
void evidence_certificate(struct evidence *e, struct bytes der);
void evidence_ocsp(struct evidence *e, struct bytes der);
void evidence_crl(struct evidence *e, struct bytes der);
/* Adds what one CMS holds: certificates, CRLs and adbe-revocationInfoArchival. */
void evidence_cms(struct evidence *e, const struct cms *c);
/* Adds everything in the /DSS of the newest revision; streams are inflated into the file's arena. */
err_t evidence_dss(struct evidence *e, struct pdffile *f);

enum evidence_state {
	EVIDENCE_GOOD,
	EVIDENCE_EXEMPT,    /* a signer's whose issuer states that no status exists [RFC 9608 4] */
	EVIDENCE_REVOKED,
	EVIDENCE_MISSING,   /* nothing, or only what says nothing about that time */
};

struct evidence_status {
	enum evidence_state state;
	int64_t as_of;      /* thisUpdate of what was used */
	int64_t until;      /* its nextUpdate; 0: none */
	int64_t revoked_at;
	bool by_ocsp;
};

/* The status of subject, issued by issuer, as far as it matters for something done at `at`. A proven revocation wins over
 * every "good". */
void evidence_status(const struct evidence *e, const struct certificate *subject, const struct certificate *issuer,
    int64_t at, struct evidence_status *ret_status);
/* The same by what the first `within` octets of the file hold. */
void evidence_status_within(const struct evidence *e, const struct certificate *subject, const struct certificate *issuer,
    int64_t at, size_t within, struct evidence_status *ret_status);
/* Whether these hold the certificate. */
bool evidence_certificate_within(const struct evidence *e, struct bytes der, size_t within);

#endif
