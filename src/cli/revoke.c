#include "cli/revoke.h"
#include "cli/command.h"
#include "cli/option.h"
#include "cli/service.h"

#include <ctype.h>

/* "40:9F:…" or "409f…" -> lower-case digits only. */
static err_t
serial_read(const char *text, char ret_serial[64])
{
	size_t n = 0;
	for (; *text != '\0'; text++) {
		if (*text == ':' || *text == ' ')
			continue;
		if (!isxdigit((unsigned char)*text) || n == 40)
			return err_make(ERR_INPUT, "a serial number has 40 hex digits");
		ret_serial[n++] = (char)tolower((unsigned char)*text);
	}
	ret_serial[n] = '\0';
	return n == 40 ? OK : err_make(ERR_INPUT, "a serial number has 40 hex digits, this one has %zu", n);
}

static bool
reason_is(const char *reason)
{
	static const char *const reasons[] = {"unspecified", "key_compromise", "affiliation_changed", "superseded", "cessation_of_operation"};
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (strcmp(reason, reasons[i]) == 0)
			return true;
	return false;
}

static int
wrong(const struct option_use *use, const char *what)
{
	fprintf(stderr, "paraph: %s\nUsage: %s\n", what, use->usage);
	return COMMAND_USAGE;
}

static err_t
certificate_revoke(const struct service_wish *service, const char *digits, const char *reason, json_t **ret_answer)
{
	struct http *h = NULL;
	char key[33], path[160];
	TRY(service_open(service, "officer", &h));
	service_idempotency(key);
	snprintf(path, sizeof path, "/v1/certificates/%s/revoke", digits);
	json_t *body = json_pack("{s:s}", "reason", reason);
	const struct http_request r = {.method = "POST", .path = path, .json = body, .idempotency_key = key};
	err_t e = http_send(h, &r, ret_answer);
	json_decref(body);
	http_free(h);
	return e;
}

int
revoke_main(int argc, char **argv)
{
	struct service_wish service = {0};
	const char *words[1], *reason = "unspecified";
	char digits[64];
	size_t words_n;
	int status;
	bool json = false;
	json_t *answer = NULL;
	const struct option options[] = {
	    {"instance", "DIR", "service on this machine, with its API keys", &service.instance, NULL},
	    {"url", "URL", "address of a service", &service.url, NULL},
	    {"ca", "FILE", "PEM of the TLS certificate to trust", &service.ca, NULL},
	    {"key", "FILE", "API key of a revocation officer", &service.key_file, NULL},
	    {"reason", "NAME", "unspecified, key_compromise, affiliation_changed, superseded, cessation_of_operation", &reason, NULL},
	    {"json", NULL, "print one JSON object", NULL, &json},
	};
	const struct option_use use = {"paraph revoke --instance DIR [OPTION]... SERIAL",
	    "Revokes the signer certificate with this serial number (40 hex digits). OCSP tells within ten seconds, the revocation\n"
	    "list within ten minutes. It cannot be undone.",
	    options, sizeof options / sizeof options[0], 1, 1};
	if (!option_read(&use, argc, argv, words, &words_n, &status))
		return status;
	if (!service_is_named(&service))
		return wrong(&use, "say which service: --instance DIR, or --url URL and --key FILE");
	if (err_is(serial_read(words[0], digits)))
		return wrong(&use, err_detail());
	if (!reason_is(reason))
		return wrong(&use, "this is no reason to revoke; paraph revoke --help names them");
	err_t e = certificate_revoke(&service, digits, reason, &answer);
	if (err_is(e))
		return command_fail(e);
	if (json) {
		e = command_json(answer);
		return err_is(e) ? command_fail(e) : COMMAND_DONE;
	}
	printf("Revoked: %s\n", words[0]);
	json_decref(answer);
	return COMMAND_DONE;
}
