/*
 * Requests from the front: routes, media types, what may be kept in caches and how long. Each connection carries one
 * request at a time; many wait for the key process together. One thread.
 */
#ifndef PARAPH_STATUS_VISIT_H
#define PARAPH_STATUS_VISIT_H

#include "status/status.h"

/* Serves the connections of a listening socket (taken over) on the loop, from now on. */
err_t visit_listen(struct status *status, int listen_fd);

#endif
