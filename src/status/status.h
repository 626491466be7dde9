/* What one status process has, made by main and used by one thread. */
#ifndef PARAPH_STATUS_STATUS_H
#define PARAPH_STATUS_STATUS_H

#include "der/oid.h"
#include "os/loop.h"
#include "status/asker.h"
#include "status/responder.h"

struct status {
	struct loop *loop;
	struct asker *asker;
	struct responder responder;
	struct oid stamp_policy;
	const char *site_url; /* problem types begin with it */
	int core_fd;              /* -1: core is not there */
	uint64_t core_generation; /* how often it came: descriptors and ids of questions come again */
	int control_fd;
};

#endif
