/*
 * The HTTPS client of the command line, over libcurl: one service address, one trusted certificate file (the instance's own
 * TLS certificate), no redirects, no proxy. One thread. SIGINT, SIGTERM and SIGHUP, where they end the process, take half a saved
 * file with them.
 */
#ifndef PARAPH_CLI_HTTP_H
#define PARAPH_CLI_HTTP_H

#include "base/buf.h"
#include <jansson.h>
#include <stdio.h>

struct http;

/* url: "https://localhost:8443", without a slash at the end; ca_file: PEM to trust; NULL: what the system trusts. Both are copied. */
err_t http_new(const char *url, const char *ca_file, struct http **ret_http);
void http_free(struct http *h); /* accepts NULL */

/* Sent as Authorization: Bearer from now on; NULL: none. Copied. */
void http_bearer(struct http *h, const char *token);

/* How long one transfer may take; 300 seconds unless said. */
void http_patience(struct http *h, long seconds);

/* What to send; at most one of json, file. */
struct http_request {
	const char *method; /* "GET", "POST" */
	const char *path;   /* "/v1/requests" */
	json_t *json;       /* borrowed */
	const char *file;   /* path of a file that is streamed */
	const char *type;   /* content type of the file */
	const char *idempotency_key;
	bool any_status;    /* a failure's JSON is given too, when it is JSON: http_status tells */
	const char *save;   /* path to write the answer's body to, which stays as it was unless all of it came; NULL: it is JSON */
	bool replace;       /* with save: what is at that path by then gives way; otherwise ERR_IO, and it stays */
	FILE *save_to;      /* instead: where the body goes; borrowed */
};

/*
 * Sends and gives the answer's JSON (NULL when it has none; the caller owns it). A status of 400 and above becomes the
 * error of that problem: its detail, the status and the slug. ERR_PEER_GONE when nobody answers.
 */
err_t http_send(struct http *h, const struct http_request *request, json_t **ret_json);

/* HTTP status of the newest answer; 0: none came. */
long http_status(const struct http *h);

#endif
