/*
 * A signature from the accepted consent to the released file: the order of the steps, what happens when one fails, and what
 * is found after a crash. The steps themselves are in act.c (commits), pen.c (other programs) and archive.c (the proof).
 */
#ifndef PARAPH_CORE_SIGN_H
#define PARAPH_CORE_SIGN_H

#include "core/act.h"

/*
 * Signs everything that the signer consented to, and answers what sign_json gives. When an act of his is open or done
 * already, this only tells about it. ERR_PAUSED: nothing was begun; ERR_SIGNATURE_VOID, or the error of the step that failed: the
 * act is void, nothing was signed.
 */
err_t sign_run(struct worker *w, const struct link_session *session, json_t **ret_answer);

/* ERR_PAUSED: nothing is begun, for the root's list of revoked certificates would end before a signature could. Any thread. */
err_t sign_list_check(const struct core *core);

/* {"status": "signing" | "signed" | "void" | "none", …}: the truth as the database has it. */
err_t sign_json(struct worker *w, struct id signer, json_t **ret_answer);

/* Finishes or voids open acts that began before then, from place on, which is the beginning again once all were tried. Does not
 * wait for a document that somebody signs, and ends with ERR_PEER_GONE or ERR_DEADLINE at the first act that another program was
 * waited for in vain. At start before anything else is served; later for what could not be settled at once. */
err_t sign_settle(struct worker *w, int64_t before, struct act_place *place);

#endif
