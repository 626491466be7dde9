#include "pki/name.h"

/* What each attribute is made of; lengths are characters [RFC 5280 appendix A, X.520]. */
static const struct attribute {
	const char *text;
	uint8_t oid[12];
	uint8_t oid_len;
	uint8_t tag;
	uint8_t most;
} attributes[NAME_ATTRIBUTES] = {
	[NAME_COUNTRY] = {"C", "\x55\x04\x06", 3, DER_PRINTABLE, 2},
	[NAME_STATE] = {"ST", "\x55\x04\x08", 3, DER_UTF8, 128},
	[NAME_LOCALITY] = {"L", "\x55\x04\x07", 3, DER_UTF8, 128},
	[NAME_ORGANIZATION] = {"O", "\x55\x04\x0a", 3, DER_UTF8, 64},
	[NAME_ORGANIZATION_ID] = {"organizationIdentifier", "\x55\x04\x61", 3, DER_UTF8, 64},
	[NAME_ORGANIZATIONAL_UNIT] = {"OU", "\x55\x04\x0b", 3, DER_UTF8, 64},
	[NAME_TITLE] = {"title", "\x55\x04\x0c", 3, DER_UTF8, 64},
	[NAME_SURNAME] = {"SN", "\x55\x04\x04", 3, DER_UTF8, 64},
	[NAME_GIVEN_NAME] = {"GN", "\x55\x04\x2a", 3, DER_UTF8, 64},
	[NAME_PSEUDONYM] = {"pseudonym", "\x55\x04\x41", 3, DER_UTF8, 64},
	[NAME_SERIAL_NUMBER] = {"serialNumber", "\x55\x04\x05", 3, DER_PRINTABLE, 64},
	[NAME_COMMON_NAME] = {"CN", "\x55\x04\x03", 3, DER_UTF8, 64},
};

enum name_attribute
name_attribute_find(struct str text)
{
	for (unsigned i = 0; i < NAME_ATTRIBUTES; i++)
		if (str_eq(text, str_c(attributes[i].text)))
			return (enum name_attribute)i;
	return NAME_ATTRIBUTES;
}

static struct bytes
oid_of(enum name_attribute attribute)
{
	return bytes(attributes[attribute].oid, attributes[attribute].oid_len);
}

/* Code points that look like nothing, or that no text for people needs. str_check has refused controls and overrides. */
static bool
invisible(uint32_t c)
{
	return c == 0x00ad || c == 0x034f || c == 0x061c || c == 0x115f || c == 0x1160 || c == 0x17b4 || c == 0x17b5 ||
	       c == 0x180e || c == 0x200b || (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0x3164 || c == 0xfeff || c == 0xffa0 || (c >= 0xfff0 && c <= 0xfffd) ||
	       (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef) || (c >= 0xe000 && c <= 0xf8ff) ||
	       (c >= 0xe0000 && c <= 0xe0fff) || c >= 0xf0000;
}

static bool
space(uint32_t c)
{
	return c == 0x20 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
	       c == 0x3000;
}

/* Characters of a text for people: something to see, no spaces at the ends or in a row. */
static err_t
check_characters(const char *which, struct str value, size_t *ret_count)
{
	struct str clean;
	size_t count = 0;
	uint32_t before = 0x20;
	if (err_is(str_check(str_bytes(value), &clean))) /* it may come from a caller who never did */
		return err_make(ERR_NAME, "%s: %s", which, err_detail());
	for (size_t at = 0; at < value.n; count++) {
		uint32_t c = str_next(value, &at);
		if (invisible(c))
			return err_make(ERR_NAME, "%s: the invisible or private character U+%04X", which, c);
		if (space(c) && c != 0x20)
			return err_make(ERR_NAME, "%s: a space that is not the ordinary one (U+%04X)", which, c);
		if (c == 0x20 && before == 0x20)
			return err_make(ERR_NAME, "%s: a space at the start or two in a row", which);
		before = c;
	}
	if (before == 0x20)
		return err_make(ERR_NAME, "%s: a space at the end", which);
	*ret_count = count;
	return OK;
}

static err_t
check_printable(const char *which, struct str value)
{
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter && (c == 0 || !strchr(" '()+,-./:=?", c)))
			return err_make(ERR_NAME, "%s: only letters A to Z, digits and ' ( ) + , - . / : = ? are allowed", which);
	}
	return OK;
}

err_t
name_value_check(enum name_attribute attribute, const char *which, struct str value)
{
	const struct attribute *a = &attributes[attribute];
	size_t count;
	TRY(check_characters(which, value, &count));
	if (count > a->most)
		return err_make(ERR_NAME, "%s: %zu characters, at most %d fit", which, count, a->most);
	if (a->tag == DER_PRINTABLE)
		TRY(check_printable(which, value));
	if (attribute == NAME_COUNTRY &&
	    (value.n != 2 || value.p[0] < 'A' || value.p[0] > 'Z' || value.p[1] < 'A' || value.p[1] > 'Z'))
		return err_make(ERR_NAME, "%s: a country is two capital letters [ISO 3166-1]", which);
	return OK;
}

/* Of a word: letters and digits, and whatever is not ASCII. */
static bool
in_word(struct str value, size_t at)
{
	uint8_t c = at < value.n ? (uint8_t)value.p[at] : ' ';
	return c >= 0x80 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

bool
name_says_demo(struct str value)
{
	const struct str word = STR("DEMO");
	for (size_t at = 0; (at = bytes_find(str_bytes(value), at, str_bytes(word))) != SIZE_MAX; at++)
		if ((at == 0 || !in_word(value, at - 1)) && !in_word(value, at + word.n))
			return true;
	return false;
}

/* [EN 319 412-2 NAT-4.2.4-1] */
static err_t
check_person(const struct name_facts *facts)
{
	bool named = facts->value[NAME_GIVEN_NAME].n || facts->value[NAME_SURNAME].n;
	bool pseudonym = facts->value[NAME_PSEUDONYM].n;
	if (named == pseudonym)
		return err_make(ERR_NAME, "a natural person has a given name or surname, or else a pseudonym");
	return OK;
}

err_t
name_check(const struct name_facts *facts, const struct name_form *form)
{
	bool allowed[NAME_ATTRIBUTES] = {0};
	for (size_t i = 0; i < form->n; i++) {
		enum name_attribute a = form->rules[i].attribute;
		allowed[a] = true;
		if (form->rules[i].required && facts->value[a].n == 0)
			return err_make(ERR_NAME, "%s is missing", attributes[a].text);
	}
	for (unsigned a = 0; a < NAME_ATTRIBUTES; a++) {
		if (facts->value[a].n == 0)
			continue;
		if (!allowed[a])
			return err_make(ERR_NAME, "%s has no place in this profile", attributes[a].text);
		TRY(name_value_check((enum name_attribute)a, attributes[a].text, facts->value[a]));
	}
	return form->natural_person ? check_person(facts) : OK;
}

err_t
name_write(struct encode *w, const struct name_facts *facts, const struct name_form *form)
{
	size_t all = encode_mark(w);
	TRY(name_check(facts, form));
	for (size_t i = form->n; i-- > 0;) {
		enum name_attribute a = form->rules[i].attribute;
		if (facts->value[a].n == 0)
			continue;
		size_t mark = encode_mark(w);
		encode_tlv(w, attributes[a].tag, str_bytes(facts->value[a]));
		encode_oid(w, oid_of(a));
		encode_wrap(w, DER_SEQUENCE, mark);
		encode_wrap(w, DER_SET, mark);
	}
	encode_wrap(w, DER_SEQUENCE, all);
	return OK;
}

/* The attribute that an OID names; NAME_ATTRIBUTES when it is not one of ours. */
static enum name_attribute
find_oid(struct bytes oid)
{
	for (unsigned i = 0; i < NAME_ATTRIBUTES; i++)
		if (bytes_eq(oid, oid_of((enum name_attribute)i)))
			return (enum name_attribute)i;
	return NAME_ATTRIBUTES;
}

err_t
name_read(struct bytes der, struct name_facts *ret_facts)
{
	struct name_facts facts = {0};
	struct decode top = decode_init(der), names = decode_enter(&top, DER_SEQUENCE);
	while (decode_more(&names)) {
		struct decode set = decode_enter(&names, DER_SET), pair = decode_enter(&set, DER_SEQUENCE);
		enum name_attribute a = find_oid(decode_oid(&pair));
		if (a == NAME_ATTRIBUTES || facts.value[a].n || !decode_is(&pair, attributes[a].tag))
			decode_fail(&pair, "a name with an attribute that is unknown, there twice or of another type");
		struct str value = decode_text(&pair);
		decode_end(&pair);
		decode_end(&set);
		if (!top.why && value.n == 0)
			decode_fail(&top, "a name with an empty attribute");
		if (!top.why)
			facts.value[a] = value;
	}
	decode_end(&top);
	TRY(decode_check(&top));
	*ret_facts = facts;
	return OK;
}

/* One value for people; anything that is not clean text becomes '?'. */
static void
put_value(struct buf *out, struct decode *pair)
{
	uint8_t tag = 0;
	struct bytes whole = decode_any(pair, &tag);
	struct str text;
	struct decode d = decode_init(whole);
	struct bytes content = decode_tlv(&d, tag);
	bool known = tag == DER_UTF8 || tag == DER_PRINTABLE || tag == DER_IA5;
	if (d.why || !known || err_is(str_check(content, &text)))
		buf_put_str(out, STR("?"));
	else
		buf_put_str(out, text);
}

err_t
name_text(struct bytes der, struct buf *out)
{
	struct decode top = decode_init(der), names = decode_enter(&top, DER_SEQUENCE);
	bool first = true;
	while (decode_more(&names)) {
		struct decode set = decode_enter(&names, DER_SET);
		while (decode_more(&set)) {
			struct decode pair = decode_enter(&set, DER_SEQUENCE);
			struct bytes oid = decode_oid(&pair);
			enum name_attribute a = find_oid(oid);
			char text[OID_TEXT_MAX] = "?";
			if (a == NAME_ATTRIBUTES && !top.why)
				TRY(oid_text(oid, text));
			buf_put_str(out, first ? STR("") : STR(", "));
			buf_put_str(out, str_c(a == NAME_ATTRIBUTES ? text : attributes[a].text));
			buf_put_str(out, STR("="));
			put_value(out, &pair);
			first = false;
		}
	}
	TRY(decode_check(&top));
	return buf_check(out);
}

err_t
name_get(struct bytes der, enum name_attribute attribute, struct str *ret_value)
{
	struct decode top = decode_init(der), names = decode_enter(&top, DER_SEQUENCE);
	while (decode_more(&names)) {
		struct decode set = decode_enter(&names, DER_SET);
		while (decode_more(&set)) {
			struct decode pair = decode_enter(&set, DER_SEQUENCE);
			if (!bytes_eq(decode_oid(&pair), oid_of(attribute)) || top.why)
				continue;
			struct str value = decode_text(&pair);
			TRY(decode_check(&top));
			*ret_value = value;
			return OK;
		}
	}
	TRY(decode_check(&top));
	return err_make(ERR_NOT_FOUND, "the name has no %s", attributes[attribute].text);
}

/* "PNOFR-…": three letters that name a register of natural persons, a country, a hyphen [EN 319 412-1 5.1.3] */
bool
name_semantics_natural(struct str serial_number)
{
	static const char *const kinds[] = {"PNO", "IDC", "PAS", "TIN"};
	if (serial_number.n < 7 || serial_number.p[5] != '-')
		return false;
	for (size_t i = 3; i < 5; i++)
		if (serial_number.p[i] < 'A' || serial_number.p[i] > 'Z')
			return false;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (memcmp(serial_number.p, kinds[i], 3) == 0)
			return true;
	return false;
}
