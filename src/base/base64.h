/* Base64 and base64url [RFC 4648 4, 5]. Writing pads only the first; reading is strict (canonical, no white space). */
#ifndef PARAPH_BASE_BASE64_H
#define PARAPH_BASE_BASE64_H

#include "base/buf.h"

void base64_write(struct buf *b, struct bytes octets);
void base64_write_url(struct buf *b, struct bytes octets);
/* Either alphabet as asked; ERR_INPUT for anything that is not the one canonical form. */
err_t base64_read(struct str text, bool url, struct buf *b);
/* A PEM block with 64-character lines [RFC 7468]. */
void base64_write_pem(struct buf *b, const char *label, struct bytes der);
/* The DER of the first block with this label at or after *at, which moves behind it; ERR_NOT_FOUND when there is none. */
err_t base64_read_pem(struct bytes text, const char *label, size_t *at, struct buf *b);

#endif
