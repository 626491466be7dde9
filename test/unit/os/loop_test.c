#include "base/time.h"
#include "os/clock.h"
#include "os/loop.h"
#include "os/pool.h"
#include "os/process.h"
#include "os/signal.h"
#include "os/socket.h"
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

static struct {
	struct loop *loop;
	int reads, ticks, posts;
	int fd;
} seen;

static void
readable(void *arg, uint32_t events)
{
	char c;
	(void)arg;
	assert_true(events & EPOLLIN);
	assert_int_equal(read(seen.fd, &c, 1), 1);
	if (++seen.reads == 3)
		loop_remove(seen.loop, seen.fd);
}

static void
posted(void *arg)
{
	(void)arg;
	seen.posts++;
}

static void
tick(void *arg)
{
	(void)arg;
	if (++seen.ticks == 3)
		loop_stop(seen.loop);
}

static void *
poster(void *arg)
{
	for (int i = 0; i < 1000; i++)
		loop_post(seen.loop, posted, arg);
	return NULL;
}

static void
descriptors_timers_and_posts(void **state)
{
	(void)state;
	int pair[2];
	pthread_t thread;
	memset(&seen, 0, sizeof seen);
	seen.loop = loop_new();
	assert_ok(socket_pair(pair));
	seen.fd = pair[0];
	for (int i = 0; i < 5; i++)
		assert_int_equal(write(pair[1], "x", 1), 1);
	assert_ok(loop_add(seen.loop, pair[0], EPOLLIN, readable, NULL));
	int64_t start = clock_monotonic();
	assert_ok(loop_every(seen.loop, TIME_SECOND / 50, tick, NULL));
	pthread_create(&thread, NULL, poster, NULL);
	assert_ok(loop_run(seen.loop));
	pthread_join(thread, NULL);
	assert_int_equal(seen.reads, 3); /* removed from inside its own callback */
	assert_int_equal(seen.ticks, 3);
	assert_int_equal(seen.posts, 1000);
	assert_true(clock_monotonic() - start >= 3 * TIME_SECOND / 50);
	loop_free(seen.loop);
	close(pair[0]);
	close(pair[1]);
}

static atomic_int jobs;

static void
job(void *arg, size_t index)
{
	assert_true(index < 3);
	atomic_fetch_add(&jobs, (int)(intptr_t)arg);
}

static void
pool_runs_every_job_once(void **state)
{
	(void)state;
	struct pool *p = pool_new(3, 10000);
	int wanted = 0;
	for (int i = 1; i <= 10000; i++) {
		while (!pool_submit(p, job, (void *)(intptr_t)i))
			;
		wanted += i;
	}
	pool_free(p);
	assert_int_equal(jobs, wanted);
}

static void
signals_come_as_descriptors(void **state)
{
	(void)state;
	int fd;
	assert_ok(signal_open(false, &fd));
	assert_int_equal(signal_next(fd), 0);
	kill(getpid(), SIGTERM);
	assert_int_equal(signal_next(fd), SIGTERM);
	close(fd);
}

static void
content_time_never_goes_back(void **state)
{
	(void)state;
	int64_t now = clock_now(), later = now + 3600 * TIME_SECOND;
	clock_mark(later);
	assert_true(clock_now() >= later);
	clock_mark(now);
	assert_true(clock_now() >= later);
	assert_true(clock_state().behind_mark_us > 3500 * TIME_SECOND);
}

static void
arguments_are_pairs(void **state)
{
	(void)state;
	char name[] = "p", instance[] = "instance=/x", keys[] = "keys=0", bad[] = "bad=zero";
	char *argv[] = {name, instance, keys, bad};
	int fd = -1;
	assert_string_equal(process_argument(4, argv, "instance"), "/x");
	assert_null(process_argument(4, argv, "inst"));
	assert_ok(process_fd(4, argv, "keys", &fd));
	assert_int_equal(fd, 0);
	assert_err(process_fd(4, argv, "status", &fd), ERR_CONF);
	assert_err(process_fd(4, argv, "bad", &fd), ERR_INPUT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(descriptors_timers_and_posts),
    cmocka_unit_test(pool_runs_every_job_once),
    cmocka_unit_test(signals_come_as_descriptors),
    cmocka_unit_test(content_time_never_goes_back),
    cmocka_unit_test(arguments_are_pairs),
};
UNIT_MAIN(tests)
