/* What a check of paraph doctor found, and the list of all of them in the order they were made. */
#ifndef PARAPH_CLI_FINDING_H
#define PARAPH_CLI_FINDING_H

#include "base/err.h"

enum finding_state { FINDING_OK, FINDING_WARN, FINDING_FAIL };

struct finding_list;

struct finding_list *finding_new(void);
void finding_free(struct finding_list *l); /* accepts NULL */

/* Adds one: the check's name, and what it saw; a sentence that says how to mend it when it is not OK. */
void finding_add(struct finding_list *l, enum finding_state state, const char *check, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* FINDING_OK with what was seen, or FINDING_FAIL with the error's detail. */
void finding_result(struct finding_list *l, const char *check, err_t e, const char *seen);

/* Prints the table, or one JSON object; the worst state, FINDING_FAIL when they cannot be told. */
enum finding_state finding_print(const struct finding_list *l, bool json);

#endif
