#include "ades/pdflex.h"

static bool
is_space(uint8_t c)
{
	return c == 0 || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' ';
}

static bool
is_delimiter(uint8_t c)
{
	return c != 0 && strchr("()<>[]{}/%", c) != NULL;
}

static bool
is_regular(uint8_t c)
{
	return !is_space(c) && !is_delimiter(c);
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static int
hex_digit(uint8_t c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static err_t
wrong(size_t at, const char *what)
{
	return err_make(ERR_PDF_STRICT, "at octet %zu: %s", at, what);
}

size_t
pdflex_space(struct bytes s, size_t at)
{
	while (at < s.n) {
		if (s.p[at] == '%')
			while (at < s.n && s.p[at] != '\n' && s.p[at] != '\r')
				at++;
		else if (is_space(s.p[at]))
			at++;
		else
			break;
	}
	return at;
}

bool
pdflex_word(struct bytes s, size_t *at, const char *word)
{
	size_t n = strlen(word);
	if (*at > s.n || s.n - *at < n || memcmp(s.p + *at, word, n) != 0)
		return false;
	if (*at + n < s.n && is_regular(s.p[*at + n]))
		return false;
	*at += n;
	return true;
}

bool
pdflex_digits(struct bytes s, size_t *at, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t i = *at;
	while (i < s.n && is_digit(s.p[i]) && i - *at < 10)
		value = value * 10 + (uint64_t)(s.p[i++] - '0');
	if (i == *at || (i < s.n && is_regular(s.p[i])))
		return false;
	*at = i;
	*ret_value = value;
	return true;
}

/* State of reading one value. */
struct lexer {
	struct bytes s;
	size_t at;
	struct arena *arena;
};

static err_t read_value(struct lexer *l, unsigned depth, struct pdflex_value **ret);

static err_t
make(struct lexer *l, enum pdflex_kind kind, struct pdflex_value **ret)
{
	void *p;
	TRY(arena_get(l->arena, sizeof **ret, &p));
	*ret = p;
	(*ret)->kind = kind;
	(*ret)->from = l->at;
	return OK;
}

/* "#41" in a name is the character. [7.3.5] */
static err_t
read_name_text(struct lexer *l, struct bytes *ret)
{
	size_t from = ++l->at, n = 0;
	bool escaped = false;
	for (; l->at < l->s.n && is_regular(l->s.p[l->at]); l->at++)
		escaped |= l->s.p[l->at] == '#';
	struct bytes raw = bytes_sub(l->s, from, l->at);
	*ret = raw;
	if (!escaped)
		return OK;
	void *room;
	TRY(arena_get(l->arena, raw.n, &room));
	uint8_t *out = room;
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] != '#') {
			out[n++] = raw.p[i];
			continue;
		}
		int high = i + 2 < raw.n ? hex_digit(raw.p[i + 1]) : -1;
		int low = i + 2 < raw.n ? hex_digit(raw.p[i + 2]) : -1;
		if (high < 0 || low < 0)
			return wrong(from + i, "a name with a broken escape");
		out[n++] = (uint8_t)(high << 4 | low);
		i += 2;
	}
	*ret = bytes(out, n);
	return OK;
}

static err_t
read_hex(struct lexer *l, struct pdflex_value *v)
{
	size_t end = l->at + 1, n = 0, digits = 0;
	while (end < l->s.n && l->s.p[end] != '>')
		end++;
	if (end == l->s.n)
		return wrong(l->at, "a string without end");
	void *room;
	TRY(arena_get(l->arena, (end - l->at) / 2 + 1, &room));
	uint8_t *out = room;
	for (size_t i = l->at + 1; i < end; i++) {
		int digit = hex_digit(l->s.p[i]);
		if (digit < 0 && is_space(l->s.p[i]))
			continue;
		if (digit < 0)
			return wrong(i, "no hexadecimal digit");
		if (digits++ % 2 == 0)
			out[n++] = (uint8_t)(digit << 4);
		else
			out[n - 1] |= (uint8_t)digit;
	}
	v->text = bytes(out, n);
	v->hex = true;
	l->at = end + 1;
	return OK;
}

/* What a backslash stands for; *i is at the character behind it. [7.3.4.2 Table 3] */
static void
read_escape(struct bytes s, size_t *i, uint8_t *out, size_t *n)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	uint8_t c = s.p[*i];
	const char *known = c == 0 ? NULL : strchr(from, c);
	if (known != NULL) {
		out[(*n)++] = (uint8_t)to[known - from];
	} else if (c >= '0' && c <= '7') {
		unsigned value = 0, digits = 0;
		for (; digits < 3 && *i < s.n && s.p[*i] >= '0' && s.p[*i] <= '7'; digits++)
			value = value * 8 + (unsigned)(s.p[(*i)++] - '0');
		(*i)--;
		out[(*n)++] = (uint8_t)value;
	} else if (c == '\r' || c == '\n') {
		if (c == '\r' && *i + 1 < s.n && s.p[*i + 1] == '\n')
			(*i)++;
	} else {
		out[(*n)++] = c;
	}
}

static err_t
read_literal(struct lexer *l, struct pdflex_value *v)
{
	size_t end = l->at + 1, depth = 1, n = 0;
	for (; end < l->s.n; end++) {
		if (l->s.p[end] == '\\')
			end++;
		else if (l->s.p[end] == '(')
			depth++;
		else if (l->s.p[end] == ')' && --depth == 0)
			break;
	}
	if (end >= l->s.n)
		return wrong(l->at, "a string without end");
	struct bytes raw = bytes_sub(l->s, l->at + 1, end);
	void *room;
	TRY(arena_get(l->arena, raw.n + 1, &room));
	uint8_t *out = room;
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '\\' && i + 1 < raw.n) {
			i++;
			read_escape(raw, &i, out, &n);
		} else {
			out[n++] = raw.p[i];
		}
	}
	v->text = bytes(out, n);
	l->at = end + 1;
	return OK;
}

static err_t
read_array(struct lexer *l, unsigned depth, struct pdflex_value *v)
{
	struct pdflex_value **tail = &v->first;
	l->at++;
	for (;;) {
		l->at = pdflex_space(l->s, l->at);
		if (l->at < l->s.n && l->s.p[l->at] == ']')
			break;
		TRY(read_value(l, depth + 1, tail));
		tail = &(*tail)->next;
	}
	l->at++;
	return OK;
}

static err_t
read_dict(struct lexer *l, unsigned depth, struct pdflex_value *v)
{
	struct pdflex_value **tail = &v->first;
	size_t keys = 0;
	l->at += 2;
	for (;;) {
		struct bytes key;
		l->at = pdflex_space(l->s, l->at);
		if (l->s.n - l->at >= 2 && l->s.p[l->at] == '>' && l->s.p[l->at + 1] == '>')
			break;
		if (l->at >= l->s.n || l->s.p[l->at] != '/')
			return wrong(l->at, "a dictionary wants a key here");
		TRY(read_name_text(l, &key));
		if (++keys > PDFLEX_KEYS_MAX)
			return wrong(l->at, "a dictionary with more keys than are read here");
		for (const struct pdflex_value *m = v->first; m != NULL; m = m->next)
			if (bytes_eq(m->key, key))
				return wrong(l->at, "a key stands in a dictionary twice");
		TRY(read_value(l, depth + 1, tail));
		(*tail)->key = key;
		tail = &(*tail)->next;
	}
	l->at += 2;
	return OK;
}

/* "12 0 R": an integer was read already. Of a number that takes more bits than theirs some readers leave a part away: they
 * show an object where others find none. */
static err_t
read_reference(struct lexer *l, struct pdflex_value *v)
{
	uint64_t generation;
	size_t at = l->at;
	if (at >= l->s.n || !is_space(l->s.p[at]))
		return OK;
	at = pdflex_space(l->s, at);
	if (!pdflex_digits(l->s, &at, &generation) || generation > 65535 || at >= l->s.n || !is_space(l->s.p[at]))
		return OK;
	at = pdflex_space(l->s, at);
	if (!pdflex_word(l->s, &at, "R"))
		return OK;
	if (v->integer > PDFLEX_NUMBER_MAX)
		return wrong(v->from, "a reference to a higher number than objects have");
	v->kind = PDFLEX_REFERENCE;
	v->generation = (uint32_t)generation;
	l->at = at;
	return OK;
}

/* A real number may have any number of digits (programs write 19 and more): nobody computes with it here. [7.3.3] */
static err_t
read_number(struct lexer *l, struct pdflex_value *v)
{
	enum { DIGITS_MAX = 18 }; /* of an integer, which then fits */
	size_t from = l->at, digits = 0, points = 0;
	bool minus = l->s.p[l->at] == '-';
	int64_t value = 0;
	if (minus || l->s.p[l->at] == '+')
		l->at++;
	for (; l->at < l->s.n && is_regular(l->s.p[l->at]); l->at++) {
		uint8_t c = l->s.p[l->at];
		if (c == '.') {
			points++;
			continue;
		}
		if (!is_digit(c))
			return wrong(l->at, "not a number");
		if (digits++ < DIGITS_MAX)
			value = value * 10 + (c - '0');
	}
	if (digits == 0 || points > 1 || (points == 0 && digits > DIGITS_MAX))
		return wrong(from, "not a number");
	v->kind = points ? PDFLEX_REAL : PDFLEX_INTEGER;
	v->text = bytes_sub(l->s, from, l->at);
	v->integer = points ? 0 : minus ? -value : value;
	return v->kind == PDFLEX_INTEGER && is_digit(l->s.p[from]) ? read_reference(l, v) : OK;
}

static err_t
read_word(struct lexer *l, struct pdflex_value *v)
{
	if (pdflex_word(l->s, &l->at, "null"))
		return OK;
	v->kind = PDFLEX_BOOL;
	v->integer = 1;
	if (pdflex_word(l->s, &l->at, "true"))
		return OK;
	v->integer = 0;
	if (pdflex_word(l->s, &l->at, "false"))
		return OK;
	return wrong(l->at, "no object starts here");
}

static err_t
read_kind(struct lexer *l, unsigned depth, struct pdflex_value *v)
{
	uint8_t c = l->s.p[l->at];
	if (c == '/') {
		v->kind = PDFLEX_NAME;
		return read_name_text(l, &v->text);
	}
	if (c == '<' && l->s.n - l->at < 2)
		return wrong(l->at, "the file ends inside an object");
	if (c == '(' || (c == '<' && l->s.p[l->at + 1] != '<')) {
		v->kind = PDFLEX_STRING;
		return c == '(' ? read_literal(l, v) : read_hex(l, v);
	}
	if (c == '[') {
		v->kind = PDFLEX_ARRAY;
		return read_array(l, depth, v);
	}
	if (c == '<') {
		v->kind = PDFLEX_DICT;
		return read_dict(l, depth, v);
	}
	if (is_digit(c) || c == '+' || c == '-' || c == '.')
		return read_number(l, v);
	return read_word(l, v);
}

static err_t
read_value(struct lexer *l, unsigned depth, struct pdflex_value **ret)
{
	if (depth > PDFLEX_DEPTH_MAX)
		return wrong(l->at, "objects nested too deeply");
	l->at = pdflex_space(l->s, l->at);
	if (l->at >= l->s.n)
		return wrong(l->at, "the file ends inside an object");
	struct pdflex_value *v;
	TRY(make(l, PDFLEX_NULL, &v));
	TRY(read_kind(l, depth, v));
	v->to = l->at;
	*ret = v;
	return OK;
}

err_t
pdflex_value(struct bytes source, size_t *at, struct arena *arena, struct pdflex_value **ret_value)
{
	struct lexer l = {source, *at, arena};
	struct pdflex_value *v = NULL;
	TRY(read_value(&l, 0, &v));
	*at = l.at;
	*ret_value = v;
	return OK;
}

/* "N G obj" */
static err_t
read_head(struct bytes s, size_t *at, struct pdflex_object *o)
{
	uint64_t number, generation;
	size_t i = *at;
	if (!pdflex_digits(s, &i, &number) || number > UINT32_MAX)
		return wrong(*at, "no object starts here");
	i = pdflex_space(s, i);
	if (!pdflex_digits(s, &i, &generation) || generation > 65535)
		return wrong(i, "no generation number");
	i = pdflex_space(s, i);
	if (!pdflex_word(s, &i, "obj"))
		return wrong(i, "no \"obj\"");
	o->number = (uint32_t)number;
	o->generation = (uint32_t)generation;
	*at = i;
	return OK;
}

err_t
pdflex_object(struct bytes source, size_t at, struct arena *arena, struct pdflex_object *ret_object)
{
	struct pdflex_object o = {.at = at};
	TRY(read_head(source, &at, &o));
	TRY(pdflex_value(source, &at, arena, &o.value));
	at = pdflex_space(source, at);
	if (pdflex_word(source, &at, "endobj")) {
		o.end = at;
		*ret_object = o;
		return OK;
	}
	if (o.value->kind != PDFLEX_DICT || !pdflex_word(source, &at, "stream"))
		return wrong(at, "no \"endobj\"");
	/* CR LF or LF, never CR alone. [7.3.8.1] */
	if (at < source.n && source.p[at] == '\r')
		at++;
	if (at >= source.n || source.p[at] != '\n')
		return wrong(at, "no line end behind \"stream\"");
	o.stream = true;
	o.data = at + 1;
	*ret_object = o;
	return OK;
}

err_t
pdflex_stream(struct bytes source, struct pdflex_object *o, uint64_t length, struct bytes *ret_data)
{
	if (length > source.n - o->data)
		return wrong(o->data, "the stream is longer than the file");
	size_t at = pdflex_space(source, o->data + (size_t)length);
	if (!pdflex_word(source, &at, "endstream"))
		return wrong(at, "no \"endstream\" where /Length says");
	at = pdflex_space(source, at);
	if (!pdflex_word(source, &at, "endobj"))
		return wrong(at, "no \"endobj\"");
	o->end = at;
	*ret_data = bytes_sub(source, o->data, o->data + (size_t)length);
	return OK;
}

const struct pdflex_value *
pdflex_member(const struct pdflex_value *d, struct bytes key)
{
	if (d == NULL || d->kind != PDFLEX_DICT)
		return NULL;
	for (const struct pdflex_value *m = d->first; m != NULL; m = m->next)
		if (bytes_eq(m->key, key))
			return m;
	return NULL;
}

const struct pdflex_value *
pdflex_get(const struct pdflex_value *d, const char *key)
{
	return pdflex_member(d, str_bytes(str_c(key)));
}

bool
pdflex_is(const struct pdflex_value *v, const char *name)
{
	return v != NULL && v->kind == PDFLEX_NAME && bytes_eq(v->text, str_bytes(str_c(name)));
}

static size_t
count(const struct pdflex_value *v)
{
	size_t n = 0;
	for (const struct pdflex_value *m = v->first; m != NULL; m = m->next)
		n++;
	return n;
}

static bool
equal_members(const struct pdflex_value *a, const struct pdflex_value *b)
{
	if (count(a) != count(b))
		return false;
	const struct pdflex_value *other = b->first;
	for (const struct pdflex_value *m = a->first; m != NULL; m = m->next, other = other->next) {
		const struct pdflex_value *match = other;
		if (a->kind == PDFLEX_DICT && !bytes_eq(other->key, m->key)) {
			match = b->first;
			while (match != NULL && !bytes_eq(match->key, m->key))
				match = match->next;
		}
		if (match == NULL || !pdflex_equal(m, match))
			return false;
	}
	return true;
}

bool
pdflex_equal(const struct pdflex_value *a, const struct pdflex_value *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case PDFLEX_NULL:
		return true;
	case PDFLEX_BOOL:
	case PDFLEX_INTEGER:
		return a->integer == b->integer;
	case PDFLEX_REFERENCE:
		return a->integer == b->integer && a->generation == b->generation;
	case PDFLEX_REAL:
	case PDFLEX_NAME:
	case PDFLEX_STRING:
		return bytes_eq(a->text, b->text);
	case PDFLEX_ARRAY:
	case PDFLEX_DICT:
		return equal_members(a, b);
	}
	return false;
}
