/*
 * Whether the other programs answer. Everybody may ask that of the service, so they are asked at most once in a second for all who
 * want to know, and with little patience: who is silent for two seconds does not answer. Any thread.
 */
#ifndef PARAPH_CORE_HEALTH_H
#define PARAPH_CORE_HEALTH_H

#include "core/core.h"

struct health {
	bool keys, status /* stamps and answers can be had */, courier, document;
};

/* What was found within the last second; while somebody is finding out, the others are told what was found before. A program that
 * is not connected at this moment never counts as answering. */
void health_get(struct core *core, struct health *ret_health);

#endif
