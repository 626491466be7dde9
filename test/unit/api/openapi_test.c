/* web/openapi.json says what the table of routes and the registry of errors say. */
#include "api/route.h"
#include "core/canon.h"
#include "os/file.h"
#include "unit.h"

static json_t *
openapi(void)
{
	static json_t *j;
	AUTO_BUF(text, 1 << 20);
	char path[4096];
	if (j != NULL)
		return j;
	const char *top = getenv("PARAPH_SOURCE");
	snprintf(path, sizeof path, "%s/web/openapi.json", top == NULL ? "." : top);
	assert_ok(file_read_path(path, &text));
	assert_ok(canon_read(buf_bytes(&text), &j));
	return j;
}

static const char *
method_name(enum fcgi_request_method m)
{
	return m == FCGI_POST ? "post" : "get";
}

static void
every_route_is_described(void **state)
{
	(void)state;
	json_t *paths = json_object_get(openapi(), "paths");
	for (size_t i = 0; i < route_table_n; i++) {
		const struct route *r = &route_table[i];
		json_t *op = json_object_get(json_object_get(paths, r->pattern), method_name(r->method));
		if (op == NULL)
			fail_msg("%s is not described", r->pattern);
		json_t *security = json_array_get(json_object_get(op, "security"), 0);
		bool session = json_object_get(security, "session") != NULL, key = json_object_get(security, "apiKey") != NULL;
		assert_int_equal(session, r->who == ROUTE_SIGNER);
		assert_int_equal(key, r->who == ROUTE_SENDER || r->who == ROUTE_REGISTRATION || r->who == ROUTE_KEY);
		assert_int_equal(json_object_get(op, "requestBody") != NULL, r->body != ROUTE_BODY_NONE);
		bool idempotent = false;
		size_t p;
		json_t *parameter;
		json_array_foreach(json_object_get(op, "parameters"), p, parameter) {
			const char *ref = json_string_value(json_object_get(parameter, "$ref"));
			idempotent = idempotent || (ref != NULL && strcmp(ref, "#/components/parameters/IdempotencyKey") == 0);
		}
		if (idempotent != (r->retry == ROUTE_RETRY_KEY))
			fail_msg("%s: Idempotency-Key", r->pattern);
	}
}

/* What a route can answer because of what it declares, whatever its handler does. */
static void
every_status_is_described(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_table_n; i++) {
		const struct route *r = &route_table[i];
		bool post = r->method == FCGI_POST, json = r->body == ROUTE_BODY_JSON, retried = r->retry != ROUTE_RETRY_FREE;
		const struct {
			const char *status;
			bool possible;
		} all[] = {
		    {"400", true},                                            /* a head that can be read in two ways */
		    {"401", r->who != ROUTE_PUBLIC},
		    {"403", r->who == ROUTE_SENDER || r->who == ROUTE_REGISTRATION},
		    {"404", strchr(r->pattern, '{') != NULL},
		    {"408", post},                                            /* a body that drips in */
		    {"409", retried},                                         /* the first with this Idempotency-Key is under way */
		    {"413", post},
		    {"415", json || r->body == ROUTE_BODY_PDF},
		    {"422", json || r->body == ROUTE_BODY_PDF || retried},    /* a field; another request with this Idempotency-Key */
		    {"429", r->limit != ROUTE_LIMIT_UNDECLARED},
		    {"500", true},
		    {"503", true},                                            /* the queue is full, core is away */
		    {"507", strcmp(r->event, ROUTE_NO_EVENT) != 0},           /* the disk is full */
		};
		json_t *responses = json_object_get(json_object_get(json_object_get(json_object_get(openapi(), "paths"), r->pattern),
		    method_name(r->method)), "responses");
		for (size_t k = 0; k < sizeof all / sizeof *all; k++)
			if (all[k].possible && json_object_get(responses, all[k].status) == NULL)
				fail_msg("%s %s: %s is not described", method_name(r->method), r->pattern, all[k].status);
	}
}

static void
every_description_has_a_route(void **state)
{
	const char *path, *method;
	json_t *methods, *op;
	(void)state;
	json_object_foreach(json_object_get(openapi(), "paths"), path, methods) {
		json_object_foreach(methods, method, op) {
			size_t i = 0;
			while (i < route_table_n && (strcmp(route_table[i].pattern, path) != 0 ||
			    strcmp(method_name(route_table[i].method), method) != 0))
				i++;
			if (i == route_table_n)
				fail_msg("%s %s has no route", method, path);
		}
	}
}

static void
every_error_is_described(void **state)
{
	static const uint16_t codes[] = {
#define ERR(name, number, http, level, slug, text) number,
#include "base/err.def"
#undef ERR
	};
	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		const struct err_info *info = err_info(codes[i]);
		bool found = false;
		size_t k;
		json_t *problem;
		json_array_foreach(json_object_get(openapi(), "x-problems"), k, problem)
			found = found || strcmp(json_string_value(json_object_get(problem, "slug")), info->slug) == 0;
		if (!found)
			fail_msg("the problem %s is not in web/openapi.json: run web/problems", info->slug);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_route_is_described), cmocka_unit_test(every_description_has_a_route),
	cmocka_unit_test(every_status_is_described), cmocka_unit_test(every_error_is_described),
};
UNIT_MAIN(tests)
