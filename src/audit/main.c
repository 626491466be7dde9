/* paraph-audit DIR [--json] [--trust=ROOT.pem]: see README.md. Opens everything it needs below DIR, then gives up all rights but reading it. */
#include "audit/evidence.h"
#include "audit/finding.h"
#include "base/base64.h"
#include "base/log.h"
#include "base/time.h"
#include "os/attempt.h"
#include "os/file.h"
#include "os/jail.h"
#include "os/process.h"

#include <errno.h>
#include <limits.h>

enum { TRUST_MAX = 64 * 1024 };
enum { EXIT_AGREES = 0, EXIT_DISAGREES = 1, EXIT_WRONG_USE = 64, EXIT_NO_INPUT = 66 };

/* One read transaction, so that all tables are of the same moment, the database in use or not. */
static err_t
database_open(const char *directory, sqlite3 **ret_db, bool *ret_copy)
{
	char path[PATH_MAX];
	sqlite3 *db = NULL;
	snprintf(path, sizeof path, "%s/db/paraph.db", directory);
	/* The group paraph-audit sees core's copy of the evidence, not the database with links, addresses and salts. */
	bool copy = access(path, R_OK) != 0 && errno == EACCES;
	if (copy)
		snprintf(path, sizeof path, "%s/audit/paraph.db", directory);
	/* The copy is locked for the moment in which core adds to it. */
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK || sqlite3_busy_timeout(db, 5000) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA query_only=1; BEGIN; SELECT count(*) FROM audit_leaf", NULL, NULL, NULL) != SQLITE_OK) {
		err_t e = err_make(ERR_IO, "%s: %s", path, db == NULL ? "no memory" : sqlite3_errmsg(db));
		sqlite3_close(db);
		return e;
	}
	*ret_db = db;
	*ret_copy = copy;
	return OK;
}

/* Read before the jail: it may lie anywhere. */
static err_t
root_read(const char *directory, const char *trust, struct buf *der)
{
	char path[PATH_MAX];
	size_t at = 0;
	AUTO_BUF(text, TRUST_MAX);
	if (trust == NULL && snprintf(path, sizeof path, "%s/public/root.pem", directory) >= PATH_MAX)
		return err_make(ERR_CONF, "the name of the instance is too long");
	TRY(file_read_path(trust == NULL ? path : trust, &text));
	err_t e = base64_read_pem(buf_bytes(&text), "CERTIFICATE", &at, der);
	return e.code == ERR_NOT_FOUND ? err_make(ERR_INPUT, "%s holds no certificate (PEM)", trust == NULL ? path : trust) : e;
}

static err_t
audit_run(const char *directory, struct bytes root)
{
	sqlite3 *db = NULL;
	struct ledger ledger;
	bool copy;
	char newest[TIME_TEXT_MAX];
	TRY(database_open(directory, &db, &copy));
	err_t e = ledger_read(db, &ledger);
	time_text(ledger.newest_at, false, newest);
	if (copy)
		finding_note("this is core's copy of the evidence, not its database; its newest leaf is of %s", newest);
	if (!err_is(e))
		e = evidence_compare(directory, &ledger, root);
	ledger_done(&ledger);
	sqlite3_close(db);
	return e;
}

/* The records and the files they tell of; not the keys and passphrases that lie beside the journals. */
static err_t
confine(const char *directory)
{
	static const char *const folders[] = {"db", "audit", "blobs", "keys/issuing/journal", "keys/status/journal", "keys/root/journal"};
	enum { FOLDERS = sizeof folders / sizeof folders[0] };
	char names[FOLDERS][PATH_MAX];
	struct jail_path paths[FOLDERS];
	size_t n = 0;
	for (size_t i = 0; i < FOLDERS; i++) {
		if (snprintf(names[n], PATH_MAX, "%s/%s", directory, folders[i]) >= PATH_MAX)
			return err_make(ERR_CONF, "the name of the instance is too long");
		/* The write-ahead log's index must be opened for writing, even by a reader [SQLite, WAL-mode file format]. */
		paths[n] = (struct jail_path){names[n], i == 0 ? JAIL_WRITE : JAIL_READ};
		/* What is missing is for the comparison to tell. */
		n += access(names[n], F_OK) == 0 ? 1 : 0;
	}
	const struct jail jail = {.program = "paraph-audit", .paths = paths, .paths_n = n,
	    .extra = JAIL_FILES | JAIL_MMAP_SHARED};
	return jail_enter(&jail);
}

static int
complain(int status, err_t e)
{
	fprintf(stderr, "paraph-audit: %s %s\n", err_info(e.code)->text, err_detail());
	return status;
}

int
main(int argc, char **argv)
{
	AUTO_BUF(root, TRUST_MAX);
	const char *directory = NULL, *trust = NULL, *act = attempt_wanted(argc, argv);
	bool json = false, agrees = false;
	process_harden();
	log_init("paraph-audit", LOG_WARNING);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strncmp(argv[i], "--trust=", 8) == 0)
			trust = argv[i] + 8;
		else if (argv[i][0] != '-')
			directory = argv[i];
	}
	if (directory == NULL) {
		fprintf(stderr, "Usage: paraph-audit DIR [--json] [--trust=ROOT.pem]\n");
		return EXIT_WRONG_USE;
	}
	err_t e = act == NULL ? root_read(directory, trust, &root) : OK;
	if (!err_is(e))
		e = confine(directory);
	if (!err_is(e) && act != NULL)
		return attempt_main(act);
	if (!err_is(e))
		e = audit_run(directory, buf_bytes(&root));
	if (err_is(e))
		return complain(EXIT_NO_INPUT, e);
	e = finding_print(json, &agrees);
	if (err_is(e))
		return complain(EXIT_DISAGREES, e);
	return agrees ? EXIT_AGREES : EXIT_DISAGREES;
}
