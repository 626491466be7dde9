#include "ades/permission.h"

#include "ades/pades.h"

struct reader {
	struct pdffile *f;
	size_t revision;
	struct permission p;
	size_t octets; /* of names */
};

static err_t
unclear(const char *what)
{
	return err_make(ERR_PDF_STRICT, "what the signature permits cannot be told: %s", what);
}

/* ---- locks ---- */

static err_t
read_name(struct reader *r, const struct pdflex_value *v, struct str *ret)
{
	TRY(pdffile_resolve(r->f, r->revision, v, &v));
	if (v == NULL || v->kind != PDFLEX_STRING)
		return unclear("a locked field without a name");
	if (v->text.n > PADES_NAME_MAX)
		return unclear("the name of a locked field is too long");
	if (v->text.n > PERMISSION_OCTETS_MAX - r->octets)
		return unclear("too many long names of locked fields");
	r->octets += v->text.n;
	return pades_name(r->f->arena, v->text, ret);
}

static err_t
read_names(struct reader *r, const struct pdflex_value *list, struct permission_lock *to)
{
	void *p;
	size_t n = 0;
	if (list == NULL || list->kind != PDFLEX_ARRAY)
		return unclear("a lock without a list of fields");
	for (const struct pdflex_value *m = list->first; m != NULL; m = m->next)
		n++;
	if (n > PERMISSION_NAMES_MAX)
		return unclear("too many locked fields");
	TRY(arena_get(r->f->arena, (n + 1) * sizeof *to->names, &p));
	to->names = p;
	for (const struct pdflex_value *m = list->first; m != NULL; m = m->next)
		TRY(read_name(r, m, &to->names[to->n++]));
	return OK;
}

static err_t
read_lock(struct reader *r, const struct pdflex_value *lock)
{
	const struct pdflex_value *action, *list;
	if (r->p.locks_n == PERMISSION_LOCKS_MAX)
		return unclear("too many locks");
	struct permission_lock *to = &r->p.locks[r->p.locks_n++];
	TRY(pdffile_member(r->f, r->revision, lock, "Action", &action));
	TRY(pdffile_member(r->f, r->revision, lock, "Fields", &list));
	to->action = pdflex_is(action, "Include") ? PERMISSION_INCLUDE :
	    pdflex_is(action, "Exclude")          ? PERMISSION_EXCLUDE :
	                                            PERMISSION_ALL;
	return to->action == PERMISSION_ALL ? OK : read_names(r, list, to);
}

/* ---- certification ---- */

/* /P of a certification or a lock; fallback when there is none. */
static err_t
read_level(struct reader *r, const struct pdflex_value *dict, int64_t fallback)
{
	const struct pdflex_value *v;
	TRY(pdffile_member(r->f, r->revision, dict, "P", &v));
	if (v != NULL && (v->kind != PDFLEX_INTEGER || v->integer < 1 || v->integer > 3))
		return unclear("an unknown level");
	r->p.closed |= (v != NULL ? v->integer : fallback) == 1;
	return OK;
}

static err_t
read_reference(struct reader *r, const struct pdflex_value *reference)
{
	const struct pdflex_value *method, *params;
	TRY(pdffile_resolve(r->f, r->revision, reference, &reference));
	if (reference == NULL || reference->kind != PDFLEX_DICT)
		return unclear("a damaged signature reference");
	TRY(pdffile_member(r->f, r->revision, reference, "TransformMethod", &method));
	TRY(pdffile_member(r->f, r->revision, reference, "TransformParams", &params));
	if (pdflex_is(method, "DocMDP"))
		return read_level(r, params, 2);
	return pdflex_is(method, "FieldMDP") ? read_lock(r, params) : OK;
}

static err_t
read_references(struct reader *r, const struct pdflex_value *signature)
{
	const struct pdflex_value *list;
	TRY(pdffile_member(r->f, r->revision, signature, "Reference", &list));
	if (list == NULL)
		return OK;
	if (list->kind != PDFLEX_ARRAY)
		return unclear("damaged signature references");
	for (const struct pdflex_value *m = list->first; m != NULL; m = m->next)
		TRY(read_reference(r, m));
	return OK;
}

static err_t
read_field(struct reader *r, uint32_t number)
{
	struct pdffile_object o;
	const struct pdflex_value *lock;
	err_t e = pdffile_get(r->f, r->revision, number, &o);
	if (e.code == ERR_NOT_FOUND)
		return unclear("its field is not there");
	TRY(e);
	TRY(pdffile_member(r->f, r->revision, o.value, "Lock", &lock));
	if (lock == NULL)
		return OK;
	TRY(read_lock(r, lock));
	return read_level(r, lock, 2);
}

err_t
permission_read(struct pdffile *f, size_t revision, uint32_t field, uint32_t signature, struct permission *ret)
{
	struct reader r = {.f = f, .revision = revision};
	struct pdffile_object o;
	const struct pdflex_value *root, *rights, *certification;
	TRY(pdffile_get(f, revision, signature, &o));
	TRY(read_references(&r, o.value));
	TRY(read_field(&r, field));
	/* Whoever certified the document, it stays certified. */
	TRY(pdffile_root(f, revision, &root));
	TRY(pdffile_member(f, revision, root, "Perms", &rights));
	TRY(pdffile_member(f, revision, rights, "DocMDP", &certification));
	TRY(read_references(&r, certification));
	*ret = r.p;
	return OK;
}

/* ---- what it means ---- */

/* The field itself, or one below it. */
static bool
is_named(const struct permission_lock *lock, struct str name)
{
	for (size_t i = 0; i < lock->n; i++) {
		size_t n = lock->names[i].n;
		if (n <= name.n && memcmp(lock->names[i].p, name.p, n) == 0 && (n == name.n || name.p[n] == '.'))
			return true;
	}
	return false;
}

bool
permission_locks(const struct permission *p, struct str name)
{
	for (size_t i = 0; i < p->locks_n; i++) {
		const struct permission_lock *lock = &p->locks[i];
		if (lock->action == PERMISSION_ALL || is_named(lock, name) == (lock->action == PERMISSION_INCLUDE))
			return true;
	}
	return false;
}
