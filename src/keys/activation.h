/*
 * Enrolment and activation: the proof that the registered person, and nobody else, wants exactly these documents signed.
 * Keys makes the one-time code, hands it straight to courier for the address that it MACed at enrolment, counts and
 * journals each try before it compares, and binds signer, registration, documents, plans, subject, terms, consent and
 * appearance into one digest. Every function here handles one message of src/wire/keys.proto; any thread.
 */
#ifndef PARAPH_KEYS_ACTIVATION_H
#define PARAPH_KEYS_ACTIVATION_H

#include "keys/desk.h"

/* The steps of an activation. Expiry is by time and stands above all of them. */
enum activation_state { ACTIVATION_BEGUN, ACTIVATION_PROVED, ACTIVATION_COMPLETE, ACTIVATION_STATES };
enum activation_event {
	ACTIVATION_SEND,     /* another code */
	ACTIVATION_TRY,      /* a code was typed */
	ACTIVATION_CONSENT,  /* the explicit act */
	ACTIVATION_SIGN,     /* the pen asks */
	ACTIVATION_EVENTS,
};

enum activation_state activation_state(const struct book_activation *a);
/* Whether event is next: OK, ERR_ACTIVATION_STATE or ERR_ACTIVATION_EXPIRED. */
err_t activation_check(const struct book_activation *a, enum activation_event event, int64_t now);

err_t activation_enrol(struct desk *d, const paraph_Enrol *m, paraph_Keys *ret_answer);
err_t activation_begin(struct desk *d, const paraph_ActivationBegin *m, paraph_Keys *ret_answer);
err_t activation_send(struct desk *d, const paraph_CodeSend *m, paraph_Keys *ret_answer);
/* Wipes the code in m. */
err_t activation_try(struct desk *d, paraph_CodeTry *m, paraph_Keys *ret_answer);
err_t activation_complete(struct desk *d, const paraph_ActivationComplete *m, paraph_Keys *ret_answer);

#endif
