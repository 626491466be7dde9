#include "api/route.h"
#include "unit.h"

static err_t
nothing(struct call *c)
{
	(void)c;
	return OK;
}

static void
the_table_is_whole(void **state)
{
	(void)state;
	assert_ok(route_check(route_table, route_table_n));
}

/* A route without one of its declarations stops the start. */
static void
a_gap_is_found(void **state)
{
	const struct route good = {FCGI_POST, "/v1/x", ROUTE_SENDER, ROUTE_LIMIT_WRITE, "x.made", ROUTE_BODY_JSON, ROUTE_RETRY_KEY,
	    nothing};
	struct route r;
	(void)state;
	assert_ok(route_check(&good, 1));
#define GAP(change)                                                                                                    \
	do {                                                                                                           \
		r = good;                                                                                              \
		change;                                                                                                \
		assert_err(route_check(&r, 1), ERR_CONF);                                                              \
	} while (0)
	GAP(r.who = ROUTE_UNDECLARED);
	GAP(r.limit = ROUTE_LIMIT_UNDECLARED);
	GAP(r.event = NULL);
	GAP(r.event = "");
	GAP(r.event = ROUTE_NO_EVENT); /* what changes something leaves an event */
	GAP(r.run = NULL);
	GAP(r.pattern = NULL);
	GAP(r.pattern = "x");
}

static const struct {
	enum fcgi_request_method method;
	const char *path;
	uint16_t code;
	const char *vars[ROUTE_VARS];
} paths[] = {
	{FCGI_GET, "/v1/requests/req_1", ERR_OK, {"req_1", NULL}},
	{FCGI_HEAD, "/v1/requests/req_1", ERR_OK, {"req_1", NULL}},
	{FCGI_GET, "/v1/requests/req_1/documents/doc_2", ERR_OK, {"req_1", "doc_2"}},
	{FCGI_GET, "/v1/requests/req_1/events", ERR_OK, {"req_1", NULL}},
	{FCGI_POST, "/v1/requests", ERR_OK, {NULL, NULL}},
	{FCGI_GET, "/v1/requests", ERR_METHOD_UNKNOWN, {NULL, NULL}},
	{FCGI_DELETE, "/v1/health", ERR_METHOD_UNKNOWN, {NULL, NULL}},
	{FCGI_OTHER, "/v1/health", ERR_METHOD_UNKNOWN, {NULL, NULL}},
	{FCGI_GET, "/v1/requests/", ERR_NOT_FOUND, {NULL, NULL}},
	{FCGI_GET, "/v1/requests//events", ERR_NOT_FOUND, {NULL, NULL}},
	{FCGI_GET, "/v1/requests/a/b/c/d", ERR_NOT_FOUND, {NULL, NULL}},
	{FCGI_GET, "/v1", ERR_NOT_FOUND, {NULL, NULL}},
	{FCGI_GET, "/", ERR_NOT_FOUND, {NULL, NULL}},
	{FCGI_GET, "", ERR_NOT_FOUND, {NULL, NULL}},
	{FCGI_GET, "v1/health", ERR_NOT_FOUND, {NULL, NULL}},
	{FCGI_GET, "/V1/health", ERR_NOT_FOUND, {NULL, NULL}},
	{FCGI_GET, "/v1/health/", ERR_NOT_FOUND, {NULL, NULL}},
};

static void
finds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		const struct route *route = NULL;
		struct str vars[ROUTE_VARS] = {{0}};
		err_t e = route_find(route_table, route_table_n, paths[i].method, str_c(paths[i].path), &route, vars);
		if (e.code != paths[i].code)
			fail_msg("%s: %u", paths[i].path, e.code);
		for (int v = 0; v < ROUTE_VARS && e.code == ERR_OK; v++)
			if (paths[i].vars[v] != NULL)
				assert_true(str_eq(vars[v], str_c(paths[i].vars[v])));
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_table_is_whole), cmocka_unit_test(a_gap_is_found), cmocka_unit_test(finds),
};
UNIT_MAIN(tests)
