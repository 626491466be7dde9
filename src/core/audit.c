#include "core/audit.h"

#include <pthread.h>

#include "base/base64.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/rand.h"
#include "core/ask.h"
#include "core/pack.h"
#include "os/clock.h"

enum { LEAF_MAX = 64 * 1024, SALT_LEN = 32 };
_Static_assert(sizeof(((paraph_CheckpointSign *)0)->origin) > LIMIT_NAME_OCTETS, "every name of an installation fits");

struct audit {
	struct tlog tree; /* of the writer's thread; only a cache, compared with the table before each use */
	bool loaded;
	pthread_mutex_t mutex; /* what follows */
	pthread_cond_t signed_;
	bool signing;
};

struct audit *
audit_new(void)
{
	struct audit *a = calloc(1, sizeof *a);
	if (a == NULL)
		abort();
	pthread_mutex_init(&a->mutex, NULL);
	pthread_cond_init(&a->signed_, NULL);
	return a;
}

void
audit_free(struct audit *a)
{
	if (a == NULL)
		return;
	pthread_mutex_destroy(&a->mutex);
	pthread_cond_destroy(&a->signed_);
	free(a);
}

/* ---- the tree -------------------------------------------------------------------------------------------------------- */

static err_t
node_put(void *arg, unsigned level, uint64_t index, const uint8_t hash[TLOG_HASH])
{
	AUTO_QUERY(q, arg, SQL_AUDIT_NODE_PUT);
	query_int(&q, level);
	query_int(&q, (int64_t)index);
	query_bytes(&q, bytes(hash, TLOG_HASH));
	return query_run(&q);
}

static err_t
node_get(void *arg, unsigned level, uint64_t index, uint8_t ret_hash[TLOG_HASH])
{
	bool found = false;
	AUTO_QUERY(q, arg, SQL_AUDIT_NODE_GET);
	query_int(&q, level);
	query_int(&q, (int64_t)index);
	if (query_next(&q) && query_get_bytes(&q, 0).n == TLOG_HASH) {
		memcpy(ret_hash, query_get_bytes(&q, 0).p, TLOG_HASH);
		found = true;
	}
	TRY(query_end(&q));
	return found ? OK : err_make(ERR_STORE, "audit node %u/%llu is missing", level, (unsigned long long)index);
}

err_t
audit_size(struct store_tx *tx, uint64_t *ret_size)
{
	uint64_t size = 0;
	AUTO_QUERY(q, tx, SQL_AUDIT_SIZE);
	if (query_next(&q))
		size = (uint64_t)query_get_int(&q, 0);
	TRY(query_end(&q));
	*ret_size = size;
	return OK;
}

/* The tree as the table has it: a transaction that was undone leaves the cache ahead of it. */
static err_t
tree_load(struct audit *a, struct store_tx *tx)
{
	uint64_t size;
	TRY(audit_size(tx, &size));
	if (a->loaded && a->tree.size == size)
		return OK;
	a->loaded = false;
	TRY(tlog_load(size, node_get, tx, &a->tree));
	a->loaded = true;
	return OK;
}

static err_t
leaf_write(const char *event, const char *actor, json_t *data, struct buf *b)
{
	AUTO_JSON(leaf) = canon_pack("{s:o, s:s, s:s}", "at", canon_time(clock_now()), "actor", actor, "event", event);
	int rc = data == NULL ? 0 : json_object_update_missing(leaf, data);
	json_decref(data);
	return rc == 0 ? canon_write(leaf, b) : err_make(ERR_INTERNAL, "leaf");
}

err_t
audit_put(struct core *core, struct store_tx *tx, const char *event, const char *actor, json_t *data, int64_t *ret_n)
{
	struct audit *a = core->audit;
	uint8_t hash[TLOG_HASH];
	AUTO_BUF(leaf, LEAF_MAX);
	TRY(leaf_write(event, actor, data, &leaf));
	TRY(tree_load(a, tx));
	uint64_t n = a->tree.size;
	AUTO_QUERY(q, tx, SQL_AUDIT_LEAF_PUT);
	query_int(&q, (int64_t)n);
	query_int(&q, clock_now());
	query_bytes(&q, buf_bytes(&leaf));
	TRY(query_run(&q));
	tlog_leaf(buf_bytes(&leaf), hash);
	TRY(tlog_append(&a->tree, hash, node_put, tx));
	if (ret_n != NULL)
		*ret_n = (int64_t)n;
	return OK;
}

err_t
audit_commitment(struct store_tx *tx, struct id subject, struct bytes value, json_t **ret_hex)
{
	uint8_t salt[SALT_LEN], hash[DIGEST_SHA256_LEN];
	bool found = false;
	AUTO_QUERY(q, tx, SQL_AUDIT_SALT_GET);
	query_bytes(&q, id_bytes(&subject));
	if (query_next(&q) && query_get_bytes(&q, 0).n == SALT_LEN) {
		memcpy(salt, query_get_bytes(&q, 0).p, SALT_LEN);
		found = true;
	}
	TRY(query_end(&q));
	if (!found) {
		rand_fill(salt, SALT_LEN);
		AUTO_QUERY(put, tx, SQL_AUDIT_SALT_PUT);
		query_bytes(&put, id_bytes(&subject));
		query_bytes(&put, BYTES_OF(salt));
		TRY(query_run(&put));
	}
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, BYTES_OF(salt));
	digest_add(d, value);
	digest_peek(d, hash);
	*ret_hex = canon_hex(BYTES_OF(hash));
	return OK;
}

/* ---- checkpoints ----------------------------------------------------------------------------------------------------- */

static err_t
point_from(struct core *core, struct query *q, struct audit_point *ret_point)
{
	struct bytes root = query_get_bytes(q, 1), signature = query_get_bytes(q, 3), key_id = query_get_bytes(q, 4);
	struct audit_point p = {.head = {.origin = str_c(core->set.name), .size = (uint64_t)query_get_int(q, 0),
	    .at = query_get_int(q, 2)}};
	if (root.n != TLOG_HASH || signature.n + key_id.n > sizeof p.room)
		return err_make(ERR_STORE, "checkpoint record");
	memcpy(p.head.root, root.p, TLOG_HASH);
	*ret_point = p;
	memcpy(ret_point->room, signature.p, signature.n);
	memcpy(ret_point->room + signature.n, key_id.p, key_id.n);
	ret_point->signature = bytes(ret_point->room, signature.n);
	ret_point->key_id = bytes(ret_point->room + signature.n, key_id.n);
	return OK;
}

err_t
audit_newest(struct worker *w, struct audit_point *ret_point)
{
	bool found = false;
	err_t e = OK;
	AUTO_QUERY(q, w->reader, SQL_CHECKPOINT_NEWEST);
	if (query_next(&q)) {
		found = true;
		e = point_from(w->core, &q, ret_point);
	}
	TRY(query_end(&q));
	return found ? e : err_make(ERR_NOT_FOUND, "there is no checkpoint yet");
}

struct point_put {
	struct checkpoint head;
	const paraph_CheckpointSigned *answer;
};

static err_t
point_put(struct store_tx *tx, void *arg)
{
	struct point_put *p = arg;
	AUTO_QUERY(q, tx, SQL_CHECKPOINT_PUT);
	query_int(&q, (int64_t)p->head.size);
	query_bytes(&q, BYTES_OF(p->head.root));
	query_int(&q, p->head.at);
	query_bytes(&q, bytes(p->answer->signature.bytes, p->answer->signature.size));
	query_bytes(&q, bytes(p->answer->key_id.bytes, p->answer->key_id.size));
	return query_run(&q);
}

/* Signs the tree as it is committed now. */
static err_t
point_make(struct worker *w)
{
	struct point_put put = {.head = {.origin = str_c(w->core->set.name), .at = clock_now()}};
	struct tlog tree;
	TRY(audit_size(w->reader, &put.head.size));
	TRY(tlog_load(put.head.size, node_get, w->reader, &tree));
	tlog_root(&tree, put.head.root);
	AUTO_KEYS(ask);
	AUTO_KEYS(answer);
	ask->which_body = paraph_Keys_checkpoint_sign_tag;
	paraph_CheckpointSign *m = &ask->body.checkpoint_sign;
	TRY(PACK_TEXT(m->origin, put.head.origin));
	TRY(PACK_BYTES(m->root, BYTES_OF(put.head.root)));
	m->size = put.head.size;
	m->at = put.head.at;
	TRY(ask_keys(w->core, ask, NULL, 0, paraph_Keys_checkpoint_signed_tag, answer));
	put.answer = &answer->body.checkpoint_signed;
	TRY(store_write(w->core->store, point_put, &put));
	FAULT_POINT("core.checkpoint");
	return OK;
}

/* Waits until nobody else signs one; false when a large enough one came meanwhile. */
static err_t
turn(struct worker *w, uint64_t size, struct audit_point *ret_point, bool *ret_mine)
{
	struct audit *a = w->core->audit;
	err_t e;
	pthread_mutex_lock(&a->mutex);
	while (a->signing)
		pthread_cond_wait(&a->signed_, &a->mutex);
	a->signing = true;
	pthread_mutex_unlock(&a->mutex);
	e = audit_newest(w, ret_point);
	*ret_mine = err_is(e) || ret_point->head.size < size;
	return err_is(e) && e.code != ERR_NOT_FOUND ? e : OK;
}

err_t
audit_checkpoint(struct worker *w, uint64_t size, struct audit_point *ret_point)
{
	struct audit *a = w->core->audit;
	bool mine = false;
	err_t e = turn(w, size, ret_point, &mine);
	if (!err_is(e) && mine) {
		e = point_make(w);
		if (!err_is(e))
			e = audit_newest(w, ret_point);
	}
	pthread_mutex_lock(&a->mutex);
	a->signing = false;
	pthread_cond_broadcast(&a->signed_);
	pthread_mutex_unlock(&a->mutex);
	return e;
}

struct stamp_put {
	struct core *core;
	uint64_t size;
	struct bytes token;
};

/* The log tells of the token, so that one that was taken away or exchanged is missed. */
static err_t
stamp_put(struct store_tx *tx, void *arg)
{
	struct stamp_put *p = arg;
	uint8_t sha256[DIGEST_SHA256_LEN];
	AUTO_QUERY(q, tx, SQL_CHECKPOINT_STAMP);
	query_bytes(&q, p->token);
	query_int(&q, (int64_t)p->size);
	TRY(query_run_one(&q));
	digest_sha256(p->token, sha256);
	return audit_put(p->core, tx, "checkpoint.stamped", "system", canon_pack("{s:I, s:o}", "size", (json_int_t)p->size,
	    "token_sha256", canon_hex(BYTES_OF(sha256))), NULL);
}

err_t
audit_stamp(struct worker *w)
{
	struct audit_point point;
	uint8_t imprint[DIGEST_SHA256_LEN];
	bool wanted = false;
	AUTO_QUERY(q, w->reader, SQL_CHECKPOINT_UNSTAMPED);
	wanted = query_next(&q);
	TRY(query_end(&q));
	if (!wanted)
		return OK;
	TRY(audit_newest(w, &point));
	AUTO_BUF(text, 1024);
	checkpoint_write(&point.head, &text);
	TRY(buf_check(&text));
	digest_sha256(buf_bytes(&text), imprint);
	AUTO_STATUS(answer);
	TRY(ask_stamp(w->core, imprint, answer));
	struct stamp_put put = {w->core, point.head.size, ask_token(answer)};
	return store_write(w->core->store, stamp_put, &put);
}

/* ---- proofs ---------------------------------------------------------------------------------------------------------- */

json_t *
audit_point_json(const struct audit_point *point)
{
	AUTO_BUF(text, 1024);
	checkpoint_write(&point->head, &text);
	return canon_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "size", (json_int_t)point->head.size, "root",
	    canon_hex(BYTES_OF(point->head.root)), "at", canon_time(point->head.at), "text",
	    canon_str((struct str){(const char *)text.p, text.n}), "signature", canon_base64(point->signature), "key_id",
	    canon_hex(point->key_id));
}

err_t
audit_proof(struct worker *w, uint64_t leaf, const struct audit_point *point, json_t **ret_proof)
{
	struct tlog_path path;
	AUTO_BUF(text, LEAF_MAX);
	AUTO_QUERY(q, w->reader, SQL_AUDIT_LEAF_GET);
	query_int(&q, (int64_t)leaf);
	bool found = query_next(&q);
	if (found)
		buf_put(&text, query_get_bytes(&q, 0));
	TRY(query_end(&q));
	if (!found)
		return err_make(ERR_NOT_FOUND, "no leaf %llu", (unsigned long long)leaf);
	TRY(tlog_inclusion(leaf, point->head.size, node_get, w->reader, &path));
	json_t *hashes = canon_pack("[]");
	for (size_t i = 0; i < path.n; i++)
		json_array_append_new(hashes, canon_hex(BYTES_OF(path.hash[i])));
	*ret_proof = canon_pack("{s:I, s:o, s:o, s:o}", "index", (json_int_t)leaf, "leaf",
	    canon_str((struct str){(const char *)text.p, text.n}), "path", hashes, "checkpoint", audit_point_json(point));
	return OK;
}
