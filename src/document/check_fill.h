/*
 * What one increment of the final check may redefine: a signature or time-stamp field of the plan with its widget and
 * appearance, or the /DSS object; and which new objects come with it. Every object is accounted for.
 */
#ifndef PARAPH_DOCUMENT_CHECK_FILL_H
#define PARAPH_DOCUMENT_CHECK_FILL_H

#include "ades/evidence.h"
#include "document/check_increment.h"

/* The dictionary that fills a field, and where its hole is in the file. */
struct check_fill {
	size_t field;                /* index in the plan */
	const struct pdflex_value *value;
	size_t hole_from, hole_to;   /* of '<' and one past '>' */
	struct bytes der;            /* without padding */
};

/* The increment redefines exactly one field of this kind, as the plan has it, and adds one dictionary of the right type
 * whose /ByteRange leaves out exactly its own /Contents and ends with the increment. */
err_t check_fill_field(struct check_increment *inc, const struct plan *plan, enum plan_kind kind, uint32_t next,
    struct arena *arena, struct check_fill *ret_fill);

/* Streams that our earlier and this increment put into /DSS. */
struct check_fill_evidence {
	size_t n;
	struct {
		uint32_t number;
		struct bytes der;
		bool seen;
	} streams[512];
};

/* The increment redefines exactly /DSS: what the plan says it had, and behind that only our streams; each new one is
 * used. Adds what it lists to evidence. */
err_t check_fill_dss(struct check_increment *inc, const struct plan *plan, uint32_t next, struct arena *arena,
    struct check_fill_evidence *streams, struct evidence *evidence);

#endif
