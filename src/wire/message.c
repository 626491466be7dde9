#include "wire/message.h"
#include "base/secret.h"

#define SAME_HEAD(type)                                                                                                \
	_Static_assert(offsetof(type, id) == offsetof(struct message_head, id) &&                                      \
	                   offsetof(type, deadline_us) == offsetof(struct message_head, deadline_us) &&                \
	                   offsetof(type, which_body) == offsetof(struct message_head, which_body),                    \
	    "every message begins alike")

SAME_HEAD(paraph_Control);
SAME_HEAD(paraph_Keys);
SAME_HEAD(paraph_Status);
SAME_HEAD(paraph_StatusKeys);
SAME_HEAD(paraph_Document);
SAME_HEAD(paraph_Courier);

#define KIND(text, type)                                                                                               \
	{text, type##_fields, sizeof(type), offsetof(type, body), type##_outcome_tag}

const struct message_kind message_control = KIND("control", paraph_Control);
const struct message_kind message_keys = KIND("keys", paraph_Keys);
const struct message_kind message_status = KIND("status", paraph_Status);
const struct message_kind message_status_keys = KIND("status-keys", paraph_StatusKeys);
const struct message_kind message_document = KIND("document", paraph_Document);
const struct message_kind message_courier = KIND("courier", paraph_Courier);

void *
message_new(const struct message_kind *kind)
{
	void *m = calloc(1, kind->size);
	if (m == NULL)
		abort();
	return m;
}

void
message_free(const struct message_kind *kind, void *message)
{
	if (message == NULL)
		return;
	secret_wipe(message, kind->size);
	free(message);
}

void
message_outcome(const struct message_kind *kind, void *message, uint64_t id, err_t e)
{
	char detail[sizeof((paraph_Outcome *)NULL)->detail];
	snprintf(detail, sizeof detail, "%s", err_is(e) ? err_detail() : "");
	memset(message, 0, kind->size);
	message_head(message)->id = id;
	message_head(message)->which_body = kind->outcome;
	paraph_Outcome *outcome = (paraph_Outcome *)((char *)message + kind->body);
	outcome->code = e.code;
	memcpy(outcome->detail, detail, sizeof detail);
}
