/*
 * The form of a journal segment: a MACed head with a snapshot, then records in a hash chain. README.md has the layout,
 * exact enough for an auditor who has no key. Pure; any thread.
 */
#ifndef PARAPH_KEYS_SEGMENT_H
#define PARAPH_KEYS_SEGMENT_H

#include "base/buf.h"
#include "base/digest.h"
#include "tlog/tlog.h"

enum {
	SEGMENT_HASH = DIGEST_SHA256_LEN,
	SEGMENT_HEAD_FIXED = 80,
	SEGMENT_RECORD_FIXED = 16,              /* before the payload */
	SEGMENT_PAYLOAD_MAX = 64 * 1024,
	SEGMENT_SNAPSHOT_MAX = 256 * 1024 * 1024,
};

struct segment_head {
	uint64_t number;              /* from 1 */
	int64_t opened_at;
	uint8_t role;                 /* 1 issuing, 2 status, 3 root */
	uint8_t chain[SEGMENT_HASH];  /* of the last record of the segment before; zeros in the first */
	struct tlog tree;             /* over all records before this segment; its size is the first record's index */
	struct bytes snapshot;        /* records without chain, one behind the other; borrowed */
};

struct segment_record {
	uint8_t type; /* 1 .. 255 */
	int64_t at;
	struct bytes payload; /* borrowed */
};

/* Without the MAC, which the caller appends (32 octets over all of it). */
void segment_head_write(struct buf *b, const struct segment_head *head);
/* Reads a head at the start of octets and says how long it is without the MAC; ERR_JOURNAL. */
err_t segment_head_read(struct bytes octets, struct segment_head *ret_head, size_t *ret_n);

/* Adds the octets of one record to the tree. */
void segment_tree_add(struct tlog *tree, struct bytes record_octets);

/* The record up to its chain value: what chain and tree hash. */
void segment_record_write(struct buf *b, const struct segment_record *record);
/* Marks one, before it is hashed, as written together with the record before it: neither was durable without the other. */
void segment_record_together(uint8_t *record_octets);
/* Reads one without chain value at *at and moves on; ERR_JOURNAL when what stands there is not a whole record. */
err_t segment_record_read(struct bytes octets, size_t *at, struct segment_record *ret_record);

/* SHA-256(previous, record octets) into chain, which holds the previous one. */
void segment_chain(uint8_t chain[SEGMENT_HASH], struct bytes record_octets);

/*
 * Walks the records behind a head. chain: on entry SHA-256 of the head with its MAC, afterwards that of the last good
 * record; *at moves behind that. For each good record `seen` is called. OK when the octets end there, or when what
 * follows is the unfinished end of a last write (the file stops inside a record, or zeros stand where the disk never got
 * the rest, or sectors of it): *ret_torn says so and it may be cut. ERR_JOURNAL when whole octets were changed.
 */
typedef err_t (*segment_seen_f)(void *arg, const struct segment_record *record, struct bytes record_octets);
err_t segment_walk(struct bytes octets, size_t *at, uint8_t chain[SEGMENT_HASH], segment_seen_f seen, void *arg,
    bool *ret_torn);

#endif
