/* PDF files made by hand, revision by revision, with tables. */
#ifndef PARAPH_TEST_ADES_REVISIONS_H
#define PARAPH_TEST_ADES_REVISIONS_H

#include "ades/pdffile.h"
#include "base/buf.h"
#include "unit.h"

struct object {
	uint32_t number;
	const char *text;
	bool freed;
};

enum { OBJECTS_MAX = 24 };

/* Appends objects (number 0 ends the list) and a table; trailer: more of its entries. */
static inline void
put_revision(struct buf *file, const struct object *objects, const char *trailer, unsigned size)
{
	size_t offsets[OBJECTS_MAX], at;
	uint64_t previous = 0;
	if (file->n == 0)
		buf_put_str(file, STR("%PDF-1.7\n"));
	else
		assert_ok(pdffile_end(buf_bytes(file), file->n, &previous));
	for (size_t i = 0; objects[i].number != 0; i++) {
		assert_true(i < OBJECTS_MAX);
		offsets[i] = file->n;
		if (!objects[i].freed)
			buf_printf(file, "%u 0 obj\n%s\nendobj\n", objects[i].number, objects[i].text);
	}
	at = file->n;
	buf_put_str(file, STR("xref\n"));
	for (size_t i = 0; objects[i].number != 0; i++)
		buf_printf(file, "%u 1\n%010zu %05u %c\r\n", objects[i].number, objects[i].freed ? 0 : offsets[i],
		    objects[i].freed ? 1 : 0, objects[i].freed ? 'f' : 'n');
	buf_printf(file, "trailer\n<</Size %u /Root 1 0 R %s", size, trailer);
	if (previous > 0)
		buf_printf(file, " /Prev %llu", (unsigned long long)previous);
	buf_printf(file, ">>\nstartxref\n%zu\n%%%%EOF\n", at);
	assert_ok(buf_check(file));
}

#endif
