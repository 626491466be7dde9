#include "base/time.h"
#include "courier/queue.h"
#include "os/file.h"
#include "os/clock.h"
#include "unit.h"

#include <dirent.h>
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
    cmocka_unit_test(pauses_grow_to_a_limit),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, prepare, finish);
}
