/* POST /v1/files (the body is the document itself), GET /v1/files/{id} */
#ifndef PARAPH_API_FILES_H
#define PARAPH_API_FILES_H

#include "api/call.h"

err_t files_post(struct call *c);
err_t files_get(struct call *c);

#endif
