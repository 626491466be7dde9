#include "core/house.h"

#include "base/fault.h"
#include "base/log.h"
#include "core/ask.h"
#include "core/audit.h"
#include "core/authority.h"
#include "core/crl.h"
#include "core/idempotency.h"
#include "core/issued.h"
#include "core/link.h"
#include "core/outbox.h"
#include "core/pack.h"
#include "core/request.h"
#include "core/responder.h"
#include "core/served.h"
#include "core/sign.h"
#include "core/upload.h"
#include "os/clock.h"
#include "store/copy.h"

#include <limits.h>

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t woken;
	pthread_t thread;
	bool wake, ending, started;
	int64_t started_at;
	struct worker worker; /* of the thread only */
	const struct instance *instance;
} self = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* ---- the tasks -------------------------------------------------------------------------------------------------------- */

static err_t
send_messages(struct worker *w)
{
	bool more = false;
	err_t e = outbox_send(w, &more);
	if (more)
		house_wake();
	return e;
}

static err_t
settle(struct worker *w)
{
	/* Younger ones are being signed at this moment, by a worker that settles what it can itself; but those that are older than
	 * this process have nobody else. */
	static struct act_place place; /* what cannot be settled must not keep the others from their turn */
	int64_t before = clock_now() - TIME_MINUTE / 2;
	return sign_settle(w, before > self.started_at ? before : self.started_at, &place);
}

static err_t
revocations(struct worker *w)
{
	return crl_keep(w, self.instance->crl_every_minutes * TIME_MINUTE, self.instance->crl_next_update_hours * TIME_HOUR);
}

static err_t
authority(struct worker *w)
{
	return authority_keep(w->core);
}

static err_t
responder(struct worker *w)
{
	return responder_keep(w, self.instance->ocsp_certificate_days * TIME_DAY);
}

static err_t
checkpoint(struct worker *w)
{
	struct audit_point point;
	uint64_t size;
	TRY(audit_size(w->reader, &size));
	return audit_checkpoint(w, size, &point);
}

/* After the checkpoint, which it is to hold. */
static err_t
audit_copy(struct worker *w)
{
	char path[PATH_MAX];
	if (w->core->set.audit_dir == NULL)
		return OK;
	if (snprintf(path, sizeof path, "%s/paraph.db", w->core->set.audit_dir) >= PATH_MAX)
		return err_make(ERR_CONF, "the path of %s is too long", w->core->set.audit_dir);
	return copy_update(w->core->store, path);
}

static err_t
expire(struct worker *w)
{
	static int64_t uploads; /* how far they were gone through */
	int64_t now = clock_now();
	TRY(request_expire(w, now));
	TRY(upload_purge(w, now - w->core->set.upload_us, &uploads));
	TRY(link_session_purge(w->core, now));
	TRY(served_purge(w->core));
	return idempotency_purge(w->core, now - TIME_DAY);
}

/* What was last put into the log of each journal; of the thread only. After a start everything is new. */
static struct journal {
	const char *name;
	uint64_t size;
	uint8_t root[TLOG_HASH];
	bool known;
} issuing_journal = {.name = "issuing"}, status_journal = {.name = "status"};

struct root {
	struct core *core;
	struct journal now;
};

static err_t
root_put(struct store_tx *tx, void *arg)
{
	struct root *r = arg;
	return audit_put(r->core, tx, "journal.root", "system", canon_pack("{s:s, s:I, s:o}", "journal", r->now.name, "size",
	    (json_int_t)r->now.size, "root", canon_hex(BYTES_OF(r->now.root))), NULL);
}

/* A journal that lost records is put into the log as it is now: the auditor compares it with what was said before. */
static err_t
root_keep(struct worker *w, struct journal *last, uint64_t size, struct bytes root)
{
	struct root r = {w->core, {.name = last->name, .size = size, .known = true}};
	if (root.n != TLOG_HASH)
		return err_make(ERR_WIRE, "a root of %zu octets", root.n);
	memcpy(r.now.root, root.p, TLOG_HASH);
	if (last->known && last->size == size && memcmp(last->root, root.p, TLOG_HASH) == 0)
		return OK; /* nothing was recorded since */
	if (last->known && size <= last->size)
		log_security("journal-went-back", last->name);
	TRY(store_write(w->core->store, root_put, &r));
	FAULT_POINT("core.journal-root");
	*last = r.now;
	return OK;
}

/* The Merkle root of a key journal enters the audit log, when it moved: the two can be compared for ever. */
static err_t
issuing_root(struct worker *w)
{
	AUTO_KEYS(ask);
	AUTO_KEYS(answer);
	ask->which_body = paraph_Keys_journal_root_ask_tag;
	TRY(ask_keys(w->core, ask, NULL, 0, paraph_Keys_journal_root_tag, answer));
	return root_keep(w, &issuing_journal, answer->body.journal_root.size, PACKED(answer->body.journal_root.root));
}

static err_t
status_root(struct worker *w)
{
	AUTO_STATUS(answer);
	TRY(ask_status_root(w->core, answer));
	return root_keep(w, &status_journal, answer->body.journal_root.size, PACKED(answer->body.journal_root.root));
}

/* So that the next start finds little to do. */
static err_t
publication(struct worker *w)
{
	return issued_publish_new(w);
}

static err_t
blob_check(void *arg, struct str name)
{
	struct worker *w = arg;
	AUTO_QUERY(q, w->reader, SQL_BLOB_USED);
	query_text(&q, name);
	bool used = query_next(&q);
	TRY(query_end(&q));
	return used ? OK : blob_remove(w->core->blobs, name);
}

/* Blobs whose record was never committed. An hour is far longer than any commit takes. */
static err_t
orphans(struct worker *w)
{
	return blob_each(w->core->blobs, 3600, blob_check, w);
}

static struct task {
	const char *name;
	err_t (*run)(struct worker *w);
	int64_t every_us;
	int64_t next_us; /* on the monotonic clock */
} tasks[] = {
	{"messages", send_messages, TIME_SECOND, 0},
	{"settle", settle, 5 * TIME_SECOND, 0},
	{"authority", authority, 5 * TIME_SECOND, 0},
	{"responder", responder, TIME_MINUTE, 0},
	{"revocations", revocations, 2 * TIME_SECOND, 0},
	{"journal-root-status", status_root, TIME_MINUTE, 0}, /* these four: [policy] checkpoint_seconds */
	{"journal-root", issuing_root, TIME_MINUTE, 0},
	{"checkpoint", checkpoint, TIME_MINUTE, 0},
	{"audit-copy", audit_copy, TIME_MINUTE, 0},
	{"checkpoint-stamp", audit_stamp, TIME_HOUR, 0}, /* [policy] stamp_seconds */
	{"publication", publication, TIME_HOUR, 0},
	{"expiry", expire, 10 * TIME_SECOND, 0},
	{"orphans", orphans, TIME_HOUR, 0},
};
enum { TASKS = sizeof tasks / sizeof *tasks, RETRY_SECONDS = 5 };

/* ---- the thread ------------------------------------------------------------------------------------------------------- */

static void
task_run(struct task *t, bool woken)
{
	int64_t now = clock_monotonic();
	bool prompt = woken && (t->run == send_messages || t->run == revocations);
	if (now < t->next_us && !prompt)
		return;
	err_t e = t->run(&self.worker);
	t->next_us = clock_monotonic() + t->every_us;
	if (!err_is(e))
		return;
	log_error(e, t->name);
	if (t->every_us > RETRY_SECONDS * TIME_SECOND)
		t->next_us = clock_monotonic() + RETRY_SECONDS * TIME_SECOND;
}

static bool
is_ending(void)
{
	pthread_mutex_lock(&self.mutex);
	bool ending = self.ending;
	pthread_mutex_unlock(&self.mutex);
	return ending;
}

/* Sleeps at most a second; true when woken. */
static bool
rest(bool *ret_ending)
{
	int64_t until = clock_monotonic() + TIME_SECOND;
	struct timespec t = {.tv_sec = until / TIME_SECOND, .tv_nsec = until % TIME_SECOND * 1000};
	pthread_mutex_lock(&self.mutex);
	while (!self.wake && !self.ending && pthread_cond_timedwait(&self.woken, &self.mutex, &t) == 0)
		;
	bool woken = self.wake;
	self.wake = false;
	*ret_ending = self.ending;
	pthread_mutex_unlock(&self.mutex);
	return woken;
}

static void *
run(void *arg)
{
	(void)arg;
	bool woken = false, ending = false;
	while (!ending) {
		for (size_t i = 0; i < TASKS && !is_ending(); i++) /* one of them may have waited long for another program */
			task_run(&tasks[i], woken);
		woken = rest(&ending);
	}
	return NULL;
}

err_t
house_start(struct core *core, const struct instance *instance)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&self.woken, &attr);
	pthread_condattr_destroy(&attr);
	self.instance = instance;
	self.worker.core = core;
	self.started_at = clock_now();
	TRY(store_reader_new(core->store, &self.worker.reader));
	tasks[TASKS - 1].next_us = clock_monotonic() + TIME_HOUR;
	for (size_t i = 0; i < TASKS; i++)
		if (tasks[i].run == status_root || tasks[i].run == issuing_root || tasks[i].run == checkpoint ||
		    tasks[i].run == audit_copy)
			tasks[i].every_us = instance->checkpoint_seconds * TIME_SECOND;
		else if (tasks[i].run == audit_stamp)
			tasks[i].every_us = instance->stamp_seconds * TIME_SECOND;
	if (pthread_create(&self.thread, NULL, run, NULL) != 0)
		return err_errno("housekeeping thread");
	self.started = true;
	return OK;
}

void
house_stop(void)
{
	if (!self.started)
		return;
	pthread_mutex_lock(&self.mutex);
	self.ending = true;
	pthread_cond_signal(&self.woken);
	pthread_mutex_unlock(&self.mutex);
	pthread_join(self.thread, NULL);
	store_reader_free(self.worker.reader);
	self.started = false;
}

void
house_wake(void)
{
	pthread_mutex_lock(&self.mutex);
	self.wake = true;
	if (self.started)
		pthread_cond_signal(&self.woken);
	pthread_mutex_unlock(&self.mutex);
}
