/*
 * How a signer gets in: a link with a token, sent to his address, is exchanged for a session. Of both only the SHA-256 is
 * stored. Owns link and session.
 */
#ifndef PARAPH_CORE_LINK_H
#define PARAPH_CORE_LINK_H

#include "core/core.h"

enum { LINK_TOKEN_LEN = 32, LINK_TOKEN_TEXT = 44, LINK_SESSION_MINUTES = 30, LINK_SIGNED_DAYS = 30 };

/* Whoever has it wipes it: it opens the document, and the session what the signer may do. */
struct link_token {
	char text[LINK_TOKEN_TEXT]; /* base64url */
};

/* A new link for the signer, within a transaction. */
err_t link_make(struct store_tx *tx, struct id signer, int64_t expires_at, struct link_token *ret_token);

/* The signer behind a link, and when it ends. ERR_LINK_UNKNOWN. */
err_t link_find(struct store_tx *reader, struct str token, struct id *ret_signer, int64_t *ret_expires_at);

struct link_session {
	struct id signer;
	char address[64], agent[256]; /* of the browser that opened it */
	int64_t made_at, expires_at;
};

/* Within a transaction. */
err_t link_session_make(struct store_tx *tx, const struct link_session *session, struct link_token *ret_token);
/* ERR_SESSION_ENDED when there is none, or it is over. */
err_t link_session_find(struct store_tx *reader, struct str token, int64_t now, struct link_session *ret_session);
/* Removes sessions that ended before then. */
err_t link_session_purge(struct core *core, int64_t before);

#endif
