/*
 * The ceremonies of paraph init: starts paraph-keys in its three roles, has each make its keys, carries the public halves to
 * the root for certificates and these back. Private keys never leave their process. The root's process stops afterwards.
 */
#ifndef PARAPH_CLI_CEREMONY_H
#define PARAPH_CLI_CEREMONY_H

#include "base/buf.h"
#include "os/instance.h"

struct ceremony_result {
	struct buf root, issuing, tsu, seal, ocsp; /* certificates, DER */
	struct buf root_crl;
	struct buf log_spki, ocsp_spki;
};

/* progress gets one short line for each thing done; NULL: none. */
err_t ceremony_run(const struct instance *i, int64_t now_at, void (*progress)(const char *line),
    struct ceremony_result *ret_result);
void ceremony_done(struct ceremony_result *r);

#endif
