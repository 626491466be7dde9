/* Files that nginx may send: a hard link of a blob under a random name in served/, removed again after a while. */
#ifndef PARAPH_CORE_SERVED_H
#define PARAPH_CORE_SERVED_H

#include "core/core.h"

enum { SERVED_NAME_MAX = 48, SERVED_SECONDS = 600 };

/* ext: ".pdf", ".json". */
err_t served_make(struct core *core, struct str blob, const char *ext, char ret_name[SERVED_NAME_MAX]);
/* Removes links older than SERVED_SECONDS. */
err_t served_purge(struct core *core);

#endif
