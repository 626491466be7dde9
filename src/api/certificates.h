/* GET /v1/certificates/{serial}, POST /v1/certificates/{serial}/revoke */
#ifndef PARAPH_API_CERTIFICATES_H
#define PARAPH_API_CERTIFICATES_H

#include "api/call.h"

err_t certificates_get(struct call *c);
err_t certificates_revoke(struct call *c);

#endif
