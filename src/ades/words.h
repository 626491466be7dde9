/*
 * A report in plain English: one sentence for the file, and for each signature the answers to "changed?", "who?", "when?"
 * and "how sure?". Names are put in quotation marks as they stand in certificates; nothing is promised that the report
 * does not say. Each function adds one or more sentences to the builder, without a line end.
 */
#ifndef PARAPH_ADES_WORDS_H
#define PARAPH_ADES_WORDS_H

#include "ades/report.h"
#include "base/buf.h"

/* "Signed by Jane Doe. The document has not changed since. …" */
void words_sentence(const struct report *r, struct buf *b);

void words_changed(const struct report *r, const struct report_signature *s, struct buf *b);
void words_who(const struct report_signature *s, struct buf *b);
void words_when(const struct report_signature *s, struct buf *b);
void words_sure(const struct report_signature *s, struct buf *b);

/* "Valid", "Not valid", "Cannot be decided" */
const char *words_verdict(enum report_verdict verdict);

#endif
