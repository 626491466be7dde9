/* Files that nginx may send: hard links of blobs (or files made on demand) under random names in served/, removed again
 * after a while. */
#ifndef PARAPH_CORE_SERVED_H
#define PARAPH_CORE_SERVED_H

#include "core/core.h"

enum { SERVED_NAME_MAX = 64, SERVED_SECONDS = 600 };

/* ext: ".pdf", ".json". */
err_t served_make(struct core *core, struct str blob, const char *ext, char ret_name[SERVED_NAME_MAX]);
/* An empty file there, open for writing, for what is put together on demand. */
err_t served_new(struct core *core, const char *ext, char ret_name[SERVED_NAME_MAX], int *ret_fd);
/* Removes such a file that could not be put together. */
void served_drop(struct core *core, const char *name);
/* Removes links older than SERVED_SECONDS. */
err_t served_purge(struct core *core);

#endif
