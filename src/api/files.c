/* /v1/files: PDFs, streamed to the disk while they are hashed, inspected before they are taken. */
#include "api/handlers.h"

err_t
files_post(struct call *c)
{
	json_t *answer = NULL;
	TRY(upload_finish(c->worker, c->upload, &c->account, &c->idempotency, &answer));
	return call_answer_made(c, answer, "/v1/files/%s", json_string_value(json_object_get(answer, "id")));
}

err_t
files_get(struct call *c)
{
	struct id id;
	json_t *answer = NULL;
	TRY(call_id(c, 0, "file", &id));
	TRY(upload_json(c->worker->reader, id, str_c(c->account.id), &answer));
	return call_answer(c, 200, answer);
}
