#include "api/route.h"

static struct str
segment_next(struct str path, size_t *at)
{
	size_t from = *at + 1; /* after the slash */
	size_t end = from;
	while (end < path.n && path.p[end] != '/')
		end++;
	*at = end;
	return (struct str){path.p + from, end - from};
}

static bool
is_part(struct str segment)
{
	return segment.n > 2 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}';
}

static bool
path_matches(struct str wanted, struct str path, struct str parts[ROUTE_PARTS_MAX])
{
	size_t a = 0, b = 0, n = 0;
	while (a < wanted.n && b < path.n) {
		struct str want = segment_next(wanted, &a), have = segment_next(path, &b);
		if (is_part(want) && have.n > 0 && n < ROUTE_PARTS_MAX)
			parts[n++] = have;
		else if (!str_eq(want, have))
			return false;
	}
	return a >= wanted.n && b >= path.n;
}

static const char *
method_name(enum fcgi_request_method method)
{
	static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"};
	return names[method <= FCGI_OTHER ? method : FCGI_OTHER];
}

err_t
route_find(const struct route *routes, size_t n, enum fcgi_request_method method, struct str path,
    const struct route **ret_route, struct str ret_parts[ROUTE_PARTS_MAX])
{
	AUTO_BUF(allowed, 256);
	if (method == FCGI_HEAD) /* answered as GET; the front leaves the body out */
		method = FCGI_GET;
	for (size_t i = 0; i < n; i++) {
		struct str parts[ROUTE_PARTS_MAX] = {{0}};
		if (path.n == 0 || !path_matches(str_c(routes[i].path), path, parts))
			continue;
		if (routes[i].method == method) {
			*ret_route = &routes[i];
			memcpy(ret_parts, parts, sizeof parts);
			return OK;
		}
		buf_printf(&allowed, "%s%s", allowed.n > 0 ? ", " : "", method_name(routes[i].method));
	}
	if (allowed.n > 0)
		return err_make(ERR_METHOD_UNKNOWN, "Allowed here: %.*s.", (int)allowed.n, (const char *)allowed.p);
	return err_make(ERR_NOT_FOUND, "No resource has this path.");
}

err_t
route_check(const struct route *routes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct route *r = &routes[i];
		const char *missing = r->permission == ROUTE_NOBODY ? "permission" : r->per_minute == 0 ? "limit" :
		    r->event == NULL ? "audit event" : r->handle == NULL ? "handler" : NULL;
		if (missing != NULL)
			return err_make(ERR_CONF, "the route %s %s declares no %s", method_name(r->method), r->path, missing);
		if (r->idempotent && (r->method != FCGI_POST || r->body == ROUTE_BODY_CODE))
			return err_make(ERR_CONF, "the route %s cannot be idempotent", r->path);
	}
	return OK;
}
