/* /s/v1: the signer's side. The token of the link comes in the URL's fragment and is exchanged here for a session. */
#ifndef PARAPH_API_SIGNING_H
#define PARAPH_API_SIGNING_H

#include "api/call.h"

err_t signing_session(struct call *c);
err_t signing_request(struct call *c);
err_t signing_document(struct call *c);
err_t signing_signed(struct call *c);
err_t signing_code(struct call *c);
err_t signing_code_try(struct call *c);
err_t signing_consent(struct call *c);
err_t signing_sign(struct call *c);
err_t signing_result(struct call *c);
err_t signing_decline(struct call *c);
err_t signing_revoke(struct call *c);

/* The code out of a body of exactly the form {"code":"123456"}, without a copy anywhere else. ERR_FIELD. */
err_t signing_code_read(struct bytes body, struct bytes *ret_code);

#endif
