/*
 * The database of one instance. All writing goes through one thread with one connection: commands queue, run inside one
 * transaction with a savepoint each, and are answered after the commit (group commit: when the queue is empty, or after
 * 100 commands or 2 ms). Nobody else writes or checkpoints, which also avoids the WAL-reset bug of the SQLite versions in
 * use. Reading is done on read-only connections, one for each thread that reads.
 * A commit has three outcomes: done (OK), not done (any error), unknown (ERR_COMMIT_UNKNOWN: read again before trying
 * again). A full disk is ERR_DISK_FULL: nothing of that batch was done, and the store goes on when there is room.
 */
#ifndef PARAPH_STORE_STORE_H
#define PARAPH_STORE_STORE_H

#include "base/bytes.h"

struct store;
struct store_tx; /* a connection with its prepared statements; used by one thread at a time */

enum { STORE_BATCH = 100, STORE_BATCH_US = 2000, STORE_QUEUE_MAX = 4096 };

struct store_options {
	int64_t pages_max; /* size limit of the database in pages of 4 KiB; 0: none but the disk */
};

/* Opens (or makes) DIR/paraph.db, takes DIR/paraph.lock for this process, brings the schema up to date and starts the
 * writer. ERR_STORE_LOCKED when another process has it. */
err_t store_open(const char *dir, struct store_options options, struct store **ret_store);
/* Finishes what is queued. Accepts NULL. All readers must have been freed. */
void store_free(struct store *s);

/* Runs f(tx, arg) on the writer's thread within a savepoint and returns after the commit; an error of f undoes what f did
 * and nothing else. f must not block or call store_write; it may run queries only. Any thread. */
typedef err_t store_f(struct store_tx *tx, void *arg);
err_t store_write(struct store *s, store_f *f, void *arg);

/* A read-only connection. */
err_t store_reader_new(struct store *s, struct store_tx **ret_reader);
void store_reader_free(struct store_tx *reader); /* accepts NULL */

/* Many reads of one moment: from the first query after _init on, this reader sees the database as it was then, and its pages
 * are read only once. May be nested. Held for a few queries only, never while another program or the writer is waited for:
 * what is written meanwhile is not seen, and the write-ahead log cannot be wound back. */
void store_snapshot_init(struct store_tx *reader);
void store_snapshot_done(struct store_tx *reader);
void store_snapshot_auto_(struct store_tx **reader);
#define AUTO_SNAPSHOT(name, from)                                                                                      \
	__attribute__((cleanup(store_snapshot_auto_))) struct store_tx *name = (from);                                  \
	store_snapshot_init(name)

/* The database file; the text lives as long as the store. */
const char *store_path(const struct store *s);

/* Commits since the start, for tests and bench: commands per commit tell how well batching works. */
struct store_counts {
	uint64_t commands, commits, checkpoints;
};
struct store_counts store_counts(struct store *s);

#endif
