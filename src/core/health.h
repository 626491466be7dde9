/*
 * Whether the other programs answer, and the keys pass their self-test. Everybody may ask that of the service, so one thread at a time finds out for all, and with
 * little patience: who is silent for two seconds does not answer. Any thread.
 */
#ifndef PARAPH_CORE_HEALTH_H
#define PARAPH_CORE_HEALTH_H

#include "core/core.h"

struct health {
	bool keys, status /* stamps and answers can be had */, courier, document;
};

/* Asks them; while another thread does, tells what was found before, or waits for what that one finds when it is too old. A program
 * that is not connected at this moment never counts as answering. */
void health_get(struct core *core, struct health *ret_health);

#endif
