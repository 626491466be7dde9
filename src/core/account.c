#include "core/account.h"

#include "os/clock.h"

static const struct {
	const char *name;
	unsigned role;
} roles[] = {{"sender", ACCOUNT_SENDER}, {"registration", ACCOUNT_REGISTRATION}, {"revocation", ACCOUNT_REVOCATION}};

/* The role whose name stands at the start of text, up to a space or its end; 0 for none. */
static unsigned
role_of(struct str name)
{
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		if (str_eq(name, str_c(roles[i].name)))
			return roles[i].role;
	return 0;
}

static unsigned
roles_of(struct str text)
{
	unsigned found = 0;
	while (text.n > 0) {
		const char *space = memchr(text.p, ' ', text.n);
		size_t n = space == NULL ? text.n : (size_t)(space - text.p);
		found |= role_of((struct str){text.p, n});
		n += space != NULL;
		text = (struct str){text.p + n, text.n - n};
	}
	return found;
}

err_t
account_find(struct store_tx *reader, struct str token, struct account *ret_account)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	struct account a = {0};
	digest_sha256(str_bytes(token), sha256);
	AUTO_QUERY(q, reader, SQL_API_KEY_FIND);
	query_bytes(&q, BYTES_OF(sha256));
	bool found = query_next(&q);
	if (found) {
		snprintf(a.id, sizeof a.id, "%.*s", STR_ARG(query_get_text(&q, 0)));
		snprintf(a.actor, sizeof a.actor, "key:%s", a.id);
		snprintf(a.name, sizeof a.name, "%.*s", STR_ARG(query_get_text(&q, 2)));
		a.roles = roles_of(query_get_text(&q, 1));
	}
	TRY(query_end(&q));
	if (!found)
		return err_make(ERR_UNAUTHENTICATED, "no API key has this token");
	*ret_account = a;
	return OK;
}

/* "sender registration" from ["sender", "registration"]. */
static err_t
roles_text(const json_t *names, struct buf *b)
{
	size_t i;
	json_t *name;
	json_array_foreach(names, i, name) {
		const char *text = json_string_value(name);
		if (text == NULL || role_of(str_c(text)) == 0)
			return err_make(ERR_CONF, "bootstrap.json: unknown role %s", text == NULL ? "(not text)" : text);
		buf_printf(b, "%s%s", i > 0 ? " " : "", text);
	}
	return buf_check(b);
}

static err_t
import_one(struct store_tx *tx, const json_t *key)
{
	const char *id, *name, *hex;
	const json_t *names;
	uint8_t sha256[DIGEST_SHA256_LEN];
	AUTO_BUF(text, 256);
	if (json_unpack((json_t *)key, "{s:s, s:s, s:s, s:o !}", "id", &id, "name", &name, "sha256", &hex, "roles",
	        &names) != 0 || strlen(id) >= ACCOUNT_ID_MAX || strlen(name) >= ACCOUNT_NAME_MAX)
		return err_make(ERR_CONF, "bootstrap.json: an API key needs id, name, sha256 and roles");
	TRY(bytes_unhex(str_c(hex), sizeof sha256, sha256));
	TRY(roles_text(names, &text));
	AUTO_QUERY(q, tx, SQL_API_KEY_PUT);
	query_text(&q, str_c(id));
	query_bytes(&q, BYTES_OF(sha256));
	query_text(&q, (struct str){(const char *)text.p, text.n});
	query_text(&q, str_c(name));
	query_int(&q, clock_now());
	return query_run(&q);
}

err_t
account_import(struct store_tx *tx, const json_t *keys)
{
	size_t i;
	json_t *key;
	if (!json_is_array(keys))
		return err_make(ERR_CONF, "bootstrap.json: api_keys must be a list");
	json_array_foreach(keys, i, key)
		TRY(import_one(tx, key));
	return OK;
}
