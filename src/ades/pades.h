/*
 * The signatures of a PDF file: which fields hold one, what each covers, whether that is exactly one revision but for the
 * hole that holds the signature itself, and what changed afterwards. Proves the place, not the cryptography.
 * [ISO 32000-2 12.8] [EN 319 142-1 5]
 */
#ifndef PARAPH_ADES_PADES_H
#define PARAPH_ADES_PADES_H

#include "ades/pdfdiff.h"
#include "base/digest.h"

enum { PADES_SIGNATURES_MAX = 64, PADES_WORDS_MAX = 512, PADES_NAME_MAX = 4096 };

enum pades_kind { PADES_SIGNATURE, PADES_STAMP };

struct pades_signature {
	enum pades_kind kind;
	uint32_t field;              /* object number of the field */
	uint32_t object;             /* of the signature dictionary */
	struct str name;             /* of the field, as UTF-8 */
	struct bytes sub_filter;     /* "ETSI.CAdES.detached" */
	struct str reason, location; /* UTF-8; empty: none */
	int64_t claimed_at;          /* /M; 0: none or unreadable */
	bool has_claimed;

	bool placed;                 /* the rest is set: the place was proven */
	char problem[200];           /* why it was not */
	size_t hole_from, hole_to;   /* of '<' and one past '>' */
	bool odd_hole;               /* digits in two cases or with spaces: no program writes so, and nothing covers them */
	size_t end;                  /* of the revision it covers */
	size_t revision;             /* index of that revision's section */
	bool whole;                  /* nothing follows */
	struct bytes cms;            /* DER, padding removed */
	bool was_dropped;            /* an earlier revision had it, the newest does not */
	struct pdfdiff later;        /* what changed after it */
	bool later_known;            /* false: that could not be told; problem says why */
};

struct pades {
	struct pdffile *file;
	size_t n;
	struct pades_signature signatures[PADES_SIGNATURES_MAX]; /* in the order of the revisions they cover; unplaced ones last */
	size_t revisions;            /* of the file */
};

/* Finds them all. ERR_PDF_STRICT and its like when the file cannot be read without guessing; a single bad signature is no
 * error but has placed = false. Everything lives in the arena. */
err_t pades_find(struct bytes data, struct arena *arena, struct pades **ret_pades);

/* Digest over what the signature covers. */
void pades_digest(struct bytes data, const struct pades_signature *s, enum digest_kind kind, uint8_t *ret_digest);

/* A text string (PDFDocEncoding, UTF-16BE or UTF-8) as UTF-8 without controls; only its first octets, for people. [7.9.2.2] */
err_t pades_text(struct arena *arena, struct bytes raw, struct str *ret_text);
/* The same, whole: for names that are compared. ERR_PDF_STRICT for one of more than PADES_NAME_MAX octets. */
err_t pades_name(struct arena *arena, struct bytes raw, struct str *ret_name);
/* "D:20261122140322+01'00'" [7.9.4] */
err_t pades_date(struct bytes raw, int64_t *ret_at);

#endif
