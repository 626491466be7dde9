/*
 * The head of one request, read from the parameters that the front sent. All text points into those parameters (or into
 * the request's own path) and lives until the answer is out. Pure; built by one thread, read by any one thread after.
 */
#ifndef PARAPH_FCGI_FCGI_REQUEST_H
#define PARAPH_FCGI_FCGI_REQUEST_H

#include "base/buf.h"

enum {
	FCGI_REQUEST_PAIRS_MAX = 128,       /* parameters of one request */
	FCGI_REQUEST_TARGET_MAX = 8 * 1024, /* octets of path and query */
};
#define FCGI_REQUEST_LENGTH_UNKNOWN UINT64_MAX

enum fcgi_request_method {
	FCGI_GET,
	FCGI_HEAD,
	FCGI_POST,
	FCGI_PUT,
	FCGI_PATCH,
	FCGI_DELETE,
	FCGI_OPTIONS,
	FCGI_OTHER
};

struct fcgi_request {
	enum fcgi_request_method method;
	struct bytes raw_path; /* as it stood in the request line, before '?'; printable ASCII */
	struct str path;    /* decoded and proven (fcgi_text_path); empty when it was refused, so that no route fits */
	struct bytes query; /* raw, after '?' */
	struct str remote_address; /* "203.0.113.7" */
	struct str host;           /* Host or :authority as the client sent it: not to be trusted */
	bool https;
	uint64_t content_length; /* FCGI_REQUEST_LENGTH_UNKNOWN for a chunked upload */
	struct bytes params;     /* all pairs; fcgi_request_param searches them */
	struct buf path_room;    /* owned */
};

/* Reads params, which must live as long as the request. ERR_FCGI when they are broken or incomplete, ERR_REQUEST_HEAD
 * when the client's request line or header is not acceptable. On failure nothing is owned. */
err_t fcgi_request_read(struct bytes params, struct fcgi_request *ret_request);
void fcgi_request_done(struct fcgi_request *r);

/* A parameter by its CGI name ("REMOTE_ADDR", "SSL_CLIENT_S_DN"); empty when absent. */
struct bytes fcgi_request_param(const struct fcgi_request *r, const char *name);

/* A header field by its name in any case ("Idempotency-Key"), proven to be text; empty when absent or not clean. What
 * the front hands on twice never gets here: fcgi_request_read refuses it; what a client sends twice, the front makes one of. */
struct str fcgi_request_header(const struct fcgi_request *r, const char *name);

/* The media type of the body without parameters is this one ("application/json"), in any case. */
bool fcgi_request_content_is(const struct fcgi_request *r, const char *media_type);

/* The method as text; "other" for one we do not know. */
const char *fcgi_request_method_name(const struct fcgi_request *r);

#endif
