#include "keys/journal.h"
#include "base/fault.h"
#include "base/log.h"
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { BATCH_MAX = 4 * 1024 * 1024 };
#define SEGMENT_DEFAULT (UINT64_C(8) * 1024 * 1024)
static const char mac_label[] = "paraph journal head";

/* One record that waits to become durable; lives on its writer's stack. */
struct put {
	struct put *next;
	struct segment_record record;
	bool done;
	err_t result;
	char detail[128]; /* errors belong to a thread: this carries it over */
	pthread_cond_t wake;
};

struct journal {
	char *folder;
	struct keystore *ks;
	enum journal_role role;
	struct journal_hooks hooks;
	uint64_t segment_max;
	int64_t newest_at;

	/* of the writer: the journal thread, or the only thread before it starts */
	int fd;
	uint64_t number;
	uint64_t head_n, length; /* octets of the head, and of the whole segment so far */
	bool reserved; /* nothing is to be tried again */
	uint8_t chain[SEGMENT_HASH];
	struct buf out;

	pthread_mutex_t lock; /* the rest */
	pthread_cond_t work;
	struct tlog tree;
	struct put *first, **last;
	bool started, stop;
	pthread_t thread;
};

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static void
path_of(const struct journal *j, uint64_t number, char ret_path[PATH_MAX])
{
	snprintf(ret_path, PATH_MAX, "%s/%08llu.seg", j->folder, (unsigned long long)number);
}

static void
chain_of_head(struct bytes head_and_mac, uint8_t ret_chain[SEGMENT_HASH])
{
	digest_sha256(head_and_mac, ret_chain);
}

/* ---- opening a segment for writing ---- */

/* How many octets of records go into a segment. As many as the head has at least: a memory that grew large would otherwise be
 * written anew after every few records, and in the end after each. */
static uint64_t
records_max(const struct journal *j)
{
	return j->head_n > j->segment_max ? j->head_n : j->segment_max;
}

/* Takes the room for the whole segment beforehand, so that a disk that others fill does not stop answers about status for
 * a long while yet. Without it (no room now, or a file system that cannot) records are written all the same. */
static void
reserve(struct journal *j)
{
	off_t room = (off_t)(j->head_n + records_max(j));
	j->reserved = fallocate(j->fd, FALLOC_FL_KEEP_SIZE, 0, room) == 0 || errno == EOPNOTSUPP;
}

/* Makes segment `number` durable and continues in it. */
static err_t
segment_make(struct journal *j, uint64_t number, int64_t now)
{
	AUTO_BUF(snapshot, SEGMENT_SNAPSHOT_MAX);
	AUTO_BUF(head, SEGMENT_SNAPSHOT_MAX + 4096);
	if (j->hooks.snapshot != NULL)
		j->hooks.snapshot(j->hooks.arg, &snapshot);
	TRY(buf_check(&snapshot));
	struct segment_head h = {
	    .number = number, .opened_at = now, .role = (uint8_t)j->role, .tree = j->tree, .snapshot = buf_bytes(&snapshot)};
	memcpy(h.chain, j->chain, sizeof h.chain);
	segment_head_write(&head, &h);
	uint8_t mac[KEYSTORE_MAC_LEN];
	keystore_mac(j->ks, mac_label, buf_bytes(&head), mac);
	buf_put(&head, BYTES_OF(mac));
	char path[PATH_MAX];
	path_of(j, number, path);
	TRY(file_replace(path, buf_bytes(&head), 0640)); /* the group is the auditor's */
	if (j->hooks.opened != NULL)
		j->hooks.opened(j->hooks.arg);
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		abort(); /* the next start reads this segment: nothing may go into the old one any more */
	if (j->fd >= 0)
		close(j->fd);
	j->fd = fd;
	j->number = number;
	j->head_n = j->length = head.n;
	reserve(j);
	chain_of_head(buf_bytes(&head), j->chain);
	FAULT_POINT("keys.journal.segment");
	return OK;
}

/* ---- reading at start ---- */


static err_t
apply(struct journal *j, const struct segment_record *record)
{
	if (record->at > j->newest_at)
		j->newest_at = record->at;
	if (j->hooks.apply == NULL || record->type == JOURNAL_CUT)
		return OK;
	return j->hooks.apply(j->hooks.arg, record);
}

static err_t
seen(void *arg, const struct segment_record *record, struct bytes octets)
{
	struct journal *j = arg;
	segment_tree_add(&j->tree, octets);
	return apply(j, record);
}

static err_t
take_snapshot(struct journal *j, struct bytes snapshot)
{
	size_t at = 0;
	while (at < snapshot.n) {
		struct segment_record record;
		TRY(segment_record_read(snapshot, &at, &record));
		TRY(apply(j, &record));
	}
	return OK;
}

static err_t
cut(const char *path, size_t from)
{
	log_event(LOG_WARNING, "journal-cut", "file", path, NULL);
	AUTO_FD(fd) = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)from) != 0)
		return err_errno("cutting the torn end of %s", path);
	file_sync(fd);
	return OK;
}

/* The segment before was whole when this one was opened: its last record has the chain value that stands in this head. */
static err_t
before_check(const struct journal *j, const struct segment_head *head)
{
	char path[PATH_MAX];
	uint8_t last[SEGMENT_HASH];
	uint64_t size;
	if (head->number == 1)
		return OK;
	path_of(j, head->number - 1, path);
	AUTO_FD(fd) = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno("opening %s", path);
	TRY(file_size(fd, &size));
	if (size < sizeof last)
		return err_make(ERR_JOURNAL, "%s is cut off", path);
	TRY(file_pread(fd, size - sizeof last, sizeof last, last));
	if (memcmp(last, head->chain, sizeof last) != 0)
		return err_make(ERR_JOURNAL, "%s does not end with the record after which the next segment was opened", path);
	return OK;
}

/* Reads a whole segment that is in memory, and says where its good records end. */
static err_t
take_segment(struct journal *j, struct bytes octets, size_t *ret_end, bool *ret_torn)
{
	struct segment_head head;
	size_t n;
	TRY(segment_head_read(octets, &head, &n));
	struct bytes mac = bytes_sub(octets, n, n + KEYSTORE_MAC_LEN);
	if (!keystore_mac_check(j->ks, mac_label, bytes_sub(octets, 0, n), mac))
		return err_make(ERR_MAC, "the head of journal segment %llu is not from this key store",
		    (unsigned long long)j->number);
	if (head.number != j->number || head.role != (uint8_t)j->role)
		return err_make(ERR_JOURNAL, "segment %llu is another's", (unsigned long long)head.number);
	TRY(before_check(j, &head));
	j->tree = head.tree;
	j->newest_at = head.opened_at;
	TRY(take_snapshot(j, head.snapshot));
	size_t at = n + KEYSTORE_MAC_LEN;
	j->head_n = at;
	chain_of_head(bytes_sub(octets, 0, at), j->chain);
	TRY(segment_walk(octets, &at, j->chain, seen, j, ret_torn));
	*ret_end = at;
	return OK;
}

static err_t
read_newest(struct journal *j, const char *path, uint64_t *ret_cut)
{
	AUTO_FD(fd) = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t size;
	if (fd < 0)
		return err_errno("opening %s", path);
	TRY(file_size(fd, &size));
	if (size == 0)
		return err_make(ERR_JOURNAL, "%s is empty", path);
	void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_errno("mapping %s", path);
	size_t end = 0;
	bool torn = false;
	err_t e = take_segment(j, bytes(p, size), &end, &torn);
	munmap(p, size);
	TRY(e);
	if (torn)
		TRY(cut(path, end));
	j->length = end;
	*ret_cut = size - end;
	return OK;
}

/* The highest number among NNNNNNNN.seg; 0: none. */
static err_t
newest_number(const char *folder, uint64_t *ret_number)
{
	DIR *dir = opendir(folder);
	if (dir == NULL)
		return err_errno("opening %s", folder);
	uint64_t newest = 0;
	for (struct dirent *d = readdir(dir); d != NULL; d = readdir(dir)) {
		uint64_t number;
		size_t n = strlen(d->d_name);
		if (n == 12 && strcmp(d->d_name + 8, ".seg") == 0
		    && !err_is(str_u64((struct str){d->d_name, 8}, 99999999, &number)) && number > newest)
			newest = number;
	}
	closedir(dir);
	*ret_number = newest;
	return OK;
}

/* A start reads the newest one only, but all of them are evidence. */
static err_t
none_missing(const struct journal *j)
{
	char path[PATH_MAX];
	for (uint64_t k = 1; k < j->number; k++) {
		path_of(j, k, path);
		if (access(path, F_OK) != 0)
			return err_make(ERR_JOURNAL, "%s is missing: bring it back, no segment is ever removed", path);
	}
	return OK;
}

static err_t
put_cut(struct journal *j, int64_t now, uint64_t octets)
{
	if (octets == 0)
		return OK;
	AUTO_BUF(b, 8);
	buf_put_u64(&b, octets);
	return journal_put(j, JOURNAL_CUT, now, buf_bytes(&b));
}

static err_t
start_reading(struct journal *j, int64_t now)
{
	TRY(file_mkdir(j->folder, 0750));
	TRY(newest_number(j->folder, &j->number));
	if (j->number == 0)
		return segment_make(j, 1, now);
	TRY(none_missing(j));
	char path[PATH_MAX];
	path_of(j, j->number, path);
	uint64_t octets_cut = 0;
	TRY(read_newest(j, path, &octets_cut));
	j->fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (j->fd < 0)
		return err_errno("opening %s", path);
	reserve(j);
	return put_cut(j, now, octets_cut);
}

err_t
journal_open(const char *folder, struct keystore *ks, enum journal_role role, int64_t now,
    const struct journal_hooks *hooks, uint64_t segment_max, struct journal **ret_journal)
{
	struct journal *j = must(calloc(1, sizeof *j));
	*j = (struct journal){.folder = must(strdup(folder)), .ks = ks, .role = role, .hooks = *hooks, .fd = -1,
	    .segment_max = segment_max > 0 ? segment_max : SEGMENT_DEFAULT, .out = buf_init(BATCH_MAX * 2)};
	j->last = &j->first;
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->work, NULL);
	err_t e = start_reading(j, now);
	if (err_is(e)) {
		journal_free(j);
		return e;
	}
	*ret_journal = j;
	return OK;
}

/* ---- writing ---- */

/* All records of a batch into j->out; the chain and tree after them. */
static void
encode_batch(struct journal *j, const struct put *batch, uint8_t chain[SEGMENT_HASH], struct tlog *tree)
{
	buf_reset(&j->out);
	for (const struct put *p = batch; p != NULL; p = p->next) {
		size_t from = j->out.n;
		segment_record_write(&j->out, &p->record);
		if (p != batch && !j->out.over)
			segment_record_together(j->out.p + from);
		struct bytes octets = bytes_sub(buf_bytes(&j->out), from, j->out.n);
		segment_tree_add(tree, octets);
		segment_chain(chain, octets);
		buf_put(&j->out, bytes(chain, SEGMENT_HASH));
		FAULT_TORN("keys.torn", p->record.type, j->fd, bytes(j->out.p + from, j->out.n - from));
	}
}

/* Writes and syncs; a write that failed is taken back, so that the file ends with a whole record. */
static err_t
append(struct journal *j)
{
	err_t e = buf_check(&j->out);
	if (!err_is(e))
		e = file_write(j->fd, buf_bytes(&j->out));
	if (err_is(e)) {
		if (ftruncate(j->fd, (off_t)j->length) != 0)
			abort();
		j->reserved = false; /* cutting gives the room behind back as well */
		return e;
	}
	if (!j->reserved)
		reserve(j);
	file_sync_data(j->fd);
	j->length += j->out.n;
	return OK;
}

static void
apply_batch(struct journal *j, const struct put *batch)
{
	for (const struct put *p = batch; p != NULL; p = p->next)
		/* durable already: memory that cannot follow it would be wrong from here on */
		if (err_is(apply(j, &p->record))) {
			log_event(LOG_CRIT, "journal-apply", "detail", err_detail(), NULL);
			abort();
		}
}

static err_t
write_batch(struct journal *j, const struct put *batch)
{
	uint8_t chain[SEGMENT_HASH];
	memcpy(chain, j->chain, sizeof chain);
	struct tlog tree = j->tree; /* only the writer changes it */
	encode_batch(j, batch, chain, &tree);
	TRY(append(j));
	memcpy(j->chain, chain, sizeof chain);
	pthread_mutex_lock(&j->lock);
	j->tree = tree;
	pthread_mutex_unlock(&j->lock);
	apply_batch(j, batch);
	if (j->length - j->head_n >= records_max(j)) {
		err_t e = segment_make(j, j->number + 1, batch->record.at);
		if (err_is(e)) /* goes on in the old segment, and tries again with the next batch */
			log_error(e, "journal-segment");
	}
	return OK;
}

static void
answer_batch(struct journal *j, struct put *batch, err_t result)
{
	const char *detail = err_is(result) ? err_detail() : "";
	pthread_mutex_lock(&j->lock);
	while (batch != NULL) {
		struct put *next = batch->next; /* its owner may go away as soon as it is done */
		batch->result = result;
		snprintf(batch->detail, sizeof batch->detail, "%s", detail);
		batch->done = true;
		pthread_cond_signal(&batch->wake);
		batch = next;
	}
	pthread_mutex_unlock(&j->lock);
}

/* Takes from the queue what fits into one write; NULL: the journal ends. */
static struct put *
take_batch(struct journal *j)
{
	pthread_mutex_lock(&j->lock);
	while (j->first == NULL && !j->stop)
		pthread_cond_wait(&j->work, &j->lock);
	struct put *batch = j->first, **end = &j->first;
	for (size_t n = 0; *end != NULL && n < BATCH_MAX - SEGMENT_PAYLOAD_MAX; end = &(*end)->next)
		n += (*end)->record.payload.n + SEGMENT_RECORD_FIXED + SEGMENT_HASH;
	struct put *rest = *end;
	*end = NULL;
	j->first = rest;
	if (rest == NULL)
		j->last = &j->first;
	pthread_mutex_unlock(&j->lock);
	return batch;
}

static void *
run(void *arg)
{
	struct journal *j = arg;
	for (struct put *batch = take_batch(j); batch != NULL; batch = take_batch(j))
		answer_batch(j, batch, write_batch(j, batch));
	return NULL;
}

void
journal_start(struct journal *j)
{
	j->started = true;
	if (pthread_create(&j->thread, NULL, run, j) != 0)
		abort();
}

static err_t
put_and_wait(struct journal *j, struct put *put)
{
	pthread_cond_init(&put->wake, NULL);
	pthread_mutex_lock(&j->lock);
	*j->last = put;
	j->last = &put->next;
	pthread_cond_signal(&j->work);
	while (!put->done)
		pthread_cond_wait(&put->wake, &j->lock);
	pthread_mutex_unlock(&j->lock);
	pthread_cond_destroy(&put->wake);
	return err_is(put->result) ? err_import(put->result.code, put->detail) : OK;
}

err_t
journal_put(struct journal *j, uint8_t type, int64_t at, struct bytes payload)
{
	if (payload.n > SEGMENT_PAYLOAD_MAX)
		return err_make(ERR_LIMIT, "a journal record of %zu octets", payload.n);
	struct put put = {.record = {type, at, payload}};
	return j->started ? put_and_wait(j, &put) : write_batch(j, &put);
}

void
journal_root(struct journal *j, uint64_t *ret_size, uint8_t ret_root[DIGEST_SHA256_LEN])
{
	pthread_mutex_lock(&j->lock);
	struct tlog tree = j->tree;
	pthread_mutex_unlock(&j->lock);
	*ret_size = tree.size;
	tlog_root(&tree, ret_root);
}

int64_t
journal_newest_at(const struct journal *j)
{
	return j->newest_at;
}

void
journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	if (j->started) {
		pthread_mutex_lock(&j->lock);
		j->stop = true;
		pthread_cond_signal(&j->work);
		pthread_mutex_unlock(&j->lock);
		pthread_join(j->thread, NULL);
	}
	if (j->fd >= 0)
		close(j->fd);
	pthread_mutex_destroy(&j->lock);
	pthread_cond_destroy(&j->work);
	buf_done(&j->out);
	free(j->folder);
	free(j);
}
