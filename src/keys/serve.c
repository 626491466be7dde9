#include "keys/serve.h"
#include "base/fault.h"
#include "base/log.h"
#include "keys/roles.h"
#include "os/clock.h"
#include "os/loop.h"
#include "os/pool.h"
#include "os/signal.h"
#include "wire/channel.h"

#include <pthread.h>

enum { QUEUE_MAX = 4096, BURST = 32 };
#define SUSPICION_US (30 * TIME_SECOND)

struct server;

/* A connection; its descriptor stays open until the last answer is sent. */
struct line {
	struct server *server;
	char name[32];
	int fd;
	_Atomic unsigned users;
	_Atomic int64_t suspect_until; /* CLOCK_MONOTONIC: who is there did not read its answers */
	bool open;                     /* the loop's */
};

struct server {
	const struct serve_setup *setup;
	const struct roles_channel *channel;
	struct loop *loop;
	struct pool *pool;
	struct line *lines[SERVE_CHANNELS_MAX];
	size_t lines_n;
};

struct job {
	struct line *line;
	void *request;
	int fds[LIMIT_WIRE_FDS];
};

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static void
line_leave(struct line *line)
{
	if (--line->users > 0)
		return;
	close(line->fd);
	free(line);
}

/* ---- a worker's part ---- */

/* Where the kill table lets keys die between two messages about a signature, while core asks somebody else. */
static void
answered(const struct message_kind *kind, void *answer)
{
	if (kind != &message_keys)
		return;
	if (message_head(answer)->which_body == paraph_Keys_sign_answer_tag)
		FAULT_POINT("keys.pen.answered");
	if (message_head(answer)->which_body == paraph_Keys_increment_answer_tag)
		FAULT_POINT("keys.increment.answered");
}

/* Workers are everybody's: after one waited in vain for a program that does not read, none waits for it again for a while.
 * What finds no room is dropped, and whoever asked has a deadline. */
static void
answer_send(struct line *line, const void *answer)
{
	int64_t now = clock_monotonic(), deadline = now < line->suspect_until ? 0 : now + CHANNEL_PATIENCE_US;
	err_t e = channel_send_until(line->fd, line->server->channel->table->kind, answer, NULL, 0, deadline);
	if (e.code == ERR_DEADLINE && deadline == 0)
		return; /* was told when it began */
	if (e.code == ERR_DEADLINE)
		line->suspect_until = clock_monotonic() + SUSPICION_US;
	if (err_is(e) && e.code != ERR_PEER_GONE)
		log_error(e, "answer");
}

static void
job_run(void *arg, size_t index)
{
	struct job *job = arg;
	struct server *s = job->line->server;
	const struct message_kind *kind = s->channel->table->kind;
	void *answer = message_new(kind);
	(void)index;
	roles_answer(s->setup->desk, s->channel, job->request, job->fds, answer);
	answer_send(job->line, answer);
	answered(kind, answer);
	message_free(kind, answer);
	message_free(kind, job->request);
	channel_close_fds(job->fds);
	line_leave(job->line);
	free(job);
}

/* ---- the loop's part ---- */

static void
line_close(struct line *line)
{
	struct server *s = line->server;
	if (!line->open)
		return;
	line->open = false;
	loop_remove(s->loop, line->fd);
	if (s->setup->ceremony)
		loop_stop(s->loop);
	for (size_t i = 0; i < s->lines_n; i++)
		if (s->lines[i] == line)
			s->lines[i] = s->lines[--s->lines_n];
	line_leave(line);
}

/* The loop waits for nobody: without room for it there is no answer, and a dead asker is noticed by the next read. */
static void
refuse_busy(const struct line *line, uint64_t id)
{
	const struct message_kind *kind = line->server->channel->table->kind;
	void *answer = message_new(kind);
	message_outcome(kind, answer, id, err_make(ERR_BUSY, "too many requests at once"));
	err_ignore(channel_send_until(line->fd, kind, answer, NULL, 0, 0));
	message_free(kind, answer);
}

/* Takes a message and its descriptors over. */
static err_t
accept_message(struct line *line, void *request, int fds[LIMIT_WIRE_FDS])
{
	struct server *s = line->server;
	err_t e = table_check(s->channel->table, request);
	if (err_is(e)) {
		message_free(s->channel->table->kind, request);
		channel_close_fds(fds);
		return e;
	}
	struct job *job = must(calloc(1, sizeof *job));
	*job = (struct job){.line = line, .request = request};
	memcpy(job->fds, fds, sizeof job->fds);
	line->users++;
	if (pool_submit(s->pool, job_run, job))
		return OK;
	refuse_busy(line, message_head(request)->id);
	message_free(s->channel->table->kind, request);
	channel_close_fds(fds);
	free(job);
	line->users--;
	return OK;
}

static err_t
read_one(struct line *line, bool *ret_got)
{
	const struct message_kind *kind = line->server->channel->table->kind;
	void *request = message_new(kind);
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	err_t e = channel_receive(line->fd, kind, false, request, fds, &got);
	*ret_got = got;
	if (!err_is(e) && got)
		return accept_message(line, request, fds);
	message_free(kind, request);
	return e;
}

static void
line_ready(void *arg, uint32_t events)
{
	struct line *line = arg;
	bool got = true;
	(void)events;
	for (int i = 0; i < BURST && got; i++) {
		err_t e = read_one(line, &got);
		if (!err_is(e))
			continue;
		if (e.code != ERR_PEER_GONE)
			log_error(e, "channel");
		line_close(line);
		return;
	}
}

static err_t
line_open(struct server *s, const char *name, int fd)
{
	if (s->lines_n == SERVE_CHANNELS_MAX)
		return err_make(ERR_LIMIT, "more than %d channels", SERVE_CHANNELS_MAX);
	struct line *line = must(calloc(1, sizeof *line));
	*line = (struct line){.server = s, .fd = fd, .users = 1, .open = true};
	snprintf(line->name, sizeof line->name, "%s", name);
	err_t e = loop_add(s->loop, fd, EPOLLIN, line_ready, line);
	if (err_is(e)) {
		free(line);
		return e;
	}
	s->lines[s->lines_n++] = line;
	return OK;
}

static void
line_replace(struct server *s, const char *name, int fd)
{
	for (size_t i = 0; i < s->lines_n; i++)
		if (strcmp(s->lines[i]->name, name) == 0) {
			line_close(s->lines[i]);
			break;
		}
	err_t e = line_open(s, name, fd);
	if (err_is(e)) {
		log_error(e, "channel");
		close(fd);
	}
}

/* ---- control ---- */

static bool
is_served(const struct server *s, const char *name)
{
	const char *own = s->channel->table->channel;
	return strncmp(name, own, strlen(own)) == 0; /* "status-keys" stands for status-keys-0, -1, … */
}

static void
channel_came(struct server *s, const char *name, int *fd)
{
	if (*fd < 0)
		return;
	if (strcmp(name, "keys-courier") == 0 && s->setup->desk->courier != NULL)
		client_replace(s->setup->desk->courier, *fd);
	else if (is_served(s, name))
		line_replace(s, name, *fd);
	else
		return;
	*fd = -1; /* taken over */
}

static void
control_ready(void *arg, uint32_t events)
{
	struct server *s = arg;
	paraph_Control *m = message_new(&message_control);
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	(void)events;
	err_t e = channel_receive(s->setup->control_fd, &message_control, false, m, fds, &got);
	if (!err_is(e) && got && !err_is(table_check(&table_control, m)) && m->which_body == paraph_Control_channel_tag)
		channel_came(s, m->body.channel.name, &fds[0]);
	if (err_is(e)) { /* without its supervisor a program ends */
		loop_remove(s->loop, s->setup->control_fd);
		loop_stop(s->loop);
	} else {
		channel_close_fds(fds);
	}
	message_free(&message_control, m);
}

static void
signal_ready(void *arg, uint32_t events)
{
	struct server *s = arg;
	(void)events;
	if (signal_next(s->setup->signal_fd) != 0)
		loop_stop(s->loop);
}

static err_t
tell_ready(const struct serve_setup *setup)
{
	log_event(LOG_INFO, "ready", "role", desk_role_text(setup->desk->role), NULL);
	if (setup->control_fd < 0)
		return OK;
	paraph_Control *m = message_new(&message_control);
	m->which_body = paraph_Control_ready_tag;
	err_t e = channel_send(setup->control_fd, &message_control, m, NULL, 0);
	message_free(&message_control, m);
	return e;
}

static err_t
open_all(struct server *s)
{
	const struct serve_setup *setup = s->setup;
	for (size_t i = 0; i < setup->channels_n; i++)
		TRY(line_open(s, setup->channels[i].name, setup->channels[i].fd));
	if (setup->control_fd >= 0)
		TRY(loop_add(s->loop, setup->control_fd, EPOLLIN, control_ready, s));
	if (setup->signal_fd >= 0)
		TRY(loop_add(s->loop, setup->signal_fd, EPOLLIN, signal_ready, s));
	return tell_ready(setup);
}

err_t
serve_run(const struct serve_setup *setup)
{
	struct server s = {.setup = setup, .channel = roles_channel(setup->desk->role, setup->ceremony)};
	s.loop = loop_new();
	s.pool = pool_new(setup->workers, QUEUE_MAX);
	desk_start(setup->desk);
	err_t e = open_all(&s);
	if (!err_is(e))
		e = loop_run(s.loop);
	while (s.lines_n > 0)
		line_close(s.lines[0]);
	pool_free(s.pool);
	loop_free(s.loop);
	return e;
}
