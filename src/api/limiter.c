#include "api/limiter.h"

#include <pthread.h>

#include "base/digest.h"
#include "base/rand.h"
#include "base/time.h"

enum { PLACES = 8192 };

struct limiter {
	pthread_mutex_t mutex;
	uint8_t key[16]; /* so that nobody can choose names that share a place */
	struct {
		int64_t minute;
		unsigned n;
	} place[PLACES];
};

struct limiter *
limiter_new(void)
{
	struct limiter *l = calloc(1, sizeof *l);
	if (l == NULL)
		abort();
	pthread_mutex_init(&l->mutex, NULL);
	rand_fill(l->key, sizeof l->key);
	return l;
}

void
limiter_free(struct limiter *l)
{
	if (l == NULL)
		return;
	pthread_mutex_destroy(&l->mutex);
	free(l);
}

static size_t
place_of(const struct limiter *l, struct str name, unsigned class_)
{
	uint8_t hash[DIGEST_SHA256_LEN], c = (uint8_t)class_;
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, BYTES_OF(l->key));
	digest_add(d, bytes(&c, 1));
	digest_add(d, str_bytes(name));
	digest_peek(d, hash);
	return ((size_t)hash[0] << 8 | hash[1]) % PLACES;
}

err_t
limiter_count(struct limiter *l, struct str name, unsigned class_, unsigned limit, int64_t now_us)
{
	size_t at = place_of(l, name, class_);
	int64_t minute = now_us / TIME_MINUTE;
	pthread_mutex_lock(&l->mutex);
	if (l->place[at].minute != minute) {
		l->place[at].minute = minute;
		l->place[at].n = 0;
	}
	unsigned n = ++l->place[at].n;
	pthread_mutex_unlock(&l->mutex);
	return n <= limit ? OK : err_make(ERR_RATE, "more than %u requests in a minute", limit);
}
