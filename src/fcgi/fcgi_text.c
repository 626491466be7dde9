#include "fcgi/fcgi_text.h"

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The octet that %XX at raw[at] stands for; -1 when it is broken. */
static int
escape_read(struct bytes raw, size_t at)
{
	if (raw.n - at < 3)
		return -1;
	int high = hex_digit(raw.p[at + 1]), low = hex_digit(raw.p[at + 2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static err_t
unescape(struct bytes raw, bool plus, struct buf *ret)
{
	for (size_t i = 0; i < raw.n; i++) {
		int c = raw.p[i];
		if (c == '%') {
			c = escape_read(raw, i);
			if (c < 0)
				return err_make(ERR_REQUEST_HEAD, "a %% is not followed by two hex digits");
			i += 2;
		} else if (plus && c == '+') {
			c = ' ';
		}
		buf_put_byte(ret, (uint8_t)c);
	}
	return buf_check(ret);
}

err_t
fcgi_text_unescape(struct bytes raw, struct buf *ret)
{
	return unescape(raw, false, ret);
}

/* Escapes that some readers decode before and some after they split the path. */
static err_t
escapes_check(struct bytes raw)
{
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] <= ' ' || raw.p[i] >= 0x7f || raw.p[i] == '\\')
			return err_make(ERR_REQUEST_HEAD, "the path holds the octet %02x", raw.p[i]);
		if (raw.p[i] != '%')
			continue;
		int c = escape_read(raw, i);
		if (c == '/' || c == '\\' || c == '\0' || c == '%')
			return err_make(ERR_REQUEST_HEAD, "the path holds %%%02X", (unsigned)c);
	}
	return OK;
}

static err_t
segment_check(struct bytes segment, bool last)
{
	bool dots = (segment.n == 1 && segment.p[0] == '.') || (segment.n == 2 && memcmp(segment.p, "..", 2) == 0);
	if (dots || (segment.n == 0 && !last))
		return err_make(ERR_REQUEST_HEAD, "the path has an empty segment, \".\" or \"..\"");
	return OK;
}

static err_t
segments_check(struct bytes path)
{
	if (path.n == 0 || path.p[0] != '/')
		return err_make(ERR_REQUEST_HEAD, "the path does not begin with a slash");
	for (size_t from = 1; from <= path.n;) {
		size_t to = bytes_find(path, from, bytes("/", 1));
		bool last = to == SIZE_MAX;
		if (last)
			to = path.n;
		TRY(segment_check(bytes_sub(path, from, to), last));
		from = to + 1;
	}
	return OK;
}

err_t
fcgi_text_path(struct bytes raw, struct buf *ret_path)
{
	struct str text;
	TRY(escapes_check(raw));
	TRY(unescape(raw, false, ret_path));
	if (str_check(buf_bytes(ret_path), &text).code != ERR_OK)
		return err_make(ERR_REQUEST_HEAD, "the path is not clean UTF-8");
	return segments_check(buf_bytes(ret_path));
}

/* The next "name=value" of the query at *at. */
static bool
query_next(struct bytes query, size_t *at, struct bytes *ret_name, struct bytes *ret_value)
{
	if (*at >= query.n)
		return false;
	size_t to = bytes_find(query, *at, bytes("&", 1));
	if (to == SIZE_MAX)
		to = query.n;
	struct bytes pair = bytes_sub(query, *at, to);
	size_t equals = bytes_find(pair, 0, bytes("=", 1));
	*ret_name = bytes_sub(pair, 0, equals == SIZE_MAX ? pair.n : equals);
	*ret_value = equals == SIZE_MAX ? (struct bytes){0} : bytes_sub(pair, equals + 1, pair.n);
	*at = to + 1;
	return true;
}

err_t
fcgi_text_query(struct bytes query, const char *name, struct buf *ret_value)
{
	struct bytes wanted = {0}, found_name, found_value;
	unsigned times = 0;
	for (size_t at = 0; query_next(query, &at, &found_name, &found_value);)
		if (bytes_eq(found_name, bytes(name, strlen(name)))) {
			wanted = found_value;
			times++;
		}
	if (times == 0)
		return err_make(ERR_NOT_FOUND, "the query has no %s", name);
	if (times > 1)
		return err_make(ERR_REQUEST_HEAD, "the query has %s more than once", name);
	struct str text;
	TRY(unescape(wanted, true, ret_value));
	if (str_check(buf_bytes(ret_value), &text).code != ERR_OK)
		return err_make(ERR_REQUEST_HEAD, "%s in the query is not clean UTF-8", name);
	return OK;
}
