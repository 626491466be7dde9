#include "wire/client.h"
#include "base/log.h"
#include "os/clock.h"
#include "wire/channel.h"

#include <pthread.h>
#include <sys/socket.h>

/* One call that waits; lives on its caller's stack. */
struct call {
	struct call *next;
	uint64_t id;
	void *answer;
	err_t result;
	char detail[256];
	bool done;
	pthread_cond_t wake;
};

struct client {
	const struct message_kind *kind;
	pthread_mutex_t lock; /* guards all below; never held while sending or receiving */
	pthread_cond_t connected;
	pthread_t reader;
	struct call *calls;
	uint64_t last_id;
	int fd;
	unsigned users; /* threads that are sending on fd just now */
	bool ending;
};

static void
cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

/* False when the deadline has passed. */
static bool
cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t deadline)
{
	struct timespec t = {.tv_sec = deadline / TIME_SECOND, .tv_nsec = deadline % TIME_SECOND * 1000};
	return pthread_cond_timedwait(cond, lock, &t) == 0;
}

/* Ends a call; the lock is held. */
static void
call_finish(struct call *call, err_t result)
{
	call->result = result;
	if (err_is(result))
		snprintf(call->detail, sizeof call->detail, "%s", err_detail());
	call->done = true;
	pthread_cond_signal(&call->wake);
}

static struct call *
call_find(struct client *c, uint64_t id)
{
	struct call *call = c->calls;
	while (call != NULL && call->id != id)
		call = call->next;
	return call;
}

static void
call_remove(struct client *c, struct call *call)
{
	for (struct call **at = &c->calls; *at != NULL; at = &(*at)->next) {
		if (*at == call) {
			*at = call->next;
			return;
		}
	}
}

static err_t
answer_result(const struct message_kind *kind, const void *message)
{
	const struct message_head *head = message;
	const paraph_Outcome *outcome = (const paraph_Outcome *)((const char *)message + kind->body);
	if (head->which_body != kind->outcome || outcome->code == ERR_OK)
		return OK;
	return err_import((uint16_t)outcome->code, outcome->detail);
}

static void
answer_copy(const struct message_kind *kind, const void *from, void *to)
{
	if (message_head(to)->which_body != 0)
		message_clear(kind, to);
	memcpy(to, from, message_used(kind, from));
}

/* Gives the answer to the call that waits for it; an answer nobody waits for any more is dropped. */
static void
answer_deliver(struct client *c, const void *message)
{
	pthread_mutex_lock(&c->lock);
	struct call *call = call_find(c, ((const struct message_head *)message)->id);
	if (call != NULL && !call->done) {
		if (call->answer != NULL)
			answer_copy(c->kind, message, call->answer);
		call_finish(call, answer_result(c->kind, message));
	}
	pthread_mutex_unlock(&c->lock);
}

/* Ends every waiting call and closes the descriptor once no thread sends on it. The lock is held. */
static void
connection_end(struct client *c, int fd)
{
	for (struct call *call = c->calls; call != NULL; call = call->next)
		if (!call->done)
			call_finish(call, err_make(ERR_PEER_GONE, "the %s program ended", c->kind->name));
	while (c->users > 0)
		pthread_cond_wait(&c->connected, &c->lock);
	if (c->fd == fd)
		c->fd = -1;
	close(fd);
	pthread_cond_broadcast(&c->connected); /* client_replace may wait for this */
}

static void
answers_read(struct client *c, int fd, void *message)
{
	for (;;) {
		int fds[LIMIT_WIRE_FDS];
		bool got = false;
		err_t e = channel_receive(fd, c->kind, true, message, fds, &got);
		if (err_is(e)) {
			if (e.code != ERR_PEER_GONE)
				log_error(e, "channel-broken");
			return;
		}
		channel_close_fds(fds); /* answers carry none */
		if (got)
			answer_deliver(c, message);
	}
}

static void *
reader_run(void *arg)
{
	struct client *c = arg;
	void *message = message_new(c->kind);
	pthread_mutex_lock(&c->lock);
	while (!c->ending) {
		if (c->fd < 0) {
			pthread_cond_wait(&c->connected, &c->lock);
			continue;
		}
		int fd = c->fd;
		pthread_mutex_unlock(&c->lock);
		answers_read(c, fd, message);
		pthread_mutex_lock(&c->lock);
		connection_end(c, fd);
	}
	pthread_mutex_unlock(&c->lock);
	message_free(c->kind, message);
	return NULL;
}

struct client *
client_new(const struct message_kind *kind, int fd)
{
	struct client *c = calloc(1, sizeof *c);
	if (c == NULL)
		abort();
	c->kind = kind;
	c->fd = fd;
	pthread_mutex_init(&c->lock, NULL);
	cond_init(&c->connected);
	if (pthread_create(&c->reader, NULL, reader_run, c) != 0)
		abort();
	return c;
}

void
client_free(struct client *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->ending = true;
	if (c->fd >= 0)
		shutdown(c->fd, SHUT_RDWR);
	pthread_cond_broadcast(&c->connected);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->reader, NULL);
	pthread_cond_destroy(&c->connected);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void
client_replace(struct client *c, int fd)
{
	pthread_mutex_lock(&c->lock);
	if (c->fd >= 0) { /* the reader notices and closes it */
		shutdown(c->fd, SHUT_RDWR);
		while (c->fd >= 0)
			pthread_cond_wait(&c->connected, &c->lock);
	}
	c->fd = fd;
	pthread_cond_broadcast(&c->connected);
	pthread_mutex_unlock(&c->lock);
}

bool
client_connected(struct client *c)
{
	pthread_mutex_lock(&c->lock);
	bool there = c->fd >= 0;
	pthread_mutex_unlock(&c->lock);
	return there;
}

/* Waits for a descriptor and marks it as used; the lock is held. */
static err_t
connection_use(struct client *c, int64_t deadline, int *ret_fd)
{
	while (c->fd < 0) {
		if (!cond_wait_until(&c->connected, &c->lock, deadline))
			return err_make(ERR_PEER_GONE, "the %s program is not running", c->kind->name);
	}
	c->users++;
	*ret_fd = c->fd;
	return OK;
}

static void
connection_unuse(struct client *c)
{
	c->users--;
	pthread_cond_broadcast(&c->connected);
}

static err_t
call_wait(struct client *c, struct call *call, int64_t deadline)
{
	while (!call->done)
		if (!cond_wait_until(&call->wake, &c->lock, deadline) && !call->done)
			return err_make(ERR_DEADLINE, "the %s program did not answer in time", c->kind->name);
	if (err_is(call->result))
		return err_import(call->result.code, call->detail);
	return OK;
}

/* Sends without the lock, so that a full socket holds up nobody else. */
static err_t
call_send(struct client *c, void *request, const int *fds, size_t fds_n, int64_t deadline)
{
	int fd;
	TRY(connection_use(c, deadline, &fd));
	pthread_mutex_unlock(&c->lock);
	err_t e = channel_send_until(fd, c->kind, request, fds, fds_n, deadline);
	pthread_mutex_lock(&c->lock);
	connection_unuse(c);
	return e;
}

err_t
client_call(struct client *c, void *request, const int *fds, size_t fds_n, int64_t timeout_us, void *ret_answer)
{
	int64_t deadline = clock_monotonic() + timeout_us;
	struct call call = {.answer = ret_answer};
	cond_init(&call.wake);
	pthread_mutex_lock(&c->lock);
	call.id = ++c->last_id;
	call.next = c->calls;
	c->calls = &call;
	message_head(request)->id = call.id;
	message_head(request)->deadline_us = (uint64_t)deadline;
	err_t e = call_send(c, request, fds, fds_n, deadline);
	if (!err_is(e))
		e = call_wait(c, &call, deadline);
	call_remove(c, &call);
	pthread_mutex_unlock(&c->lock);
	pthread_cond_destroy(&call.wake);
	return e;
}

err_t
client_ask(struct client *c, void *request, const int *fds, size_t fds_n, int64_t timeout_us, pb_size_t wanted,
    void *ret_answer)
{
	TRY(client_call(c, request, fds, fds_n, timeout_us, ret_answer));
	if (message_head(ret_answer)->which_body != wanted)
		return err_make(ERR_WIRE, "the %s program gave answer %u, expected %u", c->kind->name,
		    (unsigned)message_head(ret_answer)->which_body, (unsigned)wanted);
	return OK;
}
