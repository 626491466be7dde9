/*
 * The text of a checkpoint: what the log key signs and what anyone can read again. Lines, each ended by a line feed:
 * "paraph-checkpoint-v1", the origin (the instance's name), the number of leaves, the root in base64, the time.
 */
#ifndef PARAPH_TLOG_CHECKPOINT_H
#define PARAPH_TLOG_CHECKPOINT_H

#include "base/buf.h"
#include "base/time.h"
#include "tlog/tlog.h"

struct checkpoint {
	struct str origin; /* no line feed in it */
	uint64_t size;
	uint8_t root[TLOG_HASH];
	int64_t at;
};

void checkpoint_write(const struct checkpoint *c, struct buf *b);
/* The origin points into text. ERR_INPUT for anything checkpoint_write would not write. */
err_t checkpoint_read(struct bytes text, struct checkpoint *ret_checkpoint);

#endif
