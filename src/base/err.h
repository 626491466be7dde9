/*
 * Errors. An error is born once, where it is noticed, with a detail and its place; the layers above pass it on with
 * TRY() and add nothing. The registry err.def gives each a stable number, an HTTP status, a log level, a slug and a
 * sentence. The detail of the newest error of a thread is kept in that thread until the next one is born.
 * err_t is a must-use struct, so that neither ignoring it nor mixing it with int compiles.
 */
#ifndef PARAPH_BASE_ERR_H
#define PARAPH_BASE_ERR_H

#include "base/banned.h"
#include <stdbool.h>
#include <stdint.h>

enum err_code {
	ERR_OK = 0,
#define ERR(name, number, http, level, slug, text) ERR_##name = number,
#include "base/err.def"
#undef ERR
};

typedef struct [[nodiscard]] err {
	uint16_t code; /* enum err_code */
} err_t;

/* One row of the registry. */
struct err_info {
	uint16_t code;
	uint16_t http;      /* status on the API */
	int level;          /* syslog level */
	const char *name;   /* "DISK_FULL" */
	const char *slug;   /* "disk-full" */
	const char *text;   /* one sentence for a person */
};

#define OK ((err_t){ERR_OK})

/* What makes an error never gives OK. Said where the compiler sees it, so that it knows which outputs are set behind TRY. */
static inline err_t
err_surely(err_t e)
{
	if (e.code == ERR_OK)
		abort();
	return e;
}

/* Makes an error: ERR_code, and what exactly was wrong (where, which value, how to fix), printf style. */
#define err_make(code, ...) err_surely(err_make_at((code), __FILE__, __LINE__, __VA_ARGS__))
err_t err_make_at(enum err_code code, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same with ": <strerror(errno)>" behind the detail; ENOSPC and EDQUOT become ERR_DISK_FULL. */
#define err_errno(...) err_surely(err_errno_at(__FILE__, __LINE__, __VA_ARGS__))
err_t err_errno_at(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Detail and place of the newest error of this thread; never NULL, valid until the next err_make of the thread. */
const char *err_detail(void);
const char *err_place(void);

/* Sets the detail of an error that crossed a process border, so that it is born only once for the reader. */
err_t err_import(uint16_t code, const char *detail);

/* The registry row of a code; unknown codes give the row of ERR_INTERNAL. */
const struct err_info *err_info(uint16_t code);

/* Drops an error on purpose; say why beside the call. */
static inline void
err_ignore(err_t e)
{
	(void)e;
}

static inline bool
err_is(err_t e)
{
	return e.code != ERR_OK;
}

/* Returns from the calling function when the expression fails. */
#define TRY(expression)                                                                                                \
	do {                                                                                                           \
		err_t try_result_ = (expression);                                                                      \
		if (try_result_.code != ERR_OK)                                                                        \
			return try_result_;                                                                            \
	} while (0)

#endif
