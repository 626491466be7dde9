#include "core/ask.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/pack.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/socket.h"
#include "wire/channel.h"

err_t
ask_keys(struct core *core, paraph_Keys *ask, const int *fds, size_t fds_n, pb_size_t wanted, paraph_Keys *ret_answer)
{
	return client_ask(core->keys, ask, fds, fds_n, CORE_ASK_US, wanted, ret_answer);
}

err_t
ask_keys_done(struct core *core, paraph_Keys *ask)
{
	return client_call(core->keys, ask, NULL, 0, CORE_ASK_US, NULL);
}

static err_t
status_within(struct core *core, int64_t patience_us, paraph_Status *ask, pb_size_t wanted, paraph_Status *ret_answer)
{
	static atomic_uint turn; /* whose turn it is does not matter, only that they take turns */
	err_t e = err_make(ERR_PEER_GONE, "no status process is connected");
	for (size_t i = 0; i < core->status_n; i++) {
		struct client *c = core->status[atomic_fetch_add(&turn, 1) % core->status_n];
		if (!client_connected(c))
			continue;
		e = client_ask(c, ask, NULL, 0, patience_us, wanted, ret_answer);
		if (e.code != ERR_PEER_GONE)
			break;
	}
	return e;
}

err_t
ask_status(struct core *core, paraph_Status *ask, pb_size_t wanted, paraph_Status *ret_answer)
{
	return status_within(core, CORE_ASK_US, ask, wanted, ret_answer);
}

err_t
ask_stamp(struct core *core, const uint8_t imprint[DIGEST_SHA256_LEN], paraph_Status *ret_answer)
{
	AUTO_STATUS(ask);
	ask->which_body = paraph_Status_stamp_tag;
	TRY(PACK_BYTES(ask->body.stamp.imprint, bytes(imprint, DIGEST_SHA256_LEN)));
	return ask_status(core, ask, paraph_Status_stamped_tag, ret_answer);
}

struct bytes
ask_token(const paraph_Status *answer)
{
	return PACKED(answer->body.stamped.token);
}

err_t
ask_status_root(struct core *core, paraph_Status *ret_answer)
{
	AUTO_STATUS(ask);
	ask->which_body = paraph_Status_journal_root_ask_tag;
	return ask_status(core, ask, paraph_Status_journal_root_tag, ret_answer);
}

err_t
ask_status_health_within(struct core *core, int64_t patience_us)
{
	AUTO_STATUS(ask);
	AUTO_STATUS(answer);
	ask->which_body = paraph_Status_health_tag;
	return status_within(core, patience_us, ask, paraph_Status_outcome_tag, answer);
}

err_t
ask_status_health(struct core *core)
{
	return ask_status_health_within(core, CORE_ASK_US);
}

err_t
ask_courier(struct core *core, paraph_Courier *ask)
{
	return client_call(core->courier, ask, NULL, 0, CORE_COURIER_US, NULL);
}

/* ---- document: a socket for each question, given to a child of the program ------------------------------------------ */

static err_t
open_child(int parent, int *ret_fd)
{
	int pair[2];
	TRY(socket_pair(pair));
	AUTO_FD(theirs) = pair[1];
	AUTO_FD(mine) = pair[0];
	AUTO_DOCUMENT(open);
	open->which_body = paraph_Document_open_tag;
	TRY(channel_send(parent, &message_document, open, &theirs, 1));
	*ret_fd = mine;
	mine = -1;
	return OK;
}

/* The answer of the child. Its death is the document's fault, and told as such, unless the parent died too: then no child may
 * ever have seen the document. Nor is silence its fault: what is too complex ends the child, which says so. */
static err_t
receive(int fd, int parent, paraph_Document *ret_answer)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	int n = poll(&p, 1, (int)(CORE_DOCUMENT_US / 1000));
	if (n < 0)
		return err_errno("poll");
	if (n == 0)
		return err_make(ERR_DEADLINE, "the document was not read within %d seconds", (int)(CORE_DOCUMENT_US / TIME_SECOND));
	err_t e = channel_receive(fd, &message_document, false, ret_answer, fds, &got);
	if (e.code == ERR_PEER_GONE && core_peer_gone(parent))
		return err_make(ERR_PEER_GONE, "the document program ended");
	if (e.code == ERR_PEER_GONE)
		return err_make(ERR_DOCUMENT_DIED, "the reader of the document ended without an answer");
	TRY(e);
	channel_close_fds(fds);
	return got ? OK : err_make(ERR_WIRE, "no answer");
}

err_t
ask_document(struct core *core, paraph_Document *ask, const int *fds, size_t fds_n, pb_size_t wanted,
    paraph_Document *ret_answer)
{
	AUTO_FD(fd) = -1;
	AUTO_FD(parent) = -1;
	TRY(core_document_dup(core, &parent));
	TRY(open_child(parent, &fd));
	ask->id = 1;
	ask->deadline_us = (uint64_t)(clock_monotonic() + CORE_DOCUMENT_US);
	TRY(channel_send(fd, &message_document, ask, fds, fds_n));
	TRY(receive(fd, parent, ret_answer));
	if (ret_answer->which_body == paraph_Document_outcome_tag && ret_answer->body.outcome.code != ERR_OK)
		return err_import((uint16_t)ret_answer->body.outcome.code, ret_answer->body.outcome.detail);
	if (ret_answer->which_body != wanted)
		return err_make(ERR_WIRE, "the reader of the document answered something else");
	return OK;
}
