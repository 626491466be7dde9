/*
 * The journal of a key process: records in append-only segments, hash-chained, in a Merkle tree, each segment opened by
 * a MACed snapshot, so that a start reads one segment. One thread of its own writes: at once when nothing else waits, in
 * one fsync for all that came meanwhile. The memory of the process is exactly what the records say: `apply` is called
 * for each record in order, at start for those read, later by the journal thread once the record is durable and before
 * its writer goes on. A failed fsync aborts; a full disk is an ordinary error and leaves nothing behind.
 */
#ifndef PARAPH_KEYS_JOURNAL_H
#define PARAPH_KEYS_JOURNAL_H

#include "keys/keystore.h"
#include "keys/segment.h"

enum journal_role { JOURNAL_ISSUING = 1, JOURNAL_STATUS = 2, JOURNAL_ROOT = 3 };
enum { JOURNAL_CUT = 255 }; /* record that the journal writes itself: the number of octets cut off a torn end, 8 octets */

struct journal;

struct journal_hooks {
	void *arg;
	/* Takes one record into memory. Called at start and by the journal thread, never twice at a time. */
	err_t (*apply)(void *arg, const struct segment_record *record);
	/* Writes the records that still matter (segment_record_write), from which apply makes the same memory again. Forgets
	 * nothing yet: the segment may still fail to become durable. */
	void (*snapshot)(void *arg, struct buf *b);
	/* The segment with the last snapshot is durable: what is not in it may be forgotten. May be NULL. Both are called as
	 * apply is, and apply never between them. */
	void (*opened)(void *arg);
};

/* Reads the newest segment in folder (made when missing) and applies it; makes the first one. ERR_JOURNAL when it was
 * changed or an older one is missing or does not end where the newest goes on, ERR_MAC when its head is not from this key store. No thread yet. segment_max: octets after which the next
 * segment is opened; 0: the default of 8 MiB. */
err_t journal_open(const char *folder, struct keystore *ks, enum journal_role role, int64_t now,
    const struct journal_hooks *hooks, uint64_t segment_max, struct journal **ret_journal);
/* Starts the journal thread; before that, journal_put writes by itself. */
void journal_start(struct journal *j);
void journal_free(struct journal *j); /* writes what waits; accepts NULL */

/* Returns when the record is durable and applied. ERR_DISK_FULL, ERR_IO: it is not in the journal, now or later. Any
 * thread. */
err_t journal_put(struct journal *j, uint8_t type, int64_t at, struct bytes payload);

/* Number of records and the root of their tree, of what is durable. Any thread. */
void journal_root(struct journal *j, uint64_t *ret_size, uint8_t ret_root[DIGEST_SHA256_LEN]);
/* The newest time in any record read at start: content time must not go back behind it. */
int64_t journal_newest_at(const struct journal *j);

#endif
