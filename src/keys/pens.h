/*
 * Signatures that are on their way, from SignBegin to DocStampPut: what is not in the journal because it can be made
 * again from the same files (SignResume). A pen belongs to the thread that took it; one that was lost to make room is
 * resumed. Any thread.
 */
#ifndef PARAPH_KEYS_PENS_H
#define PARAPH_KEYS_PENS_H

#include "keys/record.h"
#include "pdf/revision.h"

enum { PENS_MAX = 256 };
enum pen_step { PEN_STAMP, PEN_DSS, PEN_DOC_STAMP }; /* what comes next */

struct pen {
	struct pen *next;
	uint8_t intent[RECORD_ID];
	enum pen_step step;
	uint8_t revision0_sha256[RECORD_HASH];
	struct buf plan_octets;
	struct plan plan;        /* points into plan_octets */
	size_t field, stamp_field;
	int64_t dated_at;
	struct digest *hash;     /* of the file as it stands in the store: base and the increments written */
	struct tip tip;          /* of the same */
	struct buf increment;    /* the next one, with an empty hole */
	struct hole hole;
	struct tip tip_after;
	int out_fd;              /* append-only */
	uint64_t out_length;
};

struct pens;

struct pens *pens_new(void);
void pens_free(struct pens *p); /* accepts NULL */

struct pen *pens_make(const uint8_t intent[RECORD_ID]);
void pens_drop(struct pen *pen); /* accepts NULL */

/* Keeps it for the next message. The oldest is dropped when there are too many. */
void pens_put(struct pens *p, struct pen *pen);
/* The pen of an intent, which is then the caller's; ERR_INTENT when there is none: resume it. */
err_t pens_take(struct pens *p, const uint8_t intent[RECORD_ID], struct pen **ret_pen);

#endif
