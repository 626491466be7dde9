/*
 * Members of dictionaries as two revisions see them: null, or a reference to nothing, is a member that is not there
 * [ISO 32000-2 7.3.7]. Programs that write an object anew leave such members out. Part of pdfdiff.h.
 */
#ifndef PARAPH_ADES_PDFDIFF_MEMBERS_H
#define PARAPH_ADES_PDFDIFF_MEMBERS_H

#include "ades/pdffile.h"

enum { PDFDIFF_MEMBERS_NAME_MAX = 64 };

/* A key as rules and people call it, NUL-terminated. One that is longer, or that holds anything but visible ASCII, gets a
 * name with '?' in it: no rule knows such a one. */
void pdfdiff_members_name(struct bytes key, char ret_name[PDFDIFF_MEMBERS_NAME_MAX]);

/* Of two values of one key (NULL: it has none), one in revision `old`, one in the newest: both become NULL when neither is
 * there, the older one when it is not, and the newer one is the older one when they differ in nothing that is there. */
err_t pdfdiff_members_settle(struct pdffile *f, size_t old, const struct pdflex_value **before, const struct pdflex_value **now);

#endif
