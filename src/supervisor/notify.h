/* Tells the service manager how paraphd is, by the datagram socket in NOTIFY_SOCKET, if there is one. */
#ifndef PARAPH_SUPERVISOR_NOTIFY_H
#define PARAPH_SUPERVISOR_NOTIFY_H

#include "base/err.h"

/* Connects once, before paraphd confines itself. */
void notify_open(void);
/* "READY=1", "STOPPING=1". */
void notify_send(const char *state);

#endif
