/*
 * What the signer's screens show: facts only, from stored records. "shown" is what he confirms; its SHA-256 is what he
 * consents to, goes into the activation and is stored with the consent, so it may not change between reading and signing.
 */
#ifndef PARAPH_CORE_FACTS_H
#define PARAPH_CORE_FACTS_H

#include "core/activation.h"
#include "core/registration.h"

/* The confirm screen of a signer, and its digest. */
err_t facts_shown(struct worker *w, const struct signer *s, json_t **ret_shown, uint8_t ret_sha256[DIGEST_SHA256_LEN]);
/* All that the pages need: {"status","request_status","shown","consent_sha256","terms","activation",…}. */
err_t facts_json(struct worker *w, struct id signer, json_t **ret_answer);
/* The n-th document (from 1) that the signer signs; ERR_NOT_FOUND. */
err_t facts_document(struct store_tx *reader, struct id signer, uint64_t n, struct document *ret_document);

/* "j•••@e•••.org", "+33 •• 41": enough to know one's own address by. */
void facts_mask(const char *address, char ret_masked[64]);

/* ---- steps of the signer that need no other program ---- */

/* Exchanges a link's token for a session; the first time the signer has opened the request. */
err_t facts_session(struct worker *w, struct str token, const char *address, const char *agent, json_t **ret_answer);
/* Ends the request; ERR_WRONG_STATE while somebody signs. */
err_t facts_decline(struct worker *w, struct id signer, struct str reason, const struct idempotency *idem,
    json_t **ret_answer);

#endif
