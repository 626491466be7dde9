#include "ades/pdfdiff_marks.h"

enum { NEWEST = 0, PARENTS_MAX = 32 };

struct pdfdiff_mark *
pdfdiff_marks_of(struct pdfdiff_marks *m, const struct pdflex_value *reference)
{
	if (reference == NULL || reference->kind != PDFLEX_REFERENCE || reference->integer >= m->n) {
		m->none = (struct pdfdiff_mark){0};
		return &m->none;
	}
	return &m->mark[reference->integer];
}

/* ---- which objects differ, and how often the old revision uses each ---- */

static void
count_uses(struct pdfdiff_marks *m, const struct pdflex_value *v)
{
	if (v->kind == PDFLEX_REFERENCE && v->integer < m->n && m->mark[v->integer].uses < UINT16_MAX)
		m->mark[v->integer].uses++;
	for (const struct pdflex_value *x = v->first; x != NULL; x = x->next)
		count_uses(m, x);
}

static err_t
note_annots(struct pdfdiff_marks *m, const struct pdflex_value *page)
{
	const struct pdflex_value *list = pdflex_get(page, "Annots");
	if (!pdflex_is(pdflex_get(page, "Type"), "Page") || pdfdiff_marks_of(m, list)->state != PDFDIFF_CHANGED)
		return OK;
	void *p;
	TRY(arena_get(m->f->arena, sizeof(struct pdfdiff_marks_list), &p));
	*(struct pdfdiff_marks_list *)p = (struct pdfdiff_marks_list){m->lists, (uint32_t)list->integer};
	m->lists = p;
	return OK;
}

/* Whether readers draw it with fonts and defaults of the form: no appearance, and not for a signature. */
static err_t
find_drawn(struct pdfdiff_marks *m, const struct pdflex_value *annotation, bool *ret)
{
	const struct pdflex_value *field = annotation, *v;
	TRY(pdffile_member(m->f, m->old, annotation, "AP", &v));
	TRY(pdffile_member(m->f, m->old, v, "N", &v));
	*ret = v == NULL || v->kind == PDFLEX_NULL;
	for (unsigned depth = 0; *ret && field != NULL && depth < PARENTS_MAX; depth++) {
		TRY(pdffile_member(m->f, m->old, field, "FT", &v));
		if (v != NULL) {
			*ret = !pdflex_is(v, "Sig");
			return OK;
		}
		TRY(pdffile_member(m->f, m->old, field, "Parent", &field));
	}
	return OK;
}

static void
note_drawn(struct pdfdiff_marks *m, const struct pdflex_value *v)
{
	const struct pdflex_value *subtype = pdflex_get(v, "Subtype");
	bool field = pdflex_get(v, "FT") != NULL && pdflex_get(v, "Kids") == NULL;
	if (field || pdflex_is(subtype, "Widget") || pdflex_is(subtype, "FreeText")) {
		AUTO_ARENA(scratch, 64 * 1024 * 1024);
		bool drawn;
		m->f->values = scratch;
		m->draws |= err_is(find_drawn(m, v, &drawn)) || drawn; /* what cannot be looked at may be */
		m->f->values = m->f->arena;
	}
	for (const struct pdflex_value *x = v->first; x != NULL && !m->draws; x = x->next)
		note_drawn(m, x);
}

/* Whether the object is a cross-reference stream of the file: one that calls itself so elsewhere is any stream. */
static bool
is_section(const struct pdffile *f, const struct pdffile_entry *e)
{
	for (size_t i = 0; e->type == 1 && i < f->sections_n; i++)
		if (f->sections[i].at == e->offset || (f->sections[i].hybrid_at != 0 && f->sections[i].hybrid_at == e->offset))
			return true;
	return false;
}

/* What refers to catalog and information is the trailer that counts, count_all's. */
static void
count_entries(struct pdfdiff_marks *m, const struct pdflex_value *trailer, bool starts)
{
	for (const struct pdflex_value *x = trailer->first; x != NULL; x = x->next)
		if ((bytes_eq(x->key, bytes("Root", 4)) || bytes_eq(x->key, bytes("Info", 4))) == starts)
			count_uses(m, x);
}

/* Parses with an arena of its own, so that a large file does not pile up in memory. */
static err_t
count_object(struct pdfdiff_marks *m, const struct pdffile_entry *e)
{
	AUTO_ARENA(scratch, 64 * 1024 * 1024);
	const struct pdflex_value *value;
	if (e->type == 2) {
		struct pdffile_object o;
		m->f->values = scratch;
		err_t r = pdffile_get(m->f, m->old, e->number, &o);
		m->f->values = m->f->arena;
		TRY(r);
		value = o.value;
	} else {
		struct pdflex_object o;
		TRY(pdflex_object(m->f->data, (size_t)e->offset, scratch, &o));
		value = o.value;
	}
	if (is_section(m->f, e)) {
		count_entries(m, value, false);
		return OK;
	}
	count_uses(m, value);
	if (!m->draws)
		note_drawn(m, value);
	return note_annots(m, value);
}

static err_t
count_all(struct pdfdiff_marks *m)
{
	for (size_t i = m->old; i < m->f->sections_n; i++) {
		const struct pdffile_section *s = &m->f->sections[i];
		for (size_t j = 0; j < s->entries_n; j++) {
			const struct pdffile_entry *e = &s->entries[j];
			if (e->type == 0 || pdffile_find(m->f, m->old, e->number) != e)
				continue;
			TRY(count_object(m, e));
		}
	}
	count_entries(m, m->f->sections[m->old].trailer, true); /* nobody shows what other keys refer to */
	return OK;
}

/* What references to it must say. One in an object stream has 0. [ISO 32000-2 7.5.7] */
static uint32_t
generation(const struct pdffile_entry *e)
{
	return e->type == 1 ? e->more : 0;
}

static bool
same_place(const struct pdffile_entry *a, const struct pdffile_entry *b)
{
	return a->type == b->type && a->offset == b->offset && a->more == b->more;
}

static err_t
classify(struct pdfdiff_marks *m, uint32_t number)
{
	const struct pdffile_entry *before = pdffile_find(m->f, m->old, number);
	const struct pdffile_entry *now = pdffile_find(m->f, NEWEST, number);
	struct pdfdiff_mark *mark = &m->mark[number];
	bool had = before != NULL && before->type != 0, has = now != NULL && now->type != 0;
	struct pdffile_object a, b;
	mark->state = PDFDIFF_SAME;
	if (!had && !has)
		return OK;
	/* An object in an object stream is where that stream is, which a later revision may redefine too. */
	if (had && has && same_place(before, now) && before->type == 1)
		return OK;
	if (had)
		TRY(pdffile_get(m->f, m->old, number, &a));
	if (has)
		TRY(pdffile_get(m->f, NEWEST, number, &b));
	if (had && has && a.stream == b.stream && pdflex_equal(a.value, b.value) && bytes_eq(a.data, b.data)
	    && generation(before) == generation(now))
		return OK;
	mark->state = !had ? PDFDIFF_NEW : !has ? PDFDIFF_GONE : PDFDIFF_CHANGED;
	mark->stream = (had && a.stream) || (has && b.stream);
	return OK;
}

/* ---- which objects not all readers see alike ---- */

/* Whether all readers find the object in the newest revision at the same place. */
static bool
is_shown_alike(const struct pdffile *f, uint32_t number)
{
	const struct pdffile_entry *e = pdffile_find(f, NEWEST, number), *shown = pdffile_find_shown(f, NEWEST, number);
	if (!pdffile_same_entry(e, shown))
		return false;
	if (e == NULL || e->type != 2 || e->offset > UINT32_MAX)
		return true;
	number = (uint32_t)e->offset;
	return pdffile_same_entry(pdffile_find(f, NEWEST, number), pdffile_find_shown(f, NEWEST, number));
}

/* Readers differ in whether they look into the /XRefStm of a hybrid section, and whether behind an entry that its table calls
 * free. A new object may be hidden in that way, as the format means it; one that was there before may stay hidden. What else
 * differs shows some readers another document than the one that is compared here. [ISO 32000-2 7.5.8.4] */
static bool
is_split(const struct pdfdiff_marks *m, uint32_t number)
{
	const struct pdffile *f = m->f;
	if (is_shown_alike(f, number))
		return false;
	const struct pdffile_entry *before = pdffile_find(f, m->old, number);
	const struct pdffile_entry *shown = pdffile_find_shown(f, NEWEST, number);
	if (before == NULL || before->type == 0)
		return shown != NULL && shown->type != 0 && shown != pdffile_find_shown(f, m->old, number);
	return !pdffile_same_entry(before, pdffile_find(f, NEWEST, number))
	       || !pdffile_same_entry(pdffile_find_shown(f, m->old, number), shown);
}

/* Entries of later sections; and all objects of object streams that a later section redefines. */
static err_t
classify_all(struct pdfdiff_marks *m)
{
	for (size_t i = 0; i < m->old; i++)
		for (size_t j = 0; j < m->f->sections[i].entries_n; j++) {
			const struct pdffile_entry *e = &m->f->sections[i].entries[j];
			TRY(classify(m, e->number));
			m->mark[e->number].split |= e->table == PDFFILE_TABLE_DISAGREES || is_split(m, e->number);
		}
	for (size_t i = m->old; i < m->f->sections_n; i++)
		for (size_t j = 0; j < m->f->sections[i].entries_n; j++) {
			const struct pdffile_entry *e = &m->f->sections[i].entries[j];
			if (e->type == 2 && e->offset < m->n && m->mark[e->offset].state != PDFDIFF_SAME)
				TRY(classify(m, e->number));
		}
	return OK;
}

static err_t
find_size(const struct pdffile *f, uint32_t *ret_n)
{
	uint32_t n = 0;
	for (size_t i = 0; i < f->sections_n; i++)
		if (f->sections[i].entries_n > 0) {
			uint32_t last = f->sections[i].entries[f->sections[i].entries_n - 1].number;
			n = last >= n ? last + 1 : n;
		}
	if (n > PDFFILE_OBJECTS_MAX)
		return err_make(ERR_PDF_STRICT, "object number %u", n - 1);
	*ret_n = n;
	return OK;
}

err_t
pdfdiff_marks_read(struct pdffile *f, size_t old, struct pdfdiff_marks *ret_marks)
{
	struct pdfdiff_marks m = {.f = f, .old = old};
	void *p;
	TRY(find_size(f, &m.n));
	TRY(arena_get(f->arena, m.n * sizeof *m.mark, &p));
	m.mark = p;
	TRY(classify_all(&m));
	TRY(count_all(&m));
	*ret_marks = m;
	return OK;
}
