/*
 * Whether a field of the newest revision shows anything on a page: a field that waits and one that holds a time-stamp may not.
 * Part of pdfdiff.h.
 */
#ifndef PARAPH_ADES_PDFDIFF_BLANK_H
#define PARAPH_ADES_PDFDIFF_BLANK_H

#include "ades/pdffile.h"

/* What it shows, as in "a field with a border"; NULL: nothing. By its appearance alone: */
err_t pdfdiff_blank_appearance(struct pdffile *f, const struct pdflex_value *field, const char **ret_shows);
/* also by what draws without one. */
err_t pdfdiff_blank_field(struct pdffile *f, const struct pdflex_value *field, const char **ret_shows);

#endif
