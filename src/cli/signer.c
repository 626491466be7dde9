#include "cli/signer.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/time.h"
#include "cli/service.h"
#include "os/clock.h"
#include "os/file.h"

#include <ctype.h>
#include <fcntl.h>

enum { CODE_DIGITS = 6, PATIENCE_SECONDS = 30, POLL_US = 50000, TOKEN_MAX = 128 };

/* ---- messages: the demo's catcher, or a person ------------------------------------------------------------------------------ */

/* The newest message to the signer that was not seen before; NULL when there is none yet. */
static json_t *
caught_new(struct signer *s, json_t *all)
{
	json_t *list = json_object_get(all, "messages"), *found = NULL;
	for (size_t i = 0; i < json_array_size(list) && found == NULL; i++) {
		json_t *m = json_array_get(list, i);
		const char *to = json_string_value(json_object_get(m, "to"));
		if (to != NULL && strcmp(to, s->catcher_to) == 0 && json_integer_value(json_object_get(m, "n")) > s->newest_seen)
			found = m;
	}
	if (found != NULL)
		s->newest_seen = json_integer_value(json_object_get(found, "n"));
	return found;
}

/* Its text, in ret_text (room of n); waits for it. */
static err_t
caught_wait(struct signer *s, char *ret_text, size_t n)
{
	const struct http_request r = {.method = "GET", .path = "/dev/mail.json"};
	int64_t until = clock_monotonic() + PATIENCE_SECONDS * TIME_SECOND;
	while (clock_monotonic() < until) {
		json_t *all = NULL;
		TRY(http_send(s->http, &r, &all));
		const char *text = json_string_value(json_object_get(caught_new(s, all), "text"));
		if (text != NULL)
			snprintf(ret_text, n, "%s", text);
		json_decref(all);
		if (text != NULL)
			return OK;
		usleep(POLL_US);
	}
	return err_make(ERR_DEADLINE, "no message to %s came within %d seconds", s->catcher_to, PATIENCE_SECONDS);
}

static err_t
person_ask(const char *question, char *ret_text, size_t n)
{
	fprintf(stderr, "%s ", question); /* standard output may be one JSON object */
	if (fgets(ret_text, (int)n, stdin) == NULL)
		return err_make(ERR_INPUT, "nothing was typed");
	ret_text[strcspn(ret_text, "\r\n")] = '\0';
	return OK;
}

/* What stands behind the number sign of the link; a bare token is one too. */
static err_t
token_find(const char *text, char ret_token[TOKEN_MAX])
{
	const char *link = strstr(text, "://");
	const char *from = link == NULL ? NULL : strchr(link, '#');
	from = from != NULL ? from + 1 : link == NULL ? text : NULL;
	size_t n = from == NULL ? 0 : strspn(from, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
	if (n < 20 || n >= TOKEN_MAX)
		return err_make(ERR_INPUT, "there is no invitation link in that");
	memcpy(ret_token, from, n);
	ret_token[n] = '\0';
	return OK;
}

err_t
signer_begin(struct signer *s)
{
	const struct http_request r = {.method = "GET", .path = "/dev/mail.json"};
	json_t *all = NULL;
	if (s->catcher_to == NULL)
		return OK;
	TRY(http_send(s->http, &r, &all));
	(void)caught_new(s, all); /* the newest stands first */
	json_decref(all);
	return OK;
}

err_t
signer_invitation(struct signer *s, char ret_token[128])
{
	char text[8192];
	if (s->catcher_to != NULL)
		TRY(caught_wait(s, text, sizeof text));
	else
		TRY(person_ask("The link in the invitation:", text, sizeof text));
	return token_find(text, ret_token);
}

/* The first six digits that stand alone. */
static err_t
code_find(const char *text, char ret_code[CODE_DIGITS + 1])
{
	for (const char *p = text; *p != '\0'; p++) {
		size_t n = strspn(p, "0123456789");
		if (n == CODE_DIGITS && (p == text || !isalnum((unsigned char)p[-1]))) {
			memcpy(ret_code, p, CODE_DIGITS);
			ret_code[CODE_DIGITS] = '\0';
			return OK;
		}
		p += n > 0 ? n - 1 : 0;
	}
	return err_make(ERR_INPUT, "there is no code of six digits in that");
}

/* ---- steps --------------------------------------------------------------------------------------------------------------------- */

/* Posts a body (taken; NULL: none) and gives the answer, which may be dropped with ret_json NULL. */
static err_t
post(struct signer *s, const char *path, json_t *body, json_t **ret_json)
{
	char key[33];
	service_idempotency(key);
	const struct http_request r = {.method = "POST", .path = path, .json = body, .idempotency_key = key};
	err_t e = http_send(s->http, &r, ret_json);
	json_decref(body);
	return e;
}

err_t
signer_session(struct signer *s, const char *token)
{
	json_t *answer = NULL;
	const char *session;
	TRY(post(s, "/s/v1/session", json_pack("{s:s}", "token", token), &answer));
	err_t e = service_text(answer, "session", &session);
	if (!err_is(e))
		http_bearer(s->http, session);
	json_decref(answer);
	return e;
}

err_t
signer_facts(struct signer *s, json_t **ret_facts)
{
	const struct http_request r = {.method = "GET", .path = "/s/v1/request"};
	return http_send(s->http, &r, ret_facts);
}

static err_t
file_compare(int fd, const char *wanted)
{
	uint64_t size;
	uint8_t sha256[DIGEST_SHA256_LEN];
	char hex[2 * sizeof sha256 + 1];
	AUTO_DIGEST(d, DIGEST_SHA256);
	TRY(file_size(fd, &size));
	TRY(digest_file(fd, 0, size, d));
	digest_peek(d, sha256);
	bytes_hex(BYTES_OF(sha256), hex);
	if (strcmp(hex, wanted) != 0)
		return err_make(ERR_INPUT, "the document that is shown is not the one whose fingerprint is shown");
	return OK;
}

err_t
signer_read(struct signer *s, const json_t *facts, size_t n)
{
	char path[64];
	const char *wanted;
	const json_t *documents = json_object_get(json_object_get(facts, "shown"), "documents");
	TRY(service_text(json_array_get(documents, n - 1), "sha256", &wanted));
	FILE *shown = tmpfile();
	if (shown == NULL)
		return err_errno("making a temporary file");
	snprintf(path, sizeof path, "/s/v1/documents/%zu", n);
	const struct http_request r = {.method = "GET", .path = path, .save_to = shown};
	err_t e = http_send(s->http, &r, NULL);
	if (!err_is(e))
		e = file_compare(fileno(shown), wanted);
	fclose(shown);
	return e;
}

err_t
signer_code(struct signer *s)
{
	char text[8192], code[CODE_DIGITS + 1];
	TRY(post(s, "/s/v1/code", NULL, NULL));
	if (s->catcher_to != NULL)
		TRY(caught_wait(s, text, sizeof text));
	else
		TRY(person_ask("The code:", text, sizeof text));
	err_t e = code_find(text, code);
	secret_wipe(text, sizeof text);
	if (!err_is(e))
		e = post(s, "/s/v1/code/try", json_pack("{s:s}", "code", code), NULL);
	secret_wipe(code, sizeof code);
	return e;
}

err_t
signer_consent(struct signer *s, const json_t *facts)
{
	const char *sha256;
	TRY(service_text(facts, "consent_sha256", &sha256));
	return post(s, "/s/v1/consent", json_pack("{s:b, s:b, s:s}", "read", 1, "correct", 1, "consent_sha256", sha256), NULL);
}

err_t
signer_sign(struct signer *s, json_t **ret_result)
{
	int64_t until = clock_monotonic() + PATIENCE_SECONDS * TIME_SECOND;
	json_t *answer = NULL;
	TRY(post(s, "/s/v1/sign", NULL, &answer));
	while (http_status(s->http) == 202 && clock_monotonic() < until) {
		const struct http_request r = {.method = "GET", .path = "/s/v1/result"};
		json_decref(answer);
		answer = NULL;
		usleep(POLL_US);
		TRY(http_send(s->http, &r, &answer));
	}
	if (http_status(s->http) == 202) {
		json_decref(answer);
		return err_make(ERR_DEADLINE, "the signature is still being made; ask for the result later");
	}
	*ret_result = answer;
	return OK;
}

err_t
signer_save(struct signer *s, size_t n, const char *path, bool replace)
{
	char from[64];
	snprintf(from, sizeof from, "/s/v1/signed/%zu", n);
	const struct http_request r = {.method = "GET", .path = from, .save = path, .replace = replace};
	return http_send(s->http, &r, NULL);
}
