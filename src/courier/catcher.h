/*
 * The mail catcher of demo and internal instances: the newest messages in memory, as a page and as JSON. Nothing leaves the
 * machine and nothing is written. Any thread may put; pages are made on the loop's thread.
 */
#ifndef PARAPH_COURIER_CATCHER_H
#define PARAPH_COURIER_CATCHER_H

#include "base/buf.h"

enum { CATCHER_MAX = 200 };

struct catcher;

struct catcher *catcher_new(void);
void catcher_free(struct catcher *c); /* accepts NULL; wipes */

/* Keeps a copy; the oldest goes when there are too many. transport: "email", "sms", "webhook". */
void catcher_put(struct catcher *c, const char *transport, struct str to, struct bytes subject, struct bytes text, int64_t at);

/* {"messages":[{"n":3,"at":"…","kind":"email","to":"…","subject":"…","text":"…"},…]}, newest first. */
void catcher_write_json(struct catcher *c, struct buf *out);
/* The same for people. */
void catcher_write_html(struct catcher *c, struct buf *out);

#endif
