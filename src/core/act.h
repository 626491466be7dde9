/*
 * An act: one signer signs all of his documents of a request, with one intent, key and certificate for each. Its rows and
 * its transitions:
 *	begun    the intents are committed; keys may make the keys
 *	result   every document is signed, stamped and checked; nothing is visible yet
 *	signed   released with its proof
 *	void     nothing was signed; certificates that were made are revoked
 * Owns act and intent.
 */
#ifndef PARAPH_CORE_ACT_H
#define PARAPH_CORE_ACT_H

#include "core/activation.h"
#include "core/issued.h"
#include "core/registration.h"

enum act_state { ACT_BEGUN, ACT_RESULT, ACT_SIGNED, ACT_VOID, ACT_STATES };

/* One document of the act. */
struct act_part {
	struct id intent;
	uint8_t serial[ISSUED_SERIAL_LEN];
	struct document document;
	struct signer_field field;
	bool has_base; /* else the base is revision 0 */
	struct document_revision base;
	/* while it is signed: */
	paraph_SignAnswer signed_;
	struct blob_new increments;
	int64_t published_at;
	paraph_RevisionRecord record;
	struct document_revision revision; /* the result */
	json_t *evidence;                  /* tokens and answers, for the proof */
};

struct act {
	struct id id;
	enum act_state state;
	struct signer signer;
	struct request request;
	struct registration registration;
	struct activation activation;
	int64_t begun_at, result_leaf;
	char reason[512];
	size_t n;
	struct act_part parts[LIMIT_DOCUMENTS];
};

struct act *act_new(void);
void act_free(struct act *a); /* accepts NULL */
static inline void
act_auto_(struct act **a)
{
	act_free(*a);
}
#define AUTO_ACT(name) __attribute__((cleanup(act_auto_))) struct act *name = act_new()

const char *act_state_name(enum act_state state);

/* Fills act with signer, request, registration and documents with their present bases; nothing is stored. */
err_t act_prepare(struct worker *w, struct id signer, struct act *act);
/* Commits the intents, with a serial for each: from here on the truth of this act is in the database. ERR_BUSY, and nothing is
 * begun, while another act that names one of the documents is open. */
err_t act_begin(struct worker *w, struct act *act, const char *actor);
/* Reads a stored one. */
err_t act_load(struct worker *w, struct id id, struct act *act);
/* The newest act of a signer, its state and why it is void; ERR_NOT_FOUND. */
err_t act_newest(struct store_tx *reader, struct id signer, struct id *ret_act, enum act_state *ret_state, char ret_reason[512]);
/* The API key whose request it belongs to; ERR_NOT_FOUND. */
err_t act_owner(struct store_tx *reader, struct id id, char *ret_owner, size_t room);
/* A place on the way through the acts that are neither signed nor void, the oldest first; zero: before all. */
struct act_place {
	int64_t begun_at, n;
};
/* The next of them that began before then, if there is one; place moves on to it. */
err_t act_open(struct store_tx *reader, int64_t before, struct act_place *place, struct id *ret_id, bool *ret_found);

/* Transitions, each one commit with its audit leaf. */
err_t act_certify(struct worker *w, struct act *act);
err_t act_result(struct worker *w, struct act *act);
err_t act_void(struct worker *w, struct act *act, const char *reason);

/* Within the transaction of the release: the last step. */
err_t act_sign(struct store_tx *tx, struct core *core, const struct act *act);

#endif
