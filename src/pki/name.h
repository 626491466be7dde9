/*
 * Distinguished names: facts about a subject to DER and back. Which attributes a name holds and in which order is the
 * profile's; this file knows their types, lengths and characters. Country and serialNumber are PrintableString, the rest
 * UTF8String; one attribute in each RDN. Names are compared octet by octet, which is right for names we made.
 * Pure; any thread.
 */
#ifndef PARAPH_PKI_NAME_H
#define PARAPH_PKI_NAME_H

#include "base/buf.h"
#include "der/der.h"

enum name_attribute {
	NAME_COUNTRY,
	NAME_STATE,
	NAME_LOCALITY,
	NAME_ORGANIZATION,
	NAME_ORGANIZATION_ID, /* organizationIdentifier 2.5.4.97 */
	NAME_ORGANIZATIONAL_UNIT,
	NAME_TITLE,
	NAME_SURNAME,
	NAME_GIVEN_NAME,
	NAME_PSEUDONYM,
	NAME_SERIAL_NUMBER,
	NAME_COMMON_NAME,
	NAME_ATTRIBUTES,
};

enum { NAME_OCTETS_MAX = 4096, NAME_RULES_MAX = NAME_ATTRIBUTES };

/* Empty: the name has no such attribute. The texts are borrowed. */
struct name_facts {
	struct str value[NAME_ATTRIBUTES];
};

/* One place in the order of a profile's names. */
struct name_rule {
	enum name_attribute attribute;
	bool required;
};

struct name_form {
	struct name_rule rules[NAME_RULES_MAX];
	size_t n;
	bool natural_person; /* given name and/or surname, or else a pseudonym [EN 319 412-2 NAT-4.2.4-1] */
};

/* By its short name ("CN", "GN", "organizationIdentifier"); NAME_ATTRIBUTES when unknown. */
enum name_attribute name_attribute_find(struct str text);

/* Proves that a value that is not empty can stand in this attribute; ERR_NAME (422) begins with which: and says why not. */
err_t name_value_check(enum name_attribute attribute, const char *which, struct str value);

/* Only the names of a demo may say the word DEMO. A part of a longer word, as in DEMOULIN, is none. [profile P6] */
bool name_says_demo(struct str value);

/* Proves that facts fit the form; ERR_NAME (422) says which attribute does not and why. */
err_t name_check(const struct name_facts *facts, const struct name_form *form);

/* name_check, then the Name as DER. */
err_t name_write(struct encode *w, const struct name_facts *facts, const struct name_form *form);

/* A name of ours, back to facts (borrowed from der): every RDN single, every attribute known, none twice; ERR_DER. */
err_t name_read(struct bytes der, struct name_facts *ret_facts);

/* Any name for people: "CN=Jane Doe, O=Example, C=FR" in the name's own order; what cannot be shown is shown as '?'. */
err_t name_text(struct bytes der, struct buf *out);

/* The first attribute of this kind in any name, as text; ERR_NOT_FOUND. */
err_t name_get(struct bytes der, enum name_attribute attribute, struct str *ret_value);

/* Whether a serialNumber has the shape that EN 319 412-1 gives natural persons: "PNOFR-123". */
bool name_semantics_natural(struct str serial_number);

#endif
