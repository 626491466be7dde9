/*
 * The plan of a prepared document: everything that a later revision must know of the file, so that whoever writes it need
 * not parse the file. document makes it together with revision 0; the SHA-256 of its binary form is bound by the signer's
 * activation. The struct borrows all octets: a read plan points into the octets it was read from. Pure; any thread.
 */
#ifndef PARAPH_PDF_PLAN_H
#define PARAPH_PDF_PLAN_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/limits.h"
#include "pdf/literal.h"

enum {
	PLAN_FIELDS_MAX = 2 * LIMIT_SIGNERS, /* one signature and one time-stamp field for each signer */
	PLAN_NAME_MAX = 256,                 /* octets of a field name */
	PLAN_ENTRIES_MAX = 8 * 1024,         /* octets of a field's or an appearance's dictionary */
	PLAN_APPEARANCE_MAX = 48 * 1024,     /* octets of one appearance stream */
	PLAN_REFERENCES_MAX = 32 * 1024,     /* octets of each list of references that /DSS had */
	PLAN_ID_MAX = 64,                    /* octets of a file identifier */
	PLAN_TRAILER_MAX = 4 * 1024,         /* octets of what else the trailer says */
};

/* A place in a cross-reference table has ten digits [ISO 32000-2 7.5.4]; object numbers stay far from wrapping. */
#define PLAN_LENGTH_MAX UINT64_C(9900000000)
#define PLAN_NUMBER_MAX UINT32_C(2000000000)

/* How the newest section of the file tells where objects are. [ISO 32000-2 7.5.4, 7.5.8] */
enum plan_xref { PLAN_CLASSIC = 1, PLAN_STREAM = 2, PLAN_HYBRID = 3 };

enum plan_kind { PLAN_SIGNATURE = 1, PLAN_STAMP = 2 };

struct plan_field {
	enum plan_kind kind;
	uint16_t signer;                 /* which signer of the request, from 0; a signature and its stamp share it */
	struct literal_ref object;       /* the field */
	struct literal_ref page;         /* number 0: an existing field that no page shows */
	uint32_t page_number;            /* from 1; 0: not known */
	int32_t rect[4];                 /* as in /Rect, thousandths of a point; all 0 when invisible */
	struct str name;                 /* the full name, UTF-8 */
	struct bytes entries;            /* the dictionary's entries but /V and /AP */
	struct literal_ref widget;       /* a widget that is an object of its own; number 0: field and widget are one */
	struct bytes widget_entries;     /* its entries but /AP */
	struct literal_ref appearance;   /* the form XObject; number 0: none */
	struct bytes appearance_entries; /* of the final one, but /Length */
	struct bytes appearance_data;    /* the final one, encoded as its entries say */
};

struct plan {
	enum plan_xref xref;
	uint32_t shift;           /* octets before "%PDF-", which offsets inside the file do not count */
	uint64_t length;          /* octets of revision 0, the original included */
	uint64_t startxref;       /* of revision 0's section */
	uint32_t next;            /* first object number that is free after revision 0 */
	struct literal_ref root;
	struct literal_ref info;  /* number 0: none */
	struct bytes id[2];       /* both empty when the file has none */
	struct bytes trailer;     /* entries of the trailer that are nobody's business: each new one repeats them [7.5.6] */
	struct literal_ref dss;   /* an object that the catalog refers to as /DSS */
	struct bytes dss_entries; /* all that /DSS had but the next three */
	struct bytes dss_certs;   /* "12 0 R 13 0 R" */
	struct bytes dss_ocsps;
	struct bytes dss_crls;
	size_t fields_n;
	struct plan_field fields[PLAN_FIELDS_MAX];
};

/* The one binary form of a plan. ERR_PDF_PLAN when a value is out of its range. */
err_t plan_write(const struct plan *plan, struct buf *b);
/* Reads exactly that form; octets must outlive ret_plan. ERR_PDF_PLAN for anything else, trailing octets included. */
err_t plan_read(struct bytes octets, struct plan *ret_plan);

/* The index of the signer's field of that kind; ERR_PDF_PLAN when there is none. */
err_t plan_find(const struct plan *plan, enum plan_kind kind, uint16_t signer, size_t *ret_field);

/* What paraph-document says of a plan that it made for a revision 0, so that keys need not take core's word for it:
 * HMAC-SHA-256 with a key that paraphd makes at its start and gives to those two alone (PLAN_KEY_LEN octets behind the
 * descriptor `plan-key`). */
enum { PLAN_KEY_LEN = 32, PLAN_MAC_LEN = DIGEST_SHA256_LEN };
void plan_mac(struct bytes key, const uint8_t revision0_sha256[DIGEST_SHA256_LEN],
    const uint8_t plan_sha256[DIGEST_SHA256_LEN], uint8_t ret_mac[PLAN_MAC_LEN]);

/* SHA-256 over the final appearance of a field (entries, a zero octet, data): what the signer chose to show. */
void plan_appearance(const struct plan *plan, size_t field, uint8_t ret_digest[DIGEST_SHA256_LEN]);

#endif
