/*
 * Whether the long-lived keys of this process sign what their certificates verify: asked with health, and so by core for everybody
 * and by `paraph doctor`. Any thread.
 */
#ifndef PARAPH_KEYS_SELF_TEST_H
#define PARAPH_KEYS_SELF_TEST_H

#include "keys/desk.h"

/* How long an answer that all is well holds: everybody may ask for the health of the service. */
#define SELF_TEST_LASTS_US (10 * TIME_SECOND)

/*
 * Signs a text of its own with each key of the role and verifies that with the key of the certificate (of the log, which has none:
 * with its public key). The text is constant, nobody chooses it, and the signature is wiped here: so there is nothing to journal.
 * ERR_KEY_MISSING: a key is another than its certificate's, does not work, or is not there; or what the store says.
 */
err_t self_test_run(struct desk *d);

#endif
