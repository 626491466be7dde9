#include "api/serve.h"

#include "api/call.h"
#include "base/limits.h"
#include "base/log.h"
#include "os/clock.h"
#include "os/pool.h"

enum { SECRET_BODY_MAX = 256 };
#define FULL_TOLD_US (30 * TIME_SECOND)

#define LATE_EVERY_US (500 * INT64_C(1000))

struct serve {
	struct core *core;
	struct loop *loop;
	struct pool *pool;
	struct limiter *limiter;
	int listen_fd;
	size_t connections;
	bool full;           /* no place is free: the socket is out of the loop, which would call for ever */
	int64_t full_told_at; /* monotonic */
	struct visit *first; /* all connections */
	unsigned patience;   /* seconds for a body, LIMIT_BODY_SECONDS but in a test */
	struct store_tx *reader; /* of the loop's thread */
	size_t workers_n;
	struct worker workers[SERVE_WORKERS_MAX];
};

/* One connection; what is between READY and the answer belongs to a worker. */
struct visit {
	struct serve *serve;
	struct fcgi_conn *conn;
	struct visit *next, *previous;
	int fd;
	bool watched;
	bool refused;       /* answered before the body was over */
	int64_t head_at_us; /* monotonic */
	struct call call;
};

static void go_on(struct visit *v);
static void on_connection(void *arg, uint32_t events);

/* Who waits in the socket's queue is taken as soon as somebody has left. */
static void
listen_again(struct serve *s)
{
	if (!s->full)
		return;
	err_t e = loop_add(s->loop, s->listen_fd, EPOLLIN, on_connection, s);
	if (err_is(e))
		log_error(e, "front-accept"); /* the next one who leaves tries again */
	s->full = err_is(e);
}

static void
visit_free(struct visit *v)
{
	if (v->watched)
		loop_remove(v->serve->loop, v->fd);
	upload_drop(v->call.upload);
	fcgi_conn_free(v->conn);
	if (v->next != NULL)
		v->next->previous = v->previous;
	*(v->previous != NULL ? &v->previous->next : &v->serve->first) = v->next;
	v->serve->connections--;
	listen_again(v->serve);
	free(v);
}

static void
visit_ready(void *arg, uint32_t events)
{
	(void)events;
	go_on(arg);
}

/* Watches the descriptor for what the connection wants now, or not at all. */
static err_t
watch(struct visit *v)
{
	unsigned wants = fcgi_conn_wants(v->conn);
	uint32_t events = (wants & FCGI_CONN_WANTS_READ ? EPOLLIN : 0u) | (wants & FCGI_CONN_WANTS_WRITE ? EPOLLOUT : 0u);
	if (events == 0) {
		if (v->watched)
			loop_remove(v->serve->loop, v->fd);
		v->watched = false;
		return OK;
	}
	if (v->watched)
		return loop_change(v->serve->loop, v->fd, events);
	TRY(loop_add(v->serve->loop, v->fd, events, visit_ready, v));
	v->watched = true;
	return OK;
}

/* ---- events ----------------------------------------------------------------------------------------------------------- */

static void
refuse(struct visit *v, err_t e)
{
	struct fcgi_answer answer;
	call_problem(v->serve->core, fcgi_conn_request(v->conn), e, NULL, &answer);
	upload_drop(v->call.upload);
	v->call.upload = NULL;
	v->refused = true;
	fcgi_conn_answer(v->conn, &answer);
}

/* An upload is only taken from who may send it, and only as what it must be. */
static err_t
upload_admit(struct visit *v, const struct route *route, const struct fcgi_request *request)
{
	uint64_t most = v->serve->core->set.document_max;
	TRY(call_admit(route, request, v->serve->reader));
	if (!fcgi_request_content_is(request, "application/pdf"))
		return err_make(ERR_MEDIA_TYPE, "send the document itself with Content-Type: application/pdf");
	if (request->content_length != FCGI_REQUEST_LENGTH_UNKNOWN && request->content_length > most)
		return err_make(ERR_PDF_TOO_LARGE, "at most %llu octets", (unsigned long long)most);
	TRY(upload_begin(v->serve->core, &v->call.upload));
	fcgi_conn_body_stream(v->conn, most);
	return OK;
}

static err_t
on_head(struct visit *v)
{
	const struct fcgi_request *request = fcgi_conn_request(v->conn);
	v->head_at_us = clock_monotonic();
	v->refused = false;
	v->call = (struct call){.limiter = v->serve->limiter, .conn = v->conn, .request = request};
	TRY(route_find(route_table, route_table_n, request->method, request->path, &v->call.route, v->call.vars));
	switch (v->call.route->body) {
	case ROUTE_BODY_PDF:
		return upload_admit(v, v->call.route, request);
	case ROUTE_BODY_SECRET:
		fcgi_conn_body_keep(v->conn, SECRET_BODY_MAX);
		break;
	case ROUTE_BODY_JSON:
		fcgi_conn_body_keep(v->conn, LIMIT_JSON_BODY);
		break;
	case ROUTE_BODY_NONE: /* an empty object does no harm */
		fcgi_conn_body_keep(v->conn, SECRET_BODY_MAX);
		break;
	}
	return OK;
}

static err_t
on_piece(struct visit *v)
{
	return upload_add(v->call.upload, fcgi_conn_piece(v->conn));
}

static void
answered(void *arg)
{
	struct visit *v = arg;
	fcgi_conn_answer(v->conn, &v->call.answer);
	go_on(v);
}

static void
job(void *arg, size_t index)
{
	struct visit *v = arg;
	call_run(&v->call, &v->serve->workers[index]);
	loop_post(v->serve->loop, answered, v);
}

/* True when a worker has it now. */
static bool
on_ready(struct visit *v)
{
	if (v->watched)
		loop_remove(v->serve->loop, v->fd);
	v->watched = false;
	if (pool_submit(v->serve->pool, job, v))
		return true;
	refuse(v, err_make(ERR_STORE_BUSY, "%d requests wait", SERVE_QUEUE_MAX));
	return false;
}

/* Deals with one event; false when there is nothing more to do now, or the visit is gone. */
static bool
step(struct visit *v)
{
	enum fcgi_conn_event event;
	err_t e = fcgi_conn_next(v->conn, &event);
	if (err_is(e)) {
		log_error(e, "front-connection");
		visit_free(v);
		return false;
	}
	switch (event) {
	case FCGI_CONN_HEAD:
		e = on_head(v);
		break;
	case FCGI_CONN_BODY:
		e = on_piece(v);
		break;
	case FCGI_CONN_READY:
		return !on_ready(v);
	case FCGI_CONN_REFUSED:
		e = fcgi_conn_refusal(v->conn);
		break;
	case FCGI_CONN_SENT:
		return true;
	case FCGI_CONN_ABORTED:
	case FCGI_CONN_CLOSED:
		visit_free(v);
		return false;
	case FCGI_CONN_WAIT:
		e = watch(v);
		if (err_is(e)) {
			log_error(e, "front-connection");
			visit_free(v);
		}
		return false;
	}
	if (err_is(e))
		refuse(v, e);
	return true;
}

static void
go_on(struct visit *v)
{
	while (step(v))
		;
}

/* A body that drips in keeps a place here for as long as its sender likes: the front looks at pauses only, not at the whole.
 * What a refused one goes on sending is not waited for either. */
static void
late_end(void *arg)
{
	struct serve *s = arg;
	int64_t now = clock_monotonic();
	for (struct visit *v = s->first, *next; v != NULL; v = next) {
		next = v->next;
		if (!v->watched || !fcgi_conn_late(v->conn, now - v->head_at_us, s->patience, LIMIT_BODY_RATE))
			continue;
		if (v->refused) {
			visit_free(v);
			continue;
		}
		refuse(v, err_make(ERR_BODY_SLOW, "after %u s less than %d octets a second had come", s->patience,
		    LIMIT_BODY_RATE));
		go_on(v);
	}
}

static void
on_connection(void *arg, uint32_t events)
{
	struct serve *s = arg;
	struct fcgi_conn *conn = NULL;
	(void)events;
	while (s->connections < SERVE_CONNECTIONS_MAX) {
		err_t e = fcgi_conn_accept(s->listen_fd, &conn);
		if (err_is(e))
			log_error(e, "front-accept");
		if (err_is(e) || conn == NULL)
			return;
		struct visit *v = calloc(1, sizeof *v);
		if (v == NULL)
			abort();
		v->serve = s;
		v->conn = conn;
		v->fd = fcgi_conn_fd(conn);
		v->next = s->first;
		if (s->first != NULL)
			s->first->previous = v;
		s->first = v;
		s->connections++;
		go_on(v);
	}
	if (s->full)
		return;
	loop_remove(s->loop, s->listen_fd);
	s->full = true;
	int64_t now = clock_monotonic();
	if (s->full_told_at != 0 && now < s->full_told_at + FULL_TOLD_US)
		return; /* each place that is freed is taken at once: the log is for other things too */
	s->full_told_at = now;
	log_event(LOG_WARNING, "front-full", "connections", "all are taken", NULL);
}

/* ---- start and stop --------------------------------------------------------------------------------------------------- */

static unsigned
patience_of(void)
{
#ifdef PARAPH_FAULT_HOOKS
	const char *seconds = getenv("PARAPH_TEST_BODY_SECONDS");
	if (seconds != NULL)
		return (unsigned)strtoul(seconds, NULL, 10);
#endif
	return LIMIT_BODY_SECONDS;
}

err_t
serve_start(struct core *core, struct loop *loop, int listen_fd, size_t workers, struct serve **ret_serve)
{
	TRY(route_check(route_table, route_table_n));
	struct serve *s = calloc(1, sizeof *s);
	if (s == NULL)
		abort();
	s->core = core;
	s->loop = loop;
	s->listen_fd = listen_fd;
	s->patience = patience_of();
	s->limiter = limiter_new();
	s->workers_n = workers < SERVE_WORKERS_MAX ? workers : SERVE_WORKERS_MAX;
	*ret_serve = s;
	TRY(store_reader_new(core->store, &s->reader));
	for (size_t i = 0; i < s->workers_n; i++) {
		s->workers[i].core = core;
		TRY(store_reader_new(core->store, &s->workers[i].reader));
	}
	s->pool = pool_new(s->workers_n, SERVE_QUEUE_MAX);
	TRY(loop_every(loop, LATE_EVERY_US, late_end, s));
	return loop_add(loop, listen_fd, EPOLLIN, on_connection, s);
}

void
serve_stop(struct serve *s)
{
	if (s == NULL)
		return;
	pool_free(s->pool);
	for (size_t i = 0; i < s->workers_n; i++)
		store_reader_free(s->workers[i].reader);
	store_reader_free(s->reader);
	limiter_free(s->limiter);
	free(s); /* the connections end with the process */
}
