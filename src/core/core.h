/*
 * What the core program owns, opened once by main and read-only afterwards; every file of this room gets it first. A
 * worker is one thread of the pool (or the housekeeping thread) with its own read-only connection to the database.
 */
#ifndef PARAPH_CORE_CORE_H
#define PARAPH_CORE_CORE_H

#include "core/id.h"
#include "store/blob.h"
#include "store/query.h"
#include "wire/client.h"
#include <pthread.h>

struct published; /* writer of the status store */
struct audit;
struct authority;
struct lease;

enum { CORE_STATUS_MAX = 16 };

/* What of the instance's configuration is asked for often. */
struct core_settings {
	const char *name;         /* of the instance: origin of the audit log */
	const char *provider;     /* the organisation, as the consent text names it */
	const char *site_url;     /* where the pages are */
	const char *terms;        /* text of the terms of use */
	const char *terms_version;
	const char *served_dir;
	const char *root_crl;     /* file in which a ceremony leaves the root's next list */
	const char *audit_dir;    /* for the auditor's copy; NULL: nobody reads it */
	char policy_oid[160];     /* of signer certificates */
	bool demo;
	int64_t registration_months; /* that identity proofing may be old */
	int64_t invitation_us;    /* that a link can be used when nobody says otherwise */
	int64_t upload_us;        /* that an uploaded file is kept which no request uses */
	int64_t certificate_minutes, activation_minutes;
	uint64_t document_max;    /* octets of one upload */
};

struct core {
	struct core_settings set;
	struct store *store;
	struct blob_dir *blobs;
	struct published *published;
	struct audit *audit;
	struct authority *authority;
	struct lease *leases;    /* of documents: one signature at a time; of signers: one step */
	struct client *keys, *courier;
	pthread_mutex_t document_mutex;
	int document_fd;         /* to the parent of document children, under the mutex; -1: none */
	struct client *status[CORE_STATUS_MAX];
	size_t status_n;
	uint8_t terms_sha256[DIGEST_SHA256_LEN];
};

struct worker {
	struct core *core;
	struct store_tx *reader;
};

/* A copy of the descriptor to the document program; ERR_PEER_GONE when there is none. core_document_set takes a new one. */
err_t core_document_dup(struct core *core, int *ret_fd);
void core_document_set(struct core *core, int fd);
/* Whether the program at the other end has closed it. */
bool core_peer_gone(int fd);

/* Patience with other programs, microseconds. */
#define CORE_ASK_US (INT64_C(10) * 1000000)
#define CORE_DOCUMENT_US (INT64_C(30) * 1000000)
#define CORE_COURIER_US (INT64_C(5) * 1000000) /* housekeeping waits, and what it does for the others waits behind it */

#endif
