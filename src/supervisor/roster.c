#include "supervisor/roster.h"

static size_t
program_add(struct roster *r, const char *name, const char *binary, enum instance_user user, unsigned stop_step)
{
	struct roster_program *p = &r->programs[r->programs_n];
	snprintf(p->name, sizeof p->name, "%s", name);
	p->binary = binary;
	p->user = user;
	p->stop_step = stop_step;
	return r->programs_n++;
}

static void
channel_add(struct roster *r, const char *name, size_t one, size_t other)
{
	struct roster_channel *c = &r->channels[r->channels_n++];
	snprintf(c->name, sizeof c->name, "%s", name);
	c->ends[0] = one;
	c->ends[1] = other;
}

static void
status_add(struct roster *r, unsigned index, size_t core, size_t keys)
{
	char name[ROSTER_NAME_MAX];
	snprintf(name, sizeof name, "status-%u", index);
	size_t status = program_add(r, name, "paraph-status", INSTANCE_USER_STATUS, 2);
	snprintf(r->programs[status].argument, ROSTER_NAME_MAX, "index=%u", index);
	snprintf(r->programs[status].socket, ROSTER_NAME_MAX, "status-%u.sock", index);
	snprintf(name, sizeof name, "core-status-%u", index);
	channel_add(r, name, core, status);
	snprintf(name, sizeof name, "status-keys-%u", index);
	channel_add(r, name, status, keys);
}

void
roster_make(const struct instance *instance, struct roster *ret_roster)
{
	struct roster *r = ret_roster;
	memset(r, 0, sizeof *r);
	r->status_n = instance_status_processes(instance);

	size_t issuing = program_add(r, "keys", "paraph-keys", INSTANCE_USER_KEYS, 3);
	snprintf(r->programs[issuing].argument, ROSTER_NAME_MAX, "role=issuing");
	size_t keys_status = program_add(r, "keys-status", "paraph-keys", INSTANCE_USER_KEYS_STATUS, 3);
	snprintf(r->programs[keys_status].argument, ROSTER_NAME_MAX, "role=status");
	size_t document = program_add(r, "document", "paraph-document", INSTANCE_USER_DOCUMENT, 3);
	r->programs[issuing].plan_key = r->programs[document].plan_key = true;
	size_t courier = program_add(r, "courier", "paraph-courier", INSTANCE_USER_COURIER, 2);
	snprintf(r->programs[courier].socket, ROSTER_NAME_MAX, "courier.sock");
	size_t core = program_add(r, "core", "paraph-core", INSTANCE_USER_CORE, 1);
	snprintf(r->programs[core].socket, ROSTER_NAME_MAX, "core.sock");
	r->programs[core].group_front = true;

	channel_add(r, "core-keys", core, issuing);
	channel_add(r, "keys-courier", issuing, courier);
	channel_add(r, "core-document", core, document);
	channel_add(r, "core-courier", core, courier);
	for (unsigned k = 0; k < r->status_n; k++)
		status_add(r, k, core, keys_status);

	size_t front = program_add(r, "front", "nginx", INSTANCE_USER_FRONT, 0);
	r->programs[front].front = true;
}
