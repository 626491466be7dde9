/* Signer certificates that were issued, their status in the published store, and their revocation. Owns certificate and
 * revocation. */
#ifndef PARAPH_CORE_ISSUED_H
#define PARAPH_CORE_ISSUED_H

#include "core/audit.h"
#include "core/core.h"
#include "core/idempotency.h"

enum { ISSUED_SERIAL_LEN = 20, ISSUED_DER_MAX = 4096 };

/* CRLReason [RFC 5280 5.3.1] */
enum issued_reason { ISSUED_UNSPECIFIED = 0, ISSUED_KEY_COMPROMISE = 1, ISSUED_AFFILIATION = 3, ISSUED_SUPERSEDED = 4,
    ISSUED_CESSATION = 5, ISSUED_PRIVILEGE = 9 };

struct issued {
	uint8_t serial[ISSUED_SERIAL_LEN];
	struct id intent;
	uint8_t der[ISSUED_DER_MAX];
	size_t der_n;
	int64_t not_before, not_after, made_at;
	int64_t revoked_at; /* 0: not */
	int reason;
};

/* Reads serial and validity out of the certificate and stores it, within a transaction. signed_ is the encoded answer of keys. */
err_t issued_put(struct store_tx *tx, struct id intent, struct bytes der, struct bytes signed_);
/* ERR_NOT_FOUND */
err_t issued_get(struct store_tx *tx, struct bytes serial, struct issued *ret_issued);
err_t issued_of(struct store_tx *tx, struct id intent, struct issued *ret_issued);
/* Publishes the status as the database has it. */
err_t issued_publish(struct worker *w, struct bytes serial);
/* Everything that was committed since this was done last, again: the published store is a copy that may have missed writes. Into a
 * new store, or one that is not this database's, everything there is. One thread at a time. */
err_t issued_publish_new(struct worker *w);

/* Within a transaction: notes the revocation and its audit leaf. A second one changes nothing. */
err_t issued_revoke_put(struct core *core, struct store_tx *tx, struct bytes serial, int reason, const char *actor);
/* Revokes a certificate that has not ended and publishes it; ERR_CERTIFICATE_ENDED. */
err_t issued_revoke(struct worker *w, struct bytes serial, int reason, const char *actor,
    const struct idempotency *idem, json_t **ret_answer);
err_t issued_json(const struct issued *i, json_t **ret_answer);

/* "key_compromise"…; ERR_FIELD */
err_t issued_reason_read(struct str name, int *ret_reason);
/* The request and owner behind a certificate, so that only those concerned may act. */
err_t issued_owner(struct store_tx *tx, struct bytes serial, struct id *ret_signer, char *ret_owner, size_t room);

#endif
