#include "api/registrations.h"

#include "core/registration.h"

#define AT(member) offsetof(struct registration_wish, member)

static const struct field fields[] = {
	{"country", FIELD_TEXT, true, 2, 2, NULL, AT(country), NULL},
	{"given_name", FIELD_TEXT, false, 1, 255, NULL, AT(given_name), NULL},
	{"surname", FIELD_TEXT, false, 1, 255, NULL, AT(surname), NULL},
	{"pseudonym", FIELD_TEXT, false, 1, 255, NULL, AT(pseudonym), NULL},
	{"organization", FIELD_TEXT, false, 1, 255, NULL, AT(organization), NULL},
	{"organization_id", FIELD_TEXT, false, 1, 64, NULL, AT(organization_id), NULL},
	{"reference", FIELD_TEXT, true, 1, 255, NULL, AT(reference), NULL},
	{"email", FIELD_TEXT, false, 3, 254, NULL, AT(email), NULL},
	{"phone", FIELD_TEXT, false, 8, 16, NULL, AT(phone), NULL},
	{"identified_by", FIELD_TEXT, true, 1, 255, NULL, AT(identified_by), NULL},
	{"evidence", FIELD_TEXT, true, 1, 255, NULL, AT(evidence), NULL},
	{"verified_at", FIELD_TIME, true, 0, 0, NULL, AT(verified_at), NULL},
};

err_t
registrations_post(struct call *c)
{
	struct registration_wish wish = {0};
	json_t *answer = NULL;
	TRY(field_read(c->body, "", FIELDS(fields), &wish));
	TRY(registration_make(c->worker, &c->account, &wish, &c->idem, &answer));
	call_json(c, 201, answer);
	return OK;
}

err_t
registrations_get(struct call *c)
{
	struct id id;
	json_t *answer = NULL;
	TRY(call_id(c, 0, "reg", &id));
	TRY(registration_json(c->worker, id, str_c(c->account.id), &answer));
	call_json(c, 200, answer);
	return OK;
}
