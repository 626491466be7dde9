/* /v1/requests: files, signers, where they sign, until when. */
#include "api/handlers.h"
#include "base/time.h"
#include "core/request.h"
#include "os/clock.h"

enum { DEADLINE_DAYS = 30, POINTS_MAX = 20000 };

struct request_body {
	struct str title, sender;
	int64_t deadline_at;
	bool send;
	json_t *files, *signers;
};

static const struct field request_fields[] = {
    {"title", FIELD_TEXT, true, 1, LIMIT_TITLE, NULL, offsetof(struct request_body, title)},
    {"sender", FIELD_TEXT, false, 1, LIMIT_TITLE, NULL, offsetof(struct request_body, sender)},
    {"deadline", FIELD_TIME, false, 0, 0, NULL, offsetof(struct request_body, deadline_at)},
    {"send", FIELD_BOOL, false, 0, 0, NULL, offsetof(struct request_body, send)},
    {"files", FIELD_LIST, true, 1, LIMIT_DOCUMENTS, NULL, offsetof(struct request_body, files)},
    {"signers", FIELD_LIST, true, 1, LIMIT_SIGNERS, NULL, offsetof(struct request_body, signers)},
};

struct signer_body {
	struct str label, registration, method;
	json_t *fields;
};

static const struct field signer_fields_table[] = {
    {"key", FIELD_TEXT, true, 1, 64, NULL, offsetof(struct signer_body, label)},
    {"registration", FIELD_TEXT, true, 1, 40, NULL, offsetof(struct signer_body, registration)},
    {"method", FIELD_CHOICE, true, 0, 0, "email_code sms_code", offsetof(struct signer_body, method)},
    {"fields", FIELD_LIST, false, 0, LIMIT_DOCUMENTS, NULL, offsetof(struct signer_body, fields)},
};

struct place_body {
	struct str file, name, unit;
	int64_t page;
	double x, y, w, h;
};

static const struct field place_fields[] = {
    {"file", FIELD_TEXT, true, 1, 40, NULL, offsetof(struct place_body, file)},
    {"name", FIELD_TEXT, false, 1, 64, NULL, offsetof(struct place_body, name)},
    {"unit", FIELD_CHOICE, false, 0, 0, "pt", offsetof(struct place_body, unit)},
    {"page", FIELD_WHOLE, false, 1, 1000000, NULL, offsetof(struct place_body, page)},
    {"x", FIELD_NUMBER, false, 0, POINTS_MAX, NULL, offsetof(struct place_body, x)},
    {"y", FIELD_NUMBER, false, 0, POINTS_MAX, NULL, offsetof(struct place_body, y)},
    {"w", FIELD_NUMBER, false, 1, POINTS_MAX, NULL, offsetof(struct place_body, w)},
    {"h", FIELD_NUMBER, false, 1, POINTS_MAX, NULL, offsetof(struct place_body, h)},
};

#define READ(object, at, table, target) field_read(object, at, table, sizeof(table) / sizeof(table)[0], target)

static err_t
files_read(const json_t *list, struct request_wish *w)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		struct str text;
		if (!json_is_string(v) || err_is(str_check(bytes(json_string_value(v), json_string_length(v)), &text)) ||
		    err_is(id_read("file", text, &w->files[i])))
			return err_make(ERR_FIELD, "/files/%zu: must be the id of an uploaded file", i);
		for (size_t k = 0; k < i; k++)
			if (id_eq(w->files[k], w->files[i]))
				return err_make(ERR_FIELD, "/files/%zu: this file is in the list already", i);
	}
	w->files_n = json_array_size(list);
	return OK;
}

static err_t
file_index(const struct request_wish *w, struct str text, const char *at, size_t *ret_index)
{
	struct id id;
	if (!err_is(id_read("file", text, &id)))
		for (size_t i = 0; i < w->files_n; i++)
			if (id_eq(w->files[i], id)) {
				*ret_index = i;
				return OK;
			}
	return err_make(ERR_FIELD, "%s/file: must be one of the ids in /files", at);
}

/* A place on a page has all four numbers, or there is none and the signature is invisible. */
static err_t
place_read(const json_t *object, const char *at, const struct request_wish *w, struct request_wish_field *ret_field)
{
	struct place_body b = {.x = -1, .y = -1};
	TRY(READ(object, at, place_fields, &b));
	TRY(file_index(w, b.file, at, &ret_field->file));
	bool any = b.page > 0 || b.x >= 0 || b.y >= 0 || b.w > 0 || b.h > 0;
	bool all = b.page > 0 && b.x >= 0 && b.y >= 0 && b.w > 0 && b.h > 0;
	if (any && !all)
		return err_make(ERR_FIELD, "%s: page, x, y, w and h belong together; leave all out for an invisible signature", at);
	ret_field->name = b.name;
	ret_field->page = (uint32_t)b.page;
	if (all) {
		ret_field->x = b.x;
		ret_field->y = b.y;
		ret_field->w = b.w;
		ret_field->h = b.h;
	}
	return OK;
}

static err_t
signer_read(struct call *c, const json_t *object, const char *at, const struct request_wish *w,
    struct request_wish_signer *ret_signer)
{
	struct signer_body b = {0};
	TRY(READ(object, at, signer_fields_table, &b));
	ret_signer->label = b.label;
	ret_signer->method = str_eq(b.method, STR("sms_code")) ? paraph_Method_METHOD_SMS_CODE : paraph_Method_METHOD_EMAIL_CODE;
	/* A record that does not exist and one that is too old are the same answer: nobody gets a certificate without one. */
	if (err_is(id_read("reg", b.registration, &ret_signer->registration)))
		return err_make(ERR_NO_REGISTRATION, "%s/registration: there is no such record", at);
	const char *fields_at;
	TRY(arena_printf(c->arena, &fields_at, "%s/fields", at));
	for (size_t i = 0; i < json_array_size(b.fields); i++)
		TRY(place_read(json_array_get(b.fields, i), call_pointer(c, fields_at, i), w, &ret_signer->fields[i]));
	ret_signer->fields_n = json_array_size(b.fields);
	return OK;
}

static err_t
wish_read(struct call *c, struct request_wish *w)
{
	int64_t now = clock_now();
	struct request_body b = {.sender = str_c(c->account.name), .deadline_at = now + DEADLINE_DAYS * TIME_DAY};
	TRY(READ(c->body, "", request_fields, &b));
	if (b.deadline_at <= now)
		return err_make(ERR_FIELD, "/deadline: must lie in the future");
	w->title = b.title;
	w->sender = b.sender;
	w->deadline_at = b.deadline_at;
	w->send = b.send;
	TRY(files_read(b.files, w));
	for (size_t i = 0; i < json_array_size(b.signers); i++)
		TRY(signer_read(c, json_array_get(b.signers, i), call_pointer(c, "/signers", i), w, &w->signers[i]));
	w->signers_n = json_array_size(b.signers);
	return OK;
}

err_t
requests_post(struct call *c)
{
	void *room;
	json_t *answer = NULL;
	TRY(arena_get(c->arena, sizeof(struct request_wish), &room));
	struct request_wish *w = room;
	TRY(wish_read(c, w));
	TRY(request_make(c->worker, &c->account, w, &c->idempotency, &answer));
	return call_answer_made(c, answer, "/v1/requests/%s", json_string_value(json_object_get(answer, "id")));
}

static err_t
request_read(struct call *c, struct request *ret_request)
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
	TRY(request_read(c, &r));
	TRY(request_json(c->worker->reader, c->worker->core, &r, &answer));
	return call_answer(c, 200, answer);
}

err_t
requests_events(struct call *c)
{
	struct request r;
	json_t *answer = NULL;
	TRY(request_read(c, &r));
	TRY(request_events_json(c->worker->reader, r.id, &answer));
	return call_answer(c, 200, answer);
}

err_t
requests_send(struct call *c)
{
	struct id id;
	json_t *answer = NULL;
	TRY(call_id(c, 0, "req", &id));
	TRY(request_send(c->worker, &c->account, id, &c->idempotency, &answer));
	return call_answer(c, 200, answer);
}

err_t
requests_cancel(struct call *c)
{
	static const struct field table[] = {{"reason", FIELD_TEXT, false, 1, 500, NULL, 0}};
	struct str reason = {"", 0};
	struct id id;
	json_t *answer = NULL;
	TRY(READ(c->body, "", table, &reason));
	TRY(call_id(c, 0, "req", &id));
	TRY(request_cancel(c->worker, &c->account, id, reason, &c->idempotency, &answer));
	return call_answer(c, 200, answer);
}
