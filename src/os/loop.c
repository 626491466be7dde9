#include "os/loop.h"
#include "os/clock.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>

enum { TIMERS_MAX = 16, EVENTS_MAX = 64 };

struct watch {
	loop_ready_f ready;
	void *arg;
};

struct posted {
	struct posted *next;
	void (*f)(void *arg);
	void *arg;
};

struct timer {
	int64_t period, due;
	loop_tick_f tick;
	void *arg;
};

struct loop {
	int epoll_fd, wake_fd;
	struct watch *watches; /* by descriptor number */
	size_t watch_room;
	struct timer timers[TIMERS_MAX];
	size_t timers_n;
	pthread_mutex_t lock; /* guards the list of posted calls and stop */
	struct posted *first, **last;
	bool stop;
};

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

struct loop *
loop_new(void)
{
	struct loop *l = must(calloc(1, sizeof *l));
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->epoll_fd < 0 || l->wake_fd < 0)
		abort();
	pthread_mutex_init(&l->lock, NULL);
	l->last = &l->first;
	struct epoll_event e = {.events = EPOLLIN, .data.fd = l->wake_fd};
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->wake_fd, &e) != 0)
		abort();
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	for (struct posted *p = l->first, *next; p != NULL; p = next) {
		next = p->next;
		free(p);
	}
	close(l->epoll_fd);
	close(l->wake_fd);
	pthread_mutex_destroy(&l->lock);
	free(l->watches);
	free(l);
}

static void
watches_grow(struct loop *l, int fd)
{
	size_t need = (size_t)fd + 1;
	if (need <= l->watch_room)
		return;
	size_t room = l->watch_room < 64 ? 64 : l->watch_room * 2;
	room = room < need ? need : room;
	l->watches = must(reallocarray(l->watches, room, sizeof *l->watches));
	memset(l->watches + l->watch_room, 0, (room - l->watch_room) * sizeof *l->watches);
	l->watch_room = room;
}

err_t
loop_add(struct loop *l, int fd, uint32_t events, loop_ready_f ready, void *arg)
{
	struct epoll_event e = {.events = events, .data.fd = fd};
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &e) != 0)
		return err_errno("watching descriptor %d", fd);
	watches_grow(l, fd);
	l->watches[fd] = (struct watch){ready, arg};
	return OK;
}

err_t
loop_change(struct loop *l, int fd, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = fd};
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, fd, &e) != 0)
		return err_errno("watching descriptor %d", fd);
	return OK;
}

void
loop_remove(struct loop *l, int fd)
{
	epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	if (fd >= 0 && (size_t)fd < l->watch_room)
		l->watches[fd] = (struct watch){0};
}

err_t
loop_every(struct loop *l, int64_t period_us, loop_tick_f tick, void *arg)
{
	if (l->timers_n == TIMERS_MAX)
		return err_make(ERR_LIMIT, "a loop has at most %d timers", TIMERS_MAX);
	l->timers[l->timers_n++] = (struct timer){period_us, clock_monotonic() + period_us, tick, arg};
	return OK;
}

static void
wake(struct loop *l)
{
	uint64_t one = 1;
	ssize_t n = write(l->wake_fd, &one, sizeof one);
	(void)n; /* a full counter wakes just as well */
}

void
loop_post(struct loop *l, void (*f)(void *arg), void *arg)
{
	struct posted *p = must(calloc(1, sizeof *p));
	p->f = f;
	p->arg = arg;
	pthread_mutex_lock(&l->lock);
	*l->last = p;
	l->last = &p->next;
	pthread_mutex_unlock(&l->lock);
	wake(l);
}

void
loop_stop(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_mutex_unlock(&l->lock);
	wake(l);
}

static struct posted *
posted_take(struct loop *l, bool *ret_stop)
{
	uint64_t count;
	ssize_t n = read(l->wake_fd, &count, sizeof count);
	(void)n;
	pthread_mutex_lock(&l->lock);
	struct posted *first = l->first;
	l->first = NULL;
	l->last = &l->first;
	*ret_stop = l->stop;
	pthread_mutex_unlock(&l->lock);
	return first;
}

static bool
posted_run(struct loop *l)
{
	bool stop;
	for (struct posted *p = posted_take(l, &stop), *next; p != NULL; p = next) {
		next = p->next;
		p->f(p->arg);
		free(p);
	}
	return stop;
}

/* Runs the timers that are due; milliseconds until the next one, -1 when there is none. */
static int
timers_run(struct loop *l)
{
	int64_t now = clock_monotonic(), next = INT64_MAX;
	for (size_t i = 0; i < l->timers_n; i++) {
		struct timer *t = &l->timers[i];
		if (t->due <= now) {
			t->due = now + t->period;
			t->tick(t->arg);
		}
		next = t->due < next ? t->due : next;
	}
	if (next == INT64_MAX)
		return -1;
	int64_t left = next - clock_monotonic();
	return left <= 0 ? 0 : (int)(left / 1000 + 1);
}

err_t
loop_run(struct loop *l)
{
	for (;;) {
		struct epoll_event events[EVENTS_MAX];
		int n = epoll_wait(l->epoll_fd, events, EVENTS_MAX, timers_run(l));
		if (n < 0 && errno != EINTR)
			return err_errno("epoll_wait");
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			/* An earlier callback of this round may have removed it. */
			if ((size_t)fd < l->watch_room && l->watches[fd].ready != NULL)
				l->watches[fd].ready(l->watches[fd].arg, events[i].events);
		}
		if (posted_run(l))
			return OK;
	}
}
