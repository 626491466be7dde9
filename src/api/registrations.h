/* POST /v1/registrations, GET /v1/registrations/{id} */
#ifndef PARAPH_API_REGISTRATIONS_H
#define PARAPH_API_REGISTRATIONS_H

#include "api/call.h"

err_t registrations_post(struct call *c);
err_t registrations_get(struct call *c);

#endif
