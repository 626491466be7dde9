#include "courier/queue.h"
#include "base/log.h"
#include "base/time.h"
#include "os/clock.h"
#include "os/file.h"
#include "wire/message.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <pthread.h>
#include <search.h>
#include <sys/stat.h>

enum { ID_HEX = 33, ENCODED_MAX = 16 * 1024, DONE_DAYS = 30, WAIT_SECONDS = 5 };

/* Tries of a message since this program started; a restart begins anew, which only means sooner. */
struct tried {
	char id[ID_HEX];
	unsigned n;
	int64_t next_at; /* monotonic */
	const char *end; /* the folder where it belongs now; NULL: it is still to be delivered */
	bool stuck;      /* was told that it cannot go there */
};

struct queue {
	const struct deliver *deliver;
	char waiting[PATH_MAX], done[PATH_MAX], dead[PATH_MAX];
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_t thread;
	bool started, ending, news;
	void *tried; /* tree of struct tried by id, one for each file that waits [tsearch(3)]; of the delivering thread */
};

static err_t
path_of(const char *folder, const char *id, char ret[PATH_MAX])
{
	if (snprintf(ret, PATH_MAX, "%s/%s", folder, id) >= PATH_MAX)
		return err_make(ERR_CONF, "the path of the courier's folder is too long");
	return OK;
}

static err_t
folder_make(const char *folder, const char *name, char ret[PATH_MAX])
{
	TRY(path_of(folder, name, ret));
	return file_mkdir(ret, 0700);
}

typedef void (*entry_f)(struct queue *q, const char *folder, const char *name, void *arg);

static void
entries(struct queue *q, const char *folder, entry_f each, void *arg)
{
	DIR *d = opendir(folder);
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
		if (strlen(e->d_name) == ID_HEX - 1) /* also leaves out what an interrupted write left */
			each(q, folder, e->d_name, arg);
	if (d != NULL)
		closedir(d);
}

static void
done_forget(struct queue *q, const char *folder, const char *name, void *arg)
{
	char path[PATH_MAX];
	struct stat st;
	const int64_t *now = arg;
	(void)q;
	if (!err_is(path_of(folder, name, path)) && stat(path, &st) == 0 &&
	    *now / TIME_SECOND - st.st_mtime > DONE_DAYS * 86400L)
		unlink(path);
}

err_t
queue_open(const char *folder, const struct deliver *deliver, int64_t now, struct queue **ret_queue)
{
	struct queue *q = calloc(1, sizeof *q);
	if (q == NULL)
		abort();
	q->deliver = deliver;
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->more, &attr);
	pthread_condattr_destroy(&attr);
	err_t e = folder_make(folder, "queue", q->waiting);
	if (!err_is(e))
		e = folder_make(folder, "done", q->done);
	if (!err_is(e))
		e = folder_make(folder, "dead", q->dead);
	if (err_is(e)) {
		queue_free(q);
		return e;
	}
	entries(q, q->done, done_forget, &now);
	*ret_queue = q;
	return OK;
}

int64_t
queue_pause(unsigned tries)
{
	int64_t pause = 15 * TIME_SECOND;
	for (unsigned i = 0; i < tries && pause < 6 * TIME_HOUR; i++)
		pause *= 2;
	return pause > 6 * TIME_HOUR ? 6 * TIME_HOUR : pause;
}

static int
by_id(const void *a, const void *b)
{
	const struct tried *x = a, *y = b;
	return strcmp(x->id, y->id);
}

static struct tried *
tried_get(struct queue *q, const char *id)
{
	struct tried key;
	snprintf(key.id, sizeof key.id, "%s", id);
	struct tried **found = tfind(&key, &q->tried, by_id);
	if (found != NULL)
		return *found;
	struct tried *t = calloc(1, sizeof *t);
	if (t == NULL)
		abort();
	memcpy(t->id, key.id, sizeof t->id);
	if (tsearch(t, &q->tried, by_id) == NULL)
		abort();
	return t;
}

static void
tried_forget(struct queue *q, struct tried *t)
{
	tdelete(t, &q->tried, by_id);
	free(t);
}

static err_t
message_load(const char *path, paraph_Message *m)
{
	AUTO_BUF(b, ENCODED_MAX);
	TRY(file_read_path(path, &b));
	pb_istream_t in = pb_istream_from_buffer(b.p, b.n);
	if (!pb_decode(&in, paraph_Message_fields, m))
		return err_make(ERR_WIRE, "a waiting message does not decode: %s", PB_GET_ERROR(&in));
	return OK;
}

/* Empties the file; by opening it, because the jail knows no truncate. */
static bool
text_drop(const char *path)
{
	AUTO_FD(fd) = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	return fd >= 0;
}

/* Out of the queue, into the folder where it ends; when that fails, nothing else is left to do for it, and it is tried again. */
static void
message_end(struct queue *q, const char *path, struct tried *t)
{
	char to[PATH_MAX];
	if (err_is(path_of(t->end, t->id, to)) || rename(path, to) != 0) {
		if (!t->stuck)
			log_event(LOG_ERR, "message-stuck", "id", t->id, "reason", strerror(errno), NULL);
		t->stuck = true;
		return;
	}
	tried_forget(q, t);
	file_sync_dir_of(to);
	file_sync_dir_of(path);
}

/* Delivered ones keep nothing but their id: an empty file, also where it cannot leave the queue. */
static void
message_delivered(struct queue *q, const char *path, struct tried *t)
{
	t->end = q->done;
	if (!text_drop(path))
		log_event(LOG_WARNING, "message-kept", "reason", strerror(errno), NULL);
}

static bool
is_delivered(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && st.st_size == 0;
}

static void
message_deliver(struct queue *q, const char *path, struct tried *t)
{
	paraph_Message m = paraph_Message_init_zero;
	err_t e = message_load(path, &m);
	bool broken = err_is(e);
	if (!broken)
		e = deliver_message(q->deliver, &m, clock_now());
	if (!err_is(e)) {
		message_delivered(q, path, t);
		return;
	}
	log_error(e, "message-not-delivered");
	t->next_at = clock_monotonic() + queue_pause(t->n++);
	if (broken || t->n >= QUEUE_TRIES_MAX) {
		log_event(LOG_ERR, "message-given-up", "id", t->id, NULL);
		t->end = q->dead;
	}
}

static void
message_try(struct queue *q, const char *folder, const char *id, void *arg)
{
	char path[PATH_MAX];
	struct tried *t = tried_get(q, id);
	(void)arg;
	if (err_is(path_of(folder, id, path)))
		return;
	if (t->end == NULL && is_delivered(path))
		t->end = q->done;
	if (t->end == NULL && t->next_at <= clock_monotonic())
		message_deliver(q, path, t);
	if (t->end != NULL)
		message_end(q, path, t);
}

/* False when the queue ends. */
static bool
wait_for_more(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	int64_t until = clock_monotonic() + WAIT_SECONDS * TIME_SECOND;
	struct timespec t = {.tv_sec = until / TIME_SECOND, .tv_nsec = until % TIME_SECOND * 1000};
	while (!q->news && !q->ending && pthread_cond_timedwait(&q->more, &q->lock, &t) == 0)
		;
	q->news = false;
	bool go_on = !q->ending;
	pthread_mutex_unlock(&q->lock);
	return go_on;
}

static void *
deliver_run(void *arg)
{
	struct queue *q = arg;
	do
		entries(q, q->waiting, message_try, NULL);
	while (wait_for_more(q));
	return NULL;
}

void
queue_start(struct queue *q)
{
	if (pthread_create(&q->thread, NULL, deliver_run, q) != 0)
		abort();
	q->started = true;
}

void
queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	pthread_mutex_lock(&q->lock);
	q->ending = true;
	pthread_cond_signal(&q->more);
	pthread_mutex_unlock(&q->lock);
	if (q->started)
		pthread_join(q->thread, NULL);
	pthread_cond_destroy(&q->more);
	pthread_mutex_destroy(&q->lock);
	tdestroy(q->tried, free);
	free(q);
}

static bool
known(const struct queue *q, const char *id)
{
	char path[PATH_MAX];
	const char *const folders[] = {q->waiting, q->done, q->dead};
	for (size_t i = 0; i < 3; i++)
		if (!err_is(path_of(folders[i], id, path)) && access(path, F_OK) == 0)
			return true;
	return false;
}

err_t
queue_put(struct queue *q, const paraph_Message *m)
{
	char id[ID_HEX], path[PATH_MAX];
	uint8_t *encoded = malloc(ENCODED_MAX);
	if (encoded == NULL)
		abort();
	if (m->id.size != 16) {
		free(encoded);
		return err_make(ERR_WIRE, "the id of a message has 16 octets");
	}
	bytes_hex(bytes(m->id.bytes, 16), id);
	pb_ostream_t out = pb_ostream_from_buffer(encoded, ENCODED_MAX);
	err_t e = path_of(q->waiting, id, path);
	if (!err_is(e) && !known(q, id))
		e = pb_encode(&out, paraph_Message_fields, m)
			? file_replace(path, bytes(encoded, out.bytes_written), 0600)
			: err_make(ERR_WIRE, "a message does not encode");
	free(encoded);
	pthread_mutex_lock(&q->lock);
	q->news = true;
	pthread_cond_signal(&q->more);
	pthread_mutex_unlock(&q->lock);
	return e;
}
