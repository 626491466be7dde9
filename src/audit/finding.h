/* What the auditor found: disagreements, each named by its place, and counts of what was compared. One thread. */
#ifndef PARAPH_AUDIT_FINDING_H
#define PARAPH_AUDIT_FINDING_H

#include "base/buf.h"

enum { FINDING_SHOWN_MAX = 200 };

/* A disagreement: which rule, and the row, record or file. */
void finding_wrong(const char *rule, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One more thing was compared under this name ("leaves"). name must be a literal. */
void finding_count(const char *name, uint64_t n);
/* What a reader must know to judge the result: what was read, what was not. */
void finding_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints all as text or as one JSON object; whether nothing was wrong. ERR_IO when it could not be written: then nobody knows. */
err_t finding_print(bool json, bool *ret_agrees);

#endif
