#include "keys/segment.h"

static const uint8_t magic[8] = "PARAPHJ1";

enum { TOGETHER = 5, SECTOR = 512 }; /* an octet of a record; the least that a disk writes */

static uint32_t
read_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t
read_u64(const uint8_t *p)
{
	return (uint64_t)read_u32(p) << 32 | read_u32(p + 4);
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

void
segment_tree_add(struct tlog *tree, struct bytes record_octets)
{
	uint8_t leaf[TLOG_HASH];
	tlog_leaf(record_octets, leaf);
	if (err_is(tlog_append(tree, leaf, keep_nothing, NULL)))
		abort(); /* 2^47 records */
}

/* The complete subtrees at the right edge, the largest first. */
static void
put_edge(struct buf *b, const struct tlog *tree)
{
	for (unsigned level = TLOG_LEVELS; level-- > 0;)
		if (tree->size >> level & 1)
			buf_put(b, BYTES_OF(tree->edge[level]));
}

static void
take_edge(const uint8_t *p, struct tlog *tree)
{
	for (unsigned level = TLOG_LEVELS; level-- > 0;)
		if (tree->size >> level & 1) {
			memcpy(tree->edge[level], p, TLOG_HASH);
			p += TLOG_HASH;
		}
}

void
segment_head_write(struct buf *b, const struct segment_head *head)
{
	static const uint8_t zeros[7];
	buf_put(b, BYTES_OF(magic));
	buf_put_u64(b, head->number);
	buf_put_u64(b, head->tree.size);
	buf_put_u64(b, (uint64_t)head->opened_at);
	buf_put_byte(b, head->role);
	buf_put(b, BYTES_OF(zeros));
	buf_put(b, BYTES_OF(head->chain));
	buf_put_u32(b, (uint32_t)__builtin_popcountll(head->tree.size));
	buf_put_u32(b, (uint32_t)head->snapshot.n);
	put_edge(b, &head->tree);
	buf_put(b, head->snapshot);
}

err_t
segment_head_read(struct bytes octets, struct segment_head *ret_head, size_t *ret_n)
{
	const uint8_t *p = octets.p;
	if (octets.n < SEGMENT_HEAD_FIXED || memcmp(p, magic, sizeof magic) != 0)
		return err_make(ERR_JOURNAL, "the segment does not start as one");
	struct segment_head head = {.number = read_u64(p + 8), .opened_at = (int64_t)read_u64(p + 24), .role = p[32]};
	head.tree.size = read_u64(p + 16);
	size_t edge_n = read_u32(p + 72) * (size_t)SEGMENT_HASH;
	size_t snapshot_n = read_u32(p + 76);
	if (head.tree.size >> TLOG_LEVELS != 0
	    || edge_n != (size_t)__builtin_popcountll(head.tree.size) * SEGMENT_HASH || snapshot_n > SEGMENT_SNAPSHOT_MAX
	    || octets.n - SEGMENT_HEAD_FIXED < edge_n + snapshot_n)
		return err_make(ERR_JOURNAL, "the head of the segment is malformed");
	memcpy(head.chain, p + 40, SEGMENT_HASH);
	take_edge(p + SEGMENT_HEAD_FIXED, &head.tree);
	head.snapshot = bytes(p + SEGMENT_HEAD_FIXED + edge_n, snapshot_n);
	*ret_head = head;
	*ret_n = SEGMENT_HEAD_FIXED + edge_n + snapshot_n;
	return OK;
}

void
segment_record_write(struct buf *b, const struct segment_record *record)
{
	static const uint8_t zeros[3];
	buf_put_u32(b, (uint32_t)record->payload.n);
	buf_put_byte(b, record->type);
	buf_put(b, BYTES_OF(zeros));
	buf_put_u64(b, (uint64_t)record->at);
	buf_put(b, record->payload);
}

void
segment_record_together(uint8_t *record_octets)
{
	record_octets[TOGETHER] = 1;
}

/* Whether the octets before a payload can be those of a record. */
static bool
fixed_part_good(const uint8_t *p)
{
	return read_u32(p) <= SEGMENT_PAYLOAD_MAX && p[4] != 0 && p[TOGETHER] <= 1 && p[6] == 0 && p[7] == 0;
}

err_t
segment_record_read(struct bytes octets, size_t *at, struct segment_record *ret_record)
{
	if (octets.n - *at < SEGMENT_RECORD_FIXED)
		return err_make(ERR_JOURNAL, "the octets end inside a record");
	const uint8_t *p = octets.p + *at;
	uint32_t n = read_u32(p);
	if (!fixed_part_good(p) || n > octets.n - *at - SEGMENT_RECORD_FIXED)
		return err_make(ERR_JOURNAL, "no record stands at octet %zu", *at);
	*ret_record = (struct segment_record){p[4], (int64_t)read_u64(p + 8), bytes(p + SEGMENT_RECORD_FIXED, n)};
	*at += SEGMENT_RECORD_FIXED + n;
	return OK;
}

void
segment_chain(uint8_t chain[SEGMENT_HASH], struct bytes record_octets)
{
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, bytes(chain, SEGMENT_HASH));
	digest_add(d, record_octets);
	digest_end(d, chain);
}

/* Whether a whole record with its right chain value stands at from; its end otherwise untouched. */
static bool
good_at(struct bytes octets, size_t from, const uint8_t before[SEGMENT_HASH], struct segment_record *ret_record,
    size_t *ret_end)
{
	size_t end = from;
	if (err_is(segment_record_read(octets, &end, ret_record)) || octets.n - end < SEGMENT_HASH)
		return false;
	uint8_t chain[SEGMENT_HASH];
	memcpy(chain, before, sizeof chain);
	segment_chain(chain, bytes_sub(octets, from, end));
	if (memcmp(chain, octets.p + end, sizeof chain) != 0)
		return false;
	*ret_end = end;
	return true;
}

/* Whether the tail is one whole record but for a changed length. */
static bool
whole_but_for_length(struct bytes octets, size_t from, const uint8_t before[SEGMENT_HASH])
{
	size_t n = octets.n - from;
	if (n < SEGMENT_RECORD_FIXED + SEGMENT_HASH || n > SEGMENT_RECORD_FIXED + SEGMENT_PAYLOAD_MAX + SEGMENT_HASH)
		return false;
	size_t payload = n - SEGMENT_RECORD_FIXED - SEGMENT_HASH;
	const uint8_t length[4] = {0, (uint8_t)(payload >> 16), (uint8_t)(payload >> 8), (uint8_t)payload};
	AUTO_DIGEST(d, DIGEST_SHA256);
	digest_add(d, bytes(before, SEGMENT_HASH));
	digest_add(d, BYTES_OF(length));
	digest_add(d, bytes_sub(octets, from + sizeof length, octets.n - SEGMENT_HASH));
	uint8_t chain[SEGMENT_HASH];
	digest_end(d, chain);
	return memcmp(chain, octets.p + octets.n - SEGMENT_HASH, sizeof chain) == 0;
}

/* Whether what looks like a record at `at` lies within the payload of the record at from: core chooses some payloads. A changed
 * length that makes a later record look like that is told by the chain value before it. */
static bool
within_payload(struct bytes octets, size_t from, size_t at, const uint8_t before[SEGMENT_HASH])
{
	const uint8_t *p = octets.p + from;
	return fixed_part_good(p) && at - from < (size_t)read_u32(p) + SEGMENT_RECORD_FIXED + SEGMENT_HASH
	    && !whole_but_for_length(bytes_sub(octets, 0, at), from, before);
}

/* The first record in the tail that continues some 32 octets of it as its chain; octets.n: none. What lies before was whole
 * once then, and was changed, if one of them began a write: the writes before it were durable. */
static size_t
good_later(struct bytes octets, size_t from, const uint8_t before[SEGMENT_HASH], bool *ret_began)
{
	struct segment_record record;
	size_t end, first = octets.n, at = from + SEGMENT_RECORD_FIXED + SEGMENT_HASH;
	*ret_began = false;
	for (; at + SEGMENT_RECORD_FIXED + SEGMENT_HASH <= octets.n; at++) {
		if (octets.p[at + 4] == 0 || !good_at(octets, at, octets.p + at - SEGMENT_HASH, &record, &end)
		    || within_payload(octets, from, at, before))
			continue;
		*ret_began |= octets.p[at + TOGETHER] == 0;
		first = at < first ? at : first;
		at = end + SEGMENT_HASH - 1;
	}
	return first;
}

/* Whether a record that ends at `end` began a write. Its chain value says nothing: the one before it is lost. */
static bool
began_before(struct bytes octets, size_t from, size_t end)
{
	for (size_t at = from + SEGMENT_RECORD_FIXED + SEGMENT_HASH; at + SEGMENT_RECORD_FIXED + SEGMENT_HASH <= end; at++)
		if (fixed_part_good(octets.p + at) && read_u32(octets.p + at) == end - at - SEGMENT_RECORD_FIXED - SEGMENT_HASH)
			return octets.p[at + TOGETHER] == 0;
	return false;
}

static bool
zeros_only(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] != 0)
			return false;
	return true;
}

/* Whether the disk never got a sector, or what a write began in one: it need not take them in order. */
static bool
has_hole(struct bytes octets, size_t from, size_t to)
{
	for (size_t at = from, border; at < to; at = border) {
		border = at / SECTOR * SECTOR + SECTOR;
		if (border <= to && border - at >= SEGMENT_RECORD_FIXED && zeros_only(bytes_sub(octets, at, border)))
			return true;
	}
	return false;
}

/* Whether the tail is a whole record but for the end of its chain value, which would stand in a sector that the disk never got. */
static bool
whole_but_for_chain_end(struct bytes octets, size_t from, const uint8_t before[SEGMENT_HASH])
{
	struct segment_record record;
	size_t end = from, border = (octets.n - 1) / SECTOR * SECTOR;
	if (err_is(segment_record_read(octets, &end, &record)) || octets.n - end != SEGMENT_HASH || border <= end)
		return false;
	uint8_t chain[SEGMENT_HASH];
	memcpy(chain, before, sizeof chain);
	segment_chain(chain, bytes_sub(octets, from, end));
	return memcmp(chain, octets.p + end, border - end) == 0 && zeros_only(bytes_sub(octets, border, octets.n));
}

/* Whether the tail is what an interrupted write leaves behind. */
static bool
unfinished(struct bytes octets, size_t from, const uint8_t before[SEGMENT_HASH])
{
	bool began;
	size_t rest = octets.n - from, later = good_later(octets, from, before, &began);
	if (began || whole_but_for_length(octets, from, before))
		return false;
	if (has_hole(octets, from, later < octets.n ? later - SEGMENT_HASH : later))
		return !began_before(octets, from, later);
	if (later < octets.n)
		return false;
	if (rest < SEGMENT_RECORD_FIXED || whole_but_for_chain_end(octets, from, before))
		return true;
	if (zeros_only(bytes_sub(octets, octets.n - (rest < SEGMENT_HASH ? rest : SEGMENT_HASH), octets.n)))
		return true;
	/* the file stops before the record does */
	const uint8_t *p = octets.p + from;
	return fixed_part_good(p) && (size_t)read_u32(p) + SEGMENT_RECORD_FIXED + SEGMENT_HASH > rest;
}

err_t
segment_walk(struct bytes octets, size_t *at, uint8_t chain[SEGMENT_HASH], segment_seen_f seen, void *arg,
    bool *ret_torn)
{
	while (*at < octets.n) {
		struct segment_record record;
		size_t end;
		if (!good_at(octets, *at, chain, &record, &end)) {
			if (!unfinished(octets, *at, chain))
				return err_make(ERR_JOURNAL, "the journal was changed at octet %zu", *at);
			*ret_torn = true;
			return OK;
		}
		TRY(seen(arg, &record, bytes_sub(octets, *at, end)));
		memcpy(chain, octets.p + end, SEGMENT_HASH);
		*at = end + SEGMENT_HASH;
	}
	*ret_torn = false;
	return OK;
}
