/*
 * One kept connection from the front, for whatever event loop its owner has. The owner calls fcgi_conn_next when the
 * descriptor is ready and does what the event asks; it hands the request to a worker or answers at once.
 *
 *	HEAD     the head is complete: say what to do with the body (keep, stream), or answer already
 *	BODY     a piece of a streamed body is in fcgi_conn_piece
 *	READY    the request is complete: answer it, now or later; until then do not watch the descriptor
 *	REFUSED  fcgi_conn_refusal says why: answer with that error
 *	SENT     the answer is out, everything of the request is wiped; call fcgi_conn_next again
 *	ABORTED  the front took the request back (an upload broke off, a reader of a stream left): free the connection
 *	CLOSED   the front ended the connection between requests: free it
 *	WAIT     nothing to do until the descriptor is ready for fcgi_conn_wants
 *
 * An error of fcgi_conn_next means that the connection is unusable: log it and free it. A connection belongs to its
 *loop's thread; between READY and fcgi_conn_answer one other thread may read request and body.
 */
#ifndef PARAPH_FCGI_FCGI_CONN_H
#define PARAPH_FCGI_FCGI_CONN_H

#include "fcgi/fcgi_answer.h"
#include "fcgi/fcgi_request.h"

struct fcgi_conn;

enum fcgi_conn_event {
	FCGI_CONN_WAIT,
	FCGI_CONN_HEAD,
	FCGI_CONN_BODY,
	FCGI_CONN_READY,
	FCGI_CONN_REFUSED,
	FCGI_CONN_SENT,
	FCGI_CONN_ABORTED,
	FCGI_CONN_CLOSED,
};

enum { FCGI_CONN_WANTS_READ = 1, FCGI_CONN_WANTS_WRITE = 2 };
enum { FCGI_CONN_PENDING_MAX = 256 * 1024 }; /* octets of a stream that wait for a slow reader */

/* Takes the connected descriptor, which becomes non-blocking. */
struct fcgi_conn *fcgi_conn_new(int fd);
/* Accepts one connection of a non-blocking listening socket; NULL when none waits. */
err_t fcgi_conn_accept(int listen_fd, struct fcgi_conn **ret_conn);
/* Closes and wipes; accepts NULL. */
void fcgi_conn_free(struct fcgi_conn *c);

int fcgi_conn_fd(const struct fcgi_conn *c);
/* What to watch the descriptor for; 0 while the answer is being made: take it out of the loop then. */
unsigned fcgi_conn_wants(const struct fcgi_conn *c);

/* Reads and writes as far as it goes, up to the next event. */
err_t fcgi_conn_next(struct fcgi_conn *c, enum fcgi_conn_event *ret_event);

const struct fcgi_request *fcgi_conn_request(const struct fcgi_conn *c);

/* At HEAD: keep the body in memory, at most limit octets (without a call: none may come). REFUSED with ERR_LIMIT above.
 */
void fcgi_conn_body_keep(struct fcgi_conn *c, size_t limit);
/* At HEAD: hand the body on in pieces, at most limit octets. */
void fcgi_conn_body_stream(struct fcgi_conn *c, uint64_t limit);
/* At BODY: the piece, valid until the next call. */
struct bytes fcgi_conn_piece(const struct fcgi_conn *c);
/* At READY: the kept body, valid until the answer. */
struct bytes fcgi_conn_body(const struct fcgi_conn *c);
/* Wipes the kept body and the input it came through as soon as it was read; it happens at SENT in any case. */
void fcgi_conn_wipe(struct fcgi_conn *c);
/* At REFUSED: ERR_REQUEST_HEAD or ERR_LIMIT, with err_detail set. */
err_t fcgi_conn_refusal(const struct fcgi_conn *c);

/* Whether the body, since_us microseconds after its head, is still coming and has come too slowly: more than patience
 * seconds and one more for each rate octets that came. The front only says that something came lately. */
bool fcgi_conn_late(const struct fcgi_conn *c, int64_t since_us, unsigned patience, unsigned rate);

/* At HEAD, BODY, READY or REFUSED, or when it is late: sends the answer, which is taken (and freed). What is left of the body is dropped.
 */
void fcgi_conn_answer(struct fcgi_conn *c, struct fcgi_answer *a);

/* The same, but the answer goes on (event streams): more by fcgi_conn_put, the end by fcgi_conn_end. */
void fcgi_conn_open(struct fcgi_conn *c, struct fcgi_answer *a);
/* ERR_LIMIT when the reader is too slow: free the connection. */
err_t fcgi_conn_put(struct fcgi_conn *c, struct bytes octets);
void fcgi_conn_end(struct fcgi_conn *c);

#endif
