/*
 * The ceremonies of paraph init, and the later one that renews the root's list. The first: starts paraph-keys in its three roles, has each make its keys, carries the public halves to
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
/* The root's next CRL, appended to crl: signed by the key that paraph init made, good for [policy] root_crl_days from now_at.
 * Its number is the given one, or higher when the root's journal knows that one. ERR_START: the root could not be started. */
err_t ceremony_root_crl(const struct instance *i, int64_t now_at, uint64_t number, struct buf *crl);
void ceremony_done(struct ceremony_result *r);

#endif
