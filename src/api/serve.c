#include "api/serve.h"

#include "api/gate.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/secret.h"
#include "os/clock.h"
#include "os/pool.h"

enum { QUEUE_MAX = 1024, AGENT_MAX = 255, ADDRESS_MAX = 63 };

struct serve {
	struct core *core;
	struct loop *loop;
	int listen_fd;
	const struct route *routes;
	size_t routes_n;
	struct pool *pool;
	struct worker *workers; /* by index of the pool's thread */
	size_t workers_n;
	struct worker front;    /* of the loop thread: keys and sessions */
	struct gate_rates *rates;
};

/* One connection and, between HEAD and SENT, the call on it. */
struct link {
	struct serve *serve;
	struct fcgi_conn *conn;
	struct call call;
	bool under_way; /* the call is set up */
	bool watched;
	err_t failed;   /* of an upload: told when the body has come */
};

static void link_go_on(struct link *l);

static void
link_ready(void *arg, uint32_t events)
{
	(void)events;
	link_go_on(arg);
}

/* Follows what the connection waits for. */
static void
link_watch(struct link *l)
{
	unsigned wants = fcgi_conn_wants(l->conn);
	uint32_t events = 0;
	events |= wants & FCGI_CONN_WANTS_READ ? EPOLLIN : 0u;
	events |= wants & FCGI_CONN_WANTS_WRITE ? EPOLLOUT : 0u;
	int fd = fcgi_conn_fd(l->conn);
	if (events == 0) {
		if (l->watched)
			loop_remove(l->serve->loop, fd);
		l->watched = false;
		return;
	}
	err_t e = l->watched ? loop_change(l->serve->loop, fd, events) : loop_add(l->serve->loop, fd, events, link_ready, l);
	if (err_is(e))
		log_error(e, "connection-watch");
	l->watched = true;
}

static void
call_done(struct call *c)
{
	upload_drop(c->upload);
	json_decref(c->body);
	arena_free(c->arena);
	fcgi_answer_done(&c->answer);
	memset(c, 0, sizeof *c);
}

static void
link_free(struct link *l)
{
	if (l->watched)
		loop_remove(l->serve->loop, fcgi_conn_fd(l->conn));
	if (l->under_way)
		call_done(&l->call);
	fcgi_conn_free(l->conn);
	free(l);
}

static struct str
cut(struct str s, size_t most)
{
	while (s.n > most || (s.n > 0 && s.n == most && ((uint8_t)s.p[s.n - 1] & 0xc0) == 0x80))
		s.n--;
	return s;
}

static void
call_start(struct link *l)
{
	struct call *c = &l->call;
	uint8_t octets[12];
	char hex[2 * sizeof octets + 1];
	memset(c, 0, sizeof *c);
	rand_fill(octets, sizeof octets);
	bytes_hex(BYTES_OF(octets), hex);
	snprintf(c->request_id, sizeof c->request_id, "r-%s", hex);
	c->request = fcgi_conn_request(l->conn);
	c->worker = &l->serve->front;
	c->arena = arena_new(LIMIT_REQUEST_MEMORY);
	c->answer = fcgi_answer_init(500);
	c->remote = cut(c->request->remote_address, ADDRESS_MAX);
	c->agent = cut(fcgi_request_header(c->request, "User-Agent"), AGENT_MAX);
	l->under_way = true;
	l->failed = OK;
}

static void
answer_send(struct link *l)
{
	fcgi_conn_answer(l->conn, &l->call.answer);
	l->call.answer = fcgi_answer_init(500); /* the connection took the other */
}

static void
refuse(struct link *l, err_t e)
{
	call_problem(&l->call, e);
	answer_send(l);
}

static err_t
idempotency_name(struct call *c)
{
	struct str name = fcgi_request_header(c->request, "Idempotency-Key");
	if (name.n > IDEMPOTENCY_NAME_MAX)
		return err_make(ERR_IDEMPOTENCY_MISSING, "The key has at most %d octets.", IDEMPOTENCY_NAME_MAX);
	if (c->route->idempotent && name.n == 0)
		return err_make(ERR_IDEMPOTENCY_MISSING, "Send any text that is new for each new request.");
	if (!c->route->idempotent)
		name.n = 0;
	c->idempotency.owner = c->owner;
	c->idempotency.name = name;
	return OK;
}

static err_t
body_expect(struct link *l)
{
	struct call *c = &l->call;
	switch (c->route->body) {
	case ROUTE_BODY_NONE:
		return OK;
	case ROUTE_BODY_JSON:
	case ROUTE_BODY_CODE:
		if (!fcgi_request_content_is(c->request, "application/json"))
			return err_make(ERR_MEDIA_TYPE, "Send application/json.");
		fcgi_conn_body_keep(l->conn, LIMIT_JSON_BODY);
		return OK;
	case ROUTE_BODY_FILE:
		if (!fcgi_request_content_is(c->request, "application/pdf"))
			return err_make(ERR_MEDIA_TYPE, "Send application/pdf.");
		fcgi_conn_body_stream(l->conn, l->serve->core->set.document_max);
		return upload_begin(l->serve->core, &c->upload);
	}
	return err_make(ERR_INTERNAL, "body");
}

/* The head is there: which route, who calls, may he, what comes. */
static err_t
head_check(struct link *l)
{
	struct call *c = &l->call;
	struct serve *s = l->serve;
	TRY(route_find(s->routes, s->routes_n, c->request->method, c->request->path, &c->route, c->parts));
	TRY(gate_enter(c, s->front.reader, clock_now()));
	TRY(gate_rate(s->rates, c, clock_monotonic()));
	TRY(idempotency_name(c));
	return body_expect(l);
}

/* ---- on a worker ---------------------------------------------------------------------------------------------------------- */

static err_t
body_read(struct call *c, struct bytes body)
{
	json_error_t why;
	if (c->route->body != ROUTE_BODY_JSON && c->route->body != ROUTE_BODY_CODE)
		return OK;
	c->body = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, &why);
	if (c->body == NULL)
		return err_make(ERR_INPUT, "The body is not JSON: line %d, column %d: %s.", why.line, why.column, why.text);
	if (!json_is_object(c->body))
		return err_make(ERR_FIELD, "/: must be an object");
	return OK;
}

/* What a retry must have in common: method, path and body. */
static void
idempotency_digest(struct call *c, struct bytes body)
{
	uint8_t of_body[DIGEST_SHA256_LEN];
	if (c->upload != NULL)
		upload_sha256(c->upload, of_body);
	else
		digest_sha256(body, of_body);
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, str_bytes(str_c(fcgi_request_method_name(c->request))));
	digest_add(d, bytes("\n", 1));
	digest_add(d, str_bytes(c->request->path));
	digest_add(d, bytes("\n", 1));
	digest_add(d, BYTES_OF(of_body));
	digest_peek(d, c->idempotency.request_sha256);
}

static err_t
replay(struct call *c, int status, const struct buf *answer)
{
	json_t *json = NULL;
	if (answer->n > 0)
		TRY(canon_read(buf_bytes(answer), &json));
	TRY(call_answer(c, (uint16_t)status, json == NULL ? json_object() : json));
	fcgi_answer_header(&c->answer, "Idempotency-Replayed", STR("true"));
	return OK;
}

static err_t
handle_once(struct call *c)
{
	int status = 0;
	AUTO_BUF(stored, 1 << 20);
	err_t e = idempotency_get(c->worker->reader, &c->idempotency, &status, &stored);
	if (!err_is(e))
		return replay(c, status, &stored);
	if (e.code != ERR_NOT_FOUND)
		return e;
	return c->route->handle(c);
}

static err_t
handle(struct call *c, struct bytes body)
{
	TRY(body_read(c, body));
	if (c->idempotency.name.n == 0)
		return c->route->handle(c);
	idempotency_digest(c, body);
	TRY(idempotency_enter(&c->idempotency));
	err_t e = handle_once(c);
	idempotency_leave(&c->idempotency);
	return e;
}

static void
answered(void *arg)
{
	struct link *l = arg;
	answer_send(l);
	link_go_on(l);
}

static void
work(void *arg, size_t index)
{
	struct link *l = arg;
	l->call.worker = &l->serve->workers[index];
	err_t e = l->failed;
	if (!err_is(e))
		e = handle(&l->call, fcgi_conn_body(l->conn));
	if (err_is(e))
		call_problem(&l->call, e);
	loop_post(l->serve->loop, answered, l);
}

/* ---- on the loop ------------------------------------------------------------------------------------------------------------ */

/* An upload that fails (a full disk) is told once the front has sent it all: it would not listen before. */
static void
piece_take(struct link *l)
{
	if (!err_is(l->failed))
		l->failed = upload_add(l->call.upload, fcgi_conn_piece(l->conn));
	if (err_is(l->failed) && l->call.upload != NULL) {
		refuse(l, l->failed);
		upload_drop(l->call.upload);
		l->call.upload = NULL;
	}
}

/* False when the connection is gone. */
static bool
event_take(struct link *l, enum fcgi_conn_event event)
{
	switch (event) {
	case FCGI_CONN_WAIT:
		return true;
	case FCGI_CONN_HEAD: {
		call_start(l);
		err_t e = head_check(l);
		if (err_is(e))
			refuse(l, e);
		return true;
	}
	case FCGI_CONN_BODY:
		piece_take(l);
		return true;
	case FCGI_CONN_READY:
		if (!pool_submit(l->serve->pool, work, l))
			refuse(l, err_make(ERR_STORE_BUSY, "Too many requests wait."));
		return true;
	case FCGI_CONN_REFUSED:
		if (!l->under_way)
			call_start(l);
		refuse(l, fcgi_conn_refusal(l->conn));
		return true;
	case FCGI_CONN_SENT:
		call_done(&l->call);
		l->under_way = false;
		return true;
	case FCGI_CONN_ABORTED:
	case FCGI_CONN_CLOSED:
		link_free(l);
		return false;
	}
	return true;
}

static void
link_go_on(struct link *l)
{
	for (;;) {
		enum fcgi_conn_event event = FCGI_CONN_WAIT;
		err_t e = fcgi_conn_next(l->conn, &event);
		if (err_is(e)) {
			log_error(e, "connection-broken");
			link_free(l);
			return;
		}
		if (!event_take(l, event))
			return;
		if (event == FCGI_CONN_WAIT || event == FCGI_CONN_READY)
			break;
	}
	link_watch(l);
}

static void
connections_accept(void *arg, uint32_t events)
{
	struct serve *s = arg;
	(void)events;
	for (;;) {
		struct fcgi_conn *conn = NULL;
		err_t e = fcgi_conn_accept(s->listen_fd, &conn);
		if (err_is(e))
			log_error(e, "accept");
		if (err_is(e) || conn == NULL)
			return;
		struct link *l = calloc(1, sizeof *l);
		if (l == NULL)
			abort();
		l->serve = s;
		l->conn = conn;
		link_go_on(l);
	}
}

static err_t
workers_make(struct serve *s, size_t n)
{
	s->workers = calloc(n, sizeof *s->workers);
	if (s->workers == NULL)
		abort();
	for (; s->workers_n < n; s->workers_n++) {
		s->workers[s->workers_n].core = s->core;
		TRY(store_reader_new(s->core->store, &s->workers[s->workers_n].reader));
	}
	s->front.core = s->core;
	return store_reader_new(s->core->store, &s->front.reader);
}

err_t
serve_new(struct core *core, struct loop *loop, int listen_fd, const struct route *routes, size_t routes_n,
    size_t workers, struct serve **ret_serve)
{
	TRY(route_check(routes, routes_n));
	struct serve *s = calloc(1, sizeof *s);
	if (s == NULL)
		abort();
	*s = (struct serve){.core = core, .loop = loop, .listen_fd = listen_fd, .routes = routes, .routes_n = routes_n};
	s->rates = gate_rates_new();
	err_t e = workers_make(s, workers);
	if (!err_is(e)) {
		s->pool = pool_new(workers, QUEUE_MAX);
		e = loop_add(loop, listen_fd, EPOLLIN, connections_accept, s);
	}
	if (err_is(e)) {
		serve_free(s);
		return e;
	}
	*ret_serve = s;
	return OK;
}

void
serve_free(struct serve *s)
{
	if (s == NULL)
		return;
	pool_free(s->pool);
	for (size_t i = 0; i < s->workers_n; i++)
		store_reader_free(s->workers[i].reader);
	store_reader_free(s->front.reader);
	gate_rates_free(s->rates);
	free(s->workers);
	free(s);
}
