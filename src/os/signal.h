/* Signals as descriptors. signal_open blocks the named signals for the process (call it before any thread starts) and
 * gives a descriptor that becomes readable when one comes. SIGPIPE is ignored. */
#ifndef PARAPH_OS_SIGNAL_H
#define PARAPH_OS_SIGNAL_H

#include "base/err.h"

/* SIGTERM and SIGINT; with children also SIGCHLD. */
err_t signal_open(bool children, int *ret_fd);
/* The next pending signal's number; 0 when there is none. */
int signal_next(int fd);

#endif
