#include "wire/message.h"
#include "base/secret.h"

#include <pb_common.h>
#include <pthread.h>
#include <stdint.h>

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

/* ---- the life of a message ---------------------------------------------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__)
enum { SPARES = 0 }; /* a sanitizer sees the use of a freed message only when it is really freed */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { SPARES = 0 };
#else
enum { SPARES = 128 }; /* a question and an answer for each worker that keys has at most */
#endif
#else
enum { SPARES = 128 };
#endif

/* Wiped messages that wait for the next use, per kind. */
static struct {
	pthread_mutex_t lock;
	const struct message_kind *kind;
	size_t n;
	void *message[SPARES + 1];
} spare[] = {
    {.lock = PTHREAD_MUTEX_INITIALIZER, .kind = &message_keys},
    {.lock = PTHREAD_MUTEX_INITIALIZER, .kind = &message_status},
    {.lock = PTHREAD_MUTEX_INITIALIZER, .kind = &message_status_keys},
    {.lock = PTHREAD_MUTEX_INITIALIZER, .kind = &message_document},
    {.lock = PTHREAD_MUTEX_INITIALIZER, .kind = &message_courier},
};

static size_t
shelf_of(const struct message_kind *kind)
{
	size_t i = 0;
	while (i < sizeof spare / sizeof spare[0] && spare[i].kind != kind)
		i++;
	return i;
}

static void *
spare_take(const struct message_kind *kind)
{
	size_t i = shelf_of(kind);
	void *m = NULL;
	if (i == sizeof spare / sizeof spare[0])
		return NULL;
	pthread_mutex_lock(&spare[i].lock);
	if (spare[i].n > 0)
		m = spare[i].message[--spare[i].n];
	pthread_mutex_unlock(&spare[i].lock);
	return m;
}

static bool
spare_put(const struct message_kind *kind, void *message)
{
	size_t i = shelf_of(kind);
	if (i == sizeof spare / sizeof spare[0])
		return false;
	pthread_mutex_lock(&spare[i].lock);
	bool room = spare[i].n < SPARES;
	if (room)
		spare[i].message[spare[i].n++] = message;
	pthread_mutex_unlock(&spare[i].lock);
	return room;
}

void *
message_new(const struct message_kind *kind)
{
	void *m = spare_take(kind);
	if (m == NULL)
		m = calloc(1, kind->size);
	if (m == NULL)
		abort();
	return m;
}

size_t
message_used(const struct message_kind *kind, const void *message)
{
	pb_field_iter_t field;
	pb_size_t which = ((const struct message_head *)message)->which_body;
	if (which == 0 || !pb_field_iter_begin_const(&field, kind->fields, message) ||
	    !pb_field_iter_find(&field, which))
		return kind->size; /* a body without a name can be any of them */
	return kind->body + field.data_size;
}

#ifdef PARAPH_FAULT_HOOKS
static void
rest_check(const struct message_kind *kind, const void *message)
{
	for (size_t i = 0; i < kind->size; i++)
		if (((const uint8_t *)message)[i] != 0)
			abort(); /* something was written beside the body of the message */
}
#else
static void
rest_check(const struct message_kind *kind, const void *message)
{
	(void)kind, (void)message;
}
#endif

void
message_clear(const struct message_kind *kind, void *message)
{
	secret_wipe(message, message_used(kind, message));
	rest_check(kind, message);
}

void
message_free(const struct message_kind *kind, void *message)
{
	if (message == NULL)
		return;
	message_clear(kind, message);
	if (!spare_put(kind, message))
		free(message);
}

void
message_outcome(const struct message_kind *kind, void *message, uint64_t id, err_t e)
{
	char detail[sizeof((paraph_Outcome *)NULL)->detail];
	snprintf(detail, sizeof detail, "%s", err_is(e) ? err_detail() : "");
	message_clear(kind, message);
	message_head(message)->id = id;
	message_head(message)->which_body = kind->outcome;
	paraph_Outcome *outcome = (paraph_Outcome *)((char *)message + kind->body);
	outcome->code = e.code;
	memcpy(outcome->detail, detail, sizeof detail);
}
