/*
 * The table of routes. Each declares who may call it, how often, and which audit event it leaves; the program does not start
 * when one lacks any of the three. Pure; any thread.
 */
#ifndef PARAPH_API_ROUTE_H
#define PARAPH_API_ROUTE_H

#include "base/bytes.h"
#include "fcgi/fcgi_request.h"

enum route_who {
	ROUTE_UNDECLARED,
	ROUTE_PUBLIC,
	ROUTE_KEY,          /* any API key; the handler looks at whose record it is */
	ROUTE_SENDER,       /* API key with this role */
	ROUTE_REGISTRATION,
	ROUTE_SIGNER,       /* session of a signer */
};

/* Requests a minute, for each key, session or address. */
enum route_limit { ROUTE_LIMIT_UNDECLARED, ROUTE_LIMIT_READ, ROUTE_LIMIT_WRITE, ROUTE_LIMIT_UPLOAD, ROUTE_LIMIT_SIGNER, ROUTE_LIMIT_LINK, ROUTE_LIMITS };

enum route_body { ROUTE_BODY_NONE, ROUTE_BODY_JSON, ROUTE_BODY_PDF, ROUTE_BODY_SECRET /* small, wiped as soon as it was read */ };

enum route_retry {
	ROUTE_RETRY_FREE,     /* changes nothing, or its own state makes it the same when done twice */
	ROUTE_RETRY_KEY,      /* an Idempotency-Key is required */
	ROUTE_RETRY_OPTIONAL, /* one is taken when given */
};

struct call;
typedef err_t (*route_f)(struct call *c);

struct route {
	enum fcgi_request_method method;
	const char *pattern; /* "/v1/requests/{id}" */
	enum route_who who;
	enum route_limit limit;
	const char *event;   /* of the audit log; "-" for what only reads */
	enum route_body body;
	enum route_retry retry;
	route_f run;
};

enum { ROUTE_VARS = 2, ROUTES_MAX = 64 };
#define ROUTE_NO_EVENT "-"

extern const struct route route_table[];
extern const size_t route_table_n;

/* ERR_CONF names the first route of the table that lacks a declaration. */
err_t route_check(const struct route *table, size_t n);

/* Finds the route; ret_vars gets what stood for {…}. ERR_NOT_FOUND, ERR_METHOD_UNKNOWN. */
err_t route_find(const struct route *table, size_t n, enum fcgi_request_method method, struct str path,
    const struct route **ret_route, struct str ret_vars[ROUTE_VARS]);

/* Permitted requests a minute. */
unsigned route_limit_of(enum route_limit limit);

#endif
