/*
 * The three increments of a signature after the pen made it: signature with its time-stamp, DSS, document time-stamp.
 * Each is appended to the descriptor that came with SignBegin, and answered with a MACed record of the document after it.
 * Any thread; the messages of one intent come one after the other.
 */
#ifndef PARAPH_KEYS_REVISIONS_H
#define PARAPH_KEYS_REVISIONS_H

#include "keys/desk.h"
#include "keys/pens.h"

err_t revisions_stamp(struct desk *d, const paraph_StampPut *m, paraph_Keys *ret_answer);
err_t revisions_dss(struct desk *d, const paraph_DssPut *m, paraph_Keys *ret_answer);
err_t revisions_doc_stamp(struct desk *d, const paraph_DocStampPut *m, paraph_Keys *ret_answer);

/* ERR_MAC unless the record is one that was made here after the last increment; then the tip it holds. */
err_t revisions_record_check(struct desk *d, const paraph_RevisionRecord *r, struct tip *ret_tip);

#endif
