/*
 * A child of paraph-document: forked for one document, serves exactly one request over its own socket and ends. Before it
 * reads the document it takes away from itself what the parent still could: files, forking, memory, processor time.
 * When it dies of the document (crash, too much time), its last act is to say so.
 */
#ifndef PARAPH_DOCUMENT_CHILD_H
#define PARAPH_DOCUMENT_CHILD_H

#include "document/typeface.h"

/* Never returns. socket is the connection to core. */
void child_run(int socket, const struct typefaces *faces) __attribute__((noreturn));

#endif
