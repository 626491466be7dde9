/*
 * Delivers one message now: by SMTP, through the SMS gateway, to a webhook, or into the catcher. Blocks as long as
 * egress allows; any thread.
 */
#ifndef PARAPH_COURIER_DELIVER_H
#define PARAPH_COURIER_DELIVER_H

#include "courier/catcher.h"
#include "os/instance.h"
#include "wire/courier.pb.h"

struct deliver {
	const struct instance *instance;
	struct catcher *catcher;  /* NULL when neither mail nor SMS is caught */
	struct buf mail_password; /* read before the jail; empty: none */
	struct buf sms_token;
	char site[256]; /* host of the pages */
};

err_t deliver_open(struct deliver *d, const struct instance *instance, struct catcher *catcher);
void deliver_close(struct deliver *d);

/* A code; its text is wiped afterwards. ERR_EGRESS. */
err_t deliver_code(const struct deliver *d, const paraph_CodeMessage *m);
/* Anything else. ERR_EGRESS: try again later. */
err_t deliver_message(const struct deliver *d, const paraph_Message *m, int64_t now);

/* Whether an address may stand in a mail header and an SMTP command: one @, no space, control, bracket or comma. */
bool deliver_address_ok(struct str address);

#endif
