#include "ades/pades.h"

#include "ades/pdffile_gaps.h"
#include "ades/permission.h"
#include "base/buf.h"
#include "base/time.h"
#include "der/der.h"

#include <stdarg.h>

enum { FIELDS_MAX = 20000, DEPTH_MAX = 32, OLDER_MAX = 64 };

static void problem(struct pades_signature *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
problem(struct pades_signature *s, const char *format, ...)
{
	va_list args;
	if (s->problem[0] != 0)
		return;
	va_start(args, format);
	vsnprintf(s->problem, sizeof s->problem, format, args);
	va_end(args);
}

/* ---- texts and dates ---- */

static void
put_code_point(struct buf *b, uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		c = ' ';
	if (c < 0x80) {
		buf_put_byte(b, (uint8_t)c);
	} else if (c < 0x800) {
		buf_put_byte(b, (uint8_t)(0xc0 | c >> 6));
		buf_put_byte(b, (uint8_t)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_put_byte(b, (uint8_t)(0xe0 | c >> 12));
		buf_put_byte(b, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		buf_put_byte(b, (uint8_t)(0x80 | (c & 0x3f)));
	} else {
		buf_put_byte(b, (uint8_t)(0xf0 | c >> 18));
		buf_put_byte(b, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		buf_put_byte(b, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		buf_put_byte(b, (uint8_t)(0x80 | (c & 0x3f)));
	}
}

static void
put_utf16(struct buf *b, struct bytes raw)
{
	for (size_t i = 2; i + 1 < raw.n; i += 2) {
		uint32_t c = (uint32_t)raw.p[i] << 8 | raw.p[i + 1];
		if (c >= 0xd800 && c < 0xdc00 && i + 3 < raw.n) {
			uint32_t low = (uint32_t)raw.p[i + 2] << 8 | raw.p[i + 3];
			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i += 2;
			}
		}
		put_code_point(b, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	}
}

/* Lives in b. */
static struct str
decode(struct buf *b, struct bytes raw)
{
	struct str clean;
	if (raw.n >= 2 && raw.p[0] == 0xfe && raw.p[1] == 0xff) {
		put_utf16(b, raw);
	} else if (raw.n >= 3 && memcmp(raw.p, "\xef\xbb\xbf", 3) == 0) {
		buf_put(b, bytes_sub(raw, 3, raw.n));
	} else {
		for (size_t i = 0; i < raw.n; i++)
			put_code_point(b, raw.p[i]); /* Latin-1 is PDFDocEncoding where it matters */
	}
	return err_is(str_check(buf_bytes(b), &clean)) ? STR("?") : clean;
}

static err_t
keep(struct arena *arena, struct str text, struct str *ret)
{
	struct bytes kept;
	TRY(arena_copy(arena, str_bytes(text), &kept));
	*ret = (struct str){(const char *)kept.p, kept.n};
	return OK;
}

err_t
pades_text(struct arena *arena, struct bytes raw, struct str *ret_text)
{
	AUTO_BUF(b, PADES_WORDS_MAX);
	if (raw.n > PADES_WORDS_MAX / 4)
		raw.n = PADES_WORDS_MAX / 4; /* a label, not a document */
	return keep(arena, decode(&b, raw), ret_text);
}

err_t
pades_name(struct arena *arena, struct bytes raw, struct str *ret_name)
{
	AUTO_BUF(b, 4 * PADES_NAME_MAX);
	if (raw.n > PADES_NAME_MAX)
		return err_make(ERR_PDF_STRICT, "the name of a field is too long");
	return keep(arena, decode(&b, raw), ret_name);
}

/* Two digits at *at, or fallback when the text ends there. */
static bool
two(struct bytes raw, size_t *at, int fallback, int *ret)
{
	*ret = fallback;
	if (*at + 1 >= raw.n || raw.p[*at] < '0' || raw.p[*at] > '9')
		return true;
	if (raw.p[*at + 1] < '0' || raw.p[*at + 1] > '9')
		return false;
	*ret = (raw.p[*at] - '0') * 10 + (raw.p[*at + 1] - '0');
	*at += 2;
	return true;
}

err_t
pades_date(struct bytes raw, int64_t *ret_at)
{
	struct time_parts t = {0};
	int century, year, hours = 0, minutes = 0;
	size_t at = 2;
	bool good = raw.n >= 6 && memcmp(raw.p, "D:", 2) == 0 && two(raw, &at, -1, &century) && two(raw, &at, -1, &year)
	            && century >= 0 && year >= 0 && two(raw, &at, 1, &t.month) && two(raw, &at, 1, &t.day)
	            && two(raw, &at, 0, &t.hour) && two(raw, &at, 0, &t.minute) && two(raw, &at, 0, &t.second);
	if (!good)
		return err_make(ERR_INPUT, "not a date");
	t.year = century * 100 + year;
	int64_t made;
	TRY(time_join(t, &made));
	if (at < raw.n && (raw.p[at] == '+' || raw.p[at] == '-')) {
		int64_t sign = raw.p[at++] == '+' ? 1 : -1;
		if (!two(raw, &at, 0, &hours))
			return err_make(ERR_INPUT, "not a date");
		if (at < raw.n && raw.p[at] == '\'')
			at++;
		if (!two(raw, &at, 0, &minutes))
			return err_make(ERR_INPUT, "not a date");
		made -= sign * (hours * TIME_HOUR + minutes * TIME_MINUTE);
	}
	*ret_at = made;
	return OK;
}

/* ---- one signature ---- */

/* The labels; none of them is worth an error. */
static err_t
read_words(struct pades *p, struct pades_signature *s, const struct pdflex_value *dict)
{
	const struct pdflex_value *v;
	TRY(pdffile_member(p->file, 0, dict, "Reason", &v));
	if (v != NULL && v->kind == PDFLEX_STRING)
		TRY(pades_text(p->file->arena, v->text, &s->reason));
	TRY(pdffile_member(p->file, 0, dict, "Location", &v));
	if (v != NULL && v->kind == PDFLEX_STRING)
		TRY(pades_text(p->file->arena, v->text, &s->location));
	TRY(pdffile_member(p->file, 0, dict, "M", &v));
	if (v != NULL && v->kind == PDFLEX_STRING)
		s->has_claimed = !err_is(pades_date(v->text, &s->claimed_at));
	return OK;
}

/* Exactly [0 a b c], written in the dictionary itself. */
static bool
read_range(const struct pdflex_value *dict, uint64_t ret[4])
{
	const struct pdflex_value *v = pdflex_get(dict, "ByteRange"), *m;
	size_t n = 0;
	if (v == NULL || v->kind != PDFLEX_ARRAY)
		return false;
	for (m = v->first; m != NULL && n < 4; m = m->next) {
		if (m->kind != PDFLEX_INTEGER || m->integer < 0)
			return false;
		ret[n++] = (uint64_t)m->integer;
	}
	return n == 4 && m == NULL && ret[0] == 0;
}

/* One way to write the octets, so that none of it can change unnoticed: the signature does not cover its own hole. */
static bool
is_odd(struct bytes digits)
{
	bool upper = false, lower = false;
	for (size_t i = 0; i < digits.n; i++) {
		uint8_t c = digits.p[i];
		upper |= c >= 'A' && c <= 'F';
		lower |= c >= 'a' && c <= 'f';
		if ((c < '0' || c > '9') && (c | 0x20) < 'a')
			return true;
	}
	return upper && lower;
}

/* The hole is the /Contents of this very dictionary, and the second range starts right behind it. */
static bool
check_hole(struct pades_signature *s, const struct pdflex_value *dict, const uint64_t range[4], struct bytes data)
{
	const struct pdflex_value *contents = pdflex_get(dict, "Contents");
	if (contents == NULL || contents->kind != PDFLEX_STRING || !contents->hex) {
		problem(s, "/Contents is no hexadecimal string");
		return false;
	}
	s->hole_from = contents->from;
	s->hole_to = contents->to;
	if (range[1] != s->hole_from || range[2] != s->hole_to) {
		problem(s, "/ByteRange does not leave out exactly the /Contents of its own dictionary");
		return false;
	}
	if (range[3] > data.n - s->hole_to) {
		problem(s, "/ByteRange reaches beyond the file");
		return false;
	}
	s->end = s->hole_to + (size_t)range[3];
	s->whole = s->end == data.n;
	s->odd_hole = is_odd(bytes_sub(data, s->hole_from + 1, s->hole_to - 1));
	return true;
}

/* Every section and object of the signed revision lies inside it, every later section behind it. */
static bool
check_sections(struct pades_signature *s, const struct pdffile *f)
{
	for (size_t i = 0; i < f->sections_n; i++) {
		const struct pdffile_section *x = &f->sections[i];
		bool inside = x->end <= s->end && x->hybrid_at < s->end;
		bool behind = x->at >= s->end && (x->hybrid_at == 0 || x->hybrid_at >= s->end);
		if (i < s->revision ? !behind : !inside) {
			problem(s, "the cross-reference sections cross the end of the signed revision");
			return false;
		}
		for (size_t j = 0; i >= s->revision && j < x->entries_n; j++)
			if (x->entries[j].type == 1 && x->entries[j].offset >= s->end) {
				problem(s, "the signed revision refers to objects behind its end");
				return false;
			}
	}
	return true;
}

/* The signed revision is one of the chain, and ends where the range does. */
static bool
check_revision(struct pades_signature *s, struct pdffile *f)
{
	uint64_t startxref;
	if (err_is(pdffile_end(f->data, s->end, &startxref))) {
		problem(s, "what is signed is no whole revision: %s", err_detail());
		return false;
	}
	for (s->revision = 0; s->revision < f->sections_n; s->revision++)
		if (f->sections[s->revision].at == pdffile_place(f, startxref))
			break;
	if (s->revision == f->sections_n) {
		problem(s, "the signed revision is not one of this document");
		return false;
	}
	if (s->whole && s->revision != 0) {
		problem(s, "the signed revision is not the newest one");
		return false;
	}
	return check_sections(s, f);
}

/* The DER in the hole; behind it only zeros. */
static bool
check_contents(struct pades_signature *s, const struct pdflex_value *dict)
{
	struct bytes raw = pdflex_get(dict, "Contents")->text;
	size_t n;
	if (err_is(der_first(raw, &n))) {
		if (raw.n == 0 || raw.p[0] != DER_SEQUENCE) {
			problem(s, "/Contents holds no signature");
			return false;
		}
		s->cms = raw; /* BER, it seems: in its place, but not readable here */
		return true;
	}
	for (size_t i = n; i < raw.n; i++)
		if (raw.p[i] != 0) {
			problem(s, "/Contents holds more than a signature");
			return false;
		}
	s->cms = bytes_sub(raw, 0, n);
	return true;
}

static err_t
check_place(struct pades *p, struct pades_signature *s, const struct pdffile_object *o)
{
	uint64_t range[4];
	if (o->compressed || o->stream) {
		problem(s, "the signature dictionary is not a plain object");
	} else if (!read_range(o->value, range)) {
		problem(s, "/ByteRange is not [0 a b c]");
	} else if (check_hole(s, o->value, range, p->file->data) && check_revision(s, p->file)
	           && check_contents(s, o->value)) {
		const struct pdffile_entry *e = pdffile_find(p->file, s->revision, s->object);
		if (e == NULL || e->type != 1 || e->offset != o->at || o->end > s->end)
			problem(s, "the signature is not part of the revision that it covers");
		else
			s->placed = true;
	}
	return OK;
}

static err_t
read_kind(struct pades_signature *s, const struct pdflex_value *dict)
{
	const struct pdflex_value *type = pdflex_get(dict, "Type"), *sub = pdflex_get(dict, "SubFilter");
	s->kind = pdflex_is(type, "DocTimeStamp") ? PADES_STAMP : PADES_SIGNATURE;
	if (type != NULL && !pdflex_is(type, "DocTimeStamp") && !pdflex_is(type, "Sig"))
		problem(s, "the field holds something that is no signature");
	if (sub != NULL && sub->kind == PDFLEX_NAME)
		s->sub_filter = sub->text;
	if ((s->kind == PADES_STAMP) != pdflex_is(sub, "ETSI.RFC3161"))
		problem(s, "/Type and /SubFilter do not go together");
	return OK;
}

static err_t
add_signature(struct pades *p, size_t revision, uint32_t field, struct str name, const struct pdflex_value *value)
{
	for (size_t i = 0; i < p->n; i++) {
		if (value->kind == PDFLEX_REFERENCE && p->signatures[i].object == value->integer) {
			if (p->signatures[i].field != field) {
				problem(&p->signatures[i], "two fields hold the same signature");
				p->signatures[i].placed = false;
			}
			return OK;
		}
	}
	if (p->n == PADES_SIGNATURES_MAX)
		return err_make(ERR_PDF_STRICT, "more than %d signatures", PADES_SIGNATURES_MAX);
	struct pades_signature *s = &p->signatures[p->n++];
	*s = (struct pades_signature){.field = field, .was_dropped = revision != 0};
	TRY(keep(p->file->arena, name, &s->name));
	struct pdffile_object o;
	if (value->kind != PDFLEX_REFERENCE) {
		problem(s, "the signature dictionary is not an object of its own");
		return read_kind(s, value);
	}
	s->object = (uint32_t)value->integer;
	TRY(pdffile_get(p->file, revision, s->object, &o));
	TRY(read_kind(s, o.value));
	TRY(read_words(p, s, o.value));
	return s->problem[0] == 0 ? check_place(p, s, &o) : OK;
}

/* Something was there once: a field whose value leads nowhere, or a signature that no field leads to. */
static err_t
add_nowhere(struct pades *p, uint32_t field, struct str name, uint32_t object, const char *what)
{
	if (p->n == PADES_SIGNATURES_MAX)
		return err_make(ERR_PDF_STRICT, "more than %d signatures", PADES_SIGNATURES_MAX);
	struct pades_signature *s = &p->signatures[p->n++];
	*s = (struct pades_signature){.field = field, .object = object};
	TRY(keep(p->file->arena, name, &s->name));
	problem(s, "%s", what);
	return OK;
}

/* ---- the fields ---- */

enum { WHOLE_NAME_MAX = 2 * PADES_NAME_MAX }; /* as UTF-8; no name that a lock can hold is longer */

struct walk {
	struct pades *p;
	size_t revision;
	size_t fields;
	char name[WHOLE_NAME_MAX]; /* of the field that is looked at; one place for all, because there may be many long ones */
};

/* Puts own name and a dot behind the first n octets, the parent's name; gives the length of both, SIZE_MAX when it is too
 * long. */
static err_t
join_name(struct walk *w, size_t n, const struct pdflex_value *field, size_t *ret_n)
{
	AUTO_BUF(b, 4 * PADES_NAME_MAX);
	const struct pdflex_value *t;
	TRY(pdffile_member(w->p->file, w->revision, field, "T", &t));
	*ret_n = n;
	if (t == NULL || t->kind != PDFLEX_STRING || n == SIZE_MAX)
		return OK;
	*ret_n = SIZE_MAX;
	if (t->text.n > PADES_NAME_MAX)
		return OK;
	struct str own = decode(&b, t->text);
	if (own.n + 1 > sizeof w->name - n)
		return OK;
	if (n > 0)
		w->name[n++] = '.';
	memcpy(w->name + n, own.p, own.n);
	*ret_n = n + own.n;
	return OK;
}

static err_t
walk_value(struct walk *w, const struct pdflex_value *reference, size_t name_n, const struct pdflex_value *value)
{
	const struct pdflex_value *found;
	struct str name = {w->name, name_n};
	uint32_t number = reference->kind == PDFLEX_REFERENCE ? (uint32_t)reference->integer : 0;
	if (name_n == SIZE_MAX)
		return err_make(ERR_PDF_STRICT, "the name of a signature field is too long");
	TRY(pdffile_resolve(w->p->file, w->revision, value, &found));
	if (found != NULL && found->kind == PDFLEX_DICT)
		return add_signature(w->p, w->revision, number, name, value);
	if (w->revision == 0) /* one octet less in a reference must not make a signature vanish */
		return add_nowhere(w->p, number, name, 0, "the field has a value that is no signature");
	return OK;
}

static err_t
walk_field(struct walk *w, const struct pdflex_value *reference, size_t parent, bool signature, unsigned depth)
{
	const struct pdflex_value *field, *type, *kids;
	struct pdffile *f = w->p->file;
	size_t name;
	if (depth > DEPTH_MAX || w->fields++ > FIELDS_MAX)
		return err_make(ERR_PDF_STRICT, "more form fields than are read here");
	TRY(pdffile_resolve(f, w->revision, reference, &field));
	if (field == NULL || field->kind != PDFLEX_DICT)
		return OK;
	TRY(join_name(w, parent, field, &name));
	TRY(pdffile_member(f, w->revision, field, "FT", &type));
	if (type != NULL)
		signature = pdflex_is(type, "Sig");
	const struct pdflex_value *value = pdflex_get(field, "V");
	if (signature && value != NULL && value->kind != PDFLEX_NULL)
		TRY(walk_value(w, reference, name, value));
	TRY(pdffile_member(f, w->revision, field, "Kids", &kids));
	for (const struct pdflex_value *m = kids != NULL ? kids->first : NULL; m != NULL; m = m->next)
		TRY(walk_field(w, m, name, signature, depth + 1));
	return OK;
}

static err_t
walk_fields(struct pades *p, size_t revision)
{
	struct walk w = {.p = p, .revision = revision};
	const struct pdflex_value *root, *form, *fields;
	TRY(pdffile_root(p->file, revision, &root));
	TRY(pdffile_member(p->file, revision, root, "AcroForm", &form));
	TRY(pdffile_member(p->file, revision, form, "Fields", &fields));
	for (const struct pdflex_value *m = fields != NULL ? fields->first : NULL; m != NULL; m = m->next)
		TRY(walk_field(&w, m, 0, false, 0));
	return OK;
}

static err_t
check_shown(struct pades *p, uint32_t number)
{
	struct pdffile_object o;
	AUTO_ARENA(scratch, 64 * 1024 * 1024);
	for (size_t i = 0; i < p->n; i++)
		if (p->signatures[i].object == number)
			return OK;
	p->file->values = scratch;
	err_t e = pdffile_get(p->file, 0, number, &o);
	p->file->values = p->file->arena;
	if (err_is(e)) /* compare_later says so */
		return OK;
	if (pdflex_get(o.value, "ByteRange") == NULL || pdflex_get(o.value, "Contents") == NULL)
		return OK;
	return add_nowhere(p, 0, STR(""), number, "the file holds a signature that no field shows");
}

/* The index of the oldest revision that a signature covers; 0 when there is nothing newer. */
static size_t
oldest_signed(const struct pades *p)
{
	size_t oldest = 0;
	for (size_t i = 0; i < p->n; i++)
		if (p->signatures[i].placed && p->signatures[i].revision > oldest)
			oldest = p->signatures[i].revision;
	return oldest;
}

/* What was appended to a signed document shows each signature that it holds: a key of the field that is spoilt or becomes
 * a comment makes one vanish from there, not from the file. */
static err_t
check_all_shown(struct pades *p)
{
	for (size_t i = 0, n = oldest_signed(p); i < n; i++)
		for (size_t j = 0; j < p->file->sections[i].entries_n; j++) {
			const struct pdffile_entry *e = &p->file->sections[i].entries[j];
			if (e->type == 1 && pdffile_find(p->file, 0, e->number) == e)
				TRY(check_shown(p, e->number));
		}
	return OK;
}

static int
by_end(const void *a, const void *b)
{
	const struct pades_signature *x = a, *y = b;
	if (x->placed != y->placed)
		return x->placed ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

/* Two signatures over the same revision cannot be. */
static void
check_order(struct pades *p)
{
	for (size_t i = 1; i < p->n; i++)
		if (p->signatures[i].placed && p->signatures[i].revision == p->signatures[i - 1].revision) {
			problem(&p->signatures[i], "two signatures cover the same revision");
			p->signatures[i].placed = false;
		}
}

/* ---- what was permitted ---- */

static void forbidden(struct pades_signature *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
forbidden(struct pades_signature *s, const char *format, ...)
{
	va_list args;
	if (s->later.changed)
		return;
	s->later.changed = true;
	va_start(args, format);
	vsnprintf(s->later.what, sizeof s->later.what, format, args);
	va_end(args);
}

/* Of a name what fits into a sentence, cut where a character ends. */
static struct str
short_name(struct str name)
{
	enum { MOST = 60 };
	if (name.n <= MOST)
		return name;
	name.n = MOST;
	while (name.n > 0 && ((uint8_t)name.p[name.n] & 0xc0) == 0x80)
		name.n--;
	return name;
}

/* A new field may take a document time-stamp whatever is locked; one that was there may not. */
static void
check_lock(struct pades *p, struct pades_signature *s, const struct permission *permission, const struct pades_signature *later)
{
	const struct pdffile_entry *e = pdffile_find(p->file, s->revision, later->field);
	struct str name = short_name(later->name);
	bool waited = e != NULL && e->type != 0;
	if ((later->kind == PADES_SIGNATURE || waited) && permission_locks(permission, later->name))
		forbidden(s, "the field \"%.*s\", which the signature locks, was filled", STR_ARG(name));
}

/* What pdfdiff permits, the signature itself may forbid. */
static err_t
check_permission(struct pades *p, struct pades_signature *s)
{
	struct permission permission;
	TRY(permission_read(p->file, s->revision, s->field, s->object, &permission));
	/* Programs that add evidence also write when they did so into the document's information. */
	bool kept = s->later.added & (PDFDIFF_EVIDENCE | PDFDIFF_STAMP);
	unsigned most = PDFDIFF_EVIDENCE | PDFDIFF_STAMP | (kept ? PDFDIFF_INFORMATION : 0);
	if (permission.closed && (s->later.added & ~most) != 0)
		forbidden(s, "the signature permits nothing but proof of validity and time-stamps, and there is %s",
		    s->later.added & PDFDIFF_SIGNATURE ? "another signature" :
		    s->later.added & PDFDIFF_FIELD     ? "another signature field" :
		                                         "other document information");
	for (size_t i = 0; i < p->n; i++)
		if (p->signatures[i].placed && p->signatures[i].revision < s->revision)
			check_lock(p, s, &permission, &p->signatures[i]);
	return OK;
}

static void
compare_later(struct pades *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct pades_signature *s = &p->signatures[i];
		if (!s->placed)
			continue;
		s->later_known = !err_is(pdfdiff_check(p->file, s->revision, &s->later)) && (s->whole || !err_is(check_permission(p, s)));
		if (!s->later_known)
			problem(s, "what changed afterwards cannot be told: %s", err_detail());
	}
}

err_t
pades_find(struct bytes data, struct arena *arena, struct pades **ret_pades)
{
	void *room;
	TRY(arena_get(arena, sizeof(struct pades), &room));
	struct pades *p = room;
	TRY(pdffile_read(data, arena, &p->file));
	p->revisions = p->file->sections_n;
	TRY(walk_fields(p, 0));
	/* What only older revisions hold was dropped. The older half of a linearized file is no revision: no catalog. */
	for (size_t i = 1; i < p->file->sections_n && i < OLDER_MAX; i++)
		err_ignore(walk_fields(p, i));
	TRY(pdffile_gaps_check(p->file, oldest_signed(p)));
	TRY(check_all_shown(p));
	qsort(p->signatures, p->n, sizeof p->signatures[0], by_end);
	check_order(p);
	compare_later(p);
	*ret_pades = p;
	return OK;
}

void
pades_digest(struct bytes data, const struct pades_signature *s, enum digest_kind kind, uint8_t *ret_digest)
{
	AUTO_DIGEST(d, kind);
	digest_add(d, bytes_sub(data, 0, s->hole_from));
	digest_add(d, bytes_sub(data, s->hole_to, s->end));
	digest_peek(d, ret_digest);
}
