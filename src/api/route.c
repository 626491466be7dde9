#include "api/route.h"

static const unsigned per_minute[ROUTE_LIMITS] = {
	[ROUTE_LIMIT_READ] = 60000, [ROUTE_LIMIT_WRITE] = 30000, [ROUTE_LIMIT_UPLOAD] = 12000, [ROUTE_LIMIT_SIGNER] = 120,
	[ROUTE_LIMIT_LINK] = 6000, /* by address: many signers may sit behind one */
};

unsigned
route_limit_of(enum route_limit limit)
{
	return limit < ROUTE_LIMITS ? per_minute[limit] : 0;
}

err_t
route_check(const struct route *table, size_t n)
{
	if (n > ROUTES_MAX)
		return err_make(ERR_CONF, "%zu routes, %d at most", n, ROUTES_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct route *r = &table[i];
		const char *lacks = r->pattern == NULL || r->pattern[0] != '/' ? "path"
		    : r->run == NULL                                          ? "handler"
		    : r->who == ROUTE_UNDECLARED                               ? "permission"
		    : route_limit_of(r->limit) == 0                            ? "limit"
		    : r->event == NULL || r->event[0] == '\0'                  ? "audit event"
		                                                               : NULL;
		if (lacks == NULL && r->method != FCGI_GET && strcmp(r->event, ROUTE_NO_EVENT) == 0)
			lacks = "audit event";
		if (lacks != NULL)
			return err_make(ERR_CONF, "route %zu (%s) declares no %s", i, r->pattern ? r->pattern : "?", lacks);
	}
	return OK;
}

/* The next segment of a path behind its '/'; moves on. */
static struct str
segment(struct str *path)
{
	struct str s = {path->p + 1, path->n - 1};
	const char *slash = memchr(s.p, '/', s.n);
	if (slash != NULL)
		s.n = (size_t)(slash - s.p);
	path->p += s.n + 1;
	path->n -= s.n + 1;
	return s;
}

static bool
match(const char *pattern, struct str path, struct str vars[ROUTE_VARS])
{
	struct str rest = str_c(pattern);
	size_t n = 0;
	while (rest.n > 0 && path.n > 0) {
		struct str want = segment(&rest), have = segment(&path);
		if (want.n > 0 && want.p[0] == '{') {
			if (have.n == 0 || n == ROUTE_VARS)
				return false;
			vars[n++] = have;
		} else if (!str_eq(want, have)) {
			return false;
		}
	}
	return rest.n == 0 && path.n == 0;
}

err_t
route_find(const struct route *table, size_t n, enum fcgi_request_method method, struct str path,
    const struct route **ret_route, struct str ret_vars[ROUTE_VARS])
{
	bool other = false;
	enum fcgi_request_method wanted = method == FCGI_HEAD ? FCGI_GET : method;
	if (path.n == 0 || path.p[0] != '/')
		return err_make(ERR_NOT_FOUND, "there is nothing at this address");
	for (size_t i = 0; i < n; i++) {
		struct str vars[ROUTE_VARS] = {{0}};
		if (!match(table[i].pattern, path, vars))
			continue;
		other = true;
		if (table[i].method != wanted)
			continue;
		memcpy(ret_vars, vars, sizeof vars);
		*ret_route = &table[i];
		return OK;
	}
	return other ? err_make(ERR_METHOD_UNKNOWN, "this address does not know that method")
	             : err_make(ERR_NOT_FOUND, "there is nothing at this address");
}
