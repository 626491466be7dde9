/*
 * Which programs an instance runs and which channels join them: a table made once from the configuration. Channels are
 * made when a program starts; the roster only names them.
 */
#ifndef PARAPH_SUPERVISOR_ROSTER_H
#define PARAPH_SUPERVISOR_ROSTER_H

#include "os/instance.h"

enum {
	ROSTER_STATUS_MAX = INSTANCE_STATUS_MAX,
	ROSTER_PROGRAMS_MAX = ROSTER_STATUS_MAX + 6,
	ROSTER_CHANNELS_MAX = 2 * ROSTER_STATUS_MAX + 5,
	ROSTER_NAME_MAX = 24,
};

struct roster_program {
	char name[ROSTER_NAME_MAX];     /* "keys-status", "status-0": in logs and in PARAPH_FAULT_KEYS_STATUS */
	const char *binary;             /* "paraph-keys" */
	char argument[ROSTER_NAME_MAX]; /* "role=status"; "" none */
	char socket[ROSTER_NAME_MAX];   /* "status-0.sock" in run/; "" none */
	enum instance_user user;
	bool group_front;   /* also in the group of the front, to hand files to it */
	bool front;         /* nginx */
	bool plan_key;      /* gets the key with which document vouches to keys for plans */
	unsigned stop_step; /* programs of step 0 are stopped first */
};

struct roster_channel {
	char name[ROSTER_NAME_MAX];
	size_t ends[2]; /* indices of programs */
};

struct roster {
	struct roster_program programs[ROSTER_PROGRAMS_MAX];
	size_t programs_n;
	struct roster_channel channels[ROSTER_CHANNELS_MAX];
	size_t channels_n;
	size_t status_n;
};

enum { ROSTER_STOP_STEPS = 4 };

void roster_make(const struct instance *instance, struct roster *ret_roster);

#endif
