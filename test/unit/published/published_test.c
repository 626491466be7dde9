#include "unit.h"

#include "os/clock.h"
#include "published/published_read.h"
#include "published/published_store.h"
#include "published/published_write.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char folder[] = "/tmp/published-test-XXXXXX";
static const uint8_t issuer[32] = {1, 2, 3};

static int
folder_make(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int
folder_remove(void **state)
{
	(void)state;
	char path[200];
	snprintf(path, sizeof path, "%s/data.mdb", folder);
	unlink(path);
	snprintf(path, sizeof path, "%s/lock.mdb", folder);
	unlink(path);
	return rmdir(folder);
}

static struct published_certificate
sample(void)
{
	struct published_certificate c = {.status = unit_below(2) ? PUBLISHED_REVOKED : PUBLISHED_GOOD};
	c.reason = c.status == PUBLISHED_REVOKED ? (int)unit_below(12) - 1 : -1;
	c.revoked_at = c.status == PUBLISHED_REVOKED ? 1 + (int64_t)unit_below(TIME_NEVER) : 0;
	c.not_before = (int64_t)unit_below(TIME_NEVER);
	c.not_after = c.not_before + (int64_t)unit_below(TIME_DAY);
	c.published_at = (int64_t)unit_below(TIME_NEVER);
	unit_fill(c.sha256, sizeof c.sha256);
	return c;
}

static void
record_is_read_as_written(void **state)
{
	(void)state;
	unit_seed();
	for (int round = 0; round < 2000; round++) {
		struct published_certificate c = sample(), read;
		uint8_t record[PUBLISHED_RECORD_LEN], again[PUBLISHED_RECORD_LEN];
		published_record_write(&c, record);
		assert_ok(published_record_read(BYTES_OF(record), &read));
		published_record_write(&read, again);
		assert_memory_equal(record, again, sizeof record);
		assert_int_equal(read.revoked_at, c.revoked_at);
		assert_int_equal(read.reason, c.reason);
		record[unit_below(4)] ^= 0x80;
		assert_err(published_record_read(BYTES_OF(record), &read), ERR_PUBLISHED);
		assert_err(published_record_read(bytes(record, sizeof record - 1), &read), ERR_PUBLISHED);
	}
}

static void
keys_of_serials(void **state)
{
	(void)state;
	uint8_t key[PUBLISHED_KEY_LEN], other[PUBLISHED_KEY_LEN], serial[21] = {0, 0x40};
	size_t n, m;
	assert_ok(published_record_key(issuer, bytes(serial, 21), key, &n)); /* with a sign octet */
	assert_ok(published_record_key(issuer, bytes(serial + 1, 20), other, &m));
	assert_int_equal(n, m);
	assert_memory_equal(key, other, n);
	serial[0] = 1;
	assert_err(published_record_key(issuer, bytes(serial, 21), key, &n), ERR_INPUT);
	assert_err(published_record_key(issuer, bytes(serial, 0), key, &n), ERR_INPUT);
	char name[PUBLISHED_NAME_MAX + 3];
	assert_ok(published_record_file_key(PUBLISHED_CRL, STR("issuing"), name));
	assert_string_equal(name, "l/issuing");
	static const char *const bad[] = {"", "a/b", "..", "A", "a.b", "a b", "abcdefghijklmnopqrstuvwxyz0123456"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_err(published_record_file_key(PUBLISHED_CRL, str_c(bad[i]), name), ERR_INPUT);
}

static struct published *writer;

static void *
puts_run(void *arg)
{
	unsigned base = *(unsigned *)arg;
	for (unsigned i = 0; i < 100; i++) {
		struct published_certificate c = {.not_after = base + i};
		uint8_t serial[4] = {0x40, (uint8_t)base, (uint8_t)i, 1};
		if (err_is(published_write_certificate(writer, issuer, BYTES_OF(serial), &c)))
			return arg;
	}
	return NULL;
}

static void
many_writers_one_reader(void **state)
{
	(void)state;
	pthread_t threads[8];
	unsigned bases[8];
	struct published_reader *reader;
	struct published_certificate c;
	assert_err(published_read_open(folder, &reader), ERR_PUBLISHED);
	assert_ok(published_write_open(folder, &writer));
	assert_ok(published_read_open(folder, &reader));
	for (unsigned i = 0; i < 8; i++) {
		bases[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, puts_run, &bases[i]), 0);
	}
	for (unsigned i = 0; i < 8; i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_ok(published_read_begin(reader));
	for (unsigned base = 0; base < 8; base++)
		for (unsigned i = 0; i < 100; i++) {
			uint8_t serial[4] = {0x40, (uint8_t)base, (uint8_t)i, 1};
			assert_ok(published_read_certificate(reader, issuer, BYTES_OF(serial), &c));
			assert_int_equal(c.not_after, base + i);
		}
	uint8_t never[4] = {0x40, 9, 9, 9}, other[32] = {2};
	assert_err(published_read_certificate(reader, issuer, BYTES_OF(never), &c), ERR_NOT_FOUND);
	never[1] = 0, never[2] = 0, never[3] = 1;
	assert_ok(published_read_certificate(reader, issuer, BYTES_OF(never), &c));
	assert_err(published_read_certificate(reader, other, BYTES_OF(never), &c), ERR_NOT_FOUND);
	published_read_end(reader);
	published_read_close(reader);
	published_write_close(writer);
}

static void
revocation_keeps_the_time_of_publication(void **state)
{
	(void)state;
	static const uint8_t serial[] = {0x41, 2};
	struct published_reader *reader;
	struct published_certificate c = {.not_after = 5, .published_at = 77, .reason = -1}, read;
	assert_ok(published_write_open(folder, &writer));
	assert_ok(published_read_open(folder, &reader));
	assert_ok(published_write_certificate(writer, issuer, BYTES_OF(serial), &c));
	c.status = PUBLISHED_REVOKED;
	c.revoked_at = 99;
	c.reason = 1;
	c.published_at = 100;
	assert_ok(published_write_certificate(writer, issuer, BYTES_OF(serial), &c));
	assert_ok(published_read_begin(reader));
	assert_ok(published_read_certificate(reader, issuer, BYTES_OF(serial), &read));
	assert_int_equal(read.status, PUBLISHED_REVOKED);
	assert_int_equal(read.revoked_at, 99);
	assert_int_equal(read.published_at, 77);
	published_read_end(reader);
	/* Somebody who read the database before the revocation comes after it. [EN 319 411-1 REV-6.3.9-04] */
	c.status = PUBLISHED_GOOD;
	c.revoked_at = 0;
	c.reason = -1;
	assert_ok(published_write_certificate(writer, issuer, BYTES_OF(serial), &c));
	assert_ok(published_write_later(writer, issuer, BYTES_OF(serial), &c));
	assert_ok(published_write_wait(writer));
	assert_ok(published_read_begin(reader));
	assert_ok(published_read_certificate(reader, issuer, BYTES_OF(serial), &read));
	assert_int_equal(read.status, PUBLISHED_REVOKED);
	assert_int_equal(read.revoked_at, 99);
	assert_int_equal(read.reason, 1);
	published_read_end(reader);
	published_read_close(reader);
	published_write_close(writer);
}

static void
the_mark_lies_in_the_store(void **state)
{
	(void)state;
	static const struct published_mark none = {0}, mark = {.certificates = 7, .revocations = 2, .certificate = {0x40, 1}, .revoked = {0x41}};
	struct published_reader *reader;
	struct published_mark read;
	char name[PUBLISHED_NAME_MAX + 1] = "";
	assert_ok(published_write_open(folder, &writer));
	assert_ok(published_read_open(folder, &reader));
	read = published_write_mark(writer);
	assert_memory_equal(&read, &none, sizeof none);
	assert_ok(published_read_begin(reader));
	uint64_t before = published_read_generation(reader);
	published_read_end(reader);
	assert_ok(published_write_mark_put(writer, &mark));
	read = published_write_mark(writer);
	assert_memory_equal(&read, &mark, sizeof mark);
	published_write_close(writer);
	assert_ok(published_write_open(folder, &writer));
	read = published_write_mark(writer);
	assert_memory_equal(&read, &mark, sizeof mark);
	/* Readers find no file in it, nor that one has changed. */
	assert_ok(published_read_begin(reader));
	assert_int_equal(published_read_generation(reader), before);
	assert_false(published_read_next_name(reader, PUBLISHED_CRL, name));
	published_read_end(reader);
	published_read_close(reader);
	published_write_close(writer);
}

static void
files(void **state)
{
	(void)state;
	static uint8_t crl[100000];
	struct published_reader *reader;
	struct bytes der;
	char name[PUBLISHED_NAME_MAX + 1] = "";
	assert_ok(published_write_open(folder, &writer));
	assert_ok(published_read_open(folder, &reader));
	assert_ok(published_read_begin(reader));
	uint64_t before = published_read_generation(reader);
	assert_false(published_read_next_name(reader, PUBLISHED_CA_CERTIFICATE, name));
	published_read_end(reader);
	assert_ok(published_write_file(writer, PUBLISHED_CRL, STR("issuing"), BYTES_OF(crl)));
	assert_ok(published_write_file(writer, PUBLISHED_CA_CERTIFICATE, STR("issuing"), bytes("I", 1)));
	assert_ok(published_write_file(writer, PUBLISHED_CA_CERTIFICATE, STR("issuing-2"), bytes("J", 1)));
	assert_ok(published_write_file(writer, PUBLISHED_CA_CERTIFICATE, STR("root"), bytes("R", 1)));
	assert_err(published_write_file(writer, PUBLISHED_CA_CERTIFICATE, STR("../x"), bytes("R", 1)), ERR_INPUT);
	assert_err(published_write_file(writer, PUBLISHED_CA_CERTIFICATE, STR("x"), bytes("", 0)), ERR_INPUT);
	assert_ok(published_read_begin(reader));
	assert_true(published_read_generation(reader) > before);
	assert_ok(published_read_file(reader, PUBLISHED_CRL, STR("issuing"), &der));
	assert_int_equal(der.n, sizeof crl);
	assert_err(published_read_file(reader, PUBLISHED_CRL, STR("root"), &der), ERR_NOT_FOUND);
	assert_err(published_read_file(reader, PUBLISHED_CRL, STR("../root"), &der), ERR_NOT_FOUND);
	static const char *const names[] = {"issuing", "issuing-2", "root"};
	for (size_t i = 0; i < 3; i++) {
		assert_true(published_read_next_name(reader, PUBLISHED_CA_CERTIFICATE, name));
		assert_string_equal(name, names[i]);
	}
	assert_false(published_read_next_name(reader, PUBLISHED_CA_CERTIFICATE, name));
	published_read_end(reader);
	published_read_close(reader);
	published_write_close(writer);
}

static unsigned stalls;

static void
stalled(void *arg)
{
	(void)arg;
	stalls++;
}

/* A process that holds the lock of the store when this returns. */
static pid_t
hostile_start(void)
{
	int ready[2];
	char one;
	assert_int_equal(pipe(ready), 0);
	pid_t hostile = fork();
	if (hostile == 0) {
		MDB_env *env;
		MDB_txn *txn;
		if (!err_is(published_store_open(folder, 0, &env)) && mdb_txn_begin(env, NULL, 0, &txn) == 0 &&
		    write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &one, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return hostile;
}

static void
hostile_stop(pid_t hostile)
{
	kill(hostile, SIGKILL);
	waitpid(hostile, NULL, 0);
}

static void
later_put(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct published_certificate c = {.not_after = i, .reason = -1};
		uint8_t serial[4] = {0x43, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
		assert_ok(published_write_later(writer, issuer, BYTES_OF(serial), &c));
	}
}

/* As core does at its start: thousands share a commit. The lock is held until all are queued, so that their number is known. */
static void
many_certificates_share_commits(void **state)
{
	(void)state;
	enum { FIRST = 3000, ALL = 20000 };
	struct published_reader *reader;
	struct published_certificate c;
	assert_ok(published_write_open(folder, &writer));
	pid_t hostile = hostile_start();
	uint64_t before = published_write_commits(writer);
	later_put(0, FIRST);
	hostile_stop(hostile);
	assert_ok(published_write_wait(writer));
	uint64_t commits = published_write_commits(writer) - before;
	assert_in_range(commits, 3, 4);
	later_put(FIRST, ALL); /* more than are kept in memory */
	assert_ok(published_write_wait(writer));
	assert_ok(published_write_wait(writer)); /* of nothing */
	assert_ok(published_read_open(folder, &reader));
	assert_ok(published_read_begin(reader));
	for (unsigned i = 0; i < ALL; i++) {
		uint8_t serial[4] = {0x43, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
		assert_ok(published_read_certificate(reader, issuer, BYTES_OF(serial), &c));
		assert_int_equal(c.not_after, i);
	}
	published_read_end(reader);
	published_read_close(reader);
	published_write_close(writer);
}

static _Atomic unsigned sync_seconds;

/* Instead of the C library's, for LMDB too. */
int
fdatasync(int fd)
{
	sleep(sync_seconds);
	return (int)syscall(SYS_fdatasync, fd);
}

/* A slow disk holds up whoever puts, but the readers are not to blame. */
static void
a_slow_disk_is_no_stalled_reader(void **state)
{
	(void)state;
	static const uint8_t serial[] = {0x42, 2};
	struct published_certificate c = {.not_after = 5, .reason = -1};
	assert_ok(published_write_open(folder, &writer));
	published_write_on_stall(writer, stalled, NULL);
	stalls = 0;
	sync_seconds = PUBLISHED_WRITE_US / TIME_SECOND + 1;
	assert_err(published_write_certificate(writer, issuer, BYTES_OF(serial), &c), ERR_DEADLINE);
	assert_non_null(strstr(err_detail(), "disk"));
	assert_int_equal(stalls, 0);
	assert_ok(published_write_later(writer, issuer, BYTES_OF(serial), &c)); /* who can wait, waits */
	assert_ok(published_write_wait(writer));
	assert_int_equal(stalls, 0);
	sync_seconds = 0;
	published_write_close(writer);
}

/* A reader that was taken over may lock the store: the writer's caller gets its deadline, and the end of that reader is the end
 * of the trouble. */
static void
a_hostile_reader_cannot_stall_the_writer(void **state)
{
	(void)state;
	static const uint8_t serial[] = {0x42, 1};
	struct published_certificate c = {.not_after = 5, .reason = -1};
	assert_ok(published_write_open(folder, &writer));
	published_write_on_stall(writer, stalled, NULL);
	stalls = 0;
	pid_t hostile = hostile_start();
	int64_t start = clock_monotonic();
	assert_err(published_write_certificate(writer, issuer, BYTES_OF(serial), &c), ERR_DEADLINE);
	assert_true(clock_monotonic() - start < PUBLISHED_WRITE_US + 2 * TIME_SECOND);
	assert_int_equal(stalls, 1);
	assert_err(published_write_certificate(writer, issuer, BYTES_OF(serial), &c), ERR_DEADLINE);
	assert_int_equal(stalls, 1); /* told a moment ago */
	hostile_stop(hostile);
	assert_ok(published_write_certificate(writer, issuer, BYTES_OF(serial), &c));
	published_write_close(writer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(record_is_read_as_written),
	    cmocka_unit_test(keys_of_serials),
	    cmocka_unit_test(many_writers_one_reader),
	    cmocka_unit_test(revocation_keeps_the_time_of_publication),
	    cmocka_unit_test(the_mark_lies_in_the_store),
	    cmocka_unit_test(files),
	    cmocka_unit_test(many_certificates_share_commits),
	    cmocka_unit_test(a_slow_disk_is_no_stalled_reader),
	    cmocka_unit_test(a_hostile_reader_cannot_stall_the_writer),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
