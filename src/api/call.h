/*
 * One call of the API on a worker's thread: who calls, what was sent, and the answer that is made. The connection lends
 * request and body until the answer is given back to the loop.
 */
#ifndef PARAPH_API_CALL_H
#define PARAPH_API_CALL_H

#include "api/field.h"
#include "api/limiter.h"
#include "api/route.h"
#include "core/account.h"
#include "core/idempotency.h"
#include "core/link.h"
#include "core/upload.h"
#include "fcgi/fcgi_conn.h"

struct call {
	/* given by the loop */
	struct limiter *limiter;
	struct fcgi_conn *conn;
	const struct fcgi_request *request;
	const struct route *route;
	struct str vars[ROUTE_VARS];
	struct upload *upload; /* of a streamed body */
	/* made by call_run */
	struct worker *worker;
	struct account account;
	struct link_session session;
	char actor[80]; /* "key:…" or "sgr_…" */
	struct idempotency idem;
	json_t *body;  /* of ROUTE_BODY_JSON */
	json_t *extra; /* members for the problem, or NULL */
	struct fcgi_answer answer;
};

/* Authenticates, limits, looks for an earlier answer, reads the body, runs the handler and makes the answer of whatever
 * came of it. Any worker thread. */
void call_run(struct call *c, struct worker *w);

/* For the loop: whether the bearer of a streamed body may send it at all. */
err_t call_admit(const struct route *route, const struct fcgi_request *request, struct store_tx *reader);

/* An answer that is an error, without a call. */
void call_problem(const struct core *core, const struct fcgi_request *request, err_t e, const json_t *extra,
    struct fcgi_answer *ret_answer);

/* ---- for handlers ---- */

/* Answers with JSON, which is taken. */
void call_json(struct call *c, uint16_t status, json_t *answer);
/* Answers with a stored file, sent by the front. */
err_t call_served(struct call *c, struct str blob, const char *media_type, const char *file_name, const char *ext);
/* The same for a file that stands in served/ already. */
void call_served_name(struct call *c, const char *name, const char *media_type, const char *file_name, const char *ext);
/* An id among the variables of the path. */
err_t call_id(const struct call *c, size_t var, const char *prefix, struct id *ret_id);

#endif
