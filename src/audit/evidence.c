#include "audit/evidence.h"
#include "audit/finding.h"
#include "audit/roots.h"
#include "audit/stamps.h"
#include "der/decode.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

/* Tables whose rows the audit log tells of. */
enum stored { STORED_INTENT, STORED_CERTIFICATE, STORED_REVOCATION, STORED_DOCUMENT, STORED_PROOF, STORED_KINDS };

struct evidence {
	const char *directory;
	const struct ledger *ledger;
	json_t *intents;     /* from the journal: hex of intent -> {serial, certificate, results, voided} */
	json_t *checkpoints; /* from the journal: hex of root -> size */
	json_t *proofs;      /* from the journal: hex of SHA-256 -> true */
	json_t *stored[STORED_KINDS]; /* from the database: hex of serial or SHA-256 -> true */
	struct roots *roots; /* of the journal that is being read; NULL: its roots are not in the log */
	struct stamps *stamps;
	bool blobs_closed;   /* documents and proofs are not for this reader */
	uint64_t unread;     /* files that were not compared for that reason */
	uint64_t covered;    /* records of keys/issuing that the newest root in the log covers */
};

/* ---- the journal of keys:issuing ----------------------------------------------------------------------------------------- */

static const char *
hex_of(struct bytes b, char *room, size_t room_n)
{
	if (2 * b.n + 1 > room_n)
		b.n = (room_n - 1) / 2;
	bytes_hex(b, room);
	return room;
}

static json_t *
intent_get(struct evidence *e, struct bytes intent)
{
	char hex[80];
	hex_of(intent, hex, sizeof hex);
	json_t *one = json_object_get(e->intents, hex);
	if (one == NULL) {
		one = json_object();
		json_object_set_new(e->intents, hex, one);
	}
	return one;
}

static void
hex_set(json_t *object, const char *name, struct bytes octets)
{
	char hex[160];
	const char *had = json_string_value(json_object_get(object, name));
	hex_of(octets, hex, sizeof hex);
	if (had != NULL && strcmp(had, hex) != 0) /* one intent never gets a second of anything */
		finding_wrong("journal", "an intent has two different values of %s: %s and %s", name, had, hex);
	json_object_set_new(object, name, json_string(hex));
}

static void
digest_set(json_t *object, const char *name, struct bytes octets)
{
	uint8_t hash[DIGEST_SHA256_LEN];
	digest_sha256(octets, hash);
	hex_set(object, name, BYTES_OF(hash));
}

static void
checkpoint_keep(struct evidence *e, struct decode *d)
{
	char hex[80];
	decode_octets(d); /* origin */
	uint64_t size = decode_u64(d, INT64_MAX);
	hex_of(decode_octets(d), hex, sizeof hex);
	json_object_set_new(e->checkpoints, hex, json_integer((json_int_t)size));
}

static void
proof_keep(struct evidence *e, struct decode *d)
{
	char hex[80];
	decode_octets(d); /* intents */
	decode_octets(d); /* results */
	decode_octets(d); /* statement */
	hex_of(decode_octets(d), hex, sizeof hex);
	json_object_set_new(e->proofs, hex, json_true());
}

/* After a crash the same signature is stamped anew, so an intent may have been finished more than once; what counts is that
 * the one that was released is among them. */
static void
result_add(json_t *intent, struct bytes sha256)
{
	char hex[80];
	json_t *results = json_object_get(intent, "results");
	if (results == NULL) {
		results = json_object();
		json_object_set_new(intent, "results", results);
	}
	json_object_set_new(results, hex_of(sha256, hex, sizeof hex), json_true());
}

static void
pen_keep(struct evidence *e, uint8_t type, uint64_t index, struct decode *d)
{
	json_t *one = intent_get(e, decode_octets(d));
	if (type == JOURNAL_PEN_KEY) {
		json_object_set_new(one, "index", json_integer((json_int_t)index));
		decode_octets(d); /* activation */
		decode_u64(d, UINT32_MAX);
		hex_set(one, "serial", decode_octets(d));
	} else if (type == JOURNAL_PEN_ATTRIBUTES) {
		digest_set(one, "certificate", decode_octets(d));
	} else if (type == JOURNAL_DOCUMENT_RESULT) {
		result_add(one, decode_octets(d));
	} else {
		json_object_set_new(one, "voided", json_true());
	}
}

static void
stamp_keep(struct evidence *e, struct decode *d)
{
	decode_octets(d); /* serial */
	decode_u64(d, INT64_MAX);
	decode_octets(d); /* imprint */
	stamps_journaled(e->stamps, decode_octets(d));
}

static void
record_take(void *arg, const struct journal_record *r)
{
	struct evidence *e = arg;
	struct decode outer = decode_init(r->payload);
	struct decode d = decode_enter(&outer, DER_SEQUENCE);
	switch (r->type) {
	case JOURNAL_PEN_KEY:
	case JOURNAL_PEN_ATTRIBUTES:
	case JOURNAL_DOCUMENT_RESULT:
	case JOURNAL_INTENT_VOIDED:
		pen_keep(e, r->type, r->index, &d);
		break;
	case JOURNAL_CHECKPOINT_SIGN:
		checkpoint_keep(e, &d);
		break;
	case JOURNAL_PROOF_SEAL:
		proof_keep(e, &d);
		break;
	case JOURNAL_STAMP_SIGN:
		stamp_keep(e, &d);
		break;
	default:
		return; /* types that nothing is compared with */
	}
	if (outer.why != NULL)
		finding_wrong("journal", "record %llu is not what its type says: %s", (unsigned long long)r->index, outer.why);
}

/* ---- what the audit log says ---------------------------------------------------------------------------------------------- */

/* The leaf of this event whose member has this value; NULL when there is none. */
static const json_t *
leaf_find(const struct ledger *l, const char *event, const char *member, const char *value)
{
	const json_t *list = ledger_events(l, event);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *leaf = json_array_get(list, i);
		const char *text = json_string_value(json_object_get(leaf, member));
		if (text != NULL && strcmp(text, value) == 0)
			return leaf;
	}
	return NULL;
}

/* The same among the members of a list inside the leaves ("intents" of "intent.committed"). */
static const json_t *
leaf_find_in(const struct ledger *l, const char *event, const char *list_name, const char *member, const char *value)
{
	const json_t *list = ledger_events(l, event);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *inner = json_object_get(json_array_get(list, i), list_name);
		for (size_t k = 0; k < json_array_size(inner); k++) {
			const char *text = json_string_value(json_object_get(json_array_get(inner, k), member));
			if (text != NULL && strcmp(text, value) == 0)
				return json_array_get(inner, k);
		}
	}
	return NULL;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------ */

typedef void (*row_f)(struct evidence *e, sqlite3_stmt *s);

static struct bytes
column(sqlite3_stmt *s, int i)
{
	const void *p = sqlite3_column_blob(s, i);
	return bytes(p, (size_t)sqlite3_column_bytes(s, i));
}

static const char *
text(sqlite3_stmt *s, int i)
{
	const unsigned char *t = sqlite3_column_text(s, i);
	return t == NULL ? "" : (const char *)t;
}

static void
stored_add(struct evidence *e, enum stored kind, const char *hex)
{
	json_object_set_new(e->stored[kind], hex, json_true());
}

static err_t
rows_take(struct evidence *e, const char *name, const char *sql, row_f take)
{
	sqlite3_stmt *s = NULL;
	uint64_t n = 0;
	if (sqlite3_prepare_v2(e->ledger->db, sql, -1, &s, NULL) != SQLITE_OK)
		return ledger_error(e->ledger);
	for (; sqlite3_step(s) == SQLITE_ROW; n++)
		take(e, s);
	if (sqlite3_finalize(s) != SQLITE_OK)
		return ledger_error(e->ledger);
	finding_count(name, n);
	return OK;
}

/* id, serial, state */
static void
intent_row(struct evidence *e, sqlite3_stmt *s)
{
	char id[80], serial[80];
	hex_of(column(s, 0), id, sizeof id);
	hex_of(column(s, 1), serial, sizeof serial);
	stored_add(e, STORED_INTENT, serial);
	if (leaf_find_in(e->ledger, "intent.committed", "intents", "serial", serial) == NULL)
		finding_wrong("intent", "the intent of serial %s is not in the audit log", serial);
	const json_t *known = json_object_get(e->intents, id);
	const char *journaled = json_string_value(json_object_get(known, "serial"));
	if (journaled != NULL && strcmp(journaled, serial) != 0)
		finding_wrong("intent", "the journal gave intent %s the serial %s, the database %s", id, journaled, serial);
	if (known != NULL)
		json_object_set_new(json_object_get(e->intents, id), "state", json_string(text(s, 2)));
}

/* intent, serial, der */
static void
certificate_row(struct evidence *e, sqlite3_stmt *s)
{
	char id[80], serial[80], hex[80];
	uint8_t hash[DIGEST_SHA256_LEN];
	hex_of(column(s, 0), id, sizeof id);
	hex_of(column(s, 1), serial, sizeof serial);
	stored_add(e, STORED_CERTIFICATE, serial);
	digest_sha256(column(s, 2), hash);
	bytes_hex(BYTES_OF(hash), hex);
	const char *journaled = json_string_value(json_object_get(json_object_get(e->intents, id), "certificate"));
	if (journaled == NULL || strcmp(journaled, hex) != 0)
		finding_wrong("certificate", "serial %s: the journal of keys does not have this certificate", serial);
	const json_t *leaf = leaf_find(e->ledger, "certificate.issued", "serial", serial);
	const char *logged = json_string_value(json_object_get(leaf, "sha256"));
	if (logged == NULL || strcmp(logged, hex) != 0)
		finding_wrong("certificate", "serial %s: the audit log does not have this certificate", serial);
	json_object_set_new(json_object_get(e->intents, id), "stored", json_true());
}

/* serial */
static void
revocation_row(struct evidence *e, sqlite3_stmt *s)
{
	char serial[80];
	hex_of(column(s, 0), serial, sizeof serial);
	stored_add(e, STORED_REVOCATION, serial);
	if (leaf_find(e->ledger, "certificate.revoked", "serial", serial) == NULL)
		finding_wrong("revocation", "the one of serial %s is not in the audit log", serial);
}

static void
file_compare(struct evidence *e, const char *blob, struct bytes sha256, const char *what)
{
	char path[PATH_MAX];
	uint64_t size = 0;
	uint8_t hash[DIGEST_SHA256_LEN];
	AUTO_DIGEST(d, DIGEST_SHA256);
	if (e->blobs_closed) {
		e->unread++;
		return;
	}
	snprintf(path, sizeof path, "%s/blobs/%s", e->directory, blob);
	AUTO_FD(fd) = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || err_is(file_size(fd, &size)) || err_is(digest_file(fd, 0, size, d))) {
		finding_wrong("file", "%s %s is missing or cannot be read", what, blob);
		return;
	}
	digest_peek(d, hash);
	if (!bytes_eq(BYTES_OF(hash), sha256))
		finding_wrong("file", "%s %s was changed", what, blob);
}

/* intent, blob, sha256, released_at */
static void
revision_row(struct evidence *e, sqlite3_stmt *s)
{
	char id[80], hex[80];
	hex_of(column(s, 0), id, sizeof id);
	hex_of(column(s, 2), hex, sizeof hex);
	stored_add(e, STORED_DOCUMENT, hex);
	if (json_object_get(json_object_get(json_object_get(e->intents, id), "results"), hex) == NULL)
		finding_wrong("document", "intent %s: the journal of keys does not have the result %s", id, hex);
	if (leaf_find_in(e->ledger, "signature.result", "results", "sha256", hex) == NULL)
		finding_wrong("document", "intent %s: the audit log does not have the result %s", id, hex);
	file_compare(e, text(s, 1), column(s, 2), "signed document");
}

/* blob, sha256 */
static void
proof_row(struct evidence *e, sqlite3_stmt *s)
{
	char hex[80];
	hex_of(column(s, 1), hex, sizeof hex);
	stored_add(e, STORED_PROOF, hex);
	if (json_object_get(e->proofs, hex) == NULL)
		finding_wrong("proof", "the journal of keys does not have the proof %s", hex);
	file_compare(e, text(s, 0), column(s, 1), "proof");
}

/* size, root */
static void
checkpoint_row(struct evidence *e, sqlite3_stmt *s)
{
	char hex[80];
	hex_of(column(s, 1), hex, sizeof hex);
	const json_t *size = json_object_get(e->checkpoints, hex);
	if (size == NULL || json_integer_value(size) != sqlite3_column_int64(s, 0))
		finding_wrong("checkpoint", "the journal of keys did not sign the one of %lld leaves",
		    (long long)sqlite3_column_int64(s, 0));
}

/* What keys journaled and core does not have: a key without a row hides a signature. An intent is committed before keys is
 * asked, so all that a root in this log covers must be in this database; the journal is read later than the database, and
 * what no root covers may be younger. */
static void
journal_side(struct evidence *e)
{
	const char *id;
	json_t *one;
	json_object_foreach(e->intents, id, one)
	{
		const char *state = json_string_value(json_object_get(one, "state"));
		if (state == NULL && (uint64_t)json_integer_value(json_object_get(one, "index")) >= e->covered)
			finding_count("intents in the journal of keys not anchored yet", 1);
		else if (state == NULL)
			finding_wrong("intent", "keys made a key for intent %s, which the database does not have", id);
		else if (json_object_get(one, "certificate") != NULL && json_object_get(one, "stored") == NULL &&
		         strcmp(state, "open") != 0)
			finding_wrong("certificate", "keys signed one for intent %s, which the database does not have", id);
	}
	finding_count("intents in the journal of keys", json_object_size(e->intents));
}

struct leaf_rule {
	const char *event, *list_name, *member; /* list_name: of the list inside the leaf that holds the members; NULL: the leaf does */
	enum stored kind;
};

static void
told_compare(const struct evidence *e, const struct leaf_rule *r, const json_t *told)
{
	const char *hex = json_string_value(json_object_get(told, r->member));
	if (hex == NULL || json_object_get(e->stored[r->kind], hex) == NULL)
		finding_wrong("row", "the audit log tells of %s %s, which the database does not have", r->event, hex == NULL ? "?" : hex);
}

static void
leaf_compare(const struct evidence *e, const struct leaf_rule *r, const json_t *leaf)
{
	if (r->list_name == NULL) {
		told_compare(e, r, leaf);
		return;
	}
	const json_t *list = json_object_get(leaf, r->list_name);
	for (size_t i = 0; i < json_array_size(list); i++)
		told_compare(e, r, json_array_get(list, i));
}

/* Leaf and row are one commit, and such a row stays for ever: each leaf must have its row. So nothing more needs to be asked of the
 * results and seals in the journal: one without a leaf was never released; a crash came before its commit, and another one followed. */
static void
leaves_side(const struct evidence *e)
{
	static const struct leaf_rule rules[] = {
	    {"intent.committed", "intents", "serial", STORED_INTENT},
	    {"certificate.issued", NULL, "serial", STORED_CERTIFICATE},
	    {"certificate.revoked", NULL, "serial", STORED_REVOCATION},
	    {"signature.result", "results", "sha256", STORED_DOCUMENT},
	    {"signature.released", NULL, "proof_sha256", STORED_PROOF},
	};
	for (size_t r = 0; r < sizeof rules / sizeof rules[0]; r++) {
		const json_t *list = ledger_events(e->ledger, rules[r].event);
		for (size_t i = 0; i < json_array_size(list); i++)
			leaf_compare(e, &rules[r], json_array_get(list, i));
	}
}

/* Documents are other people's secrets: the group paraph-audit is not given them. */
static bool
is_closed(const char *directory)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/blobs", directory);
	return access(path, R_OK | X_OK) != 0 && errno == EACCES;
}

static err_t
all_compare(struct evidence *e)
{
	e->blobs_closed = is_closed(e->directory);
	TRY(rows_take(e, "intents", "SELECT id, serial, state FROM intent", intent_row));
	TRY(rows_take(e, "certificates", "SELECT intent, serial, der FROM certificate", certificate_row));
	TRY(rows_take(e, "revocations", "SELECT serial FROM revocation", revocation_row));
	TRY(rows_take(e, "signed documents", "SELECT intent, blob, sha256 FROM revision", revision_row));
	TRY(rows_take(e, "proofs", "SELECT blob, sha256 FROM proof", proof_row));
	TRY(rows_take(e, "checkpoints in the journal of keys", "SELECT size, root FROM checkpoint", checkpoint_row));
	if (e->unread > 0)
		finding_note("%llu signed documents and proofs were not read: this user may not see blobs/, only their digests were compared",
		    (unsigned long long)e->unread);
	journal_side(e);
	leaves_side(e);
	return OK;
}

static void
grown(void *arg, const struct tlog *tree, int64_t at)
{
	struct evidence *e = arg;
	if (e->roots != NULL)
		roots_grown(e->roots, tree, at);
}

static err_t
one_journal(struct evidence *e, const char *role)
{
	char path[PATH_MAX], name[32];
	bool issuing = strcmp(role, "issuing") == 0, root = strcmp(role, "root") == 0;
	snprintf(name, sizeof name, "keys/%s", role);
	snprintf(path, sizeof path, "%s/%s/journal", e->directory, name);
	struct journal_reader r = {.name = name, .seen = root ? NULL : record_take, .grown = grown, .arg = e};
	/* The root key works in ceremonies only, before there is a log. */
	e->roots = root ? NULL : roots_new(e->ledger, role);
	if (issuing)
		e->covered = roots_covered(e->roots);
	err_t result = journal_read(path, &r);
	finding_count("records in the journals of keys", r.tree.size);
	if (e->roots != NULL && !err_is(result))
		roots_end(e->roots);
	roots_free(e->roots);
	e->roots = NULL;
	return result;
}

err_t
evidence_compare(const char *directory, const struct ledger *ledger, struct bytes root)
{
	struct evidence e = {.directory = directory, .ledger = ledger, .intents = json_object(), .checkpoints = json_object(),
	    .proofs = json_object()};
	static const char *const roles[] = {"issuing", "status", "root"};
	for (size_t k = 0; k < STORED_KINDS; k++)
		e.stored[k] = json_object();
	err_t result = stamps_new(ledger, root, &e.stamps);
	for (size_t i = 0; i < sizeof roles / sizeof roles[0] && !err_is(result); i++)
		result = one_journal(&e, roles[i]);
	if (!err_is(result))
		result = all_compare(&e);
	if (!err_is(result))
		stamps_end(e.stamps);
	stamps_free(e.stamps);
	json_decref(e.intents);
	json_decref(e.checkpoints);
	json_decref(e.proofs);
	for (size_t k = 0; k < STORED_KINDS; k++)
		json_decref(e.stored[k]);
	return result;
}
