/*
 * Points at which a test may kill a program, to prove that nothing acknowledged is lost (the kill table). Only builds
 * with -Dfault_hooks=true contain them; elsewhere FAULT_POINT is nothing. The environment variable PARAPH_FAULT names one point;
 * "point@3" acts at the third time it is reached. paraphd gives it to the first start of a program only, and to later ones
 * those after commas. FAULT_TORN dies in the middle of a write: half of the octets are in the file.
 */
#ifndef PARAPH_BASE_FAULT_H
#define PARAPH_BASE_FAULT_H

#ifdef PARAPH_FAULT_HOOKS
#include "base/bytes.h"
void fault_reach(const char *point);
/* The point "name.kind". */
void fault_torn(const char *name, unsigned kind, int fd, struct bytes octets);
#define FAULT_POINT(name) fault_reach(name)
#define FAULT_TORN(name, kind, fd, octets) fault_torn(name, kind, fd, octets)
#else
#define FAULT_POINT(name) ((void)0)
#define FAULT_TORN(name, kind, fd, octets) ((void)0)
#endif

#endif
