#include "pdf/increment.h"

#include <assert.h>
#include <inttypes.h>
#include <zlib.h>

void
increment_start(struct increment *inc, const struct plan *plan, uint64_t base, uint64_t startxref, uint32_t next,
    struct buf *out)
{
	assert(out->n == 0 && base >= plan->shift);
	inc->plan = plan;
	inc->base = base;
	inc->startxref = startxref;
	inc->next = next;
	inc->out = out;
	inc->over = false;
	inc->entries_n = 0;
	/* The file before may end without an end of line. */
	buf_put_byte(out, '\n');
}

struct literal_ref
increment_number(struct increment *inc)
{
	return (struct literal_ref){inc->next++, 0};
}

static uint64_t
here(const struct increment *inc)
{
	return inc->base + inc->out->n - inc->plan->shift;
}

static void
note(struct increment *inc, struct literal_ref ref)
{
	if (inc->entries_n == INCREMENT_OBJECTS_MAX) {
		inc->over = true;
		return;
	}
	inc->entries[inc->entries_n++] = (struct increment_entry){ref, here(inc)};
}

void
increment_object(struct increment *inc, struct literal_ref ref)
{
	note(inc, ref);
	buf_printf(inc->out, "%" PRIu32 " %u obj\n", ref.number, ref.generation);
}

void
increment_object_end(struct increment *inc)
{
	buf_put_str(inc->out, STR("\nendobj\n"));
}

void
increment_stream(struct increment *inc, struct literal_ref ref, struct bytes entries, struct bytes data)
{
	increment_object(inc, ref);
	buf_put_str(inc->out, STR("<<"));
	buf_put(inc->out, entries);
	buf_printf(inc->out, " /Length %zu>>\nstream\n", data.n);
	buf_put(inc->out, data);
	buf_put_str(inc->out, STR("\nendstream"));
	increment_object_end(inc);
}

void
increment_pack(struct bytes data, struct buf *b)
{
	/* zlib clears its tables at every start: small ones for small data, or that takes longer than the work itself. */
	enum { SMALL = 1536, SMALL_WINDOW = 12, SMALL_MEMORY = 3, LARGE_WINDOW = 15, LARGE_MEMORY = 8 };
	bool small = data.n <= SMALL;
	z_stream z = {.next_in = (Bytef *)(uintptr_t)data.p, .avail_in = (uInt)data.n};
	if (data.n > LIMIT_INCREMENT ||
	    deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, small ? SMALL_WINDOW : LARGE_WINDOW,
	        small ? SMALL_MEMORY : LARGE_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	uLong room = deflateBound(&z, data.n);
	uint8_t *packed = malloc(room);
	if (packed == NULL)
		abort();
	z.next_out = packed;
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	buf_put(b, bytes(packed, z.total_out));
	deflateEnd(&z);
	free(packed);
}

void
increment_deflated(struct increment *inc, struct literal_ref ref, struct bytes entries, struct bytes data)
{
	AUTO_BUF(packed, LIMIT_INCREMENT);
	AUTO_BUF(all, 64 * 1024);
	increment_pack(data, &packed);
	buf_put(&all, entries);
	buf_put_str(&all, STR(" /Filter /FlateDecode"));
	inc->over = inc->over || packed.over || all.over;
	increment_stream(inc, ref, buf_bytes(&all), buf_bytes(&packed));
}

/* ---- the section ---- */

static int
entry_compare(const void *a, const void *b)
{
	const struct increment_entry *x = a, *y = b;
	return x->ref.number < y->ref.number ? -1 : x->ref.number > y->ref.number;
}

/* One past the last entry of the run of consecutive numbers that starts at from. */
static size_t
run_end(const struct increment *inc, size_t from)
{
	size_t to = from + 1;
	while (to < inc->entries_n && inc->entries[to].ref.number == inc->entries[to - 1].ref.number + 1)
		to++;
	return to;
}

/* What table and stream say alike. */
static void
put_trailer_entries(struct increment *inc)
{
	struct buf *out = inc->out;
	const struct plan *plan = inc->plan;
	buf_printf(out, "/Size %" PRIu32 " /Root ", inc->next);
	literal_reference(out, plan->root);
	if (plan->info.number != 0) {
		buf_put_str(out, STR(" /Info "));
		literal_reference(out, plan->info);
	}
	if (plan->id[0].n != 0) {
		buf_put_str(out, STR(" /ID ["));
		literal_octets(out, plan->id[0]);
		literal_octets(out, plan->id[1]);
		buf_put_str(out, STR("]"));
	}
	buf_put(out, plan->trailer);
	buf_printf(out, " /Prev %" PRIu64, inc->startxref);
}

/* [ISO 32000-2 7.5.4]: lines of exactly 20 octets. */
static void
put_table(struct increment *inc)
{
	buf_put_str(inc->out, STR("xref\n"));
	for (size_t from = 0; from < inc->entries_n;) {
		size_t to = run_end(inc, from);
		buf_printf(inc->out, "%" PRIu32 " %zu\n", inc->entries[from].ref.number, to - from);
		for (; from < to; from++)
			buf_printf(inc->out, "%010" PRIu64 " %05u n\r\n", inc->entries[from].offset,
			    inc->entries[from].ref.generation);
	}
	buf_put_str(inc->out, STR("trailer\n<<"));
	put_trailer_entries(inc);
	buf_put_str(inc->out, STR(">>\n"));
}

/* [ISO 32000-2 7.5.8]: each entry is type 1, five octets of place, two of generation. */
static void
put_stream(struct increment *inc, struct literal_ref self)
{
	struct buf *out = inc->out;
	buf_printf(out, "%" PRIu32 " 0 obj\n<</Type /XRef /W [1 5 2] /Index [", self.number);
	for (size_t from = 0; from < inc->entries_n;) {
		size_t to = run_end(inc, from);
		buf_printf(out, "%s%" PRIu32 " %zu", from == 0 ? "" : " ", inc->entries[from].ref.number, to - from);
		from = to;
	}
	buf_put_str(out, STR("] "));
	put_trailer_entries(inc);
	buf_printf(out, " /Length %zu>>\nstream\n", inc->entries_n * 8);
	for (size_t i = 0; i < inc->entries_n; i++) {
		buf_put_byte(out, 1);
		buf_put_byte(out, (uint8_t)(inc->entries[i].offset >> 32));
		buf_put_u32(out, (uint32_t)inc->entries[i].offset);
		buf_put_u16(out, inc->entries[i].ref.generation);
	}
	buf_put_str(out, STR("\nendstream\nendobj\n"));
}

err_t
increment_finish(struct increment *inc, uint64_t *ret_startxref)
{
	struct literal_ref self = {0, 0};
	uint64_t section = here(inc);
	if (inc->plan->xref == PLAN_STREAM) {
		self = increment_number(inc);
		note(inc, self);
	}
	if (inc->over)
		return err_make(ERR_LIMIT, "more than %d objects, or one too large, in an increment", INCREMENT_OBJECTS_MAX);
	qsort(inc->entries, inc->entries_n, sizeof inc->entries[0], entry_compare);
	if (inc->plan->xref == PLAN_STREAM)
		put_stream(inc, self);
	else
		put_table(inc);
	buf_printf(inc->out, "startxref\n%" PRIu64 "\n%%%%EOF\n", section);
	TRY(buf_check(inc->out));
	*ret_startxref = section;
	return OK;
}
