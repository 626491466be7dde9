#include "api/files.h"

err_t
files_post(struct call *c)
{
	json_t *answer = NULL;
	if (c->upload == NULL)
		return err_make(ERR_MEDIA_TYPE, "send the document itself with Content-Type: application/pdf");
	TRY(upload_finish(c->worker, c->upload, &c->account, &c->idem, &answer));
	call_json(c, 201, answer);
	return OK;
}

err_t
files_get(struct call *c)
{
	struct id id;
	json_t *answer = NULL;
	TRY(call_id(c, 0, "file", &id));
	TRY(upload_json(c->worker->reader, id, str_c(c->account.id), &answer));
	call_json(c, 200, answer);
	return OK;
}
