#include "courier/text.h"
#include "base/time.h"

enum { TITLE_MAX = 60, SENDER_MAX = 40 }; /* octets of a text message */

static struct str
code_of(const paraph_CodeMessage *m)
{
	return (struct str){(const char *)m->code.bytes, m->code.size};
}

/* Octets of a text that fit into most, without a part of a character: a gateway refuses what is not UTF-8. */
static int
cut(const char *text, size_t most)
{
	size_t n = strnlen(text, most + 1);
	if (n > most)
		for (n = most; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
			;
	return (int)n;
}

/* What the signer is told of the other documents that the same code signs. */
static void
put_more(struct buf *b, const paraph_CodeMessage *m)
{
	if (m->documents > 1)
		buf_printf(b, " and %u more", (unsigned)m->documents - 1);
}

void
text_code_mail(const paraph_CodeMessage *m, const char *site, struct buf *subject, struct buf *text)
{
	char until[TIME_TEXT_MAX];
	struct str code = code_of(m);
	time_text(m->expires_at, false, until);
	/* Not the code: a subject is shown on locked screens. */
	buf_printf(subject, "Your code to sign \"%s\"", m->title);
	put_more(subject, m);
	buf_printf(text, "%.*s\n\nThis code signs \"%s\"", STR_ARG(code), m->title);
	put_more(text, m);
	buf_printf(text,
	    " (%s) for %s.\nType it on the page that you opened at %s, if that shows the same letters and digits. It works until "
	    "%s.\n\n"
	    "Never share it: nobody from %s or from this service will ask you for it.\n"
	    "You did not want to sign anything? Then do nothing: without this code nothing is signed.\n",
	    m->short_hash, m->sender, site, until, m->sender);
}

void
text_code_sms(const paraph_CodeMessage *m, const char *site, struct buf *text)
{
	struct str code = code_of(m);
	buf_printf(text, "%.*s signs \"%.*s\"", STR_ARG(code), cut(m->title, TITLE_MAX), m->title);
	put_more(text, m);
	/* The last line is the form that browsers fill in by themselves (origin-bound one-time codes). */
	buf_printf(text, " (%s) for %.*s. Never share it.\n\n@%s #%.*s", m->short_hash, cut(m->sender, SENDER_MAX), m->sender, site,
	    STR_ARG(code));
}
