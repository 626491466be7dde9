/*
 * A child of paraph-document: forked for one document, serves exactly one request over its own socket and ends. Before it
 * reads the document it takes away from itself what the parent still could: files, forking, memory, processor time.
 * When it dies of the document (crash, too much time), its last act is to say so.
 */
#ifndef PARAPH_DOCUMENT_CHILD_H
#define PARAPH_DOCUMENT_CHILD_H

#include "document/typeface.h"
#include "pdf/plan.h"

/* What the parent opened before its jail, for all children. */
struct child_kit {
	struct typefaces *faces;
	uint8_t plan_key[PLAN_KEY_LEN]; /* with which keys is told that a plan is ours; all zero: none was given */
};

/* Never returns. socket is the connection to core; the kit is the child's own copy. */
void child_run(int socket, struct child_kit *kit) __attribute__((noreturn));

#endif
