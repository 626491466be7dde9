/* Calls that have no place in this code, each with a better one beside it. Included everywhere by base/err.h. */
#ifndef PARAPH_BASE_BANNED_H
#define PARAPH_BASE_BANNED_H

/* The headers that declare them come first, so that the poison only meets our own code. */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef __clang__ /* with FORTIFY some of these are macros in clang's eyes, and a macro cannot be poisoned */
#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets strtok strtok_r
#endif
#pragma GCC poison atoi atol atoll atof
#pragma GCC poison gmtime localtime ctime asctime mktime
#pragma GCC poison popen tmpnam mktemp srand srandom

/* Names that other libraries use for things of their own cannot be poisoned; calling these does not compile. clang takes
 * the attribute on a first declaration only, so there gcc's builds are the guard. */
#ifndef __clang__
extern int rand(void) __attribute__((error("use rand_fill")));
extern long random(void) __attribute__((error("use rand_fill")));
extern int system(const char *) __attribute__((error("use os/process")));
#endif

#endif
