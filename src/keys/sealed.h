/*
 * The sealed software key store: one file, AES-256-GCM under a key that Argon2id makes from a passphrase (or a credential
 * of the service manager). Replaced as a whole and durably. For demo and the profile `internal` only; production keys
 * live in PKCS#11. The form of the file is in README.md.
 */
#ifndef PARAPH_KEYS_SEALED_H
#define PARAPH_KEYS_SEALED_H

#include "keys/keystore.h"

/* What Argon2id costs; the parameters stand in the file. */
struct sealed_cost {
	uint32_t memory_kib;
	uint32_t passes;
};
#define SEALED_COST ((struct sealed_cost){64 * 1024, 3})

/* Makes a new store with a fresh MAC key and no other keys; ERR_KEY_EXISTS when the file is there. */
err_t sealed_create(const char *path, struct bytes passphrase, struct sealed_cost cost, struct keystore **ret_store);
/* ERR_KEYSTORE_SEAL for another passphrase or a single changed octet, ERR_KEYSTORE when the file cannot be read. */
err_t sealed_open(const char *path, struct bytes passphrase, struct keystore **ret_store);

#endif
