/*
 * The result of checking a signed file, as facts: for each signature who, when, changed or not, how sure, and why. The
 * final check, the command line and the APIs share it; words for people are made from it by whoever shows it. Texts are
 * UTF-8 without controls and live in the arena of the one who made the report.
 */
#ifndef PARAPH_ADES_REPORT_H
#define PARAPH_ADES_REPORT_H

#include "base/bytes.h"

enum { REPORT_SIGNATURES_MAX = 64, REPORT_NOTES_MAX = 6 };

enum report_verdict {
	REPORT_VALID,
	REPORT_INVALID,   /* changed, broken, cancelled before use, not yet valid */
	REPORT_UNDECIDED, /* nothing speaks against it, but something is missing */
};

enum report_change {
	REPORT_UNCHANGED,
	REPORT_EXTENDED,  /* in a permitted way: `added` says which */
	REPORT_CHANGED,
	REPORT_UNKNOWN,   /* cannot be told */
};

/* Why a signature is not valid or cannot be decided; one of a closed list. */
enum report_reason {
	REPORT_FINE,
	REPORT_PLACE,          /* does not cover the document as it must */
	REPORT_FORMAT,         /* damaged, or not a signature that can be read here */
	REPORT_ALGORITHM,      /* unknown or too weak */
	REPORT_DIGEST,         /* the signed octets were changed */
	REPORT_SIGNATURE,      /* does not fit the certificate */
	REPORT_LATER_CHANGE,   /* something was changed behind it */
	REPORT_DROPPED,        /* an earlier revision had it, the newest hides it */
	REPORT_UNKNOWN_ISSUER, /* no chain to a certificate that is trusted */
	REPORT_CHAIN,          /* a chain, but one that breaks a rule */
	REPORT_EXPIRED,        /* ended, and nothing proves that the signature is older */
	REPORT_NOT_YET,        /* made before the certificate began */
	REPORT_REVOKED,        /* cancelled before it was used */
	REPORT_REVOKED_UNSURE, /* cancelled, the order of events is not proven */
	REPORT_NO_STATUS,      /* whether it was cancelled is not in the file */
	REPORT_STAMP,          /* its time-stamp is wrong */
};

/* How the time is known. */
enum report_time { REPORT_TIME_NONE, REPORT_TIME_CLAIMED, REPORT_TIME_PROVEN };

struct report_signature {
	bool stamp;                  /* a document time-stamp, not a person's signature */
	enum report_verdict verdict;
	enum report_reason reason;
	const char *detail;          /* technical words for the reason; "" when fine */
	enum report_change change;
	unsigned added;              /* PDFDIFF_… */
	const char *what_changed;    /* "" unless changed */
	struct str field;
	struct str sub_filter;
	struct str said_reason, said_location; /* as the signer's program wrote them */
	/* who */
	struct str signer;           /* common name */
	struct str subject;          /* whole name */
	struct str issuer;           /* common name of the issuer */
	struct str anchor;           /* common name of the trusted certificate; empty: none reached */
	char serial[48];             /* hexadecimal */
	int64_t not_before_at, not_after_at;
	bool short_lived;            /* lived at most two hours */
	/* when */
	enum report_time time;
	int64_t at;                  /* best known time */
	struct str time_by;          /* common name of the time-stamp unit */
	int64_t claimed_at;          /* /M; 0: none */
	/* how sure */
	char level[4];               /* "B", "T", "LT", "LTA"; "" when not valid */
	int64_t proven_until;        /* LTA: end of the newest time-stamp unit's certificate */
	size_t revision;             /* 1 is the oldest */
	uint64_t covered;            /* octets from the start of the file */
	bool whole;                  /* covers the whole file */
	size_t notes_n;
	const char *notes[REPORT_NOTES_MAX];
};

struct report {
	enum report_verdict verdict; /* of the file: the worst one; UNDECIDED when nobody signed */
	uint64_t size;
	char sha256[65];
	int64_t checked_at;
	size_t revisions;
	size_t anchors;              /* trusted certificates that were given */
	size_t n;                    /* signatures and time-stamps, oldest first */
	size_t people;               /* of them signatures */
	bool unreadable;             /* the file cannot be read strictly: detail says why */
	const char *detail;
	struct report_signature signatures[REPORT_SIGNATURES_MAX];
};

/* "later-change": the name of a reason for programs. */
const char *report_reason_name(enum report_reason reason);
/* "valid" | "invalid" | "undecided" */
const char *report_verdict_name(enum report_verdict verdict);
/* "unchanged" | "extended" | "changed" | "unknown" */
const char *report_change_name(enum report_change change);

#endif
