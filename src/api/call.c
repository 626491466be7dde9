#include "api/call.h"

#include "base/log.h"
#include "base/rand.h"
#include "core/served.h"
#include "core/house.h"
#include "os/clock.h"

enum { ANSWER_MAX = 8 * 1024 * 1024, TOKEN_MAX = 256 };

/* ---- answers ---------------------------------------------------------------------------------------------------------- */

static void
body_json(struct fcgi_answer *a, const char *media_type, const json_t *j)
{
	AUTO_BUF(text, ANSWER_MAX);
	if (err_is(canon_write(j, &text)))
		a->status = 500;
	fcgi_answer_header(a, "Cache-Control", STR("no-store"));
	fcgi_answer_body(a, media_type, buf_bytes(&text));
}

/* Where the record is that was made; an answer that is given again says so too. */
static void
location_add(struct call *c, const json_t *answer)
{
	const char *id = json_string_value(json_object_get(answer, "id"));
	if (c->answer.status == 201 && id != NULL)
		fcgi_answer_headerf(&c->answer, "Location", "%s/%s", c->route->pattern, id);
}

void
call_json(struct call *c, uint16_t status, json_t *answer)
{
	fcgi_answer_done(&c->answer);
	c->answer = fcgi_answer_init(status);
	body_json(&c->answer, "application/json", answer);
	location_add(c, answer);
	json_decref(answer);
}

void
call_served_name(struct call *c, const char *name, const char *media_type, const char *file_name, const char *ext)
{
	c->answer = fcgi_answer_init(200);
	fcgi_answer_header(&c->answer, "Content-Type", str_c(media_type));
	fcgi_answer_header(&c->answer, "Cache-Control", STR("private, no-store"));
	fcgi_answer_headerf(&c->answer, "Content-Disposition", "attachment; filename=\"%s%s\"", file_name, ext);
	fcgi_answer_served(&c->answer, str_c(name));
}

err_t
call_served(struct call *c, struct str blob, const char *media_type, const char *file_name, const char *ext)
{
	char name[SERVED_NAME_MAX];
	TRY(served_make(c->worker->core, blob, ext, name));
	call_served_name(c, name, media_type, file_name, ext);
	return OK;
}

err_t
call_id(const struct call *c, size_t var, const char *prefix, struct id *ret_id)
{
	return id_read(prefix, c->vars[var], ret_id);
}

/* ---- problems [RFC 9457] ---------------------------------------------------------------------------------------------- */

/* Details that begin with a JSON Pointer name the field too. */
static void
pointer_add(json_t *problem, const char *detail)
{
	const char *colon = detail[0] == '/' ? strstr(detail, ": ") : NULL;
	if (colon == NULL)
		return;
	json_object_set_new(problem, "errors", canon_pack("[{s:o, s:s}]", "pointer",
	    canon_str((struct str){detail, (size_t)(colon - detail)}), "detail", colon + 2));
}

static void
log_problem(const struct err_info *info, const char *id, const struct fcgi_request *request)
{
	char path[256];
	snprintf(path, sizeof path, "%.*s", (int)(request->path.n > 200 ? 200 : request->path.n), request->path.p ? request->path.p : "");
	log_event(info->level, "request-failed", "request_id", id, "error", info->name, "method",
	    fcgi_request_method_name(request), "path", path, "detail", err_detail(), "place", err_place(), NULL);
}

/* [RFC 9110 15.5.6] */
static void
allow_add(struct fcgi_answer *a, struct str path)
{
	const struct route *route;
	struct str vars[ROUTE_VARS];
	bool get = !err_is(route_find(route_table, route_table_n, FCGI_GET, path, &route, vars));
	bool post = !err_is(route_find(route_table, route_table_n, FCGI_POST, path, &route, vars));
	fcgi_answer_headerf(a, "Allow", "%s%s%s", get ? "GET, HEAD" : "", get && post ? ", " : "", post ? "POST" : "");
}

void
call_problem(const struct core *core, const struct fcgi_request *request, err_t e, const json_t *extra,
    struct fcgi_answer *ret_answer)
{
	const struct err_info *info = err_info(e.code);
	uint8_t random[8];
	char id[2 * sizeof random + 3] = "r-", type[512], detail[512];
	struct str clean;
	rand_fill(random, sizeof random);
	bytes_hex(BYTES_OF(random), id + 2);
	log_problem(info, id, request);
	snprintf(type, sizeof type, "%s/problems/%s", core->set.site_url, info->slug);
	snprintf(detail, sizeof detail, "%.*s", canon_cut(err_detail(), sizeof detail - 1), err_detail());
	/* What failed inside is for the log; the caller gets the id to ask about. */
	if (info->http >= 500 || err_is(str_check(bytes(detail, strlen(detail)), &clean)))
		clean = str_c(info->text);
	AUTO_JSON(problem) = canon_pack("{s:s, s:s, s:i, s:o, s:o, s:s}", "type", type, "title", info->text, "status",
	    (int)info->http, "detail", canon_str(clean), "instance", canon_str(request->path), "request_id", id);
	if (info->http < 500)
		pointer_add(problem, detail);
	if (extra != NULL)
		json_object_update_missing(problem, (json_t *)extra);
	*ret_answer = fcgi_answer_init(info->http);
	if (info->http == 401)
		fcgi_answer_header(ret_answer, "WWW-Authenticate", STR("Bearer"));
	if (info->http == 405)
		allow_add(ret_answer, request->path);
	if (e.code == ERR_RATE || info->http == 503) /* no waiting helps against the other 429: too many codes */
		fcgi_answer_header(ret_answer, "Retry-After", STR("5"));
	body_json(ret_answer, "application/problem+json", problem);
}

/* ---- who calls -------------------------------------------------------------------------------------------------------- */

static err_t
bearer(const struct fcgi_request *request, struct str *ret_token)
{
	struct str header = fcgi_request_header(request, "Authorization");
	const struct str scheme = STR("Bearer ");
	if (header.n <= scheme.n || header.n > TOKEN_MAX || strncasecmp(header.p, scheme.p, scheme.n) != 0)
		return err_make(ERR_UNAUTHENTICATED, "send Authorization: Bearer and the token");
	*ret_token = (struct str){header.p + scheme.n, header.n - scheme.n};
	return OK;
}

static err_t
permit(const struct route *route, const struct account *a)
{
	unsigned wanted = route->who == ROUTE_SENDER ? ACCOUNT_SENDER
	    : route->who == ROUTE_REGISTRATION       ? ACCOUNT_REGISTRATION
	                                             : 0;
	if ((a->roles & wanted) != wanted)
		return err_make(ERR_FORBIDDEN, "this API key lacks the role %s",
		    wanted == ACCOUNT_SENDER ? "sender" : "registration");
	return OK;
}

err_t
call_admit(const struct route *route, const struct fcgi_request *request, struct store_tx *reader)
{
	struct account a;
	struct str token;
	TRY(bearer(request, &token));
	TRY(account_find(reader, token, &a));
	return permit(route, &a);
}

static err_t
authenticate(struct call *c)
{
	struct str token;
	if (c->route->who == ROUTE_PUBLIC) {
		snprintf(c->actor, sizeof c->actor, "%.*s", STR_ARG(c->request->remote_address));
		return OK;
	}
	TRY(bearer(c->request, &token));
	if (c->route->who == ROUTE_SIGNER) {
		TRY(link_session_find(c->worker->reader, token, clock_now(), &c->session));
		snprintf(c->actor, sizeof c->actor, "%s", id_text("sgr", c->session.signer).c);
		return OK;
	}
	TRY(account_find(c->worker->reader, token, &c->account));
	snprintf(c->actor, sizeof c->actor, "%s", c->account.actor);
	return permit(c->route, &c->account);
}

/* ---- the same request twice ------------------------------------------------------------------------------------------- */

static void
idempotency_init(struct call *c)
{
	c->idem.owner = str_c(c->actor);
	c->idem.name = fcgi_request_header(c->request, "Idempotency-Key");
	if (c->route->retry == ROUTE_RETRY_FREE)
		c->idem.name.n = 0;
	if (c->idem.name.n == 0) /* then nothing is hashed: a body may hold a code */
		return;
	uint8_t upload[DIGEST_SHA256_LEN] = {0};
	struct str method = str_c(fcgi_request_method_name(c->request));
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, str_bytes(method));
	digest_add(d, bytes(" ", 1));
	digest_add(d, str_bytes(c->request->path));
	digest_add(d, bytes("", 1));
	if (c->upload != NULL) {
		upload_sha256(c->upload, upload);
		digest_add(d, BYTES_OF(upload));
	} else {
		digest_add(d, fcgi_conn_body(c->conn));
	}
	digest_peek(d, c->idem.request_sha256);
}

/* True when an earlier answer was found and given. */
static err_t
replay(struct call *c, bool *ret_replayed)
{
	int status = 0;
	AUTO_BUF(text, ANSWER_MAX);
	*ret_replayed = false;
	if (c->idem.name.n == 0)
		return OK;
	err_t e = idempotency_get(c->worker->reader, &c->idem, &status, &text);
	if (e.code == ERR_NOT_FOUND)
		return OK;
	TRY(e);
	c->answer = fcgi_answer_init((uint16_t)status);
	fcgi_answer_header(&c->answer, "Idempotency-Replayed", STR("true"));
	fcgi_answer_header(&c->answer, "Cache-Control", STR("no-store"));
	fcgi_answer_body(&c->answer, "application/json", buf_bytes(&text));
	json_t *answer = NULL;
	TRY(canon_read(buf_bytes(&text), &answer));
	location_add(c, answer);
	json_decref(answer);
	*ret_replayed = true;
	return OK;
}

/* ---- the call --------------------------------------------------------------------------------------------------------- */

static err_t
body_read(struct call *c)
{
	struct bytes body = fcgi_conn_body(c->conn);
	if (c->route->body != ROUTE_BODY_JSON)
		return OK;
	if (!fcgi_request_content_is(c->request, "application/json"))
		return err_make(ERR_MEDIA_TYPE, "send Content-Type: application/json");
	return canon_read(body, &c->body);
}

static err_t
serve(struct call *c)
{
	bool replayed = false;
	TRY(replay(c, &replayed));
	if (replayed)
		return OK;
	TRY(body_read(c));
	return c->route->run(c);
}

static err_t
run(struct call *c)
{
	TRY(authenticate(c));
	TRY(limiter_count(c->limiter, str_c(c->actor), c->route->limit, route_limit_of(c->route->limit), clock_monotonic()));
	idempotency_init(c);
	if (c->route->retry == ROUTE_RETRY_KEY && c->idem.name.n == 0)
		return err_make(ERR_IDEMPOTENCY_MISSING, "send an Idempotency-Key that you make once for this request");
	if (c->idem.name.n > IDEMPOTENCY_NAME_MAX)
		return err_make(ERR_IDEMPOTENCY_MISSING, "an Idempotency-Key has at most %d octets", IDEMPOTENCY_NAME_MAX);
	TRY(idempotency_enter(&c->idem));
	err_t e = serve(c);
	idempotency_leave(&c->idem);
	return e;
}

void
call_run(struct call *c, struct worker *w)
{
	c->worker = w;
	err_t e = run(c);
	if (err_is(e)) {
		fcgi_answer_done(&c->answer);
		call_problem(w->core, c->request, e, c->extra, &c->answer);
	}
	if (c->route->method != FCGI_GET)
		house_wake();
	json_decref(c->body);
	json_decref(c->extra);
	c->body = c->extra = NULL;
	upload_drop(c->upload);
	c->upload = NULL;
}
