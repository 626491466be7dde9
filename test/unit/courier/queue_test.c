#include "base/time.h"
#include "courier/queue.h"
#include "os/file.h"
#include "os/clock.h"
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <pb_encode.h>
#include <sys/mman.h>
#include <sys/stat.h>

static char folder[] = "/tmp/paraph-queue-XXXXXX";
static struct instance instance;
static struct deliver deliver;

static size_t
count(const char *name)
{
	char path[128];
	size_t n = 0;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	DIR *d = opendir(path);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static paraph_Message
message(uint8_t id, const char *text)
{
	paraph_Message m = {.transport = paraph_Transport_TRANSPORT_EMAIL};
	m.id.size = 16;
	m.id.bytes[0] = id;
	snprintf(m.address, sizeof m.address, "jane.doe@example.org");
	snprintf(m.subject, sizeof m.subject, "Please read");
	snprintf(m.text, sizeof m.text, "%s", text);
	return m;
}

static size_t
caught(const char *text)
{
	size_t n = 0;
	AUTO_BUF(json, 1 << 20);
	catcher_json(deliver.catcher, &json);
	for (size_t at = 0; (at = bytes_find(buf_bytes(&json), at, bytes(text, strlen(text)))) != SIZE_MAX; at++)
		n++;
	return n;
}

static void
wait_for(size_t done)
{
	for (int i = 0; i < 200 && count("done") < done; i++)
		usleep(20000);
	assert_int_equal(count("done"), done);
}

static void
a_message_is_delivered_once(void **state)
{
	(void)state;
	struct queue *q;
	paraph_Message first = message(1, "first-text"), second = message(2, "second-text");
	assert_ok(queue_open(folder, &deliver, clock_now(), &q));
	assert_ok(queue_put(q, &first));
	assert_ok(queue_put(q, &first));
	assert_int_equal(count("queue"), 1);
	queue_free(q); /* never started: it waits on the disk */
	assert_ok(queue_open(folder, &deliver, clock_now(), &q));
	queue_start(q);
	assert_ok(queue_put(q, &second));
	wait_for(2);
	assert_ok(queue_put(q, &first)); /* known, although delivered */
	queue_free(q);
	assert_int_equal(caught("first-text"), 1);
	assert_int_equal(caught("second-text"), 1);
	assert_int_equal(count("queue"), 0);
}

static void
what_was_delivered_keeps_only_its_id(void **state)
{
	(void)state;
	char path[160];
	struct stat st;
	snprintf(path, sizeof path, "%s/done/01000000000000000000000000000000", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
}

static void
a_broken_message_is_put_aside(void **state)
{
	(void)state;
	char path[160];
	struct queue *q;
	snprintf(path, sizeof path, "%s/queue/0123456789abcdef0123456789abcdef", folder);
	assert_ok(file_replace(path, str_bytes(STR("\xff\xff\xff\xff")), 0600));
	assert_ok(queue_open(folder, &deliver, clock_now(), &q));
	queue_start(q);
	for (int i = 0; i < 200 && count("dead") < 1; i++)
		usleep(20000);
	queue_free(q);
	assert_int_equal(count("dead"), 1);
	assert_int_equal(count("queue"), 0);
}

/* Another message makes the queue look at all of them again at once. */
static void
look_again(struct queue *q, uint8_t id)
{
	size_t done = count("done");
	paraph_Message m = message(id, "look-again");
	assert_ok(queue_put(q, &m));
	wait_for(done + 1);
}

/* As with a full disk: something of that name is in its way. */
static void
what_cannot_leave_the_queue_is_not_delivered_again(void **state)
{
	(void)state;
	char waiting[160], done[160];
	struct stat st;
	struct queue *q;
	paraph_Message m = message(0x51, "once-only");
	snprintf(waiting, sizeof waiting, "%s/queue/51000000000000000000000000000000", folder);
	snprintf(done, sizeof done, "%s/done/51000000000000000000000000000000", folder);
	assert_ok(queue_open(folder, &deliver, clock_now(), &q));
	assert_ok(queue_put(q, &m));
	assert_int_equal(mkdir(done, 0700), 0);
	queue_start(q);
	for (uint8_t k = 0; k < 3; k++)
		look_again(q, (uint8_t)(0x60 + k));
	queue_free(q);
	assert_int_equal(caught("once-only"), 1);
	assert_int_equal(stat(waiting, &st), 0);
	assert_int_equal(st.st_size, 0); /* of its text nothing is kept meanwhile */
	/* Nor after a restart. */
	assert_ok(queue_open(folder, &deliver, clock_now(), &q));
	queue_start(q);
	look_again(q, 0x63);
	assert_int_equal(rmdir(done), 0);
	size_t before = count("done");
	m = message(0x64, "look-again");
	assert_ok(queue_put(q, &m));
	wait_for(before + 2);
	queue_free(q);
	assert_int_equal(caught("once-only"), 1);
	assert_int_equal(count("queue"), 0);
	assert_int_equal(stat(done, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

enum { MANY = 1500 };

static void
many_path(unsigned i, char ret[160])
{
	snprintf(ret, 160, "%s/queue/70%04x00000000000000000000000000", folder, i);
}

/* Nobody can be reached at these; written without fsync, which would take its time. */
static void
many_put(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		char path[160];
		uint8_t octets[512];
		paraph_Message m = message(0x70, "undeliverable");
		m.id.bytes[1] = (uint8_t)(i >> 8);
		m.id.bytes[2] = (uint8_t)i;
		snprintf(m.address, sizeof m.address, "nobody");
		many_path(i, path);
		pb_ostream_t out = pb_ostream_from_buffer(octets, sizeof octets);
		assert_true(pb_encode(&out, paraph_Message_fields, &m));
		AUTO_FD(fd) = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		assert_ok(file_write(fd, bytes(octets, out.bytes_written)));
	}
}

static void
many_remove(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		char path[160];
		many_path(i, path);
		unlink(path);
	}
}

static size_t
lines_of(int fd, const char *event)
{
	size_t n = 0;
	AUTO_BUF(text, 1 << 24);
	assert_ok(file_read(fd, &text));
	for (size_t at = 0; (at = bytes_find(buf_bytes(&text), at, bytes(event, strlen(event)))) != SIZE_MAX; at++)
		n++;
	return n;
}

static void
each_of_many_has_a_pause_of_its_own(void **state)
{
	(void)state;
	struct queue *q;
	AUTO_FD(console) = dup(STDERR_FILENO);
	AUTO_FD(log) = memfd_create("log", MFD_CLOEXEC);
	assert_true(dup2(log, STDERR_FILENO) >= 0);
	many_put();
	assert_ok(queue_open(folder, &deliver, clock_now(), &q));
	queue_start(q);
	for (uint8_t k = 0; k < 4; k++)
		look_again(q, (uint8_t)(0x80 + k));
	queue_free(q);
	assert_true(dup2(console, STDERR_FILENO) >= 0);
	assert_int_equal(lines_of(log, "message-not-delivered"), MANY);
	assert_int_equal(count("queue"), MANY);
	many_remove();
}

static void
pauses_grow_to_a_limit(void **state)
{
	(void)state;
	assert_int_equal(queue_pause(0), 15 * TIME_SECOND);
	assert_int_equal(queue_pause(1), 30 * TIME_SECOND);
	for (unsigned i = 0; i < 40; i++)
		assert_true(queue_pause(i + 1) >= queue_pause(i) && queue_pause(i) <= 6 * TIME_HOUR);
}

static int
prepare(void **state)
{
	(void)state;
	static char site[] = "https://sign.example:8443", kind[] = "catcher", none[] = "", from[] = "paraph@sign.example";
	instance = (struct instance){.site_url = site, .mail_transport = kind, .sms_transport = kind, .mail_password_file = none,
	    .sms_token_file = none, .mail_from = from, .mail_user = none};
	if (mkdtemp(folder) == NULL)
		return -1;
	return err_is(deliver_open(&deliver, &instance, catcher_new()));
}

static int
finish(void **state)
{
	(void)state;
	catcher_free(deliver.catcher);
	deliver_close(&deliver);
	return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_message_is_delivered_once),
    cmocka_unit_test(what_was_delivered_keeps_only_its_id),
    cmocka_unit_test(a_broken_message_is_put_aside),
    cmocka_unit_test(what_cannot_leave_the_queue_is_not_delivered_again),
    cmocka_unit_test(each_of_many_has_a_pause_of_its_own),
    cmocka_unit_test(pauses_grow_to_a_limit),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, prepare, finish);
}
