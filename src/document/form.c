#include "document/form.h"

#include "document/guard.h"

enum {
	TREE_DEPTH = 32,
	FIELDS_MAX = 100000,
	NAME_MAX_OCTETS = 1024,
};

struct walk {
	struct reader *r;
	struct form *form;
	size_t names_room;
};

/* ---- signatures that are there ---- */

static int
hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whether text is these octets as a hexadecimal string: digits, white space among them, and a last one that may be left out
 * when it is 0. [ISO 32000-2 7.3.4.3] */
static bool
is_hex_of(struct bytes text, struct bytes octets)
{
	size_t n = 0; /* digits so far */
	for (size_t i = 1; i + 1 < text.n; i++) {
		int digit = hex_digit(text.p[i]);
		if (digit < 0 && (text.p[i] == ' ' || text.p[i] == 0 || (text.p[i] >= 9 && text.p[i] <= 13 && text.p[i] != 11)))
			continue;
		if (digit < 0 || n / 2 == octets.n || digit != (n % 2 == 0 ? octets.p[n / 2] >> 4 : octets.p[n / 2] & 15))
			return false;
		n++;
	}
	if (n % 2 == 1 && (octets.p[n / 2] & 15) != 0)
		return false;
	return text.p[0] == '<' && text.p[text.n - 1] == '>' && (n + 1) / 2 == octets.n;
}

/* [ISO 32000-2 12.8.1]: two runs from the first octet, and exactly /Contents between them. */
static err_t
byte_range_check(struct reader *r, qpdf_oh value)
{
	qpdf_oh array = reader_key(r, value, "/ByteRange");
	int64_t v[4];
	if (reader_count(r, array) != 4)
		return err_make(ERR_PDF_SIGNATURE_DAMAGED, "/ByteRange does not have four numbers");
	for (size_t i = 0; i < 4; i++)
		if (!reader_integer(r, reader_item(r, array, i), &v[i]) || v[i] < 0 || v[i] > (int64_t)r->file.n)
			return err_make(ERR_PDF_SIGNATURE_DAMAGED, "/ByteRange points outside the file");
	if (v[0] != 0 || v[1] + 2 > v[2] || v[2] + v[3] > (int64_t)r->file.n)
		return err_make(ERR_PDF_SIGNATURE_DAMAGED, "/ByteRange does not leave a hole inside the file");
	if (!is_hex_of(bytes_sub(r->file, (size_t)v[1], (size_t)v[2]), reader_octets(r, reader_key(r, value, "/Contents"))))
		return err_make(ERR_PDF_SIGNATURE_DAMAGED, "what /ByteRange leaves out is not /Contents");
	return OK;
}

static void
read_lock(struct walk *w, qpdf_oh lock)
{
	struct form *form = w->form;
	if (!reader_is_dictionary(w->r, lock) || form->locks_n == FORM_LOCKS_MAX)
		return;
	struct form_lock *to = &form->locks[form->locks_n++];
	to->names = reader_key(w->r, lock, "/Fields");
	to->action = reader_is_name(w->r, lock, "/Action", "/Include") ? FORM_LOCK_INCLUDE :
	    reader_is_name(w->r, lock, "/Action", "/Exclude")          ? FORM_LOCK_EXCLUDE :
	                                                                 FORM_LOCK_ALL;
}

static void
certify(struct form *form, int64_t p)
{
	int level = p < 1 || p > 3 ? 2 : (int)p; /* [ISO 32000-2 12.8.2.2]: 2 unless given */
	if (form->certified == 0 || level < form->certified)
		form->certified = level;
}

static void
read_references(struct walk *w, qpdf_oh value)
{
	struct reader *r = w->r;
	qpdf_oh references = reader_key(r, value, "/Reference");
	for (size_t i = 0; i < reader_count(r, references) && i < FORM_LOCKS_MAX; i++) {
		qpdf_oh reference = reader_item(r, references, i), params = reader_key(r, reference, "/TransformParams");
		int64_t p = 2;
		reader_integer(r, reader_key(r, params, "/P"), &p);
		if (reader_is_name(r, reference, "/TransformMethod", "/DocMDP"))
			certify(w->form, p);
		if (reader_is_name(r, reference, "/TransformMethod", "/FieldMDP"))
			read_lock(w, params);
	}
}

static err_t
read_signed(struct walk *w, qpdf_oh field, qpdf_oh value)
{
	struct reader *r = w->r;
	w->form->signatures++;
	TRY(byte_range_check(r, value));
	read_references(w, value);
	qpdf_oh lock = reader_key(r, field, "/Lock");
	read_lock(w, lock);
	int64_t p;
	if (reader_integer(r, reader_key(r, lock, "/P"), &p)) /* [ISO 32000-2 12.7.5.5] */
		certify(w->form, p);
	return OK;
}

/* ---- signature fields that wait ---- */

static bool
list_has_name(struct reader *r, qpdf_oh list, const char *name)
{
	for (size_t i = 0; i < reader_count(r, list); i++)
		if (qpdf_oh_is_name_and_equals(r->q, reader_item(r, list, i), name))
			return true;
	return false;
}

static bool
list_has_sha256(struct reader *r, qpdf_oh list)
{
	for (size_t i = 0; i < reader_count(r, list); i++)
		if (bytes_eq(reader_octets(r, reader_item(r, list, i)), str_bytes(STR("SHA256"))))
			return true;
	return false;
}

/* Whether our signatures obey what a seed value demands: filter, format and digest may be asked for, nothing else.
 * [ISO 32000-2 12.7.5.5, table 237] */
static bool
seed_is_obeyed(struct reader *r, qpdf_oh seed)
{
	enum { FILTER = 1, SUB_FILTER = 2, DIGEST = 64 };
	int64_t must = 0;
	reader_integer(r, reader_key(r, seed, "/Ff"), &must);
	if ((must & ~(int64_t)(FILTER | SUB_FILTER | DIGEST)) != 0)
		return false;
	if ((must & FILTER) != 0 && !reader_is_name(r, seed, "/Filter", "/Adobe.PPKLite"))
		return false;
	if ((must & SUB_FILTER) != 0 && !list_has_name(r, reader_key(r, seed, "/SubFilter"), "/ETSI.CAdES.detached"))
		return false;
	return (must & DIGEST) == 0 || list_has_sha256(r, reader_key(r, seed, "/DigestMethod"));
}

static void
read_empty(struct walk *w, qpdf_oh field, struct literal_ref ref, struct str name)
{
	struct reader *r = w->r;
	if (w->form->empties_n == FORM_EMPTY_MAX)
		return;
	struct form_empty *e = &w->form->empties[w->form->empties_n++];
	*e = (struct form_empty){.name = name, .field = field, .field_ref = ref, .widget = field, .widget_ref = ref};
	qpdf_oh kids = reader_key(r, field, "/Kids");
	size_t n = reader_count(r, kids);
	bool one = n == 0;
	if (n == 1) {
		e->widget = reader_item(r, kids, 0);
		one = reader_ref(r, e->widget, &e->widget_ref) && reader_is_dictionary(r, e->widget);
	}
	e->usable = one && seed_is_obeyed(r, reader_key(r, field, "/SV")) && !reader_has(r, field, "/Lock");
}

/* ---- the tree ---- */

static err_t
full_name(struct walk *w, struct str above, qpdf_oh field, struct str *ret_name)
{
	struct reader *r = w->r;
	*ret_name = above;
	if (!reader_has(r, field, "/T"))
		return OK;
	struct str own = reader_text(r, reader_key(r, field, "/T"));
	if (above.n == 0) {
		*ret_name = own;
		return OK;
	}
	const char *joined;
	if (above.n + own.n > NAME_MAX_OCTETS)
		return err_make(ERR_PDF_FORM_DAMAGED, "a field name is longer than %d octets", NAME_MAX_OCTETS);
	TRY(arena_printf(r->arena, &joined, "%.*s.%.*s", STR_ARG(above), STR_ARG(own)));
	*ret_name = str_c(joined);
	return OK;
}

static void
keep_name(struct walk *w, struct str name)
{
	struct form *form = w->form;
	if (form->names_n < w->names_room)
		form->names[form->names_n++] = name;
}

/* Kids with a name are fields; kids without one are the widgets of this field. */
static bool
has_fields_below(struct reader *r, qpdf_oh kids)
{
	size_t n = reader_count(r, kids);
	for (size_t i = 0; i < n; i++)
		if (reader_has(r, reader_item(r, kids, i), "/T"))
			return true;
	return false;
}

static err_t
read_terminal(struct walk *w, qpdf_oh field, struct literal_ref ref, struct str name, bool is_signature)
{
	struct reader *r = w->r;
	if (guard_runs(r, reader_key(r, field, "/A")) || reader_has(r, field, "/AA"))
		w->form->scripts = true;
	if (!is_signature)
		return OK;
	qpdf_oh value = reader_key(r, field, "/V");
	if (reader_is_dictionary(r, value))
		return read_signed(w, field, value);
	read_empty(w, field, ref, name);
	return OK;
}

static err_t
visit(struct walk *w, qpdf_oh field, struct str above, bool is_signature, int depth)
{
	struct reader *r = w->r;
	struct literal_ref ref;
	struct str name;
	if (depth > TREE_DEPTH || ++w->form->fields > FIELDS_MAX)
		return err_make(ERR_PDF_TOO_COMPLEX, "more than %d fields, or deeper than %d", FIELDS_MAX, TREE_DEPTH);
	/* What is no field at all shows nothing and says nothing. */
	if (!reader_is_dictionary(r, field) || !reader_ref(r, field, &ref))
		return OK;
	if (!reader_meet(r, ref))
		return err_make(ERR_PDF_FORM_DAMAGED, "object %u stands twice in the field tree", ref.number);
	TRY(full_name(w, above, field, &name));
	if (depth == 0)
		keep_name(w, name);
	if (reader_has(r, field, "/FT"))
		is_signature = reader_is_name(r, field, "/FT", "/Sig");
	qpdf_oh kids = reader_key(r, field, "/Kids");
	if (!has_fields_below(r, kids))
		return read_terminal(w, field, ref, name, is_signature);
	size_t n = reader_count(r, kids);
	for (size_t i = 0; i < n; i++)
		TRY(visit(w, reader_item(r, kids, i), name, is_signature, depth + 1));
	return reader_check(r);
}

static err_t
read_fields(struct walk *w)
{
	struct reader *r = w->r;
	qpdf_oh fields = reader_key(r, w->form->dictionary, "/Fields");
	size_t n = reader_count(r, fields);
	if (n > FIELDS_MAX)
		return err_make(ERR_PDF_TOO_COMPLEX, "%zu fields, at most %d are allowed", n, FIELDS_MAX);
	void *names = NULL;
	TRY(arena_get(r->arena, (n + 1) * sizeof(struct str), &names));
	w->form->names = names;
	w->names_room = n;
	reader_forget(r);
	for (size_t i = 0; i < n; i++)
		TRY(visit(w, reader_item(r, fields, i), STR(""), false, 0));
	return OK;
}

/* The certification and usage rights that the catalog names. [ISO 32000-2 12.8.6] */
static void
read_permissions(struct walk *w)
{
	struct reader *r = w->r;
	qpdf_oh permissions = reader_key(r, r->root, "/Perms");
	w->form->usage_rights = reader_has(r, permissions, "/UR3") || reader_has(r, permissions, "/UR");
	qpdf_oh certification = reader_key(r, permissions, "/DocMDP");
	if (!reader_is_dictionary(r, certification))
		return;
	read_references(w, certification);
	if (w->form->certified == 0)
		certify(w->form, 2);
}

err_t
form_read(struct reader *r, struct form **ret_form)
{
	void *room = NULL;
	TRY(arena_get(r->arena, sizeof(struct form), &room));
	struct form *form = room;
	struct walk w = {.r = r, .form = form};
	form->dictionary = reader_key(r, r->root, "/AcroForm");
	if (!qpdf_oh_is_null(r->q, form->dictionary) && !qpdf_oh_is_dictionary(r->q, form->dictionary))
		return err_make(ERR_PDF_FORM_DAMAGED, "/AcroForm is not a dictionary");
	TRY(read_fields(&w));
	read_permissions(&w);
	TRY(reader_check(r));
	*ret_form = form;
	return OK;
}

/* ---- questions ---- */

bool
form_has_name(const struct form *form, struct str name)
{
	for (size_t i = 0; i < form->names_n; i++)
		if (str_eq(form->names[i], name))
			return true;
	return false;
}

/* A name in a lock covers the field and all below it. */
static bool
is_listed(struct reader *r, qpdf_oh names, struct str name)
{
	size_t n = reader_count(r, names);
	for (size_t i = 0; i < n; i++) {
		struct str listed = reader_text(r, reader_item(r, names, i));
		if (str_eq(listed, name))
			return true;
		if (listed.n < name.n && name.p[listed.n] == '.' && memcmp(listed.p, name.p, listed.n) == 0)
			return true;
	}
	return false;
}

bool
form_is_locked(struct reader *r, const struct form *form, struct str name)
{
	for (size_t i = 0; i < form->locks_n; i++) {
		const struct form_lock *lock = &form->locks[i];
		bool listed = is_listed(r, lock->names, name);
		if (lock->action == FORM_LOCK_ALL || listed == (lock->action == FORM_LOCK_INCLUDE))
			return true;
	}
	return false;
}

bool
form_has_open(struct reader *r, const struct form *form)
{
	for (size_t i = 0; i < form->empties_n; i++)
		if (form->empties[i].usable && !form_is_locked(r, form, form->empties[i].name))
			return true;
	return false;
}

err_t
form_find_empty(const struct form *form, struct str name, const struct form_empty **ret_empty)
{
	for (size_t i = 0; i < form->empties_n; i++) {
		const struct form_empty *e = &form->empties[i];
		if (!str_eq(e->name, name))
			continue;
		if (!e->usable)
			return err_make(ERR_PDF_LOCKED, "the field \"%.*s\" has a lock or conditions of its own", STR_ARG(name));
		*ret_empty = e;
		return OK;
	}
	return err_make(ERR_PDF_FIELD_UNKNOWN, "\"%.*s\"", STR_ARG(name));
}
