/*
 * One request under way: who calls, with what, and the answer that is being made. Made by the loop thread, handled by one
 * worker, answered by the loop thread again. Handlers read what is here and end with one of the call_answer functions.
 */
#ifndef PARAPH_API_CALL_H
#define PARAPH_API_CALL_H

#include "api/field.h"
#include "api/route.h"
#include "base/arena.h"
#include "core/account.h"
#include "core/idempotency.h"
#include "core/link.h"
#include "core/upload.h"
#include "fcgi/fcgi_conn.h"

struct call {
	const struct route *route;
	const struct fcgi_request *request;
	struct str parts[ROUTE_PARTS_MAX];
	struct worker *worker;
	struct account account;       /* of an API key; id is empty for others */
	struct link_session session;  /* of a signer */
	struct str owner;             /* "key:ID" or "signer:ID": who an Idempotency-Key belongs to */
	struct str remote, agent;     /* address and User-Agent of the caller, cut to what is stored */
	json_t *body;                 /* JSON bodies; an object */
	struct upload *upload;        /* file bodies, complete */
	struct idempotency idempotency; /* to hand on to core; name is empty when none was given */
	struct arena *arena;
	struct fcgi_answer answer;
	char request_id[40];
	char owner_room[ACCOUNT_ID_MAX + 16];
};

/* Answers with JSON, which is taken. */
err_t call_answer(struct call *c, uint16_t status, json_t *json);
/* 201 with a Location of the format. */
err_t call_answer_made(struct call *c, json_t *json, const char *location, ...) __attribute__((format(printf, 3, 4)));
err_t call_answer_none(struct call *c); /* 204 */
/* Octets that we made: a certificate, a PEM text. */
err_t call_answer_octets(struct call *c, const char *media_type, struct bytes octets);
/* nginx sends served/NAME; file_name is what the browser calls it. */
err_t call_answer_served(struct call *c, const char *media_type, struct str served_name, const char *file_name);

/* Makes the answer the problem+json of this error [RFC 9457]; it is logged once, here. */
void call_problem(struct call *c, err_t e);

/* A parameter of the query, decoded; empty when absent. ERR_QUERY for one that is not clean. */
err_t call_query(struct call *c, const char *name, struct str *ret_value);

/* The {part} as an id with its prefix; ERR_NOT_FOUND. */
err_t call_id(const struct call *c, size_t part, const char *prefix, struct id *ret_id);

/* The pointer for field_read of member i of a list: "/signers/3". */
const char *call_pointer(struct call *c, const char *list, size_t i);

#endif
