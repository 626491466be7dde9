#include "store/store.h"
#include "store/query.h"
#include "store/schema.h"
#include "store/tx.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>

#include "base/log.h"
#include "os/clock.h"

/* Pages in the write-ahead log after which it is copied back: when nothing waits, and when it must be. */
enum { CHECKPOINT_IDLE = 1024, CHECKPOINT_MUST = 16384 };

struct command {
	store_f *f;
	void *arg;
	err_t e;
	char detail[512]; /* the thread of the caller keeps the detail of its errors, so it is carried there */
	bool done;
	pthread_cond_t answered;
	struct command *next;
};

struct store {
	char *path;
	int lock_fd;
	struct store_tx tx; /* of the writer's thread only */
	pthread_t thread;
	pthread_mutex_t mutex; /* what follows */
	pthread_cond_t wanted;
	struct command *first, **last;
	size_t queued;
	bool ending;
	struct store_counts counts;
	int log_pages; /* of the writer's thread only */
};

static err_t
run(sqlite3 *db, const char *sql)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? OK : tx_error(db, rc, sql);
}

/* One statement without a result, prepared once: the transactions of a batch cost no parsing. */
static err_t
step(struct store_tx *tx, enum query_sql sql)
{
	AUTO_QUERY(q, tx, sql);
	return query_run(&q);
}

static int
note_log_pages(void *arg, sqlite3 *db, const char *name, int pages)
{
	(void)db, (void)name;
	((struct store *)arg)->log_pages = pages;
	return SQLITE_OK;
}

/* ---- the writer's thread --------------------------------------------------------------------------------------------- */

static void
command_fail(struct command *c, err_t e)
{
	c->e = e;
	snprintf(c->detail, sizeof c->detail, "%s", err_detail());
}

/* Runs one command within its savepoint. False when the whole transaction is lost. */
static bool
command_run(struct store *s, struct command *c)
{
	err_t e = step(&s->tx, SQL_TX_SAVEPOINT);
	if (!err_is(e))
		e = c->f(&s->tx, c->arg);
	if (err_is(e)) {
		command_fail(c, e);
		if (sqlite3_get_autocommit(s->tx.db))
			return false;
		if (err_is(step(&s->tx, SQL_TX_SAVEPOINT_UNDO)))
			return false;
	}
	err_t released = step(&s->tx, SQL_TX_SAVEPOINT_RELEASE);
	if (err_is(released)) {
		command_fail(c, released);
		return false;
	}
	return true;
}

/* The next command, or NULL when none waits. */
static struct command *
take(struct store *s)
{
	pthread_mutex_lock(&s->mutex);
	struct command *c = s->first;
	if (c != NULL) {
		s->first = c->next;
		if (s->first == NULL)
			s->last = &s->first;
		s->queued--;
		c->next = NULL;
	}
	pthread_mutex_unlock(&s->mutex);
	return c;
}

/* Tells every caller of the batch. When the commit itself failed, so did each command that had not failed before. */
static void
answer(struct store *s, struct command *batch, err_t committed, bool counts)
{
	char detail[sizeof batch->detail];
	snprintf(detail, sizeof detail, "%s", err_detail());
	pthread_mutex_lock(&s->mutex);
	for (struct command *c = batch, *next; c != NULL; c = next) {
		next = c->next;
		if (err_is(committed) && !err_is(c->e)) {
			c->e = committed;
			memcpy(c->detail, detail, sizeof detail);
		}
		s->counts.commands++;
		c->done = true;
		pthread_cond_signal(&c->answered); /* c is gone once the mutex is free */
	}
	s->counts.commits += counts;
	pthread_mutex_unlock(&s->mutex);
}

/* The three outcomes of a commit. */
static err_t
commit(struct store *s)
{
	err_t e = step(&s->tx, SQL_TX_COMMIT);
	if (!err_is(e))
		return OK;
	bool known = e.code == ERR_DISK_FULL || !sqlite3_get_autocommit(s->tx.db);
	if (!sqlite3_get_autocommit(s->tx.db) && err_is(run(s->tx.db, "ROLLBACK")))
		known = false;
	return known ? e : err_make(ERR_COMMIT_UNKNOWN, "%s", err_detail());
}

static void
batch_run(struct store *s, struct command *first)
{
	struct command *batch = first, **end = &first->next;
	int64_t until = clock_monotonic() + STORE_BATCH_US;
	bool whole = true, effect = false;
	err_t e = step(&s->tx, SQL_TX_BEGIN_WRITE);
	if (err_is(e)) {
		answer(s, batch, e, false);
		return;
	}
	size_t n = 0;
	for (struct command *c = first; c != NULL && whole;) {
		whole = command_run(s, c);
		effect = effect || !err_is(c->e);
		if (!whole)
			e = err_import(c->e.code, c->detail);
		c = whole && ++n < STORE_BATCH && clock_monotonic() < until ? take(s) : NULL;
		if (c != NULL) {
			*end = c;
			end = &c->next;
		}
	}
	if (whole && effect)
		e = commit(s);
	else if (!sqlite3_get_autocommit(s->tx.db))
		err_ignore(run(s->tx.db, "ROLLBACK")); /* a transaction that cannot be undone ends at the next BEGIN's error */
	answer(s, batch, e, effect);
}

/* Copies the log back into the database. A full disk is no harm: the log stays and it is tried again. */
static void
checkpoint(struct store *s)
{
	int rc = sqlite3_wal_checkpoint_v2(s->tx.db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (rc != SQLITE_OK && rc != SQLITE_BUSY)
		log_error(tx_error(s->tx.db, rc, "checkpoint"), "store-checkpoint");
	s->log_pages = 0; /* counted anew by the next commit */
	pthread_mutex_lock(&s->mutex);
	s->counts.checkpoints++;
	pthread_mutex_unlock(&s->mutex);
}

/* Waits for a command; NULL when the store ends and nothing waits. */
static struct command *
wait_command(struct store *s)
{
	pthread_mutex_lock(&s->mutex);
	while (s->first == NULL && !s->ending)
		pthread_cond_wait(&s->wanted, &s->mutex);
	pthread_mutex_unlock(&s->mutex);
	return take(s);
}

static void *
writer(void *arg)
{
	struct store *s = arg;
	for (struct command *c; (c = wait_command(s)) != NULL;) {
		batch_run(s, c);
		pthread_mutex_lock(&s->mutex);
		bool idle = s->first == NULL;
		pthread_mutex_unlock(&s->mutex);
		if (s->log_pages >= (idle ? CHECKPOINT_IDLE : CHECKPOINT_MUST))
			checkpoint(s);
	}
	return NULL;
}

err_t
store_write(struct store *s, store_f *f, void *arg)
{
	assert(!pthread_equal(pthread_self(), s->thread));
	struct command c = {.f = f, .arg = arg, .answered = PTHREAD_COND_INITIALIZER};
	pthread_mutex_lock(&s->mutex);
	if (s->queued >= STORE_QUEUE_MAX) {
		pthread_mutex_unlock(&s->mutex);
		return err_make(ERR_STORE_BUSY, "%d commands wait for the database", STORE_QUEUE_MAX);
	}
	*s->last = &c;
	s->last = &c.next;
	s->queued++;
	pthread_cond_signal(&s->wanted);
	while (!c.done)
		pthread_cond_wait(&c.answered, &s->mutex);
	pthread_mutex_unlock(&s->mutex);
	pthread_cond_destroy(&c.answered);
	return err_is(c.e) ? err_import(c.e.code, c.detail) : OK;
}

/* ---- opening and closing --------------------------------------------------------------------------------------------- */

static char *
join(const char *dir, const char *name)
{
	char *path = NULL;
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	return path;
}

/* One process has the database: a second writer or checkpointer would break the rule above. */
static err_t
lock(const char *dir, int *ret_fd)
{
	char *path = join(dir, "paraph.lock");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	free(path);
	if (fd < 0)
		return err_errno("%s/paraph.lock", dir);
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
		close(fd);
		return err_make(ERR_STORE_LOCKED, "%s/paraph.lock is held by another process", dir);
	}
	*ret_fd = fd;
	return OK;
}

/* SQLite counts what it allocates under one mutex for all connections, which readers and the writer then wait for each other
 * to leave; nobody asks for that count. */
static void
configure(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static err_t
connect_db(const char *path, int flags, sqlite3 **ret_db)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	sqlite3 *db = NULL;
	pthread_once(&once, configure);
	int rc = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc != SQLITE_OK) {
		err_t e = tx_error(db, rc, path);
		sqlite3_close(db);
		return e;
	}
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_busy_timeout(db, 5000);
	*ret_db = db;
	return OK;
}

/* A commit writes and checks each page that it touched whole, most for one short row, and readers fetch them again: small pages cost a
 * signature a tenth less of core's time than those of 8 KiB (bench/signature). A database keeps the size it was made with. */
static err_t
open_writer(struct store *s, struct store_options options)
{
	TRY(connect_db(s->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &s->tx.db));
	TRY(run(s->tx.db, "PRAGMA page_size=4096; PRAGMA temp_store=MEMORY; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
	    "PRAGMA wal_autocheckpoint=0; PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=67108864;"));
	if (options.pages_max > 0) {
		char sql[64];
		snprintf(sql, sizeof sql, "PRAGMA max_page_count=%lld", (long long)options.pages_max);
		TRY(run(s->tx.db, sql));
	}
	TRY(schema_update(s->tx.db, SCHEMA_NEWEST));
	/* wal_autocheckpoint=0 and this hook are the same slot: the hook only counts. */
	sqlite3_wal_hook(s->tx.db, note_log_pages, s);
	return OK;
}

static void
release(struct store *s)
{
	if (s->tx.db != NULL)
		tx_close(&s->tx);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->path);
	free(s);
}

err_t
store_open(const char *dir, struct store_options options, struct store **ret_store)
{
	struct store *s = calloc(1, sizeof *s);
	if (s == NULL)
		abort();
	s->lock_fd = -1;
	s->last = &s->first;
	s->path = join(dir, "paraph.db");
	err_t e = lock(dir, &s->lock_fd);
	if (!err_is(e))
		e = open_writer(s, options);
	if (err_is(e)) {
		release(s);
		return e;
	}
	pthread_mutex_init(&s->mutex, NULL);
	pthread_cond_init(&s->wanted, NULL);
	if (pthread_create(&s->thread, NULL, writer, s) != 0)
		abort();
	*ret_store = s;
	return OK;
}

void
store_free(struct store *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->mutex);
	s->ending = true;
	pthread_cond_signal(&s->wanted);
	pthread_mutex_unlock(&s->mutex);
	pthread_join(s->thread, NULL);
	checkpoint(s);
	pthread_mutex_destroy(&s->mutex);
	pthread_cond_destroy(&s->wanted);
	release(s);
}

err_t
store_reader_new(struct store *s, struct store_tx **ret_reader)
{
	struct store_tx *tx = calloc(1, sizeof *tx);
	if (tx == NULL)
		abort();
	err_t e = connect_db(s->path, SQLITE_OPEN_READONLY, &tx->db);
	if (!err_is(e))
		e = run(tx->db, "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY");
	if (err_is(e)) {
		store_reader_free(tx);
		return e;
	}
	*ret_reader = tx;
	return OK;
}

void
store_reader_free(struct store_tx *reader)
{
	if (reader == NULL)
		return;
	if (reader->db != NULL)
		tx_close(reader);
	free(reader);
}

void
store_snapshot_init(struct store_tx *reader)
{
	if (reader->snapshots++ == 0)
		err_ignore(step(reader, SQL_TX_BEGIN_READ)); /* without it each query sees a moment of its own, as usual */
}

void
store_snapshot_done(struct store_tx *reader)
{
	assert(reader->snapshots > 0);
	if (--reader->snapshots == 0 && !sqlite3_get_autocommit(reader->db))
		err_ignore(step(reader, SQL_TX_COMMIT)); /* nothing was written; a failed read has ended it already */
}

void
store_snapshot_auto_(struct store_tx **reader)
{
	store_snapshot_done(*reader);
}

const char *
store_path(const struct store *s)
{
	return s->path;
}

struct store_counts
store_counts(struct store *s)
{
	pthread_mutex_lock(&s->mutex);
	struct store_counts counts = s->counts;
	pthread_mutex_unlock(&s->mutex);
	return counts;
}
