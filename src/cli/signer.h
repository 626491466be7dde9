/*
 * The signer's side of a signature, as his browser does it: from the link in the invitation to the signed document. One
 * session; one thread.
 */
#ifndef PARAPH_CLI_SIGNER_H
#define PARAPH_CLI_SIGNER_H

#include "cli/http.h"

struct signer {
	struct http *http;       /* without an API key; gets the session as bearer */
	const char *catcher_to;  /* address whose messages the demo's mail catcher is asked for; NULL: a person is asked */
	int64_t newest_seen;     /* number of the newest caught message so far */
};

/* Before anything is sent to the signer: what the catcher holds for this address from earlier requests does not count. */
err_t signer_begin(struct signer *s);
/* The token of the invitation's link: from the catcher, or typed by a person. ret has room for 128. */
err_t signer_invitation(struct signer *s, char ret_token[128]);
err_t signer_session(struct signer *s, const char *token);
/* What the confirm screen shows; the caller owns it. */
err_t signer_facts(struct signer *s, json_t **ret_facts);
/* Fetches document n and compares it with the SHA-256 that the facts name. */
err_t signer_read(struct signer *s, const json_t *facts, size_t n);
/* Has a code sent, gets it (catcher or person), and gives it back. */
err_t signer_code(struct signer *s);
/* Both boxes, for exactly these facts. */
err_t signer_consent(struct signer *s, const json_t *facts);
/* Signs and waits for the result. */
err_t signer_sign(struct signer *s, json_t **ret_result);
/* Saves signed document n; replace: in the place of what is there. */
err_t signer_save(struct signer *s, size_t n, const char *path, bool replace);

#endif
