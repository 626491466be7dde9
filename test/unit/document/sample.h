/* Small PDFs for tests, written object by object: a table, a cross-reference stream or both behind them. */
#ifndef PARAPH_TEST_DOCUMENT_SAMPLE_H
#define PARAPH_TEST_DOCUMENT_SAMPLE_H

#include "base/buf.h"

enum { SAMPLE_OBJECTS_MAX = 64, SAMPLE_LEN_MAX = 1 << 20 };

struct sample {
	struct buf b;
	size_t offsets[SAMPLE_OBJECTS_MAX];
	const char *trailer; /* more entries of the trailer */
};

static inline void
sample_start(struct sample *s)
{
	*s = (struct sample){.b = buf_init(SAMPLE_LEN_MAX), .trailer = ""};
	buf_put_str(&s->b, STR("%PDF-1.7\n"));
}

static inline void
sample_object(struct sample *s, size_t number, const char *text)
{
	s->offsets[number] = s->b.n;
	buf_printf(&s->b, "%zu 0 obj\n%s\nendobj\n", number, text);
}

/* Catalog, page tree, one page and its content, as objects 1 to 4, with more entries for the first and the third. */
static inline void
sample_page(struct sample *s, const char *catalog, const char *page)
{
	char text[2000];
	snprintf(text, sizeof text, "<</Type /Catalog /Pages 2 0 R %s>>", catalog);
	sample_object(s, 1, text);
	sample_object(s, 2, "<</Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 600 800]>>");
	snprintf(text, sizeof text, "<</Type /Page /Parent 2 0 R /Contents 4 0 R %s>>", page);
	sample_object(s, 3, text);
	sample_object(s, 4, "<</Length 3>>\nstream\nq Q\nendstream");
}

static inline size_t
sample_size(const struct sample *s)
{
	size_t n = 1;
	for (size_t i = 1; i < SAMPLE_OBJECTS_MAX; i++)
		if (s->offsets[i] != 0)
			n = i + 1;
	return n;
}

static inline void
sample_table(struct sample *s, size_t size, const char *more)
{
	size_t at = s->b.n;
	buf_printf(&s->b, "xref\n0 %zu\n0000000000 65535 f\r\n", size);
	for (size_t i = 1; i < size; i++)
		buf_printf(&s->b, "%010zu %05u %c\r\n", s->offsets[i], s->offsets[i] == 0 ? 65535u : 0u,
		    s->offsets[i] == 0 ? 'f' : 'n');
	buf_printf(&s->b, "trailer\n<</Size %zu /Root 1 0 R %s%s>>\nstartxref\n%zu\n%%%%EOF\n", size, more, s->trailer, at);
}

static inline size_t
sample_stream(struct sample *s, size_t size)
{
	size_t at = s->b.n;
	s->offsets[size] = at;
	buf_printf(&s->b, "%zu 0 obj\n<</Type /XRef /W [1 4 1] /Size %zu /Root 1 0 R %s /Length %zu>>\nstream\n", size, size + 1,
	    s->trailer, (size + 1) * 6);
	for (size_t i = 0; i <= size; i++) {
		buf_put_byte(&s->b, s->offsets[i] == 0 ? 0 : 1);
		buf_put_u32(&s->b, (uint32_t)s->offsets[i]);
		buf_put_byte(&s->b, 0);
	}
	buf_put_str(&s->b, STR("\nendstream\nendobj\n"));
	return at;
}

/* flavour: 'c' a table, 's' a stream, 'h' a table that points to a stream as well. */
static inline struct bytes
sample_end(struct sample *s, char flavour)
{
	size_t size = sample_size(s);
	char more[64];
	if (flavour == 'c') {
		sample_table(s, size, "");
		return buf_bytes(&s->b);
	}
	size_t at = sample_stream(s, size);
	if (flavour == 's') {
		buf_printf(&s->b, "startxref\n%zu\n%%%%EOF\n", at);
		return buf_bytes(&s->b);
	}
	snprintf(more, sizeof more, "/XRefStm %zu ", at);
	sample_table(s, size + 1, more);
	return buf_bytes(&s->b);
}

/* The smallest document with these entries. */
static inline struct bytes
sample_make(struct sample *s, char flavour, const char *catalog, const char *page)
{
	sample_start(s);
	sample_page(s, catalog, page);
	return sample_end(s, flavour);
}

static inline void
sample_done(struct sample *s)
{
	buf_done(&s->b);
}

#define AUTO_SAMPLE(name) __attribute__((cleanup(sample_done))) struct sample name = {0}

#endif
