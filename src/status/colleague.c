#include "status/colleague.h"
#include "base/log.h"
#include "os/clock.h"
#include "pki/tsp.h"
#include "wire/channel.h"
#include "wire/table.h"

#include <fcntl.h>

enum { QUESTIONS_AT_ONCE = 16 };

/* One question of core that waits for the key process. */
struct errand {
	struct status *status;
	uint64_t id;
	uint64_t generation; /* of the channel it came on: core may have been started anew since */
};

static struct errand *
errand_new(struct status *s, uint64_t id)
{
	struct errand *e = malloc(sizeof *e);
	if (e == NULL)
		abort();
	*e = (struct errand){s, id, s->core_generation};
	return e;
}

static void
reply(struct status *s, uint64_t generation, const paraph_Status *m)
{
	if (generation != s->core_generation || s->core_fd < 0)
		return; /* who asked is gone */
	err_t e = channel_send(s->core_fd, &message_status, m, NULL, 0);
	if (err_is(e) && e.code != ERR_PEER_GONE)
		log_error(e, "answer-to-core");
}

static void
reply_outcome(struct status *s, uint64_t generation, uint64_t id, err_t e)
{
	paraph_Status *m = message_new(&message_status);
	message_outcome(&message_status, m, id, e);
	reply(s, generation, m);
	message_free(&message_status, m);
}

/* Copies the answer of the key process into the answer for core; ERR_WIRE when it does not fit. */
static err_t
translate(const paraph_StatusKeys *from, paraph_Status *to)
{
	if (from->which_body == paraph_StatusKeys_tsp_signed_tag &&
	    from->body.tsp_signed.token.size <= sizeof to->body.stamped.token.bytes) {
		to->which_body = paraph_Status_stamped_tag;
		to->body.stamped.token.size = from->body.tsp_signed.token.size;
		memcpy(
		    to->body.stamped.token.bytes, from->body.tsp_signed.token.bytes, from->body.tsp_signed.token.size);
		return OK;
	}
	if (from->which_body == paraph_StatusKeys_ocsp_signed_tag &&
	    from->body.ocsp_signed.response.size <= sizeof to->body.ocsp_got.response.bytes) {
		to->which_body = paraph_Status_ocsp_got_tag;
		to->body.ocsp_got.response.size = from->body.ocsp_signed.response.size;
		memcpy(to->body.ocsp_got.response.bytes, from->body.ocsp_signed.response.bytes,
		    from->body.ocsp_signed.response.size);
		return OK;
	}
	if (from->which_body == paraph_StatusKeys_journal_root_tag) {
		to->which_body = paraph_Status_journal_root_tag;
		to->body.journal_root = from->body.journal_root;
		return OK;
	}
	if (from->which_body == paraph_StatusKeys_outcome_tag) {
		message_outcome(&message_status, to, 0, OK);
		return OK;
	}
	return err_make(ERR_WIRE, "the key process answered with message %u", (unsigned)from->which_body);
}

static void
errand_done(void *arg, err_t e, const paraph_StatusKeys *answer)
{
	struct errand *errand = arg;
	if (!err_is(e)) {
		paraph_Status *m = message_new(&message_status);
		e = translate(answer, m);
		m->id = errand->id;
		if (!err_is(e))
			reply(errand->status, errand->generation, m);
		message_free(&message_status, m);
	}
	if (err_is(e))
		reply_outcome(errand->status, errand->generation, errand->id, e);
	free(errand);
}

static err_t
question_fill(struct status *s, const paraph_Status *m, paraph_StatusKeys *question)
{
	switch (m->which_body) {
	case paraph_Status_stamp_tag: {
		struct bytes imprint = bytes(m->body.stamp.imprint.bytes, m->body.stamp.imprint.size);
		if (imprint.n != DIGEST_SHA256_LEN)
			return err_make(ERR_INPUT, "imprint of %zu octets", imprint.n);
		paraph_TspSign *sign = &question->body.tsp_sign;
		question->which_body = paraph_StatusKeys_tsp_sign_tag;
		sign->hash = 256;
		memcpy(sign->imprint.bytes, imprint.p, imprint.n);
		sign->imprint.size = (pb_size_t)imprint.n;
		sign->nonce.size = 0;
		sign->cert_req = true;
		return OK;
	}
	case paraph_Status_ocsp_get_tag:
		question->which_body = paraph_StatusKeys_ocsp_sign_tag;
		return responder_fill_one(&s->responder,
		    bytes(m->body.ocsp_get.issuer_spki_sha256.bytes, m->body.ocsp_get.issuer_spki_sha256.size),
		    bytes(m->body.ocsp_get.serial.bytes, m->body.ocsp_get.serial.size), clock_now(),
		    &question->body.ocsp_sign);
	case paraph_Status_journal_root_ask_tag:
		question->which_body = paraph_StatusKeys_journal_root_ask_tag;
		return OK;
	default: /* health: the key process must be well too */
		question->which_body = paraph_StatusKeys_health_tag;
		return responder_check(&s->responder, clock_now());
	}
}

static void
question_handle(struct status *s, const paraph_Status *m)
{
	paraph_StatusKeys *question = asker_question(s->asker);
	err_t e = question_fill(s, m, question);
	if (!err_is(e)) {
		struct errand *errand = errand_new(s, m->id);
		e = asker_send(s->asker, errand_done, errand);
		if (err_is(e))
			free(errand);
	}
	if (err_is(e))
		reply_outcome(s, s->core_generation, m->id, e);
}

static void
connection_drop(struct status *s)
{
	if (s->core_fd < 0)
		return;
	loop_remove(s->loop, s->core_fd);
	close(s->core_fd);
	s->core_fd = -1;
}

/* One message; false when there is none, or nobody. */
static bool
question_read(struct status *s, paraph_Status *m)
{
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	err_t e = channel_receive(s->core_fd, &message_status, false, m, fds, &got);
	if (!err_is(e) && got) {
		channel_close_fds(fds);
		e = table_check(&table_core_status, m);
	}
	if (err_is(e)) {
		if (e.code != ERR_PEER_GONE)
			log_error(e, "core-channel");
		connection_drop(s);
		return false;
	}
	if (got)
		question_handle(s, m);
	return got;
}

static void
questions_read(void *arg, uint32_t events)
{
	struct status *s = arg;
	(void)events;
	paraph_Status *m = message_new(&message_status);
	for (int k = 0; k < QUESTIONS_AT_ONCE && s->core_fd >= 0 && question_read(s, m); k++)
		;
	message_free(&message_status, m);
}

err_t
colleague_connect(struct status *s, int fd)
{
	connection_drop(s);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return err_errno("channel to core");
	s->core_fd = fd;
	s->core_generation++;
	return loop_add(s->loop, fd, EPOLLIN, questions_read, s);
}
