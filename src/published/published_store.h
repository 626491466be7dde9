/* What the two sides of the status store share: how the LMDB environment is opened and how its errors read. */
#ifndef PARAPH_PUBLISHED_PUBLISHED_STORE_H
#define PARAPH_PUBLISHED_PUBLISHED_STORE_H

#include "base/err.h"
#include <limits.h>
#include <lmdb.h>

#define PUBLISHED_STORE_CERTIFICATES "certificates"
#define PUBLISHED_STORE_FILES "files"

/* flags: MDB_RDONLY, MDB_NOMETASYNC. ERR_PUBLISHED. */
err_t published_store_open(const char *directory, unsigned flags, MDB_env **ret_env);

/* r is not 0; ERR_DISK_FULL, or ERR_PUBLISHED with LMDB's text behind what. */
err_t published_store_error(int r, const char *what);

#endif
