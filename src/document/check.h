/*
 * The final check of a finished document, by a closed list, in a process that did not build it: revision 0 is what the
 * signer consented to; behind it only triples of increments (signature, evidence, document time-stamp) that fill objects
 * the plan names; every signature covers its revision; certificate, chain, time-stamps, status and evidence of the newest
 * one are complete. Shares two functions with what writes the increments (plan_read, and cms_signed_attributes, whose octets
 * are compared with those that were signed), and otherwise only what lies below both: base, der, pki. Decides nothing else
 * and repairs nothing. Pure: octets, facts and the time in, a verdict out.
 */
#ifndef PARAPH_DOCUMENT_CHECK_H
#define PARAPH_DOCUMENT_CHECK_H

#include "base/bytes.h"

/* What core knows of the newest signature. */
struct check_facts {
	struct bytes revision0_sha256;
	uint64_t revision0_length;
	uint64_t base_length;         /* where the newest signature's first increment starts */
	size_t field, stamp_field;    /* indices in the plan */
	struct bytes certificate;     /* the signer's, as issued for this act */
	const struct bytes *trusted;  /* root certificates */
	size_t trusted_n;
	struct bytes result_sha256;   /* of the whole file */
	uint64_t result_length;
	int64_t published_at;         /* when the certificate's status was published */
	int64_t now;
};

/* For the proof. */
struct check_result {
	uint8_t stamp_sha256[32];     /* of the signature's time-stamp token */
	int64_t stamped_at;           /* its genTime */
	int64_t archived_at;          /* genTime of the document time-stamp */
	size_t signatures;            /* made by us in this document */
};

/* ERR_FINAL_CHECK and its like name the first thing that is wrong. plan is the binary form. */
err_t check_file(struct bytes file, struct bytes plan, const struct check_facts *facts, struct check_result *ret_result);

#endif
