/*
 * Reader of the records that a FastCGI front sends, octet by octet if need be: input in any pieces gives the same
 * events. One request at a time; the parameters are collected (up to a limit), the body is handed on in place. Pure: no
 * memory but the parameters', no descriptor. One thread at a time.
 */
#ifndef PARAPH_FCGI_FCGI_RECORD_H
#define PARAPH_FCGI_FCGI_RECORD_H

#include "base/buf.h"

enum { FCGI_RECORD_PARAMS_MAX = 64 * 1024 }; /* octets of all parameters of one request */

enum fcgi_record_event {
	FCGI_RECORD_MORE,    /* all input is used up; nothing yet */
	FCGI_RECORD_HEAD,    /* the parameters are complete, in params */
	FCGI_RECORD_BODY,    /* a piece of the body */
	FCGI_RECORD_END,     /* the body is complete */
	FCGI_RECORD_ABORT,   /* the front takes the request back */
	FCGI_RECORD_ENQUIRY, /* a management record that wants an answer; its type is in management */
};

struct fcgi_record {
	struct buf params; /* name-value pairs as they came */
	uint8_t header[8];
	uint8_t header_n;    /* octets of header so far */
	uint8_t phase;       /* private to fcgi_record.c */
	uint8_t management;  /* type of the enquiry */
	bool keep;           /* the front wants to keep the connection */
	uint16_t request_id; /* of the open request, 0: none */
	uint16_t content_left;
	uint8_t padding_left;
	uint8_t begin[8]; /* body of BEGIN_REQUEST so far */
	uint8_t begin_n;
};

/* Zeroed memory is ready too, but for the cap of params. */
struct fcgi_record fcgi_record_init(void);
/* Wipes and frees the parameters. */
void fcgi_record_done(struct fcgi_record *r);
/* After the answer: wipes the parameters and waits for the next request. */
void fcgi_record_reset(struct fcgi_record *r);

/* Reads from the front of *in, which moves past what was used, up to the next event. ret_piece is the piece of
 * FCGI_RECORD_BODY, inside in. ERR_FCGI for what the protocol or our limits do not allow: the connection must end. */
err_t fcgi_record_read(
    struct fcgi_record *r, struct bytes *in, enum fcgi_record_event *ret_event, struct bytes *ret_piece);

/* Octets that answer the enquiry just read: no variable is known, no other type is either. */
void fcgi_record_answer_enquiry(const struct fcgi_record *r, struct buf *out);

/* The next name-value pair of params at *at, which moves on; false at the end. ERR_FCGI when lengths do not fit. */
err_t fcgi_record_pair(
    struct bytes params, size_t *at, bool *ret_more, struct bytes *ret_name, struct bytes *ret_value);

/* STDOUT records around content (none when it is empty), and the two records that end an answer. */
void fcgi_record_put_stdout(struct buf *out, uint16_t request_id, struct bytes content);
void fcgi_record_put_end(struct buf *out, uint16_t request_id);

#endif
