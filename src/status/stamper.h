/* What a time-stamp request may ask for and how it reads for the key process [RFC 3161, EN 319 421]. Pure. */
#ifndef PARAPH_STATUS_STAMPER_H
#define PARAPH_STATUS_STAMPER_H

#include "der/oid.h"
#include "pki/tsp.h"
#include "wire/message.h"

/* ERR_TSP_REQUEST with the failure that the answer names. */
err_t stamper_check(const struct tsp_request *request, const struct oid *policy, enum tsp_failure *ret_failure);

/* request must have passed stamper_check. */
void stamper_fill(const struct tsp_request *request, paraph_TspSign *ret_sign);

/* The failure that an error of ours becomes. */
enum tsp_failure stamper_failure(err_t e);

#endif
