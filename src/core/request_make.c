#include "core/request.h"

#include "base/fault.h"
#include "base/rand.h"
#include "core/audit.h"
#include "core/prepare.h"
#include "core/registration.h"
#include "core/upload.h"
#include "os/clock.h"

/* One request while it is made. On the heap: the tables are large. */
struct make {
	struct core *core;
	const struct account *by;
	const struct idempotency *idem;
	const struct request_wish *wish;
	struct request request;
	struct upload_file files[LIMIT_DOCUMENTS];
	struct document documents[LIMIT_DOCUMENTS];
	struct signer signers[LIMIT_SIGNERS];
	struct registration registrations[LIMIT_SIGNERS];
	struct signer_field fields[LIMIT_SIGNERS][LIMIT_DOCUMENTS];
	size_t fields_n[LIMIT_SIGNERS];
	json_t *answer;
};

static err_t
files_get(struct store_tx *tx, struct make *m)
{
	for (size_t i = 0; i < m->wish->files_n; i++) {
		err_t e = upload_get(tx, m->wish->files[i], str_c(m->by->id), &m->files[i]);
		if (e.code == ERR_NOT_FOUND)
			return err_make(ERR_FIELD, "/files/%zu: there is no file %s", i, id_text("file", m->wish->files[i]).c);
		TRY(e);
	}
	return OK;
}

static err_t
signers_get(struct worker *w, struct make *m)
{
	for (size_t i = 0; i < m->wish->signers_n; i++) {
		const struct request_wish_signer *s = &m->wish->signers[i];
		err_t e = registration_get(m->core, w->reader, s->registration, s->method, m->request.made_at,
		    &m->registrations[i]);
		if (e.code == ERR_NO_REGISTRATION) {
			char detail[256];
			snprintf(detail, sizeof detail, "%.*s", canon_cut(err_detail(), sizeof detail - 1), err_detail());
			return err_make(ERR_NO_REGISTRATION, "/signers/%zu/registration: %s", i, detail);
		}
		TRY(e);
		m->signers[i] = (struct signer){.id = id_make(m->request.made_at), .request = m->request.id, .place = (int)i,
		    .registration = s->registration, .method = s->method, .state = SIGNER_WAITING};
		snprintf(m->signers[i].label, sizeof m->signers[i].label, "%.*s", STR_ARG(s->label));
	}
	return OK;
}

/* The wish of a signer for a file; NULL when he does not sign it. *ret_invisible: he named no field at all. */
static const struct request_wish_field *
wish_for(const struct request_wish_signer *s, size_t file, bool *ret_invisible)
{
	*ret_invisible = s->fields_n == 0;
	for (size_t i = 0; i < s->fields_n; i++)
		if (s->fields[i].file == file)
			return &s->fields[i];
	return NULL;
}

struct naming {
	char name[32], note[80];
};

static void
field_from(const struct make *m, size_t signer, const struct request_wish_field *wish, struct naming *naming,
    struct prepare_field *f)
{
	uint8_t random[4];
	char hex[2 * sizeof random + 1];
	rand_fill(random, sizeof random);
	bytes_hex(BYTES_OF(random), hex);
	snprintf(naming->name, sizeof naming->name, "Signature-%s", hex);
	snprintf(naming->note, sizeof naming->note, "Ref %s", m->registrations[signer].serial_number);
	*f = (struct prepare_field){.name = str_c(naming->name), .note = str_c(naming->note),
	    .signer_name = str_c(m->registrations[signer].common_name)};
	if (wish == NULL)
		return;
	f->existing = wish->name.n > 0;
	if (f->existing)
		f->name = wish->name;
	f->visible = wish->page > 0 || f->existing;
	f->page = wish->page;
	f->x = wish->x;
	f->y = wish->y;
	f->w = wish->w;
	f->h = wish->h;
}

/* Every signer's field on one document. */
static size_t
fields_collect(struct make *m, size_t file, struct naming namings[LIMIT_SIGNERS], struct prepare_field fields[LIMIT_SIGNERS],
    size_t who[LIMIT_SIGNERS])
{
	size_t n = 0;
	for (size_t i = 0; i < m->wish->signers_n; i++) {
		bool invisible;
		const struct request_wish_field *wish = wish_for(&m->wish->signers[i], file, &invisible);
		if (wish == NULL && !invisible)
			continue;
		field_from(m, i, wish, &namings[n], &fields[n]);
		who[n++] = i;
	}
	return n;
}

static void
field_note(struct make *m, size_t signer, const struct document *d, size_t place, const struct prepare_field *wish,
    const struct prepare_result *r)
{
	struct signer_field *f = &m->fields[signer][m->fields_n[signer]++];
	*f = (struct signer_field){.signer = m->signers[signer].id, .document = d->id, .place = (int)place,
	    .signature = r->fields[place].signature, .stamp = r->fields[place].stamp, .page = wish->page, .x = wish->x,
	    .y = wish->y, .w = wish->w, .h = wish->h};
	memcpy(f->appearance, r->fields[place].appearance, sizeof f->appearance);
}

static err_t
document_make(struct make *m, size_t file)
{
	struct naming namings[LIMIT_SIGNERS];
	struct prepare_field fields[LIMIT_SIGNERS];
	struct prepare_result r;
	size_t who[LIMIT_SIGNERS];
	struct document *d = &m->documents[file];
	size_t n = fields_collect(m, file, namings, fields, who);
	if (n == 0)
		return err_make(ERR_FIELD, "/files/%zu: nobody signs this file", file);
	TRY(prepare_make(m->core, str_c(m->files[file].blob.text), fields, n, &r));
	*d = (struct document){.id = id_make(m->request.made_at), .request = m->request.id, .file = m->files[file].id,
	    .place = (int)file, .original = m->files[file].blob, .original_length = m->files[file].length,
	    .revision0 = r.revision0, .revision0_length = r.revision0_length, .plan = r.plan, .pages = r.facts.pages,
	    .made_at = m->request.made_at};
	memcpy(d->original_sha256, m->files[file].sha256, sizeof d->original_sha256);
	memcpy(d->revision0_sha256, r.revision0_sha256, sizeof d->revision0_sha256);
	memcpy(d->plan_sha256, r.plan_sha256, sizeof d->plan_sha256);
	memcpy(d->plan_mac, r.plan_mac, sizeof d->plan_mac);
	if (m->wish->files_n == 1)
		snprintf(d->title, sizeof d->title, "%s", m->request.title);
	else
		snprintf(d->title, sizeof d->title, "%.*s (%zu of %zu)", canon_cut(m->request.title, 180), m->request.title,
		    file + 1, m->wish->files_n);
	for (size_t i = 0; i < n; i++)
		field_note(m, who[i], d, i, &fields[i], &r);
	return OK;
}

static err_t
request_put(struct store_tx *tx, const struct request *r)
{
	AUTO_QUERY(q, tx, SQL_REQUEST_PUT);
	query_bytes(&q, id_bytes(&r->id));
	query_text(&q, str_c(r->owner));
	query_text(&q, str_c(r->title));
	query_text(&q, str_c(r->sender));
	query_text(&q, str_c(request_state_name(r->state)));
	query_int(&q, r->deadline_at);
	query_int(&q, r->made_at);
	TRY(query_run(&q));
	return request_event(tx, r->id, "request.made", NULL, STR(""));
}

/* The leaf names every base digest and registration: what was asked for cannot be changed unseen. */
static err_t
audit(struct store_tx *tx, struct make *m)
{
	json_t *documents = canon_pack("[]"), *signers = canon_pack("[]");
	for (size_t i = 0; i < m->wish->files_n; i++) {
		const struct document *d = &m->documents[i];
		json_array_append_new(documents, canon_pack("{s:s, s:o, s:o, s:o}", "id", id_text("doc", d->id).c, "original",
		    canon_hex(BYTES_OF(d->original_sha256)), "revision0", canon_hex(BYTES_OF(d->revision0_sha256)), "plan",
		    canon_hex(BYTES_OF(d->plan_sha256))));
	}
	for (size_t i = 0; i < m->wish->signers_n; i++)
		json_array_append_new(signers, canon_pack("{s:s, s:s}", "id", id_text("sgr", m->signers[i].id).c, "registration",
		    id_text("reg", m->signers[i].registration).c));
	return audit_put(m->core, tx, "request.made", m->by->actor, canon_pack("{s:s, s:o, s:o}", "request",
	    id_text("req", m->request.id).c, "documents", documents, "signers", signers), NULL);
}

static err_t
put(struct store_tx *tx, void *arg)
{
	struct make *m = arg;
	TRY(files_get(tx, m)); /* housekeeping may have taken one meanwhile that had lain unused for days: its blob goes too */
	TRY(request_put(tx, &m->request));
	for (size_t i = 0; i < m->wish->files_n; i++)
		TRY(document_put(tx, &m->documents[i]));
	for (size_t i = 0; i < m->wish->signers_n; i++) {
		TRY(signer_put(tx, &m->signers[i]));
		for (size_t f = 0; f < m->fields_n[i]; f++)
			TRY(signer_field_put(tx, &m->fields[i][f]));
	}
	TRY(audit(tx, m));
	if (m->wish->send) {
		TRY(request_move(tx, m->request.id, REQUEST_SENT, STR("")));
		TRY(request_invite(m->core, tx, &m->request));
	}
	struct request stored;
	TRY(request_get(tx, m->request.id, &stored));
	TRY(request_json(tx, m->core, &stored, &m->answer));
	return idempotency_put(tx, m->idem, 201, m->answer);
}

/* Blobs of a request that was not stored are of no use to anyone. */
static void
drop_blobs(struct make *m)
{
	for (size_t i = 0; i < m->wish->files_n; i++) {
		if (m->documents[i].revision0.text[0] == '\0')
			continue;
		err_ignore(blob_remove(m->core->blobs, str_c(m->documents[i].revision0.text))); /* housekeeping finds the rest */
		err_ignore(blob_remove(m->core->blobs, str_c(m->documents[i].plan.text)));
	}
}

static err_t
run(struct worker *w, struct make *m)
{
	TRY(files_get(w->reader, m));
	TRY(signers_get(w, m));
	err_t e = OK;
	for (size_t i = 0; i < m->wish->files_n && !err_is(e); i++)
		e = document_make(m, i);
	if (!err_is(e))
		e = store_write(w->core->store, put, m);
	FAULT_POINT("core.request");
	if (err_is(e) && e.code != ERR_COMMIT_UNKNOWN)
		drop_blobs(m);
	return e;
}

err_t
request_make(struct worker *w, const struct account *by, const struct request_wish *wish,
    const struct idempotency *idem, json_t **ret_answer)
{
	struct make *m = calloc(1, sizeof *m);
	if (m == NULL)
		abort();
	m->core = w->core;
	m->by = by;
	m->idem = idem;
	m->wish = wish;
	m->request = (struct request){.id = id_make(clock_now()), .state = REQUEST_DRAFT, .deadline_at = wish->deadline_at,
	    .made_at = clock_now()};
	snprintf(m->request.owner, sizeof m->request.owner, "%s", by->id);
	snprintf(m->request.title, sizeof m->request.title, "%.*s", STR_ARG(wish->title));
	snprintf(m->request.sender, sizeof m->request.sender, "%.*s", STR_ARG(wish->sender));
	err_t e = run(w, m);
	if (err_is(e))
		json_decref(m->answer);
	else
		*ret_answer = m->answer;
	free(m);
	return e;
}
