/*
 * The loop that owns all connections from the front: reads heads and bodies, streams uploads to their file, hands complete
 * requests to the workers and sends their answers. Who may call what is decided here, from the table of routes, before
 * a handler sees the request.
 */
#ifndef PARAPH_API_SERVE_H
#define PARAPH_API_SERVE_H

#include "api/route.h"
#include "core/core.h"
#include "os/loop.h"

struct serve;

/* Takes connections of the listening descriptor on this loop; workers threads handle requests, each with its own read-only
 * connection to the database. ERR_CONF when a route declares too little. */
err_t serve_new(struct core *core, struct loop *loop, int listen_fd, const struct route *routes, size_t routes_n,
    size_t workers, struct serve **ret_serve);
/* Lets requests under way finish; accepts NULL. */
void serve_free(struct serve *s);

#endif
