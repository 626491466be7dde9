/*
 * What stands between the revisions of a PDF file: a revision that the chain of sections passes over is not shown, and a
 * signature in it not missed. Part of pdffile.h.
 */
#ifndef PARAPH_ADES_PDFFILE_GAPS_H
#define PARAPH_ADES_PDFFILE_GAPS_H

#include "ades/pdffile.h"

/* Nothing stands between the revision with index `oldest` and the newer ones, nor between those, that the chain passes over:
 * behind the end of each the objects or the section of the next one follow. ERR_PDF_STRICT. */
err_t pdffile_gaps_check(const struct pdffile *f, size_t oldest);

#endif
