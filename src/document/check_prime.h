/*
 * Before the jail, and once for all children: proves the certificates and the list of our own CA that every finished
 * document names again, so that the final check of a document finds them proven (pki/verify.h keeps that in the process,
 * and fork copies it) and spends its time on what is new in it. A check without it is the same check, only slower.
 */
#ifndef PARAPH_DOCUMENT_CHECK_PRIME_H
#define PARAPH_DOCUMENT_CHECK_PRIME_H

#include "base/err.h"

/* Reads root.cer, issuing.cer, tsu.cer and root.crl in the folder; those that are not there are passed over. An error says
 * what does not fit together; nothing depends on it. */
err_t check_prime(const char *public_folder);

#endif
