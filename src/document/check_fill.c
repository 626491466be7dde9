#include "document/check_fill.h"

#include "ades/pdffile.h"

static err_t
wrong(const char *what)
{
	return err_make(ERR_FINAL_CHECK, "%s", what);
}

static bool
refers(const struct pdflex_value *v, struct literal_ref ref)
{
	return v != NULL && v->kind == PDFLEX_REFERENCE && v->integer == ref.number && v->generation == ref.generation;
}

static bool
is_ref(const struct pdflex_object *o, struct literal_ref ref)
{
	return o->number == ref.number && o->generation == ref.generation;
}

static size_t
members(const struct pdflex_value *v)
{
	size_t n = 0;
	for (const struct pdflex_value *m = v->first; m != NULL; m = m->next)
		n++;
	return n;
}

/* dict is exactly the plan's entries and `more` others, which the caller looks at. */
static err_t
check_entries(const struct pdflex_value *dict, struct bytes entries, size_t more, struct arena *arena, const char *what)
{
	const struct pdflex_value *wanted;
	TRY(check_increment_dict(entries, arena, &wanted));
	if (dict->kind != PDFLEX_DICT || members(dict) != members(wanted) + more)
		return err_make(ERR_FINAL_CHECK, "%s has other entries than the plan says", what);
	for (const struct pdflex_value *m = wanted->first, *found; m != NULL; m = m->next)
		if ((found = pdflex_member(dict, m->key)) == NULL || !pdflex_equal(found, m))
			return err_make(ERR_FINAL_CHECK, "/%.*s of %s is not what the plan says", (int)m->key.n,
			    (const char *)m->key.p, what);
	return OK;
}

/* ---- a field ---- */

static err_t
find_field(struct check_increment *inc, const struct plan *plan, enum plan_kind kind, size_t *ret_field)
{
	size_t found = SIZE_MAX;
	for (size_t i = 0; i < plan->fields_n; i++) {
		if (check_increment_find(inc, plan->fields[i].object.number) == NULL)
			continue;
		if (found != SIZE_MAX)
			return wrong("an increment fills two fields");
		found = i;
	}
	if (found == SIZE_MAX)
		return wrong("an increment that should fill a field fills none");
	if (plan->fields[found].kind != kind)
		return wrong(kind == PLAN_SIGNATURE ? "a time-stamp field stands where a signature must be"
		                                    : "a signature field stands where a time-stamp must be");
	*ret_field = found;
	return OK;
}

/* /AP <</N ref>> */
static err_t
check_appearance_entry(const struct pdflex_value *dict, const struct plan_field *f)
{
	const struct pdflex_value *ap = pdflex_get(dict, "AP");
	if (ap == NULL || ap->kind != PDFLEX_DICT || members(ap) != 1 || !refers(pdflex_get(ap, "N"), f->appearance))
		return wrong("the field shows another appearance than the plan says");
	return OK;
}

static err_t
check_widget(struct check_increment_object *o, const struct plan_field *f, struct arena *arena)
{
	bool visible = f->appearance.number != 0;
	TRY(check_entries(o->o.value, f->widget_entries, visible, arena, "the widget"));
	return visible ? check_appearance_entry(o->o.value, f) : OK;
}

static err_t
check_field(struct check_increment_object *o, const struct plan_field *f, uint32_t value, struct arena *arena)
{
	bool visible = f->appearance.number != 0 && f->widget.number == 0;
	TRY(check_entries(o->o.value, f->entries, 1 + (size_t)visible, arena, "the field"));
	if (!refers(pdflex_get(o->o.value, "V"), (struct literal_ref){value, 0}))
		return wrong("the field's /V is not the new signature");
	return visible ? check_appearance_entry(o->o.value, f) : OK;
}

/* What is shown is what the signer saw and chose: the stream of the plan, octet by octet. */
static err_t
check_appearance(struct check_increment_object *o, const struct plan_field *f, struct arena *arena)
{
	if (!o->o.stream || !bytes_eq(o->data, f->appearance_data))
		return wrong("the appearance is not the one of the plan");
	return check_entries(o->o.value, f->appearance_entries, 1, arena, "the appearance");
}

/* Accounts for each object of the increment; gives the one new dictionary. */
static err_t
account(struct check_increment *inc, const struct plan_field *f, uint32_t next, struct arena *arena,
    struct check_increment_object **ret_value)
{
	struct check_increment_object *value = NULL;
	bool widget = f->widget.number == 0, appearance = f->appearance.number == 0;
	for (size_t i = 0; i < inc->n; i++) {
		struct check_increment_object *o = &inc->objects[i];
		if (o->section || is_ref(&o->o, f->object)) {
			continue;
		} else if (!widget && is_ref(&o->o, f->widget)) {
			TRY(check_widget(o, f, arena));
			widget = true;
		} else if (!appearance && is_ref(&o->o, f->appearance)) {
			TRY(check_appearance(o, f, arena));
			appearance = true;
		} else if (o->o.number >= next && o->o.generation == 0 && value == NULL && !o->o.stream) {
			value = o;
		} else {
			return err_make(ERR_FINAL_CHECK, "object %u may not be defined here", o->o.number);
		}
	}
	if (value == NULL || !widget || !appearance)
		return wrong("the signature, the widget or the appearance is missing");
	*ret_value = value;
	return OK;
}

/* Type, filter, and no key that is not on the list. [EN 319 142-1 5.3, 5.4.3] */
static err_t
check_dictionary(const struct pdflex_value *d, enum plan_kind kind)
{
	static const char *const known[] = {"Type", "Filter", "SubFilter", "ByteRange", "Contents", "M", "Name"};
	size_t n = kind == PLAN_SIGNATURE ? sizeof known / sizeof known[0] : 5;
	for (const struct pdflex_value *m = d->first; m != NULL; m = m->next) {
		size_t i = 0;
		while (i < n && !bytes_eq(m->key, str_bytes(str_c(known[i]))))
			i++;
		if (i == n)
			return err_make(ERR_FINAL_CHECK, "the signature dictionary has /%.*s", (int)m->key.n, (const char *)m->key.p);
	}
	if (!pdflex_is(pdflex_get(d, "Type"), kind == PLAN_SIGNATURE ? "Sig" : "DocTimeStamp")
	    || !pdflex_is(pdflex_get(d, "Filter"), "Adobe.PPKLite")
	    || !pdflex_is(pdflex_get(d, "SubFilter"), kind == PLAN_SIGNATURE ? "ETSI.CAdES.detached" : "ETSI.RFC3161"))
		return wrong("/Type, /Filter or /SubFilter of the signature dictionary");
	if (kind == PLAN_SIGNATURE && pdflex_get(d, "M") == NULL)
		return wrong("the signature dictionary has no /M");
	return OK;
}

/* [0 a b c]: all of the file up to the end of this increment, but the hole. */
static err_t
check_range(const struct check_increment *inc, const struct pdflex_value *d, struct check_fill *fill)
{
	const struct pdflex_value *range = pdflex_get(d, "ByteRange"), *contents = pdflex_get(d, "Contents");
	int64_t v[4];
	size_t n = 0;
	if (contents == NULL || contents->kind != PDFLEX_STRING || !contents->hex)
		return wrong("/Contents is no hexadecimal string");
	if (contents->to - contents->from != 2 + 2 * contents->text.n)
		return wrong("/Contents holds white space");
	for (const struct pdflex_value *m = range != NULL && range->kind == PDFLEX_ARRAY ? range->first : NULL; m != NULL;
	     m = m->next, n++) {
		if (n == 4 || m->kind != PDFLEX_INTEGER)
			return wrong("/ByteRange is not four numbers");
		v[n] = m->integer;
	}
	if (n != 4)
		return wrong("/ByteRange is not four numbers");
	if (v[0] != 0 || v[1] != (int64_t)contents->from || v[2] != (int64_t)contents->to)
		return wrong("/ByteRange does not leave out exactly /Contents");
	if (v[3] != (int64_t)(inc->to - contents->to))
		return wrong("/ByteRange does not end with the revision");
	fill->hole_from = contents->from;
	fill->hole_to = contents->to;
	return OK;
}

static err_t
read_contents(const struct pdflex_value *d, struct check_fill *fill)
{
	struct bytes raw = pdflex_get(d, "Contents")->text;
	size_t n;
	TRY(der_first(raw, &n));
	for (size_t i = n; i < raw.n; i++)
		if (raw.p[i] != 0)
			return wrong("something stands behind the signature in /Contents");
	fill->der = bytes_sub(raw, 0, n);
	return OK;
}

err_t
check_fill_field(struct check_increment *inc, const struct plan *plan, enum plan_kind kind, uint32_t next,
    struct arena *arena, struct check_fill *ret_fill)
{
	struct check_fill fill = {0};
	struct check_increment_object *value;
	TRY(find_field(inc, plan, kind, &fill.field));
	const struct plan_field *f = &plan->fields[fill.field];
	struct check_increment_object *field = check_increment_find(inc, f->object.number);
	if (!is_ref(&field->o, f->object))
		return wrong("the field has another generation than in the plan");
	TRY(account(inc, f, next, arena, &value));
	TRY(check_field(field, f, value->o.number, arena));
	TRY(check_dictionary(value->o.value, kind));
	TRY(check_range(inc, value->o.value, &fill));
	TRY(read_contents(value->o.value, &fill));
	fill.value = value->o.value;
	*ret_fill = fill;
	return OK;
}

/* ---- evidence ---- */

/* A new stream: nothing but deflated DER. */
static err_t
add_stream(struct check_increment_object *o, uint32_t next, struct arena *arena, struct check_fill_evidence *streams)
{
	if (o->o.number < next || o->o.generation != 0 || !o->o.stream)
		return err_make(ERR_FINAL_CHECK, "object %u may not be defined in an evidence increment", o->o.number);
	if (members(o->o.value) != 2 || !pdflex_is(pdflex_get(o->o.value, "Filter"), "FlateDecode"))
		return wrong("a stream of evidence has entries that it should not have");
	if (streams->n == sizeof streams->streams / sizeof streams->streams[0])
		return wrong("more evidence than a document has");
	struct bytes der;
	TRY(pdffile_plain(arena, o->o.value, o->data, &der));
	streams->streams[streams->n].number = o->o.number;
	streams->streams[streams->n].seen = false;
	streams->streams[streams->n++].der = der;
	return OK;
}

/* One list of /DSS: what the plan says it had, then our streams. */
static err_t
read_list(const struct pdflex_value *dss, const char *key, struct bytes before, struct arena *arena,
    struct check_fill_evidence *streams, struct evidence *evidence, void (*put)(struct evidence *e, struct bytes der))
{
	const struct pdflex_value *wrapped, *list = pdflex_get(dss, key);
	AUTO_BUF(text, PLAN_REFERENCES_MAX + 16);
	buf_put_str(&text, STR("/L ["));
	buf_put(&text, before);
	buf_put_byte(&text, ']');
	TRY(buf_check(&text));
	TRY(check_increment_dict(buf_bytes(&text), arena, &wrapped));
	const struct pdflex_value *old = pdflex_get(wrapped, "L")->first;
	if (list == NULL && old == NULL)
		return OK;
	if (list == NULL || list->kind != PDFLEX_ARRAY)
		return err_make(ERR_FINAL_CHECK, "/DSS has no list /%s", key);
	const struct pdflex_value *m = list->first;
	for (; old != NULL; old = old->next, m = m->next)
		if (m == NULL || !pdflex_equal(m, old))
			return err_make(ERR_FINAL_CHECK, "/DSS /%s lost what it had", key);
	for (; m != NULL; m = m->next) {
		size_t i = 0;
		while (i < streams->n && !refers(m, (struct literal_ref){streams->streams[i].number, 0}))
			i++;
		if (i == streams->n)
			return err_make(ERR_FINAL_CHECK, "/DSS /%s names an object that is no evidence of ours", key);
		streams->streams[i].seen = true;
		put(evidence, streams->streams[i].der);
	}
	return OK;
}

err_t
check_fill_dss(struct check_increment *inc, const struct plan *plan, uint32_t next, struct arena *arena,
    struct check_fill_evidence *streams, struct evidence *evidence)
{
	struct check_increment_object *dss = NULL;
	for (size_t i = 0; i < inc->n; i++) {
		struct check_increment_object *o = &inc->objects[i];
		if (is_ref(&o->o, plan->dss))
			dss = o;
		else if (!o->section)
			TRY(add_stream(o, next, arena, streams));
	}
	if (dss == NULL || dss->o.stream)
		return wrong("the evidence increment does not define /DSS");
	const struct pdflex_value *d = dss->o.value;
	size_t lists = (pdflex_get(d, "Certs") != NULL) + (size_t)(pdflex_get(d, "OCSPs") != NULL)
	               + (size_t)(pdflex_get(d, "CRLs") != NULL);
	TRY(check_entries(d, plan->dss_entries, lists, arena, "/DSS"));
	TRY(read_list(d, "Certs", plan->dss_certs, arena, streams, evidence, evidence_certificate));
	TRY(read_list(d, "OCSPs", plan->dss_ocsps, arena, streams, evidence, evidence_ocsp));
	TRY(read_list(d, "CRLs", plan->dss_crls, arena, streams, evidence, evidence_crl));
	for (size_t i = 0; i < streams->n; i++)
		if (!streams->streams[i].seen)
			return wrong("a stream was added that /DSS does not name");
	return OK;
}
