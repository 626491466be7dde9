#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

static const struct err_info registry[] = {
#define ERR(name, number, http, level, slug, text) {number, http, level, #name, slug, text},
#include "base/err.def"
#undef ERR
};

static _Thread_local struct {
	char detail[512];
	char place[128];
} newest;

const struct err_info *
err_info(uint16_t code)
{
	for (size_t i = 0; i < sizeof registry / sizeof registry[0]; i++)
		if (registry[i].code == code)
			return &registry[i];
	return &registry[0]; /* INTERNAL is the first row */
}

static void
place_note(const char *file, int line)
{
	const char *src = strstr(file, "src/");
	snprintf(newest.place, sizeof newest.place, "%s:%d", src != NULL ? src + 4 : file, line);
}

err_t
err_make_at(enum err_code code, const char *file, int line, const char *format, ...)
{
	va_list args;
	char detail[sizeof newest.detail]; /* the arguments may point into the old detail */
	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	memcpy(newest.detail, detail, sizeof detail);
	place_note(file, line);
	return (err_t){(uint16_t)code};
}

err_t
err_errno_at(const char *file, int line, const char *format, ...)
{
	int saved = errno;
	va_list args;
	char detail[sizeof newest.detail];
	va_start(args, format);
	int n = vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof detail)
		snprintf(detail + n, sizeof detail - (size_t)n, ": %s", strerror(saved));
	memcpy(newest.detail, detail, sizeof detail);
	place_note(file, line);
	bool full = saved == ENOSPC || saved == EDQUOT;
	return (err_t){full ? ERR_DISK_FULL : ERR_IO};
}

err_t
err_import(uint16_t code, const char *detail)
{
	return err_make_at(err_info(code)->code, "peer", 0, "%s", detail);
}

const char *
err_detail(void)
{
	return newest.detail;
}

const char *
err_place(void)
{
	return newest.place;
}
