#include "store/schema.h"
#include "store/tx.h"

/*
 * Times are UTC microseconds, ids 16 octets, digests 32 octets. The file of src/core that owns a table is named before it.
 * Evidence (everything but session, idempotency, outbox and file) is never deleted, and updated only by the transitions
 * that its owner defines.
 */
static const char migration_1[] =
    /* account */
    "CREATE TABLE api_key (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sha256 BLOB NOT NULL UNIQUE, roles TEXT NOT NULL,"
    " name TEXT NOT NULL, made_at INTEGER NOT NULL, ended_at INTEGER) STRICT;"
    /* authority: certificates of the CA itself, by purpose */
    "CREATE TABLE authority (n INTEGER PRIMARY KEY, purpose TEXT NOT NULL, der BLOB NOT NULL, made_at INTEGER NOT NULL) STRICT;"
    /* registration */
    "CREATE TABLE person (n INTEGER PRIMARY KEY, owner TEXT NOT NULL, reference TEXT NOT NULL, serial_number TEXT NOT NULL"
    " UNIQUE, UNIQUE (owner, reference)) STRICT;"
    "CREATE TABLE registration (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, owner TEXT NOT NULL, record TEXT NOT NULL,"
    " digest BLOB NOT NULL, country TEXT NOT NULL, given_name TEXT NOT NULL, surname TEXT NOT NULL, pseudonym TEXT NOT NULL,"
    " common_name TEXT NOT NULL, serial_number TEXT NOT NULL, organization TEXT NOT NULL, organization_id TEXT NOT NULL,"
    " identified_by TEXT NOT NULL, evidence TEXT NOT NULL, verified_at INTEGER NOT NULL, made_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE enrolment (n INTEGER PRIMARY KEY, registration BLOB NOT NULL REFERENCES registration (id),"
    " method INTEGER NOT NULL, address TEXT NOT NULL, mac BLOB NOT NULL, UNIQUE (registration, method)) STRICT;"
    /* upload */
    "CREATE TABLE file (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, owner TEXT NOT NULL, blob TEXT NOT NULL,"
    " sha256 BLOB NOT NULL, length INTEGER NOT NULL, pages INTEGER NOT NULL, facts TEXT NOT NULL,"
    " made_at INTEGER NOT NULL) STRICT;"
    /* request */
    "CREATE TABLE request (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, owner TEXT NOT NULL, title TEXT NOT NULL,"
    " sender TEXT NOT NULL, state TEXT NOT NULL, deadline_at INTEGER NOT NULL, made_at INTEGER NOT NULL, sent_at INTEGER,"
    " ended_at INTEGER, reason TEXT) STRICT;"
    "CREATE INDEX request_open ON request (deadline_at) WHERE state IN ('draft', 'sent');"
    "CREATE TABLE event (n INTEGER PRIMARY KEY, request BLOB NOT NULL REFERENCES request (id), at INTEGER NOT NULL,"
    " name TEXT NOT NULL, signer BLOB, detail TEXT NOT NULL) STRICT;"
    "CREATE INDEX event_request ON event (request);"
    /* document */
    "CREATE TABLE document (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, request BLOB NOT NULL REFERENCES request (id),"
    " place INTEGER NOT NULL, title TEXT NOT NULL, file BLOB NOT NULL, original_blob TEXT NOT NULL,"
    " original_sha256 BLOB NOT NULL, original_length INTEGER NOT NULL, pages INTEGER NOT NULL, revision0_blob TEXT NOT NULL,"
    " revision0_sha256 BLOB NOT NULL, revision0_length INTEGER NOT NULL, plan_blob TEXT NOT NULL, plan_sha256 BLOB NOT NULL,"
    " made_at INTEGER NOT NULL, UNIQUE (request, place)) STRICT;"
    "CREATE TABLE revision (n INTEGER PRIMARY KEY, document BLOB NOT NULL REFERENCES document (id), act BLOB NOT NULL,"
    " intent BLOB NOT NULL UNIQUE, blob TEXT NOT NULL, sha256 BLOB NOT NULL, length INTEGER NOT NULL, record BLOB NOT NULL,"
    " evidence TEXT NOT NULL, made_at INTEGER NOT NULL, released_at INTEGER) STRICT;"
    "CREATE INDEX revision_document ON revision (document);"
    /* signer */
    "CREATE TABLE signer (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, request BLOB NOT NULL REFERENCES request (id),"
    " place INTEGER NOT NULL, label TEXT NOT NULL, registration BLOB NOT NULL REFERENCES registration (id),"
    " method INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT, notified_at INTEGER, opened_at INTEGER, ended_at INTEGER,"
    " UNIQUE (request, place)) STRICT;"
    "CREATE TABLE field (n INTEGER PRIMARY KEY, signer BLOB NOT NULL REFERENCES signer (id),"
    " document BLOB NOT NULL REFERENCES document (id), place INTEGER NOT NULL, signature_field INTEGER NOT NULL,"
    " stamp_field INTEGER NOT NULL, page INTEGER NOT NULL, x REAL NOT NULL, y REAL NOT NULL, w REAL NOT NULL,"
    " h REAL NOT NULL, appearance BLOB NOT NULL, UNIQUE (signer, document)) STRICT;"
    "CREATE INDEX field_document ON field (document);"
    /* link */
    "CREATE TABLE link (n INTEGER PRIMARY KEY, token_sha256 BLOB NOT NULL UNIQUE, signer BLOB NOT NULL REFERENCES signer (id),"
    " made_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE session (n INTEGER PRIMARY KEY, token_sha256 BLOB NOT NULL UNIQUE, signer BLOB NOT NULL,"
    " address TEXT NOT NULL, agent TEXT NOT NULL, made_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX session_end ON session (expires_at);"
    /* activation */
    "CREATE TABLE activation (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, signer BLOB NOT NULL REFERENCES signer (id),"
    " state TEXT NOT NULL, address TEXT NOT NULL, digest BLOB NOT NULL, begun_at INTEGER NOT NULL,"
    " expires_at INTEGER NOT NULL, code_expires_at INTEGER NOT NULL, tries_left INTEGER NOT NULL, sends_left INTEGER NOT NULL,"
    " proved_at INTEGER, completed_at INTEGER) STRICT;"
    "CREATE INDEX activation_signer ON activation (signer);"
    "CREATE TABLE consent (n INTEGER PRIMARY KEY, activation BLOB NOT NULL UNIQUE REFERENCES activation (id),"
    " signer BLOB NOT NULL, shown TEXT NOT NULL, sha256 BLOB NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL,"
    " at INTEGER NOT NULL) STRICT;"
    /* act: one signer signs all of his documents of a request */
    "CREATE TABLE act (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, signer BLOB NOT NULL REFERENCES signer (id),"
    " activation BLOB NOT NULL UNIQUE REFERENCES activation (id), state TEXT NOT NULL, begun_at INTEGER NOT NULL,"
    " result_leaf INTEGER, ended_at INTEGER, reason TEXT) STRICT;"
    "CREATE INDEX act_open ON act (begun_at) WHERE state IN ('begun', 'result');"
    "CREATE UNIQUE INDEX act_once ON act (signer) WHERE state <> 'void';"
    /* intent */
    "CREATE TABLE intent (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, act BLOB NOT NULL REFERENCES act (id),"
    " document BLOB NOT NULL REFERENCES document (id), place INTEGER NOT NULL, serial BLOB NOT NULL UNIQUE,"
    " base_sha256 BLOB NOT NULL, base_revision BLOB, state TEXT NOT NULL, made_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX intent_act ON intent (act);"
    /* certificate */
    "CREATE TABLE certificate (n INTEGER PRIMARY KEY, serial BLOB NOT NULL UNIQUE, intent BLOB NOT NULL UNIQUE"
    " REFERENCES intent (id), der BLOB NOT NULL, not_before INTEGER NOT NULL, not_after INTEGER NOT NULL,"
    " signed BLOB NOT NULL, made_at INTEGER NOT NULL, published_at INTEGER) STRICT;"
    /* revoke */
    "CREATE TABLE revocation (n INTEGER PRIMARY KEY, serial BLOB NOT NULL UNIQUE REFERENCES certificate (serial),"
    " at INTEGER NOT NULL, reason INTEGER NOT NULL, actor TEXT NOT NULL, published_at INTEGER) STRICT;"
    "CREATE TABLE crl (number INTEGER PRIMARY KEY, intent BLOB NOT NULL UNIQUE, this_update INTEGER NOT NULL,"
    " next_update INTEGER NOT NULL, revocations INTEGER NOT NULL, der BLOB, sha256 BLOB) STRICT;"
    /* responder: certificates of the OCSP signer's key */
    "CREATE TABLE responder (n INTEGER PRIMARY KEY, intent BLOB NOT NULL UNIQUE, serial BLOB NOT NULL UNIQUE,"
    " made_at INTEGER NOT NULL, der BLOB) STRICT;"
    /* audit */
    "CREATE TABLE audit_leaf (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, leaf BLOB NOT NULL) STRICT;"
    "CREATE TABLE audit_node (level INTEGER NOT NULL, n INTEGER NOT NULL, hash BLOB NOT NULL,"
    " PRIMARY KEY (level, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE audit_salt (subject BLOB PRIMARY KEY, salt BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, root BLOB NOT NULL, at INTEGER NOT NULL, signature BLOB NOT NULL,"
    " key_id BLOB NOT NULL, token BLOB) STRICT;"
    /* archive */
    "CREATE TABLE proof (n INTEGER PRIMARY KEY, act BLOB NOT NULL UNIQUE REFERENCES act (id), request BLOB NOT NULL,"
    " blob TEXT NOT NULL, sha256 BLOB NOT NULL, seal BLOB NOT NULL, token BLOB NOT NULL, made_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX proof_request ON proof (request);"
    /* outbox */
    "CREATE TABLE outbox (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, transport INTEGER NOT NULL, address TEXT NOT NULL,"
    " subject TEXT NOT NULL, text TEXT NOT NULL, made_at INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,"
    " next_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX outbox_next ON outbox (next_at);"
    /* idempotency */
    "CREATE TABLE idempotency (n INTEGER PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, request_sha256 BLOB NOT NULL,"
    " status INTEGER NOT NULL, answer TEXT NOT NULL, made_at INTEGER NOT NULL, UNIQUE (owner, name)) STRICT;"
    "CREATE INDEX idempotency_made ON idempotency (made_at);";

/* Housekeeping asks for each stored blob whether a row names it: each place that names one is found by an index. */
static const char migration_2[] =
    "CREATE INDEX file_blob ON file (blob);"
    "CREATE INDEX document_original ON document (original_blob);"
    "CREATE INDEX document_revision0 ON document (revision0_blob);"
    "CREATE INDEX document_plan ON document (plan_blob);"
    "CREATE INDEX revision_blob ON revision (blob);"
    "CREATE INDEX proof_blob ON proof (blob);";

static const char migration_3[] =
    /* What keys says of a plan; documents prepared before have none and are prepared anew, in a new request. */
    "ALTER TABLE document ADD COLUMN plan_mac BLOB;"
    /* Each act that begins asks whether another one of its documents is open. */
    "CREATE INDEX intent_document ON intent (document);"
    /* And for each uploaded file that has become old, whether a document was made of it. */
    "CREATE INDEX document_file ON document (file);";

static const char *const migrations[] = {migration_1, migration_2, migration_3};

static err_t
run(sqlite3 *db, const char *sql)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? OK : tx_error(db, rc, "schema");
}

static err_t
version_get(sqlite3 *db, int *ret_version)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		*ret_version = sqlite3_column_int(stmt, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_OK ? OK : tx_error(db, rc, "user_version");
}

static err_t
migrate(sqlite3 *db, int version)
{
	char set[48];
	snprintf(set, sizeof set, "PRAGMA user_version=%d", version + 1);
	TRY(run(db, migrations[version]));
	return run(db, set);
}

err_t
schema_update(sqlite3 *db, int to)
{
	int version = 0, newest = (int)(sizeof migrations / sizeof *migrations);
	TRY(version_get(db, &version));
	if (version > newest)
		return err_make(ERR_STORE, "the database has schema %d, this program knows %d: use a newer program", version,
		    newest);
	for (; version < newest && version < to; version++) {
		TRY(run(db, "BEGIN IMMEDIATE"));
		err_t e = migrate(db, version);
		if (err_is(e)) {
			err_ignore(run(db, "ROLLBACK")); /* the first error is the one to tell */
			return e;
		}
		TRY(run(db, "COMMIT"));
	}
	return OK;
}
