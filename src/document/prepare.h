/*
 * Revision 0: the increment that makes every field, appearance preview and reference that later revisions only fill, and
 * the plan that says where they are. Writes octets; reads the document through reader only.
 */
#ifndef PARAPH_DOCUMENT_PREPARE_H
#define PARAPH_DOCUMENT_PREPARE_H

#include "document/appearance.h"
#include "document/inspect.h"

struct prepared {
	struct inspect_facts facts;
	size_t appearances_n; /* one for each wish */
	uint8_t appearances[LIMIT_SIGNERS][DIGEST_SHA256_LEN]; /* plan_appearance of its field */
};

/* Inspects file and, unless only facts are wanted, writes the increment (to be appended to it) and the plan in its binary
 * form. Any error of the closed list. */
err_t prepare_run(struct bytes file, const struct inspect_order *order, const struct typefaces *faces,
    struct buf *increment, struct buf *plan, struct prepared *ret_prepared);

#endif
