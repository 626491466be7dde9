#include "fcgi/fcgi_door.h"
#include "base/log.h"

#include <stddef.h>

struct entrance {
	struct loop *loop;
	int fd;
	struct fcgi_door door;
};

struct fcgi_visit {
	const struct entrance *entrance;
	struct fcgi_conn *conn;
	bool watched;
	bool running; /* inside its own events: an answer need not wake it */
	_Alignas(max_align_t) uint8_t data[];
};

static void visit_run(struct fcgi_visit *v);

static void
visit_ready(void *arg, uint32_t events)
{
	(void)events;
	visit_run(arg);
}

static void
visit_watch(struct fcgi_visit *v)
{
	unsigned wants = fcgi_conn_wants(v->conn);
	uint32_t events =
	    (wants & FCGI_CONN_WANTS_READ ? EPOLLIN : 0u) | (wants & FCGI_CONN_WANTS_WRITE ? EPOLLOUT : 0u);
	int fd = fcgi_conn_fd(v->conn);
	struct loop *loop = v->entrance->loop;
	err_t e = OK;
	if (events == 0 && v->watched)
		loop_remove(loop, fd);
	else if (events != 0)
		e = v->watched ? loop_change(loop, fd, events) : loop_add(loop, fd, events, visit_ready, v);
	if (err_is(e))
		log_error(e, "connection-watch");
	v->watched = events != 0;
}

static void
visit_free(struct fcgi_visit *v)
{
	if (v->watched)
		loop_remove(v->entrance->loop, fcgi_conn_fd(v->conn));
	fcgi_conn_free(v->conn);
	free(v);
}

/* Handles one event; false when the connection has to wait (*ret_gone: or is to be freed). */
static bool
event_handle(struct fcgi_visit *v, bool *ret_gone)
{
	const struct fcgi_door *door = &v->entrance->door;
	enum fcgi_conn_event event;
	err_t e = fcgi_conn_next(v->conn, &event);
	if (err_is(e)) {
		log_error(e, "front-connection");
		*ret_gone = true;
		return false;
	}
	switch (event) {
	case FCGI_CONN_HEAD:
		fcgi_conn_body_keep(v->conn, door->body_max);
		return true;
	case FCGI_CONN_READY:
		door->ready(door->arg, v);
		return true;
	case FCGI_CONN_REFUSED:
		door->refused(door->arg, v, fcgi_conn_refusal(v->conn));
		return true;
	case FCGI_CONN_ABORTED:
	case FCGI_CONN_CLOSED:
		*ret_gone = true;
		return false;
	case FCGI_CONN_WAIT:
		return false;
	case FCGI_CONN_BODY:
	case FCGI_CONN_SENT:
		break;
	}
	return true;
}

static void
visit_run(struct fcgi_visit *v)
{
	bool gone = false;
	v->running = true;
	while (event_handle(v, &gone))
		;
	v->running = false;
	if (gone)
		visit_free(v);
	else
		visit_watch(v);
}

static void
entrance_ready(void *arg, uint32_t events)
{
	const struct entrance *entrance = arg;
	struct fcgi_conn *conn;
	(void)events;
	err_t e = fcgi_conn_accept(entrance->fd, &conn);
	if (err_is(e))
		log_error(e, "front-accept");
	if (err_is(e) || conn == NULL)
		return;
	struct fcgi_visit *v = calloc(1, sizeof *v + entrance->door.data_size);
	if (v == NULL)
		abort();
	v->entrance = entrance;
	v->conn = conn;
	visit_run(v);
}

err_t
fcgi_door_open(struct loop *loop, int listen_fd, const struct fcgi_door *door)
{
	struct entrance *entrance = malloc(sizeof *entrance);
	if (entrance == NULL)
		abort();
	*entrance = (struct entrance){loop, listen_fd, *door};
	return loop_add(loop, listen_fd, EPOLLIN, entrance_ready, entrance);
}

const struct fcgi_request *
fcgi_door_request(const struct fcgi_visit *visit)
{
	return fcgi_conn_request(visit->conn);
}

struct bytes
fcgi_door_body(const struct fcgi_visit *visit)
{
	return fcgi_conn_body(visit->conn);
}

void *
fcgi_door_data(struct fcgi_visit *visit)
{
	return visit->data;
}

void
fcgi_door_answer(struct fcgi_visit *visit, struct fcgi_answer *answer)
{
	fcgi_conn_answer(visit->conn, answer);
	if (!visit->running)
		visit_run(visit);
}
