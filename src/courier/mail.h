/*
 * A mail as SMTP carries it [RFC 5322, RFC 2045, RFC 2047]: plain text in UTF-8, base64 lines, every header field encoded if
 * it is not plain ASCII, so that no value can begin a new one. Pure.
 */
#ifndef PARAPH_COURIER_MAIL_H
#define PARAPH_COURIER_MAIL_H

#include "base/buf.h"

struct mail {
	struct str from;      /* address */
	struct str from_name;
	struct str to;        /* address */
	struct bytes subject;
	struct bytes text;
	struct bytes id;      /* makes the Message-ID */
	int64_t at;
};

/* ERR_ADDRESS for an address that is not local@domain in plain ASCII. */
err_t mail_address_check(struct str address);

/* The whole message with CRLF line ends. ERR_ADDRESS. */
err_t mail_write(const struct mail *m, struct buf *out);

#endif
