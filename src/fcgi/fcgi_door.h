/*
 * A listening socket on an event loop, for programs that answer on the loop's own thread, at once or when something
 * else has answered them: accepts connections, keeps bodies in memory, calls back with each complete request. (core,
 * which streams bodies and has workers, drives fcgi_conn itself.) One thread.
 */
#ifndef PARAPH_FCGI_FCGI_DOOR_H
#define PARAPH_FCGI_FCGI_DOOR_H

#include "fcgi/fcgi_conn.h"
#include "os/loop.h"

/* One connection of a door; the same one for many requests. */
struct fcgi_visit;

struct fcgi_door {
	size_t body_max;  /* octets of a body */
	size_t data_size; /* octets of the caller's own with each connection */
	/* A request is complete: answer it with fcgi_door_answer, now or later. */
	void (*ready)(void *arg, struct fcgi_visit *visit);
	/* The request cannot be read (e, as fcgi_conn_refusal): answer now. */
	void (*refused)(void *arg, struct fcgi_visit *visit, err_t e);
	void *arg;
};

/* Serves listen_fd until the process ends. door is copied. */
err_t fcgi_door_open(struct loop *loop, int listen_fd, const struct fcgi_door *door);

const struct fcgi_request *fcgi_door_request(const struct fcgi_visit *visit);
struct bytes fcgi_door_body(const struct fcgi_visit *visit);
/* data_size octets, zeroed when the connection was made. */
void *fcgi_door_data(struct fcgi_visit *visit);

/* Takes the answer. The visit may be gone afterwards. */
void fcgi_door_answer(struct fcgi_visit *visit, struct fcgi_answer *answer);

#endif
