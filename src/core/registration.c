#include "core/registration.h"

#include "base/fault.h"
#include "base/rand.h"
#include "core/ask.h"
#include "core/audit.h"
#include "core/pack.h"
#include "os/clock.h"
#include "pki/name.h"

enum { COMMON_NAME_CHARACTERS = 64, RECORD_MAX = 16 * 1024 };

/* ---- what may stand in a record -------------------------------------------------------------------------------------- */

static size_t
characters(struct str s)
{
	size_t n = 0;
	for (size_t at = 0; at < s.n; n++)
		str_next(s, &at);
	return n;
}

static bool
country_check(struct str s)
{
	return s.n == 2 && s.p[0] >= 'A' && s.p[0] <= 'Z' && s.p[1] >= 'A' && s.p[1] <= 'Z';
}

static bool
email_check(struct str s)
{
	const char *at = memchr(s.p, '@', s.n);
	if (at == NULL || at == s.p || at == s.p + s.n - 1 || s.n > 254)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] == '<' || s.p[i] == '>' || s.p[i] == ',' || s.p[i] == 0x7f)
			return false;
	return memchr(at + 1, '@', (size_t)(s.p + s.n - at - 1)) == NULL;
}

/* +E.164 */
static bool
phone_check(struct str s)
{
	if (s.n < 8 || s.n > 16 || s.p[0] != '+' || s.p[1] == '0')
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

/* What the certificate could not say is refused here already, not by keys after code and consent; only a demo says DEMO. */
static err_t
names_check(const struct registration_wish *w, bool demo)
{
	const struct { const char *which; enum name_attribute attribute; struct str value; } all[] = {
	    {"/given_name", NAME_GIVEN_NAME, w->given_name}, {"/surname", NAME_SURNAME, w->surname},
	    {"/pseudonym", NAME_PSEUDONYM, w->pseudonym}, {"/organization", NAME_ORGANIZATION, w->organization},
	    {"/organization_id", NAME_ORGANIZATION_ID, w->organization_id}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (all[i].value.n == 0)
			continue;
		if (err_is(name_value_check(all[i].attribute, all[i].which, all[i].value)))
			return err_make(ERR_NAME_FIT, "%s", err_detail());
		if (!demo && all[i].attribute != NAME_ORGANIZATION_ID && name_says_demo(all[i].value))
			return err_make(ERR_NAME_FIT, "%s: only the names of a demo say DEMO", all[i].which);
	}
	return OK;
}

/* [EN 319 412-2 NAT-4.2.4-1]: given name and/or surname, or a pseudonym; a common name of at most 64 characters. */
static err_t
wish_check(const struct registration_wish *w, bool demo, int64_t now)
{
	bool named = w->given_name.n > 0 || w->surname.n > 0;
	if (!country_check(w->country))
		return err_make(ERR_NAME_FIT, "/country: must be two capital letters [ISO 3166-1]");
	if (named == (w->pseudonym.n > 0))
		return err_make(ERR_NAME_FIT, "give given_name and surname, or a pseudonym");
	if ((w->organization.n > 0) != (w->organization_id.n > 0))
		return err_make(ERR_NAME_FIT, "organization and organization_id go together");
	TRY(names_check(w, demo));
	if (w->email.n == 0 && w->phone.n == 0)
		return err_make(ERR_FIELD, "/email: give email or phone, the code goes there");
	if (w->email.n > 0 && !email_check(w->email))
		return err_make(ERR_FIELD, "/email: is not an address");
	if (w->phone.n > 0 && !phone_check(w->phone))
		return err_make(ERR_FIELD, "/phone: must be + and the full number");
	if (w->verified_at > now + TIME_MINUTE)
		return err_make(ERR_FIELD, "/verified_at: lies in the future");
	return OK;
}

static err_t
name_make(struct registration *r, const struct registration_wish *w)
{
	if (w->pseudonym.n > 0)
		snprintf(r->common_name, sizeof r->common_name, "%.*s", STR_ARG(w->pseudonym));
	else
		snprintf(r->common_name, sizeof r->common_name, "%.*s%s%.*s", STR_ARG(w->given_name),
		    w->given_name.n > 0 && w->surname.n > 0 ? " " : "", STR_ARG(w->surname));
	if (characters(str_c(r->common_name)) > COMMON_NAME_CHARACTERS)
		return err_make(ERR_NAME_FIT, "the full name has more than %d characters", COMMON_NAME_CHARACTERS);
	return OK;
}

static void
copy(char *ret, size_t room, struct str s)
{
	snprintf(ret, room, "%.*s", STR_ARG(s));
}
#define COPY(field, s) copy((field), sizeof(field), (s))

static err_t
from_wish(const struct registration_wish *w, const struct account *by, bool demo, int64_t now, struct registration *ret_r)
{
	struct registration r = {.id = id_make(now), .made_at = now, .verified_at = w->verified_at};
	TRY(wish_check(w, demo, now));
	TRY(name_make(&r, w));
	COPY(r.owner, str_c(by->id));
	COPY(r.country, w->country);
	COPY(r.given_name, w->given_name);
	COPY(r.surname, w->surname);
	COPY(r.pseudonym, w->pseudonym);
	COPY(r.organization, w->organization);
	COPY(r.organization_id, w->organization_id);
	COPY(r.identified_by, w->identified_by);
	COPY(r.evidence, w->evidence);
	*ret_r = r;
	return OK;
}

/* ---- making one ------------------------------------------------------------------------------------------------------ */

static err_t
person_get(struct store_tx *tx, struct str owner, struct str reference, char ret_serial[65])
{
	AUTO_QUERY(q, tx, SQL_PERSON_GET);
	query_text(&q, owner);
	query_text(&q, reference);
	if (query_next(&q))
		snprintf(ret_serial, 65, "%.*s", STR_ARG(query_get_text(&q, 0)));
	return query_end(&q);
}

struct person_put {
	struct core *core;
	const char *actor;
	bool demo; /* every subject of a demo says so */
	struct str owner, reference;
	char serial[65];
};

/* The same person keeps the number; no other ever gets it. */
static err_t
person_put(struct store_tx *tx, void *arg)
{
	struct person_put *p = arg;
	uint8_t random[8];
	TRY(person_get(tx, p->owner, p->reference, p->serial));
	if (p->serial[0] != '\0')
		return OK;
	rand_fill(random, sizeof random);
	char hex[2 * sizeof random + 1];
	bytes_hex(BYTES_OF(random), hex);
	snprintf(p->serial, sizeof p->serial, "%s%s", p->demo ? "DEMO-" : "", hex);
	AUTO_QUERY(q, tx, SQL_PERSON_PUT);
	query_text(&q, p->owner);
	query_text(&q, p->reference);
	query_text(&q, str_c(p->serial));
	TRY(query_run(&q));
	uint8_t sha256[DIGEST_SHA256_LEN]; /* of a random number: tells nothing of the person */
	digest_sha256(str_bytes(str_c(p->serial)), sha256);
	return audit_put(p->core, tx, "person.numbered", p->actor, canon_pack("{s:o}", "serial_number_sha256",
	    canon_hex(BYTES_OF(sha256))), NULL);
}

json_t *
registration_subject_json(const struct registration *r)
{
	json_t *j = canon_pack("{s:s, s:s, s:s}", "country", r->country, "common_name", r->common_name, "serial_number",
	    r->serial_number);
	if (r->given_name[0])
		json_object_set_new(j, "given_name", canon_str(str_c(r->given_name)));
	if (r->surname[0])
		json_object_set_new(j, "surname", canon_str(str_c(r->surname)));
	if (r->pseudonym[0])
		json_object_set_new(j, "pseudonym", canon_str(str_c(r->pseudonym)));
	if (r->organization[0]) {
		json_object_set_new(j, "organization", canon_str(str_c(r->organization)));
		json_object_set_new(j, "organization_id", canon_str(str_c(r->organization_id)));
	}
	return j;
}

/* The whole record, whose digest everything later refers to. */
static json_t *
record_json(const struct registration *r, const struct registration_wish *w)
{
	return canon_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", id_text("reg", r->id).c, "attested_by",
	    r->owner, "subject", registration_subject_json(r), "reference", canon_str(w->reference), "email",
	    canon_str(w->email), "phone", canon_str(w->phone), "identified_by", canon_str(w->identified_by), "evidence",
	    canon_str(w->evidence), "verified_at", canon_time(r->verified_at), "made_at", canon_time(r->made_at));
}

err_t
registration_pack_subject(const struct registration *r, paraph_Subject *s)
{
	TRY(PACK_TEXT(s->country, str_c(r->country)));
	TRY(PACK_TEXT(s->given_name, str_c(r->given_name)));
	TRY(PACK_TEXT(s->surname, str_c(r->surname)));
	TRY(PACK_TEXT(s->pseudonym, str_c(r->pseudonym)));
	TRY(PACK_TEXT(s->common_name, str_c(r->common_name)));
	TRY(PACK_TEXT(s->serial_number, str_c(r->serial_number)));
	TRY(PACK_TEXT(s->organization, str_c(r->organization)));
	return PACK_TEXT(s->organization_id, str_c(r->organization_id));
}

err_t
registration_pack(const struct registration *r, paraph_Registration *m)
{
	TRY(PACK_BYTES(m->id, id_bytes(&r->id)));
	TRY(PACK_BYTES(m->digest, BYTES_OF(r->digest)));
	TRY(PACK_TEXT(m->address, str_c(r->address)));
	m->has_subject = true;
	m->method = r->method;
	m->made_at = r->made_at;
	return registration_pack_subject(r, &m->subject);
}

static err_t
enrol(struct core *core, struct registration *r, paraph_Method method, struct str address)
{
	AUTO_KEYS(ask);
	AUTO_KEYS(answer);
	r->method = method;
	COPY(r->address, address);
	ask->which_body = paraph_Keys_enrol_tag;
	ask->body.enrol.has_registration = true;
	TRY(registration_pack(r, &ask->body.enrol.registration));
	TRY(ask_keys(core, ask, NULL, 0, paraph_Keys_enrolled_tag, answer));
	if (answer->body.enrolled.mac.size != sizeof r->mac)
		return err_make(ERR_WIRE, "a MAC of %u octets", (unsigned)answer->body.enrolled.mac.size);
	memcpy(r->mac, answer->body.enrolled.mac.bytes, sizeof r->mac);
	return OK;
}

struct make {
	struct core *core;
	const struct account *by;
	const struct idempotency *idem;
	struct registration r;
	struct { paraph_Method method; char address[256]; uint8_t mac[DIGEST_SHA256_LEN]; } enrolments[2];
	size_t enrolments_n;
	struct bytes record;
	json_t *answer;
};

static err_t
enrol_all(struct make *m, const struct registration_wish *w)
{
	const struct { paraph_Method method; struct str address; } all[] = {
	    {paraph_Method_METHOD_EMAIL_CODE, w->email}, {paraph_Method_METHOD_SMS_CODE, w->phone}};
	for (size_t i = 0; i < 2; i++) {
		if (all[i].address.n == 0)
			continue;
		TRY(enrol(m->core, &m->r, all[i].method, all[i].address));
		size_t n = m->enrolments_n++;
		m->enrolments[n].method = all[i].method;
		COPY(m->enrolments[n].address, all[i].address);
		memcpy(m->enrolments[n].mac, m->r.mac, sizeof m->r.mac);
	}
	return OK;
}

static err_t
put_record(struct store_tx *tx, const struct make *m)
{
	const struct registration *r = &m->r;
	AUTO_QUERY(q, tx, SQL_REGISTRATION_PUT);
	query_bytes(&q, id_bytes(&r->id));
	query_text(&q, str_c(r->owner));
	query_text(&q, (struct str){(const char *)m->record.p, m->record.n});
	query_bytes(&q, BYTES_OF(r->digest));
	const char *const texts[] = {r->country, r->given_name, r->surname, r->pseudonym, r->common_name, r->serial_number,
	    r->organization, r->organization_id, r->identified_by, r->evidence};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		query_text(&q, str_c(texts[i]));
	query_int(&q, r->verified_at);
	query_int(&q, r->made_at);
	return query_run(&q);
}

static err_t
put(struct store_tx *tx, void *arg)
{
	struct make *m = arg;
	json_t *commitment;
	TRY(put_record(tx, m));
	for (size_t i = 0; i < m->enrolments_n; i++) {
		AUTO_QUERY(q, tx, SQL_ENROLMENT_PUT);
		query_bytes(&q, id_bytes(&m->r.id));
		query_int(&q, m->enrolments[i].method);
		query_text(&q, str_c(m->enrolments[i].address));
		query_bytes(&q, BYTES_OF(m->enrolments[i].mac));
		TRY(query_run(&q));
	}
	TRY(audit_commitment(tx, m->r.id, BYTES_OF(m->r.digest), &commitment));
	TRY(audit_put(m->core, tx, "registration.made", m->by->actor, canon_pack("{s:s, s:o}", "registration",
	    id_text("reg", m->r.id).c, "record", commitment), NULL));
	return idempotency_put(tx, m->idem, 201, m->answer);
}

/* As the API shows a record. */
static json_t *
view(const struct registration *r, const char *const methods[2], int64_t months)
{
	json_t *j = canon_pack("{s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:[]}", "id", id_text("reg", r->id).c, "subject",
	    registration_subject_json(r), "identified_by", r->identified_by, "evidence", r->evidence, "verified_at",
	    canon_time(r->verified_at), "made_at", canon_time(r->made_at), "usable_until",
	    canon_time(time_months_later(r->verified_at, months)), "digest", canon_hex(BYTES_OF(r->digest)), "methods");
	for (int i = 0; i < 2; i++)
		if (methods[i] != NULL)
			json_array_append_new(json_object_get(j, "methods"), json_string(methods[i]));
	return j;
}

err_t
registration_make(struct worker *w, const struct account *by, const struct registration_wish *wish,
    const struct idempotency *idem, json_t **ret_answer)
{
	struct make m = {.core = w->core, .by = by, .idem = idem};
	TRY(from_wish(wish, by, w->core->set.demo, clock_now(), &m.r));
	struct person_put person = {.core = w->core, .actor = by->actor, .demo = w->core->set.demo, .owner = str_c(by->id), .reference = wish->reference};
	TRY(store_write(w->core->store, person_put, &person));
	FAULT_POINT("core.person");
	COPY(m.r.serial_number, str_c(person.serial));
	AUTO_BUF(record, RECORD_MAX);
	AUTO_JSON(j) = record_json(&m.r, wish);
	TRY(canon_write(j, &record));
	m.record = buf_bytes(&record);
	digest_sha256(m.record, m.r.digest);
	TRY(enrol_all(&m, wish));
	const char *methods[2] = {wish->email.n > 0 ? "email_code" : NULL, wish->phone.n > 0 ? "sms_code" : NULL};
	m.answer = view(&m.r, methods, w->core->set.registration_months);
	err_t e = store_write(w->core->store, put, &m);
	FAULT_POINT("core.registration");
	if (err_is(e))
		json_decref(m.answer);
	else
		*ret_answer = m.answer;
	return e;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

static void
row(struct query *q, struct registration *r)
{
	r->id = id_from(query_get_bytes(q, 0));
	COPY(r->owner, query_get_text(q, 1));
	memcpy(r->digest, query_get_bytes(q, 2).p, sizeof r->digest);
	const struct { char *p; size_t room; } texts[] = {{r->country, sizeof r->country}, {r->given_name, sizeof r->given_name},
	    {r->surname, sizeof r->surname}, {r->pseudonym, sizeof r->pseudonym}, {r->common_name, sizeof r->common_name},
	    {r->serial_number, sizeof r->serial_number}, {r->organization, sizeof r->organization},
	    {r->organization_id, sizeof r->organization_id}, {r->identified_by, sizeof r->identified_by},
	    {r->evidence, sizeof r->evidence}};
	for (int i = 0; i < (int)(sizeof texts / sizeof *texts); i++)
		copy(texts[i].p, texts[i].room, query_get_text(q, 3 + i));
	r->verified_at = query_get_int(q, 13);
	r->made_at = query_get_int(q, 14);
}

/* owner empty: whoever made it. */
static err_t
record_get(struct store_tx *reader, struct id id, struct str owner, struct registration *ret_r)
{
	struct registration r = {0};
	bool found = false;
	AUTO_QUERY(q, reader, SQL_REGISTRATION_GET);
	query_bytes(&q, id_bytes(&id));
	query_text(&q, owner);
	if (query_next(&q)) {
		found = true;
		row(&q, &r);
	}
	TRY(query_end(&q));
	if (!found)
		return err_make(ERR_NOT_FOUND, "there is no registration record %s", id_text("reg", id).c);
	*ret_r = r;
	return OK;
}

static err_t
enrolment_get(struct store_tx *reader, struct registration *r, paraph_Method method, bool *ret_found)
{
	AUTO_QUERY(q, reader, SQL_ENROLMENT_GET);
	query_bytes(&q, id_bytes(&r->id));
	query_int(&q, method);
	*ret_found = query_next(&q);
	if (*ret_found) {
		r->method = method;
		COPY(r->address, query_get_text(&q, 0));
		memcpy(r->mac, query_get_bytes(&q, 1).p, sizeof r->mac);
	}
	return query_end(&q);
}

err_t
registration_json(struct worker *w, struct id id, struct str owner, json_t **ret_answer)
{
	struct registration r;
	bool email, sms;
	TRY(record_get(w->reader, id, owner, &r));
	TRY(enrolment_get(w->reader, &r, paraph_Method_METHOD_EMAIL_CODE, &email));
	TRY(enrolment_get(w->reader, &r, paraph_Method_METHOD_SMS_CODE, &sms));
	const char *methods[2] = {email ? "email_code" : NULL, sms ? "sms_code" : NULL};
	*ret_answer = view(&r, methods, w->core->set.registration_months);
	return OK;
}

err_t
registration_get(struct core *core, struct store_tx *reader, struct id id, paraph_Method method, int64_t now,
    struct registration *ret_r)
{
	struct registration r;
	bool enrolled = false;
	err_t e = record_get(reader, id, STR(""), &r);
	if (e.code == ERR_NOT_FOUND)
		return err_make(ERR_NO_REGISTRATION, "there is no registration record %s", id_text("reg", id).c);
	TRY(e);
	if (now > time_months_later(r.verified_at, core->set.registration_months))
		return err_make(ERR_NO_REGISTRATION, "the identity in %s was verified longer ago than policy allows: register again",
		    id_text("reg", id).c);
	TRY(enrolment_get(reader, &r, method, &enrolled));
	if (!enrolled)
		return err_make(ERR_NO_REGISTRATION, "%s has no address for this method", id_text("reg", id).c);
	*ret_r = r;
	return OK;
}
