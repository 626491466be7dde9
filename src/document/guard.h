/*
 * What can change what a reader sees, or hide it: scripts and other actions that happen by themselves, programs that are
 * started, XFA, layers that are not shown. A document with one of them is refused before anything is prepared; README.md
 * says where the line is drawn and why.
 */
#ifndef PARAPH_DOCUMENT_GUARD_H
#define PARAPH_DOCUMENT_GUARD_H

#include "document/reader.h"

/* ERR_PDF_XFA, ERR_PDF_SCRIPTS or ERR_PDF_HIDDEN_LAYERS, with what was found. */
err_t guard_check(struct reader *r);

/* Whether an action, or one that follows it, runs a script or starts a program. */
bool guard_runs(struct reader *r, qpdf_oh action);
/* Whether a page does more than to lead somewhere when it is opened, seen or closed: by its own additional actions (/AA), or by
 * those of an annotation. */
bool guard_page_acts(struct reader *r, qpdf_oh page);

#endif
