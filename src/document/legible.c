#include "document/legible.h"

#include "ades/pdffile.h"

#include <inttypes.h>
#include <time.h>

enum {
	FILE_MAX = 64 * 1024 * 1024, /* of which a copy is made */
	MEMORY_MAX = 64 * 1024 * 1024,
	SECONDS_MAX = 3, /* of the processor: the document itself needs the rest */
};

/* The end of a file may be cut off or followed by something: that does not count once a revision follows. So one does, which
 * says nothing but where the newest section is. It keeps its distance, as there are objects before every one of ours: whoever counts
 * from the first octet of the file must not find the end of "startxref" there. */
static err_t
continue_file(const struct reader *r, struct buf *b)
{
	buf_put(b, r->file);
	buf_printf(b, "\n%*s\n", (int)r->shift, "");
	size_t at = b->n - r->shift;
	buf_printf(b, "xref\n0 0\ntrailer\n<</Size %" PRIu32 " /Root %" PRIu32 " %u R /Prev %" PRIu64 ">>\nstartxref\n%zu\n%%%%EOF\n",
	    r->size, r->root_ref.number, r->root_ref.generation, r->startxref, at);
	return buf_check(b);
}

/* As pdfdiff parses each object that a revision has. */
static err_t
read_object(struct pdffile *f, const struct pdffile_entry *e)
{
	AUTO_ARENA(scratch, MEMORY_MAX);
	if (e->type == 1) {
		struct pdflex_object o;
		return pdflex_object(f->data, (size_t)e->offset, scratch, &o);
	}
	struct pdffile_object o;
	f->values = scratch;
	err_t r = pdffile_get(f, 0, e->number, &o);
	f->values = f->arena;
	return r;
}

static err_t
read_all(struct pdffile *f)
{
	const struct pdflex_value *root;
	clock_t end = clock() + (clock_t)SECONDS_MAX * CLOCKS_PER_SEC;
	TRY(pdffile_root(f, 0, &root));
	for (size_t i = 0; i < f->sections_n; i++)
		for (size_t j = 0; j < f->sections[i].entries_n; j++) {
			const struct pdffile_entry *e = &f->sections[i].entries[j];
			if (j % 64 == 0 && clock() > end)
				return OK;
			if (e->type != 0 && pdffile_find(f, 0, e->number) == e)
				TRY(read_object(f, e));
		}
	return OK;
}

err_t
legible_check(const struct reader *r)
{
	enum { END_MAX = 2048 };
	if (r->file.n > FILE_MAX)
		return OK;
	AUTO_BUF(all, r->file.n + END_MAX);
	AUTO_ARENA(arena, MEMORY_MAX);
	struct pdffile *f;
	TRY(continue_file(r, &all));
	err_t e = pdffile_read(buf_bytes(&all), arena, &f);
	if (!err_is(e))
		e = read_all(f);
	return e.code == ERR_MEMORY_LIMIT ? OK : e;
}
