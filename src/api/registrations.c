/* /v1/registrations: who attests that a person is who he is. */
#include "api/handlers.h"
#include "core/registration.h"
#include "os/clock.h"

#define TEXT(member, required, least, most) \
	{#member, FIELD_TEXT, required, least, most, NULL, offsetof(struct registration_wish, member)}

static const struct field fields[] = {
    TEXT(country, true, 2, 2),
    TEXT(given_name, false, 1, 256),
    TEXT(surname, false, 1, 256),
    TEXT(pseudonym, false, 1, 256),
    TEXT(organization, false, 1, 256),
    TEXT(organization_id, false, 1, 64),
    TEXT(reference, true, 1, 128),
    TEXT(email, false, 3, 254),
    TEXT(phone, false, 4, 20),
    TEXT(identified_by, true, 1, 256),
    TEXT(evidence, true, 1, 256),
    {"verified_at", FIELD_TIME, true, 0, 0, NULL, offsetof(struct registration_wish, verified_at)},
};

err_t
registrations_post(struct call *c)
{
	struct registration_wish wish = {0};
	json_t *answer = NULL;
	TRY(field_read(c->body, "", fields, sizeof fields / sizeof fields[0], &wish));
	TRY(registration_make(c->worker, &c->account, &wish, &c->idempotency, &answer));
	return call_answer_made(c, answer, "/v1/registrations/%s", json_string_value(json_object_get(answer, "id")));
}

err_t
registrations_get(struct call *c)
{
	struct id id;
	json_t *answer = NULL;
	TRY(call_id(c, 0, "reg", &id));
	TRY(registration_json(c->worker, id, str_c(c->account.id), &answer));
	return call_answer(c, 200, answer);
}
