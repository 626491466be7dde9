#include "core/lease.h"

#include <pthread.h>

#include "os/clock.h"

enum { LEASES_MAX = 4096 };

struct lease {
	pthread_mutex_t mutex;
	pthread_cond_t given;
	size_t n;
	struct id taken[LEASES_MAX];
};

struct lease *
lease_new(void)
{
	struct lease *l = calloc(1, sizeof *l);
	pthread_condattr_t attr;
	if (l == NULL)
		abort();
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&l->mutex, NULL);
	pthread_cond_init(&l->given, &attr);
	pthread_condattr_destroy(&attr);
	return l;
}

void
lease_free(struct lease *l)
{
	if (l == NULL)
		return;
	pthread_cond_destroy(&l->given);
	pthread_mutex_destroy(&l->mutex);
	free(l);
}

/* The mutex is held. */
static size_t
find(const struct lease *l, struct id document)
{
	size_t at = 0;
	while (at < l->n && !id_eq(l->taken[at], document))
		at++;
	return at;
}

static bool
all_free(const struct lease *l, const struct id *documents, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (find(l, documents[i]) < l->n)
			return false;
	return l->n + n <= LEASES_MAX;
}

err_t
lease_take(struct lease *l, const struct id *documents, size_t n, int64_t patience_us)
{
	int64_t until = clock_monotonic() + patience_us;
	struct timespec t = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};
	int rc = 0;
	pthread_mutex_lock(&l->mutex);
	while (!all_free(l, documents, n) && rc == 0)
		rc = pthread_cond_timedwait(&l->given, &l->mutex, &t);
	bool taken = all_free(l, documents, n);
	for (size_t i = 0; taken && i < n; i++)
		l->taken[l->n++] = documents[i];
	pthread_mutex_unlock(&l->mutex);
	return taken ? OK : err_make(ERR_DEADLINE, "somebody else signs this document for too long");
}

void
lease_give(struct lease *l, const struct id *documents, size_t n)
{
	pthread_mutex_lock(&l->mutex);
	for (size_t i = 0; i < n; i++) {
		size_t at = find(l, documents[i]);
		if (at < l->n)
			l->taken[at] = l->taken[--l->n];
	}
	pthread_cond_broadcast(&l->given);
	pthread_mutex_unlock(&l->mutex);
}
