#include "keys/proven.h"

#include <pthread.h>

struct proven {
	pthread_mutex_t lock;
	size_t n; /* ever added */
	uint8_t sha256[PROVEN_MAX][DIGEST_SHA256_LEN];
};

struct proven *
proven_new(void)
{
	struct proven *p = calloc(1, sizeof *p);
	if (p == NULL)
		abort();
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

void
proven_free(struct proven *p)
{
	if (p == NULL)
		return;
	pthread_mutex_destroy(&p->lock);
	free(p);
}

bool
proven_has(struct proven *p, const uint8_t sha256[DIGEST_SHA256_LEN])
{
	bool has = false;
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->n && i < PROVEN_MAX && !has; i++)
		has = memcmp(p->sha256[i], sha256, DIGEST_SHA256_LEN) == 0;
	pthread_mutex_unlock(&p->lock);
	return has;
}

void
proven_add(struct proven *p, const uint8_t sha256[DIGEST_SHA256_LEN])
{
	pthread_mutex_lock(&p->lock);
	memcpy(p->sha256[p->n++ % PROVEN_MAX], sha256, DIGEST_SHA256_LEN);
	pthread_mutex_unlock(&p->lock);
}
