/*
 * What the handlers of a role work with: the installation's facts, key store, journal, memory and, for codes, the way to
 * courier. Made once at start by desk_open; afterwards constant but for what its parts lock themselves. Any thread.
 */
#ifndef PARAPH_KEYS_DESK_H
#define PARAPH_KEYS_DESK_H

#include "base/secret.h"
#include "keys/book.h"
#include "keys/journal.h"
#include "keys/keystore.h"
#include "os/instance.h"
#include "pki/certificate.h"
#include "wire/client.h"

struct codes;
struct pens;
struct proven;

struct desk {
	enum journal_role role;
	struct instance instance;
	struct profile_instance facts; /* for certificates and lint */
	char cps_url[PROFILE_URL_MAX];
	struct keystore *keystore;
	struct journal *journal;
	struct book *book;           /* issuing */
	struct codes *codes;         /* issuing */
	struct pens *pens;           /* issuing */
	struct proven *proven;
	struct client *courier;      /* issuing; NULL: none was given */
	struct secret plan_key;      /* issuing: shared with paraph-document (plans.h); empty: none was given */
	_Atomic unsigned courier_waiting;   /* workers that wait for it */
	_Atomic int64_t courier_late_until; /* CLOCK_MONOTONIC: it let one wait in vain */
	_Atomic int64_t self_tested_until;  /* CLOCK_MONOTONIC: all keys were found well (self_test.h) */
	struct profile root, issuing, tsu, seal, ocsp, signer;
};

/* "root", "issuing", "status"; ERR_CONF */
err_t desk_role(const char *name, enum journal_role *ret_role);
const char *desk_role_text(enum journal_role role);

/* Reads configuration and profiles, opens (ceremony: or makes) the key store in DIR/keys/ROLE and reads the journal.
 * passphrase_fd: -1 takes $CREDENTIALS_DIRECTORY/paraph-ROLE or DIR/keys/ROLE/passphrase. No thread is started. */
err_t desk_open(const char *directory, enum journal_role role, bool ceremony, int passphrase_fd, struct desk **ret_desk);
/* Starts the journal's thread. */
void desk_start(struct desk *d);
void desk_free(struct desk *d); /* accepts NULL */

/* Writes one record (a struct of keys/record.h) durably; the time is now. */
err_t desk_record(struct desk *d, enum record_type type, int64_t now, const void *record);

/* Whether a number that core counts (lists, leaves of the log) may come after the highest one so far, which is kept for ever: one
 * message must not use up all that are left. A step is larger than core could ever be behind, and 2^31 of them are needed to
 * come to an end: more records than any disk holds. ERR_LIMIT. */
#define DESK_STEP_MAX (UINT64_C(1) << 32)
err_t desk_number_check(uint64_t before, uint64_t number);

/* ERR_CLOCK when the clock stands more than DESK_BEHIND_MAX_US behind the newest time on record, as after a jump ahead: content
 * time stands still until it has caught up, and nothing would expire. */
#define DESK_BEHIND_MAX_US TIME_MINUTE
err_t desk_clock_check(void);

/* A signature of a key of this process over data, hashed here with the key's own digest. */
err_t desk_sign(struct desk *d, enum keystore_use use, struct bytes data, uint8_t *ret_signature, size_t *ret_n);

/* The certificate of an own key, read; ERR_KEY_MISSING. The octets belong to the store. */
err_t desk_certificate(struct desk *d, enum keystore_use use, struct certificate *ret_certificate);

/* The subject of a certificate of our own ("DEMO Paraph Issuing CA B") in the fields of facts; text must outlive them. */
enum { DESK_NAME_MAX = 320 };
struct name_facts desk_own_name(const struct desk *d, enum keystore_use use, char text[DESK_NAME_MAX]);

#endif
