/*
 * Octets as a plan. What reads as one writes itself again, and revisions made from it keep their promises: places inside
 * the increment, a /ByteRange that leaves out exactly the hole, a tip that reads as it was written.
 */
#include "pdf/revision.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
tip_try(const struct tip *tip)
{
	static struct tip back;
	AUTO_BUF(b, TIP_LEN_MAX);
	AUTO_BUF(again, TIP_LEN_MAX);
	tip_write(tip, &b);
	assert(!err_is(buf_check(&b)) && !err_is(tip_read(buf_bytes(&b), &back)));
	tip_write(&back, &again);
	assert(bytes_eq(buf_bytes(&b), buf_bytes(&again)));
}

static void
fill(const struct plan *plan, size_t field, struct tip *tip)
{
	AUTO_BUF(out, LIMIT_INCREMENT);
	struct hole hole;
	struct tip next;
	struct revision_words words = {.name = STR("Jane Doe")};
	err_t e = plan->fields[field].kind == PLAN_SIGNATURE ? revision_signature(plan, tip, field, 0, &words, 3000, &out, &hole, &next) :
	                                                       revision_stamp(plan, tip, field, 2000, &out, &hole, &next);
	if (err_is(e))
		return;
	assert(out.p[hole.from] == '<' && out.p[hole.to - 1] == '>' && hole.to < out.n);
	assert(next.length == tip->length + out.n && (next.filled >> field & 1) == 1);
	assert(!err_is(hole_fill(&out, hole, bytes("\x30\x00", 2))));
	assert(err_is(hole_fill(&out, hole, bytes(out.p, hole_room(hole) + 1))));
	*tip = next;
}

static void
evidence_try(const struct plan *plan, struct tip *tip)
{
	AUTO_BUF(out, LIMIT_INCREMENT);
	struct revision_item items[] = {{TIP_CERTIFICATE, bytes("one", 3)}, {TIP_OCSP, bytes("two", 3)}, {TIP_CERTIFICATE, bytes("one", 3)}};
	if (!err_is(revision_dss(plan, tip, items, 3, &out, tip)))
		assert(tip->items_n >= 2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct plan plan;
	static struct tip tip;
	err_ignore(tip_read(bytes(data, n), &tip)); /* no crash is the point */
	if (err_is(plan_read(bytes(data, n), &plan)))
		return 0;
	AUTO_BUF(b, LIMIT_INCREMENT);
	assert(!err_is(plan_write(&plan, &b)) && bytes_eq(buf_bytes(&b), bytes(data, n)));
	tip_start(&plan, &tip);
	for (size_t i = 0; i < plan.fields_n; i++)
		fill(&plan, i, &tip);
	evidence_try(&plan, &tip);
	tip_try(&tip);
	return 0;
}
