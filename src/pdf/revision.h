/*
 * The three revisions of one signature, in this order: signature (with its time-stamp inside the CMS), DSS (certificates
 * and status for both chains), document time-stamp over all of it. Each is made from plan, tip and facts alone, appended
 * to `out` (which must be empty: places in it are counted from its start), and gives the next tip. Nothing is
 * redefined but the field, its appearance and the /DSS object. Pure; any thread; nothing is kept.
 *
 *   tip_start(&plan, &tip);
 *   revision_signature(&plan, &tip, field, at, &words, room, &out, &hole, &next);
 *   digest of the file, then hole_digest(out, hole)  ->  CMS  ->  hole_fill(&out, hole, cms)  ->  append out to the file
 *   tip = next; …
 */
#ifndef PARAPH_PDF_REVISION_H
#define PARAPH_PDF_REVISION_H

#include "pdf/hole.h"
#include "pdf/plan.h"
#include "pdf/tip.h"

/* What the signature dictionary may say; empty ones are left out. A reason excludes a commitment type in the CMS.
 * [EN 319 142-1 5.3] */
struct revision_words {
	struct str name;
	struct str reason;
	struct str location;
	struct str contact;
};

/* Fills signature field `field` with a dictionary of SubFilter ETSI.CAdES.detached, /M at, a correct /ByteRange and a hole
 * with room for so many octets of DER (1 to LIMIT_SIGNATURE_HOLE; else ERR_HOLE), and shows its final appearance.
 * ERR_PDF_PLAN when the field is of the wrong kind or already filled. */
err_t revision_signature(const struct plan *plan, const struct tip *tip, size_t field, int64_t at,
    const struct revision_words *words, size_t room, struct buf *out, struct hole *ret_hole, struct tip *ret_tip);

/* Fills time-stamp field `field` with a /DocTimeStamp of SubFilter ETSI.RFC3161 and such a hole, 1 to LIMIT_STAMP_HOLE. */
err_t revision_stamp(const struct plan *plan, const struct tip *tip, size_t field, size_t room, struct buf *out,
    struct hole *ret_hole, struct tip *ret_tip);

struct revision_item {
	enum tip_kind kind;
	struct bytes der;
};

/* Adds items to /DSS as deflated streams; those that an earlier revision of ours added are not added again, and what the
 * file had stays. ERR_LIMIT when more than TIP_ITEMS_MAX would come together. */
err_t revision_dss(const struct plan *plan, const struct tip *tip, const struct revision_item *items, size_t n,
    struct buf *out, struct tip *ret_tip);

#endif
