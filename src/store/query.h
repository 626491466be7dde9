/*
 * One use of one prepared statement: bind the values in order, read the rows, ask once at the end. The error is sticky.
 * Text and octets of a row are borrowed until the next query_next or query_end. A statement can be used by one query at
 * a time on a connection.
 *
 *	AUTO_QUERY(q, tx, SQL_SIGNER_GET);
 *	query_bytes(&q, id);
 *	if (query_next(&q))
 *		state = query_get_int(&q, 0);
 *	TRY(query_end(&q));
 */
#ifndef PARAPH_STORE_QUERY_H
#define PARAPH_STORE_QUERY_H

#include "store/store.h"

enum query_sql {
#define SQL(name, text) SQL_##name,
#include "store/sql.def"
#undef SQL
	SQL_COUNT
};

struct query {
	struct store_tx *tx;
	struct sqlite3_stmt *stmt; /* NULL after query_end */
	int bound;
	err_t e;
};

struct query query_new(struct store_tx *tx, enum query_sql sql);
void query_done(struct query *q);
#define AUTO_QUERY(name, tx, sql) __attribute__((cleanup(query_done))) struct query name = query_new((tx), (sql))

/* Values for ?1, ?2 … in order. Octets are borrowed until query_end. An empty struct bytes is an empty value, not NULL. */
void query_int(struct query *q, int64_t v);
void query_real(struct query *q, double v);
void query_bytes(struct query *q, struct bytes v);
void query_text(struct query *q, struct str v);
void query_null(struct query *q);

/* Moves to the next row; false at the end or after an error. */
bool query_next(struct query *q);
int64_t query_get_int(struct query *q, int column);
double query_get_real(struct query *q, int column);
struct bytes query_get_bytes(struct query *q, int column);
struct str query_get_text(struct query *q, int column);
bool query_is_null(struct query *q, int column);

/* Ends the query and tells its error, if any. */
err_t query_end(struct query *q);
/* Runs a statement without rows. ERR_EXISTS when it breaks a UNIQUE constraint. */
err_t query_run(struct query *q);
/* The same for a transition: exactly one row must change, or ERR_WRONG_STATE. */
err_t query_run_one(struct query *q);
/* Rows that the newest run changed. */
int64_t query_changes(struct query *q);

#endif
