/* The schema of the database: numbered migrations, each in one transaction, the number kept in user_version. */
#ifndef PARAPH_STORE_SCHEMA_H
#define PARAPH_STORE_SCHEMA_H

#include "base/err.h"

struct sqlite3;

enum { SCHEMA_NEWEST = 1000 };

/* Runs the migrations that are missing, up to this one (SCHEMA_NEWEST but in a test). ERR_STORE when the database is newer
 * than this program. */
err_t schema_update(struct sqlite3 *db, int to);

#endif
