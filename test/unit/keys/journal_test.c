/* The journal in ordinary use: records, segments, snapshots, threads, a full disk. */
#include "keys/diary.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

static void
keeps_records(void **state)
{
	(void)state;
	struct told *t = calloc(2, sizeof *t);
	struct journal *j = open_it(&t[0], 0);
	journal_start(j);
	for (uint32_t i = 0; i < 20; i++)
		assert_ok(journal_put(j, 7, 2000 + i, BYTES_OF_U32(i)));
	uint64_t size, again;
	uint8_t root[32], root_again[32];
	journal_root(j, &size, root);
	assert_int_equal(size, 20);
	assert_int_equal(t[0].n, 20);
	journal_free(j);
	j = open_it(&t[1], 0);
	assert_int_equal(t[1].n, 20);
	assert_int_equal(t[1].all[19].value, 19);
	assert_int_equal(journal_newest_at(j), 2019);
	journal_root(j, &again, root_again);
	assert_int_equal(again, 20);
	assert_memory_equal(root, root_again, 32);
	journal_free(j);
	free(t);
}

/* A start reads one segment: what it holds from before is the snapshot. */
static void
opens_segments(void **state)
{
	(void)state;
	struct told *t = calloc(2, sizeof *t);
	struct journal *j = open_it(&t[0], 1000);
	for (uint32_t i = 0; i < 200; i++)
		assert_ok(journal_put(j, 7, 2000 + i, BYTES_OF_U32(i)));
	uint64_t size;
	uint8_t root[32], root_again[32];
	journal_root(j, &size, root);
	journal_free(j);
	char path[150];
	segment_path(3, path);
	assert_int_equal(access(path, F_OK), 0);
	j = open_it(&t[1], 1000);
	size_t odd = 0;
	for (size_t i = 0; i < t[1].n; i++)
		odd += t[1].all[i].value & 1;
	assert_int_equal(odd, 100);
	assert_true(t[1].n < 200);
	journal_root(j, &size, root_again);
	assert_int_equal(size, 200);
	assert_memory_equal(root, root_again, 32);
	journal_free(j);
	free(t);
}

static void
large_snapshot(void *arg, struct buf *b)
{
	(void)arg;
	uint8_t payload[400] = {0};
	for (uint32_t i = 0; i < 20; i++)
		segment_record_write(b, &(struct segment_record){7, 5, BYTES_OF(payload)});
}

/* A snapshot larger than a segment was meant to be, as of a memory that grew over years: it is not written anew with each record. */
static void
large_heads_do_not_follow_each_other(void **state)
{
	(void)state;
	struct told *t = calloc(2, sizeof *t);
	struct journal_hooks hooks = {t, apply, large_snapshot, NULL};
	char path[150];
	for (int turn = 0; turn < 2; turn++) { /* the second reads the head that the first wrote */
		struct journal *j = NULL;
		assert_ok(journal_open(folder, ks, JOURNAL_ISSUING, 1000, &hooks, 1000, &j));
		for (uint32_t i = 0; i < 100; i++)
			assert_ok(journal_put(j, 7, 2000 + i, BYTES_OF_U32(i)));
		journal_free(j);
	}
	segment_path(2, path);
	assert_int_equal(access(path, F_OK), 0);
	segment_path(4, path);
	assert_int_not_equal(access(path, F_OK), 0);
	free(t);
}

/* [RFC 6962 2.1] by its definition: split at the largest power of two below n. */
static void
root_by_definition(uint8_t (*leaves)[32], size_t n, uint8_t ret_root[32])
{
	uint8_t both[65] = {1};
	size_t k = 1;
	if (n == 0)
		digest_sha256(bytes(NULL, 0), ret_root);
	else if (n == 1)
		memcpy(ret_root, leaves[0], 32);
	if (n < 2)
		return;
	while (k * 2 < n)
		k *= 2;
	root_by_definition(leaves, k, both + 1);
	root_by_definition(leaves + k, n - k, both + 33);
	digest_sha256(BYTES_OF(both), ret_root);
}

/* As keys:status has it, which remembers nothing else: started anew after each record, over many segments, the root is that of
 * all records there ever were. */
static void
root_survives_every_start(void **state)
{
	(void)state;
	enum { RECORDS = 150 };
	static uint8_t leaves[RECORDS][32];
	struct journal_hooks none = {0};
	for (uint32_t i = 0; i <= RECORDS; i++) {
		struct journal *j = NULL;
		uint64_t size;
		uint8_t root[32], wanted[32];
		assert_ok(journal_open(folder, ks, JOURNAL_STATUS, 1000, &none, 700, &j));
		journal_root(j, &size, root);
		root_by_definition(leaves, i, wanted);
		assert_int_equal(size, i);
		assert_memory_equal(root, wanted, 32);
		if (i < RECORDS) {
			AUTO_BUF(octets, 100);
			buf_put_byte(&octets, 0);
			segment_record_write(&octets, &(struct segment_record){40, 2000 + i, BYTES_OF_U32(i)});
			digest_sha256(buf_bytes(&octets), leaves[i]);
			assert_ok(journal_put(j, 40, 2000 + i, BYTES_OF_U32(i)));
			root_by_definition(leaves, i + 1, wanted);
			journal_root(j, &size, root);
			assert_int_equal(size, i + 1);
			assert_memory_equal(root, wanted, 32);
		}
		journal_free(j);
	}
	char path[150];
	segment_path(10, path);
	assert_int_equal(access(path, F_OK), 0);
}

/* Of a record nothing stays in memory but what it adds to the right edge of the tree. */
static void
memory_does_not_grow(void **state)
{
	(void)state;
	struct journal_hooks none = {0};
	struct journal *j = NULL;
	size_t before = 0;
	uint8_t payload[100] = {0};
	assert_ok(journal_open(folder, ks, JOURNAL_STATUS, 1000, &none, 40000, &j));
	for (uint32_t i = 0; i < 4000; i++) {
		assert_ok(journal_put(j, 40, 2000 + i, BYTES_OF(payload)));
		if (i == 1000) /* segments were opened by now too */
			before = mallinfo2().uordblks;
	}
	assert_int_equal(mallinfo2().uordblks, before);
	journal_free(j);
}

static void
refuses_another_key_store(void **state)
{
	(void)state;
	static struct told t;
	journal_free(open_it(&t, 0));
	AUTO_KEYSTORE(other);
	char path[100];
	snprintf(path, sizeof path, "%s/other", dir);
	assert_ok(sealed_create(path, BYTES_OF("p"), (struct sealed_cost){8, 1}, &other));
	struct journal *j = NULL;
	struct journal_hooks hooks = {0};
	assert_err(journal_open(folder, other, JOURNAL_ISSUING, 1, &hooks, 0, &j), ERR_MAC);
	assert_err(journal_open(folder, ks, JOURNAL_STATUS, 1, &hooks, 0, &j), ERR_JOURNAL);
}

static void *
writer(void *arg)
{
	for (uint32_t i = 0; i < 50; i++)
		assert_ok(journal_put(arg, 7, 1, BYTES_OF_U32(i)));
	return NULL;
}

static void
many_threads_share_a_sync(void **state)
{
	(void)state;
	struct told *t = calloc(2, sizeof *t);
	struct journal *j = open_it(&t[0], 4000);
	journal_start(j);
	pthread_t threads[8];
	for (size_t i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, writer, j);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(t[0].n, 400);
	uint64_t size;
	uint8_t root[32], again[32];
	journal_root(j, &size, root);
	journal_free(j);
	j = open_it(&t[1], 4000);
	journal_root(j, &size, again);
	assert_int_equal(size, 400);
	assert_memory_equal(root, again, 32);
	journal_free(j);
	free(t);
}

/* No room: the writer is told, nothing stays behind, and it goes on when there is room again. */
static void
full_disk(void **state)
{
	(void)state;
	static struct told t, u;
	t.n = u.n = 0;
	struct journal *j = open_it(&t, 0);
	assert_ok(journal_put(j, 7, 1, BYTES_OF_U32(1)));
	char path[150];
	segment_path(1, path);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	struct rlimit old, small;
	getrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_IGN);
	small = (struct rlimit){(rlim_t)st.st_size + 20, old.rlim_max}; /* room for a part of the record */
	setrlimit(RLIMIT_FSIZE, &small);
	err_t e = journal_put(j, 7, 1, BYTES_OF_U32(3));
	setrlimit(RLIMIT_FSIZE, &old);
	assert_true(err_is(e));
	assert_int_equal(t.n, 1);
	assert_ok(journal_put(j, 7, 1, BYTES_OF_U32(5)));
	journal_free(j);
	journal_free(open_it(&u, 0));
	assert_int_equal(u.n, 2);
	assert_int_equal(u.all[1].value, 5);
}

static void
count_opened(void *arg)
{
	struct told *t = arg;
	t->opened++;
}

/* A segment that cannot be opened is not told of: what its snapshot left out still stands in the old one, which goes on. */
static void
opened_when_durable(void **state)
{
	(void)state;
	struct told *t = calloc(2, sizeof *t);
	const struct journal_hooks hooks = {&t[0], apply, snapshot, count_opened};
	struct journal *j = NULL;
	char path[150], in_the_way[170];
	assert_ok(journal_open(folder, ks, JOURNAL_ISSUING, 1000, &hooks, 1000, &j));
	assert_int_equal(t[0].opened, 1);
	segment_path(2, path);
	snprintf(in_the_way, sizeof in_the_way, "%s/x", path);
	assert_ok(file_mkdir(path, 0700));
	assert_ok(file_mkdir(in_the_way, 0700));
	for (uint32_t i = 0; i < 30; i++)
		assert_ok(journal_put(j, 7, 2000 + i, BYTES_OF_U32(i)));
	assert_int_equal(t[0].opened, 1);
	rmdir(in_the_way);
	rmdir(path);
	assert_ok(journal_put(j, 7, 2030, BYTES_OF_U32(30)));
	assert_int_equal(t[0].opened, 2);
	journal_free(j);
	journal_free(open_it(&t[1], 1000));
	assert_int_equal(t[1].n, 15);
	free(t);
}

static const struct CMUnitTest tests[] = {
    WITH_FOLDER(keeps_records),
    WITH_FOLDER(opens_segments),
    WITH_FOLDER(large_heads_do_not_follow_each_other),
    WITH_FOLDER(root_survives_every_start),
    WITH_FOLDER(memory_does_not_grow),
    WITH_FOLDER(refuses_another_key_store),
    WITH_FOLDER(many_threads_share_a_sync),
    WITH_FOLDER(full_disk),
    WITH_FOLDER(opened_when_durable),
};
UNIT_MAIN(tests)
