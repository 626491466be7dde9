#include "core/health.h"

#include "core/ask.h"
#include "os/clock.h"

#define PATIENCE_US (2 * TIME_SECOND)
#define LASTS_US (10 * TIME_SECOND) /* longer than asking all of them takes: who comes meanwhile does not wait again and again */

static struct {
	pthread_mutex_t mutex; /* not held while anybody is asked */
	pthread_cond_t told;
	bool known, asking;
	int64_t at; /* monotonic */
	struct health found;
} self = {.mutex = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER};

static bool
keys_answers(struct core *core)
{
	AUTO_KEYS(ask);
	ask->which_body = paraph_Keys_health_tag;
	return client_connected(core->keys) && !err_is(client_call(core->keys, ask, NULL, 0, PATIENCE_US, NULL));
}

static bool
courier_answers(struct core *core)
{
	AUTO_COURIER(ask);
	ask->which_body = paraph_Courier_health_tag;
	return client_connected(core->courier) && !err_is(client_call(core->courier, ask, NULL, 0, PATIENCE_US, NULL));
}

static bool
document_there(struct core *core)
{
	int fd = -1;
	if (err_is(core_document_dup(core, &fd)))
		return false;
	bool gone = core_peer_gone(fd);
	close(fd);
	return !gone;
}

static bool
status_connected(struct core *core)
{
	bool there = false;
	for (size_t i = 0; i < core->status_n; i++)
		there = there || client_connected(core->status[i]);
	return there;
}

/* True when it is the caller's turn to find out. */
static bool
begin(struct health *ret_found)
{
	bool waited = false;
	pthread_mutex_lock(&self.mutex);
	while (self.asking && !(self.known && clock_monotonic() - self.at < LASTS_US)) {
		pthread_cond_wait(&self.told, &self.mutex);
		waited = true;
	}
	bool mine = !self.asking && !waited;
	self.asking = self.asking || mine;
	*ret_found = self.found;
	pthread_mutex_unlock(&self.mutex);
	return mine;
}

static void
end(const struct health *found)
{
	pthread_mutex_lock(&self.mutex);
	self.found = *found;
	self.at = clock_monotonic();
	self.known = true;
	self.asking = false;
	pthread_cond_broadcast(&self.told);
	pthread_mutex_unlock(&self.mutex);
}

void
health_get(struct core *core, struct health *ret_health)
{
	struct health h;
	if (begin(&h)) {
		h.keys = keys_answers(core);
		h.courier = courier_answers(core);
		h.status = !err_is(ask_status_health_within(core, PATIENCE_US));
		end(&h);
	}
	h.keys = h.keys && client_connected(core->keys);
	h.courier = h.courier && client_connected(core->courier);
	h.status = h.status && status_connected(core);
	h.document = document_there(core);
	*ret_health = h;
}
