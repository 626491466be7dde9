#include "keys/registration.h"

static const char mac_label[] = "paraph registration", address_label[] = "paraph address";

enum { TEXTS = 8, SUBJECT_MAX = 2048, CANONICAL_MAX = 4096 };

struct text {
	const char *p;
	enum name_attribute attribute;
};

/* In the order of the message. */
static void
texts_of(const paraph_Subject *s, struct text ret_texts[TEXTS])
{
	const struct text texts[TEXTS] = {
	    {s->country, NAME_COUNTRY},
	    {s->given_name, NAME_GIVEN_NAME},
	    {s->surname, NAME_SURNAME},
	    {s->pseudonym, NAME_PSEUDONYM},
	    {s->common_name, NAME_COMMON_NAME},
	    {s->serial_number, NAME_SERIAL_NUMBER},
	    {s->organization, NAME_ORGANIZATION},
	    {s->organization_id, NAME_ORGANIZATION_ID},
	};
	memcpy(ret_texts, texts, sizeof texts);
}

static void
write_subject(struct encode *w, const paraph_Subject *s)
{
	struct text texts[TEXTS];
	texts_of(s, texts);
	size_t mark = encode_mark(w);
	for (size_t i = TEXTS; i-- > 0;)
		encode_tlv(w, DER_UTF8, bytes(texts[i].p, strlen(texts[i].p)));
	encode_wrap(w, DER_SEQUENCE, mark);
}

void
registration_subject_digest(const paraph_Subject *s, uint8_t ret_digest[DIGEST_SHA256_LEN])
{
	uint8_t room[SUBJECT_MAX];
	struct encode w = encode_init(room, sizeof room);
	struct bytes der;
	write_subject(&w, s);
	if (err_is(encode_done(&w, &der)))
		abort(); /* the texts of the message cannot be that long */
	digest_sha256(der, ret_digest);
}

err_t
registration_subject_facts(const paraph_Subject *s, struct name_facts *ret_facts)
{
	struct text texts[TEXTS];
	struct name_facts facts = {0};
	texts_of(s, texts);
	for (size_t i = 0; i < TEXTS; i++)
		TRY(str_check(bytes(texts[i].p, strlen(texts[i].p)), &facts.value[texts[i].attribute]));
	*ret_facts = facts;
	return OK;
}

static bool
is_number(const char *s)
{
	if (*s++ != '+')
		return false;
	size_t n = strspn(s, "0123456789");
	return n >= 7 && n <= 15 && s[n] == '\0'; /* E.164 */
}

/* One @ with something on both sides, no spaces or brackets: courier checks the rest. */
static bool
is_mail(const char *s)
{
	const char *at = strchr(s, '@');
	return at != NULL && at != s && at[1] != '\0' && strchr(at + 1, '@') == NULL && strpbrk(s, " <>,;:\"\\()[]") == NULL;
}

static err_t
address_check(const paraph_Registration *r)
{
	struct str text;
	TRY(str_check(bytes(r->address, strlen(r->address)), &text));
	if (r->method == paraph_Method_METHOD_EMAIL_CODE && is_mail(r->address))
		return OK;
	if (r->method == paraph_Method_METHOD_SMS_CODE && is_number(r->address))
		return OK;
	return err_make(ERR_INPUT, "the address of a registration does not fit its method");
}

err_t
registration_check(const paraph_Registration *r)
{
	struct name_facts facts;
	if (r->id.size != 16 || r->digest.size != DIGEST_SHA256_LEN || !r->has_subject || r->made_at <= 0)
		return err_make(ERR_INPUT, "the registration is not complete");
	TRY(registration_subject_facts(&r->subject, &facts));
	return address_check(r);
}

static struct bytes
canonical(const paraph_Registration *r, uint8_t room[CANONICAL_MAX])
{
	struct encode w = encode_init(room, CANONICAL_MAX);
	struct bytes der;
	encode_u64(&w, (uint64_t)r->made_at);
	encode_tlv(&w, DER_UTF8, bytes(r->address, strlen(r->address)));
	encode_u64(&w, (uint64_t)r->method);
	write_subject(&w, &r->subject);
	encode_octets(&w, bytes(r->digest.bytes, r->digest.size));
	encode_octets(&w, bytes(r->id.bytes, r->id.size));
	encode_wrap(&w, DER_SEQUENCE, 0);
	if (err_is(encode_done(&w, &der)))
		abort(); /* the fields of the message cannot be that long */
	return der;
}

void
registration_mac(struct keystore *ks, const paraph_Registration *r, uint8_t ret_mac[KEYSTORE_MAC_LEN])
{
	uint8_t room[CANONICAL_MAX];
	keystore_mac(ks, mac_label, canonical(r, room), ret_mac);
}

err_t
registration_mac_check(struct keystore *ks, const paraph_Registration *r, struct bytes mac)
{
	uint8_t room[CANONICAL_MAX];
	if (!keystore_mac_check(ks, mac_label, canonical(r, room), mac))
		return err_make(ERR_MAC, "the registration is not one that was enrolled here");
	return OK;
}

void
registration_address_mac(struct keystore *ks, const paraph_Registration *r, uint8_t ret_mac[KEYSTORE_MAC_LEN])
{
	uint8_t folded[1 + sizeof r->address] = {(uint8_t)r->method};
	size_t n = 1;
	bool local = r->method == paraph_Method_METHOD_EMAIL_CODE, skip = false;
	for (const char *c = r->address; *c != '\0'; c++) {
		local = local && *c != '@';
		skip = local && (skip || *c == '+');
		if (!skip)
			folded[n++] = (uint8_t)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
	}
	keystore_mac(ks, address_label, bytes(folded, n), ret_mac);
}
