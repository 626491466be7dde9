/*
 * Finished documents for tests: a small PDF, prepared as paraph-document does it and filled, increment by increment, as
 * the key process does it, with the certificates of the tests of pki. Every ingredient can be spoilt on its way in.
 */
#ifndef PARAPH_TEST_FINISHED_H
#define PARAPH_TEST_FINISHED_H

#include "document/check.h"
#include "document/prepare.h"
#include "pdf/revision.h"
#include "unit.h"
#include "world.h"

enum finished_spoil {
	SPOIL_NOTHING,
	/* the signature */
	SPOIL_DIGEST,            /* signed over another digest */
	SPOIL_SIGNING_TIME,      /* a signed attribute too many */
	SPOIL_OTHER_SIGNER,      /* by another certificate than core expects */
	SPOIL_UNIT_SIGNS,        /* by that of the time-stamp unit */
	SPOIL_CHAIN_IN_CMS,      /* the issuing CA is not inside */
	SPOIL_REASON,            /* words that nobody consented to */
	SPOIL_CLAIMED_TIME,      /* /M before the certificate */
	SPOIL_NO_STAMP,
	SPOIL_STAMP_IMPRINT,     /* the time-stamp is over something else */
	SPOIL_STAMP_SIGNATURE,   /* an octet of its signature is wrong */
	SPOIL_STAMP_LATE,        /* after the end of the certificate */
	SPOIL_STAMP_UNIT,        /* by a unit of another root */
	/* the evidence */
	SPOIL_NO_ROOT,
	SPOIL_NO_UNIT,
	SPOIL_NO_ISSUING,
	SPOIL_NO_OCSP,
	SPOIL_OCSP_REVOKED,
	SPOIL_OCSP_OTHER,        /* for another certificate */
	SPOIL_OCSP_RESPONDER,    /* signed by somebody else */
	SPOIL_NO_CRL,
	SPOIL_CRL_REVOKED,       /* names the issuing CA */
	SPOIL_CRL_SIGNATURE,
	/* the document time-stamp */
	SPOIL_ARCHIVE_IMPRINT,
	SPOIL_ARCHIVE_OLDER,     /* than the signature's */
	SPOIL_ARCHIVE_MISSING,   /* the third increment is not there */
	SPOIL_ORDER,             /* evidence before the signature */
	SPOIL_EVIDENCE_LATE,     /* evidence behind the document time-stamp, */
	SPOIL_EVIDENCE_AGAIN,    /* or before and behind it */
};

struct finished {
	struct buf file, plan;
	struct check_facts facts;
	uint8_t revision0_sha256[32], result_sha256[32];
	struct bytes root;
	size_t signatures;
	size_t from[2 * LIMIT_SIGNERS * 3]; /* where each increment starts */
	size_t increments;
};

/* flavour: 'c' a table, 's' a cross-reference stream. signers sign one after the other; the last one is spoilt. */
void finished_make(struct finished *f, char flavour, size_t signers, bool visible, enum finished_spoil spoil);
/* The same from a document and for fields of one's own. */
void finished_make_from(struct finished *f, struct bytes base, const struct inspect_order *order, enum finished_spoil spoil);
void finished_done(struct finished *f);

/* Computes result digest and length again, as core would after a change. */
void finished_seal(struct finished *f);

/* A one-page PDF to start from. */
void finished_base(char flavour, struct buf *b);

#endif
