#include "core/sign.h"

#include "base/fault.h"
#include "base/log.h"
#include "core/archive.h"
#include "core/ask.h"
#include "core/authority.h"
#include "core/lease.h"
#include "core/pen.h"
#include "os/clock.h"

enum { OPEN_AT_ONCE = 256, RETRIES = 16, RETRY_MS = 500 };
#define LEASE_US (INT64_C(60) * TIME_SECOND)
#define PATIENCE_US (INT64_C(20) * TIME_SECOND)
#define END_MARGIN_US (INT64_C(2) * TIME_SECOND) /* a stamp must lie inside the certificate's life */

/* ---- the steps -------------------------------------------------------------------------------------------------------- */

/* Steps 9 and 10 must end before the certificate does. */
static err_t
in_time(struct worker *w, const struct act *act)
{
	AUTO_SNAPSHOT(moment, w->reader);
	for (size_t i = 0; i < act->n; i++) {
		struct issued issued;
		TRY(issued_of(w->reader, act->parts[i].intent, &issued));
		if (issued.revoked_at != 0)
			return err_make(ERR_SIGNATURE_VOID, "a certificate of this signature was revoked");
		if (clock_now() > issued.not_after - END_MARGIN_US)
			return err_make(ERR_SIGNATURE_VOID, "the certificate ended before the signature was complete");
	}
	return OK;
}

/* Time-stamps and DSS of each signature. One that is resumed is so just before: keys keeps so many of them, and no more. */
static err_t
extend(struct worker *w, struct act *act, bool resume)
{
	for (size_t i = 0; i < act->n; i++) {
		if (resume)
			TRY(pen_sign(w, act, i, true));
		TRY(pen_extend(w, &act->parts[i]));
	}
	return OK;
}

/* From the intents to checked files: everything that the certificates' life limits. With resume every signature is made already,
 * and what keys told of it is in the act. */
static err_t
make(struct worker *w, struct act *act, bool resume)
{
	for (size_t i = 0; i < act->n && !resume; i++)
		TRY(pen_sign(w, act, i, false));
	TRY(act_certify(w, act));
	TRY(in_time(w, act));
	TRY(extend(w, act, resume));
	for (size_t i = 0; i < act->n; i++)
		TRY(pen_finish(w, act, &act->parts[i]));
	TRY(in_time(w, act));
	return act_result(w, act);
}

static err_t
finish(struct worker *w, struct act *act, bool resume)
{
	if (act->state == ACT_BEGUN)
		TRY(make(w, act, resume));
	return archive_release(w, act);
}

/* ---- when a step fails ------------------------------------------------------------------------------------------------ */

/* Whether another attempt may find the world better; everything else is the end of the act. ERR_INTENT: keys has the signature in its
 * journal alone, after a restart or because it had to make room, and goes on when it is resumed; in_time ends what never does. */
static bool
passing(err_t e)
{
	return e.code == ERR_PEER_GONE || e.code == ERR_DEADLINE || e.code == ERR_COMMIT_UNKNOWN ||
	    e.code == ERR_STORE_BUSY || e.code == ERR_BUSY || e.code == ERR_INTENT;
}

/* What keys made of the intents: stored certificates must be known before they are revoked. */
static err_t
certificates_learn(struct worker *w, struct act *act, size_t *ret_results)
{
	size_t results = 0;
	for (size_t i = 0; i < act->n; i++) {
		paraph_SignAnswer *signed_ = &act->parts[i].signed_;
		paraph_IntentAnswer *answer = calloc(1, sizeof *answer);
		if (answer == NULL)
			abort();
		err_t e = pen_ask(w->core, act->parts[i].intent, answer);
		if (!err_is(e) && answer->known == paraph_IntentKnown_INTENT_RESULT && answer->has_result) {
			*signed_ = answer->result;
			results++;
		} else if (!err_is(e) && answer->certificate.size > 0) {
			signed_->certificate.size = answer->certificate.size;
			memcpy(signed_->certificate.bytes, answer->certificate.bytes, answer->certificate.size);
		}
		free(answer);
		TRY(e);
	}
	*ret_results = results;
	return OK;
}

/* Nothing was signed: whatever certificate exists becomes known, is revoked and published. keys is told first, since it may still be at
 * what core lost patience with: after its yes no certificate comes into being that nobody would learn of, and without it the act
 * stays open and all this is done again. */
static err_t
give_up(struct worker *w, struct act *act, const char *reason)
{
	size_t results;
	for (size_t i = 0; i < act->n; i++)
		TRY(pen_void(w->core, act->parts[i].intent, reason));
	log_event(LOG_WARNING, "signature-void", "act", id_text("sig", act->id).c, "reason", reason, NULL);
	TRY(certificates_learn(w, act, &results));
	TRY(act_certify(w, act));
	return act_void(w, act, reason);
}

/* The base of each document is still the newest revision; nobody signed in between. */
static err_t
bases_check(struct worker *w, const struct act *act)
{
	for (size_t i = 0; i < act->n; i++) {
		const struct act_part *p = &act->parts[i];
		struct document_revision newest;
		err_t e = document_revision_newest(w->reader, p->document.id, &newest);
		if (err_is(e) && e.code != ERR_NOT_FOUND)
			return e;
		if (err_is(e) == p->has_base || (p->has_base && !id_eq(newest.intent, p->base.intent)))
			return err_make(ERR_SIGNATURE_VOID, "somebody else signed before this signature could be finished");
	}
	return OK;
}

/* One stored act that is open: finished with the same bytes, or void. An error means that it stays open for now. */
static err_t
settle(struct worker *w, struct act *act)
{
	size_t results = 0;
	if (act->state == ACT_RESULT)
		return finish(w, act, true);
	TRY(certificates_learn(w, act, &results));
	if (results < act->n)
		return give_up(w, act, "the service stopped before the key had signed");
	err_t e = bases_check(w, act);
	if (!err_is(e))
		e = finish(w, act, true);
	if (!err_is(e) || passing(e) || act->state != ACT_BEGUN)
		return e;
	char reason[200];
	snprintf(reason, sizeof reason, "%.*s", canon_cut(err_detail(), sizeof reason - 1), err_detail());
	return give_up(w, act, reason);
}

static err_t
settle_id(struct worker *w, struct id id)
{
	struct id documents[LIMIT_DOCUMENTS] = {{{0}}};
	AUTO_ACT(act);
	TRY(act_load(w, id, act));
	for (size_t i = 0; i < act->n; i++)
		documents[i] = act->parts[i].document.id;
	if (err_is(lease_take(w->core->leases, documents, act->n, 0)))
		return OK; /* a worker is signing one of these documents, most likely this act: its turn comes again */
	AUTO_ACT(again); /* as it is now that nobody else works on it */
	err_t e = act_load(w, id, again);
	if (!err_is(e) && again->state < ACT_SIGNED)
		e = settle(w, again);
	lease_give(w->core->leases, documents, act->n);
	return e;
}

err_t
sign_settle(struct worker *w, int64_t before, struct act_place *place)
{
	err_t first = OK;
	for (int i = 0; i < OPEN_AT_ONCE; i++) {
		struct id id;
		bool found;
		TRY(act_open(w->reader, before, place, &id, &found));
		if (!found) {
			*place = (struct act_place){0};
			return first;
		}
		err_t e = settle_id(w, id);
		if (!err_is(e))
			continue;
		log_error(e, "act-not-settled");
		if (e.code == ERR_PEER_GONE || e.code == ERR_DEADLINE)
			return e; /* the next would wait as long for the same program */
		first = err_is(first) ? first : e;
	}
	return first;
}

/* ---- a signer asks ---------------------------------------------------------------------------------------------------- */

/* Another program needs a moment to be started again. */
static void
pause_shortly(void)
{
	const struct timespec moment = {.tv_nsec = RETRY_MS * 1000000};
	nanosleep(&moment, NULL);
}

/* Settles the act as it is stored, as long as what fails may pass soon; a try may take long itself, when a program hangs. */
static err_t
settle_patiently(struct worker *w, struct act *act)
{
	err_t e = OK;
	int64_t until = clock_monotonic() + PATIENCE_US;
	for (int i = 0; i < RETRIES && (i == 0 || clock_monotonic() < until); i++) {
		if (i > 0)
			pause_shortly();
		e = act_load(w, act->id, act);
		if (!err_is(e) && act->state >= ACT_SIGNED)
			return OK;
		if (!err_is(e))
			e = settle(w, act);
		if (!passing(e))
			return e;
	}
	return e;
}

/* After a failure: try to finish, else void. What neither is possible for stays open for the housekeeper. */
static err_t
recover(struct worker *w, struct act *act, err_t e)
{
	char detail[200];
	log_error(e, "signature-step");
	snprintf(detail, sizeof detail, "%.*s", canon_cut(err_detail(), sizeof detail - 1), err_detail());
	if (passing(e) || act->state != ACT_BEGUN)
		return settle_patiently(w, act);
	TRY(give_up(w, act, detail));
	return err_import(e.code, detail);
}

err_t
sign_list_check(const struct core *core)
{
	return authority_check(core->authority, clock_now() + 2 * LEASE_US);
}

/* Nothing is begun when it could not be finished: the final check, after waiting for the lease and the act itself, wants a list of
 * the root that is still good. */
static err_t
ready(struct worker *w)
{
	TRY(sign_list_check(w->core));
	err_t e = ask_status_health(w->core);
	if (!err_is(e) && !client_connected(w->core->keys))
		e = err_make(ERR_PEER_GONE, "keys is not there");
	return err_is(e) ? err_make(ERR_PAUSED, "%s", err_detail()) : OK;
}

static err_t
run_leased(struct worker *w, struct act *act)
{
	for (size_t i = 0; i < act->n; i++) {
		/* Somebody may have signed while this one waited for his turn. */
		struct act_part *p = &act->parts[i];
		err_t e = document_revision_newest(w->reader, p->document.id, &p->base);
		p->has_base = !err_is(e);
		if (err_is(e) && e.code != ERR_NOT_FOUND)
			return e;
	}
	TRY(act_begin(w, act, signer_actor(act->signer.id).c));
	err_t e = finish(w, act, false);
	return err_is(e) ? recover(w, act, e) : OK;
}

static err_t
run(struct worker *w, struct id signer)
{
	struct id documents[LIMIT_DOCUMENTS] = {{{0}}};
	AUTO_ACT(act);
	TRY(act_prepare(w, signer, act));
	if (act->activation.state != ACTIVATION_COMPLETE || act->signer.state != SIGNER_CONSENTED)
		return err_make(ERR_WRONG_STATE, "the signer is %s; first consent", signer_state_name(act->signer.state));
	TRY(ready(w));
	for (size_t i = 0; i < act->n; i++)
		documents[i] = act->parts[i].document.id;
	TRY(lease_take(w->core->leases, documents, act->n, LEASE_US));
	err_t e = run_leased(w, act);
	lease_give(w->core->leases, documents, act->n);
	return e;
}

err_t
sign_json(struct worker *w, struct id signer, json_t **ret_answer)
{
	struct id id;
	enum act_state state = ACT_BEGUN;
	char reason[512];
	err_t e = act_newest(w->reader, signer, &id, &state, reason);
	if (e.code == ERR_NOT_FOUND) {
		*ret_answer = canon_pack("{s:s}", "status", "none");
		return OK;
	}
	TRY(e);
	if (state < ACT_SIGNED) {
		*ret_answer = canon_pack("{s:s, s:s}", "status", "signing", "act", id_text("sig", id).c);
		return OK;
	}
	if (state == ACT_VOID) {
		*ret_answer = canon_pack("{s:s, s:s, s:s}", "status", "void", "act", id_text("sig", id).c, "reason", reason);
		return OK;
	}
	return archive_result_json(w, id, ret_answer);
}

/* Whether the signer has an act that is signed or still may be: then it is what the answer tells. */
static err_t
has_act(struct worker *w, struct id signer, bool *ret_has)
{
	struct id id;
	enum act_state state = ACT_VOID;
	char reason[512];
	err_t e = act_newest(w->reader, signer, &id, &state, reason);
	*ret_has = !err_is(e) && state != ACT_VOID;
	return e.code == ERR_NOT_FOUND ? OK : e;
}

/* An error beside an act. Two requests at once: the second finds what the first began, and an activation that is spent. Not settled
 * yet: the answer is 202, and the housekeeper goes on. */
static err_t
told_by_act(struct worker *w, struct id signer, err_t e)
{
	char detail[512];
	bool has = false;
	if (!passing(e) && e.code != ERR_WRONG_STATE && e.code != ERR_NOT_PROVED)
		return e;
	snprintf(detail, sizeof detail, "%s", err_detail());
	return !err_is(has_act(w, signer, &has)) && has ? OK : err_import(e.code, detail);
}

err_t
sign_run(struct worker *w, const struct link_session *session, json_t **ret_answer)
{
	bool has;
	TRY(has_act(w, session->signer, &has));
	err_t e = has ? OK : run(w, session->signer);
	if (err_is(e))
		e = told_by_act(w, session->signer, e);
	TRY(e);
	FAULT_POINT("core.answer");
	return sign_json(w, session->signer, ret_answer);
}
