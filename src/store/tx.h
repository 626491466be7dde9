/* What store.c and query.c share: a connection with the statements that were prepared on it. Nobody else includes this. */
#ifndef PARAPH_STORE_TX_H
#define PARAPH_STORE_TX_H

#include "store/query.h"
#include <sqlite3.h>

struct store_tx {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT]; /* prepared at first use */
	unsigned snapshots;                  /* how many times a reader's moment is held */
};

/* The error for a result code of SQLite: ENOSPC is ERR_DISK_FULL; a failed fsync aborts the process. */
err_t tx_error(sqlite3 *db, int rc, const char *what);
void tx_close(struct store_tx *tx);

#endif
