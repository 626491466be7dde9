/* Where the API of a service is and with which keys it is called: from an instance directory on this machine, or as given. */
#ifndef PARAPH_CLI_SERVICE_H
#define PARAPH_CLI_SERVICE_H

#include "cli/http.h"

struct service_wish {
	const char *instance;  /* directory, or NULL with: */
	const char *url;       /* "https://sign.example" */
	const char *ca;        /* PEM to trust; NULL: the system's */
	const char *key_file;  /* of the API key; NULL: admin/NAME.key of the instance */
};

/* Whether it says which service, and where its API key is. */
bool service_is_named(const struct service_wish *wish);

/* Opens the client with the API key of this name ("sender"); NULL: no key. */
err_t service_open(const struct service_wish *wish, const char *key_name, struct http **ret_http);

/* A member that must be a text; ERR_INPUT names it. */
err_t service_text(const json_t *object, const char *member, const char **ret_text);

/* A fresh Idempotency-Key. */
void service_idempotency(char ret_key[33]);

#endif
