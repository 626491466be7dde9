/* The TLS key pair of the front: self-signed, for localhost and 127.0.0.1, made by paraph init. Never from our own CA,
 * which has no server profile. */
#ifndef PARAPH_CLI_TLS_H
#define PARAPH_CLI_TLS_H

#include "base/buf.h"

/* PEM of a new P-256 key and of its certificate, for ten years from now_at. The key is wiped from memory by the caller. */
err_t tls_make(int64_t now_at, struct buf *key_pem, struct buf *certificate_pem);

#endif
