#include "courier/queue.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/time.h"
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <sys/stat.h>

#define KEEP_MARKS_S (7 * 24 * 3600)
#define GIVE_UP_US (48 * TIME_HOUR)
#define PAUSE_FIRST_US (5 * TIME_SECOND)
#define PAUSE_MOST_US TIME_HOUR
enum { ENCODED_MAX = 16 * 1024 };

struct entry {
	struct queue_item item; /* first: an item is its entry */
	struct entry *next;
	bool under_way;
	int64_t due_us;
	int64_t waited_us; /* pauses so far, since this start */
};

struct queue {
	char directory[PATH_MAX];
	struct entry *first, **last;
	size_t n;
};

/* ---- files ---- */

static void
path_make(const struct queue *q, const char *folder, const uint8_t *id, char ret_path[PATH_MAX + 64])
{
	char hex[2 * QUEUE_ID_LEN + 1];
	bytes_hex(bytes(id, QUEUE_ID_LEN), hex);
	snprintf(ret_path, PATH_MAX + 64, "%s/%s%s", q->directory, folder, hex);
}

static bool
is_done(const struct queue *q, const uint8_t *id)
{
	char path[PATH_MAX + 64];
	path_make(q, "done/", id, path);
	return access(path, F_OK) == 0;
}

static err_t
message_store(const struct queue *q, const uint8_t *id, const paraph_Courier *message)
{
	char path[PATH_MAX + 64];
	uint8_t encoded[ENCODED_MAX];
	pb_ostream_t out = pb_ostream_from_buffer(encoded, sizeof encoded);
	if (!pb_encode(&out, message_courier.fields, message))
		return err_make(ERR_WIRE, "a message for the queue does not encode");
	path_make(q, "", id, path);
	return file_replace(path, bytes(encoded, out.bytes_written), 0600);
}

static err_t
message_load(const char *path, paraph_Courier *ret_message)
{
	AUTO_BUF(encoded, ENCODED_MAX);
	TRY(file_read_path(path, &encoded));
	pb_istream_t in = pb_istream_from_buffer(encoded.p, encoded.n);
	if (!pb_decode(&in, message_courier.fields, ret_message) || ret_message->which_body != paraph_Courier_message_tag)
		return err_make(ERR_WIRE, "a file of the queue does not decode");
	return OK;
}

/* Moves a message's file away; what was said stays only as a mark, not as text. */
static void
file_finish(const struct queue *q, const uint8_t *id, const char *folder)
{
	char from[PATH_MAX + 64], to[PATH_MAX + 64];
	path_make(q, "", id, from);
	path_make(q, folder, id, to);
	if (rename(from, to) != 0) {
		log_error(err_errno("moving a message to %s", folder), "queue");
		return;
	}
	if (strcmp(folder, "done/") == 0 && truncate(to, 0) != 0)
		log_error(err_errno("emptying a delivered message"), "queue");
	file_sync_dir_of(to);
	file_sync_dir_of(from);
}

/* ---- list ---- */

static struct entry *
entry_add(struct queue *q, const uint8_t *id, paraph_Courier *message)
{
	struct entry *e = calloc(1, sizeof *e);
	if (e == NULL)
		abort();
	memcpy(e->item.id, id, QUEUE_ID_LEN);
	e->item.message = message;
	*q->last = e;
	q->last = &e->next;
	q->n++;
	return e;
}

static void
entry_remove(struct queue *q, struct entry *gone)
{
	struct entry **at = &q->first;
	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	if (q->last == &gone->next)
		q->last = at;
	q->n--;
	message_free(&message_courier, gone->item.message);
	free(gone);
}

static bool
waits(const struct queue *q, const uint8_t *id)
{
	for (const struct entry *e = q->first; e != NULL; e = e->next)
		if (memcmp(e->item.id, id, QUEUE_ID_LEN) == 0)
			return true;
	return false;
}

/* ---- opening ---- */

static void
entry_load(struct queue *q, const char *name)
{
	uint8_t id[QUEUE_ID_LEN];
	char path[PATH_MAX + 64];
	if (strlen(name) != 2 * QUEUE_ID_LEN || bytes_unhex(str_c(name), QUEUE_ID_LEN, id).code != ERR_OK)
		return; /* a folder, or a file that was being written */
	path_make(q, "", id, path);
	paraph_Courier *message = message_new(&message_courier);
	err_t e = message_load(path, message);
	if (err_is(e)) {
		log_error(e, "queue");
		message_free(&message_courier, message);
		file_finish(q, id, "failed/");
		return;
	}
	entry_add(q, id, message);
}

static void
mark_expire(const char *folder, const char *name, time_t before)
{
	char path[2 * PATH_MAX];
	struct stat st;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime < before)
		unlink(path);
}

static err_t
folder_walk(struct queue *q, const char *folder, bool marks)
{
	DIR *d = opendir(folder);
	if (d == NULL)
		return err_errno("reading %s", folder);
	time_t week_ago = time(NULL) - KEEP_MARKS_S; /* age of files: the file system's own clock */
	for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		if (marks)
			mark_expire(folder, entry->d_name, week_ago);
		else
			entry_load(q, entry->d_name);
	}
	closedir(d);
	return OK;
}

static err_t
folders_open(struct queue *q)
{
	char path[PATH_MAX + 64];
	TRY(file_mkdir(q->directory, 0700));
	snprintf(path, sizeof path, "%s/failed", q->directory);
	TRY(file_mkdir(path, 0700));
	snprintf(path, sizeof path, "%s/done", q->directory);
	TRY(file_mkdir(path, 0700));
	TRY(folder_walk(q, path, true));
	return folder_walk(q, q->directory, false);
}

err_t
queue_open(const char *directory, struct queue **ret_queue)
{
	struct queue *q = calloc(1, sizeof *q);
	if (q == NULL)
		abort();
	q->last = &q->first;
	snprintf(q->directory, sizeof q->directory, "%s", directory);
	err_t e = folders_open(q);
	if (err_is(e))
		queue_free(q);
	else
		*ret_queue = q;
	return e;
}

void
queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	while (q->first != NULL)
		entry_remove(q, q->first);
	free(q);
}

/* ---- use ---- */

err_t
queue_put(struct queue *q, const paraph_Courier *message)
{
	const paraph_Message *m = &message->body.message;
	if (message->which_body != paraph_Courier_message_tag || m->id.size != QUEUE_ID_LEN)
		return err_make(ERR_INPUT, "a message needs an id of %d octets", QUEUE_ID_LEN);
	if (waits(q, m->id.bytes) || is_done(q, m->id.bytes))
		return OK;
	if (q->n >= QUEUE_WAITING_MAX)
		return err_make(ERR_LIMIT, "more than %d messages wait", QUEUE_WAITING_MAX);
	TRY(message_store(q, m->id.bytes, message));
	paraph_Courier *own = message_new(&message_courier);
	memcpy(own, message, sizeof *own);
	entry_add(q, m->id.bytes, own);
	return OK;
}

struct queue_item *
queue_take(struct queue *q, int64_t monotonic_us)
{
	for (struct entry *e = q->first; e != NULL; e = e->next)
		if (!e->under_way && e->due_us <= monotonic_us) {
			e->under_way = true;
			return &e->item;
		}
	return NULL;
}

void
queue_done(struct queue *q, struct queue_item *item)
{
	file_finish(q, item->id, "done/");
	entry_remove(q, (struct entry *)(void *)item);
}

void
queue_failed(struct queue *q, struct queue_item *item, int64_t monotonic_us)
{
	struct entry *e = (struct entry *)(void *)item;
	int64_t pause = PAUSE_FIRST_US;
	for (unsigned k = 0; k < item->tries && pause < PAUSE_MOST_US; k++)
		pause *= 3;
	pause = pause > PAUSE_MOST_US ? PAUSE_MOST_US : pause;
	item->tries++;
	e->under_way = false;
	e->due_us = monotonic_us + pause;
	e->waited_us += pause;
	if (e->waited_us > GIVE_UP_US) {
		log_event(LOG_ERR, "message-given-up", NULL);
		file_finish(q, item->id, "failed/");
		entry_remove(q, e);
	}
}

size_t
queue_length(const struct queue *q)
{
	return q->n;
}
