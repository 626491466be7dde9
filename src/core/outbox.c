#include "core/outbox.h"

#include "base/fault.h"
#include "base/log.h"
#include "core/ask.h"
#include "core/pack.h"
#include "os/clock.h"

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

static err_t
done(struct store_tx *tx, void *arg)
{
	AUTO_QUERY(q, tx, SQL_OUTBOX_DONE);
	query_bytes(&q, id_bytes(arg));
	return query_run(&q);
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

/* The message that waits longest into ask; false when none is due. */
static err_t
next(struct worker *w, paraph_Courier *ask, int *ret_tries, bool *ret_found)
{
	paraph_Message *m = &ask->body.message;
	err_t e = OK;
	ask->which_body = paraph_Courier_message_tag;
	AUTO_QUERY(q, w->reader, SQL_OUTBOX_NEXT);
	query_int(&q, clock_now());
	*ret_found = query_next(&q);
	if (*ret_found) {
		e = PACK_BYTES(m->id, query_get_bytes(&q, 0));
		m->transport = (paraph_Transport)query_get_int(&q, 1);
		if (!err_is(e))
			e = PACK_TEXT(m->address, query_get_text(&q, 2));
		if (!err_is(e))
			e = PACK_TEXT(m->subject, query_get_text(&q, 3));
		if (!err_is(e))
			e = PACK_TEXT(m->text, query_get_text(&q, 4));
		*ret_tries = (int)query_get_int(&q, 5);
	}
	TRY(query_end(&q));
	return e;
}

err_t
outbox_send(struct worker *w)
{
	for (;;) {
		AUTO_COURIER(ask);
		int tries = 0;
		bool found = false;
		TRY(next(w, ask, &tries, &found));
		if (!found)
			return OK;
		struct id id = id_from(PACKED(ask->body.message.id));
		err_t e = ask_courier(w->core, ask);
		if (!err_is(e)) {
			FAULT_POINT("core.message");
			TRY(store_write(w->core->store, done, &id));
			continue;
		}
		log_error(e, "message-not-handed-over");
		struct later l = {id, clock_now() + TIME_SECOND * (INT64_C(2) << (tries < 11 ? tries : 11))};
		TRY(store_write(w->core->store, later, &l));
	}
}
