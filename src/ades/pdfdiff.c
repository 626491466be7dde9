#include "ades/pdfdiff.h"

#include "ades/pdfdiff_blank.h"
#include "ades/pdfdiff_marks.h"
#include "ades/pdfdiff_members.h"

#include <stdarg.h>

enum { NEWEST = 0, WALK_DEPTH_MAX = 32 };

struct walk {
	struct pdffile *f;
	size_t old;
	struct pdfdiff_marks m;
	bool draws; /* readers draw fields or texts with what the form says */
	struct pdfdiff diff;
};

static void changed(struct walk *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
changed(struct walk *w, const char *format, ...)
{
	va_list args;
	if (w->diff.changed)
		return;
	w->diff.changed = true;
	va_start(args, format);
	vsnprintf(w->diff.what, sizeof w->diff.what, format, args);
	va_end(args);
}

/* ---- rules ---- */

static bool
same_reference(const struct pdflex_value *a, const struct pdflex_value *b)
{
	return a != NULL && b != NULL && a->kind == PDFLEX_REFERENCE && pdflex_equal(a, b);
}

/* An object may be redefined for a role that was its only one before, or be new: what had another role, say as the content
 * of a page, would be redefined for that one too. */
static void
allow(struct walk *w, const struct pdflex_value *before, const struct pdflex_value *now, const char *what)
{
	struct pdfdiff_mark *m = pdfdiff_marks_of(&w->m, now);
	if (now == NULL || now->kind != PDFLEX_REFERENCE)
		return;
	if (!same_reference(before, now) && m->state != PDFDIFF_NEW)
		changed(w, "object %lld, which was there before as something else, became %s", (long long)now->integer, what);
	else if (m->state == PDFDIFF_CHANGED && m->uses > 1)
		changed(w, "object %lld, used in more than one place, was redefined as %s", (long long)now->integer, what);
	else
		m->allowed = true;
}

/* A dictionary whose entries are compared one by one. Data behind one would go by unseen. */
static void
allow_entries(struct walk *w, struct pdfdiff_mark *m, const char *what)
{
	if (m->stream)
		changed(w, "a stream was redefined as %s", what);
	m->allowed = true;
}

/* Everything below v that is new belongs to it; nothing below it may be an old object that was redefined. */
static err_t
allow_new(struct walk *w, const struct pdflex_value *v, unsigned depth)
{
	if (v == NULL)
		return OK;
	if (depth > WALK_DEPTH_MAX)
		return err_make(ERR_PDF_STRICT, "objects nested too deeply");
	if (v->kind == PDFLEX_REFERENCE) {
		struct pdfdiff_mark *m = pdfdiff_marks_of(&w->m, v);
		if (m->state != PDFDIFF_NEW || m->allowed)
			return OK; /* what was there before answers for itself */
		m->allowed = true;
		TRY(pdffile_resolve(w->f, NEWEST, v, &v));
		return allow_new(w, v, depth + 1);
	}
	for (const struct pdflex_value *m = v->first; m != NULL; m = m->next)
		TRY(allow_new(w, m, depth + 1));
	return OK;
}

/* Called for each key in either dictionary. A value that stayed may still lead to an object that was redefined. */
typedef err_t (*differ_f)(struct walk *w, const char *key, const struct pdflex_value *before,
    const struct pdflex_value *now, void *more);

static err_t
differ_one(struct walk *w, struct bytes key, const struct pdflex_value *a, const struct pdflex_value *b, differ_f f,
    void *more)
{
	char name[PDFDIFF_MEMBERS_NAME_MAX];
	pdfdiff_members_name(key, name);
	const struct pdflex_value *before = pdflex_member(a, key), *now = pdflex_member(b, key);
	if (!pdflex_equal(before, now)) {
		TRY(pdfdiff_members_settle(w->f, w->old, &before, &now));
		if (before == NULL && now == NULL)
			return OK;
	}
	return f(w, name, before, now, more);
}

static err_t
differ(struct walk *w, const struct pdflex_value *a, const struct pdflex_value *b, differ_f f, void *more)
{
	for (const struct pdflex_value *m = a != NULL ? a->first : NULL; m != NULL; m = m->next)
		TRY(differ_one(w, m->key, a, b, f, more));
	for (const struct pdflex_value *m = b->first; m != NULL; m = m->next) {
		bool seen = false;
		for (const struct pdflex_value *o = a != NULL ? a->first : NULL; o != NULL; o = o->next)
			seen |= bytes_eq(o->key, m->key);
		if (!seen)
			TRY(differ_one(w, m->key, a, b, f, more));
	}
	return OK;
}

static bool
is_key(const char *key, const char *list)
{
	size_t n = strlen(key);
	if (n == 0) /* "/" alone is a name too, and is found everywhere */
		return false;
	for (const char *p = strstr(list, key); p != NULL; p = strstr(p + 1, key))
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == 0))
			return true;
	return false;
}

/* The value stayed as it is written; what it leads to answers for itself. */
static bool
stayed(const struct pdflex_value *a, const struct pdflex_value *b)
{
	return a != NULL && b != NULL && pdflex_equal(a, b);
}

/* ---- a signature field ---- */

static void
must_be_blank(struct walk *w, const char *what, const char *shows)
{
	if (shows != NULL)
		changed(w, "%s %s was added", what, shows);
}

/* A field that waits or holds a time-stamp. */
static err_t
check_blank(struct walk *w, const struct pdflex_value *field, const char *what)
{
	const char *shows;
	TRY(pdfdiff_blank_field(w->f, field, &shows));
	must_be_blank(w, what, shows);
	return OK;
}

static bool
is_stamp(const struct pdflex_value *value)
{
	return pdflex_is(pdflex_get(value, "Type"), "DocTimeStamp");
}

/* The value of an empty field: a signature or time-stamp, which must itself be new. */
static err_t
check_value(struct walk *w, const struct pdflex_value *now)
{
	const struct pdflex_value *v;
	if (now == NULL || now->kind != PDFLEX_REFERENCE || pdfdiff_marks_of(&w->m, now)->state != PDFDIFF_NEW) {
		changed(w, "a signature field was filled with something that is no new signature");
		return OK;
	}
	TRY(pdffile_resolve(w->f, NEWEST, now, &v));
	if (pdflex_get(v, "Contents") == NULL || pdflex_get(v, "ByteRange") == NULL) {
		changed(w, "a signature field was filled with something that is no signature");
		return OK;
	}
	w->diff.added |= is_stamp(v) ? PDFDIFF_STAMP : PDFDIFF_SIGNATURE;
	return allow_new(w, now, 0);
}

/* /AP of a field that is being filled: its form may be redefined in place, when only this field uses it. */
static err_t
check_appearance(struct walk *w, const struct pdflex_value *before, const struct pdflex_value *now)
{
	const struct pdflex_value *a, *b;
	allow(w, before, before, "an appearance");
	TRY(pdffile_resolve(w->f, w->old, before, &a));
	TRY(pdffile_resolve(w->f, NEWEST, now, &b));
	const struct pdflex_value *old_form = pdflex_get(a, "N"), *form = pdflex_get(b, "N");
	if (same_reference(old_form, form) && pdfdiff_marks_of(&w->m, form)->state == PDFDIFF_CHANGED) {
		const struct pdflex_value *dict;
		allow(w, old_form, form, "an appearance");
		TRY(pdffile_resolve(w->f, NEWEST, form, &dict));
		TRY(allow_new(w, dict, 0));
	}
	return allow_new(w, now, 0);
}

/* What a field passes on to its kids. */
struct above {
	bool signature; /* /FT is /Sig */
	bool added;     /* it is new */
	bool filled;    /* it got its signature, which widgets that are objects of their own may show */
	bool stamp;     /* what it got is a time-stamp, which nobody sees */
};

struct field_change {
	bool filled; /* it was empty and has a value now */
	bool stamp;  /* a time-stamp, which anybody may add: nothing is shown for it that was not shown before */
	const struct pdflex_value *now;
};

/* What a field shows may have become something else. */
static err_t
check_stamp_key(struct walk *w, const char *key, const struct pdflex_value *before, const struct pdflex_value *now,
    const struct pdflex_value *field)
{
	static const char what[] = "a time-stamp";
	const char *shows = NULL;
	if (strcmp(key, "AP") == 0) {
		const struct pdflex_value *b;
		TRY(pdffile_resolve(w->f, NEWEST, now, &b));
		if (stayed(before, now) && pdfdiff_marks_of(&w->m, now)->state == PDFDIFF_SAME
		    && pdfdiff_marks_of(&w->m, pdflex_get(b, "N"))->state == PDFDIFF_SAME)
			return OK;
		TRY(pdfdiff_blank_appearance(w->f, field, &shows));
	} else if (stayed(before, now)) {
		return OK;
	} else if (strcmp(key, "F") == 0) { /* it may have been hidden */
		TRY(pdfdiff_blank_appearance(w->f, field, &shows));
	} else if (is_key(key, "MK Subtype")) {
		TRY(pdfdiff_blank_field(w->f, field, &shows));
	}
	must_be_blank(w, what, shows);
	return OK;
}

static err_t
differ_field(struct walk *w, const char *key, const struct pdflex_value *before, const struct pdflex_value *now,
    void *more)
{
	const struct field_change *c = more;
	if (strcmp(key, "V") == 0)
		return c->filled ? check_value(w, now) : OK; /* the same value redefined is caught at the end */
	if (c->stamp)
		TRY(check_stamp_key(w, key, before, now, c->now));
	if (strcmp(key, "AP") == 0 && c->filled)
		return check_appearance(w, before, now);
	if (stayed(before, now))
		return OK;
	if (c->filled && is_key(key, "F MK M DA Ff Type Subtype P Lock SV"))
		return allow_new(w, now, 0);
	changed(w, "/%s of a signature field was changed", key);
	return OK;
}

/* Whether a field is one for signatures: its own /FT, or what its parent is. */
static err_t
field_type(struct walk *w, size_t revision, const struct pdflex_value *field, bool inherited, bool *ret)
{
	const struct pdflex_value *type;
	TRY(pdffile_member(w->f, revision, field, "FT", &type));
	*ret = type != NULL ? pdflex_is(type, "Sig") : inherited;
	return OK;
}

static err_t
check_old_field(struct walk *w, const struct pdflex_value *reference, const struct pdflex_value *before,
    const struct pdflex_value *now, bool inherited, struct above *a)
{
	bool signature;
	TRY(field_type(w, w->old, before, inherited, &signature));
	if (!signature) {
		changed(w, "a form field was changed");
		return OK;
	}
	const struct pdflex_value *old_value, *value;
	TRY(pdffile_member(w->f, w->old, before, "V", &old_value));
	TRY(pdffile_member(w->f, NEWEST, now, "V", &value));
	old_value = old_value != NULL && old_value->kind == PDFLEX_NULL ? NULL : old_value;
	value = value != NULL && value->kind == PDFLEX_NULL ? NULL : value;
	struct field_change c = {.filled = old_value == NULL && (value != NULL || a->filled), .now = now};
	c.stamp = c.filled && (value != NULL ? is_stamp(value) : a->stamp);
	a->filled = c.filled;
	a->stamp = c.stamp;
	if (old_value != NULL && !pdflex_equal(pdflex_get(before, "V"), pdflex_get(now, "V"))) {
		changed(w, "a signature was removed or replaced");
		return OK;
	}
	allow_entries(w, pdfdiff_marks_of(&w->m, reference), "a form field");
	return differ(w, before, now, differ_field, &c);
}

/* ---- a new field ---- */

/* A field that was not there: only a signature field, nothing in it that acts, and shown only once it is signed. */
static err_t
check_new_field(struct walk *w, const struct pdflex_value *field, struct above *a)
{
	if (!a->signature) {
		changed(w, "a form field was added");
		return OK;
	}
	for (const struct pdflex_value *m = field->first; m != NULL; m = m->next) {
		char key[PDFDIFF_MEMBERS_NAME_MAX];
		pdfdiff_members_name(m->key, key);
		if (!is_key(key, "Type Subtype FT T V F Rect P AP MK DA DR Lock SV Ff TU TM Border BS Parent Kids Q H M NM C")) {
			changed(w, "a signature field with /%s was added", key);
			return OK;
		}
	}
	const struct pdflex_value *value = pdflex_get(field, "V");
	if (value != NULL) {
		const struct pdflex_value *v;
		TRY(pdffile_resolve(w->f, NEWEST, value, &v));
		a->filled = true;
		a->stamp = is_stamp(v);
		TRY(check_value(w, value));
	} else if (!a->filled) {
		w->diff.added |= PDFDIFF_FIELD;
	}
	if (!a->filled || a->stamp)
		TRY(check_blank(w, field, a->filled ? "a time-stamp" : "an empty signature field"));
	return allow_new(w, field, 0);
}

static err_t check_field(struct walk *w, const struct pdflex_value *reference, struct above a, unsigned depth);

static void
added_field(struct walk *w, const struct pdflex_value *added)
{
	if (pdfdiff_marks_of(&w->m, added)->state != PDFDIFF_NEW)
		changed(w, "an object that was there before became a form field");
}

/* The kids of a field that is new are new; those of an old one are what they were, or its /Kids changed. */
static err_t
check_kids(struct walk *w, const struct pdflex_value *field, struct above a, unsigned depth)
{
	const struct pdflex_value *kids;
	TRY(pdffile_member(w->f, NEWEST, field, "Kids", &kids));
	if (kids == NULL || kids->kind != PDFLEX_ARRAY)
		return OK;
	for (const struct pdflex_value *m = kids->first; m != NULL; m = m->next) {
		if (a.added)
			added_field(w, m);
		TRY(check_field(w, m, a, depth + 1));
	}
	return OK;
}

static err_t
check_field(struct walk *w, const struct pdflex_value *reference, struct above a, unsigned depth)
{
	bool inherited = a.signature;
	const struct pdflex_value *before, *now;
	if (depth > WALK_DEPTH_MAX)
		return err_make(ERR_PDF_STRICT, "form fields nested too deeply");
	struct pdfdiff_mark *m = pdfdiff_marks_of(&w->m, reference);
	if (m->visited)
		return OK;
	m->visited = true;
	TRY(pdffile_resolve(w->f, NEWEST, reference, &now));
	if (now == NULL || now->kind != PDFLEX_DICT)
		return OK;
	TRY(field_type(w, NEWEST, now, inherited, &a.signature));
	a.added = m->state == PDFDIFF_NEW;
	a.filled &= pdflex_get(now, "T") == NULL; /* a field below another one is filled by itself */
	if (m->state == PDFDIFF_NEW) {
		m->allowed = true;
		TRY(check_new_field(w, now, &a));
	} else if (m->state == PDFDIFF_CHANGED || a.filled) {
		TRY(pdffile_resolve(w->f, w->old, reference, &before));
		TRY(check_old_field(w, reference, before, now, inherited, &a));
	}
	return check_kids(w, now, a, depth);
}

/* ---- lists that may only grow ---- */

/* Whether new keeps all of old in its order; calls f for what was put in. */
static err_t
check_list(struct walk *w, const struct pdflex_value *before, const struct pdflex_value *now, const char *what,
    err_t (*f)(struct walk *w, const struct pdflex_value *added))
{
	const struct pdflex_value *o = before != NULL ? before->first : NULL;
	if (now == NULL || now->kind != PDFLEX_ARRAY) {
		if (o != NULL)
			changed(w, "%s is gone", what);
		return OK;
	}
	for (const struct pdflex_value *m = now->first; m != NULL; m = m->next) {
		if (o != NULL && pdflex_equal(o, m))
			o = o->next;
		else
			TRY(f(w, m));
	}
	if (o != NULL)
		changed(w, "%s lost a member or has another order", what);
	return OK;
}

static err_t
put_in_field(struct walk *w, const struct pdflex_value *added)
{
	added_field(w, added);
	return OK; /* the walk over all fields looks at it */
}

/* ---- pages ---- */

/* A new annotation must be the box of a signature field. */
static err_t
added_annotation(struct walk *w, const struct pdflex_value *added)
{
	const struct pdfdiff_mark *m = pdfdiff_marks_of(&w->m, added);
	if (m->state != PDFDIFF_NEW || !m->visited) /* the walk over the fields looked at those that are fields */
		changed(w, "an annotation was added to a page");
	return OK;
}

static err_t
differ_page(struct walk *w, const char *key, const struct pdflex_value *before, const struct pdflex_value *now,
    void *more)
{
	(void)more;
	if (strcmp(key, "Annots") != 0) {
		if (!stayed(before, now))
			changed(w, "/%s of a page was changed", key);
		return OK;
	}
	const struct pdflex_value *a, *b;
	TRY(pdffile_resolve(w->f, w->old, before, &a));
	TRY(pdffile_resolve(w->f, NEWEST, now, &b));
	allow(w, before, now, "a list of annotations");
	return check_list(w, a, b, "the list of annotations of a page", added_annotation);
}

/* A page whose list of annotations is an object of its own need not be redefined itself. */
static err_t
check_pages(struct walk *w)
{
	for (uint32_t i = 0; i < w->m.n; i++) {
		struct pdffile_object a, b;
		if (w->m.mark[i].state != PDFDIFF_CHANGED || w->m.mark[i].allowed)
			continue;
		TRY(pdffile_get(w->f, w->old, i, &a));
		TRY(pdffile_get(w->f, NEWEST, i, &b));
		if (!pdflex_is(pdflex_get(a.value, "Type"), "Page") || !pdflex_is(pdflex_get(b.value, "Type"), "Page"))
			continue;
		allow_entries(w, &w->m.mark[i], "a page");
		TRY(differ(w, a.value, b.value, differ_page, NULL));
	}
	return OK;
}

static err_t
check_annotation_lists(struct walk *w)
{
	for (const struct pdfdiff_marks_list *l = w->m.lists; l != NULL; l = l->next) {
		struct pdflex_value reference = {.kind = PDFLEX_REFERENCE, .integer = l->number};
		struct pdffile_object o;
		TRY(pdffile_get(w->f, w->old, l->number, &o));
		reference.generation = o.entry.type == 1 ? o.entry.more : 0;
		TRY(differ_page(w, "Annots", &reference, &reference, NULL));
	}
	return OK;
}

/* ---- evidence ---- */

/* Containers of /DSS may be redefined in place; the certificates and answers in them may not. */
static err_t
check_evidence(struct walk *w, const struct pdflex_value *before, const struct pdflex_value *now, unsigned depth)
{
	const struct pdflex_value *a, *b;
	if (depth > 4)
		return OK;
	if (same_reference(before, now) && pdfdiff_marks_of(&w->m, now)->state == PDFDIFF_CHANGED)
		allow(w, before, now, "evidence");
	TRY(pdffile_resolve(w->f, w->old, before, &a));
	TRY(pdffile_resolve(w->f, NEWEST, now, &b));
	if (b == NULL || (b->kind != PDFLEX_DICT && b->kind != PDFLEX_ARRAY)) {
		if (a != NULL && !pdflex_equal(a, b))
			changed(w, "evidence was removed");
		return OK;
	}
	if (b->kind == PDFLEX_ARRAY || (b->kind == PDFLEX_DICT && a == NULL))
		return allow_new(w, now, 0);
	for (const struct pdflex_value *m = b->first; m != NULL; m = m->next) {
		TRY(check_evidence(w, pdflex_member(a, m->key), m, depth + 1));
		TRY(allow_new(w, m, 0));
	}
	return OK;
}

/* ---- catalog and trailer ---- */

static bool
has_grown(const struct pdflex_value *before, const struct pdflex_value *now)
{
	for (const struct pdflex_value *m = now != NULL ? now->first : NULL; m != NULL; m = m->next)
		if (pdflex_member(before, m->key) == NULL)
			return true;
	return false;
}

/* Resources of the form may grow where nothing is drawn with them, but what was there stays what it was. */
static err_t
check_resources(struct walk *w, const struct pdflex_value *before, const struct pdflex_value *now, unsigned depth)
{
	const struct pdflex_value *a, *b;
	if (stayed(before, now) && pdfdiff_marks_of(&w->m, now)->state == PDFDIFF_SAME && now->kind == PDFLEX_REFERENCE)
		return OK;
	TRY(pdffile_resolve(w->f, w->old, before, &a));
	TRY(pdffile_resolve(w->f, NEWEST, now, &b));
	if (a != NULL && (depth > 2 || b == NULL || a->kind != PDFLEX_DICT || b->kind != PDFLEX_DICT)) {
		if (!stayed(before, now))
			changed(w, "the resources of the form were changed");
		return OK; /* an object behind a reference that stayed answers for itself */
	}
	if (w->draws && has_grown(a, b))
		changed(w, "resources were added to the form, which has fields that readers draw with them");
	allow(w, before, now, "resources of the form");
	for (const struct pdflex_value *m = a != NULL ? a->first : NULL; m != NULL; m = m->next)
		TRY(check_resources(w, m, pdflex_member(b, m->key), depth + 1));
	return allow_new(w, now, 0);
}

static err_t
differ_form(struct walk *w, const char *key, const struct pdflex_value *before, const struct pdflex_value *now,
    void *more)
{
	(void)more;
	if (strcmp(key, "Fields") == 0) {
		const struct pdflex_value *a, *b;
		TRY(pdffile_resolve(w->f, w->old, before, &a));
		TRY(pdffile_resolve(w->f, NEWEST, now, &b));
		allow(w, before, now, "a list of fields");
		return check_list(w, a, b, "the list of form fields", put_in_field);
	}
	if (strcmp(key, "DR") == 0)
		return check_resources(w, before, now, 0);
	if (stayed(before, now) || strcmp(key, "SigFlags") == 0)
		return OK;
	if (before == NULL && (strcmp(key, "Type") == 0 || (strcmp(key, "DA") == 0 && !w->draws)))
		return allow_new(w, now, 0);
	changed(w, "/%s of the form was changed", key);
	return OK;
}

static err_t
check_form(struct walk *w, const struct pdflex_value *before, const struct pdflex_value *now)
{
	const struct pdflex_value *a, *b, *fields;
	TRY(pdffile_resolve(w->f, w->old, before, &a));
	TRY(pdffile_resolve(w->f, NEWEST, now, &b));
	if (b == NULL || b->kind != PDFLEX_DICT) {
		if (a != NULL)
			changed(w, "the form was removed");
		return OK;
	}
	allow(w, before, now, "the form");
	const struct pdflex_value *needs;
	TRY(pdffile_member(w->f, NEWEST, b, "NeedAppearances", &needs));
	w->draws = w->m.draws || (needs != NULL && needs->kind == PDFLEX_BOOL && needs->integer != 0);
	TRY(differ(w, a, b, differ_form, NULL));
	TRY(pdffile_member(w->f, NEWEST, b, "Fields", &fields));
	for (const struct pdflex_value *m = fields != NULL ? fields->first : NULL; m != NULL; m = m->next)
		TRY(check_field(w, m, (struct above){0}, 0));
	return OK;
}

static err_t
differ_root(struct walk *w, const char *key, const struct pdflex_value *before, const struct pdflex_value *now,
    void *more)
{
	(void)more;
	if (strcmp(key, "AcroForm") == 0)
		return check_form(w, before, now);
	if (strcmp(key, "DSS") == 0) {
		if (!stayed(before, now) || pdfdiff_marks_of(&w->m, now)->state != PDFDIFF_SAME)
			w->diff.added |= PDFDIFF_EVIDENCE;
		TRY(check_evidence(w, before, now, 0));
		return allow_new(w, now, 0);
	}
	if (strcmp(key, "Metadata") == 0) {
		if (stayed(before, now) && pdfdiff_marks_of(&w->m, now)->state == PDFDIFF_SAME)
			return OK;
		w->diff.added |= PDFDIFF_INFORMATION;
		allow(w, before, now, "metadata");
		return allow_new(w, now, 0);
	}
	if (stayed(before, now) && strcmp(key, "Extensions") != 0)
		return OK;
	if (is_key(key, "Extensions Version")) {
		allow(w, before, now, "a list of extensions"); /* versions of the format, nothing that is shown */
		return allow_new(w, now, 0);
	}
	changed(w, "/%s of the document was changed", key);
	return OK;
}

static err_t
check_trailer(struct walk *w)
{
	const struct pdflex_value *a = w->f->sections[w->old].trailer, *b = w->f->sections[NEWEST].trailer;
	const struct pdflex_value *before, *now, *reference = pdflex_get(b, "Root");
	if (!same_reference(pdflex_get(a, "Root"), reference)) {
		changed(w, "the document starts at another object");
		return OK;
	}
	TRY(pdffile_root(w->f, w->old, &before));
	TRY(pdffile_root(w->f, NEWEST, &now));
	allow_entries(w, pdfdiff_marks_of(&w->m, reference), "the catalog");
	TRY(differ(w, before, now, differ_root, NULL));
	const struct pdflex_value *info = pdflex_get(b, "Info");
	if (!pdflex_equal(pdflex_get(a, "Info"), info) || pdfdiff_marks_of(&w->m, info)->state != PDFDIFF_SAME) {
		w->diff.added |= PDFDIFF_INFORMATION;
		allow(w, pdflex_get(a, "Info"), info, "document information");
		TRY(allow_new(w, info, 0));
	}
	return OK;
}

static uint32_t
highest_in_use(const struct pdffile_section *s)
{
	for (size_t i = s->entries_n; i-- > 0;)
		if (s->entries[i].type != 0)
			return s->entries[i].number;
	return 0;
}

/* No /Size from the compared revision on makes objects vanish or come back. [ISO 32000-2 7.5.5] One that does need not be a
 * change: programs that write only what they redefine count to the highest number of that, and most readers go by the
 * tables. But not all readers show the same. */
static err_t
check_sizes(struct walk *w)
{
	uint32_t highest = 0;
	for (size_t i = w->f->sections_n; i-- > 0;) {
		uint32_t own = highest_in_use(&w->f->sections[i]);
		highest = own > highest ? own : highest;
		if (i <= w->old && w->f->sections[i].size <= highest)
			return err_make(ERR_PDF_STRICT, "by /Size of %s revision, object %u does not exist, and readers differ in what they show",
			    i == w->old ? "the signed" : "a later", highest);
	}
	return OK;
}

/* What no rule accounted for. */
static void
check_rest(struct walk *w)
{
	for (uint32_t i = 0; i < w->m.n; i++) {
		const struct pdfdiff_mark *m = &w->m.mark[i];
		if (m->split)
			changed(w, "object %u is not the same to all readers", i);
		else if (m->state == PDFDIFF_NEW && m->uses > 0)
			changed(w, "object %u, to which the signed document refers without having it, was added", i);
		else if (m->state == PDFDIFF_CHANGED && !m->allowed)
			changed(w, "object %u was redefined", i);
		else if (m->state == PDFDIFF_GONE && !m->allowed && m->uses > 0)
			changed(w, "object %u was removed", i);
	}
}

err_t
pdfdiff_check(struct pdffile *f, size_t old, struct pdfdiff *ret_diff)
{
	struct walk w = {.f = f, .old = old};
	if (old == NEWEST) {
		*ret_diff = w.diff;
		return OK;
	}
	TRY(pdfdiff_marks_read(f, old, &w.m));
	TRY(check_trailer(&w));
	TRY(check_pages(&w));
	TRY(check_annotation_lists(&w));
	check_rest(&w);
	if (!w.diff.changed)
		TRY(check_sizes(&w));
	*ret_diff = w.diff;
	return OK;
}
