#include "document/check_increment.h"

#include "ades/pdffile.h"

static err_t
wrong(size_t at, const char *what)
{
	return err_make(ERR_FINAL_CHECK, "at octet %zu: %s", at, what);
}

/* White space only: a comment would be something that is not accounted for. */
static size_t
blank(struct bytes file, size_t at)
{
	while (at < file.n && (file.p[at] == '\n' || file.p[at] == '\r' || file.p[at] == ' '))
		at++;
	return at;
}

static bool
refers(const struct pdflex_value *v, struct literal_ref ref)
{
	return v != NULL && v->kind == PDFLEX_REFERENCE && v->integer == ref.number && v->generation == ref.generation;
}

static err_t
read_object(struct bytes file, size_t at, struct arena *arena, struct check_increment_object *ret)
{
	TRY(pdflex_object(file, at, arena, &ret->o));
	if (!ret->o.stream)
		return OK;
	const struct pdflex_value *length = pdflex_get(ret->o.value, "Length");
	if (length == NULL || length->kind != PDFLEX_INTEGER || length->integer < 0)
		return wrong(at, "a stream without a plain /Length");
	ret->section = pdflex_is(pdflex_get(ret->o.value, "Type"), "XRef");
	return pdflex_stream(file, &ret->o, (uint64_t)length->integer, &ret->data);
}

/* Objects until the section starts; *at is then at "xref", or behind the cross-reference stream. */
static err_t
read_objects(struct bytes file, size_t *at, struct arena *arena, struct check_increment *inc)
{
	for (;;) {
		size_t word = *at = blank(file, *at);
		if (pdflex_word(file, &word, "xref"))
			return OK;
		if (inc->n == CHECK_INCREMENT_OBJECTS_MAX)
			return wrong(*at, "more objects than an increment has");
		struct check_increment_object *o = &inc->objects[inc->n++];
		TRY(read_object(file, *at, arena, o));
		if (o->section)
			return OK;
		*at = o->o.end;
	}
}

/* The section names these objects where they are, and nothing else. */
static err_t
check_entries(const struct check_increment *inc, const struct plan *plan, const struct pdffile_section *s)
{
	if (s->entries_n != inc->n)
		return wrong(s->at, "the cross-reference section names other objects than were appended");
	for (size_t i = 0; i < inc->n; i++) {
		const struct pdflex_object *o = &inc->objects[i].o;
		size_t j = 0;
		while (j < s->entries_n && s->entries[j].number != o->number)
			j++;
		if (j == s->entries_n || s->entries[j].type != 1 || s->entries[j].more != o->generation
		    || s->entries[j].offset + plan->shift != o->at)
			return wrong(o->at, "the cross-reference section does not name this object here");
	}
	return OK;
}

static err_t
check_id(const struct pdflex_value *id, const struct plan *plan)
{
	if (plan->id[0].n == 0)
		return id == NULL ? OK : err_make(ERR_FINAL_CHECK, "the trailer has an /ID that the document did not have");
	const struct pdflex_value *m = id != NULL && id->kind == PDFLEX_ARRAY ? id->first : NULL;
	if (m == NULL || m->next == NULL || m->next->next != NULL || m->kind != PDFLEX_STRING
	    || m->next->kind != PDFLEX_STRING || !bytes_eq(m->text, plan->id[0]) || !bytes_eq(m->next->text, plan->id[1]))
		return err_make(ERR_FINAL_CHECK, "the trailer has another /ID than the document");
	return OK;
}

err_t
check_increment_dict(struct bytes entries, struct arena *arena, const struct pdflex_value **ret_dict)
{
	void *room;
	size_t at = 0;
	struct pdflex_value *v;
	TRY(arena_get(arena, entries.n + 5, &room));
	uint8_t *p = room;
	memcpy(p, "<<", 2);
	if (entries.n > 0)
		memcpy(p + 2, entries.p, entries.n);
	memcpy(p + 2 + entries.n, "\n>>", 3);
	TRY(pdflex_value(bytes(p, entries.n + 5), &at, arena, &v));
	if (v->kind != PDFLEX_DICT || at != entries.n + 5)
		return err_make(ERR_FINAL_CHECK, "the plan holds entries that are none");
	*ret_dict = v;
	return OK;
}

static bool
is_one_of(struct bytes key, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes_eq(key, str_bytes(str_c(names[i]))))
			return true;
	return false;
}

/* Only keys that we know or that the document's trailer had, so that nothing can hide there: /Encrypt, /XRefStm. */
static err_t
check_keys(const struct pdflex_value *trailer, bool stream, const struct plan *plan, struct arena *arena)
{
	static const char *const known[] = {"Size", "Root", "Info", "ID", "Prev", "Type", "W", "Index", "Length"};
	static const char *const never[] = {"Encrypt", "XRefStm", "Filter", "DecodeParms", "F", "FFilter", "FDecodeParms", "DL"};
	enum { KNOWN = sizeof known / sizeof known[0], NEVER = sizeof never / sizeof never[0] };
	const struct pdflex_value *kept, *m;
	TRY(check_increment_dict(plan->trailer, arena, &kept));
	for (m = kept->first; m != NULL; m = m->next) {
		const struct pdflex_value *here = pdflex_member(trailer, m->key);
		if (is_one_of(m->key, known, KNOWN) || is_one_of(m->key, never, NEVER))
			return err_make(ERR_FINAL_CHECK, "the plan has a /%.*s for the trailer", (int)m->key.n, (const char *)m->key.p);
		if (here == NULL || !pdflex_equal(here, m))
			return err_make(ERR_FINAL_CHECK, "the trailer lost the document's /%.*s", (int)m->key.n, (const char *)m->key.p);
	}
	for (m = trailer->first; m != NULL; m = m->next)
		if (!is_one_of(m->key, known, stream ? KNOWN : 5) && pdflex_member(kept, m->key) == NULL)
			return err_make(ERR_FINAL_CHECK, "the trailer has /%.*s", (int)m->key.n, (const char *)m->key.p);
	return OK;
}

static err_t
check_trailer(const struct pdffile_section *s, const struct plan *plan, uint64_t startxref, uint32_t next, struct arena *arena)
{
	const struct pdflex_value *t = s->trailer, *prev = pdflex_get(t, "Prev"), *size = pdflex_get(t, "Size");
	if (s->stream != (plan->xref == PLAN_STREAM))
		return wrong(s->at, "the cross-reference section is of another kind than the document's");
	TRY(check_keys(t, s->stream, plan, arena));
	if (!refers(pdflex_get(t, "Root"), plan->root))
		return wrong(s->at, "the trailer has another /Root than the document");
	const struct pdflex_value *info = pdflex_get(t, "Info");
	if (plan->info.number != 0 ? !refers(info, plan->info) : info != NULL)
		return wrong(s->at, "the trailer has another /Info than the document");
	TRY(check_id(pdflex_get(t, "ID"), plan));
	if (prev == NULL || prev->kind != PDFLEX_INTEGER || prev->integer < 0 || (uint64_t)prev->integer != startxref)
		return wrong(s->at, "/Prev is not the revision before");
	if (size == NULL || size->kind != PDFLEX_INTEGER || size->integer < next)
		return wrong(s->at, "/Size is too small");
	return OK;
}

/* "startxref", the place of the section, "%%EOF" and a line end. */
static err_t
check_end(struct bytes file, size_t *at, size_t section, uint64_t shift)
{
	uint64_t value;
	*at = blank(file, *at);
	if (!pdflex_word(file, at, "startxref"))
		return wrong(*at, "no startxref");
	*at = blank(file, *at);
	if (!pdflex_digits(file, at, &value) || value + shift != section)
		return wrong(*at, "startxref does not name the section");
	*at = blank(file, *at);
	if (file.n - *at < 6 || memcmp(file.p + *at, "%%EOF\n", 6) != 0)
		return wrong(*at, "the end marker is missing");
	*at += 6;
	return OK;
}

/* A cross-reference stream is a new object, or it would redefine an old one. */
static err_t
check_self(const struct check_increment *inc, uint32_t next)
{
	for (size_t i = 0; i < inc->n; i++)
		if (inc->objects[i].section && (inc->objects[i].o.number < next || inc->objects[i].o.generation != 0))
			return wrong(inc->objects[i].o.at, "the cross-reference stream redefines an object");
	return OK;
}

static uint32_t
next_free(const struct check_increment *inc, uint32_t next)
{
	for (size_t i = 0; i < inc->n; i++)
		if (inc->objects[i].o.number >= next)
			next = inc->objects[i].o.number + 1;
	return next;
}

err_t
check_increment_read(struct bytes file, size_t from, const struct plan *plan, uint64_t startxref, uint32_t next,
    struct arena *arena, struct check_increment **ret_increment)
{
	void *p;
	TRY(arena_get(arena, sizeof(struct check_increment), &p));
	struct check_increment *inc = p;
	struct pdffile_section section;
	size_t at = from;
	TRY(read_objects(file, &at, arena, inc));
	size_t section_at = at;
	TRY(pdffile_section_read(file, section_at, arena, &section));
	TRY(check_entries(inc, plan, &section));
	TRY(check_self(inc, next));
	inc->next = next_free(inc, next);
	TRY(check_trailer(&section, plan, startxref, inc->next, arena));
	at = section.end;
	TRY(check_end(file, &at, section_at, plan->shift));
	inc->from = from;
	inc->to = at;
	inc->startxref = section_at - plan->shift;
	*ret_increment = inc;
	return OK;
}

struct check_increment_object *
check_increment_find(struct check_increment *inc, uint32_t number)
{
	for (size_t i = 0; i < inc->n; i++)
		if (inc->objects[i].o.number == number)
			return &inc->objects[i];
	return NULL;
}
