/*
 * Signatures of strangers. What can be read is verified against a digest that cannot be right; what is verified by chance
 * must not be. Pieces that were read lie inside the input.
 */
#include "ades/cms_verify.h"
#include "ades/evidence.h"
#include "pki/tsp.h"
#include "pki/verify.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
inside(struct bytes all, struct bytes part)
{
	assert(part.n == 0 || (part.p >= all.p && part.p + part.n <= all.p + all.n));
}

static void
token_try(struct bytes der)
{
	struct tsp_token t;
	struct certificate unit;
	uint8_t imprint[DIGEST_LEN_MAX] = {0};
	if (err_is(tsp_token_read(der, &t)) || err_is(tsp_token_unit(&t, &unit)))
		return;
	/* A valid token over zeros cannot be made by chance. */
	assert(err_is(tsp_token_check(&t, bytes(imprint, digest_len(t.kind)), &unit)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = bytes(data, n);
	struct cms c;
	struct cms_verdict verdict;
	uint8_t digest[DIGEST_LEN_MAX] = {0};
	if (err_is(cms_read(in, &c)))
		return 0;
	inside(in, c.content);
	inside(in, c.attributes);
	inside(in, c.signature);
	inside(in, c.time_stamp);
	inside(in, c.revocation);
	inside(in, c.crls);
	for (size_t i = 0; i < c.certificates_n; i++)
		inside(in, c.certificates[i]);
	assert(err_is(cms_verify(&c, bytes(digest, digest_len(c.digest)), &verdict)));
	err_ignore(cms_verify_content(&c, &verdict)); /* tokens in the corpus do verify */
	static struct evidence evidence;
	evidence = (struct evidence){0};
	evidence_cms(&evidence, &c);
	if (c.time_stamp.n > 0)
		token_try(c.time_stamp);
	token_try(in);
	verify_forget();
	return 0;
}
