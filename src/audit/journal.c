#include "audit/journal.h"
#include "audit/finding.h"
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>

enum { SEGMENT_MAX = 1 << 30, HEAD = 80, RECORD = 16, MAC = 32, SEGMENTS_MAX = 65536 };

static uint64_t
number(const uint8_t *p, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static err_t
keep_nothing(void *arg, unsigned level, uint64_t index, const uint8_t hash[TLOG_HASH])
{
	(void)arg;
	(void)level;
	(void)index;
	(void)hash;
	return OK;
}

static void
chain_on(struct journal_reader *r, struct bytes octets)
{
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, BYTES_OF(r->chain));
	digest_add(d, octets);
	digest_peek(d, r->chain);
}

/* One record of the segment; false where the good ones end. */
static bool
record_take(struct journal_reader *r, struct bytes segment, size_t *at)
{
	const uint8_t *p = segment.p + *at;
	size_t left = segment.n - *at;
	uint64_t n = left < RECORD ? UINT64_MAX : number(p, 4);
	if (n > left || left - n < RECORD + TLOG_HASH)
		return false;
	struct bytes octets = bytes(p, RECORD + n);
	uint8_t before[TLOG_HASH], leaf[TLOG_HASH];
	memcpy(before, r->chain, sizeof before);
	chain_on(r, octets);
	if (memcmp(r->chain, p + RECORD + n, TLOG_HASH) != 0) {
		memcpy(r->chain, before, sizeof before);
		return false;
	}
	const struct journal_record record = {.type = p[4], .at = (int64_t)number(p + 8, 8),
	    .payload = bytes(p + RECORD, (size_t)n), .index = r->tree.size};
	tlog_leaf(octets, leaf);
	err_ignore(tlog_append(&r->tree, leaf, keep_nothing, NULL)); /* it only fails at 2^47 records */
	if (r->seen != NULL)
		r->seen(r->arg, &record);
	if (r->grown != NULL)
		r->grown(r->arg, &r->tree, record.at);
	*at += RECORD + (size_t)n + TLOG_HASH;
	return true;
}

/* The head repeats what the segments before it said. */
static void
head_compare(const struct journal_reader *r, const uint8_t *p, const char *file)
{
	if (number(p + 8, 8) != r->segments)
		finding_wrong("journal", "%s/%s: segment %llu stands where %llu is expected", r->name, file,
		    (unsigned long long)number(p + 8, 8), (unsigned long long)r->segments);
	if (number(p + 16, 8) != r->tree.size)
		finding_wrong("journal", "%s/%s: begins at record %llu, expected %llu", r->name, file,
		    (unsigned long long)number(p + 16, 8), (unsigned long long)r->tree.size);
	if (memcmp(p + 40, r->chain, TLOG_HASH) != 0)
		finding_wrong("journal", "%s/%s: does not continue the chain of the segment before", r->name, file);
}

/* Its subtrees are what a start of the key process goes on from: they must be those of the records before. */
static void
subtrees_compare(const struct journal_reader *r, struct bytes segment, const char *file)
{
	size_t at = HEAD;
	for (unsigned level = TLOG_LEVELS; level-- > 0;) {
		if ((r->tree.size >> level & 1) == 0)
			continue;
		if (segment.n < at + TLOG_HASH || memcmp(segment.p + at, r->tree.edge[level], TLOG_HASH) != 0) {
			finding_wrong("journal", "%s/%s: its subtrees are not those of the records before it", r->name, file);
			return;
		}
		at += TLOG_HASH;
	}
}

static void
segment_take(struct journal_reader *r, const char *file, struct bytes segment)
{
	r->segments++;
	if (segment.n < HEAD || memcmp(segment.p, "PARAPHJ1", 8) != 0) {
		finding_wrong("journal", "%s/%s: is not a journal segment", r->name, file);
		return;
	}
	head_compare(r, segment.p, file);
	if (number(segment.p + 16, 8) == r->tree.size)
		subtrees_compare(r, segment, file);
	uint64_t head = HEAD + number(segment.p + 72, 4) * TLOG_HASH + number(segment.p + 76, 4);
	if (head + MAC > segment.n) {
		finding_wrong("journal", "%s/%s: its head is cut", r->name, file);
		return;
	}
	/* The chain of a segment starts from its head with the MAC. */
	digest_sha256(bytes_sub(segment, 0, (size_t)head + MAC), r->chain);
	size_t at = (size_t)head + MAC;
	while (at < segment.n && record_take(r, segment, &at))
		;
	if (at < segment.n)
		finding_wrong("journal", "%s/%s: octet %zu and what follows is not a record of this chain (record %llu)",
		    r->name, file, at, (unsigned long long)r->tree.size);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* A segment that is being made ("00000002.seg.new") gets its name when it is whole. */
static bool
is_unfinished(const char *name)
{
	size_t n = strlen(name);
	return n > 4 && strcmp(name + n - 4, ".new") == 0;
}

static err_t
names_list(const char *folder, char (*names)[NAME_MAX + 1], size_t *ret_n)
{
	size_t n = 0;
	DIR *d = opendir(folder);
	if (d == NULL)
		return err_errno("reading %s", folder);
	bool room = true;
	errno = 0;
	for (struct dirent *e; room && (e = readdir(d)) != NULL;) {
		if (e->d_name[0] == '.' || is_unfinished(e->d_name))
			continue;
		room = n < SEGMENTS_MAX;
		if (room)
			snprintf(names[n++], NAME_MAX + 1, "%s", e->d_name);
	}
	err_t e = errno == 0 ? OK : err_errno("reading %s", folder);
	closedir(d);
	TRY(e);
	if (!room)
		return err_make(ERR_LIMIT, "%s has more than %d segments", folder, SEGMENTS_MAX);
	qsort(names, n, NAME_MAX + 1, by_name);
	*ret_n = n;
	return OK;
}

static err_t
segments_read(const char *folder, char (*names)[NAME_MAX + 1], size_t n, struct journal_reader *r)
{
	for (size_t i = 0; i < n; i++) {
		char path[PATH_MAX];
		AUTO_BUF(segment, SEGMENT_MAX);
		if (snprintf(path, sizeof path, "%s/%s", folder, names[i]) >= PATH_MAX)
			return err_make(ERR_IO, "the path of %s is too long", names[i]);
		TRY(file_read_path(path, &segment));
		segment_take(r, names[i], buf_bytes(&segment));
	}
	return OK;
}

err_t
journal_read(const char *folder, struct journal_reader *r)
{
	char(*names)[NAME_MAX + 1] = calloc(SEGMENTS_MAX, NAME_MAX + 1);
	size_t n = 0;
	if (names == NULL)
		abort();
	if (r->grown != NULL)
		r->grown(r->arg, &r->tree, 0);
	err_t e = names_list(folder, names, &n);
	if (!err_is(e))
		e = segments_read(folder, names, n, r);
	free(names);
	return e;
}
