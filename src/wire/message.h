/*
 * The kinds of message, one per protocol: how nanopb encodes them, and the three members that all have in common.
 */
#ifndef PARAPH_WIRE_MESSAGE_H
#define PARAPH_WIRE_MESSAGE_H

#include "base/err.h"
#include "wire/common.pb.h"
#include "wire/courier.pb.h"
#include "wire/document.pb.h"
#include "wire/keys.pb.h"
#include "wire/status.pb.h"
#include <pb.h>
#include <stddef.h>

/* How every message begins; message.c proves it for each kind when it is compiled. */
struct message_head {
	uint64_t id;
	uint64_t deadline_us; /* CLOCK_MONOTONIC */
	pb_size_t which_body;
};

struct message_kind {
	const char *name;
	const pb_msgdesc_t *fields;
	size_t size;       /* of the C struct */
	size_t body;       /* where its union begins */
	pb_size_t outcome; /* the tag of the Outcome in its body */
};

extern const struct message_kind message_control;     /* paraph_Control */
extern const struct message_kind message_keys;        /* paraph_Keys */
extern const struct message_kind message_status;      /* paraph_Status */
extern const struct message_kind message_status_keys; /* paraph_StatusKeys */
extern const struct message_kind message_document;    /* paraph_Document */
extern const struct message_kind message_courier;     /* paraph_Courier */

/* A zeroed message of the kind, on the heap: the large ones do not belong on a stack. Wiped when freed, because some
 * carry codes. message_free accepts NULL.
 *
 * A message has one body for its life, or message_clear between two: only the head and that body are ever touched, so
 * only they are wiped, and a wiped message is handed out again. Tests with fault hooks prove that the rest is zero. */
void *message_new(const struct message_kind *kind);
void message_free(const struct message_kind *kind, void *message);
/* Zero again, for another body. */
void message_clear(const struct message_kind *kind, void *message);
/* Octets from its beginning that can be other than zero. */
size_t message_used(const struct message_kind *kind, const void *message);

static inline struct message_head *
message_head(void *message)
{
	return message;
}

/* Makes message the answer that reports an error (or success) to the request with this id. */
void message_outcome(const struct message_kind *kind, void *message, uint64_t id, err_t e);

#endif
