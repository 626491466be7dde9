/* /v1/requests: making one, looking at it, sending, cancelling, its documents and its proof */
#ifndef PARAPH_API_REQUESTS_H
#define PARAPH_API_REQUESTS_H

#include "api/call.h"
#include "core/request.h"

err_t requests_post(struct call *c);
err_t requests_get(struct call *c);
err_t requests_events(struct call *c);
err_t requests_send(struct call *c);
err_t requests_cancel(struct call *c);
err_t requests_document(struct call *c);
err_t requests_proof(struct call *c);

/* The body of POST /v1/requests; wish must be zeroed. default_sender is the name of the account; without a deadline it
 * is now + invitation_us. */
err_t requests_read(const json_t *body, struct str default_sender, int64_t now, int64_t invitation_us,
    struct request_wish *ret_wish);

#endif
