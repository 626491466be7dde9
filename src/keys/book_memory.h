/*
 * What book.c and book_snapshot.c share: the memory itself, one entry for each activation and intent. Nobody else
 * includes this, but for their test.
 */
#ifndef PARAPH_KEYS_BOOK_MEMORY_H
#define PARAPH_KEYS_BOOK_MEMORY_H

#include "keys/book.h"

#include <pthread.h>

enum { BUCKETS_LOG2 = 14, BUCKETS = 1 << BUCKETS_LOG2, CLAIMS_MAX = 1024, BARRED_MAX = 4096 };

/* One activation or intent, with the records that made it: a snapshot writes those again. */
struct entry {
	struct entry *next;  /* in its bucket */
	struct entry *next_serial;
	size_t users;        /* of an activation: intents that are remembered */
	size_t spare;        /* of an activation, while forgetting: those of them that need not be */
	bool gone;           /* left out of the newest snapshot */
	struct buf records;
	size_t result_at, result_n; /* of an intent: where its DOCUMENT_RESULT stands in records; n is 0 before the first */
	union {
		uint8_t id[RECORD_ID]; /* both begin with it */
		struct book_activation activation;
		struct book_intent intent;
	} is;
};

struct map {
	uint64_t key[1 + RECORD_ID / 4];
	struct entry *buckets[BUCKETS];
};

struct book {
	pthread_mutex_t lock;
	struct map activations, intents;
	struct map serials; /* of the intents, by next_serial */
	struct counter_table counters;
	uint64_t crl_number, checkpoint_size;
	bool has_ocsp_key;
	uint8_t ocsp_key[RECORD_HASH];
	int64_t newest_at;
	size_t claims_n;
	uint8_t claims[CLAIMS_MAX][RECORD_ID];
	size_t barred_n; /* ever; the newest are kept */
	uint8_t barred[BARRED_MAX][RECORD_ID];
};

/* The bucket of an id or of an intent's serial; the entry of an id, NULL: none. The caller holds the lock. */
struct entry **book_bucket(struct map *m, const uint8_t id[RECORD_ID]);
struct entry **book_serial_bucket(struct book *b, const uint8_t serial[RECORD_SERIAL]);
struct entry *book_find(struct map *m, const uint8_t id[RECORD_ID]);
void book_entry_free(struct entry *e);

#endif
