/*
 * The demo's mail catcher: the newest mails and SMS in memory, and their pages. The loop's thread puts and shows; other
 * threads may put as well.
 */
#ifndef PARAPH_COURIER_CATCHER_H
#define PARAPH_COURIER_CATCHER_H

#include "base/buf.h"

enum { CATCHER_MAX = 200 };

struct catcher;

struct catcher *catcher_new(void);
void catcher_free(struct catcher *c); /* accepts NULL; wipes */

/* Keeps a copy; the oldest makes room. kind: "mail" or "sms". */
void catcher_put(struct catcher *c, const char *kind, struct str to, struct str subject, struct str text, int64_t at);

/* {"messages":[{"n","kind","to","subject","text","at"}…]}, newest first. */
void catcher_json(struct catcher *c, struct buf *b);
/* The same as a page for people; every text is escaped. */
void catcher_html(struct catcher *c, struct buf *b);

#endif
