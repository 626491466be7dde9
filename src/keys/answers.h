/*
 * The role status: OCSP answers and time-stamps. Each is linted, journaled (the answers that come together share one
 * fsync) and signed. Serial numbers of time-stamps are 158 random bits, never a counter. Any thread.
 */
#ifndef PARAPH_KEYS_ANSWERS_H
#define PARAPH_KEYS_ANSWERS_H

#include "keys/desk.h"

/* The certificate of the OCSP signer comes with the message (core has it renewed, see core/responder.h): proven to be for our key and
 * signed by the CA that the stored chain names. */
err_t answers_ocsp(struct desk *d, const paraph_OcspSign *m, paraph_StatusKeys *ret_answer);
/* ERR_CLOCK, but in a demo, when the clock is not synchronised or further off than [policy] clock_stop_ms. */
err_t answers_stamp(struct desk *d, const paraph_TspSign *m, paraph_StatusKeys *ret_answer);
/* Whether both could be had now: the error that would be their answer, or that of the keys' self-test (self_test.h). (The OCSP signer's
 * certificate is with who asks.) */
err_t answers_health(struct desk *d);
err_t answers_journal_root(struct desk *d, paraph_StatusKeys *ret_answer);

#endif
