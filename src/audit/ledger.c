#include "audit/ledger.h"
#include "audit/finding.h"
#include "base/base64.h"
#include "pki/verify.h"
#include "tlog/checkpoint.h"

struct reading {
	struct ledger *ledger;
	struct tlog tree;
	size_t room;
	int64_t last_at;
};

static const char index_member[] = "#"; /* no member of a leaf is called so */

err_t
ledger_error(const struct ledger *l)
{
	return err_make(ERR_IO, "the database: %s", sqlite3_errmsg(l->db));
}

/* Compares each complete subtree with the row that core keeps for proofs. */
static err_t
node_compare(void *arg, unsigned level, uint64_t index, const uint8_t hash[TLOG_HASH])
{
	struct reading *r = arg;
	sqlite3_stmt *s = NULL;
	if (sqlite3_prepare_v2(r->ledger->db, "SELECT hash FROM audit_node WHERE level = ? AND n = ?", -1, &s, NULL) != SQLITE_OK)
		return ledger_error(r->ledger);
	sqlite3_bind_int64(s, 1, level);
	sqlite3_bind_int64(s, 2, (int64_t)index);
	bool same = sqlite3_step(s) == SQLITE_ROW && sqlite3_column_bytes(s, 0) == TLOG_HASH &&
	    memcmp(sqlite3_column_blob(s, 0), hash, TLOG_HASH) == 0;
	if (sqlite3_finalize(s) != SQLITE_OK)
		return ledger_error(r->ledger);
	if (!same)
		finding_wrong("tree", "audit_node %u/%llu is not the hash of its leaves", level, (unsigned long long)index);
	return OK;
}

static void
event_keep(struct ledger *l, uint64_t n, struct bytes leaf)
{
	json_error_t why;
	json_t *j = json_loadb((const char *)leaf.p, leaf.n, JSON_REJECT_DUPLICATES, &why);
	const char *event = json_string_value(json_object_get(j, "event"));
	if (event == NULL) {
		finding_wrong("leaf", "leaf %llu is not a JSON event", (unsigned long long)n);
		json_decref(j);
		return;
	}
	json_t *list = json_object_get(l->events, event);
	if (list == NULL) {
		list = json_array();
		json_object_set_new(l->events, event, list);
	}
	json_object_set_new(j, index_member, json_integer((json_int_t)n));
	json_array_append_new(list, j);
}

uint64_t
ledger_index(const json_t *leaf)
{
	return (uint64_t)json_integer_value(json_object_get(leaf, index_member));
}

static void
root_keep(struct reading *r)
{
	struct ledger *l = r->ledger;
	if (r->tree.size > r->room) {
		r->room = r->room == 0 ? 1024 : r->room * 2;
		uint8_t *more = realloc(l->roots, r->room * TLOG_HASH);
		if (more == NULL)
			abort();
		l->roots = more;
	}
	tlog_root(&r->tree, l->roots + (r->tree.size - 1) * TLOG_HASH);
}

static err_t
leaf_take(struct reading *r, uint64_t n, int64_t at, struct bytes leaf)
{
	uint8_t hash[TLOG_HASH];
	if (n != r->tree.size)
		finding_wrong("gap", "leaf %llu stands where %llu is expected", (unsigned long long)n,
		    (unsigned long long)r->tree.size);
	if (at < r->last_at)
		finding_wrong("time", "leaf %llu is older than the one before it", (unsigned long long)n);
	r->last_at = at;
	tlog_leaf(leaf, hash);
	TRY(tlog_append(&r->tree, hash, node_compare, r));
	root_keep(r);
	event_keep(r->ledger, n, leaf);
	return OK;
}

static err_t
leaves_read(struct reading *r)
{
	sqlite3_stmt *s = NULL;
	if (sqlite3_prepare_v2(r->ledger->db, "SELECT n, at, leaf FROM audit_leaf ORDER BY n", -1, &s, NULL) != SQLITE_OK)
		return ledger_error(r->ledger);
	err_t e = OK;
	while (!err_is(e) && sqlite3_step(s) == SQLITE_ROW)
		e = leaf_take(r, (uint64_t)sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
		    bytes(sqlite3_column_blob(s, 2), (size_t)sqlite3_column_bytes(s, 2)));
	bool whole = sqlite3_finalize(s) == SQLITE_OK; /* else a page could not be read: that is not the end of the table */
	r->ledger->size = r->tree.size;
	r->ledger->newest_at = r->last_at;
	finding_count("leaves of the audit log", r->tree.size);
	TRY(e);
	return whole ? OK : ledger_error(r->ledger);
}

/* ---- checkpoints --------------------------------------------------------------------------------------------------------- */

const char *
ledger_origin(const struct ledger *l)
{
	return json_string_value(json_object_get(json_array_get(ledger_events(l, "log.started"), 0), "origin"));
}

static err_t
key_get(struct ledger *l)
{
	const char *text = json_string_value(json_object_get(json_array_get(ledger_events(l, "log.started"), 0), "log_spki"));
	if (text == NULL || json_array_size(ledger_events(l, "log.started")) != 1) {
		finding_wrong("log key", "the log does not start with exactly one public key");
		return OK;
	}
	return base64_read(str_c(text), false, &l->log_spki);
}

static void
checkpoint_compare(const struct ledger *l, const struct checkpoint *c, struct bytes signature)
{
	unsigned long long size = c->size;
	if (c->size == 0 || c->size > l->size) {
		finding_wrong("checkpoint", "the one of %llu leaves covers more than there is", size);
		return;
	}
	if (memcmp(c->root, l->roots + (c->size - 1) * TLOG_HASH, TLOG_HASH) != 0)
		finding_wrong("checkpoint", "the one of %llu leaves has another root than the leaves give", size);
	AUTO_BUF(text, 4096);
	checkpoint_write(c, &text);
	if (l->log_spki.n == 0 ||
	    err_is(verify_signature(buf_bytes(&l->log_spki), ALGORITHM_ECDSA_P256, buf_bytes(&text), signature)))
		finding_wrong("checkpoint", "the signature of the one of %llu leaves is not the log key's", size);
}

static err_t
checkpoints_read(struct ledger *l)
{
	sqlite3_stmt *s = NULL;
	const char *origin = ledger_origin(l);
	int64_t last_at = 0;
	uint64_t n = 0;
	if (sqlite3_prepare_v2(l->db, "SELECT size, root, at, signature FROM checkpoint ORDER BY size", -1, &s, NULL) != SQLITE_OK)
		return ledger_error(l);
	for (; sqlite3_step(s) == SQLITE_ROW; n++) {
		struct checkpoint c = {.origin = str_c(origin == NULL ? "" : origin), .size = (uint64_t)sqlite3_column_int64(s, 0),
		    .at = sqlite3_column_int64(s, 2)};
		if (sqlite3_column_bytes(s, 1) == TLOG_HASH)
			memcpy(c.root, sqlite3_column_blob(s, 1), TLOG_HASH);
		if (c.at < last_at)
			finding_wrong("time", "the checkpoint of %llu leaves is older than the one before", (unsigned long long)c.size);
		last_at = c.at;
		checkpoint_compare(l, &c, bytes(sqlite3_column_blob(s, 3), (size_t)sqlite3_column_bytes(s, 3)));
	}
	if (sqlite3_finalize(s) != SQLITE_OK)
		return ledger_error(l);
	finding_count("signed checkpoints", n);
	if (n == 0 && l->size > 0)
		finding_wrong("checkpoint", "the log has leaves and no checkpoint");
	return OK;
}

const json_t *
ledger_events(const struct ledger *l, const char *event)
{
	return json_object_get(l->events, event);
}

err_t
ledger_read(sqlite3 *db, struct ledger *ret_ledger)
{
	*ret_ledger = (struct ledger){.db = db, .events = json_object(), .log_spki = buf_init(1024)};
	struct reading r = {.ledger = ret_ledger};
	TRY(leaves_read(&r));
	TRY(key_get(ret_ledger));
	return checkpoints_read(ret_ledger);
}

void
ledger_done(struct ledger *l)
{
	json_decref(l->events);
	free(l->roots);
	buf_done(&l->log_spki);
}
