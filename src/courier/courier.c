#include "courier/courier.h"
#include "base/log.h"
#include "base/secret.h"
#include "courier/queue.h"
#include "fcgi/fcgi_door.h"
#include "os/clock.h"
#include "os/pool.h"
#include "wire/channel.h"
#include "wire/table.h"

enum { CODE_WORKERS = 4, CODE_QUEUE = 256, PAGE_MAX = 4 * 1024 * 1024 };

/* One of the two channels that bring work. */
struct source {
	struct courier *courier;
	const struct table *table;
	int fd;
};

struct courier {
	struct loop *loop;
	const struct deliver *deliver;
	struct queue *queue;
	struct pool *pool;
	int control, fcgi;
	struct source keys, core;
	paraph_Courier *message;
};

/* ---- codes
 * -------------------------------------------------------------------------------------------------------------------
 */

/* A code on its way through a worker; answered on a copy of the descriptor, because the channel may be replaced
 * meanwhile. */
struct code_job {
	const struct deliver *deliver;
	int fd;
	paraph_Courier *message;
};

static void
code_run(void *arg, size_t index)
{
	struct code_job *job = arg;
	(void)index;
	err_t e = deliver_code(job->deliver, &job->message->body.code);
	if (err_is(e))
		log_error(e, "code-not-delivered");
	err_t sent = channel_send_outcome(job->fd, &message_courier, job->message->id, e);
	if (err_is(sent))
		log_error(sent, "answer-not-sent");
	close(job->fd);
	message_free(&message_courier, job->message); /* wipes the code */
	free(job);
}

static err_t
code_take(struct courier *c, const struct source *s)
{
	struct code_job *job = calloc(1, sizeof *job);
	if (job == NULL)
		abort();
	job->deliver = c->deliver;
	job->fd = dup(s->fd);
	job->message = message_new(&message_courier);
	memcpy(job->message, c->message, sizeof *job->message);
	if (job->fd >= 0 && pool_submit(c->pool, code_run, job))
		return OK;
	if (job->fd >= 0)
		close(job->fd);
	message_free(&message_courier, job->message);
	free(job);
	return err_make(ERR_EGRESS, "too many codes wait");
}

/* ---- channels
 * ------------------------------------------------------------------------------------------------------------------ */

static void source_ready(void *arg, uint32_t events);

static void
source_close(struct source *s)
{
	if (s->fd < 0)
		return;
	loop_remove(s->courier->loop, s->fd);
	close(s->fd);
	s->fd = -1;
}

static err_t
source_open(struct source *s, int fd)
{
	source_close(s);
	s->fd = fd;
	return fd < 0 ? OK : loop_add(s->courier->loop, fd, EPOLLIN, source_ready, s);
}

/* Answers at once, but for codes, which answer when they are out. */
static err_t
message_take(struct courier *c, const struct source *s)
{
	err_t e = OK;
	TRY(table_check(s->table, c->message));
	if (c->message->which_body == paraph_Courier_code_tag) {
		e = code_take(c, s);
		if (!err_is(e))
			return OK;
	} else if (c->message->which_body == paraph_Courier_message_tag) {
		e = queue_put(c->queue, &c->message->body.message);
	}
	return channel_send_outcome(s->fd, &message_courier, c->message->id, e);
}

static void
source_ready(void *arg, uint32_t events)
{
	struct source *s = arg;
	struct courier *c = s->courier;
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	(void)events;
	err_t e = channel_receive(s->fd, &message_courier, false, c->message, fds, &got);
	if (!err_is(e) && got) {
		channel_close_fds(fds); /* none belong here */
		e = message_take(c, s);
	}
	secret_wipe(c->message, sizeof *c->message);
	if (err_is(e)) {
		if (e.code != ERR_PEER_GONE)
			log_error(e, "channel-ended");
		source_close(s);
	}
}

static void
control_ready(void *arg, uint32_t events)
{
	struct courier *c = arg;
	paraph_Control m = paraph_Control_init_zero;
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	(void)events;
	err_t e = channel_receive(c->control, &message_control, false, &m, fds, &got);
	if (err_is(e) ||
	    (got && err_is(table_check(&table_control, &m)))) { /* without a supervisor there is nothing to live for */
		channel_close_fds(fds);
		loop_stop(c->loop);
		return;
	}
	if (!got || m.which_body != paraph_Control_channel_tag)
		return;
	struct source *s = strcmp(m.body.channel.name, "keys-courier") == 0   ? &c->keys
			   : strcmp(m.body.channel.name, "core-courier") == 0 ? &c->core
									      : NULL;
	if (s != NULL) {
		e = source_open(s, fds[0]);
		fds[0] = -1;
		if (err_is(e))
			log_error(e, "channel-not-taken");
	}
	channel_close_fds(fds);
}

/* ---- the catcher's pages
 * ---------------------------------------------------------------------------------------------------------- */

static struct fcgi_answer
page_make(struct courier *c, const struct fcgi_request *r)
{
	struct fcgi_answer a = fcgi_answer_init(404);
	AUTO_BUF(body, PAGE_MAX);
	bool json = str_eq(r->path, STR("/dev/mail.json"));
	if (r->method != FCGI_GET || c->deliver->catcher == NULL || !(json || str_eq(r->path, STR("/dev/mail")))) {
		fcgi_answer_body(&a, "text/plain", str_bytes(STR("There is nothing here.\n")));
		return a;
	}
	a.status = 200;
	if (json)
		catcher_json(c->deliver->catcher, &body);
	else
		catcher_html(c->deliver->catcher, &body);
	fcgi_answer_header(&a, "Cache-Control", STR("no-store"));
	fcgi_answer_body(&a, json ? "application/json" : "text/html; charset=utf-8", buf_bytes(&body));
	secret_wipe(body.p, body.n);
	return a;
}

static void
page_asked(void *arg, struct fcgi_visit *visit)
{
	struct fcgi_answer a = page_make(arg, fcgi_door_request(visit));
	fcgi_door_answer(visit, &a);
}

static void
page_refused(void *arg, struct fcgi_visit *visit, err_t e)
{
	struct fcgi_answer a = fcgi_answer_init(err_info(e.code)->http);
	(void)arg;
	fcgi_door_answer(visit, &a);
}

/* ---- start
 * ----------------------------------------------------------------------------------------------------------------------------
 */

static err_t
sources_open(struct courier *c, const struct courier_descriptors *fds)
{
	c->keys = (struct source){c, &table_keys_courier, -1};
	c->core = (struct source){c, &table_core_courier, -1};
	TRY(source_open(&c->keys, fds->keys));
	TRY(source_open(&c->core, fds->core));
	const struct fcgi_door door = {.ready = page_asked, .refused = page_refused, .arg = c};
	if (c->fcgi >= 0)
		TRY(fcgi_door_open(c->loop, c->fcgi, &door));
	return loop_add(c->loop, c->control, EPOLLIN, control_ready, c);
}

err_t
courier_new(struct loop *loop, const struct deliver *deliver, const char *folder, const struct courier_descriptors *fds,
    struct courier **ret_courier)
{
	struct courier *c = calloc(1, sizeof *c);
	if (c == NULL)
		abort();
	c->loop = loop;
	c->deliver = deliver;
	c->control = fds->control;
	c->fcgi = fds->fcgi;
	c->message = message_new(&message_courier);
	err_t e = queue_open(folder, deliver, clock_now(), &c->queue);
	if (!err_is(e))
		e = sources_open(c, fds);
	if (err_is(e)) {
		courier_free(c);
		return e;
	}
	queue_start(c->queue);
	c->pool = pool_new(CODE_WORKERS, CODE_QUEUE);
	*ret_courier = c;
	return OK;
}

void
courier_free(struct courier *c)
{
	if (c == NULL)
		return;
	pool_free(c->pool);
	queue_free(c->queue);
	if (c->keys.courier != NULL)
		source_close(&c->keys);
	if (c->core.courier != NULL)
		source_close(&c->core);
	message_free(&message_courier, c->message);
	free(c);
}
