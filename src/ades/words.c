#include "ades/words.h"

#include "ades/pdfdiff.h"
#include "base/time.h"

#include <inttypes.h>

static void
put_time(struct buf *b, int64_t at)
{
	struct time_parts t = time_split(at);
	static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July", "August",
	    "September", "October", "November", "December"};
	buf_printf(b, "%d %s %d, %02d:%02d:%02d UTC", t.day, months[t.month - 1], t.year, t.hour, t.minute, t.second);
}

static void
put_day(struct buf *b, int64_t at)
{
	struct time_parts t = time_split(at);
	buf_printf(b, "%04d-%02d-%02d", t.year, t.month, t.day);
}

const char *
words_verdict(enum report_verdict verdict)
{
	static const char *const words[] = {"Valid", "Not valid", "Cannot be decided"};
	return words[verdict];
}

/* ---- the file ---- */

/* Names with commas between them, the first three of five or more: "A, B, C and 2 others" */
static void
put_signers(const struct report *r, struct buf *b)
{
	size_t shown = 0, people = r->people;
	for (size_t i = 0; i < r->n; i++) {
		const struct report_signature *s = &r->signatures[i];
		if (s->stamp)
			continue;
		if (shown == 3 && people > 4) {
			buf_printf(b, " and %zu others", people - shown);
			return;
		}
		if (shown > 0)
			buf_put_str(b, shown + 1 == people ? STR(" and ") : STR(", "));
		buf_put_str(b, s->signer.n > 0 ? s->signer : STR("somebody unknown"));
		shown++;
	}
}

static bool
any_change(const struct report *r, enum report_change change)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->signatures[i].change == change)
			return true;
	return false;
}

static void
put_invalid(const struct report *r, struct buf *b)
{
	buf_put_str(b, STR("NOT VALID. "));
	if (any_change(r, REPORT_CHANGED))
		buf_put_str(b, STR("The document was changed after it was signed by "));
	else
		buf_put_str(b, STR("Something is wrong with what claims to be signed by "));
	put_signers(r, b);
	buf_put_str(b, STR(". Do not rely on it."));
}

static bool
all_reached(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->signatures[i].anchor.n == 0)
			return false;
	return true;
}

void
words_sentence(const struct report *r, struct buf *b)
{
	if (r->unreadable) {
		buf_printf(b, "Nothing can be said about signatures: the file cannot be read without guessing (%s).", r->detail);
		return;
	}
	if (r->verdict == REPORT_INVALID) {
		put_invalid(r, b);
		return;
	}
	if (r->people == 0) {
		if (r->n > 0)
			buf_put_str(b, STR("Nobody signed this file; it only carries a time-stamp."));
		else
			buf_put_str(b, STR("Nobody signed this file electronically. A picture of a signature proves nothing."));
		return;
	}
	buf_put_str(b, STR("Signed by "));
	put_signers(r, b);
	if (any_change(r, REPORT_UNKNOWN)) {
		buf_put_str(b, STR(". Whether the document changed since cannot be told: see below."));
		return;
	}
	buf_put_str(b, STR(". The document has not changed since."));
	if (r->verdict == REPORT_VALID)
		buf_put_str(b, r->people == 1 ? STR(" It is certain who issued the certificate.")
		                              : STR(" It is certain who issued the certificates."));
	else if (!all_reached(r))
		buf_put_str(b, STR(" But not every issuer is known, so who signed is not certain."));
	else
		buf_put_str(b, STR(" But not everything can be decided: see below."));
}

/* ---- one signature ---- */

static void
put_added(unsigned added, struct buf *b)
{
	static const struct {
		unsigned flag;
		const char *words;
	} all[] = {
	    {PDFDIFF_SIGNATURE, "another signature"},
	    {PDFDIFF_FIELD, "an empty signature field"},
	    {PDFDIFF_EVIDENCE, "proof of validity"},
	    {PDFDIFF_STAMP, "an archive time-stamp"},
	    {PDFDIFF_INFORMATION, "document information (title, author, dates), which no page shows"},
	};
	bool first = true;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (added & all[i].flag) {
			buf_printf(b, "%s%s", first ? "" : ", ", all[i].words);
			first = false;
		}
	if (first)
		buf_put_str(b, STR("nothing that can be seen"));
}

void
words_changed(const struct report *r, const struct report_signature *s, struct buf *b)
{
	switch (s->change) {
	case REPORT_UNCHANGED:
		buf_put_str(b, STR("Unchanged; the whole file is covered."));
		break;
	case REPORT_EXTENDED:
		buf_put_str(b, STR("Unchanged; extended in a permitted way by "));
		put_added(s->added, b);
		buf_put_str(b, STR("."));
		break;
	case REPORT_CHANGED:
		if (s->what_changed[0] != 0)
			buf_printf(b, "CHANGED after signing: %s.", s->what_changed);
		else
			buf_put_str(b, STR("CHANGED after signing: the signed octets are no longer the same."));
		break;
	case REPORT_UNKNOWN:
		buf_put_str(b, STR("Cannot be told."));
		break;
	}
	if (s->covered > 0 && !s->whole)
		buf_printf(b, " Covers the first %" PRIu64 " of %" PRIu64 " octets: revision %zu of %zu.", s->covered, r->size,
		    s->revision, r->revisions);
}

void
words_who(const struct report_signature *s, struct buf *b)
{
	if (s->signer.n == 0) {
		buf_put_str(b, STR("Cannot be told."));
		return;
	}
	buf_put_str(b, s->signer);
	buf_put_str(b, STR(" (as the certificate says: "));
	buf_put_str(b, s->subject);
	buf_printf(b, "; serial number %s). Issued by \"", s->serial);
	buf_put_str(b, s->issuer);
	if (s->anchor.n > 0) {
		buf_put_str(b, STR("\", which is trusted because of \""));
		buf_put_str(b, s->anchor);
		buf_put_str(b, STR("\"."));
	} else {
		buf_put_str(b, STR("\", which is not known here: ask them for their certificate and name it with --trust."));
	}
}

void
words_when(const struct report_signature *s, struct buf *b)
{
	switch (s->time) {
	case REPORT_TIME_PROVEN:
		if (s->stamp) {
			put_time(b, s->at);
			buf_put_str(b, STR(" (this time-stamp's own time)."));
		} else if (s->time_by.n > 0) {
			put_time(b, s->at);
			buf_put_str(b, STR(", proven by the time-stamp of \""));
			buf_put_str(b, s->time_by);
			buf_put_str(b, STR("\"."));
		} else {
			buf_put_str(b, STR("Not later than "));
			put_time(b, s->at);
			buf_put_str(b, STR(", proven by an archive time-stamp."));
		}
		break;
	case REPORT_TIME_CLAIMED:
		put_time(b, s->at);
		buf_put_str(b, STR(", as the signer's computer claims; not proven."));
		break;
	case REPORT_TIME_NONE:
		buf_put_str(b, STR("Not said."));
		break;
	}
}

static void
put_valid(const struct report_signature *s, struct buf *b)
{
	if (s->stamp) {
		buf_put_str(b, STR("Proven now."));
		return;
	}
	if (strcmp(s->level, "LTA") == 0) {
		buf_put_str(b, STR("Proven now and for the archive, until "));
		put_day(b, s->proven_until);
		buf_put_str(b, STR(" (renew the archive time-stamp before)."));
	} else {
		buf_put_str(b, STR("Proven now."));
	}
	if (s->short_lived && s->time == REPORT_TIME_PROVEN)
		buf_printf(b, " The certificate lived %d minutes on purpose; the time-stamp proves that it was used in time. Some"
		              " viewers show \"expired\".",
		    (int)((s->not_after_at - s->not_before_at + TIME_MINUTE / 2) / TIME_MINUTE));
}

void
words_sure(const struct report_signature *s, struct buf *b)
{
	static const char *const why[] = {
	    [REPORT_FINE] = "",
	    [REPORT_PLACE] = "Broken: it does not cover the document as a signature must",
	    [REPORT_FORMAT] = "Damaged, or not a signature that can be read here",
	    [REPORT_ALGORITHM] = "It uses an algorithm that is too weak today or not known here",
	    [REPORT_DIGEST] = "Broken: the document was changed after signing",
	    [REPORT_SIGNATURE] = "Broken: the signature does not fit the certificate",
	    [REPORT_LATER_CHANGE] = "The signed revision is intact, but what the file shows now is something else",
	    [REPORT_DROPPED] = "Broken: the newest revision of the file hides this signature",
	    [REPORT_UNKNOWN_ISSUER] = "The issuer is not known here",
	    [REPORT_CHAIN] = "The certificates break a rule",
	    [REPORT_EXPIRED] = "The certificate has ended, and nothing proves that the signature is older",
	    [REPORT_NOT_YET] = "Broken: made before the certificate began",
	    [REPORT_REVOKED] = "Broken: the certificate was cancelled before it was used",
	    [REPORT_REVOKED_UNSURE] = "The certificate was cancelled, and the order of events is not proven",
	    [REPORT_NO_STATUS] = "Not proven: the file does not say whether the certificate was cancelled, and nothing was fetched",
	    [REPORT_STAMP] = "Broken: its time-stamp is not right",
	};
	if (s->verdict == REPORT_VALID) {
		put_valid(s, b);
	} else {
		if (s->verdict == REPORT_UNDECIDED)
			buf_put_str(b, STR("Cannot be decided. "));
		buf_printf(b, "%s (%s).", why[s->reason], s->detail);
	}
	for (size_t i = 0; i < s->notes_n; i++)
		buf_printf(b, " Note: %s.", s->notes[i]);
}
