#include "ades/pdffile.h"

#include "ades/pdffilter.h"

enum {
	HEADER_WITHIN = 1024, /* [ISO 32000-1 annex H.3.4.1]: what readers accept before the header */
	END_SPACE_MAX = 512,  /* behind the end marker: some readers look for startxref in the last 1,024 octets only */
	SPACE_MAX = 2,        /* where an offset leads: a line end */
};

struct pdffile_stream {
	struct pdffile_stream *next;
	uint32_t number;
	uint64_t offset; /* of the object stream in the file: revisions may redefine the number */
	struct bytes data;
	uint64_t first, n;
	struct {
		uint32_t number;
		uint64_t place; /* from first */
	} *head;        /* n of them */
};

static err_t
wrong(size_t at, const char *what)
{
	return err_make(ERR_PDF_STRICT, "at octet %zu: %s", at, what);
}

/* What all readers take for white space: not NUL. */
static bool
is_space(uint8_t c)
{
	return memchr(" \t\n\f\r", c, 5) != NULL;
}

/* ---- the end of a revision ---- */

err_t
pdffile_end(struct bytes data, size_t end, uint64_t *ret_startxref)
{
	if (end > data.n)
		return wrong(end, "behind the end of the file");
	size_t at = end;
	while (at > 0 && end - at < END_SPACE_MAX && is_space(data.p[at - 1]))
		at--;
	if (at < 5 || memcmp(data.p + at - 5, "%%EOF", 5) != 0)
		return wrong(end, "no revision ends here");
	size_t eof = at - 5, low = eof > 64 ? eof - 64 : 0;
	size_t word = SIZE_MAX;
	struct bytes tail = bytes_sub(data, 0, eof);
	for (size_t i = bytes_find(tail, low, bytes("startxref", 9)); i != SIZE_MAX;
	    i = bytes_find(tail, i + 1, bytes("startxref", 9)))
		word = i;
	uint64_t value;
	if (word == SIZE_MAX)
		return wrong(eof, "no startxref before the end marker");
	at = word;
	if (!pdflex_word(tail, &at, "startxref"))
		return wrong(word, "no startxref");
	at = pdflex_space(tail, at);
	if (!pdflex_digits(tail, &at, &value) || pdflex_space(tail, at) != eof)
		return wrong(word, "startxref is not followed by a number and the end marker");
	*ret_startxref = value;
	return OK;
}

/* ---- streams ---- */

err_t
pdffile_decode(struct pdffile *f, size_t revision, const struct pdflex_value *dict, struct bytes data,
    struct bytes *ret_data)
{
	const struct pdflex_value *filter, *parms;
	TRY(pdffile_member(f, revision, dict, "Filter", &filter));
	TRY(pdffile_member(f, revision, dict, "DecodeParms", &parms));
	return pdffilter_decode(f->arena, filter, parms, data, ret_data);
}

err_t
pdffile_plain(struct arena *arena, const struct pdflex_value *dict, struct bytes data, struct bytes *ret_data)
{
	return pdffilter_decode(arena, pdflex_get(dict, "Filter"), pdflex_get(dict, "DecodeParms"), data, ret_data);
}

/* ---- cross-reference sections ---- */

static err_t
add_section(struct pdffile *f, struct pdffile_section **ret)
{
	if (f->sections_n == PDFFILE_SECTIONS_MAX)
		return err_make(ERR_PDF_STRICT, "more than %d revisions", PDFFILE_SECTIONS_MAX);
	if (f->sections_n == f->sections_room) {
		void *p;
		size_t room = f->sections_room == 0 ? 8 : 2 * f->sections_room;
		TRY(arena_get(f->arena, room * sizeof *f->sections, &p));
		if (f->sections_n > 0)
			memcpy(p, f->sections, f->sections_n * sizeof *f->sections);
		f->sections = p;
		f->sections_room = room;
	}
	*ret = &f->sections[f->sections_n];
	return OK;
}

static err_t
grow(struct pdffile *f, struct pdffile_section *s, uint64_t n)
{
	if (n > PDFFILE_OBJECTS_MAX - s->entries_n)
		return err_make(ERR_PDF_STRICT, "more objects than are read here");
	size_t wanted = s->entries_n + (size_t)n;
	if (wanted <= s->entries_room)
		return OK;
	size_t room = s->entries_room == 0 ? wanted : wanted + wanted / 2;
	void *p;
	TRY(arena_get(f->arena, room * sizeof *s->entries, &p));
	if (s->entries_n > 0)
		memcpy(p, s->entries, s->entries_n * sizeof *s->entries);
	s->entries = p;
	s->entries_room = room;
	return OK;
}

/* One line of a table: ten digits, five digits, n or f. [7.5.4] */
static bool
read_line(struct bytes d, size_t *at, struct pdffile_entry *e)
{
	uint64_t offset, generation;
	size_t i = *at;
	if (!pdflex_digits(d, &i, &offset) || i - *at != 10 || i >= d.n || d.p[i] != ' ')
		return false;
	size_t second = ++i;
	if (!pdflex_digits(d, &i, &generation) || i - second != 5 || i >= d.n || d.p[i] != ' ')
		return false;
	i++;
	bool used = pdflex_word(d, &i, "n");
	if (!used && !pdflex_word(d, &i, "f"))
		return false;
	e->type = used ? 1 : 0;
	e->offset = offset;
	e->more = (uint32_t)generation;
	e->table = PDFFILE_TABLE_AGREES;
	*at = pdflex_space(d, i);
	return true;
}

/* Where an offset that the file states is; one behind the end stays there. */
static uint64_t
place(const struct pdffile *f, uint64_t offset)
{
	return offset <= f->data.n ? offset + f->shift : offset;
}

/* Offsets may name white space before a section or object: to all readers that is the place behind it. */
static uint64_t
behind_space(const struct pdffile *f, uint64_t at)
{
	for (size_t i = 0; i < SPACE_MAX && at < f->data.n && is_space(f->data.p[at]); i++)
		at++;
	return at;
}

uint64_t
pdffile_place(const struct pdffile *f, uint64_t offset)
{
	return behind_space(f, place(f, offset));
}

static err_t
read_table(struct pdffile *f, size_t at, struct pdffile_section *s)
{
	at = pdflex_space(f->data, at + 4);
	while (!pdflex_word(f->data, &at, "trailer")) {
		uint64_t first, n;
		size_t start = at;
		if (!pdflex_digits(f->data, &at, &first) || first > UINT32_MAX)
			return wrong(start, "no subsection of a cross-reference table");
		at = pdflex_space(f->data, at);
		if (!pdflex_digits(f->data, &at, &n) || n > f->data.n / 18 || first + n > UINT32_MAX)
			return wrong(start, "no subsection of a cross-reference table");
		at = pdflex_space(f->data, at);
		TRY(grow(f, s, n));
		for (uint64_t i = 0; i < n; i++) {
			struct pdffile_entry *e = &s->entries[s->entries_n];
			if (!read_line(f->data, &at, e))
				return wrong(at, "no line of a cross-reference table");
			e->number = (uint32_t)(first + i);
			e->offset = e->type == 1 ? place(f, e->offset) : e->offset;
			s->entries_n++;
		}
	}
	struct pdflex_value *trailer;
	TRY(pdflex_value(f->data, &at, f->arena, &trailer));
	if (trailer->kind != PDFLEX_DICT)
		return wrong(at, "the trailer is no dictionary");
	s->trailer = trailer;
	s->end = at;
	return OK;
}

static uint64_t
field(const uint8_t *p, size_t width)
{
	uint64_t v = 0;
	for (size_t i = 0; i < width; i++)
		v = v << 8 | p[i];
	return v;
}

/* /W [a b c] */
static err_t
read_widths(const struct pdflex_value *dict, size_t ret[3])
{
	const struct pdflex_value *w = pdflex_get(dict, "W"), *m = w != NULL ? w->first : NULL;
	for (size_t i = 0; i < 3; i++, m = m->next) {
		if (m == NULL || m->kind != PDFLEX_INTEGER || m->integer < 0 || m->integer > 8)
			return err_make(ERR_PDF_STRICT, "/W of a cross-reference stream");
		ret[i] = (size_t)m->integer;
	}
	return m == NULL && ret[1] > 0 ? OK : err_make(ERR_PDF_STRICT, "/W of a cross-reference stream");
}

/* Rows of one subsection of a cross-reference stream. [7.5.8.3 Table 18] */
static err_t
read_rows(struct pdffile *f, struct pdffile_section *s, struct bytes *rows, const size_t w[3], uint64_t first, uint64_t n)
{
	size_t row = w[0] + w[1] + w[2];
	if (n > rows->n / row || first + n > UINT32_MAX)
		return wrong(s->at, "a cross-reference stream is too short");
	TRY(grow(f, s, n));
	for (uint64_t i = 0; i < n; i++) {
		const uint8_t *p = rows->p + i * row;
		uint64_t type = w[0] ? field(p, w[0]) : 1, offset = field(p + w[0], w[1]), more = field(p + w[0] + w[1], w[2]);
		if (more > UINT32_MAX)
			return wrong(s->at, "a cross-reference stream with an impossible entry");
		if (type > 2) /* "a reference to the null object", and with one bit a way to make the newest signature vanish */
			return wrong(s->at, "a cross-reference stream with an entry of a type that is not known");
		s->entries[s->entries_n++] = (struct pdffile_entry){.number = (uint32_t)(first + i), .type = (uint8_t)type,
		    .more = (uint32_t)more, .offset = type == 1 ? place(f, offset) : offset};
	}
	*rows = bytes_sub(*rows, (size_t)n * row, rows->n);
	return OK;
}

static err_t
read_stream_entries(struct pdffile *f, struct pdffile_section *s, struct bytes rows)
{
	size_t w[3];
	TRY(read_widths(s->trailer, w));
	const struct pdflex_value *size = pdflex_get(s->trailer, "Size"), *index = pdflex_get(s->trailer, "Index");
	if (size == NULL || size->kind != PDFLEX_INTEGER || size->integer < 1)
		return wrong(s->at, "/Size of a cross-reference stream");
	if (index == NULL)
		return read_rows(f, s, &rows, w, 0, (uint64_t)size->integer);
	if (index->kind != PDFLEX_ARRAY)
		return wrong(s->at, "/Index of a cross-reference stream");
	for (const struct pdflex_value *m = index->first; m != NULL; m = m->next->next) {
		if (m->kind != PDFLEX_INTEGER || m->integer < 0 || m->next == NULL || m->next->kind != PDFLEX_INTEGER
		    || m->next->integer < 0)
			return wrong(s->at, "/Index of a cross-reference stream");
		TRY(read_rows(f, s, &rows, w, (uint64_t)m->integer, (uint64_t)m->next->integer));
	}
	return rows.n < w[0] + w[1] + w[2] ? OK : wrong(s->at, "a cross-reference stream with rows for no object");
}

static err_t
read_stream_section(struct pdffile *f, size_t at, struct pdffile_section *s)
{
	struct pdflex_object o;
	struct bytes data, rows;
	TRY(pdflex_object(f->data, at, f->arena, &o));
	const struct pdflex_value *length = pdflex_get(o.value, "Length");
	if (!o.stream || !pdflex_is(pdflex_get(o.value, "Type"), "XRef") || length == NULL
	    || length->kind != PDFLEX_INTEGER || length->integer < 0)
		return wrong(at, "no cross-reference section starts here");
	TRY(pdflex_stream(f->data, &o, (uint64_t)length->integer, &data));
	s->stream = true;
	s->trailer = o.value;
	s->end = o.end;
	TRY(pdffilter_decode(f->arena, pdflex_get(o.value, "Filter"), pdflex_get(o.value, "DecodeParms"), data, &rows));
	return read_stream_entries(f, s, rows);
}

static int
by_number(const void *a, const void *b)
{
	const struct pdffile_entry *x = a, *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

/* An object twice in one section is two answers. */
static err_t
sort_entries(struct pdffile_section *s)
{
	if (s->entries_n > 0)
		qsort(s->entries, s->entries_n, sizeof *s->entries, by_number);
	for (size_t i = 1; i < s->entries_n; i++)
		if (s->entries[i].number == s->entries[i - 1].number)
			return wrong(s->at, "a section names an object twice");
	return OK;
}

static uint32_t
read_size(const struct pdflex_value *trailer)
{
	const struct pdflex_value *size = pdflex_get(trailer, "Size");
	return size != NULL && size->kind == PDFLEX_INTEGER && size->integer > 0 && size->integer <= UINT32_MAX ? (uint32_t)size->integer : 0;
}

static err_t
read_section(struct pdffile *f, size_t at, struct pdffile_section *s)
{
	size_t word = at;
	*s = (struct pdffile_section){.at = at};
	if (at >= f->data.n)
		return wrong(at, "a cross-reference section behind the end of the file");
	if (pdflex_word(f->data, &word, "xref"))
		TRY(read_table(f, at, s));
	else
		TRY(read_stream_section(f, at, s));
	s->size = read_size(s->trailer);
	return sort_entries(s);
}

static const struct pdffile_entry *
find_in(const struct pdffile_section *s, uint32_t number)
{
	struct pdffile_entry key = {.number = number};
	return s->entries_n == 0 ? NULL : bsearch(&key, s->entries, s->entries_n, sizeof key, by_number);
}

bool
pdffile_same_entry(const struct pdffile_entry *a, const struct pdffile_entry *b)
{
	bool has_a = a != NULL && a->type != 0, has_b = b != NULL && b->type != 0;
	if (!has_a || !has_b)
		return has_a == has_b;
	return a->type == b->type && a->offset == b->offset && a->more == b->more;
}

/* A section of the chain; a single one leaves its offsets as they stand. */
static err_t
read_settled(struct pdffile *f, size_t at, struct pdffile_section *s)
{
	TRY(read_section(f, at, s));
	for (size_t i = 0; i < s->entries_n; i++)
		if (s->entries[i].type == 1)
			s->entries[i].offset = behind_space(f, s->entries[i].offset);
	return OK;
}

/* A hybrid section: objects that the table hides as free or leaves out are where the stream says. [7.5.8.4] */
static err_t
merge_hybrid(struct pdffile *f, struct pdffile_section *s)
{
	const struct pdflex_value *v = pdflex_get(s->trailer, "XRefStm");
	if (s->stream || v == NULL)
		return OK;
	struct pdffile_section hidden;
	if (v->kind != PDFLEX_INTEGER || v->integer <= 0)
		return wrong(s->at, "/XRefStm");
	s->hybrid_at = (size_t)pdffile_place(f, (uint64_t)v->integer);
	TRY(read_settled(f, s->hybrid_at, &hidden));
	if (!hidden.stream)
		return wrong(s->hybrid_at, "/XRefStm is no stream");
	s->size = hidden.size < s->size ? hidden.size : s->size;
	size_t had = s->entries_n;
	TRY(grow(f, s, hidden.entries_n));
	struct pdffile_section table = *s;
	for (size_t i = 0; i < hidden.entries_n; i++) {
		struct pdffile_entry *e = (struct pdffile_entry *)(uintptr_t)find_in(&table, hidden.entries[i].number);
		if (e == NULL) {
			s->entries[s->entries_n] = hidden.entries[i];
			s->entries[s->entries_n++].table = PDFFILE_TABLE_SILENT;
		} else if (!pdffile_same_entry(e, &hidden.entries[i])) {
			bool is_free = e->type == 0;
			*e = is_free ? hidden.entries[i] : *e;
			e->table = is_free ? PDFFILE_TABLE_FREE : PDFFILE_TABLE_DISAGREES;
		}
	}
	return had == s->entries_n ? OK : sort_entries(s);
}

/* The offset of the section before it, as it stands; 0: none. [7.5.5] One that is written as 0 is wrong: some readers take
 * it for none, others look for a section there and then look for objects everywhere. */
static err_t
read_previous(const struct pdffile_section *s, uint64_t *ret_offset)
{
	const struct pdflex_value *v = pdflex_get(s->trailer, "Prev");
	*ret_offset = 0;
	if (v == NULL)
		return OK;
	if (v->kind != PDFLEX_INTEGER || v->integer <= 0)
		return wrong(s->at, "/Prev");
	*ret_offset = (uint64_t)v->integer;
	return OK;
}

bool
pdffile_is_section(struct bytes data, size_t at)
{
	struct pdflex_object o;
	AUTO_ARENA(scratch, 16 * 1024 * 1024);
	return pdflex_word(data, &at, "xref")
	       || (!err_is(pdflex_object(data, at, scratch, &o)) && pdflex_is(pdflex_get(o.value, "Type"), "XRef"));
}

/* Some readers count offsets from the first octet of the file and not from "%PDF-": they must not find another document. */
static bool
is_ambiguous(const struct pdffile *f, uint64_t offset, size_t at)
{
	if (f->shift == 0 || offset > f->data.n)
		return false;
	size_t other = pdflex_space(f->data, (size_t)offset);
	return other < at /* else nothing but space is on the way to this one */ && pdffile_is_section(f->data, other);
}

/* Some readers look for the first line of a table too early by as many octets as they passed over before "xref": they must
 * find white space there, or they look for objects everywhere. */
static bool
is_read_alike(const struct pdffile *f, uint64_t offset, size_t at)
{
	size_t word = at, before = at - (size_t)place(f, offset);
	bool alike = true;
	for (pdflex_word(f->data, &word, "xref"); word > at && before > 0; before--, word++)
		alike &= word < f->data.n && is_space(f->data.p[word]);
	return alike;
}

static err_t
read_chain(struct pdffile *f, uint64_t offset)
{
	while (offset != 0) {
		struct pdffile_section *s;
		size_t at = (size_t)pdffile_place(f, offset);
		TRY(add_section(f, &s));
		for (size_t i = 0; i < f->sections_n; i++)
			if (f->sections[i].at == at || f->sections[i].hybrid_at == at)
				return wrong(at, "the chain of cross-reference sections turns back");
		if (is_ambiguous(f, offset, at))
			return wrong(at, "counted from the first octet of the file there is another cross-reference section");
		if (!is_read_alike(f, offset, at))
			return wrong(at, "white space before \"xref\"");
		TRY(read_settled(f, at, s));
		TRY(merge_hybrid(f, s));
		if (pdflex_get(s->trailer, "Encrypt") != NULL)
			return err_make(ERR_PDF_ENCRYPTED, "the trailer has /Encrypt");
		f->sections_n++;
		TRY(read_previous(s, &offset));
	}
	return OK;
}

bool
pdffile_ends_revision(const struct pdffile *f, size_t i, size_t *ret_at)
{
	uint64_t value;
	size_t at = pdflex_space(f->data, f->sections[i].end);
	if (!pdflex_word(f->data, &at, "startxref"))
		return false;
	at = pdflex_space(f->data, at);
	if (!pdflex_digits(f->data, &at, &value))
		return false;
	*ret_at = at;
	return true;
}

/* The file ends behind a section of the chain: the newest, or the main one of a linearized file. Else startxref was bent
 * to pass over newer revisions. */
static bool
ends_behind(const struct pdffile *f, size_t i)
{
	size_t at;
	return i < f->sections_n && pdffile_ends_revision(f, i, &at) && pdflex_space(f->data, at) == f->data.n;
}

err_t
pdffile_read(struct bytes data, struct arena *arena, struct pdffile **ret_file)
{
	size_t shift = bytes_find(bytes_sub(data, 0, data.n < HEADER_WITHIN ? data.n : HEADER_WITHIN), 0, bytes("%PDF-", 5));
	if (shift == SIZE_MAX)
		return err_make(ERR_PDF_STRICT, "the file does not start with %%PDF-");
	void *p;
	uint64_t startxref;
	TRY(arena_get(arena, sizeof(struct pdffile), &p));
	struct pdffile *f = p;
	f->data = data;
	f->shift = shift;
	f->arena = arena;
	f->values = arena;
	TRY(pdffile_end(data, data.n, &startxref));
	if (startxref == 0 || startxref >= data.n - shift)
		return wrong(data.n, "startxref points nowhere");
	TRY(read_chain(f, startxref));
	if (!ends_behind(f, 0) && !(f->sections_n == 2 && ends_behind(f, 1)))
		return wrong((size_t)startxref, "startxref passes over what follows");
	*ret_file = f;
	return OK;
}

err_t
pdffile_section_read(struct bytes data, size_t at, struct arena *arena, struct pdffile_section *ret_section)
{
	void *p;
	TRY(arena_get(arena, sizeof(struct pdffile), &p));
	struct pdffile *f = p;
	f->data = data;
	f->arena = f->values = arena;
	return read_section(f, at, ret_section);
}

/* ---- objects ---- */

const struct pdffile_entry *
pdffile_find(const struct pdffile *f, size_t revision, uint32_t number)
{
	for (size_t i = revision; i < f->sections_n; i++) {
		const struct pdffile_entry *e = find_in(&f->sections[i], number);
		if (e != NULL)
			return e;
	}
	return NULL;
}

const struct pdffile_entry *
pdffile_find_shown(const struct pdffile *f, size_t revision, uint32_t number)
{
	for (size_t i = revision; i < f->sections_n; i++) {
		const struct pdffile_entry *e = find_in(&f->sections[i], number);
		if (e != NULL && e->table != PDFFILE_TABLE_SILENT)
			return e->table == PDFFILE_TABLE_FREE ? NULL : e;
	}
	return NULL;
}

/* /Length, direct or by reference to a plain integer. */
static err_t
stream_length(struct pdffile *f, size_t revision, const struct pdflex_value *dict, uint64_t *ret)
{
	const struct pdflex_value *v = pdflex_get(dict, "Length");
	struct pdflex_object o;
	if (v != NULL && v->kind == PDFLEX_REFERENCE) {
		const struct pdffile_entry *e = pdffile_find(f, revision, (uint32_t)v->integer);
		struct pdffile_object found;
		v = NULL;
		if (e != NULL && e->type == 1) {
			TRY(pdflex_object(f->data, (size_t)e->offset, f->values, &o));
			v = o.stream ? NULL : o.value;
		} else if (e != NULL && e->type == 2) {
			/* An integer in an object stream: that stream's own /Length must be direct, or this would not end. */
			TRY(pdffile_get(f, revision, e->number, &found));
			v = found.value;
		}
	}
	if (v == NULL || v->kind != PDFLEX_INTEGER || v->integer < 0)
		return err_make(ERR_PDF_STRICT, "a stream without /Length");
	*ret = (uint64_t)v->integer;
	return OK;
}

static err_t
get_plain(struct pdffile *f, size_t revision, const struct pdffile_entry *e, bool container, struct pdffile_object *ret)
{
	struct pdflex_object o;
	if (e->offset >= f->data.n)
		return wrong((size_t)e->offset, "an object behind the end of the file");
	TRY(pdflex_object(f->data, (size_t)e->offset, f->values, &o));
	if (o.number != e->number || o.generation != e->more)
		return wrong((size_t)e->offset, "another object than the cross-reference says");
	*ret = (struct pdffile_object){.value = o.value, .source = f->data, .stream = o.stream, .entry = *e, .at = o.at,
	    .end = o.end};
	if (!o.stream)
		return OK;
	const struct pdflex_value *direct = pdflex_get(o.value, "Length");
	uint64_t length;
	if (container && direct != NULL && direct->kind == PDFLEX_REFERENCE) {
		const struct pdffile_entry *l = pdffile_find(f, revision, (uint32_t)direct->integer);
		if (l == NULL || l->type != 1)
			return wrong((size_t)e->offset, "an object stream whose /Length lies in an object stream");
	}
	TRY(stream_length(f, revision, o.value, &length));
	TRY(pdflex_stream(f->data, &o, length, &ret->data));
	ret->end = o.end;
	return OK;
}

/* The head of an object stream: pairs of number and place. [7.5.7] */
static err_t
read_stream_head(struct arena *arena, struct pdffile_stream *s)
{
	size_t at = pdflex_space(s->data, 0);
	uint64_t number;
	void *p;
	if (s->n > s->data.n / 2)
		return err_make(ERR_PDF_STRICT, "the head of object stream %u", s->number);
	TRY(arena_get(arena, (size_t)s->n * sizeof *s->head, &p));
	s->head = p;
	for (uint64_t i = 0; i < s->n; i++) {
		if (!pdflex_digits(s->data, &at, &number) || number > UINT32_MAX)
			return err_make(ERR_PDF_STRICT, "the head of object stream %u", s->number);
		s->head[i].number = (uint32_t)number;
		at = pdflex_space(s->data, at);
		if (!pdflex_digits(s->data, &at, &s->head[i].place))
			return err_make(ERR_PDF_STRICT, "the head of object stream %u", s->number);
		at = pdflex_space(s->data, at);
	}
	return OK;
}

/* The inflated object stream, kept for the next object in it. [7.5.7] */
static err_t
open_stream(struct pdffile *f, size_t revision, uint32_t number, struct pdffile_stream **ret)
{
	const struct pdffile_entry *e = pdffile_find(f, revision, number);
	if (e == NULL || e->type != 1)
		return err_make(ERR_PDF_STRICT, "object stream %u is not there", number);
	for (struct pdffile_stream *s = f->streams; s != NULL; s = s->next)
		if (s->number == number && s->offset == e->offset) {
			*ret = s;
			return OK;
		}
	struct pdffile_object o;
	TRY(get_plain(f, revision, e, true, &o));
	const struct pdflex_value *n = pdflex_get(o.value, "N"), *first = pdflex_get(o.value, "First");
	if (!o.stream || !pdflex_is(pdflex_get(o.value, "Type"), "ObjStm") || n == NULL || n->kind != PDFLEX_INTEGER
	    || n->integer < 0 || first == NULL || first->kind != PDFLEX_INTEGER || first->integer < 0)
		return wrong(o.at, "no object stream");
	void *p;
	TRY(arena_get(f->arena, sizeof **ret, &p));
	struct pdffile_stream *s = p;
	*s = (struct pdffile_stream){.next = f->streams, .number = number, .offset = e->offset,
	    .first = (uint64_t)first->integer, .n = (uint64_t)n->integer};
	TRY(pdffilter_decode(f->arena, pdflex_get(o.value, "Filter"), pdflex_get(o.value, "DecodeParms"), o.data, &s->data));
	TRY(read_stream_head(f->arena, s));
	f->streams = s;
	*ret = s;
	return OK;
}

static err_t
get_compressed(struct pdffile *f, size_t revision, const struct pdffile_entry *e, struct pdffile_object *ret)
{
	struct pdffile_stream *s;
	if (e->offset > UINT32_MAX)
		return err_make(ERR_PDF_STRICT, "an impossible object stream");
	TRY(open_stream(f, revision, (uint32_t)e->offset, &s));
	if (e->more >= s->n || s->head[e->more].number != e->number || s->head[e->more].place >= s->data.n
	    || s->first >= s->data.n - s->head[e->more].place)
		return err_make(ERR_PDF_STRICT, "object %u is not where the cross-reference says", e->number);
	size_t at = (size_t)(s->first + s->head[e->more].place);
	struct pdflex_value *v;
	TRY(pdflex_value(s->data, &at, f->values, &v));
	*ret = (struct pdffile_object){.value = v, .source = s->data, .compressed = true, .entry = *e};
	return OK;
}

err_t
pdffile_get(struct pdffile *f, size_t revision, uint32_t number, struct pdffile_object *ret_object)
{
	const struct pdffile_entry *e = pdffile_find(f, revision, number);
	if (e == NULL || e->type == 0)
		return err_make(ERR_NOT_FOUND, "object %u", number);
	return e->type == 1 ? get_plain(f, revision, e, false, ret_object) : get_compressed(f, revision, e, ret_object);
}

err_t
pdffile_resolve(struct pdffile *f, size_t revision, const struct pdflex_value *v, const struct pdflex_value **ret_value)
{
	if (v == NULL || v->kind != PDFLEX_REFERENCE) {
		*ret_value = v;
		return OK;
	}
	const struct pdffile_entry *e = v->integer > UINT32_MAX ? NULL : pdffile_find(f, revision, (uint32_t)v->integer);
	struct pdffile_object o;
	if (e == NULL || e->type == 0 || (e->type == 1 ? e->more : 0) != v->generation) {
		*ret_value = NULL;
		return OK;
	}
	TRY(pdffile_get(f, revision, (uint32_t)v->integer, &o));
	if (o.value->kind == PDFLEX_REFERENCE)
		return err_make(ERR_PDF_STRICT, "object %u is only a reference", e->number);
	*ret_value = o.value;
	return OK;
}

err_t
pdffile_member(struct pdffile *f, size_t revision, const struct pdflex_value *dict, const char *key,
    const struct pdflex_value **ret_value)
{
	return pdffile_resolve(f, revision, pdflex_get(dict, key), ret_value);
}

err_t
pdffile_root(struct pdffile *f, size_t revision, const struct pdflex_value **ret_root)
{
	TRY(pdffile_member(f, revision, f->sections[revision].trailer, "Root", ret_root));
	if (*ret_root == NULL || !pdflex_is(pdflex_get(*ret_root, "Type"), "Catalog"))
		return err_make(ERR_PDF_STRICT, "no catalog");
	return OK;
}
