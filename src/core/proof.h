/* What a proof says (doc/api.md tells its members): everything that is known of one act, around the statement that keys
 * writes from its own journal. Pure construction from stored records. */
#ifndef PARAPH_CORE_PROOF_H
#define PARAPH_CORE_PROOF_H

#include "core/act.h"
#include "core/audit.h"

/* statement: the JSON text of keys, kept as it is in a string. */
err_t proof_make(struct worker *w, const struct act *act, const struct audit_point *point, struct str statement,
    json_t **ret_proof);

#endif
