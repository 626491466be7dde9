/*
 * Documents and document children: inspecting an upload, making revision 0 with its plan, and the check of a finished
 * file by a child that did not build it. core itself never reads a document: files go there and back as descriptors.
 */
#ifndef PARAPH_CORE_PREPARE_H
#define PARAPH_CORE_PREPARE_H

#include "base/limits.h"
#include "core/core.h"

enum { PREPARE_FINDINGS_MAX = 8 };

struct prepare_facts {
	uint32_t pages, revisions, signatures;
	double page_width, page_height; /* of page 1, points */
	size_t findings_n;
	char findings[PREPARE_FINDINGS_MAX][128];
};

/* The file behind the descriptor can be signed, or the error of the closed list that says why not. */
err_t prepare_inspect(struct core *core, int original_fd, struct prepare_facts *ret_facts);

/* One signature field to make (or to fill: existing). */
struct prepare_field {
	struct str name, signer_name, note;
	bool visible, existing;
	uint32_t page; /* from 1 */
	double x, y, w, h;
};

struct prepare_result {
	struct blob_name revision0, plan; /* both kept */
	uint8_t revision0_sha256[DIGEST_SHA256_LEN], plan_sha256[DIGEST_SHA256_LEN];
	uint8_t plan_mac[DIGEST_SHA256_LEN]; /* of keys: it takes this plan for this revision 0 */
	uint64_t revision0_length;
	struct prepare_facts facts;
	struct {
		uint32_t signature, stamp; /* indexes in the plan */
		uint8_t appearance[DIGEST_SHA256_LEN];
	} fields[LIMIT_SIGNERS]; /* of each field asked for, in that order */
};

/* Makes revision 0 of a stored original. */
err_t prepare_make(struct core *core, struct str original_blob, const struct prepare_field *fields, size_t fields_n,
    struct prepare_result *ret_result);

#endif
