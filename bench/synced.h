/*
 * What durable records cost at least: one append and one fdatasync, shared with whoever waits meanwhile, as the journals and the
 * database may share theirs. The file has no name once it is open. Any thread; a failure ends the program.
 */
#ifndef PARAPH_BENCH_SYNCED_H
#define PARAPH_BENCH_SYNCED_H

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SYNCED_RECORD = 512 };

struct synced {
	int fd;
	pthread_mutex_t lock; /* what follows */
	pthread_cond_t done;
	uint64_t wanted, synced;
	bool syncing;
};

/* False when there can be no such file in the directory. */
static inline bool
synced_open(struct synced *s, const char *directory, const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	*s = (struct synced){.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600),
	    .lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};
	return s->fd >= 0 && unlink(path) == 0;
}

static inline void
synced_append(struct synced *s)
{
	static const uint8_t record[SYNCED_RECORD];
	pthread_mutex_lock(&s->lock);
	if (write(s->fd, record, SYNCED_RECORD) != SYNCED_RECORD)
		abort();
	uint64_t mine = ++s->wanted;
	while (s->synced < mine) {
		if (s->syncing) {
			pthread_cond_wait(&s->done, &s->lock);
			continue;
		}
		s->syncing = true;
		uint64_t upto = s->wanted;
		pthread_mutex_unlock(&s->lock);
		if (fdatasync(s->fd) != 0)
			abort();
		pthread_mutex_lock(&s->lock);
		s->synced = upto;
		s->syncing = false;
		pthread_cond_broadcast(&s->done);
	}
	pthread_mutex_unlock(&s->lock);
}

#endif
