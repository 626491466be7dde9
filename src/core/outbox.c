#include "core/outbox.h"

#include "base/fault.h"
#include "base/log.h"
#include "core/ask.h"
#include "core/pack.h"
#include "os/clock.h"

enum { OUTBOX_AT_ONCE = 64 };

err_t
outbox_put(struct store_tx *tx, paraph_Transport transport, struct str address, struct str subject, struct str text)
{
	int64_t now = clock_now();
	struct id id = id_make(now);
	AUTO_QUERY(q, tx, SQL_OUTBOX_PUT);
	query_bytes(&q, id_bytes(&id));
	query_int(&q, transport);
	query_text(&q, address);
	query_text(&q, subject);
	query_text(&q, text);
	query_int(&q, now);
	return query_run(&q);
}

/* What one turn of housekeeping hands over. */
struct batch {
	struct id ids[OUTBOX_AT_ONCE]; /* due, longest first */
	size_t n;
	struct id done[OUTBOX_AT_ONCE];
	size_t done_n;
};

static err_t
due(struct worker *w, struct batch *b)
{
	AUTO_QUERY(q, w->reader, SQL_OUTBOX_DUE);
	query_int(&q, clock_now());
	query_int(&q, OUTBOX_AT_ONCE);
	while (query_next(&q) && b->n < OUTBOX_AT_ONCE)
		b->ids[b->n++] = id_from(query_get_bytes(&q, 0));
	return query_end(&q);
}

static err_t
message_get(struct worker *w, struct id id, paraph_Courier *ask, int *ret_tries)
{
	paraph_Message *m = &ask->body.message;
	err_t e = err_make(ERR_NOT_FOUND, "there is no such message");
	ask->which_body = paraph_Courier_message_tag;
	AUTO_QUERY(q, w->reader, SQL_OUTBOX_GET);
	query_bytes(&q, id_bytes(&id));
	if (query_next(&q)) {
		e = PACK_BYTES(m->id, id_bytes(&id));
		m->transport = (paraph_Transport)query_get_int(&q, 0);
		if (!err_is(e))
			e = PACK_TEXT(m->address, query_get_text(&q, 1));
		if (!err_is(e))
			e = PACK_TEXT(m->subject, query_get_text(&q, 2));
		if (!err_is(e))
			e = PACK_TEXT(m->text, query_get_text(&q, 3));
		*ret_tries = (int)query_get_int(&q, 4);
	}
	TRY(query_end(&q));
	return e;
}

/* All that courier has, in one commit: after a crash it is given some again, and knows them by their ids. */
static err_t
done(struct store_tx *tx, void *arg)
{
	const struct batch *b = arg;
	for (size_t i = 0; i < b->done_n; i++) {
		AUTO_QUERY(q, tx, SQL_OUTBOX_DONE);
		query_bytes(&q, id_bytes(&b->done[i]));
		TRY(query_run(&q));
	}
	return OK;
}

struct later {
	struct id id;
	int64_t next_at;
};

static err_t
later(struct store_tx *tx, void *arg)
{
	struct later *l = arg;
	AUTO_QUERY(q, tx, SQL_OUTBOX_LATER);
	query_bytes(&q, id_bytes(&l->id));
	query_int(&q, l->next_at);
	return query_run(&q);
}

static err_t
hand_over(struct worker *w, struct id id, struct batch *b, bool *ret_gone)
{
	AUTO_COURIER(ask);
	int tries = 0;
	err_t e = message_get(w, id, ask, &tries);
	if (!err_is(e))
		e = ask_courier(w->core, ask);
	if (!err_is(e)) {
		FAULT_POINT("core.message");
		b->done[b->done_n++] = id;
		return OK;
	}
	log_error(e, "message-not-handed-over");
	*ret_gone = e.code == ERR_PEER_GONE || e.code == ERR_DEADLINE;
	struct later l = {id, clock_now() + TIME_SECOND * (INT64_C(2) << (tries < 11 ? tries : 11))};
	return store_write(w->core->store, later, &l);
}

err_t
outbox_send(struct worker *w, bool *ret_more)
{
	struct batch b = {.n = 0};
	bool gone = !client_connected(w->core->courier); /* then it is being started again */
	err_t e = gone ? OK : due(w, &b);
	for (size_t i = 0; i < b.n && !gone && !err_is(e); i++)
		e = hand_over(w, b.ids[i], &b, &gone);
	if (b.done_n > 0)
		TRY(store_write(w->core->store, done, &b));
	*ret_more = !gone && !err_is(e) && b.n == OUTBOX_AT_ONCE;
	return e;
}
