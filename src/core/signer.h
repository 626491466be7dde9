/* Signers of requests, their states, and which field of which document each signs. Owns signer and field. */
#ifndef PARAPH_CORE_SIGNER_H
#define PARAPH_CORE_SIGNER_H

#include "base/limits.h"
#include "core/canon.h"
#include "core/core.h"

enum signer_state {
	SIGNER_WAITING, SIGNER_NOTIFIED, SIGNER_OPENED, SIGNER_IDENTIFIED, SIGNER_CONSENTED, SIGNER_SIGNING, SIGNER_SIGNED,
	SIGNER_DECLINED, SIGNER_EXPIRED, SIGNER_CANCELED, SIGNER_STATES
};

struct signer {
	struct id id, request, registration;
	int place;
	paraph_Method method;
	enum signer_state state;
	char label[65];
	char reason[512];
	int64_t ended_at;
};

/* What one signer signs on one document. */
struct signer_field {
	struct id signer, document;
	int place; /* among the fields of the document */
	uint32_t signature, stamp; /* indexes in the plan */
	uint32_t page;             /* 0: invisible */
	double x, y, w, h;
	uint8_t appearance[DIGEST_SHA256_LEN];
};

const char *signer_state_name(enum signer_state state);
const char *signer_method_name(paraph_Method method);
/* "sgr_…", as the audit log names him. */
struct id_text signer_actor(struct id id);

err_t signer_put(struct store_tx *tx, const struct signer *s);
err_t signer_field_put(struct store_tx *tx, const struct signer_field *f);

err_t signer_get(struct store_tx *tx, struct id id, struct signer *ret_signer);
err_t signer_list(struct store_tx *tx, struct id request, struct signer ret_signers[LIMIT_SIGNERS], size_t *ret_n);
/* ERR_WRONG_STATE while one of them is signing: nobody ends the request then, for his act would be settled against an ended one. */
err_t signer_idle_check(struct store_tx *tx, struct id request);
/* In the order of the documents. */
err_t signer_fields(struct store_tx *tx, struct id signer, struct signer_field ret_fields[LIMIT_DOCUMENTS], size_t *ret_n);

/* Moves along the table of permitted steps; ERR_WRONG_STATE for any other. Staying where he is is fine. reason may be empty. */
err_t signer_move(struct store_tx *tx, struct id id, enum signer_state to, struct str reason);

#endif
