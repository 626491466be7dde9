/* The journal after a death, a torn write, a lost sector or somebody's hand: what it survives and what it refuses. */
#include "keys/diary.h"

#include <signal.h>
#include <sys/wait.h>

/* Writes a few records of odd sizes and gives the segment's octets and where each record ends. */
static void
write_some(struct buf *file, size_t ends[6])
{
	char path[150];
	static struct told none;
	none.n = 0;
	struct journal *j = open_it(&none, 0);
	segment_path(1, path);
	for (size_t i = 0; i < 6; i++) {
		uint8_t payload[60];
		unit_fill(payload, sizeof payload);
		size_t n = 4 + unit_below(sizeof payload - 4);
		assert_ok(journal_put(j, (uint8_t)(1 + unit_below(100)), 2000, bytes(payload, n)));
		struct stat st;
		assert_int_equal(stat(path, &st), 0);
		ends[i] = (size_t)st.st_size;
	}
	journal_free(j);
	assert_ok(file_read_path(path, file));
}

static void
put_file(struct bytes octets)
{
	char path[150];
	segment_path(1, path);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_ok(file_write(fd, octets));
	close(fd);
}

/* Cut at every octet: the records that are whole stand, the rest is gone, and the journal goes on. */
static void
survives_a_cut_anywhere(void **state)
{
	(void)state;
	unit_seed();
	AUTO_BUF(file, 100000);
	size_t ends[6], head;
	write_some(&file, ends);
	struct segment_head h;
	assert_ok(segment_head_read(buf_bytes(&file), &h, &head));
	head += 32;
	for (size_t cut = head; cut < file.n; cut++) {
		put_file(bytes_sub(buf_bytes(&file), 0, cut));
		static struct told t, u;
		t.n = u.n = 0;
		size_t whole = 0;
		while (whole < 6 && ends[whole] <= cut)
			whole++;
		struct journal *j = open_it(&t, 0);
		assert_int_equal(t.n, whole);
		assert_ok(journal_put(j, 9, 3000, BYTES_OF_U32(4711)));
		uint64_t size;
		uint8_t root[32];
		journal_root(j, &size, root);
		bool torn = cut != head && (whole == 0 || ends[whole - 1] != cut);
		assert_int_equal(size, whole + 1 + torn); /* the cut is on record */
		journal_free(j);
		journal_free(open_it(&u, 0));
		assert_int_equal(u.n, whole + 1);
	}
	for (size_t cut = 0; cut < head; cut++) {
		put_file(bytes_sub(buf_bytes(&file), 0, cut));
		struct journal *j = NULL;
		struct journal_hooks hooks = {0};
		assert_true(err_is(journal_open(folder, ks, JOURNAL_ISSUING, 1, &hooks, 0, &j)));
	}
}

/* What the disk never got reads as zeros. */
static void
survives_zeros_at_the_end(void **state)
{
	(void)state;
	unit_seed();
	AUTO_BUF(file, 100000);
	size_t ends[6];
	write_some(&file, ends);
	for (size_t from = ends[3]; from <= ends[4]; from++) {
		AUTO_BUF(torn, 100000);
		buf_put(&torn, bytes_sub(buf_bytes(&file), 0, from));
		assert_non_null(buf_extend(&torn, file.n + 64 - from));
		put_file(buf_bytes(&torn));
		static struct told t;
		t.n = 0;
		journal_free(open_it(&t, 0));
		assert_int_equal(t.n, from == ends[4] ? 5 : 4);
	}
}

/* The records of one write behind a segment that is in file, as the journal's thread makes them. */
static void
add_write(struct buf *file, size_t n, size_t payload_n, size_t ends[])
{
	uint8_t chain[32], payload[2000];
	assert_true(payload_n <= sizeof payload);
	memcpy(chain, file->p + file->n - 32, 32);
	for (size_t i = 0; i < n; i++) {
		size_t from = file->n;
		unit_fill(payload, payload_n);
		segment_record_write(file, &(struct segment_record){9, 2500, bytes(payload, payload_n)});
		if (i > 0)
			segment_record_together(file->p + from);
		segment_chain(chain, bytes_sub(buf_bytes(file), from, file->n));
		buf_put(file, BYTES_OF(chain));
		ends[i] = file->n;
	}
}

/* How many records stand after a start on these octets; -1: it refuses. */
static int
start_on(struct bytes octets)
{
	static struct told t;
	struct journal *j = NULL;
	struct journal_hooks hooks = {&t, apply, snapshot};
	put_file(octets);
	t.n = 0;
	err_t e = journal_open(folder, ks, JOURNAL_ISSUING, 1, &hooks, 0, &j);
	journal_free(j);
	if (err_is(e))
		assert_int_equal(e.code, ERR_JOURNAL);
	return err_is(e) ? -1 : (int)t.n;
}

/* The last octets of a chain value lie in a sector of their own, which the disk never got. */
static void
survives_zeros_within_a_chain_value(void **state)
{
	(void)state;
	unit_seed();
	AUTO_BUF(file, 100000);
	size_t ends[6], end;
	write_some(&file, ends);
	for (size_t lost = 1; lost < 32; lost++) {
		AUTO_BUF(torn, 100000);
		buf_put(&torn, buf_bytes(&file));
		add_write(&torn, 1, 2 * 512 + lost - (file.n + 48) % 512, &end);
		assert_int_equal(torn.n % 512, lost);
		assert_int_equal(start_on(buf_bytes(&torn)), 7);
		static const uint8_t zeros[32];
		bool same = memcmp(torn.p + torn.n - lost, zeros, lost) == 0; /* it happens: nothing is lost then */
		memset(torn.p + torn.n - lost, 0, lost);
		assert_int_equal(start_on(buf_bytes(&torn)), same ? 7 : 6);
		torn.p[torn.n - 32] ^= torn.p[torn.n - 32] == 1 ? 2 : 1; /* no disk changes what it did get */
		assert_int_equal(start_on(buf_bytes(&torn)), -1);
	}
	AUTO_BUF(other, 100000); /* zeros that begin in the middle of a sector */
	buf_put(&other, buf_bytes(&file));
	add_write(&other, 1, 2 * 512 + 100 - (file.n + 48) % 512, &end);
	memset(other.p + other.n - 20, 0, 20);
	assert_int_equal(start_on(buf_bytes(&other)), -1);
}

/* The disk took later sectors of a write before earlier ones: nothing of it was acknowledged, so it is a torn end. Where another
 * write follows, it was. */
static void
survives_a_hole_in_the_last_write(void **state)
{
	(void)state;
	unit_seed();
	AUTO_BUF(file, 100000);
	size_t ends[40], more[2];
	write_some(&file, ends);
	size_t begin = file.n;
	add_write(&file, 20, 300, ends);
	AUTO_BUF(followed, 100000);
	buf_put(&followed, buf_bytes(&file));
	add_write(&followed, 1 + unit_below(2), 300, more);
	assert_int_equal(start_on(buf_bytes(&file)), 26);
	assert_in_range(start_on(buf_bytes(&followed)), 27, 28);
	for (size_t sector = begin / 512; sector < file.n / 512; sector++) {
		AUTO_BUF(torn, 100000);
		size_t from = sector * 512 < begin ? begin : sector * 512, whole = 0;
		buf_put(&torn, buf_bytes(&file));
		memset(torn.p + from, 0, sector * 512 + 512 - from);
		while (ends[whole] <= from)
			whole++;
		assert_int_equal(start_on(buf_bytes(&torn)), 6 + (int)whole);
		memcpy(followed.p, torn.p, torn.n);
		assert_int_equal(start_on(buf_bytes(&followed)), -1);
		torn.p[from + 20] = 1; /* no hole any more, but a change */
		torn.p[from + 200] = 1;
		assert_int_equal(start_on(buf_bytes(&torn)), -1);
	}
	for (size_t i = begin; i < file.n; i += 1 + unit_below(60)) {
		file.p[i] ^= 0x10;
		assert_int_equal(start_on(buf_bytes(&file)), -1);
		file.p[i] ^= 0x10;
	}
}

/* The chain value that the next write began with is lost too: what follows cannot be proved, but says that it began one. */
static void
refuses_a_hole_before_another_write(void **state)
{
	(void)state;
	unit_seed();
	AUTO_BUF(file, 100000);
	size_t ends[20], more[2];
	write_some(&file, ends);
	add_write(&file, 1, 512 + (10 + 512 * 20 - file.n - 48 - 20 * 348) % 512, more);
	add_write(&file, 20, 300, ends);
	assert_int_equal(file.n % 512, 10);
	for (size_t follow = 0; follow < 3; follow++) {
		AUTO_BUF(torn, 100000);
		buf_put(&torn, buf_bytes(&file));
		if (follow > 0)
			add_write(&torn, follow, 300, more);
		memset(torn.p + file.n - 10 - 512, 0, 512);
		assert_int_equal(start_on(buf_bytes(&torn)), follow > 0 ? -1 : 6 + 1 + 18);
	}
}

/* Core chooses some payloads; what looks like a record and its chain values in one that was torn says nothing. */
static void
survives_a_record_within_a_torn_one(void **state)
{
	(void)state;
	unit_seed();
	AUTO_BUF(file, 100000);
	AUTO_BUF(planted, 1000);
	size_t ends[6], begin;
	uint8_t chain[32], before[32];
	write_some(&file, ends);
	begin = file.n;
	memcpy(before, file.p + file.n - 32, 32);
	unit_fill(chain, sizeof chain);
	buf_put(&planted, BYTES_OF(chain));
	segment_record_write(&planted, &(struct segment_record){9, 2500, BYTES_OF_U32(5)});
	segment_chain(chain, bytes_sub(buf_bytes(&planted), 32, planted.n));
	buf_put(&planted, BYTES_OF(chain));
	assert_non_null(buf_extend(&planted, 40));
	segment_record_write(&file, &(struct segment_record){15, 2500, buf_bytes(&planted)});
	segment_chain(before, bytes_sub(buf_bytes(&file), begin, file.n));
	buf_put(&file, BYTES_OF(before));
	for (size_t cut = begin; cut < file.n; cut += 1 + unit_below(5))
		assert_int_equal(start_on(bytes_sub(buf_bytes(&file), 0, cut)), 6);
	assert_int_equal(start_on(buf_bytes(&file)), 7);
}

/* A single flipped bit anywhere is no torn end: the process refuses to start. */
static void
refuses_what_was_changed(void **state)
{
	(void)state;
	unit_seed();
	AUTO_BUF(file, 100000);
	size_t ends[6];
	write_some(&file, ends);
	for (size_t i = 0; i < file.n; i++) {
		uint8_t flip = (uint8_t)(1 << unit_below(8));
		file.p[i] ^= flip;
		put_file(buf_bytes(&file));
		static struct told t;
		t.n = 0;
		struct journal *j = NULL;
		struct journal_hooks hooks = {&t, apply, snapshot, NULL};
		err_t e = journal_open(folder, ks, JOURNAL_ISSUING, 1, &hooks, 0, &j);
		if (e.code != ERR_JOURNAL && e.code != ERR_MAC)
			fail_msg("octet %zu of %zu: error %u", i, file.n, (unsigned)e.code);
		file.p[i] ^= flip;
	}
	/* and so is a record that is missing in the middle */
	AUTO_BUF(less, 100000);
	buf_put(&less, bytes_sub(buf_bytes(&file), 0, ends[2]));
	buf_put(&less, bytes_sub(buf_bytes(&file), ends[3], file.n));
	put_file(buf_bytes(&less));
	struct journal *j = NULL;
	struct journal_hooks hooks = {0};
	assert_err(journal_open(folder, ks, JOURNAL_ISSUING, 1, &hooks, 0, &j), ERR_JOURNAL);
}

/* Ten records in segments of a few each; how many segments there are. */
static unsigned
write_segments(uint64_t sizes[32], uint8_t roots[32][32])
{
	struct told *t = calloc(1, sizeof *t);
	struct journal *j = open_it(t, 500);
	unsigned n = 1;
	char path[150];
	for (uint32_t i = 0; n < 5; i++) {
		assert_ok(journal_put(j, 7, 2000 + i, BYTES_OF_U32(2 * i)));
		segment_path(n + 1, path);
		if (access(path, F_OK) == 0)
			n++;
		journal_root(j, &sizes[n], roots[n]);
	}
	assert_ok(journal_put(j, 7, 3000, BYTES_OF_U32(1)));
	journal_root(j, &sizes[n], roots[n]);
	journal_free(j);
	free(t);
	return n;
}

static err_t
open_quietly(struct told *t)
{
	struct journal *j = NULL;
	struct journal_hooks hooks = {t, apply, snapshot, NULL};
	t->n = 0;
	err_t e = journal_open(folder, ks, JOURNAL_ISSUING, 1, &hooks, 500, &j);
	journal_free(j);
	return e;
}

/* An older segment that is gone, cut, or another's is noticed at start although only the newest is read. */
static void
refuses_without_an_older_segment(void **state)
{
	(void)state;
	uint64_t sizes[32];
	uint8_t roots[32][32];
	unsigned n = write_segments(sizes, roots);
	struct told *t = calloc(1, sizeof *t);
	char path[150], aside[160];
	snprintf(aside, sizeof aside, "%s/aside", dir);
	for (unsigned k = 1; k < n; k++) {
		segment_path(k, path);
		assert_int_equal(rename(path, aside), 0);
		assert_err(open_quietly(t), ERR_JOURNAL);
		assert_non_null(strstr(err_detail(), path));
		assert_int_equal(rename(aside, path), 0);
		assert_ok(open_quietly(t));
	}
	segment_path(n - 1, path);
	AUTO_BUF(whole, 100000);
	assert_ok(file_read_path(path, &whole));
	for (size_t cut = 0; cut < whole.n; cut++) {
		assert_int_equal(truncate(path, (off_t)cut), 0);
		assert_err(open_quietly(t), ERR_JOURNAL);
		int fd = open(path, O_WRONLY | O_TRUNC);
		assert_ok(file_write(fd, buf_bytes(&whole)));
		close(fd);
	}
	assert_ok(open_quietly(t));
	free(t);
}

/* Without the newest segment the journal is what it was: it cannot know better, but says a root that the log contradicts. */
static void
an_older_journal_has_an_older_root(void **state)
{
	(void)state;
	uint64_t sizes[32], size;
	uint8_t roots[32][32], root[32];
	unsigned n = write_segments(sizes, roots);
	struct told *t = calloc(1, sizeof *t);
	char path[150];
	segment_path(n, path);
	assert_int_equal(unlink(path), 0);
	struct journal *j = NULL;
	struct journal_hooks hooks = {t, apply, snapshot, NULL};
	assert_ok(journal_open(folder, ks, JOURNAL_ISSUING, 1, &hooks, 0, &j));
	journal_root(j, &size, root);
	journal_free(j);
	assert_true(size < sizes[n]);
	assert_memory_not_equal(root, roots[n], 32);
	free(t);
}

#ifdef PARAPH_FAULT_HOOKS

/* Puts records in a child that dies at the point; how many it was told are durable. */
static uint32_t
acknowledged_until(const char *point, uint64_t max)
{
	int told[2];
	uint32_t n = 0, value;
	assert_int_equal(pipe(told), 0);
	pid_t child = fork();
	if (child == 0) {
		static struct told t;
		struct journal_hooks hooks = {&t, apply, snapshot, NULL};
		struct journal *j = NULL;
		struct keystore *own = NULL; /* the parent's secrets do not come along */
		char path[100];
		snprintf(path, sizeof path, "%s/keystore", dir);
		setenv("PARAPH_FAULT", point, 1);
		if (!freopen("/dev/null", "w", stderr) || err_is(sealed_open(path, BYTES_OF("p"), &own)) ||
		    err_is(journal_open(folder, own, JOURNAL_ISSUING, 1000, &hooks, max, &j)))
			_exit(3);
		journal_start(j);
		for (uint32_t i = 0; i < 1000; i++)
			if (err_is(journal_put(j, 7, 2000 + i, BYTES_OF_U32(2 * i + 1))) || write(told[1], &i, 4) != 4)
				_exit(3);
		_exit(4);
	}
	close(told[1]);
	while (read(told[0], &value, 4) == 4)
		n = value + 1;
	close(told[0]);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return n;
}

/* What was acknowledged is there after a death, and at most the one record that was under way. */
static void
survives_its_own_death(void **state)
{
	(void)state;
	static const char *const points[] = {"keys.torn.7", "keys.torn.7@2", "keys.torn.7@30", "keys.journal.segment", "keys.journal.segment@2",
	    "keys.journal.segment@5"};
	size_t before = 0;
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		uint32_t n = acknowledged_until(points[i], 900);
		struct told *t = calloc(1, sizeof *t);
		assert_ok(open_quietly(t));
		if (t->n < before + n || t->n > before + n + 1)
			fail_msg("%s: %zu records before, %u acknowledged, %zu found", points[i], before, n, t->n);
		before = t->n;
		free(t);
	}
}

#endif

static const struct CMUnitTest tests[] = {
    WITH_FOLDER(survives_a_cut_anywhere),
    WITH_FOLDER(survives_zeros_at_the_end),
    WITH_FOLDER(survives_zeros_within_a_chain_value),
    WITH_FOLDER(survives_a_hole_in_the_last_write),
    WITH_FOLDER(refuses_a_hole_before_another_write),
    WITH_FOLDER(survives_a_record_within_a_torn_one),
    WITH_FOLDER(refuses_what_was_changed),
    WITH_FOLDER(refuses_without_an_older_segment),
    WITH_FOLDER(an_older_journal_has_an_older_root),
#ifdef PARAPH_FAULT_HOOKS
    WITH_FOLDER(survives_its_own_death),
#endif
};
UNIT_MAIN(tests)
