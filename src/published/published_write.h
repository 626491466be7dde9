/*
 * The writing side, for core alone. A thread of its own commits what many threads put, together (group commit); each
 * put returns when its record is on disk. A put waits at most PUBLISHED_WRITE_US: a hostile reader that holds the
 * store's lock cannot stall core, it gives ERR_DEADLINE, and a restart of status ends it.
 */
#ifndef PARAPH_PUBLISHED_PUBLISHED_WRITE_H
#define PARAPH_PUBLISHED_PUBLISHED_WRITE_H

#include "published/published_record.h"
#include <sys/types.h>

struct published;

#define PUBLISHED_WRITE_US (INT64_C(5) * 1000000)

/* Opens (and makes) the store in an existing directory, and starts the thread (call it after the jail was entered or
 * allow threads in it). The files become readable, the lock file writable, for the directory's group. */
err_t published_write_open(const char *directory, struct published **ret_published);
/* stalled(arg) is called by whoever waits when a put was not written in time because somebody else holds the store's lock: to
 * have the readers started anew. At most once in 30 seconds, and never for a slow disk. Set it right after opening. */
void published_write_on_stall(struct published *p, void (*stalled)(void *arg), void *arg);
/* Waits for what is queued. Accepts NULL. */
void published_write_close(struct published *p);

/* Puts or replaces the status of a certificate; published_at of an earlier record stays, and a revocation. Any thread.
 * ERR_DEADLINE: unknown whether it was written; put it again. */
err_t published_write_certificate(struct published *p, const uint8_t issuer_spki_sha256[DIGEST_SHA256_LEN],
    struct bytes serial, const struct published_certificate *certificate);

/* The same for many: returns before it is written, and waits only when thousands are not. An error of one is told by
 * published_write_wait, which returns when all are on disk; ERR_DEADLINE when for a minute none was. One thread at a time. */
err_t published_write_later(struct published *p, const uint8_t issuer_spki_sha256[DIGEST_SHA256_LEN], struct bytes serial,
    const struct published_certificate *certificate);
err_t published_write_wait(struct published *p);

/* How far everything was put: numbers and serials of the caller's newest records, or zeros. It stands in the store itself, and is
 * written after what it tells of: a new store has none, and one that was set back an older one. One thread at a time. */
struct published_mark {
	int64_t certificates, revocations;
	uint8_t certificate[PUBLISHED_SERIAL_MAX], revoked[PUBLISHED_SERIAL_MAX];
};
struct published_mark published_write_mark(struct published *p);
err_t published_write_mark_put(struct published *p, const struct published_mark *mark);

/* Since the opening, for tests. */
uint64_t published_write_commits(struct published *p);

/* Puts or replaces a CA certificate, the certificate of its OCSP signer, or its CRL (DER). Any thread. */
err_t published_write_file(struct published *p, enum published_kind kind, struct str name, struct bytes der);

#endif
