/*
 * Which messages may arrive on which channel. A message outside the table ends the connection and is a security event.
 */
#ifndef PARAPH_WIRE_TABLE_H
#define PARAPH_WIRE_TABLE_H

#include "wire/message.h"

struct table {
	const char *channel;
	const struct message_kind *kind;
	const pb_size_t *tags; /* what the serving side accepts, 0 ends */
};

extern const struct table table_core_keys;         /* to keys:issuing */
extern const struct table table_ceremony_root;     /* to keys:root */
extern const struct table table_ceremony_issuing;  /* to keys:issuing and keys:status in a ceremony */
extern const struct table table_core_status;       /* to status */
extern const struct table table_status_keys;       /* to keys:status */
extern const struct table table_core_document;     /* to the parent of document */
extern const struct table table_document_child;    /* to a child of document */
extern const struct table table_keys_courier;      /* to courier, from keys */
extern const struct table table_core_courier;      /* to courier, from core */
extern const struct table table_control;           /* to every program, from paraphd */
extern const struct table table_control_supervisor; /* to paraphd, from every program */

/* ERR_WIRE_TABLE, logged as a security event, when the message may not arrive there. */
err_t table_check(const struct table *t, const void *message);

#endif
