#include "keys/pens.h"

#include <pthread.h>

struct pens {
	pthread_mutex_t lock;
	struct pen *newest;
	size_t n;
};

struct pens *
pens_new(void)
{
	struct pens *p = calloc(1, sizeof *p);
	if (p == NULL)
		abort();
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

void
pens_free(struct pens *p)
{
	if (p == NULL)
		return;
	while (p->newest != NULL) {
		struct pen *pen = p->newest;
		p->newest = pen->next;
		pens_drop(pen);
	}
	pthread_mutex_destroy(&p->lock);
	free(p);
}

struct pen *
pens_make(const uint8_t intent[RECORD_ID])
{
	struct pen *pen = calloc(1, sizeof *pen);
	if (pen == NULL)
		abort();
	memcpy(pen->intent, intent, RECORD_ID);
	pen->plan_octets = buf_init(LIMIT_PLAN);
	pen->increment = buf_init(LIMIT_INCREMENT);
	pen->hash = digest_new(DIGEST_SHA256);
	pen->out_fd = -1;
	return pen;
}

void
pens_drop(struct pen *pen)
{
	if (pen == NULL)
		return;
	buf_done(&pen->plan_octets);
	buf_done(&pen->increment);
	digest_free(pen->hash);
	if (pen->out_fd >= 0)
		close(pen->out_fd);
	free(pen);
}

/* Unhooks the oldest one; the lock is held. */
static struct pen *
take_oldest(struct pens *p)
{
	struct pen **at = &p->newest;
	while ((*at)->next != NULL)
		at = &(*at)->next;
	struct pen *oldest = *at;
	*at = NULL;
	p->n--;
	return oldest;
}

void
pens_put(struct pens *p, struct pen *pen)
{
	pthread_mutex_lock(&p->lock);
	pen->next = p->newest;
	p->newest = pen;
	struct pen *gone = ++p->n > PENS_MAX ? take_oldest(p) : NULL;
	pthread_mutex_unlock(&p->lock);
	pens_drop(gone);
}

err_t
pens_take(struct pens *p, const uint8_t intent[RECORD_ID], struct pen **ret_pen)
{
	pthread_mutex_lock(&p->lock);
	struct pen **at = &p->newest;
	while (*at != NULL && memcmp((*at)->intent, intent, RECORD_ID) != 0)
		at = &(*at)->next;
	struct pen *pen = *at;
	if (pen != NULL) {
		*at = pen->next;
		p->n--;
	}
	pthread_mutex_unlock(&p->lock);
	if (pen == NULL)
		return err_make(ERR_INTENT, "nothing is on its way for this intent: resume it");
	*ret_pen = pen;
	return OK;
}
