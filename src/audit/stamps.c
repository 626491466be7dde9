#include "audit/stamps.h"
#include "audit/finding.h"
#include "base/time.h"
#include "pki/path.h"
#include "pki/tsp.h"
#include "tlog/checkpoint.h"

#include <stdarg.h>

enum {
	CHECKPOINT_SECONDS = 60, STAMP_SECONDS = 3600, /* of a log that does not say */
	CLOCKS_APART_US = 1000000, /* core and unit may run on two machines, and a token names its second more or less */
	PAUSE_TIMES = 10,          /* so many periods without a checkpoint: the service rested meanwhile */
};

struct stamp {
	uint64_t size;
	int64_t gen_at;
	char info_sha256[2 * DIGEST_SHA256_LEN + 1];
	bool journaled;
};

struct stamps {
	const struct ledger *ledger;
	struct bytes root;
	json_t *told;      /* size -> leaf that tells of the token */
	json_t *by_info;   /* hex of H(TSTInfo) -> index in all */
	struct stamp *all; /* the good ones, by size */
	size_t n, room;
	uint64_t after;    /* checkpoints since the newest */
	int64_t served_us; /* time in which checkpoints went on since the newest */
	int64_t last_at;   /* of the checkpoint before */
	bool missed;       /* was told of this stretch */
	size_t starts_n;   /* leaves of core.started that were passed */
	int64_t checkpoint_us, stamp_us; /* as the newest of them promised */
	uint64_t wrong_n, wrong_size;
	char wrong[400];
};

/* Keeps the one of the smallest checkpoint; the others are counted. */
static void __attribute__((format(printf, 3, 4)))
fault(struct stamps *s, uint64_t size, const char *format, ...)
{
	va_list args;
	if (s->wrong_n++ > 0 && size >= s->wrong_size)
		return;
	s->wrong_size = size;
	va_start(args, format);
	vsnprintf(s->wrong, sizeof s->wrong, format, args);
	va_end(args);
}

/* ---- one token ----------------------------------------------------------------------------------------------------------- */

/* [RFC 3161 2.3] */
static err_t
token_check(const struct stamps *s, const struct checkpoint *c, struct bytes der, struct tsp_token *ret_token)
{
	struct certificate unit;
	struct path path;
	uint8_t imprint[DIGEST_SHA256_LEN];
	AUTO_BUF(text, 4096);
	checkpoint_write(c, &text);
	TRY(buf_check(&text));
	digest_sha256(buf_bytes(&text), imprint);
	TRY(tsp_token_read(der, ret_token));
	if (ret_token->kind != DIGEST_SHA256)
		return err_make(ERR_TSP_TOKEN, "the imprint is not a SHA-256");
	TRY(tsp_token_check(ret_token, BYTES_OF(imprint), NULL));
	TRY(tsp_token_unit(ret_token, &unit));
	return path_build(unit.der, ret_token->certs, ret_token->certs_n, &s->root, 1, PATH_TIME_STAMPING, ret_token->gen_at, &path);
}

static const json_t *
told_of(const struct stamps *s, uint64_t size)
{
	char name[24];
	snprintf(name, sizeof name, "%llu", (unsigned long long)size);
	return json_object_get(s->told, name);
}

/* After the checkpoint, before the leaf that tells of it, and not before the token before it. */
static err_t
order_check(const struct stamps *s, const struct checkpoint *c, int64_t gen_at)
{
	const json_t *leaf = told_of(s, c->size);
	const char *text = json_string_value(json_object_get(leaf, "at"));
	char own[TIME_TEXT_MAX], least[TIME_TEXT_MAX], other[TIME_TEXT_MAX];
	time_text(gen_at, true, own);
	time_text(gen_at - CLOCKS_APART_US, true, least);
	time_text(c->at, true, other);
	if (gen_at + CLOCKS_APART_US < c->at)
		return err_make(ERR_TSP_TOKEN, "it is of %s, and its checkpoint is younger: of %s", own, other);
	if (s->n > 0 && gen_at + CLOCKS_APART_US < s->all[s->n - 1].gen_at)
		return err_make(ERR_TSP_TOKEN, "out of order: it is of %s, older than the one of %llu leaves", own,
		    (unsigned long long)s->all[s->n - 1].size);
	if (text != NULL && strcmp(least, text) > 0) /* one form, so as text as in time */
		return err_make(ERR_TSP_TOKEN, "out of order: it is of %s, and leaf %llu told of it at %s", own,
		    (unsigned long long)ledger_index(leaf), text);
	return OK;
}

/* The one that the log tells of: so no other can take its place, not even by the same unit at the same time. */
static err_t
leaf_check(const struct stamps *s, uint64_t size, struct bytes der)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	char hex[2 * DIGEST_SHA256_LEN + 1];
	const json_t *leaf = told_of(s, size);
	const char *told = json_string_value(json_object_get(leaf, "token_sha256"));
	digest_sha256(der, sha256);
	bytes_hex(BYTES_OF(sha256), hex);
	if (told == NULL)
		return err_make(ERR_TSP_TOKEN, "the audit log does not tell of it");
	if (strcmp(told, hex) != 0)
		return err_make(ERR_TSP_TOKEN, "it is another than leaf %llu tells of", (unsigned long long)ledger_index(leaf));
	return OK;
}

static err_t
judge(const struct stamps *s, const struct checkpoint *c, struct bytes der, struct tsp_token *ret_token)
{
	TRY(token_check(s, c, der, ret_token));
	TRY(order_check(s, c, ret_token->gen_at));
	return leaf_check(s, c->size, der);
}

static void
keep(struct stamps *s, uint64_t size, const struct tsp_token *t)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	if (s->n == s->room) {
		s->room = s->room == 0 ? 64 : s->room * 2;
		struct stamp *more = realloc(s->all, s->room * sizeof *more);
		if (more == NULL)
			abort();
		s->all = more;
	}
	struct stamp *one = &s->all[s->n];
	*one = (struct stamp){.size = size, .gen_at = t->gen_at};
	digest_sha256(t->info, sha256);
	bytes_hex(BYTES_OF(sha256), one->info_sha256);
	json_object_set_new(s->by_info, one->info_sha256, json_integer((json_int_t)s->n++));
}

/* ---- the checkpoints in their order --------------------------------------------------------------------------------------- */

/* What core promised when it was started, before this checkpoint. */
static void
promise_follow(struct stamps *s, uint64_t size)
{
	const json_t *list = ledger_events(s->ledger, "core.started"), *leaf;
	for (; (leaf = json_array_get(list, s->starts_n)) != NULL && ledger_index(leaf) < size; s->starts_n++) {
		s->checkpoint_us = json_integer_value(json_object_get(leaf, "checkpoint_seconds")) * TIME_SECOND;
		s->stamp_us = json_integer_value(json_object_get(leaf, "stamp_seconds")) * TIME_SECOND;
	}
}

/* A stretch in which the service did not run has no checkpoints and owes no token. */
static void
time_follow(struct stamps *s, int64_t at)
{
	int64_t gap = s->last_at == 0 ? 0 : at - s->last_at;
	if (gap > 0 && gap < PAUSE_TIMES * s->checkpoint_us)
		s->served_us += gap;
	s->last_at = at;
}

/* Two periods: one token may have had to wait for the unit. */
static void
absence_check(struct stamps *s, uint64_t size)
{
	const json_t *leaf = told_of(s, size);
	s->after++;
	if (leaf != NULL) {
		fault(s, size, "the one on the checkpoint of %llu leaves is missing: leaf %llu tells of it", (unsigned long long)size,
		    (unsigned long long)ledger_index(leaf));
	} else if (!s->missed && s->served_us > 2 * s->stamp_us + s->checkpoint_us) {
		fault(s, size, "missing though due: at the checkpoint of %llu leaves there was none for %lld seconds of service, and one was "
		    "promised each %lld", (unsigned long long)size, (long long)(s->served_us / TIME_SECOND),
		    (long long)(s->stamp_us / TIME_SECOND));
		s->missed = true;
	}
}

static void
row_take(struct stamps *s, const struct checkpoint *c, struct bytes token)
{
	struct tsp_token t;
	promise_follow(s, c->size);
	time_follow(s, c->at);
	if (token.n == 0) {
		absence_check(s, c->size);
		return;
	}
	s->after = 0;
	s->served_us = 0;
	s->missed = false;
	if (err_is(judge(s, c, token, &t)))
		fault(s, c->size, "the one on the checkpoint of %llu leaves is wrong: %s", (unsigned long long)c->size, err_detail());
	else
		keep(s, c->size, &t);
}

static err_t
rows_read(struct stamps *s)
{
	sqlite3_stmt *q = NULL;
	const char *origin = ledger_origin(s->ledger);
	if (sqlite3_prepare_v2(s->ledger->db, "SELECT size, root, at, token FROM checkpoint ORDER BY size", -1, &q, NULL) != SQLITE_OK)
		return ledger_error(s->ledger);
	while (sqlite3_step(q) == SQLITE_ROW) {
		struct checkpoint c = {.origin = str_c(origin == NULL ? "" : origin), .size = (uint64_t)sqlite3_column_int64(q, 0),
		    .at = sqlite3_column_int64(q, 2)};
		if (sqlite3_column_bytes(q, 1) == TLOG_HASH)
			memcpy(c.root, sqlite3_column_blob(q, 1), TLOG_HASH);
		row_take(s, &c, bytes(sqlite3_column_blob(q, 3), (size_t)sqlite3_column_bytes(q, 3)));
	}
	return sqlite3_finalize(q) == SQLITE_OK ? OK : ledger_error(s->ledger);
}

/* A checkpoint that was taken away together with its token leaves the leaf. */
static void
told_read(struct stamps *s)
{
	const json_t *list = ledger_events(s->ledger, "checkpoint.stamped");
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *leaf = json_array_get(list, i);
		json_int_t size = json_integer_value(json_object_get(leaf, "size"));
		char name[24];
		snprintf(name, sizeof name, "%lld", (long long)size);
		if (json_object_get(s->told, name) != NULL)
			fault(s, (uint64_t)size, "leaf %llu tells of a second one on the checkpoint of %s leaves",
			    (unsigned long long)ledger_index(leaf), name);
		json_object_set(s->told, name, leaf);
	}
}

static err_t
told_compare(struct stamps *s)
{
	sqlite3_stmt *q = NULL;
	const char *size;
	json_t *leaf;
	if (sqlite3_prepare_v2(s->ledger->db, "SELECT 1 FROM checkpoint WHERE size = ?", -1, &q, NULL) != SQLITE_OK)
		return ledger_error(s->ledger);
	json_object_foreach(s->told, size, leaf)
	{
		json_int_t n = json_integer_value(json_object_get(leaf, "size"));
		sqlite3_reset(q);
		sqlite3_bind_int64(q, 1, n);
		int rc = sqlite3_step(q);
		if (rc == SQLITE_DONE)
			fault(s, (uint64_t)n, "leaf %llu tells of one on a checkpoint of %s leaves, which is not there",
			    (unsigned long long)ledger_index(leaf), size);
		else if (rc != SQLITE_ROW)
			break;
	}
	return sqlite3_finalize(q) == SQLITE_OK ? OK : ledger_error(s->ledger);
}

err_t
stamps_new(const struct ledger *ledger, struct bytes root, struct stamps **ret_stamps)
{
	struct stamps *s = calloc(1, sizeof *s);
	if (s == NULL)
		abort();
	*s = (struct stamps){.ledger = ledger, .root = root, .told = json_object(), .by_info = json_object(),
	    .checkpoint_us = CHECKPOINT_SECONDS * TIME_SECOND, .stamp_us = STAMP_SECONDS * TIME_SECOND};
	told_read(s);
	err_t e = rows_read(s);
	if (!err_is(e))
		e = told_compare(s);
	s->root = bytes(NULL, 0);
	if (err_is(e))
		stamps_free(s);
	else
		*ret_stamps = s;
	return e;
}

void
stamps_free(struct stamps *s)
{
	if (s == NULL)
		return;
	json_decref(s->told);
	json_decref(s->by_info);
	free(s->all);
	free(s);
}

void
stamps_journaled(struct stamps *s, struct bytes info_sha256)
{
	char hex[2 * DIGEST_SHA256_LEN + 1];
	if (info_sha256.n != DIGEST_SHA256_LEN)
		return;
	bytes_hex(info_sha256, hex);
	const json_t *at = json_object_get(s->by_info, hex);
	if (at != NULL)
		s->all[json_integer_value(at)].journaled = true;
}

void
stamps_end(struct stamps *s)
{
	uint64_t good = 0;
	for (size_t i = 0; i < s->n; i++) {
		good += s->all[i].journaled;
		if (!s->all[i].journaled)
			fault(s, s->all[i].size, "the one on the checkpoint of %llu leaves is not in the journal of keys/status",
			    (unsigned long long)s->all[i].size);
	}
	finding_count("time-stamps on checkpoints", good);
	finding_count("checkpoints newer than the last time-stamp", s->after);
	if (s->wrong_n == 1)
		finding_wrong("time-stamp", "%s", s->wrong);
	else if (s->wrong_n > 1)
		finding_wrong("time-stamp", "%s (and %llu more)", s->wrong, (unsigned long long)s->wrong_n - 1);
}
