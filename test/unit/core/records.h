/* A request with one document and two signers, over a real database, with records as core stores them. */
#ifndef PARAPH_TEST_UNIT_CORE_RECORDS_H
#define PARAPH_TEST_UNIT_CORE_RECORDS_H

#include "core/act.h"
#include "core/lease.h"
#include "open.h"
#include "os/clock.h"

static struct {
	struct id request, document, registration, activation;
	struct signer signers[2];
} j;

static inline err_t
put_registration(struct store_tx *tx)
{
	uint8_t digest[32] = {1}, mac[32] = {2};
	AUTO_QUERY(q, tx, SQL_REGISTRATION_PUT);
	query_bytes(&q, id_bytes(&j.registration));
	query_text(&q, STR("key"));
	query_text(&q, STR("{}"));
	query_bytes(&q, BYTES_OF(digest));
	static const char *const texts[] = {"FR", "Test", "Signer", "", "Test Signer", "DEMO-1", "", "", "passport", "file 1"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		query_text(&q, str_c(texts[i]));
	query_int(&q, clock_now());
	query_int(&q, clock_now());
	TRY(query_run(&q));
	AUTO_QUERY(e, tx, SQL_ENROLMENT_PUT);
	query_bytes(&e, id_bytes(&j.registration));
	query_int(&e, paraph_Method_METHOD_EMAIL_CODE);
	query_text(&e, STR("signer@example.org"));
	query_bytes(&e, BYTES_OF(mac));
	return query_run(&e);
}

static uint8_t records_plan_mac = 8; /* first octet of keys' word on the next document's plan */
static int64_t records_deadline = TIME_HOUR; /* of the next request, from now */

static inline err_t
put_request(struct store_tx *tx)
{
	AUTO_QUERY(q, tx, SQL_REQUEST_PUT);
	query_bytes(&q, id_bytes(&j.request));
	query_text(&q, STR("key"));
	query_text(&q, STR("Lease"));
	query_text(&q, STR("ACME"));
	query_text(&q, STR("draft"));
	query_int(&q, clock_now() + records_deadline);
	query_int(&q, clock_now());
	return query_run(&q);
}

static inline err_t
records_put(struct store_tx *tx, void *arg)
{
	struct document d = {.id = j.document, .request = j.request, .file = id_make(5), .title = "Lease", .pages = 1,
	    .revision0_sha256 = {7}, .plan_mac = {records_plan_mac}};
	struct request r;
	(void)arg;
	TRY(put_registration(tx));
	TRY(put_request(tx));
	TRY(document_put(tx, &d));
	for (int i = 0; i < 2; i++) {
		struct signer_field f = {.document = j.document, .place = i, .signature = (uint32_t)i, .stamp = (uint32_t)i + 2};
		j.signers[i] = (struct signer){.id = id_make(clock_now()), .request = j.request, .place = i,
		    .registration = j.registration, .method = paraph_Method_METHOD_EMAIL_CODE};
		f.signer = j.signers[i].id;
		TRY(signer_put(tx, &j.signers[i]));
		TRY(signer_field_put(tx, &f));
	}
	TRY(request_move(tx, j.request, REQUEST_SENT, STR("")));
	TRY(request_get(tx, j.request, &r));
	return request_invite(&open_core, tx, &r);
}

static inline int
records_setup(void **state)
{
	if (open_setup(state) != 0)
		return -1;
	int64_t now = clock_now();
	j.request = id_make(now);
	j.document = id_make(now);
	j.registration = id_make(now);
	return err_is(store_write(open_core.store, records_put, NULL));
}

static inline enum signer_state
signer_state_of(int i)
{
	struct signer s;
	assert_ok(signer_get(open_worker.reader, j.signers[i].id, &s));
	return s.state;
}

struct move {
	struct id signer;
	enum signer_state to;
};

static inline err_t
move(struct store_tx *tx, void *arg)
{
	struct move *m = arg;
	return signer_move(tx, m->signer, m->to, STR(""));
}

static inline err_t
signer_step(int i, enum signer_state to)
{
	struct move m = {j.signers[i].id, to};
	return store_write(open_core.store, move, &m);
}

static const char *records_activation = "complete"; /* of the next activation */

static inline err_t
records_put_activation(struct store_tx *tx, void *arg)
{
	uint8_t digest[32] = {9};
	const struct signer *s = arg;
	AUTO_QUERY(q, tx, SQL_ACTIVATION_PUT);
	query_bytes(&q, id_bytes(&j.activation));
	query_bytes(&q, id_bytes(&s->id));
	query_text(&q, str_c(records_activation));
	query_text(&q, STR("s***@example.org"));
	query_bytes(&q, BYTES_OF(digest));
	query_int(&q, clock_now());
	query_int(&q, clock_now() + TIME_HOUR);
	query_int(&q, clock_now());
	query_int(&q, 5);
	query_int(&q, 2);
	query_int(&q, clock_now());
	query_int(&q, clock_now());
	return query_run(&q);
}

#endif
