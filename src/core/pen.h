/*
 * The steps of one signature on one document, in the order of ARCHITECTURE.md ("One signature", 6 to 8): keys writes,
 * status stamps and answers, a document child checks. core carries descriptors, tokens and digests between them; it makes none.
 */
#ifndef PARAPH_CORE_PEN_H
#define PARAPH_CORE_PEN_H

#include "core/act.h"

/* Key pair, certificate and signature: SignBegin, or with resume SignResume from the journalled result. After either ERR_INTENT
 * means, in all that follows, that it must be resumed. */
err_t pen_sign(struct worker *w, struct act *act, size_t place, bool resume);
/* Time-stamp, DSS and document time-stamp; the certificate must be published. */
err_t pen_extend(struct worker *w, struct act_part *p);
/* Joins base and increments into one stored file and has it checked by a child that did not build it. */
err_t pen_finish(struct worker *w, struct act *act, struct act_part *p);

/* What the journal of keys knows of an intent. */
err_t pen_ask(struct core *core, struct id intent, paraph_IntentAnswer *ret_answer);
/* Tells keys that an intent is void; what it has no memory of is fine. */
err_t pen_void(struct core *core, struct id intent, const char *reason);

#endif
