#include "core/issued.h"

#include "base/fault.h"
#include "core/authority.h"
#include "os/clock.h"
#include "pki/certificate.h"
#include "published/published_write.h"

static const struct {
	const char *name;
	int reason;
} reasons[] = {{"unspecified", ISSUED_UNSPECIFIED}, {"key_compromise", ISSUED_KEY_COMPROMISE},
    {"affiliation_changed", ISSUED_AFFILIATION}, {"superseded", ISSUED_SUPERSEDED},
    {"cessation_of_operation", ISSUED_CESSATION}, {"privilege_withdrawn", ISSUED_PRIVILEGE}};

err_t
issued_reason_read(struct str name, int *ret_reason)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		if (str_eq(name, str_c(reasons[i].name))) {
			*ret_reason = reasons[i].reason;
			return OK;
		}
	}
	return err_make(ERR_FIELD, "/reason: not a reason for revocation");
}

static const char *
reason_name(int reason)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].reason == reason)
			return reasons[i].name;
	return "unspecified";
}

err_t
issued_put(struct store_tx *tx, struct id intent, struct bytes der, struct bytes signed_)
{
	struct certificate c;
	TRY(certificate_read(der, &c));
	AUTO_QUERY(q, tx, SQL_CERTIFICATE_PUT);
	query_bytes(&q, c.serial);
	query_bytes(&q, id_bytes(&intent));
	query_bytes(&q, der);
	query_int(&q, c.not_before_at);
	query_int(&q, c.not_after_at);
	query_bytes(&q, signed_);
	query_int(&q, clock_now());
	return query_run(&q);
}

static void
row(struct query *q, struct issued *i)
{
	struct bytes serial = query_get_bytes(q, 0), der = query_get_bytes(q, 2);
	*i = (struct issued){.intent = id_from(query_get_bytes(q, 1)), .not_before = query_get_int(q, 3),
	    .not_after = query_get_int(q, 4), .made_at = query_get_int(q, 5), .revoked_at = query_get_int(q, 6),
	    .reason = (int)query_get_int(q, 7)};
	if (serial.n == sizeof i->serial)
		memcpy(i->serial, serial.p, serial.n);
	i->der_n = der.n <= sizeof i->der ? der.n : 0;
	memcpy(i->der, der.p, i->der_n);
}

static err_t
get(struct store_tx *tx, enum query_sql sql, struct bytes key, struct issued *ret_issued)
{
	bool found = false;
	AUTO_QUERY(q, tx, sql);
	query_bytes(&q, key);
	if (query_next(&q)) {
		found = true;
		row(&q, ret_issued);
	}
	TRY(query_end(&q));
	return found ? OK : err_make(ERR_NOT_FOUND, "there is no such certificate");
}

err_t
issued_get(struct store_tx *tx, struct bytes serial, struct issued *ret_issued)
{
	return get(tx, SQL_CERTIFICATE_GET, serial, ret_issued);
}

err_t
issued_of(struct store_tx *tx, struct id intent, struct issued *ret_issued)
{
	return get(tx, SQL_CERTIFICATE_OF, id_bytes(&intent), ret_issued);
}

static err_t
publish(struct core *core, const struct issued *i, bool later)
{
	struct published_certificate p = {.status = i->revoked_at ? PUBLISHED_REVOKED : PUBLISHED_GOOD,
	    .reason = i->revoked_at ? i->reason : -1, .revoked_at = i->revoked_at, .not_before = i->not_before,
	    .not_after = i->not_after, .published_at = clock_now()};
	digest_sha256(bytes(i->der, i->der_n), p.sha256);
	return (later ? published_write_later : published_write_certificate)(core->published, core->authority->issuing_key_sha256,
	    BYTES_OF(i->serial), &p);
}

err_t
issued_publish(struct worker *w, struct bytes serial)
{
	struct issued i;
	TRY(issued_get(w->reader, serial, &i));
	return publish(w->core, &i, false);
}

/* Whether the mark of the published store is of this database, and not of one that went another way. */
static err_t
mark_check(struct worker *w, const struct published_mark *mark, bool *ret_ours)
{
	AUTO_QUERY(q, w->reader, SQL_CERTIFICATE_MARKED);
	query_int(&q, mark->certificates);
	query_int(&q, mark->revocations);
	if (query_next(&q))
		*ret_ours = (mark->certificates == 0 || bytes_eq(query_get_bytes(&q, 0), BYTES_OF(mark->certificate))) &&
		    (mark->revocations == 0 || bytes_eq(query_get_bytes(&q, 1), BYTES_OF(mark->revoked)));
	return query_end(&q);
}

/* Certificates, or those that were revoked, from behind number *n on, which moves to the last. */
static err_t
publish_after(struct worker *w, enum query_sql sql, int64_t *n, uint8_t serial[ISSUED_SERIAL_LEN])
{
	struct issued i;
	err_t e = OK;
	AUTO_QUERY(q, w->reader, sql);
	query_int(&q, *n);
	while (!err_is(e) && query_next(&q)) {
		row(&q, &i);
		*n = query_get_int(&q, 8);
		memcpy(serial, i.serial, sizeof i.serial);
		e = publish(w->core, &i, true); /* a commit for each would take hours for a large archive */
	}
	err_t ended = query_end(&q);
	return err_is(ended) ? ended : e;
}

err_t
issued_publish_new(struct worker *w)
{
	struct published_mark from = published_write_mark(w->core->published), to;
	bool ours = false;
	TRY(mark_check(w, &from, &ours));
	to = ours ? from : (struct published_mark){0};
	TRY(publish_after(w, SQL_CERTIFICATE_AFTER, &to.certificates, to.certificate));
	TRY(publish_after(w, SQL_CERTIFICATE_REVOKED_AFTER, &to.revocations, to.revoked));
	TRY(published_write_wait(w->core->published));
	if (memcmp(&from, &to, sizeof to) == 0)
		return OK;
	return published_write_mark_put(w->core->published, &to);
}

err_t
issued_revoke_put(struct core *core, struct store_tx *tx, struct bytes serial, int reason, const char *actor)
{
	struct issued i;
	TRY(issued_get(tx, serial, &i));
	if (i.revoked_at != 0)
		return OK;
	AUTO_QUERY(q, tx, SQL_REVOCATION_PUT);
	query_bytes(&q, serial);
	query_int(&q, time_floor(clock_now()));
	query_int(&q, reason);
	query_text(&q, str_c(actor));
	TRY(query_run(&q));
	return audit_put(core, tx, "certificate.revoked", actor, canon_pack("{s:o, s:s}", "serial", canon_hex(serial), "reason",
	    reason_name(reason)), NULL);
}

err_t
issued_json(const struct issued *i, json_t **ret_answer)
{
	json_t *j = canon_pack("{s:o, s:o, s:o, s:o, s:s}", "serial", canon_hex(BYTES_OF(i->serial)), "certificate",
	    canon_base64(bytes(i->der, i->der_n)), "not_before", canon_time(i->not_before), "not_after",
	    canon_time(i->not_after), "status", i->revoked_at ? "revoked" : "good");
	if (i->revoked_at) {
		json_object_set_new(j, "revoked_at", canon_time(i->revoked_at));
		json_object_set_new(j, "reason", json_string(reason_name(i->reason)));
	}
	*ret_answer = j;
	return OK;
}

struct revoke {
	struct core *core;
	struct bytes serial;
	int reason;
	const char *actor;
	const struct idempotency *idem;
	json_t *answer;
};

static err_t
revoke_put(struct store_tx *tx, void *arg)
{
	struct revoke *r = arg;
	struct issued i;
	TRY(issued_get(tx, r->serial, &i));
	if (i.revoked_at != 0)
		return err_make(ERR_CERTIFICATE_ENDED, "it is revoked already");
	if (clock_now() >= i.not_after)
		return err_make(ERR_CERTIFICATE_ENDED, "it has ended: its key is gone since the signature");
	TRY(issued_revoke_put(r->core, tx, r->serial, r->reason, r->actor));
	TRY(issued_get(tx, r->serial, &i));
	TRY(issued_json(&i, &r->answer));
	return idempotency_put(tx, r->idem, 200, r->answer);
}

err_t
issued_revoke(struct worker *w, struct bytes serial, int reason, const char *actor, const struct idempotency *idem,
    json_t **ret_answer)
{
	struct revoke r = {w->core, serial, reason, actor, idem, NULL};
	err_t e = store_write(w->core->store, revoke_put, &r);
	FAULT_POINT("core.revocation");
	if (!err_is(e))
		e = issued_publish(w, serial);
	if (err_is(e)) {
		json_decref(r.answer);
		return e;
	}
	*ret_answer = r.answer;
	return OK;
}

err_t
issued_owner(struct store_tx *tx, struct bytes serial, struct id *ret_signer, char *ret_owner, size_t room)
{
	bool found = false;
	AUTO_QUERY(q, tx, SQL_CERTIFICATE_OWNER);
	query_bytes(&q, serial);
	if (query_next(&q)) {
		found = true;
		*ret_signer = id_from(query_get_bytes(&q, 0));
		snprintf(ret_owner, room, "%.*s", STR_ARG(query_get_text(&q, 1)));
	}
	TRY(query_end(&q));
	return found ? OK : err_make(ERR_NOT_FOUND, "there is no such certificate");
}
