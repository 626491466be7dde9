#include "core/signer.h"

#include "os/clock.h"

static const char *const names[SIGNER_STATES] = {"waiting", "notified", "opened", "identified", "consented", "signing",
    "signed", "declined", "expired", "canceled"};

#define BIT(state) (1u << SIGNER_##state)
/* From each state, where to. A void signature leads back from signing to opened: the signer proves himself and confirms anew. */
static const unsigned steps[SIGNER_STATES] = {
	[SIGNER_WAITING] = BIT(NOTIFIED) | BIT(EXPIRED) | BIT(CANCELED),
	[SIGNER_NOTIFIED] = BIT(OPENED) | BIT(DECLINED) | BIT(EXPIRED) | BIT(CANCELED),
	[SIGNER_OPENED] = BIT(IDENTIFIED) | BIT(DECLINED) | BIT(EXPIRED) | BIT(CANCELED),
	[SIGNER_IDENTIFIED] = BIT(OPENED) | BIT(CONSENTED) | BIT(DECLINED) | BIT(EXPIRED) | BIT(CANCELED),
	[SIGNER_CONSENTED] = BIT(OPENED) | BIT(IDENTIFIED) | BIT(SIGNING) | BIT(DECLINED) | BIT(EXPIRED) | BIT(CANCELED),
	[SIGNER_SIGNING] = BIT(SIGNED) | BIT(OPENED),
};

const char *
signer_state_name(enum signer_state state)
{
	return names[state];
}

const char *
signer_method_name(paraph_Method method)
{
	return method == paraph_Method_METHOD_SMS_CODE ? "sms_code" : "email_code";
}

struct id_text
signer_actor(struct id id)
{
	return id_text("sgr", id);
}

static enum signer_state
state_of(struct str name)
{
	int i = 0;
	while (i < SIGNER_STATES - 1 && !str_eq(name, str_c(names[i])))
		i++;
	return (enum signer_state)i;
}

err_t
signer_put(struct store_tx *tx, const struct signer *s)
{
	AUTO_QUERY(q, tx, SQL_SIGNER_PUT);
	query_bytes(&q, id_bytes(&s->id));
	query_bytes(&q, id_bytes(&s->request));
	query_int(&q, s->place);
	query_text(&q, str_c(s->label));
	query_bytes(&q, id_bytes(&s->registration));
	query_int(&q, s->method);
	query_text(&q, str_c(names[s->state]));
	return query_run(&q);
}

err_t
signer_field_put(struct store_tx *tx, const struct signer_field *f)
{
	AUTO_QUERY(q, tx, SQL_FIELD_PUT);
	query_bytes(&q, id_bytes(&f->signer));
	query_bytes(&q, id_bytes(&f->document));
	query_int(&q, f->place);
	query_int(&q, f->signature);
	query_int(&q, f->stamp);
	query_int(&q, f->page);
	query_real(&q, f->x);
	query_real(&q, f->y);
	query_real(&q, f->w);
	query_real(&q, f->h);
	query_bytes(&q, BYTES_OF(f->appearance));
	return query_run(&q);
}

static void
row(struct query *q, struct signer *s)
{
	*s = (struct signer){.id = id_from(query_get_bytes(q, 0)), .request = id_from(query_get_bytes(q, 1)),
	    .place = (int)query_get_int(q, 2), .registration = id_from(query_get_bytes(q, 4)),
	    .method = (paraph_Method)query_get_int(q, 5), .state = state_of(query_get_text(q, 6)),
	    .ended_at = query_get_int(q, 8)};
	snprintf(s->label, sizeof s->label, "%.*s", STR_ARG(query_get_text(q, 3)));
	snprintf(s->reason, sizeof s->reason, "%.*s", STR_ARG(query_get_text(q, 7)));
}

err_t
signer_get(struct store_tx *tx, struct id id, struct signer *ret_signer)
{
	bool found = false;
	AUTO_QUERY(q, tx, SQL_SIGNER_GET);
	query_bytes(&q, id_bytes(&id));
	if (query_next(&q)) {
		found = true;
		row(&q, ret_signer);
	}
	TRY(query_end(&q));
	return found ? OK : err_make(ERR_NOT_FOUND, "there is no signer %s", id_text("sgr", id).c);
}

err_t
signer_list(struct store_tx *tx, struct id request, struct signer ret_signers[LIMIT_SIGNERS], size_t *ret_n)
{
	size_t n = 0;
	AUTO_QUERY(q, tx, SQL_SIGNER_LIST);
	query_bytes(&q, id_bytes(&request));
	while (n < LIMIT_SIGNERS && query_next(&q))
		row(&q, &ret_signers[n++]);
	TRY(query_end(&q));
	*ret_n = n;
	return OK;
}

err_t
signer_idle_check(struct store_tx *tx, struct id request)
{
	struct signer signers[LIMIT_SIGNERS];
	size_t n;
	TRY(signer_list(tx, request, signers, &n));
	for (size_t i = 0; i < n; i++)
		if (signers[i].state == SIGNER_SIGNING)
			return err_make(ERR_WRONG_STATE, "a signer is signing at this moment");
	return OK;
}

err_t
signer_fields(struct store_tx *tx, struct id signer, struct signer_field ret_fields[LIMIT_DOCUMENTS], size_t *ret_n)
{
	size_t n = 0;
	AUTO_QUERY(q, tx, SQL_FIELD_LIST);
	query_bytes(&q, id_bytes(&signer));
	while (n < LIMIT_DOCUMENTS && query_next(&q)) {
		struct signer_field *f = &ret_fields[n++];
		*f = (struct signer_field){.signer = signer, .document = id_from(query_get_bytes(&q, 0)),
		    .place = (int)query_get_int(&q, 1), .signature = (uint32_t)query_get_int(&q, 2),
		    .stamp = (uint32_t)query_get_int(&q, 3), .page = (uint32_t)query_get_int(&q, 4),
		    .x = query_get_real(&q, 5), .y = query_get_real(&q, 6), .w = query_get_real(&q, 7),
		    .h = query_get_real(&q, 8)};
		memcpy(f->appearance, query_get_bytes(&q, 9).p, sizeof f->appearance);
	}
	TRY(query_end(&q));
	*ret_n = n;
	return OK;
}

err_t
signer_move(struct store_tx *tx, struct id id, enum signer_state to, struct str reason)
{
	struct signer s;
	TRY(signer_get(tx, id, &s));
	if (s.state == to)
		return OK;
	if ((steps[s.state] >> to & 1) == 0)
		return err_make(ERR_WRONG_STATE, "the signer is %s", names[s.state]);
	int64_t now = clock_now();
	bool ends = to >= SIGNER_SIGNED;
	AUTO_QUERY(q, tx, SQL_SIGNER_MOVE);
	query_bytes(&q, id_bytes(&id));
	query_text(&q, str_c(names[s.state]));
	query_text(&q, str_c(names[to]));
	query_text(&q, reason);
	query_int(&q, to == SIGNER_NOTIFIED ? now : 0);
	query_int(&q, to == SIGNER_OPENED ? now : 0);
	query_int(&q, ends ? now : 0);
	return query_run_one(&q);
}
