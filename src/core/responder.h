/* The certificate of the OCSP signer's key, valid for [policy] ocsp_certificate_days and made anew by keys:issuing at half of
 * that. Owns responder. */
#ifndef PARAPH_CORE_RESPONDER_H
#define PARAPH_CORE_RESPONDER_H

#include "core/core.h"

/* Makes and publishes a new one when the newest is older than half of every_us, so that two are never both over. */
err_t responder_keep(struct worker *w, int64_t every_us);
err_t responder_publish(struct worker *w);

#endif
