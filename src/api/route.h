/*
 * The form of the table of routes. Each route declares who may call it, how large its body may be, how often it may be
 * called, and which audit event its effect writes; a route that leaves one of these out keeps the server from starting.
 */
#ifndef PARAPH_API_ROUTE_H
#define PARAPH_API_ROUTE_H

#include "fcgi/fcgi_request.h"

struct call;

enum route_permission {
	ROUTE_NOBODY = 0,        /* not declared: the server does not start */
	ROUTE_ANYBODY = 1,       /* public on purpose */
	ROUTE_SENDER = 2,        /* API keys, by role */
	ROUTE_REGISTRATION = 4,
	ROUTE_REVOCATION = 8,
	ROUTE_AUDIT = 16,
	ROUTE_SIGNER = 32,       /* the session of one signer */
};

enum route_body {
	ROUTE_BODY_NONE,
	ROUTE_BODY_JSON, /* kept, at most LIMIT_JSON_BODY */
	ROUTE_BODY_CODE, /* the same for a body that holds a code: wiped before the answer is made, never in idempotency */
	ROUTE_BODY_FILE, /* application/pdf, streamed to an upload */
};

enum { ROUTE_PARTS_MAX = 3 };

struct route {
	enum fcgi_request_method method;
	const char *path;          /* "/v1/requests/{id}/documents/{doc}" */
	unsigned permission;       /* enum route_permission, one or more */
	enum route_body body;
	unsigned per_minute;       /* calls of one caller (key, signer, address) in a minute; 0 is not declared */
	const char *event;         /* audit event that its effect writes; "" for a route without effect; NULL: not declared */
	bool idempotent;           /* Idempotency-Key is required */
	err_t (*handle)(struct call *c);
};

/* The route of this request, with the values of its {parts} in order. ERR_NOT_FOUND, or ERR_METHOD with the allowed ones in the
 * detail. */
err_t route_find(const struct route *routes, size_t n, enum fcgi_request_method method, struct str path,
    const struct route **ret_route, struct str ret_parts[ROUTE_PARTS_MAX]);

/* ERR_CONF for a route that does not declare all it must; called once at start. */
err_t route_check(const struct route *routes, size_t n);

#endif
