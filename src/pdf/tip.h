/*
 * The tip of a document: where its newest revision ends, and what the next revision must continue. It starts from the plan
 * (revision 0) and every later revision gives the next one, so revisions chain without reading the file. Owns nothing,
 * may be copied. Pure; any thread.
 */
#ifndef PARAPH_PDF_TIP_H
#define PARAPH_PDF_TIP_H

#include "pdf/plan.h"

enum { TIP_ITEMS_MAX = 200 }; /* certificates, OCSP answers and CRLs that our revisions put into /DSS; a tip fits 8 KiB */

enum tip_kind { TIP_CERTIFICATE = 1, TIP_OCSP = 2, TIP_CRL = 3 };

struct tip_item {
	enum tip_kind kind;
	uint32_t number; /* its stream object, generation 0 */
	uint8_t sha256[DIGEST_SHA256_LEN];
};

struct tip {
	uint64_t length;    /* octets of the file */
	uint64_t startxref; /* as the file says it */
	uint32_t next;      /* first free object number */
	uint64_t filled;    /* bit i: field i of the plan holds a signature or time-stamp */
	uint32_t items_n;
	struct tip_item items[TIP_ITEMS_MAX];
};

_Static_assert(PLAN_FIELDS_MAX <= 64, "tip.filled has a bit for each field");

/* The tip of revision 0. */
void tip_start(const struct plan *plan, struct tip *ret_tip);

/* The one binary form, at most TIP_LEN_MAX octets. */
enum { TIP_LEN_MAX = 1 + 8 + 8 + 4 + 8 + 4 + TIP_ITEMS_MAX * (1 + 4 + DIGEST_SHA256_LEN) };
void tip_write(const struct tip *tip, struct buf *b);
/* ERR_PDF_PLAN for anything that tip_write does not write. */
err_t tip_read(struct bytes octets, struct tip *ret_tip);

/* The item with this content, or NULL. */
const struct tip_item *tip_find(const struct tip *tip, enum tip_kind kind, const uint8_t sha256[DIGEST_SHA256_LEN]);

#endif
