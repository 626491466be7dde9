/* API keys: who calls, and with which roles. A key is a bearer token of which only the SHA-256 is stored. Owns api_key. */
#ifndef PARAPH_CORE_ACCOUNT_H
#define PARAPH_CORE_ACCOUNT_H

#include "core/canon.h"
#include "core/core.h"

enum account_role { ACCOUNT_SENDER = 1, ACCOUNT_REGISTRATION = 2, ACCOUNT_REVOCATION = 4 };

enum { ACCOUNT_ID_MAX = 64, ACCOUNT_NAME_MAX = 128 };

struct account {
	char id[ACCOUNT_ID_MAX];
	char name[ACCOUNT_NAME_MAX];
	char actor[ACCOUNT_ID_MAX + 8]; /* "key:ID", as the audit log names it */
	unsigned roles;
};

/* ERR_UNAUTHENTICATED when no key has this token. */
err_t account_find(struct store_tx *reader, struct str token, struct account *ret_account);
/* Adds the keys of {"api_keys": [{"id","sha256","roles","name"}]}; within a transaction. ERR_CONF. */
err_t account_import(struct store_tx *tx, const json_t *keys);

#endif
