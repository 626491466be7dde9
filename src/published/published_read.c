#include "published/published_read.h"
#include "published/published_store.h"

struct published_reader {
	MDB_env *env;
	MDB_txn *txn; /* reset between readings, renewed for each: no memory, no slot is taken on the way */
	MDB_dbi certificates, files;
	bool open;
};

/* Opens the tables in the transaction that all readings renew. */
static int
tables_open(struct published_reader *r)
{
	MDB_txn *txn;
	int e = mdb_txn_begin(r->env, NULL, MDB_RDONLY, &txn);
	if (e != 0)
		return e;
	if ((e = mdb_dbi_open(txn, PUBLISHED_STORE_CERTIFICATES, 0, &r->certificates)) != 0 ||
	    (e = mdb_dbi_open(txn, PUBLISHED_STORE_FILES, 0, &r->files)) != 0) {
		mdb_txn_abort(txn);
		return e;
	}
	/* Committing keeps the table handles; a new one is for the readings. */
	e = mdb_txn_commit(txn);
	return e != 0 ? e : mdb_txn_begin(r->env, NULL, MDB_RDONLY, &r->txn);
}

err_t
published_read_open(const char *directory, struct published_reader **ret_reader)
{
	struct published_reader *r = calloc(1, sizeof *r);
	if (r == NULL)
		abort();
	err_t e = published_store_open(directory, MDB_RDONLY, &r->env);
	if (!err_is(e)) {
		int dead, code = mdb_reader_check(r->env, &dead);
		code = code != 0 ? code : tables_open(r);
		e = code == 0 ? OK : published_store_error(code, directory);
	}
	if (err_is(e)) {
		if (r->env != NULL)
			mdb_env_close(r->env);
		free(r);
		return e;
	}
	mdb_txn_reset(r->txn);
	*ret_reader = r;
	return OK;
}

void
published_read_close(struct published_reader *r)
{
	if (r == NULL)
		return;
	mdb_txn_abort(r->txn);
	mdb_env_close(r->env);
	free(r);
}

err_t
published_read_begin(struct published_reader *r)
{
	int e = mdb_txn_renew(r->txn);
	if (e != 0)
		return published_store_error(e, "reading the status store");
	r->open = true;
	return OK;
}

void
published_read_end(struct published_reader *r)
{
	if (r->open)
		mdb_txn_reset(r->txn);
	r->open = false;
}

static err_t
value_get(struct published_reader *r, MDB_dbi table, struct bytes key, struct bytes *ret_value)
{
	MDB_val k = {key.n, (void *)(uintptr_t)key.p}, value;
	int e = mdb_get(r->txn, table, &k, &value);
	if (e == MDB_NOTFOUND)
		return err_make(ERR_NOT_FOUND, "it was not published");
	if (e != 0)
		return published_store_error(e, "reading the status store");
	*ret_value = bytes(value.mv_data, value.mv_size);
	return OK;
}

err_t
published_read_certificate(struct published_reader *r, const uint8_t issuer_spki_sha256[DIGEST_SHA256_LEN],
    struct bytes serial, struct published_certificate *ret_certificate)
{
	uint8_t key[PUBLISHED_KEY_LEN];
	size_t key_n;
	struct bytes value = {0};
	if (published_record_key(issuer_spki_sha256, serial, key, &key_n).code != ERR_OK)
		return err_make(ERR_NOT_FOUND, "no serial of ours has that length");
	TRY(value_get(r, r->certificates, bytes(key, key_n), &value));
	return published_record_read(value, ret_certificate);
}

err_t
published_read_file(struct published_reader *r, enum published_kind kind, struct str name, struct bytes *ret_der)
{
	char key[PUBLISHED_NAME_MAX + 3];
	if (published_record_file_key(kind, name, key).code != ERR_OK)
		return err_make(ERR_NOT_FOUND, "no CA has that name");
	return value_get(r, r->files, bytes(key, strlen(key)), ret_der);
}

uint64_t
published_read_generation(struct published_reader *r)
{
	uint64_t generation = 0;
	struct bytes value = {0};
	if (value_get(r, r->files, bytes("g", 1), &value).code == ERR_OK && value.n == sizeof generation)
		memcpy(&generation, value.p, sizeof generation);
	return generation;
}

bool
published_read_next_name(struct published_reader *r, enum published_kind kind, char ret_name[PUBLISHED_NAME_MAX + 1])
{
	char from[PUBLISHED_NAME_MAX + 4];
	MDB_cursor *cursor;
	/* A space sorts before everything that a name may hold, so "name " lies right behind "name". */
	int n = snprintf(from, sizeof from, "%c/%s%s", (char)kind, ret_name, ret_name[0] == '\0' ? "" : " ");
	MDB_val key = {(size_t)n, from}, value;
	if (mdb_cursor_open(r->txn, r->files, &cursor) != 0)
		return false;
	bool found = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE) == 0 && key.mv_size > 2 &&
		     key.mv_size <= PUBLISHED_NAME_MAX + 2 && ((const char *)key.mv_data)[0] == (char)kind;
	if (found) {
		memcpy(ret_name, (const char *)key.mv_data + 2, key.mv_size - 2);
		ret_name[key.mv_size - 2] = '\0';
	}
	mdb_cursor_close(cursor);
	return found;
}
