#include "api/limiter.h"

#include <pthread.h>

#include "base/digest.h"
#include "base/rand.h"
#include "base/time.h"

enum {
	SETS = 2048,
	WAYS = 8, /* places of a set: so many names of one minute may meet before one of them is forgotten */
};

struct place {
	uint64_t name; /* 64 bits of the keyed digest; together with the set enough to tell names apart */
	int64_t minute;
	unsigned n;
};

struct limiter {
	pthread_mutex_t mutex;
	uint8_t key[16]; /* so that nobody can choose names that meet in a set */
	struct place set[SETS][WAYS];
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

/* Where a name is counted. */
struct spot {
	size_t set;
	uint64_t tag;
};

static struct spot
spot_of(const struct limiter *l, struct str name, unsigned class_)
{
	uint8_t hash[DIGEST_SHA256_LEN], c = (uint8_t)class_;
	struct spot s;
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, BYTES_OF(l->key));
	digest_add(d, bytes(&c, 1));
	digest_add(d, str_bytes(name));
	digest_peek(d, hash);
	memcpy(&s.tag, hash + 2, sizeof s.tag);
	s.set = ((size_t)hash[0] << 8 | hash[1]) % SETS;
	return s;
}

/* The place of a name in its set: its own, else one that an earlier minute left, else the least used. The busiest names keep
 * their counts, so a flood of names frees nobody who floods. Under the mutex. */
static struct place *
place_of(struct limiter *l, struct spot spot, int64_t minute)
{
	struct place *set = l->set[spot.set], *free_one = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		bool old = set[i].minute != minute;
		if (!old && set[i].name == spot.tag)
			return &set[i];
		bool taken = free_one->minute == minute;
		if (taken && (old || set[i].n < free_one->n))
			free_one = &set[i];
	}
	*free_one = (struct place){.name = spot.tag, .minute = minute};
	return free_one;
}

err_t
limiter_count(struct limiter *l, struct str name, unsigned class_, unsigned limit, int64_t now_us)
{
	int64_t minute = now_us / TIME_MINUTE + 1; /* an empty table is of minute 0 */
	struct spot spot = spot_of(l, name, class_); /* hashed before all others have to wait */
	pthread_mutex_lock(&l->mutex);
	unsigned n = ++place_of(l, spot, minute)->n;
	pthread_mutex_unlock(&l->mutex);
	return n <= limit ? OK : err_make(ERR_RATE, "more than %u requests in a minute", limit);
}
