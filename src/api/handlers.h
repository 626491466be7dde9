/* The handlers of all routes, by the file of their resource. Each reads the call, asks core, and answers. */
#ifndef PARAPH_API_HANDLERS_H
#define PARAPH_API_HANDLERS_H

#include "api/call.h"

/* registrations.c */
err_t registrations_post(struct call *c);
err_t registrations_get(struct call *c);

/* files.c */
err_t files_post(struct call *c);
err_t files_get(struct call *c);

/* requests.c */
err_t requests_post(struct call *c);
err_t requests_get(struct call *c);
err_t requests_events(struct call *c);
err_t requests_send(struct call *c);
err_t requests_cancel(struct call *c);

#endif
