/*
 * Reads the journal of a key process without its keys: segments in order, the hash chain, the tree over all records, and the
 * records that evidence is compared with. The format is in src/keys/README.md; this reader shares no code with its writer.
 */
#ifndef PARAPH_AUDIT_JOURNAL_H
#define PARAPH_AUDIT_JOURNAL_H

#include "base/buf.h"
#include "tlog/tlog.h"

/* Numbers of the record types that the auditor compares. */
enum journal_type {
	JOURNAL_PEN_KEY = 20,
	JOURNAL_PEN_ATTRIBUTES = 21,
	JOURNAL_DOCUMENT_RESULT = 23,
	JOURNAL_INTENT_VOIDED = 24,
	JOURNAL_CHECKPOINT_SIGN = 30,
	JOURNAL_PROOF_SEAL = 31,
	JOURNAL_STAMP_SIGN = 41,
};

struct journal_record {
	uint8_t type;
	int64_t at;
	struct bytes payload; /* DER SEQUENCE; borrowed for the call */
	uint64_t index;       /* from 0, over all segments */
};

struct journal_reader {
	const char *name;      /* for findings: "keys/issuing" */
	void (*seen)(void *arg, const struct journal_record *record);
	/* The tree before the first record and after each; at: time of the newest. May be NULL. */
	void (*grown)(void *arg, const struct tlog *tree, int64_t at);
	void *arg;
	struct tlog tree;
	uint8_t chain[TLOG_HASH];
	uint64_t segments;
};

/* Reads all segments in folder (DIR/keys/issuing/journal); what is wrong becomes findings. ERR_IO when it cannot be read. */
err_t journal_read(const char *folder, struct journal_reader *r);

#endif
