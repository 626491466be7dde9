#include "document/reader.h"

#include <math.h>

enum {
	HEADER_WITHIN = 1024, /* octets in which "%PDF-" must start [ISO 32000-2 Annex I] */
	END_WITHIN = 1054,    /* and those in which "startxref" must, as readers look for it */
	HEAD_WITHIN = 4096,   /* octets of a cross-reference stream in which its dictionary is looked at */
	READER_MEMORY = 64 * 1024 * 1024,
};

/* ---- what is seen without parsing ---- */

static err_t
header_find(struct bytes file, uint32_t *ret_shift)
{
	if (file.n == 0)
		return err_make(ERR_PDF_EMPTY, "0 octets");
	size_t at = bytes_find(bytes_sub(file, 0, file.n < HEADER_WITHIN ? file.n : HEADER_WITHIN), 0,
	    str_bytes(STR("%PDF-")));
	if (at == SIZE_MAX)
		return err_make(ERR_PDF_NOT_A_PDF, "it does not start with %%PDF-");
	*ret_shift = (uint32_t)at;
	return OK;
}

/* The number behind the last "startxref". [ISO 32000-2 7.5.5] */
static err_t
startxref_find(struct bytes file, uint64_t *ret_startxref)
{
	size_t from = file.n < END_WITHIN ? 0 : file.n - END_WITHIN, at = SIZE_MAX;
	for (;;) {
		size_t next = bytes_find(file, at == SIZE_MAX ? from : at + 1, str_bytes(STR("startxref")));
		if (next == SIZE_MAX)
			break;
		at = next;
	}
	if (at == SIZE_MAX)
		return err_make(ERR_PDF_TRUNCATED, "no startxref in the last %d octets", END_WITHIN);
	at += strlen("startxref");
	while (at < file.n && (file.p[at] == ' ' || (file.p[at] >= 9 && file.p[at] <= 13)))
		at++;
	size_t end = at;
	while (end < file.n && file.p[end] >= '0' && file.p[end] <= '9')
		end++;
	struct str digits = {(const char *)file.p + at, end - at};
	if (err_is(str_u64(digits, UINT32_MAX * UINT64_C(2), ret_startxref)))
		return err_make(ERR_PDF_DAMAGED, "no number behind startxref");
	return OK;
}

/* Whether a table ("xref") or a stream object stands where startxref points. */
static err_t
section_kind(const struct reader *r, enum plan_xref *ret_kind)
{
	uint64_t at = r->startxref + r->shift;
	if (at >= r->file.n)
		return err_make(ERR_PDF_TRUNCATED, "startxref points to %llu, behind the end", (unsigned long long)at);
	while (at < r->file.n && (r->file.p[at] == ' ' || (r->file.p[at] >= 9 && r->file.p[at] <= 13)))
		at++;
	if (bytes_eq(bytes_sub(r->file, at, at + 4), str_bytes(STR("xref"))))
		*ret_kind = PLAN_CLASSIC;
	else if (at < r->file.n && r->file.p[at] >= '0' && r->file.p[at] <= '9')
		*ret_kind = PLAN_STREAM;
	else
		return err_make(ERR_PDF_DAMAGED, "startxref points to something else");
	return OK;
}

/* A cross-reference stream that states a size beyond the limit is not unpacked to find that out. */
static err_t
size_scan(const struct reader *r)
{
	struct bytes head = bytes_sub(r->file, r->startxref + r->shift, r->file.n);
	head.n = head.n > HEAD_WITHIN ? HEAD_WITHIN : head.n;
	size_t at = bytes_find(head, 0, str_bytes(STR("/Size ")));
	if (at == SIZE_MAX)
		return OK;
	at += strlen("/Size ");
	size_t end = at;
	while (end < head.n && head.p[end] >= '0' && head.p[end] <= '9')
		end++;
	uint64_t size = 0;
	if (end > at && err_is(str_u64((struct str){(const char *)head.p + at, end - at}, LIMIT_DOCUMENT_OBJECTS, &size)))
		return err_make(ERR_PDF_TOO_COMPLEX, "more than %d objects", LIMIT_DOCUMENT_OBJECTS);
	return OK;
}

/* Messages of qpdf quote the file: only plain characters of them are passed on. */
static const char *
plain(struct reader *r, const char *message)
{
	const char *copy;
	if (err_is(arena_str(r->arena, str_c(message), &copy)))
		return "";
	for (char *p = (char *)(uintptr_t)copy; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	return copy;
}

/* ---- opening ---- */

err_t
reader_unreadable(struct reader *r, const char *what)
{
	while (qpdf_more_warnings(r->q))
		if (strstr(qpdf_get_error_message_detail(r->q, qpdf_next_warning(r->q)), "bad_alloc") != NULL)
			return err_make(ERR_PDF_TOO_COMPLEX, "%s: memory ended", what);
	return err_make(ERR_PDF_DAMAGED, "%s", what);
}

static err_t
open_error(struct reader *r)
{
	qpdf_error e = qpdf_get_error(r->q);
	const char *detail = e == NULL ? "" : plain(r, qpdf_get_error_message_detail(r->q, e));
	switch (e == NULL ? qpdf_e_internal : qpdf_get_error_code(r->q, e)) {
	case qpdf_e_password:
		return err_make(ERR_PDF_ENCRYPTED, "it needs a password");
	case qpdf_e_unsupported: /* a security handler that qpdf does not know, or a filter */
		return err_make(strstr(detail, "crypt") != NULL ? ERR_PDF_ENCRYPTED : ERR_PDF_DAMAGED, "%s", detail);
	case qpdf_e_internal:
	case qpdf_e_system:
		return err_make(ERR_PDF_TOO_COMPLEX, "%s", detail);
	default:
		/* qpdf passes its own failure on as one of the file. */
		if (strstr(detail, "bad_alloc") != NULL)
			return err_make(ERR_PDF_TOO_COMPLEX, "%s", detail);
		return reader_unreadable(r, detail);
	}
}

static err_t
too_many(unsigned long long n)
{
	return err_make(ERR_PDF_TOO_COMPLEX, "%llu objects, at most %d are allowed", n, LIMIT_DOCUMENT_OBJECTS);
}

/* qpdf warns when /Size is too small; new numbers must be above every old one. */
static err_t
size_from_warnings(struct reader *r, uint32_t *size)
{
	while (qpdf_more_warnings(r->q)) {
		const char *detail = qpdf_get_error_message_detail(r->q, qpdf_next_warning(r->q));
		const char *number = strstr(detail, "not one plus the highest object number (");
		if (number == NULL)
			continue;
		unsigned long highest = strtoul(strchr(number, '(') + 1, NULL, 10);
		if (highest >= LIMIT_DOCUMENT_OBJECTS)
			return too_many(highest);
		if (highest >= *size)
			*size = (uint32_t)highest + 1;
	}
	return OK;
}

static err_t
read_size(struct reader *r)
{
	int64_t size = 0;
	if (!reader_integer(r, reader_key(r, r->trailer, "/Size"), &size) || size < 1)
		return err_make(ERR_PDF_DAMAGED, "the trailer has no /Size");
	if (size > LIMIT_DOCUMENT_OBJECTS)
		return too_many((unsigned long long)size);
	r->size = (uint32_t)size;
	TRY(size_from_warnings(r, &r->size));
	void *seen = NULL;
	TRY(arena_get(r->arena, r->size / 8 + 1, &seen));
	r->seen = seen;
	return OK;
}

static err_t
read_root(struct reader *r)
{
	r->root = reader_key(r, r->trailer, "/Root");
	if (!reader_ref(r, r->root, &r->root_ref) || !qpdf_oh_is_dictionary(r->q, r->root))
		return reader_unreadable(r, "the trailer has no /Root, or the document catalog cannot be read");
	if (!reader_is_dictionary(r, reader_key(r, r->root, "/Pages")))
		return reader_unreadable(r, "the document catalog has no /Pages");
	return OK;
}

static err_t
open_qpdf(struct reader *r)
{
	r->q = qpdf_init();
	qpdf_silence_errors(r->q);
	qpdf_set_suppress_warnings(r->q, QPDF_TRUE);
	/* No repair: what we understood after a repair need not be what the reader's program shows. */
	qpdf_set_attempt_recovery(r->q, QPDF_FALSE);
	QPDF_ERROR_CODE code = qpdf_read_memory(r->q, "document", (const char *)r->file.p, r->file.n, NULL);
	if ((code & (QPDF_ERRORS)) != 0)
		return open_error(r);
	if (qpdf_is_encrypted(r->q))
		return err_make(ERR_PDF_ENCRYPTED, "it has restrictions, even though it opens without a password");
	r->trailer = qpdf_get_trailer(r->q);
	if (r->xref == PLAN_CLASSIC && reader_has(r, r->trailer, "/XRefStm"))
		r->xref = PLAN_HYBRID;
	TRY(read_size(r));
	return read_root(r);
}

err_t
reader_new(struct bytes file, struct reader **ret_reader)
{
	AUTO_READER(r);
	r = calloc(1, sizeof *r);
	if (r == NULL)
		abort();
	r->file = file;
	r->arena = arena_new(READER_MEMORY);
	TRY(header_find(file, &r->shift));
	if (file.n > (uint64_t)LIMIT_DOCUMENT_MB * 1024 * 1024)
		return err_make(ERR_PDF_TOO_LARGE, "%zu octets, at most %d MiB are allowed", file.n, LIMIT_DOCUMENT_MB);
	TRY(startxref_find(file, &r->startxref));
	TRY(section_kind(r, &r->xref));
	TRY(size_scan(r));
	TRY(open_qpdf(r));
	TRY(reader_check(r));
	*ret_reader = r;
	r = NULL;
	return OK;
}

void
reader_free(struct reader *r)
{
	if (r == NULL)
		return;
	if (r->q != NULL)
		qpdf_cleanup(&r->q);
	arena_free(r->arena);
	free(r);
}

/* ---- asking ---- */

bool
reader_is_dictionary(struct reader *r, qpdf_oh oh)
{
	return qpdf_oh_is_dictionary(r->q, oh) || qpdf_oh_is_stream(r->q, oh);
}

qpdf_oh
reader_key(struct reader *r, qpdf_oh oh, const char *key)
{
	if (!qpdf_oh_is_stream(r->q, oh))
		return qpdf_oh_get_key_if_dict(r->q, oh, key);
	qpdf_oh dictionary = qpdf_oh_get_dict(r->q, oh), value = qpdf_oh_get_key_if_dict(r->q, dictionary, key);
	qpdf_oh_release(r->q, dictionary);
	return value;
}

bool
reader_has(struct reader *r, qpdf_oh oh, const char *key)
{
	qpdf_oh value = reader_key(r, oh, key);
	bool has = !qpdf_oh_is_null(r->q, value);
	qpdf_oh_release(r->q, value);
	return has;
}

bool
reader_is_name(struct reader *r, qpdf_oh oh, const char *key, const char *name)
{
	qpdf_oh value = reader_key(r, oh, key);
	bool is = qpdf_oh_is_name_and_equals(r->q, value, name);
	qpdf_oh_release(r->q, value);
	return is;
}

size_t
reader_count(struct reader *r, qpdf_oh array)
{
	if (!qpdf_oh_is_array(r->q, array))
		return 0;
	int n = qpdf_oh_get_array_n_items(r->q, array);
	return n < 0 ? 0 : (size_t)n;
}

qpdf_oh
reader_item(struct reader *r, qpdf_oh array, size_t i)
{
	return qpdf_oh_get_array_item(r->q, array, (int)i);
}

bool
reader_ref(struct reader *r, qpdf_oh oh, struct literal_ref *ret_ref)
{
	if (!qpdf_oh_is_indirect(r->q, oh))
		return false;
	int number = qpdf_oh_get_object_id(r->q, oh), generation = qpdf_oh_get_generation(r->q, oh);
	if (number <= 0 || generation < 0 || generation > UINT16_MAX)
		return false;
	*ret_ref = (struct literal_ref){(uint32_t)number, (uint16_t)generation};
	return true;
}

bool
reader_number(struct reader *r, qpdf_oh oh, double *ret_value)
{
	double value;
	if (!qpdf_oh_get_value_as_number(r->q, oh, &value) || !isfinite(value))
		return false;
	*ret_value = value;
	return true;
}

bool
reader_integer(struct reader *r, qpdf_oh oh, int64_t *ret_value)
{
	long long value;
	if (!qpdf_oh_get_value_as_longlong(r->q, oh, &value))
		return false;
	*ret_value = value;
	return true;
}

struct bytes
reader_octets(struct reader *r, qpdf_oh oh)
{
	struct bytes copy = {NULL, 0};
	if (!qpdf_oh_is_string(r->q, oh))
		return copy;
	size_t n = 0;
	const char *p = qpdf_oh_get_binary_string_value(r->q, oh, &n);
	if (p == NULL || err_is(arena_copy(r->arena, bytes(p, n), &copy)))
		return (struct bytes){NULL, 0};
	return copy;
}

struct str
reader_text(struct reader *r, qpdf_oh oh)
{
	if (!qpdf_oh_is_string(r->q, oh))
		return STR("");
	size_t n = 0;
	const char *p = qpdf_oh_get_binary_utf8_value(r->q, oh, &n);
	struct bytes copy;
	struct str text;
	if (p == NULL || err_is(arena_copy(r->arena, bytes(p, n), &copy)) || err_is(str_check(copy, &text)))
		return STR("?");
	return text;
}

bool
reader_meet(struct reader *r, struct literal_ref ref)
{
	if (ref.number >= r->size || (r->seen[ref.number / 8] >> ref.number % 8 & 1))
		return false;
	r->seen[ref.number / 8] |= (uint8_t)(1u << ref.number % 8);
	return true;
}

void
reader_forget(struct reader *r)
{
	memset(r->seen, 0, r->size / 8 + 1);
}

/* ---- writing down what was read ---- */

void
reader_put(struct reader *r, qpdf_oh oh, struct buf *b)
{
	const char *text = qpdf_oh_unparse_binary(r->q, oh);
	if (text == NULL || *text == '\0')
		text = "null";
	buf_put(b, bytes(text, strlen(text)));
}

static bool
key_is_skipped(const char *key, const char *const *skip)
{
	for (; *skip != NULL; skip++)
		if (strcmp(key, *skip) == 0)
			return true;
	return false;
}

/* A key as a name token: qpdf knows how to escape it. */
static void
put_key(struct reader *r, const char *key, struct buf *b)
{
	qpdf_oh name = qpdf_oh_new_name(r->q, key);
	buf_put_byte(b, ' ');
	reader_put(r, name, b);
	buf_put_byte(b, ' ');
	qpdf_oh_release(r->q, name);
}

void
reader_put_entries(struct reader *r, qpdf_oh dictionary, const char *const *skip, struct buf *b)
{
	if (qpdf_oh_is_stream(r->q, dictionary))
		dictionary = qpdf_oh_get_dict(r->q, dictionary);
	if (!qpdf_oh_is_dictionary(r->q, dictionary))
		return;
	qpdf_oh_begin_dict_key_iter(r->q, dictionary);
	while (qpdf_oh_dict_more_keys(r->q)) {
		const char *key = qpdf_oh_dict_next_key(r->q);
		if (key_is_skipped(key, skip))
			continue;
		qpdf_oh value = qpdf_oh_get_key(r->q, dictionary, key);
		if (!qpdf_oh_is_null(r->q, value) || qpdf_oh_is_indirect(r->q, value)) {
			put_key(r, key, b);
			reader_put(r, value, b);
		}
		qpdf_oh_release(r->q, value);
	}
}

err_t
reader_check(struct reader *r)
{
	if (!qpdf_has_error(r->q))
		return OK;
	qpdf_error e = qpdf_get_error(r->q);
	enum qpdf_error_code_e code = qpdf_get_error_code(r->q, e);
	const char *detail = plain(r, qpdf_get_error_message_detail(r->q, e));
	if (code == qpdf_e_internal || code == qpdf_e_system)
		return err_make(ERR_PDF_TOO_COMPLEX, "%s", detail);
	return err_make(ERR_PDF_DAMAGED, "%s", detail);
}
