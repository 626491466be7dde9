#include "store/query.h"
#include "store/tx.h"

#include <assert.h>

static const char *const texts[] = {
#define SQL(name, text) text,
#include "store/sql.def"
#undef SQL
};

static const char *const names[] = {
#define SQL(name, text) #name,
#include "store/sql.def"
#undef SQL
};

static err_t
prepare(struct store_tx *tx, enum query_sql sql, sqlite3_stmt **ret_stmt)
{
	if (tx->statements[sql] == NULL) {
		const char *rest = NULL;
		int rc = sqlite3_prepare_v3(tx->db, texts[sql], -1, SQLITE_PREPARE_PERSISTENT, &tx->statements[sql], &rest);
		if (rc != SQLITE_OK)
			return tx_error(tx->db, rc, names[sql]);
		assert(rest != NULL && *rest == '\0');
	}
	*ret_stmt = tx->statements[sql];
	return OK;
}

struct query
query_new(struct store_tx *tx, enum query_sql sql)
{
	struct query q = {.tx = tx};
	q.e = prepare(tx, sql, &q.stmt);
	assert(q.stmt == NULL || !sqlite3_stmt_busy(q.stmt));
	return q;
}

void
query_done(struct query *q)
{
	if (q->stmt == NULL)
		return;
	sqlite3_reset(q->stmt);
	sqlite3_clear_bindings(q->stmt);
	q->stmt = NULL;
}

static void
bound(struct query *q, int rc)
{
	if (rc != SQLITE_OK)
		q->e = tx_error(q->tx->db, rc, "bind");
}

void
query_int(struct query *q, int64_t v)
{
	if (!err_is(q->e))
		bound(q, sqlite3_bind_int64(q->stmt, ++q->bound, v));
}

void
query_real(struct query *q, double v)
{
	if (!err_is(q->e))
		bound(q, sqlite3_bind_double(q->stmt, ++q->bound, v));
}

void
query_bytes(struct query *q, struct bytes v)
{
	/* SQLite takes a NULL pointer for NULL. */
	if (!err_is(q->e))
		bound(q, sqlite3_bind_blob64(q->stmt, ++q->bound, v.n == 0 ? "" : (const void *)v.p, v.n, SQLITE_STATIC));
}

void
query_text(struct query *q, struct str v)
{
	if (!err_is(q->e))
		bound(q, sqlite3_bind_text64(q->stmt, ++q->bound, v.n == 0 ? "" : v.p, v.n, SQLITE_STATIC, SQLITE_UTF8));
}

void
query_null(struct query *q)
{
	if (!err_is(q->e))
		bound(q, sqlite3_bind_null(q->stmt, ++q->bound));
}

bool
query_next(struct query *q)
{
	if (err_is(q->e))
		return false;
	int rc = sqlite3_step(q->stmt);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		q->e = tx_error(q->tx->db, sqlite3_extended_errcode(q->tx->db), sqlite3_sql(q->stmt));
	return rc == SQLITE_ROW;
}

int64_t
query_get_int(struct query *q, int column)
{
	return sqlite3_column_int64(q->stmt, column);
}

double
query_get_real(struct query *q, int column)
{
	return sqlite3_column_double(q->stmt, column);
}

struct bytes
query_get_bytes(struct query *q, int column)
{
	const void *p = sqlite3_column_blob(q->stmt, column);
	return bytes(p, (size_t)sqlite3_column_bytes(q->stmt, column));
}

struct str
query_get_text(struct query *q, int column)
{
	const char *p = (const char *)sqlite3_column_text(q->stmt, column);
	return (struct str){p, (size_t)sqlite3_column_bytes(q->stmt, column)};
}

bool
query_is_null(struct query *q, int column)
{
	return sqlite3_column_type(q->stmt, column) == SQLITE_NULL;
}

err_t
query_end(struct query *q)
{
	query_done(q);
	return q->e;
}

err_t
query_run(struct query *q)
{
	while (query_next(q))
		;
	return query_end(q);
}

int64_t
query_changes(struct query *q)
{
	return sqlite3_changes64(q->tx->db);
}

err_t
query_run_one(struct query *q)
{
	TRY(query_run(q));
	if (query_changes(q) != 1)
		return err_make(ERR_WRONG_STATE, "the record is not in the state that this step needs");
	return OK;
}
