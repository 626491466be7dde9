#include "keys/roles.h"
#include "base/log.h"
#include "keys/activation.h"
#include "keys/answers.h"
#include "keys/authority.h"
#include "keys/evidence.h"
#include "keys/pen.h"
#include "keys/plans.h"
#include "keys/revisions.h"
#include "keys/self_test.h"
#include "os/clock.h"

/* ---- from messages to functions ---- */

/* In a ceremony: keys may not be made yet. */
static err_t
ceremony_health(struct desk *d, void *request, const int *fds, void *ret_answer)
{
	(void)d;
	(void)fds;
	message_outcome(&message_keys, ret_answer, message_head(request)->id, OK);
	return OK;
}

static err_t
issuing_health(struct desk *d, void *request, const int *fds, void *ret_answer)
{
	(void)fds;
	TRY(self_test_run(d));
	message_outcome(&message_keys, ret_answer, message_head(request)->id, OK);
	return OK;
}

static err_t
status_health(struct desk *d, void *request, const int *fds, void *ret_answer)
{
	(void)fds;
	TRY(answers_health(d));
	message_outcome(&message_status_keys, ret_answer, message_head(request)->id, OK);
	return OK;
}

/* A handler of one message, without and with descriptors. */
#define HANDLER(name, member, function)                                                                                \
	static err_t name(struct desk *d, void *request, const int *fds, void *ret_answer)                             \
	{                                                                                                              \
		(void)fds;                                                                                             \
		return function(d, &((paraph_Keys *)request)->body.member, ret_answer);                                \
	}
#define HANDLER_FDS(name, member, function)                                                                            \
	static err_t name(struct desk *d, void *request, const int *fds, void *ret_answer)                             \
	{                                                                                                              \
		return function(d, &((paraph_Keys *)request)->body.member, fds, ret_answer);                           \
	}
#define STATUS_HANDLER(name, member, function)                                                                         \
	static err_t name(struct desk *d, void *request, const int *fds, void *ret_answer)                             \
	{                                                                                                              \
		(void)fds;                                                                                             \
		return function(d, &((paraph_StatusKeys *)request)->body.member, ret_answer);                          \
	}

HANDLER(enrol, enrol, activation_enrol)
HANDLER(plan_attest, plan_attest, plans_attest)
HANDLER(begin, activation_begin, activation_begin)
HANDLER(code_send, code_send, activation_send)
HANDLER(code_try, code_try, activation_try)
HANDLER(complete, activation_complete, activation_complete)
HANDLER_FDS(sign_begin, sign_begin, pen_begin)
HANDLER_FDS(sign_resume, sign_resume, pen_resume)
HANDLER(intent_void, intent_void, pen_void)
HANDLER(intent_ask, intent_ask, pen_ask)
HANDLER(stamp_put, stamp_put, revisions_stamp)
HANDLER(dss_put, dss_put, revisions_dss)
HANDLER(doc_stamp_put, doc_stamp_put, revisions_doc_stamp)
HANDLER(checkpoint_sign, checkpoint_sign, evidence_checkpoint)
HANDLER(statement_ask, statement_ask, evidence_statement)
HANDLER_FDS(proof_seal, proof_seal, evidence_seal)
HANDLER_FDS(crl_sign, crl_sign, authority_crl)
HANDLER_FDS(crl_daily_sign, crl_sign, authority_crl_daily)
HANDLER(ocsp_certificate_sign, ocsp_certificate_sign, authority_ocsp_certificate)
HANDLER(key_make, key_make, authority_key_make)
HANDLER(certificate_sign, ceremony_certificate_sign, authority_certificate_sign)
HANDLER(certificate_store, certificate_store, authority_certificate_store)
STATUS_HANDLER(ocsp_sign, ocsp_sign, answers_ocsp)
STATUS_HANDLER(tsp_sign, tsp_sign, answers_stamp)

static err_t
journal_root_ask(struct desk *d, void *request, const int *fds, void *ret_answer)
{
	(void)request;
	(void)fds;
	return evidence_journal_root(d, ret_answer);
}

static err_t
status_journal_root_ask(struct desk *d, void *request, const int *fds, void *ret_answer)
{
	(void)request;
	(void)fds;
	return answers_journal_root(d, ret_answer);
}

/* ---- the tables ---- */

static const struct roles_route issuing_routes[] = {
    {paraph_Keys_health_tag, issuing_health},
    {paraph_Keys_enrol_tag, enrol},
    {paraph_Keys_plan_attest_tag, plan_attest},
    {paraph_Keys_activation_begin_tag, begin},
    {paraph_Keys_code_send_tag, code_send},
    {paraph_Keys_code_try_tag, code_try},
    {paraph_Keys_activation_complete_tag, complete},
    {paraph_Keys_sign_begin_tag, sign_begin},
    {paraph_Keys_sign_resume_tag, sign_resume},
    {paraph_Keys_stamp_put_tag, stamp_put},
    {paraph_Keys_dss_put_tag, dss_put},
    {paraph_Keys_doc_stamp_put_tag, doc_stamp_put},
    {paraph_Keys_intent_void_tag, intent_void},
    {paraph_Keys_intent_ask_tag, intent_ask},
    {paraph_Keys_checkpoint_sign_tag, checkpoint_sign},
    {paraph_Keys_journal_root_ask_tag, journal_root_ask},
    {paraph_Keys_statement_ask_tag, statement_ask},
    {paraph_Keys_proof_seal_tag, proof_seal},
    {paraph_Keys_crl_sign_tag, crl_daily_sign},
    {paraph_Keys_ocsp_certificate_sign_tag, ocsp_certificate_sign},
    {0, NULL},
};
static const struct roles_route status_routes[] = {
    {paraph_StatusKeys_health_tag, status_health},
    {paraph_StatusKeys_ocsp_sign_tag, ocsp_sign},
    {paraph_StatusKeys_tsp_sign_tag, tsp_sign},
    {paraph_StatusKeys_journal_root_ask_tag, status_journal_root_ask},
    {0, NULL},
};
static const struct roles_route root_ceremony_routes[] = {
    {paraph_Keys_health_tag, ceremony_health},
    {paraph_Keys_key_make_tag, key_make},
    {paraph_Keys_ceremony_certificate_sign_tag, certificate_sign},
    {paraph_Keys_crl_sign_tag, crl_sign},
    {0, NULL},
};
static const struct roles_route ceremony_routes[] = {
    {paraph_Keys_health_tag, ceremony_health},
    {paraph_Keys_key_make_tag, key_make},
    {paraph_Keys_certificate_store_tag, certificate_store},
    {paraph_Keys_ocsp_certificate_sign_tag, ocsp_certificate_sign},
    {paraph_Keys_crl_sign_tag, crl_sign},
    {0, NULL},
};

static const struct roles_channel issuing = {&table_core_keys, issuing_routes};
static const struct roles_channel status = {&table_status_keys, status_routes};
static const struct roles_channel root_ceremony = {&table_ceremony_root, root_ceremony_routes};
static const struct roles_channel ceremony_of_others = {&table_ceremony_issuing, ceremony_routes};

const struct roles_channel *
roles_channel(enum journal_role role, bool ceremony)
{
	if (role == JOURNAL_ROOT)
		return &root_ceremony;
	if (ceremony)
		return &ceremony_of_others;
	return role == JOURNAL_STATUS ? &status : &issuing;
}

static err_t
dispatch(struct desk *d, const struct roles_channel *channel, void *request, const int *fds, void *ret_answer)
{
	const struct message_head *head = request;
	if (head->deadline_us != 0 && (int64_t)head->deadline_us <= clock_monotonic())
		return err_make(ERR_DEADLINE, "nobody waits for this answer any more");
	for (const struct roles_route *r = channel->routes; r->tag != 0; r++)
		if (r->tag == head->which_body)
			return r->handle(d, request, fds, ret_answer);
	return err_make(ERR_WIRE_TABLE, "message %u has no handler", (unsigned)head->which_body);
}

void
roles_answer(struct desk *d, const struct roles_channel *channel, void *request, const int *fds, void *ret_answer)
{
	uint64_t id = message_head(request)->id;
	err_t e = dispatch(d, channel, request, fds, ret_answer);
	if (err_is(e)) {
		/* ordinary refusals are told to the asker, who logs them */
		if (err_info(e.code)->level <= LOG_ERR)
			log_error(e, "request");
		message_outcome(channel->table->kind, ret_answer, id, e);
	}
	message_head(ret_answer)->id = id;
}
