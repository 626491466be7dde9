/* A font inside a PDF: a subset with the glyphs in use, and the objects that describe it. [ISO 32000-2 9.7] */
#ifndef PARAPH_DOCUMENT_EMBED_H
#define PARAPH_DOCUMENT_EMBED_H

#include "document/typeset.h"

/* Writes the objects of one font and sets its ref and codes. The codes point into *ret_plan, which the caller destroys. */
err_t embed_font(struct increment *inc, const struct typeset *ts, struct typeset_font *font, hb_subset_plan_t **ret_plan);

#endif
