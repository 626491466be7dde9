/*
 * Serving the front: one loop thread owns all connections, reads heads and bodies (an upload goes to its file as it
 * arrives) and hands complete requests to a fixed pool of workers, which use ordinary blocking calls.
 */
#ifndef PARAPH_API_SERVE_H
#define PARAPH_API_SERVE_H

#include "core/core.h"
#include "os/loop.h"

struct serve;

enum { SERVE_WORKERS_MAX = 64, SERVE_QUEUE_MAX = 512, SERVE_CONNECTIONS_MAX = 768 };

/* Checks the table of routes (ERR_CONF), opens a reader for each worker and starts them. listen_fd is the front's socket. */
err_t serve_start(struct core *core, struct loop *loop, int listen_fd, size_t workers, struct serve **ret_serve);
/* After the loop has ended: waits for the workers. Accepts NULL. */
void serve_stop(struct serve *s);

#endif
