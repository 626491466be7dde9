#include "api/call.h"

#include <stdarg.h>

#include "base/log.h"
#include "os/clock.h"

/* Nothing of the API is for caches or other pages. */
static void
headers_common(struct call *c)
{
	fcgi_answer_header(&c->answer, "Cache-Control", STR("no-store"));
	fcgi_answer_headerf(&c->answer, "X-Request-Id", "%s", c->request_id);
}

static void
json_body(struct call *c, const char *type, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (text == NULL)
		abort();
	fcgi_answer_body(&c->answer, type, bytes(text, strlen(text)));
	free(text);
}

static void
answer_begin(struct call *c, uint16_t status)
{
	fcgi_answer_done(&c->answer);
	c->answer = fcgi_answer_init(status);
	headers_common(c);
}

err_t
call_answer(struct call *c, uint16_t status, json_t *json)
{
	answer_begin(c, status);
	json_body(c, "application/json", json);
	return OK;
}

err_t
call_answer_made(struct call *c, json_t *json, const char *location, ...)
{
	char text[256];
	va_list args;
	va_start(args, location);
	vsnprintf(text, sizeof text, location, args);
	va_end(args);
	answer_begin(c, 201);
	fcgi_answer_header(&c->answer, "Location", str_c(text));
	json_body(c, "application/json", json);
	return OK;
}

err_t
call_answer_none(struct call *c)
{
	answer_begin(c, 204);
	return OK;
}

err_t
call_answer_octets(struct call *c, const char *media_type, struct bytes octets)
{
	answer_begin(c, 200);
	fcgi_answer_body(&c->answer, media_type, octets);
	return OK;
}

err_t
call_answer_served(struct call *c, const char *media_type, struct str served_name, const char *file_name)
{
	answer_begin(c, 200);
	fcgi_answer_header(&c->answer, "Content-Type", str_c(media_type));
	fcgi_answer_headerf(&c->answer, "Content-Disposition", "attachment; filename=\"%s\"", file_name);
	fcgi_answer_served(&c->answer, served_name);
	return OK;
}

/* "POINTER: what" is taken apart for the errors member. */
static void
errors_add(json_t *problem, const char *detail)
{
	const char *colon = strstr(detail, ": ");
	if (colon == NULL)
		return;
	json_t *one = json_pack("{s:s%, s:s}", "pointer", detail, (size_t)(colon - detail), "detail", colon + 2);
	json_object_set_new(problem, "errors", json_pack("[o]", one));
}

/* What went wrong inside is for the log, not for strangers. */
static bool
detail_is_public(const struct err_info *info)
{
	return info->http < 500 || info->http == 503 || info->http == 507;
}

void
call_problem(struct call *c, err_t e)
{
	const struct err_info *info = err_info(e.code);
	char path[256];
	log_event(info->level, "request-refused", "error", info->name, "detail", err_detail(), "place", err_place(), "request",
	    c->request_id, "route", c->route == NULL ? "" : c->route->path, NULL);
	snprintf(path, sizeof path, "%.*s", c->request == NULL ? 0 : (int)(c->request->path.n > 200 ? 200 : c->request->path.n),
	    c->request == NULL ? "" : c->request->path.p);
	answer_begin(c, info->http);
	json_t *problem = json_pack("{s:o, s:s, s:i, s:s, s:s}", "type",
	    json_sprintf("%s/problems/%s", c->worker == NULL ? "" : c->worker->core->set.site_url, info->slug), "title", info->text,
	    "status", (int)info->http, "instance", path, "request_id", c->request_id);
	if (problem == NULL) /* the path was cut inside a character */
		problem = json_pack("{s:s, s:s, s:i}", "type", "about:blank", "title", info->text, "status", (int)info->http);
	if (detail_is_public(info))
		json_object_set_new(problem, "detail", json_string(err_detail()));
	if (e.code == ERR_FIELD)
		errors_add(problem, err_detail());
	if (e.code == ERR_RATE)
		fcgi_answer_header(&c->answer, "Retry-After", STR("10"));
	if (info->http == 503)
		fcgi_answer_header(&c->answer, "Retry-After", STR("5"));
	if (e.code == ERR_UNAUTHENTICATED || e.code == ERR_SESSION_ENDED)
		fcgi_answer_header(&c->answer, "WWW-Authenticate", STR("Bearer"));
	json_body(c, "application/problem+json", problem);
}

static int
hex_value(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* application/x-www-form-urlencoded, one value. */
static err_t
value_decode(struct call *c, struct bytes raw, struct str *ret_value)
{
	void *room;
	TRY(arena_get(c->arena, raw.n + 1, &room));
	uint8_t *out = room;
	size_t n = 0;
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '+') {
			out[n++] = ' ';
		} else if (raw.p[i] == '%') {
			bool whole = i + 2 < raw.n;
			int high = whole ? hex_value(raw.p[i + 1]) : -1, low = whole ? hex_value(raw.p[i + 2]) : -1;
			if (high < 0 || low < 0)
				return err_make(ERR_QUERY, "a percent sign has no two hex digits behind it");
			out[n++] = (uint8_t)(high << 4 | low);
			i += 2;
		} else {
			out[n++] = raw.p[i];
		}
	}
	if (err_is(str_check(bytes(out, n), ret_value)))
		return err_make(ERR_QUERY, "%s", err_detail());
	return OK;
}

err_t
call_query(struct call *c, const char *name, struct str *ret_value)
{
	struct bytes q = c->request->query;
	size_t name_n = strlen(name);
	*ret_value = (struct str){"", 0};
	for (size_t at = 0; at < q.n;) {
		size_t end = bytes_find(q, at, bytes("&", 1));
		end = end == SIZE_MAX ? q.n : end;
		struct bytes pair = bytes_sub(q, at, end);
		if (pair.n > name_n && memcmp(pair.p, name, name_n) == 0 && pair.p[name_n] == '=')
			return value_decode(c, bytes_sub(pair, name_n + 1, pair.n), ret_value);
		at = end + 1;
	}
	return OK;
}

err_t
call_id(const struct call *c, size_t part, const char *prefix, struct id *ret_id)
{
	return id_read(prefix, c->parts[part], ret_id);
}

const char *
call_pointer(struct call *c, const char *list, size_t i)
{
	const char *text;
	return err_is(arena_printf(c->arena, &text, "%s/%zu", list, i)) ? list : text;
}
