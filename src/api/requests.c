#include "api/requests.h"

#include "core/archive.h"
#include "fcgi/fcgi_text.h"
#include "os/clock.h"

#define DEADLINE_MOST (366 * TIME_DAY)

/* ---- the body --------------------------------------------------------------------------------------------------------- */

/* A field names its file by id; it is looked up among the files of the request when the whole body was read. */
struct field_body {
	struct id file;
	struct str name;
	int64_t page;
	double x, y, w, h;
};

/* The item callbacks get the request_wish; the one being filled is the last of its list. */
static struct request_wish_signer *
last_signer(struct request_wish *wish)
{
	return &wish->signers[wish->signers_n - 1];
}

static const struct field field_fields[] = {
	{"file", FIELD_ID, false, 0, 0, "file", offsetof(struct field_body, file), NULL},
	{"name", FIELD_TEXT, false, 1, 64, NULL, offsetof(struct field_body, name), NULL},
	{"page", FIELD_INTEGER, false, 1, 1000000, NULL, offsetof(struct field_body, page), NULL},
	{"x", FIELD_NUMBER, false, 0, 20000, NULL, offsetof(struct field_body, x), NULL},
	{"y", FIELD_NUMBER, false, 0, 20000, NULL, offsetof(struct field_body, y), NULL},
	{"w", FIELD_NUMBER, false, 1, 20000, NULL, offsetof(struct field_body, w), NULL},
	{"h", FIELD_NUMBER, false, 1, 20000, NULL, offsetof(struct field_body, h), NULL},
};

/* The index of the file a field names; without a name there must be exactly one file. */
static err_t
file_index(const struct request_wish *wish, struct id file, bool named, const char *pointer, size_t *ret_index)
{
	if (!named && wish->files_n == 1) {
		*ret_index = 0;
		return OK;
	}
	for (size_t i = 0; named && i < wish->files_n; i++) {
		if (id_eq(wish->files[i], file)) {
			*ret_index = i;
			return OK;
		}
	}
	return err_make(ERR_FIELD, "%s/file: must be one of the files of the request", pointer);
}

static err_t
field_item(const json_t *item, const char *pointer, void *target)
{
	struct request_wish *wish = target;
	struct request_wish_signer *s = last_signer(wish);
	struct field_body b = {0};
	size_t file = 0;
	TRY(field_read(item, pointer, FIELDS(field_fields), &b));
	TRY(file_index(wish, b.file, json_object_get(item, "file") != NULL, pointer, &file));
	bool placed = b.page > 0 && b.w > 0 && b.h > 0;
	if (!placed && b.name.n == 0)
		return err_make(ERR_FIELD, "%s: needs page, x, y, w and h, or the name of an empty field", pointer);
	for (size_t i = 0; i < s->fields_n; i++)
		if (s->fields[i].file == file)
			return err_make(ERR_FIELD, "%s/file: a signer signs each file once", pointer);
	s->fields[s->fields_n++] = (struct request_wish_field){.file = file, .name = b.name, .page = (uint32_t)b.page,
	    .x = b.x, .y = b.y, .w = b.w, .h = b.h};
	return OK;
}

struct signer_body {
	struct str key;
	struct id registration;
	int method;
};

static const struct field signer_fields_[] = {
	{"key", FIELD_TEXT, true, 1, 64, NULL, offsetof(struct signer_body, key), NULL},
	{"registration", FIELD_ID, true, 0, 0, "reg", offsetof(struct signer_body, registration), NULL},
	{"method", FIELD_CHOICE, false, 0, 0, "email_code sms_code", offsetof(struct signer_body, method), NULL},
};

static const struct field placement_fields[] = {
	{"fields", FIELD_LIST, true, 1, LIMIT_DOCUMENTS, NULL, 0, field_item},
};

static err_t
signer_item(const json_t *item, const char *pointer, void *target)
{
	struct request_wish *wish = target;
	struct signer_body b = {0};
	/* The list inside is read with another target, so it is taken apart from the rest. */
	AUTO_JSON(rest) = json_copy((json_t *)item);
	AUTO_JSON(placement) = json_object();
	json_t *fields = json_object_get(item, "fields");
	if (fields != NULL) {
		json_object_set(placement, "fields", fields);
		json_object_del(rest, "fields");
	}
	TRY(field_read(rest, pointer, FIELDS(signer_fields_), &b));
	for (size_t i = 0; i < wish->signers_n; i++)
		if (str_eq(wish->signers[i].label, b.key))
			return err_make(ERR_FIELD, "%s/key: another signer has this key", pointer);
	wish->signers_n++;
	/* Texts of rest are those of item: a shallow copy shares its members. */
	*last_signer(wish) = (struct request_wish_signer){.label = b.key, .registration = b.registration,
	    .method = b.method == 1 ? paraph_Method_METHOD_SMS_CODE : paraph_Method_METHOD_EMAIL_CODE};
	return fields == NULL ? OK : field_read(placement, pointer, FIELDS(placement_fields), wish);
}

static err_t
file_item(const json_t *item, const char *pointer, void *target)
{
	struct request_wish *wish = target;
	struct id id;
	if (!json_is_string(item) ||
	    err_is(id_read("file", (struct str){json_string_value(item), json_string_length(item)}, &id)))
		return err_make(ERR_FIELD, "%s: must be the id of an uploaded file", pointer);
	for (size_t i = 0; i < wish->files_n; i++)
		if (id_eq(wish->files[i], id))
			return err_make(ERR_FIELD, "%s: the same file twice", pointer);
	wish->files[wish->files_n++] = id;
	return OK;
}

#define AT(member) offsetof(struct request_wish, member)
static const struct field fields[] = {
	{"title", FIELD_TEXT, true, 1, LIMIT_TITLE, NULL, AT(title), NULL},
	{"sender", FIELD_TEXT, false, 1, LIMIT_TITLE, NULL, AT(sender), NULL},
	{"deadline", FIELD_TIME, false, 0, 0, NULL, AT(deadline_at), NULL},
	{"send", FIELD_BOOL, false, 0, 0, NULL, AT(send), NULL},
	{"files", FIELD_LIST, true, 1, LIMIT_DOCUMENTS, NULL, 0, file_item},
	{"signers", FIELD_LIST, true, 1, LIMIT_SIGNERS, NULL, 0, signer_item},
};
enum { FIELDS_BEFORE_SIGNERS = sizeof fields / sizeof *fields - 1 };

err_t
requests_read(const json_t *body, struct str default_sender, int64_t now, int64_t invitation_us,
    struct request_wish *wish)
{
	wish->sender = default_sender;
	wish->deadline_at = now + invitation_us;
	/* Signers refer to files, wherever the two stand in the body: files first. */
	AUTO_JSON(files) = json_object();
	if (json_object_get(body, "files") != NULL) {
		json_object_set(files, "files", json_object_get(body, "files"));
		TRY(field_read(files, "", &fields[FIELDS_BEFORE_SIGNERS - 1], 1, wish));
	}
	AUTO_JSON(rest) = json_is_object(body) ? json_copy((json_t *)body) : json_null();
	struct field others[FIELDS_BEFORE_SIGNERS];
	memcpy(others, fields, sizeof others);
	others[FIELDS_BEFORE_SIGNERS - 1] = fields[FIELDS_BEFORE_SIGNERS];
	if (wish->files_n == 0 && json_is_object(body))
		return err_make(ERR_FIELD, "/files: is missing");
	json_object_del(rest, "files");
	TRY(field_read(rest, "", others, FIELDS_BEFORE_SIGNERS, wish));
	if (wish->deadline_at <= now || wish->deadline_at > now + DEADLINE_MOST)
		return err_make(ERR_FIELD, "/deadline: must lie in the future, within a year");
	return OK;
}

/* ---- handlers --------------------------------------------------------------------------------------------------------- */

err_t
requests_post(struct call *c)
{
	json_t *answer = NULL;
	struct request_wish *wish = calloc(1, sizeof *wish);
	if (wish == NULL)
		abort();
	err_t e = requests_read(c->body, str_c(c->account.name), clock_now(), c->worker->core->set.invitation_us, wish);
	if (!err_is(e))
		e = request_make(c->worker, &c->account, wish, &c->idem, &answer);
	free(wish);
	TRY(e);
	call_json(c, 201, answer);
	return OK;
}

static err_t
mine(struct call *c, struct request *ret_request)
{
	struct id id;
	TRY(call_id(c, 0, "req", &id));
	return request_get_of(c->worker->reader, id, str_c(c->account.id), ret_request);
}

err_t
requests_get(struct call *c)
{
	struct request r;
	json_t *answer = NULL;
	TRY(mine(c, &r));
	TRY(request_json(c->worker->reader, c->worker->core, &r, &answer));
	call_json(c, 200, answer);
	return OK;
}

err_t
requests_events(struct call *c)
{
	struct request r;
	json_t *answer = NULL;
	TRY(mine(c, &r));
	TRY(request_events_json(c->worker->reader, r.id, &answer));
	call_json(c, 200, answer);
	return OK;
}

err_t
requests_send(struct call *c)
{
	struct id id;
	json_t *answer = NULL;
	TRY(call_id(c, 0, "req", &id));
	TRY(request_send(c->worker, &c->account, id, &c->idem, &answer));
	call_json(c, 200, answer);
	return OK;
}

static const struct field cancel_fields[] = {{"reason", FIELD_TEXT, false, 1, 500, NULL, 0, NULL}};

err_t
requests_cancel(struct call *c)
{
	struct id id;
	struct str reason = {0};
	json_t *answer = NULL;
	TRY(call_id(c, 0, "req", &id));
	TRY(field_read(c->body, "", FIELDS(cancel_fields), &reason));
	TRY(request_cancel(c->worker, &c->account, id, reason, &c->idem, &answer));
	call_json(c, 200, answer);
	return OK;
}

/* original, current (the newest released revision, else revision 0) or signed (ERR_WRONG_STATE before the first). */
static err_t
version_blob(struct call *c, const struct document *d, struct str version, struct blob_name *ret_blob)
{
	struct document_revision newest;
	if (str_eq(version, STR("original"))) {
		*ret_blob = d->original;
		return OK;
	}
	bool signed_ = str_eq(version, STR("signed"));
	if (!signed_ && !str_eq(version, STR("current")))
		return err_make(ERR_QUERY, "version must be original, current or signed");
	err_t e = document_revision_newest(c->worker->reader, d->id, &newest);
	if (e.code == ERR_NOT_FOUND && signed_)
		return err_make(ERR_WRONG_STATE, "nobody has signed this document yet");
	if (e.code == ERR_NOT_FOUND) {
		*ret_blob = d->revision0;
		return OK;
	}
	*ret_blob = newest.blob;
	return e;
}

err_t
requests_document(struct call *c)
{
	struct request r;
	struct document d;
	struct id id;
	struct blob_name blob;
	AUTO_BUF(version, 32);
	TRY(mine(c, &r));
	TRY(call_id(c, 1, "doc", &id));
	TRY(document_get(c->worker->reader, id, &d));
	if (!id_eq(d.request, r.id))
		return err_make(ERR_NOT_FOUND, "the request has no such document");
	err_t e = fcgi_text_query(c->request->query, "version", &version);
	if (e.code == ERR_NOT_FOUND)
		buf_put_str(&version, STR("current"));
	else if (err_is(e))
		return err_make(ERR_QUERY, "version must be original, current or signed");
	TRY(version_blob(c, &d, (struct str){(const char *)version.p, version.n}, &blob));
	return call_served(c, str_c(blob.text), "application/pdf", id_text("doc", d.id).c, ".pdf");
}

err_t
requests_proof(struct call *c)
{
	struct request r;
	struct id signer;
	char name[SERVED_NAME_MAX];
	AUTO_BUF(text, 64);
	TRY(mine(c, &r));
	err_t e = fcgi_text_query(c->request->query, "signer", &text);
	if (err_is(e) && e.code != ERR_NOT_FOUND)
		return e;
	bool one = !err_is(e);
	if (one)
		TRY(id_read("sgr", (struct str){(const char *)text.p, text.n}, &signer));
	TRY(archive_proof(c->worker, r.id, one ? &signer : NULL, name));
	call_served_name(c, name, "application/json", id_text("req", r.id).c, ".json");
	return OK;
}
