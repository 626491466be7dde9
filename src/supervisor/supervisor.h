/*
 * The running service: every program of the roster, kept alive until told to stop. One thread, one event loop.
 */
#ifndef PARAPH_SUPERVISOR_SUPERVISOR_H
#define PARAPH_SUPERVISOR_SUPERVISOR_H

#include "os/instance.h"

/* Runs until SIGTERM or SIGINT, then stops all programs in order. Prints one line of JSON on descriptor 1 when
 * everything answers. An error means that it could not start: all programs have been stopped again. */
err_t supervisor_run(const struct instance *instance);

#endif
