#include "store/copy.h"
#include "store/tx.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Who reads the copy may hold it as long as he likes: that must cost nobody time. */
enum { PATIENCE_MS = 100, LEVELS = 48 };

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS main.audit_leaf (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, leaf BLOB NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS main.audit_node (level INTEGER NOT NULL, n INTEGER NOT NULL, hash BLOB NOT NULL,"
    " PRIMARY KEY (level, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS main.checkpoint (size INTEGER PRIMARY KEY, root BLOB NOT NULL, at INTEGER NOT NULL,"
    " signature BLOB NOT NULL, token BLOB) STRICT;"
    "CREATE INDEX IF NOT EXISTS main.checkpoint_stamped ON checkpoint (size) WHERE token IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS main.intent (n INTEGER PRIMARY KEY, id BLOB NOT NULL, serial BLOB NOT NULL,"
    " state TEXT NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS main.intent_open ON intent (n) WHERE state = 'open';"
    "CREATE TABLE IF NOT EXISTS main.certificate (n INTEGER PRIMARY KEY, intent BLOB NOT NULL, serial BLOB NOT NULL,"
    " der BLOB NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS main.revocation (n INTEGER PRIMARY KEY, serial BLOB NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS main.revision (n INTEGER PRIMARY KEY, intent BLOB NOT NULL, blob TEXT NOT NULL,"
    " sha256 BLOB NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS main.proof (n INTEGER PRIMARY KEY, blob TEXT NOT NULL, sha256 BLOB NOT NULL) STRICT;";

#define NEW(table, columns, key)                                                                                               \
	"INSERT INTO main." table " (" columns ") SELECT " columns " FROM source." table " WHERE " key                         \
	" > (SELECT ifnull(max(" key "), -1) FROM main." table ");"
static const char rows[] = NEW("audit_leaf", "n, at, leaf", "n")
    /* Only the newest checkpoint is ever stamped, so what was stamped since lies behind the last stamp of the copy: looked for
     * before new rows bring theirs. */
    "UPDATE main.checkpoint SET token = s.token FROM source.checkpoint s WHERE s.size = checkpoint.size AND s.token IS NOT NULL"
    " AND s.size > ifnull((SELECT max(size) FROM main.checkpoint WHERE token IS NOT NULL), -1);"
    NEW("checkpoint", "size, root, at, signature, token", "size")
    NEW("intent", "n, id, serial, state", "n") NEW("certificate", "n, intent, serial, der", "n")
    NEW("revocation", "n, serial", "n") NEW("revision", "n, intent, blob, sha256", "n") NEW("proof", "n, blob, sha256", "n")
    "UPDATE main.intent SET state = (SELECT s.state FROM source.intent s WHERE s.n = main.intent.n) WHERE state = 'open';";
static const char nodes[] = "INSERT INTO main.audit_node (level, n, hash) SELECT level, n, hash FROM source.audit_node"
    " WHERE level = ?1 AND n > (SELECT ifnull(max(n), -1) FROM main.audit_node WHERE level = ?1)";

static const char other_way[] = "SELECT 1 FROM main.audit_leaf m WHERE m.n = (SELECT max(n) FROM main.audit_leaf)"
    " AND NOT EXISTS (SELECT 1 FROM source.audit_leaf s WHERE s.n = m.n AND s.leaf = m.leaf)";

static err_t
failed(sqlite3 *db, int rc, const char *what)
{
	if ((rc & 0xff) == SQLITE_BUSY)
		return err_make(ERR_STORE_BUSY, "the auditor's copy is being read");
	return tx_error(db, rc, what);
}

static err_t
run(sqlite3 *db, const char *sql, const char *what)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? OK : failed(db, rc, what);
}

/* Runs a statement without rows for one value. */
static err_t
run_with(sqlite3 *db, const char *sql, const char *text, int64_t from, int64_t to)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	for (int64_t k = from; rc == SQLITE_OK && k < to; k++) {
		if (text != NULL)
			sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC);
		else
			sqlite3_bind_int64(stmt, 1, k);
		rc = sqlite3_step(stmt) == SQLITE_DONE ? SQLITE_OK : sqlite3_errcode(db);
		sqlite3_reset(stmt);
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_OK ? OK : failed(db, rc, "the auditor's copy");
}

/* The file before SQLite sees it, which gives the same mode to what it puts beside it. */
static err_t
file_make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_errno("opening %s", path);
	int rc = fchmod(fd, 0640); /* whatever the umask: the group is the auditor's */
	close(fd);
	return rc == 0 ? OK : err_errno("mode of %s", path);
}

/* A database that was restored from a backup goes another way than the copy did: they are not to be mixed. */
static err_t
same_way(sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, other_way, -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	if (rc == SQLITE_ROW)
		return err_make(ERR_STORE, "the auditor's copy has a leaf that the log does not have: look into it, then remove audit/paraph.db");
	return rc == SQLITE_DONE ? OK : failed(db, rc, "the auditor's copy");
}

static err_t
copy_rows(sqlite3 *db)
{
	TRY(run(db, schema, "tables of the auditor's copy"));
	TRY(same_way(db));
	TRY(run(db, rows, "rows of the auditor's copy"));
	TRY(run_with(db, nodes, NULL, 0, LEVELS));
	return run(db, "COMMIT", "commit of the auditor's copy");
}

static err_t
update(sqlite3 *db, const char *source)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL); /* of the source: nobody else checkpoints it */
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_busy_timeout(db, PATIENCE_MS);
	TRY(run_with(db, "ATTACH ?1 AS source", source, 0, 1));
	/* One transaction, so one state of the source; not IMMEDIATE, which would lock the source too. */
	TRY(run(db, "PRAGMA temp_store=MEMORY; PRAGMA main.synchronous=NORMAL; BEGIN", "the auditor's copy"));
	return copy_rows(db);
}

err_t
copy_update(struct store *s, const char *path)
{
	sqlite3 *db = NULL;
	TRY(file_make(path));
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	err_t e = rc == SQLITE_OK ? update(db, store_path(s)) : failed(db, rc, path);
	sqlite3_close(db); /* undoes what was not committed */
	return e;
}
