/*
 * The filters of PDF streams that are read here: none, and FlateDecode with PNG predictors. [ISO 32000-2 7.4] Damaged data is
 * an error, never a shorter result. Pure.
 */
#ifndef PARAPH_ADES_PDFFILTER_H
#define PARAPH_ADES_PDFFILTER_H

#include "ades/pdflex.h"

enum { PDFFILTER_OCTETS_MAX = 256 * 1024 * 1024 }; /* that one stream may inflate to */

/* The data of a stream with its /Filter and /DecodeParms, both resolved or NULL, applied. ERR_PDF_STRICT for other filters. */
err_t pdffilter_decode(struct arena *arena, const struct pdflex_value *filter, const struct pdflex_value *parms, struct bytes data,
    struct bytes *ret_data);

#endif
