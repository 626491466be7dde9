/* What anyone may ask of the service itself: health, the audit log's head and proofs, the root certificate. */
#ifndef PARAPH_API_SERVICE_H
#define PARAPH_API_SERVICE_H

#include "api/call.h"

err_t service_health(struct call *c);
err_t service_checkpoint(struct call *c);
err_t service_audit_proof(struct call *c);
err_t service_root(struct call *c);

#endif
