/* Signature requests: files, signers, deadline; their states and what happened to them. Owns request and event. */
#ifndef PARAPH_CORE_REQUEST_H
#define PARAPH_CORE_REQUEST_H

#include "core/account.h"
#include "core/document.h"
#include "core/idempotency.h"
#include "core/signer.h"

enum request_state { REQUEST_DRAFT, REQUEST_SENT, REQUEST_COMPLETED, REQUEST_DECLINED, REQUEST_EXPIRED, REQUEST_CANCELED, REQUEST_STATES };

struct request {
	struct id id;
	char owner[ACCOUNT_ID_MAX];
	char title[LIMIT_TITLE + 1], sender[LIMIT_TITLE + 1];
	enum request_state state;
	int64_t deadline_at, made_at, sent_at, ended_at;
	char reason[512];
};

const char *request_state_name(enum request_state state);
err_t request_get(struct store_tx *tx, struct id id, struct request *ret_request);
/* The same, and ERR_NOT_FOUND unless owner made it. */
err_t request_get_of(struct store_tx *tx, struct id id, struct str owner, struct request *ret_request);

/* ---- making one (request_make.c) ---- */

struct request_wish_field {
	size_t file; /* index in files */
	struct str name; /* of an existing empty field; empty: a new one */
	uint32_t page; /* 0: invisible */
	double x, y, w, h;
};
struct request_wish_signer {
	struct str label;
	struct id registration;
	paraph_Method method;
	size_t fields_n; /* 0: every file, invisibly */
	struct request_wish_field fields[LIMIT_DOCUMENTS];
};
struct request_wish {
	struct str title, sender;
	int64_t deadline_at;
	bool send;
	size_t files_n, signers_n;
	struct id files[LIMIT_DOCUMENTS];
	struct request_wish_signer signers[LIMIT_SIGNERS];
};

/* Prepares revision 0 of each document and stores the request; with send, invites the signers. */
err_t request_make(struct worker *w, const struct account *by, const struct request_wish *wish,
    const struct idempotency *idem, json_t **ret_answer);

/* ---- afterwards ---- */

/* Invites the signers of a draft. */
err_t request_send(struct worker *w, const struct account *by, struct id id, const struct idempotency *idem,
    json_t **ret_answer);
err_t request_cancel(struct worker *w, const struct account *by, struct id id, struct str reason,
    const struct idempotency *idem, json_t **ret_answer);
/* Ends what is past its deadline. */
err_t request_expire(struct worker *w, int64_t now);

/* As the API shows it. */
err_t request_json(struct store_tx *reader, struct core *core, const struct request *r, json_t **ret_answer);
err_t request_events_json(struct store_tx *reader, struct id id, json_t **ret_answer);

/* ERR_WRONG_STATE unless its signers may go on: it was sent, and its deadline has not passed, whether housekeeping has seen that
 * or not. */
err_t request_open_check(const struct request *r, int64_t now);

/* Within transactions of other files: notes an event; moves the state along the table. signer may be NULL. */
err_t request_event(struct store_tx *tx, struct id request, const char *name, const struct id *signer, struct str detail);
err_t request_move(struct store_tx *tx, struct id id, enum request_state to, struct str reason);
/* Completed when every signer has signed. */
err_t request_settle(struct core *core, struct store_tx *tx, struct id id);
/* Links and messages for the signers, within a transaction. */
err_t request_invite(struct core *core, struct store_tx *tx, const struct request *r);

#endif
