/*
 * Questions to the other programs, blocking, with the patience of core.h. AUTO_KEYS(m) is a zeroed message on the heap
 * that is wiped and freed at the end of the block; the same for the other kinds. ERR_PEER_GONE and ERR_DEADLINE may pass when
 * the same is asked again. Any thread; no lock may be held.
 */
#ifndef PARAPH_CORE_ASK_H
#define PARAPH_CORE_ASK_H

#include "core/core.h"

static inline void ask_keys_auto_(paraph_Keys **m) { message_free(&message_keys, *m); }
static inline void ask_status_auto_(paraph_Status **m) { message_free(&message_status, *m); }
static inline void ask_courier_auto_(paraph_Courier **m) { message_free(&message_courier, *m); }
static inline void ask_document_auto_(paraph_Document **m) { message_free(&message_document, *m); }
#define AUTO_KEYS(name) __attribute__((cleanup(ask_keys_auto_))) paraph_Keys *name = message_new(&message_keys)
#define AUTO_STATUS(name) __attribute__((cleanup(ask_status_auto_))) paraph_Status *name = message_new(&message_status)
#define AUTO_COURIER(name) __attribute__((cleanup(ask_courier_auto_))) paraph_Courier *name = message_new(&message_courier)
#define AUTO_DOCUMENT(name) __attribute__((cleanup(ask_document_auto_))) paraph_Document *name = message_new(&message_document)

/* The answer's body is the wanted one, or this is an error. */
err_t ask_keys(struct core *core, paraph_Keys *ask, const int *fds, size_t fds_n, pb_size_t wanted, paraph_Keys *ret_answer);
/* For requests that are answered by plain success. */
err_t ask_keys_done(struct core *core, paraph_Keys *ask);

/* Any status process that answers; they take turns. */
err_t ask_status(struct core *core, paraph_Status *ask, pb_size_t wanted, paraph_Status *ret_answer);
/* A time-stamp token over a SHA-256 digest. */
err_t ask_stamp(struct core *core, const uint8_t imprint[DIGEST_SHA256_LEN], paraph_Status *ret_answer);
struct bytes ask_token(const paraph_Status *answer);
/* Size and root of the journal of keys:status, which a status process passes on. */
err_t ask_status_root(struct core *core, paraph_Status *ret_answer);
/* Whether stamps and answers can be had just now. */
err_t ask_status_health(struct core *core);
err_t ask_status_health_within(struct core *core, int64_t patience_us);

err_t ask_courier(struct core *core, paraph_Courier *ask);

/* One document child for one question; the answer has the wanted body. */
err_t ask_document(struct core *core, paraph_Document *ask, const int *fds, size_t fds_n, pb_size_t wanted,
    paraph_Document *ret_answer);

#endif
