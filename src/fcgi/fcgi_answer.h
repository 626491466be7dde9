/*
 * An answer under construction: status, header fields, body. Writing never fails in between: what does not fit or is
 * not clean turns the whole answer into a plain 500 when it is sent. Owned by whoever built it until fcgi_conn_answer
 * has taken it. One thread at a time.
 */
#ifndef PARAPH_FCGI_FCGI_ANSWER_H
#define PARAPH_FCGI_FCGI_ANSWER_H

#include "base/buf.h"

enum {
	FCGI_ANSWER_HEAD_MAX = 16 * 1024,
	FCGI_ANSWER_BODY_MAX = 32 * 1024 * 1024, /* files go by X-Accel-Redirect, not through here */
};

struct fcgi_answer {
	uint16_t status;
	struct buf head; /* "Name: value\r\n" lines */
	struct buf body;
	bool bad; /* a header field was not clean */
};

/* An empty answer with this HTTP status; takes no memory yet. */
struct fcgi_answer fcgi_answer_init(uint16_t status);
void fcgi_answer_done(struct fcgi_answer *a);

/* Adds a header field; the name is a literal of ours, the value may be anyone's: octets that are no visible ASCII,
 * space or UTF-8 spoil the answer. */
void fcgi_answer_header(struct fcgi_answer *a, const char *name, struct str value);
void fcgi_answer_headerf(struct fcgi_answer *a, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets media type and body in one go. */
void fcgi_answer_body(struct fcgi_answer *a, const char *media_type, struct bytes body);

/* Lets nginx send the file served/NAME: an internal address that only it can see. */
void fcgi_answer_served(struct fcgi_answer *a, struct str name);

/* The answer as the octets of a CGI response [RFC 3875 6]. A spoiled one gives a bare 500. */
void fcgi_answer_write(const struct fcgi_answer *a, struct buf *out);

#endif
