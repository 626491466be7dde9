#include "os/pool.h"

#include <pthread.h>

struct job {
	pool_job_f f;
	void *arg;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct job *queue; /* a ring */
	size_t first, n, max;
	bool ending;
	size_t workers;
	pthread_t threads[];
};

struct worker {
	struct pool *pool;
	size_t index;
};

static bool
job_next(struct pool *p, struct job *ret_job)
{
	pthread_mutex_lock(&p->lock);
	while (p->n == 0 && !p->ending)
		pthread_cond_wait(&p->more, &p->lock);
	bool got = p->n > 0;
	if (got) {
		*ret_job = p->queue[p->first];
		p->first = (p->first + 1) % p->max;
		p->n--;
	}
	pthread_mutex_unlock(&p->lock);
	return got;
}

static void *
work(void *arg)
{
	struct worker w = *(struct worker *)arg;
	free(arg);
	struct job job;
	while (job_next(w.pool, &job))
		job.f(job.arg, w.index);
	return NULL;
}

struct pool *
pool_new(size_t workers, size_t queue_max)
{
	struct pool *p = calloc(1, sizeof *p + workers * sizeof p->threads[0]);
	struct job *queue = calloc(queue_max, sizeof *queue);
	if (p == NULL || queue == NULL)
		abort();
	p->queue = queue;
	p->max = queue_max;
	p->workers = workers;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	for (size_t i = 0; i < workers; i++) {
		struct worker *w = calloc(1, sizeof *w);
		if (w == NULL)
			abort();
		*w = (struct worker){p, i};
		if (pthread_create(&p->threads[i], NULL, work, w) != 0)
			abort();
	}
	return p;
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->workers; i++)
		pthread_join(p->threads[i], NULL);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->more);
	free(p->queue);
	free(p);
}

bool
pool_submit(struct pool *p, pool_job_f job, void *arg)
{
	pthread_mutex_lock(&p->lock);
	bool room = p->n < p->max && !p->ending;
	if (room) {
		p->queue[(p->first + p->n) % p->max] = (struct job){job, arg};
		p->n++;
		pthread_cond_signal(&p->more);
	}
	pthread_mutex_unlock(&p->lock);
	return room;
}
