#include "core/canon.h"

#include <stdarg.h>

#include "base/base64.h"
#include "base/log.h"
#include "base/time.h"

enum { CANON_MAX = 4 * 1024 * 1024, CANON_FLAGS = JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY };

json_t *
canon_pack(const char *format, ...)
{
	json_error_t error;
	va_list args;
	va_start(args, format);
	json_t *j = json_vpack_ex(&error, 0, format, args);
	va_end(args);
	if (j == NULL) {
		log_event(LOG_CRIT, "json-pack", "format", format, "detail", error.text, NULL);
		abort();
	}
	return j;
}

static int
append(const char *text, size_t n, void *arg)
{
	buf_put(arg, bytes(text, n));
	return 0;
}

err_t
canon_write(const json_t *j, struct buf *b)
{
	if (json_dump_callback(j, append, b, CANON_FLAGS) != 0)
		return err_make(ERR_INTERNAL, "JSON that cannot be written");
	return buf_check(b);
}

static int
add(const char *text, size_t n, void *arg)
{
	digest_add(arg, bytes(text, n));
	return 0;
}

void
canon_digest(const json_t *j, uint8_t ret_sha256[DIGEST_SHA256_LEN])
{
	AUTO_DIGEST(d, DIGEST_SHA256);
	if (json_dump_callback(j, add, d, CANON_FLAGS) != 0)
		abort(); /* canon_pack and canon_read let nothing in that cannot be written */
	digest_peek(d, ret_sha256);
}

err_t
canon_read(struct bytes text, json_t **ret_j)
{
	json_error_t error;
	json_t *j = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &error);
	if (j == NULL)
		return err_make(ERR_INPUT, "JSON line %d column %d: %s", error.line, error.column, error.text);
	*ret_j = j;
	return OK;
}

static json_t *
must(json_t *j)
{
	if (j == NULL)
		abort();
	return j;
}

json_t *
canon_str(struct str s)
{
	return must(json_stringn(s.n == 0 ? "" : s.p, s.n));
}

/* Of characters that are ASCII because of how they were made. */
static json_t *
ascii(const struct buf *b)
{
	return must(json_stringn_nocheck(b->n == 0 ? "" : (const char *)b->p, b->n));
}

json_t *
canon_hex(struct bytes octets)
{
	AUTO_BUF(b, CANON_MAX);
	buf_put_hex(&b, octets);
	return ascii(&b);
}

json_t *
canon_base64(struct bytes octets)
{
	AUTO_BUF(b, CANON_MAX);
	base64_write(&b, octets);
	return ascii(&b);
}

json_t *
canon_time(int64_t at)
{
	char text[TIME_TEXT_MAX];
	if (at == 0)
		return must(json_null());
	time_text(at, true, text);
	return must(json_string(text));
}

int
canon_cut(const char *text, size_t max)
{
	size_t n = strnlen(text, max + 1);
	if (n > max)
		for (n = max; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
			;
	return (int)n;
}
