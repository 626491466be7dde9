#include "published/published_write.h"
#include "os/clock.h"
#include "published/published_store.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

enum { BATCH_MAX = 1000, LATER_MAX = 4 * BATCH_MAX /* puts in memory that nobody waits for one by one */ };

#define STALL_EVERY_US (30 * TIME_SECOND)
#define LOCK_US (PUBLISHED_WRITE_US / 2) /* so long nobody holds the lock who only reads */
#define LATER_US (12 * PUBLISHED_WRITE_US)

/* One put, waiting to be written; in memory of its own, because its caller may stop waiting. */
struct put {
	struct put *next;
	bool is_file; /* or the mark */
	bool done;      /* written or failed */
	bool abandoned; /* nobody waits: the thread frees it */
	bool later;     /* nobody waits for this one, but for all that are */
	uint16_t code;
	char detail[160];
	size_t key_n, value_n;
	uint8_t key[64];
	uint8_t value[];
};

struct published {
	MDB_env *env;
	MDB_dbi certificates, files;
	pthread_t thread;
	pthread_mutex_t lock; /* guards all below and every put's done, abandoned, code */
	pthread_cond_t queued, written;
	struct put *first, **last;
	bool stop;
	int64_t locking_since; /* monotonic; 0: the thread does not wait for the store's lock */
	int64_t stalled_at;    /* monotonic, of the newest call */
	uint64_t commits;
	size_t later_n; /* such puts that are not written yet */
	uint16_t later_code; /* of the first that failed */
	char later_detail[160];
	struct published_mark mark; /* as the store has it; of the thread that puts it */
	void (*stalled)(void *arg); /* set once, before any put */
	void *stalled_arg;
};

/* ---- the thread ---- */

/* A certificate keeps the time when it was published first: answers say thisUpdate never before that. And what is revoked stays
 * so [EN 319 411-1 REV-6.3.9-04]: whoever read the database before the revocation may come after it. */
static int
first_time_keep(struct published *p, MDB_txn *txn, struct put *put, MDB_val *key)
{
	MDB_val old;
	struct published_certificate before, now;
	int r = mdb_get(txn, p->certificates, key, &old);
	if (r != 0)
		return r == MDB_NOTFOUND ? 0 : r;
	if (published_record_read(bytes(old.mv_data, old.mv_size), &before).code != ERR_OK ||
	    published_record_read(bytes(put->value, put->value_n), &now).code != ERR_OK)
		return 0;
	bool undone = before.status == PUBLISHED_REVOKED && now.status == PUBLISHED_GOOD;
	now.published_at = before.published_at;
	published_record_write(undone ? &before : &now, put->value);
	return 0;
}

/* In the table of files, where no file has such a short name; in the machine's own form, as the number of changes is. Records of
 * another version want another name here, so that all are put anew. */
static const struct bytes mark_key = {(const uint8_t *)"m1", 2};

static void
mark_read(struct published *p, MDB_txn *txn)
{
	MDB_val key = {mark_key.n, (void *)(uintptr_t)mark_key.p}, value;
	if (mdb_get(txn, p->files, &key, &value) == 0 && value.mv_size == sizeof p->mark)
		memcpy(&p->mark, value.mv_data, sizeof p->mark);
}

/* The readers see by this number that a file changed. */
static int
generation_raise(struct published *p, MDB_txn *txn)
{
	uint64_t generation = 0;
	char name[] = "g";
	MDB_val key = {1, name}, value;
	int r = mdb_get(txn, p->files, &key, &value);
	if (r == 0 && value.mv_size == sizeof generation)
		memcpy(&generation, value.mv_data, sizeof generation);
	generation++;
	value = (MDB_val){sizeof generation, &generation};
	return mdb_put(txn, p->files, &key, &value, 0);
}

static int
put_write(struct published *p, MDB_txn *txn, struct put *put)
{
	MDB_val key = {put->key_n, put->key}, value = {put->value_n, put->value};
	bool is_mark = put->is_file && bytes_eq(bytes(put->key, put->key_n), mark_key);
	int r = is_mark ? 0 : put->is_file ? generation_raise(p, txn) : first_time_keep(p, txn, put, &key);
	return r != 0 ? r : mdb_put(txn, put->is_file ? p->files : p->certificates, &key, &value, 0);
}

/* Waits for the lock of the store, which every process that can read it could hold. What else may take long, the disk, is
 * nobody's fault. */
static int
transaction_begin(struct published *p, MDB_txn **ret_txn)
{
	pthread_mutex_lock(&p->lock);
	p->locking_since = clock_monotonic();
	pthread_mutex_unlock(&p->lock);
	int r = mdb_txn_begin(p->env, NULL, 0, ret_txn);
	pthread_mutex_lock(&p->lock);
	p->locking_since = 0;
	pthread_mutex_unlock(&p->lock);
	return r;
}

/* One transaction for the whole batch. */
static int
batch_write(struct published *p, struct put *first)
{
	MDB_txn *txn;
	int r = transaction_begin(p, &txn);
	if (r != 0)
		return r;
	for (struct put *put = first; put != NULL && r == 0; put = put->next)
		r = put_write(p, txn, put);
	if (r != 0) {
		mdb_txn_abort(txn);
		return r;
	}
	return mdb_txn_commit(txn);
}

/* Under the lock. */
static void
later_finish(struct published *p, err_t e)
{
	p->later_n--;
	if (!err_is(e) || p->later_code != ERR_OK)
		return;
	p->later_code = e.code;
	snprintf(p->later_detail, sizeof p->later_detail, "%s", err_detail());
}

/* Tells the waiting callers; a put that nobody waits for is freed here. Under the lock. */
static void
batch_finish(struct published *p, struct put *first, err_t e)
{
	p->commits += !err_is(e);
	for (struct put *put = first, *next; put != NULL; put = next) {
		next = put->next;
		put->done = true;
		put->code = e.code;
		if (err_is(e))
			snprintf(put->detail, sizeof put->detail, "%s", err_detail());
		if (put->later)
			later_finish(p, e);
		if (put->abandoned)
			free(put);
	}
}

/* Takes at most BATCH_MAX puts off the queue. Under the lock. */
static struct put *
batch_take(struct published *p)
{
	struct put *first = p->first, **end = &p->first;
	for (int n = 0; *end != NULL && n < BATCH_MAX; n++)
		end = &(*end)->next;
	p->first = *end;
	*end = NULL;
	if (p->first == NULL)
		p->last = &p->first;
	return first;
}

static void *
writer_run(void *arg)
{
	struct published *p = arg;
	pthread_mutex_lock(&p->lock);
	while (!p->stop || p->first != NULL) {
		if (p->first == NULL) {
			pthread_cond_wait(&p->queued, &p->lock);
			continue;
		}
		struct put *first = batch_take(p);
		pthread_mutex_unlock(&p->lock);
		int r = batch_write(p, first);
		err_t e = r == 0 ? OK : published_store_error(r, "writing the status store");
		pthread_mutex_lock(&p->lock);
		batch_finish(p, first, e);
		pthread_cond_broadcast(&p->written);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- opening ---- */

/* umask 077 took the group's bits; status is another user when there are several. */
static err_t
group_allow(const char *directory)
{
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = {{"data.mdb", 0640}, {"lock.mdb", 0660}};
	char path[PATH_MAX];
	for (size_t i = 0; i < 2; i++) {
		int n = snprintf(path, sizeof path, "%s/%s", directory, files[i].name);
		if (n < 0 || (size_t)n >= sizeof path || chmod(path, files[i].mode) != 0)
			return err_errno("mode of %s", path);
	}
	return OK;
}

static int
tables_open(struct published *p)
{
	MDB_txn *txn;
	int r = mdb_txn_begin(p->env, NULL, 0, &txn);
	if (r != 0)
		return r;
	if ((r = mdb_dbi_open(txn, PUBLISHED_STORE_CERTIFICATES, MDB_CREATE, &p->certificates)) != 0 ||
	    (r = mdb_dbi_open(txn, PUBLISHED_STORE_FILES, MDB_CREATE, &p->files)) != 0) {
		mdb_txn_abort(txn);
		return r;
	}
	mark_read(p, txn);
	return mdb_txn_commit(txn);
}

static void
waits_init(struct published *p)
{
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->queued, &monotonic);
	pthread_cond_init(&p->written, &monotonic);
	pthread_condattr_destroy(&monotonic);
	p->last = &p->first;
	p->stalled_at = -STALL_EVERY_US;
}

err_t
published_write_open(const char *directory, struct published **ret_published)
{
	struct published *p = calloc(1, sizeof *p);
	if (p == NULL)
		abort();
	/* NOMETASYNC: one sync for a commit; a power cut can lose the last one, which core publishes anew at its start.
	 */
	err_t e = published_store_open(directory, MDB_NOMETASYNC, &p->env);
	if (!err_is(e)) {
		int r = tables_open(p);
		e = r == 0 ? group_allow(directory) : published_store_error(r, directory);
	}
	if (err_is(e)) {
		if (p->env != NULL)
			mdb_env_close(p->env);
		free(p);
		return e;
	}
	waits_init(p);
	if (pthread_create(&p->thread, NULL, writer_run, p) != 0)
		abort();
	*ret_published = p;
	return OK;
}

void
published_write_on_stall(struct published *p, void (*stalled)(void *arg), void *arg)
{
	p->stalled = stalled;
	p->stalled_arg = arg;
}

void
published_write_close(struct published *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_signal(&p->queued);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	mdb_env_close(p->env);
	pthread_cond_destroy(&p->queued);
	pthread_cond_destroy(&p->written);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* ---- putting ---- */

static struct put *
put_new(struct bytes key, struct bytes value)
{
	struct put *put = calloc(1, sizeof *put + value.n);
	if (put == NULL)
		abort();
	memcpy(put->key, key.p, key.n);
	put->key_n = key.n;
	memcpy(put->value, value.p, value.n);
	put->value_n = value.n;
	return put;
}

/* Under the lock. */
static void
put_queue(struct published *p, struct put *put)
{
	*p->last = put;
	p->last = &put->next;
	pthread_cond_signal(&p->queued);
}

static struct timespec
deadline(void)
{
	int64_t end = clock_monotonic() + PUBLISHED_WRITE_US;
	return (struct timespec){end / TIME_SECOND, end % TIME_SECOND * 1000};
}

/* Whether somebody holds the lock of the store, and that is not known yet: those who are started anew need a moment, and a
 * disk that is slow is no reason to start them anew. Under the lock. */
static bool
stall_new(struct published *p)
{
	int64_t now = clock_monotonic();
	if (p->stalled == NULL || p->locking_since == 0 || now - p->locking_since < LOCK_US || now - p->stalled_at < STALL_EVERY_US)
		return false;
	p->stalled_at = now;
	return true;
}

static err_t
late(bool locked)
{
	return err_make(ERR_DEADLINE, "the status store was not written in time: %s",
	    locked ? "does a reader hold its lock?" : "is the disk slow?");
}

/* Queues it and waits until it is on disk or the deadline has passed. */
static err_t
put_run(struct published *p, struct put *put)
{
	struct timespec until = deadline();
	int waited = 0;
	pthread_mutex_lock(&p->lock);
	put_queue(p, put);
	while (!put->done && waited == 0)
		waited = pthread_cond_timedwait(&p->written, &p->lock, &until);
	bool done = put->done, locked = p->locking_since != 0, tell = !done && stall_new(p);
	put->abandoned = !done;
	pthread_mutex_unlock(&p->lock);
	if (tell)
		p->stalled(p->stalled_arg);
	if (!done)
		return late(locked);
	err_t e = put->code == ERR_OK ? OK : err_import(put->code, put->detail);
	free(put);
	return e;
}

/* Waits until at most so many of those that nobody waits for are left. As long as some are written there is no hurry, and a
 * lock that is held is given time to be freed. Under the lock, which is given up to tell of a stall. */
static err_t
later_wait(struct published *p, size_t most)
{
	size_t before = p->later_n;
	int64_t give_up = clock_monotonic() + LATER_US;
	struct timespec until = deadline();
	while (p->later_n > most) {
		bool over = pthread_cond_timedwait(&p->written, &p->lock, &until) != 0;
		if (p->later_n < before)
			give_up = clock_monotonic() + LATER_US;
		if (over && stall_new(p)) {
			pthread_mutex_unlock(&p->lock);
			p->stalled(p->stalled_arg);
			pthread_mutex_lock(&p->lock);
		}
		if (clock_monotonic() >= give_up)
			return late(p->locking_since != 0);
		before = p->later_n;
		until = deadline();
	}
	return OK;
}

static err_t
certificate_put(const uint8_t issuer_spki_sha256[DIGEST_SHA256_LEN], struct bytes serial,
    const struct published_certificate *certificate, struct put **ret_put)
{
	uint8_t key[PUBLISHED_KEY_LEN], record[PUBLISHED_RECORD_LEN];
	size_t key_n;
	struct published_certificate proven;
	TRY(published_record_key(issuer_spki_sha256, serial, key, &key_n));
	published_record_write(certificate, record);
	TRY(published_record_read(BYTES_OF(record), &proven));
	*ret_put = put_new(bytes(key, key_n), BYTES_OF(record));
	return OK;
}

err_t
published_write_certificate(struct published *p, const uint8_t issuer_spki_sha256[DIGEST_SHA256_LEN],
    struct bytes serial, const struct published_certificate *certificate)
{
	struct put *put;
	TRY(certificate_put(issuer_spki_sha256, serial, certificate, &put));
	return put_run(p, put);
}

err_t
published_write_later(struct published *p, const uint8_t issuer_spki_sha256[DIGEST_SHA256_LEN], struct bytes serial,
    const struct published_certificate *certificate)
{
	struct put *put;
	TRY(certificate_put(issuer_spki_sha256, serial, certificate, &put));
	put->later = put->abandoned = true;
	pthread_mutex_lock(&p->lock);
	err_t e = later_wait(p, LATER_MAX - 1);
	if (!err_is(e)) {
		p->later_n++;
		put_queue(p, put);
	}
	pthread_mutex_unlock(&p->lock);
	if (err_is(e))
		free(put);
	return e;
}

err_t
published_write_wait(struct published *p)
{
	pthread_mutex_lock(&p->lock);
	err_t e = later_wait(p, 0);
	if (!err_is(e) && p->later_code != ERR_OK)
		e = err_import(p->later_code, p->later_detail);
	p->later_code = ERR_OK;
	pthread_mutex_unlock(&p->lock);
	return e;
}

struct published_mark
published_write_mark(struct published *p)
{
	return p->mark;
}

err_t
published_write_mark_put(struct published *p, const struct published_mark *mark)
{
	struct put *put = put_new(mark_key, bytes((const uint8_t *)mark, sizeof *mark));
	put->is_file = true;
	TRY(put_run(p, put));
	p->mark = *mark;
	return OK;
}

uint64_t
published_write_commits(struct published *p)
{
	pthread_mutex_lock(&p->lock);
	uint64_t commits = p->commits;
	pthread_mutex_unlock(&p->lock);
	return commits;
}

err_t
published_write_file(struct published *p, enum published_kind kind, struct str name, struct bytes der)
{
	char key[PUBLISHED_NAME_MAX + 3];
	TRY(published_record_file_key(kind, name, key));
	if (der.n == 0)
		return err_make(ERR_INPUT, "nothing to publish as %s", key);
	struct put *put = put_new(bytes(key, strlen(key)), der);
	put->is_file = true;
	return put_run(p, put);
}
