#include "core/idempotency.h"

#include "os/clock.h"

enum { UNDER_WAY_MAX = 1024, ANSWER_MAX = 1024 * 1024 };

/* Requests under way: digests of owner and name. A fixed table, because the pool of workers is one. */
static struct {
	pthread_mutex_t mutex;
	size_t n;
	uint8_t digest[UNDER_WAY_MAX][DIGEST_SHA256_LEN];
} under_way = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void
digest_of_name(const struct idempotency *i, uint8_t ret[DIGEST_SHA256_LEN])
{
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, str_bytes(i->owner));
	digest_add(d, bytes("", 1));
	digest_add(d, str_bytes(i->name));
	digest_peek(d, ret);
}

/* Its place, or n. The mutex is held. */
static size_t
find(const uint8_t digest[DIGEST_SHA256_LEN])
{
	size_t at = 0;
	while (at < under_way.n && memcmp(under_way.digest[at], digest, DIGEST_SHA256_LEN) != 0)
		at++;
	return at;
}

err_t
idempotency_enter(const struct idempotency *i)
{
	uint8_t digest[DIGEST_SHA256_LEN];
	if (i->name.n == 0)
		return OK;
	digest_of_name(i, digest);
	pthread_mutex_lock(&under_way.mutex);
	bool twice = find(digest) < under_way.n, full = under_way.n == UNDER_WAY_MAX;
	if (!twice && !full)
		memcpy(under_way.digest[under_way.n++], digest, DIGEST_SHA256_LEN);
	pthread_mutex_unlock(&under_way.mutex);
	if (twice)
		return err_make(ERR_IDEMPOTENCY_BUSY, "the first request with this Idempotency-Key is still under way");
	return full ? err_make(ERR_STORE_BUSY, "%d requests are under way", UNDER_WAY_MAX) : OK;
}

void
idempotency_leave(const struct idempotency *i)
{
	uint8_t digest[DIGEST_SHA256_LEN];
	if (i->name.n == 0)
		return;
	digest_of_name(i, digest);
	pthread_mutex_lock(&under_way.mutex);
	size_t at = find(digest);
	if (at < under_way.n)
		memcpy(under_way.digest[at], under_way.digest[--under_way.n], DIGEST_SHA256_LEN);
	pthread_mutex_unlock(&under_way.mutex);
}

err_t
idempotency_get(struct store_tx *reader, const struct idempotency *i, int *ret_status, struct buf *ret_answer)
{
	bool found = false, same = false;
	AUTO_QUERY(q, reader, SQL_IDEMPOTENCY_GET);
	query_text(&q, i->owner);
	query_text(&q, i->name);
	if (query_next(&q)) {
		found = true;
		same = bytes_eq(query_get_bytes(&q, 0), BYTES_OF(i->request_sha256));
		*ret_status = (int)query_get_int(&q, 1);
		buf_put_str(ret_answer, query_get_text(&q, 2));
	}
	TRY(query_end(&q));
	if (!found)
		return err_make(ERR_NOT_FOUND, "a new Idempotency-Key");
	return same ? buf_check(ret_answer)
	            : err_make(ERR_IDEMPOTENCY_OTHER, "this Idempotency-Key was used for another request");
}

err_t
idempotency_put(struct store_tx *tx, const struct idempotency *i, int status, const json_t *answer)
{
	if (i == NULL || i->name.n == 0)
		return OK;
	AUTO_BUF(text, ANSWER_MAX);
	TRY(canon_write(answer, &text));
	AUTO_QUERY(q, tx, SQL_IDEMPOTENCY_PUT);
	query_text(&q, i->owner);
	query_text(&q, i->name);
	query_bytes(&q, BYTES_OF(i->request_sha256));
	query_int(&q, status);
	query_text(&q, (struct str){(const char *)text.p, text.n});
	query_int(&q, clock_now());
	return query_run(&q);
}

static err_t
purge(struct store_tx *tx, void *arg)
{
	AUTO_QUERY(q, tx, SQL_IDEMPOTENCY_PURGE);
	query_int(&q, *(int64_t *)arg);
	return query_run(&q);
}

err_t
idempotency_purge(struct core *core, int64_t before)
{
	return store_write(core->store, purge, &before);
}
