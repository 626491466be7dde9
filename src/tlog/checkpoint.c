#include "tlog/checkpoint.h"
#include "base/base64.h"

static const char first_line[] = "paraph-checkpoint-v1";

void
checkpoint_write(const struct checkpoint *c, struct buf *b)
{
	char at[TIME_TEXT_MAX];
	time_text(c->at, true, at);
	buf_printf(b, "%s\n%.*s\n%llu\n", first_line, STR_ARG(c->origin), (unsigned long long)c->size);
	base64_write(b, BYTES_OF(c->root));
	buf_printf(b, "\n%s\n", at);
}

static err_t
line_next(struct bytes text, size_t *at, struct str *ret_line)
{
	size_t end = bytes_find(text, *at, bytes("\n", 1));
	if (end == SIZE_MAX)
		return err_make(ERR_INPUT, "the checkpoint is cut");
	TRY(str_check(bytes_sub(text, *at, end), ret_line));
	*at = end + 1;
	return OK;
}

/* Seconds as base/time reads them, then the six digits of the microseconds. */
static err_t
at_read(struct str line, int64_t *ret_at)
{
	char seconds[] = "0000-00-00T00:00:00Z";
	uint64_t us;
	if (line.n != TIME_TEXT_MAX - 1 || line.p[19] != '.' || line.p[26] != 'Z')
		return err_make(ERR_INPUT, "the time of the checkpoint is not one");
	memcpy(seconds, line.p, 19);
	TRY(str_u64((struct str){line.p + 20, 6}, 999999, &us));
	TRY(time_parse(str_c(seconds), ret_at));
	*ret_at += (int64_t)us;
	return OK;
}

err_t
checkpoint_read(struct bytes text, struct checkpoint *ret_checkpoint)
{
	struct checkpoint c = {0};
	struct str line;
	size_t at = 0;
	TRY(line_next(text, &at, &line));
	if (!str_eq(line, str_c(first_line)))
		return err_make(ERR_INPUT, "this is not a checkpoint");
	TRY(line_next(text, &at, &c.origin));
	TRY(line_next(text, &at, &line));
	TRY(str_u64(line, UINT64_MAX, &c.size));
	TRY(line_next(text, &at, &line));
	AUTO_BUF(root, TLOG_HASH);
	TRY(base64_read(line, false, &root));
	if (root.n != TLOG_HASH)
		return err_make(ERR_INPUT, "the root of the checkpoint is not 32 octets");
	memcpy(c.root, root.p, TLOG_HASH);
	TRY(line_next(text, &at, &line));
	TRY(at_read(line, &c.at));
	AUTO_BUF(again, 4096);
	checkpoint_write(&c, &again);
	if (!bytes_eq(buf_bytes(&again), text))
		return err_make(ERR_INPUT, "the checkpoint is not in its one form");
	*ret_checkpoint = c;
	return OK;
}
