#include "status/asker.h"
#include "base/bytes.h"
#include "base/log.h"
#include "os/clock.h"
#include "wire/channel.h"

#include <fcntl.h>

enum { ANSWERS_AT_ONCE = 64 };
#define SWEEP_US (INT64_C(250) * 1000)

struct pending {
	uint64_t id; /* 0: free */
	asker_done_f done;
	void *arg;
	int64_t deadline_us;
};

struct asker {
	struct loop *loop;
	int fd;
	uint64_t count;
	struct pending pending[ASKER_PENDING_MAX];
	uint16_t free[ASKER_PENDING_MAX];
	size_t free_n;
	paraph_StatusKeys *question, *answer;
};

static void
pending_end(struct asker *a, size_t slot, err_t e, const paraph_StatusKeys *answer)
{
	struct pending p = a->pending[slot];
	a->pending[slot].id = 0;
	a->free[a->free_n++] = (uint16_t)slot;
	p.done(p.arg, e, answer);
}

static void
connection_drop(struct asker *a)
{
	if (a->fd < 0)
		return;
	loop_remove(a->loop, a->fd);
	close(a->fd);
	a->fd = -1;
	for (size_t k = 0; k < ASKER_PENDING_MAX; k++)
		if (a->pending[k].id != 0)
			pending_end(a, k, err_make(ERR_PEER_GONE, "the key process ended"), NULL);
}

static void
sweep(void *arg)
{
	struct asker *a = arg;
	int64_t now = clock_monotonic();
	for (size_t k = 0; k < ASKER_PENDING_MAX; k++)
		if (a->pending[k].id != 0 && now > a->pending[k].deadline_us)
			pending_end(a, k, err_make(ERR_DEADLINE, "the key process did not answer in time"), NULL);
}

struct asker *
asker_new(struct loop *loop)
{
	struct asker *a = calloc(1, sizeof *a);
	if (a == NULL)
		abort();
	a->loop = loop;
	a->fd = -1;
	a->question = message_new(&message_status_keys);
	a->answer = message_new(&message_status_keys);
	for (size_t k = 0; k < ASKER_PENDING_MAX; k++)
		a->free[a->free_n++] = (uint16_t)(ASKER_PENDING_MAX - 1 - k);
	if (err_is(loop_every(loop, SWEEP_US, sweep, a)))
		abort(); /* a loop has room for more timers than we make */
	return a;
}

void
asker_free(struct asker *a)
{
	if (a == NULL)
		return;
	if (a->fd >= 0)
		close(a->fd);
	message_free(&message_status_keys, a->question);
	message_free(&message_status_keys, a->answer);
	free(a);
}

static void
answer_take(struct asker *a)
{
	const paraph_StatusKeys *m = a->answer;
	size_t slot = (size_t)(m->id % ASKER_PENDING_MAX);
	if (a->pending[slot].id != m->id)
		return; /* too late: its deadline has passed */
	if (m->which_body != paraph_StatusKeys_outcome_tag)
		pending_end(a, slot, OK, m);
	else if (m->body.outcome.code == ERR_OK)
		pending_end(a, slot, OK, m);
	else
		pending_end(a, slot, err_import((uint16_t)m->body.outcome.code, m->body.outcome.detail), NULL);
}

static void
answers_read(void *arg, uint32_t events)
{
	struct asker *a = arg;
	(void)events;
	for (int k = 0; k < ANSWERS_AT_ONCE && a->fd >= 0; k++) {
		int fds[LIMIT_WIRE_FDS];
		bool got = false;
		err_t e = channel_receive(a->fd, &message_status_keys, false, a->answer, fds, &got);
		if (err_is(e)) {
			log_error(e, "key-process-gone");
			connection_drop(a);
			return;
		}
		channel_close_fds(fds);
		if (!got)
			return;
		answer_take(a);
	}
}

err_t
asker_connect(struct asker *a, int fd)
{
	connection_drop(a);
	/* Never wait for a key process that does not read. */
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return err_errno("channel to the key process");
	a->fd = fd;
	return loop_add(a->loop, fd, EPOLLIN, answers_read, a);
}

paraph_StatusKeys *
asker_question(struct asker *a)
{
	message_clear(&message_status_keys, a->question);
	return a->question;
}

err_t
asker_send(struct asker *a, asker_done_f done, void *arg)
{
	if (a->fd < 0)
		return err_make(ERR_PEER_GONE, "the key process is not there");
	if (a->free_n == 0)
		return err_make(ERR_DEADLINE, "more than %d questions wait for the key process", ASKER_PENDING_MAX);
	size_t slot = a->free[a->free_n - 1];
	a->question->id = ++a->count * ASKER_PENDING_MAX + slot;
	int64_t deadline = clock_monotonic() + ASKER_DEADLINE_US;
	a->question->deadline_us = (uint64_t)deadline;
	TRY(channel_send(a->fd, &message_status_keys, a->question, NULL, 0));
	a->free_n--;
	a->pending[slot] = (struct pending){a->question->id, done, arg, deadline};
	return OK;
}
