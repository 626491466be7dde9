/*
 * Points at which a test may kill a program, to prove that nothing acknowledged is lost (the kill table). Only builds
 * with -Dfault_hooks=true contain them; elsewhere FAULT_POINT is nothing. The environment variable PARAPH_FAULT names one point;
 * "point@3" acts at the third time it is reached. paraphd gives it to the first start of each program only.
 */
#ifndef PARAPH_BASE_FAULT_H
#define PARAPH_BASE_FAULT_H

#ifdef PARAPH_FAULT_HOOKS
void fault_reach(const char *point);
#define FAULT_POINT(name) fault_reach(name)
#else
#define FAULT_POINT(name) ((void)0)
#endif

#endif
