#include "courier/line.h"
#include "base/log.h"
#include "os/clock.h"
#include "wire/channel.h"

#include <fcntl.h>

enum { MESSAGES_AT_ONCE = 32 };

/* ---- answers ---- */

static void
answer(const struct line *l, int fd, uint64_t id, err_t e)
{
	if (fd != l->fd || fd < 0)
		return; /* who asked is gone */
	err_t sent = channel_send_outcome(fd, &message_courier, id, e);
	if (err_is(sent) && sent.code != ERR_PEER_GONE)
		log_error(sent, "answer");
}

/* A code that is on its way. */
struct errand {
	const struct line *line;
	uint64_t id;
	int fd;
};

static void
code_sent(void *arg, err_t e, const char *detail)
{
	struct errand *errand = arg;
	if (err_is(e)) {
		e = err_import(e.code, detail);
		log_error(e, "code-not-sent");
	} else {
		log_event(LOG_INFO, "code-sent", NULL);
	}
	answer(errand->line, errand->fd, errand->id, e);
	free(errand);
}

static void
code_take(const struct line *l, const paraph_Courier *m)
{
	struct errand *errand = malloc(sizeof *errand);
	if (errand == NULL)
		abort();
	*errand = (struct errand){l, m->id, l->fd};
	delivery_send(l->delivery, m, code_sent, errand);
}

/* ---- queue ---- */

struct parcel {
	struct queue *queue;
	struct queue_item *item;
};

static void
parcel_sent(void *arg, err_t e, const char *detail)
{
	struct parcel *p = arg;
	if (err_is(e)) {
		log_error(err_import(e.code, detail), "message-not-sent");
		queue_failed(p->queue, p->item, clock_monotonic());
	} else {
		queue_done(p->queue, p->item);
	}
	free(p);
}

void
line_queue_run(struct queue *queue, struct delivery *delivery)
{
	struct queue_item *item;
	for (int k = 0; k < MESSAGES_AT_ONCE && (item = queue_take(queue, clock_monotonic())) != NULL; k++) {
		struct parcel *p = malloc(sizeof *p);
		if (p == NULL)
			abort();
		*p = (struct parcel){queue, item};
		delivery_send(delivery, item->message, parcel_sent, p);
	}
}

/* ---- channel ---- */

static void
message_handle(struct line *l, const paraph_Courier *m)
{
	err_t e = OK;
	if (m->which_body == paraph_Courier_code_tag) {
		code_take(l, m);
		return;
	}
	if (m->which_body == paraph_Courier_message_tag)
		e = queue_put(l->queue, m);
	if (err_is(e))
		log_error(e, "message-not-taken");
	answer(l, l->fd, m->id, e);
}

static void
connection_drop(struct line *l)
{
	if (l->fd < 0)
		return;
	loop_remove(l->loop, l->fd);
	close(l->fd);
	l->fd = -1;
}

static bool
message_read(struct line *l, paraph_Courier *m)
{
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	err_t e = channel_receive(l->fd, &message_courier, false, m, fds, &got);
	if (!err_is(e) && got) {
		channel_close_fds(fds);
		e = table_check(l->table, m);
	}
	if (err_is(e)) {
		if (e.code != ERR_PEER_GONE)
			log_error(e, "channel");
		connection_drop(l);
		return false;
	}
	if (got)
		message_handle(l, m);
	return got;
}

static void
messages_read(void *arg, uint32_t events)
{
	struct line *l = arg;
	(void)events;
	paraph_Courier *m = message_new(&message_courier);
	for (int k = 0; k < MESSAGES_AT_ONCE && l->fd >= 0 && message_read(l, m); k++)
		;
	message_free(&message_courier, m); /* wiped: it may have held a code */
	if (l->queue != NULL)
		line_queue_run(l->queue, l->delivery);
}

err_t
line_connect(struct line *l, int fd)
{
	connection_drop(l);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return err_errno("channel");
	l->fd = fd;
	return loop_add(l->loop, fd, EPOLLIN, messages_read, l);
}
