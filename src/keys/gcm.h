/* AES-256-GCM, for the sealed key store and its notes. A nonce is 12 random octets; the sealed form is nonce, ciphertext,
 * tag of 16. At most 2^32 of them under one key [NIST SP 800-38D 8.3]. Any thread. */
#ifndef PARAPH_KEYS_GCM_H
#define PARAPH_KEYS_GCM_H

#include "base/buf.h"

enum { GCM_KEY_LEN = 32, GCM_NONCE_LEN = 12, GCM_TAG_LEN = 16, GCM_GROWTH = GCM_NONCE_LEN + GCM_TAG_LEN };

/* ret has room for plain.n + GCM_GROWTH octets; extra is authenticated and not kept. */
err_t gcm_seal(struct bytes key, struct bytes extra, struct bytes plain, uint8_t *ret);
/* ret has room for sealed.n - GCM_GROWTH octets. ERR_MAC when key, extra or sealed are not those of gcm_seal. */
err_t gcm_open(struct bytes key, struct bytes extra, struct bytes sealed, uint8_t *ret);

#endif
