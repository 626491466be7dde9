#include "ades/pdfdiff_members.h"

enum { NEWEST = 0 };

void
pdfdiff_members_name(struct bytes key, char ret_name[PDFDIFF_MEMBERS_NAME_MAX])
{
	size_t n = 0;
	for (; n < key.n && n < PDFDIFF_MEMBERS_NAME_MAX - 1; n++)
		ret_name[n] = key.p[n] > ' ' && key.p[n] < 0x7f ? (char)key.p[n] : '?';
	if (n < key.n)
		ret_name[n - 1] = '?';
	ret_name[n] = 0;
}

/* What it refers to may be large, and is not kept. */
static err_t
is_absent(struct pdffile *f, size_t revision, const struct pdflex_value *v, bool *ret)
{
	AUTO_ARENA(scratch, 64 * 1024 * 1024);
	const struct pdflex_value *found = v;
	if (v != NULL && v->kind == PDFLEX_REFERENCE) {
		f->values = scratch;
		err_t e = pdffile_resolve(f, revision, v, &found);
		f->values = f->arena;
		TRY(e);
	}
	*ret = found == NULL || found->kind == PDFLEX_NULL;
	return OK;
}

static err_t is_alike(struct pdffile *f, size_t old, const struct pdflex_value *a, const struct pdflex_value *b, bool *ret);

static err_t
is_member_alike(struct pdffile *f, size_t old, const struct pdflex_value *a, const struct pdflex_value *b, bool *ret)
{
	bool no_a, no_b;
	if (pdflex_equal(a, b)) {
		*ret = true;
		return OK;
	}
	TRY(is_absent(f, old, a, &no_a));
	TRY(is_absent(f, NEWEST, b, &no_b));
	if (!no_a && !no_b)
		return is_alike(f, old, a, b, ret);
	*ret = no_a && no_b;
	return OK;
}

/* The members of a list have their places: null is one of them. */
static err_t
is_list_alike(struct pdffile *f, size_t old, const struct pdflex_value *a, const struct pdflex_value *b, bool *ret)
{
	const struct pdflex_value *m = a->first, *o = b->first;
	*ret = true;
	for (; *ret && m != NULL && o != NULL; m = m->next, o = o->next)
		TRY(is_alike(f, old, m, o, ret));
	*ret = *ret && m == NULL && o == NULL;
	return OK;
}

/* The parser limits how deep values are nested. */
static err_t
is_alike(struct pdffile *f, size_t old, const struct pdflex_value *a, const struct pdflex_value *b, bool *ret)
{
	*ret = pdflex_equal(a, b);
	if (*ret || a->kind != b->kind)
		return OK;
	if (a->kind == PDFLEX_ARRAY)
		return is_list_alike(f, old, a, b, ret);
	*ret = a->kind == PDFLEX_DICT;
	for (const struct pdflex_value *m = a->first; *ret && m != NULL; m = m->next)
		TRY(is_member_alike(f, old, m, pdflex_member(b, m->key), ret));
	for (const struct pdflex_value *m = b->first; *ret && m != NULL; m = m->next)
		if (pdflex_member(a, m->key) == NULL)
			TRY(is_absent(f, NEWEST, m, ret));
	return OK;
}

err_t
pdfdiff_members_settle(struct pdffile *f, size_t old, const struct pdflex_value **before, const struct pdflex_value **now)
{
	bool had, has, alike;
	TRY(is_absent(f, old, *before, &had));
	TRY(is_absent(f, NEWEST, *now, &has));
	had = !had;
	has = !has;
	if (had && has) {
		TRY(is_alike(f, old, *before, *now, &alike));
		*now = alike ? *before : *now;
	} else if (!had) {
		*before = NULL;
		*now = has ? *now : NULL;
	}
	return OK;
}
