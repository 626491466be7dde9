/*
 * Which message each role answers on which channel, and by which function. The tables of src/wire say what may arrive;
 * these say what is done with it.
 */
#ifndef PARAPH_KEYS_ROLES_H
#define PARAPH_KEYS_ROLES_H

#include "keys/desk.h"
#include "wire/table.h"

/* Fills ret_answer (a zeroed message of the kind) with the answer to request; an error becomes an outcome. fds: -1 where
 * none came; they are closed by the caller. */
typedef err_t (*roles_handle_f)(struct desk *d, void *request, const int *fds, void *ret_answer);

struct roles_route {
	pb_size_t tag; /* 0 ends */
	roles_handle_f handle;
};

struct roles_channel {
	const struct table *table;
	const struct roles_route *routes;
};

/* What a role serves; ceremony: on the channel `ceremony-keys`. */
const struct roles_channel *roles_channel(enum journal_role role, bool ceremony);

/* Answers one message: dispatches it, and turns an error into an outcome. */
void roles_answer(struct desk *d, const struct roles_channel *channel, void *request, const int *fds, void *ret_answer);

#endif
