#include "base/log.h"
#include "base/buf.h"

#include <stdarg.h>
#include <sys/time.h>

#include "base/time.h"

enum { LINE_MAX_OCTETS = 4096 };

static struct {
	const char *program;
	int level;
} self = {"paraph", LOG_INFO};

void
log_init(const char *program, int level)
{
	self.program = program;
	self.level = level;
}

/* JSON text; what is not clean UTF-8 (a terminal escape, a control, a broken sequence) comes out as its number. */
static void
put_quoted(struct buf *b, const char *text)
{
	struct bytes left = bytes(text, strlen(text));
	buf_put_byte(b, '"');
	while (left.n > 0) {
		uint32_t point;
		size_t n = str_decode(left, &point);
		if (n == 0)
			buf_put_str(b, STR("\\ufffd"));
		else if (point == '"' || point == '\\')
			buf_printf(b, "\\%c", (char)point);
		else if (str_refuses(point) && point > 0xffff)
			buf_put_str(b, STR("\\ufffd"));
		else if (str_refuses(point))
			buf_printf(b, "\\u%04x", (unsigned)point);
		else
			buf_put(b, bytes_sub(left, 0, n));
		left = bytes_sub(left, n == 0 ? 1 : n, left.n);
	}
	buf_put_byte(b, '"');
}

static void
line_start(struct buf *b, int level, const char *event)
{
	static const char *const names[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
	struct timeval now; /* the one wall clock read outside os/clock: a log line must never fail */
	char text[TIME_TEXT_MAX];
	gettimeofday(&now, NULL);
	time_text((int64_t)now.tv_sec * TIME_SECOND + now.tv_usec, true, text);
	buf_printf(b, "{\"time\":\"%s\",\"program\":\"%s\",\"pid\":%d,\"level\":\"%s\",\"event\":", text, self.program,
	    (int)getpid(), names[level & 7]);
	put_quoted(b, event);
}

static void
line_end(struct buf *b)
{
	buf_put_str(b, STR("}\n"));
	/* Nobody is left to tell when the log cannot be written; evidence lives in the audit log, not here. */
	ssize_t n = write(STDERR_FILENO, b->p, b->n);
	(void)n;
}

void
log_event(int level, const char *event, ...)
{
	if (level > self.level)
		return;
	AUTO_BUF(b, LINE_MAX_OCTETS);
	line_start(&b, level, event);
	if (b.over) { /* no event of ours is that long; the line still has to be whole */
		buf_reset(&b);
		line_start(&b, level, "event-too-long");
	}
	va_list args;
	va_start(args, event);
	for (const char *name; (name = va_arg(args, const char *)) != NULL;) {
		const char *value = va_arg(args, const char *);
		size_t before = b.n;
		buf_put_byte(&b, ',');
		put_quoted(&b, name);
		buf_put_byte(&b, ':');
		put_quoted(&b, value == NULL ? "" : value);
		if (b.over || b.n > LINE_MAX_OCTETS - 16) { /* leave this value out, keep the line whole */
			b.n = before;
			b.over = false;
		}
	}
	va_end(args);
	line_end(&b);
}

void
log_error(err_t e, const char *event)
{
	const struct err_info *info = err_info(e.code);
	char number[8];
	snprintf(number, sizeof number, "%u", (unsigned)e.code);
	log_event(info->level, event, "error", info->name, "number", number, "detail", err_detail(), "place",
	    err_place(), NULL);
}

void
log_security(const char *event, const char *detail)
{
	log_event(LOG_WARNING, event, "security", "1", "detail", detail, NULL);
}
