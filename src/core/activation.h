/*
 * Activations as core sees them: keys:issuing makes them, makes and compares the codes, and counts tries and sends for
 * ever; here is only what it told. A code passes through as a struct secret and is never stored, logged or kept.
 * Owns activation and consent.
 */
#ifndef PARAPH_CORE_ACTIVATION_H
#define PARAPH_CORE_ACTIVATION_H

#include "base/secret.h"
#include "core/link.h"
#include "core/request.h"

enum activation_state { ACTIVATION_BEGUN, ACTIVATION_PROVED, ACTIVATION_COMPLETE, ACTIVATION_SPENT, ACTIVATION_STATES };

struct activation {
	struct id id, signer;
	enum activation_state state;
	char address[256]; /* masked */
	uint8_t digest[DIGEST_SHA256_LEN];
	int64_t begun_at, expires_at, code_expires_at, proved_at, completed_at;
	uint32_t tries_left, sends_left;
};

/* The newest one of a signer that is neither spent nor over; ERR_NOT_FOUND. */
err_t activation_newest(struct store_tx *tx, struct id signer, int64_t now, struct activation *ret_activation);
err_t activation_get(struct store_tx *tx, struct id id, struct activation *ret_activation);
json_t *activation_json(const struct activation *a);

/* The three steps of a signer. Each is ERR_BUSY while another one of his is under way. */

/* Begins one, or sends another code for the open one; one that is proved stays as it is. The answer is its state. */
err_t activation_send(struct worker *w, const struct link_session *session, const struct idempotency *idem,
    json_t **ret_answer);
/* Tries a code. ERR_CODE_WRONG with the tries left in the detail, and the other CODE errors of keys. */
err_t activation_try(struct worker *w, const struct link_session *session, const struct secret *code, json_t **ret_answer);

/* What the screen showed, its digest, and from where it was confirmed. */
struct activation_consent {
	struct id activation, signer;
	const json_t *shown;
	uint8_t sha256[DIGEST_SHA256_LEN];
	const char *address, *agent;
};
/* Completes the proved activation at keys, then stores both. */
err_t activation_complete(struct worker *w, const struct activation_consent *consent, const struct idempotency *idem,
    json_t **ret_answer);
/* The transition at the intent: a complete activation is used up. */
err_t activation_spend(struct store_tx *tx, struct id id);
/* The stored consent: {"shown","sha256","at","address","agent"}. */
err_t activation_consent_json(struct store_tx *reader, struct id activation, json_t **ret_consent);

#endif
