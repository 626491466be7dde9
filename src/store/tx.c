#include "store/tx.h"


err_t
tx_error(sqlite3 *db, int rc, const char *what)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return err_make(ERR_DISK_FULL, "%s: %s", what, sqlite3_errmsg(db));
	case SQLITE_NOMEM:
		abort();
	case SQLITE_CONSTRAINT:
		if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY || rc == SQLITE_CONSTRAINT_ROWID)
			return err_make(ERR_EXISTS, "%s: %s", what, sqlite3_errmsg(db));
		break;
	case SQLITE_IOERR:
		/* The kernel may have dropped the pages: nothing that this process believes of the file is safe any more. */
		if (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC)
			abort();
		break;
	}
	return err_make(ERR_STORE, "%s: %s (%d)", what, sqlite3_errmsg(db), rc);
}

void
tx_close(struct store_tx *tx)
{
	for (size_t i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(tx->statements[i]);
	/* Nothing is left that could keep it open, so this cannot fail. */
	int rc = sqlite3_close(tx->db);
	if (rc != SQLITE_OK)
		abort();
}
