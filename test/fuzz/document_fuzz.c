/*
 * Octets as a document that shall be signed. The first octet chooses what is wanted; the rest is inspected and prepared as
 * paraph-document does it. A refusal is from the closed list. What is accepted opens again, has a plan that reads, and can
 * be filled. Run it with -rss_limit_mb: one input may need the memory of a document child.
 */
#include "document/prepare.h"
#include "pdf/revision.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
choose(uint8_t choice, struct inspect_order *order)
{
	*order = (struct inspect_order){.wishes_n = 1 + (choice & 1), .demo = (choice & 2) != 0, .inspect_only = (choice & 0x70) == 0x70};
	for (size_t i = 0; i < order->wishes_n; i++)
		order->wishes[i] = (struct inspect_wish){.name = STR("Signature1"), .signer_name = STR("Jane Doe"), .note = STR("note"),
		    .visible = (choice & 4) != 0, .page = choice & 8 ? 2 : 1, .x = 5, .y = 5, .w = 40, .h = 20};
	order->wishes[0].existing = (choice & 16) != 0;
}

/* Errors that may come out of a document: those of its own range, and the two of a limit that a document can reach. */
static bool
is_refusal(err_t e)
{
	return (e.code >= 600 && e.code < 700) || e.code == ERR_LIMIT || e.code == ERR_MEMORY_LIMIT;
}

static void
check_prepared(struct bytes file, struct bytes increment, struct bytes octets)
{
	static struct plan plan;
	static struct tip tip;
	AUTO_BUF(all, 64 * 1024 * 1024);
	AUTO_BUF(out, LIMIT_INCREMENT);
	AUTO_READER(r);
	struct hole hole;
	struct revision_words words = {0};
	buf_put(&all, file);
	buf_put(&all, increment);
	assert(!err_is(plan_read(octets, &plan)) && plan.length == all.n);
	tip_start(&plan, &tip);
	assert(!err_is(revision_signature(&plan, &tip, 0, 0, &words, 3000, &out, &hole, &tip)));
	buf_put(&all, buf_bytes(&out));
	assert(!err_is(reader_new(buf_bytes(&all), &r)) && r->startxref == tip.startxref);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct typefaces *faces;
	struct inspect_order order;
	struct prepared prepared;
	AUTO_BUF(increment, LIMIT_INCREMENT);
	AUTO_BUF(plan, LIMIT_PLAN);
	if (faces == NULL && err_is(typeface_open_all(&faces)))
		abort();
	if (n == 0 || n > 1 << 20)
		return 0;
	choose(data[0], &order);
	struct bytes file = bytes(data + 1, n - 1);
	err_t e = prepare_run(file, &order, faces, &increment, &plan, &prepared);
	assert(!err_is(e) || is_refusal(e));
	if (!err_is(e) && !order.inspect_only)
		check_prepared(file, buf_bytes(&increment), buf_bytes(&plan));
	return 0;
}
