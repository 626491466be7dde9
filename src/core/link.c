#include "core/link.h"

#include "base/base64.h"
#include "base/digest.h"
#include "base/rand.h"
#include "base/secret.h"
#include "os/clock.h"

static void
token_make(struct link_token *ret_token, uint8_t ret_sha256[DIGEST_SHA256_LEN])
{
	uint8_t random[LINK_TOKEN_LEN];
	rand_fill(random, sizeof random);
	AUTO_BUF(text, LINK_TOKEN_TEXT);
	base64_write_url(&text, BYTES_OF(random));
	snprintf(ret_token->text, sizeof ret_token->text, "%.*s", (int)text.n, (const char *)text.p);
	digest_sha256(buf_bytes(&text), ret_sha256);
	secret_wipe(text.p, text.n);
	secret_wipe(random, sizeof random);
}

err_t
link_make(struct store_tx *tx, struct id signer, int64_t expires_at, struct link_token *ret_token)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	token_make(ret_token, sha256);
	AUTO_QUERY(q, tx, SQL_LINK_PUT);
	query_bytes(&q, BYTES_OF(sha256));
	query_bytes(&q, id_bytes(&signer));
	query_int(&q, clock_now());
	query_int(&q, expires_at);
	return query_run(&q);
}

err_t
link_find(struct store_tx *reader, struct str token, struct id *ret_signer, int64_t *ret_expires_at)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	struct id signer = {{0}};
	int64_t expires_at = 0;
	digest_sha256(str_bytes(token), sha256);
	AUTO_QUERY(q, reader, SQL_LINK_GET);
	query_bytes(&q, BYTES_OF(sha256));
	bool found = query_next(&q);
	if (found) {
		signer = id_from(query_get_bytes(&q, 0));
		expires_at = query_get_int(&q, 1);
	}
	TRY(query_end(&q));
	if (!found)
		return err_make(ERR_LINK_UNKNOWN, "no invitation has this token");
	*ret_signer = signer;
	*ret_expires_at = expires_at;
	return OK;
}

err_t
link_session_make(struct store_tx *tx, const struct link_session *session, struct link_token *ret_token)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	token_make(ret_token, sha256);
	AUTO_QUERY(q, tx, SQL_SESSION_PUT);
	query_bytes(&q, BYTES_OF(sha256));
	query_bytes(&q, id_bytes(&session->signer));
	query_text(&q, str_c(session->address));
	query_text(&q, str_c(session->agent));
	query_int(&q, session->made_at);
	query_int(&q, session->expires_at);
	return query_run(&q);
}

err_t
link_session_find(struct store_tx *reader, struct str token, int64_t now, struct link_session *ret_session)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	struct link_session s = {0};
	digest_sha256(str_bytes(token), sha256);
	AUTO_QUERY(q, reader, SQL_SESSION_GET);
	query_bytes(&q, BYTES_OF(sha256));
	bool found = query_next(&q);
	if (found) {
		s.signer = id_from(query_get_bytes(&q, 0));
		snprintf(s.address, sizeof s.address, "%.*s", STR_ARG(query_get_text(&q, 1)));
		snprintf(s.agent, sizeof s.agent, "%.*s", STR_ARG(query_get_text(&q, 2)));
		s.made_at = query_get_int(&q, 3);
		s.expires_at = query_get_int(&q, 4);
	}
	TRY(query_end(&q));
	if (!found || now >= s.expires_at)
		return err_make(ERR_SESSION_ENDED, "there is no session with this token, or it lasted %d minutes",
		    LINK_SESSION_MINUTES);
	*ret_session = s;
	return OK;
}

static err_t
purge(struct store_tx *tx, void *arg)
{
	AUTO_QUERY(q, tx, SQL_SESSION_PURGE);
	query_int(&q, *(int64_t *)arg);
	return query_run(&q);
}

err_t
link_session_purge(struct core *core, int64_t before)
{
	return store_write(core->store, purge, &before);
}
