/*
 * Signed files of strangers, judged as a whole. Nothing is trusted, so nothing may ever be called valid; and what is said
 * about places lies inside the file.
 */
#include "ades/judge.h"
#include "ades/pades.h"
#include "ades/words.h"
#include "pki/verify.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
places_try(struct bytes in)
{
	AUTO_ARENA(arena, 64 * 1024 * 1024);
	struct pades *p;
	if (err_is(pades_find(in, arena, &p)))
		return;
	for (size_t i = 0; i < p->n; i++) {
		const struct pades_signature *s = &p->signatures[i];
		if (!s->placed)
			continue;
		assert(s->hole_from < s->hole_to && s->hole_to <= s->end && s->end <= in.n);
		assert(in.p[s->hole_from] == '<' && in.p[s->hole_to - 1] == '>');
		assert(s->revision < p->revisions);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes in = bytes(data, n);
	struct report *r;
	AUTO_ARENA(arena, 64 * 1024 * 1024);
	AUTO_BUF(words, 1 << 20);
	places_try(in);
	/* 2026-11-22T00:00:00Z */
	if (err_is(judge_file(in, NULL, 0, INT64_C(1795305600000000), arena, &r)))
		return 0;
	assert(r->verdict != REPORT_VALID);
	words_sentence(r, &words);
	for (size_t i = 0; i < r->n; i++) {
		assert(r->signatures[i].verdict != REPORT_VALID);
		words_changed(r, &r->signatures[i], &words);
		words_who(&r->signatures[i], &words);
		words_when(&r->signatures[i], &words);
		words_sure(&r->signatures[i], &words);
	}
	assert(!err_is(buf_check(&words)));
	verify_forget();
	return 0;
}
